"""Grouping against the store; that it decides as if it had never stopped: tests/storage/test_grouping.py."""

from __future__ import annotations

from bot.model import Exemplar
from bot.pipeline.grouping import article, begin, example, group, make_ready
from tests.pipeline.conftest import Bot
from tests.storage.samples import NOW, item, placement

DEAL = {"title": "Norvik signs chip deal with Halcyon", "summary": "Norvik buys accelerators from Halcyon."}


def test_of_an_item_headline_texts_and_host_are_read() -> None:
    read = article(item(published=None))
    assert (read.id, read.title, read.summary) == ("aaaaaa01", "A chip is announced", "In two sentences.")
    assert (read.source, read.published) == ("www.wire.example", NOW)


def test_of_an_exemplar_the_words_are_read() -> None:
    read = example(Exemplar(id="one", title="A headline", text="A text."))
    assert (read.id, read.title, read.body) == ("corpus/one", "A headline", "A text.")


def test_the_store_is_made_ready_once_with_the_words_of_the_corpus(bot: Bot) -> None:
    with bot.store.read() as tx:
        assert begin(tx, bot.deps.story_policy) is None
    make_ready(bot.deps)
    make_ready(bot.deps)
    with bot.store.read() as tx:
        assert begin(tx, bot.deps.story_policy) is not None
        state = tx.grouping.state()
        assert state is not None
        assert (state.articles, state.turn) == (2, 1)
        assert tx.grouping.words({"norvik"})["norvik"].found_in == 1


def test_stories_of_a_database_that_remembers_nothing_are_read_again(bot: Bot) -> None:
    """One that an earlier version made, or whose traces this version can't read."""
    now = bot.clock.now()
    with bot.store.begin() as tx:
        tx.items.add([item("aaaaaa01", seen_at=now, published=now, **DEAL)])
        tx.stories.place([placement("aaaaaa01", "story-1")], now)
    make_ready(bot.deps)
    late = item("bbbbbb02", seen_at=now, published=now, keys=(), **DEAL)
    with bot.store.read() as tx:
        grouper = begin(tx, bot.deps.story_policy)
        assert grouper is not None
        (placed,) = group(tx, grouper, [late])
    assert (placed.story_id, placed.copy_of) == ("story-1", "aaaaaa01")


def test_what_cant_be_placed_stands_alone_and_stops_no_other(bot: Bot) -> None:
    make_ready(bot.deps)
    now = bot.clock.now()
    batch = [item(one, published=now, keys=(), **DEAL) for one in ("aaaaaa01", "bbbbbb02")]
    with bot.store.read() as tx:
        grouper = begin(tx, bot.deps.story_policy)
        assert grouper is not None
        first, second = group(
            tx, grouper, batch, lambda what, work: None if what.endswith("aaaaaa01") else work()
        )
    assert (first.because, first.opens) == ("stands alone", True)
    assert (second.because, second.opens) == ("opens a story", True)
