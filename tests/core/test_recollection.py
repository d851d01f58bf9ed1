from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.core.recollection import Recollection
from bot.core.stories import Grouper, StoryPolicy
from bot.model import Article
from tests.core.articles import DEAL, DEAL_AGAIN, FIRE, article

WINDOW = StoryPolicy().window


def grown(*articles: Article) -> Recollection:
    """The memory of a grouper that placed these."""
    grouper = Grouper()
    for one in articles:
        grouper.place(one)
    return grouper.memory


def test_it_says_what_there_is_to_store_once() -> None:
    memory = grown(article(1, DEAL), article(2, DEAL_AGAIN, hours=3), article(3, FIRE, hours=4))
    change = memory.changes()
    assert [item.item_id for item in change.items] == ["a1", "a2", "a3"]
    assert len({item.story_id for item in change.items}) == len(change.stories) == 2
    assert change.words["norvik"].found_in == 2
    assert [each.split(":")[0] for each in change.words["norvik"].holders.split()] == ["a1", "a2"]
    assert (change.state.turn, change.state.articles, change.state.newest) == (0, 3, "a3")
    again = memory.changes()
    assert (again.items, again.stories, again.words) == ([], [], {})


def test_it_lacks_the_words_of_an_article_first_and_then_its_likely_stories() -> None:
    change = grown(article(1, DEAL), article(3, FIRE, hours=1)).changes()
    memory = Recollection(WINDOW, replace(change.state, turn=1))
    follow_up = article(2, DEAL_AGAIN, hours=3)
    words = memory.missing_words([follow_up])
    assert {"norvik", "halcyon", "win"} <= words
    memory.recall_words(words, {word: change.words[word] for word in words & change.words.keys()})
    assert memory.missing_words([follow_up]) == set()
    # What was placed last is needed too: it may not have been over when the clock was last moved.
    assert sorted(memory.missing_items([follow_up])) == ["a1", "a3"]


def test_it_asks_for_the_words_of_recalled_headlines() -> None:
    change = grown(article(1, DEAL)).changes()
    memory = Recollection(WINDOW, replace(change.state, turn=1))
    (story,) = change.stories
    memory.recall_stories(["a1"], [replace(story, items=tuple(change.items))])
    assert memory.missing_words() == {"norvik", "sign", "4", "gw", "chip", "deal", "halcyon"}
    assert memory.size == 1
    assert memory.missing_items([]) == []


def test_items_whose_stories_are_over_are_asked_for_once() -> None:
    change = grown(article(1, DEAL)).changes()
    memory = Recollection(WINDOW, replace(change.state, turn=1))
    assert memory.missing_items([]) == ["a1"]
    memory.recall_stories(["a1"], [])
    assert memory.missing_items([]) == []


def test_what_was_counted_before_a_halving_is_halved_when_it_is_recalled_after_it() -> None:
    change = grown(article(1, DEAL), article(2, DEAL_AGAIN)).changes()
    memory = Recollection(WINDOW, replace(change.state, turn=1, articles=19_999))
    memory.learn(article(4, FIRE))
    memory.recall_words(["norvik"], {"norvik": change.words["norvik"]})
    assert memory.vocabulary.articles == 10_000
    assert memory.vocabulary.counts("norvik")[0] == 1
    assert memory.changes().faded


def test_closed_stories_leave_nothing_behind() -> None:
    memory = grown(
        article(1, DEAL),
        *(article(2 + day, FIRE, hours=24 * day) for day in range(36)),
    )
    memory.changes()
    assert memory.placed("a1") is None
    assert memory.size == 36
    assert "a1" not in {item for item, _ in memory.candidates(article(40, DEAL, hours=24 * 36))}
    assert memory.window == WINDOW / timedelta(days=1)
