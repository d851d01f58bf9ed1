from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.core.recollection import Recollection
from bot.core.stories import Grouper, StoryPolicy
from bot.model import Article, Placement, StoryMemory
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


def test_of_too_many_items_those_are_forgotten_whose_story_nothing_joined_for_longest() -> None:
    """Without dates no time passes, and no story closes."""
    grouper = Grouper(StoryPolicy(), Recollection(WINDOW, most_items=40))
    deal = grouper.place(replace(article(0, DEAL), published=None))
    for number in range(1, 300):
        words = f"x{number}q y{number}q z{number}q"
        grouper.place(replace(article(number, (words, words)), published=None))
        if number % 30 == 0:
            again = replace(article(1000 + number, DEAL_AGAIN), published=None)
            assert grouper.place(again).story_id == deal.story_id
        assert grouper.memory.size <= 40
    assert grouper.memory.placed("a1") is None


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


def test_it_asks_for_the_words_of_recalled_headlines_and_of_the_newest_items() -> None:
    """By the latter two stories are held against each other."""
    words = ("alpha", "beta", "gamma")
    many = [article(number, (f"Kesh {number}", f"Kesh {word}")) for number, word in enumerate(words * 3)]
    change = grown(*many).changes()
    memory = Recollection(WINDOW, replace(change.state, turn=1))
    one = StoryMemory(id="s", first=1.0, last=1.0, grown=1.0, items=tuple(change.items))
    memory.recall_stories([item.item_id for item in change.items], [one])
    assert memory.missing_words() == {"kesh", *words, *map(str, range(9))}
    assert memory.size == 9
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


def test_two_stories_that_became_one_are_stored_anew_and_the_other_is_gone() -> None:
    grouper = Grouper()
    for number, (text, name) in enumerate(((DEAL, "one"), (DEAL_AGAIN, "two"), (FIRE, "fire"))):
        grouper.restore(
            article(number, text, hours=number), Placement(item_id=f"a{number}", story_id=name, opens=True)
        )
    grouper.memory.changes()
    joins = Placement(item_id="a7", story_id="one", opens=False, merges=("two", "unknown"))
    grouper.restore(article(7, DEAL_AGAIN, hours=5), joins)
    change = grouper.memory.changes()
    (whole,) = change.rewritten
    assert (whole.id, whole.opened, [item.item_id for item in whole.items]) == ("one", 1, ["a0", "a1", "a7"])
    assert {item.story_id for item in whole.items} == {"one"}
    assert {story.id for story in change.stories} == {"one", "fire"}
    assert (change.items, change.gone) == ([], ["two"])
    assert change.state.opened == 3
    again = grouper.memory.changes()
    assert (again.rewritten, again.gone) == ([], [])


def test_a_big_story_is_no_more_to_remember_than_its_first_and_newest_items() -> None:
    memory = grown(*(article(number, DEAL, hours=number / 60) for number in range(400)))
    change = memory.changes()
    (whole,) = change.rewritten
    assert memory.size == len(whole.items) <= 192
    assert memory.placed("a100") is not None
    assert "a100" not in {item.item_id for item in whole.items}
