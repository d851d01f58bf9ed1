from collections.abc import Mapping
from dataclasses import replace

from bot.core.lexicon import Document, Lexicon
from bot.model import GROUPING, Span
from bot.pipeline.alert import alert
from bot.pipeline.deps import Deps
from bot.pipeline.poll import poll
from bot.pipeline.triage import BATCH, TriageReport, triage
from bot.runtime.local import guard
from tests.core.articles import ONE_ORDER
from tests.pipeline.conftest import FEED, Bot, entry

NORVIK = "Norvik has sent its first accelerator chip to the foundry, people familiar with the matter said."


def intake(bot: Bot, *entries: str) -> None:
    bot.publish(*entries)
    list(poll(bot.deps, [FEED.id]))


def placed(bot: Bot, guid: str) -> str:
    """Id of the story that an item is in."""
    with bot.store.begin() as tx:
        item = tx.items.get(f"https://harbor.example/{guid}")
        placement = tx.stories.placement(item.id) if item else None
    assert placement is not None
    return placement.story_id


def test_every_item_gets_a_verdict_and_a_place(bot: Bot) -> None:
    intake(bot, entry("1", "Norvik tapes out its chip", NORVIK), entry("2", "Rain in Ostren", "It rained."))
    report = triage(bot.deps)
    assert (report.items, report.matched, report.stories) == (2, 1, 2)
    with bot.store.begin() as tx:
        for item, _ in tx.items.search(topic=None, since=None, words=(), limit=9):
            assert len(tx.items.verdicts(item.id)) == 1
            assert tx.stories.placement(item.id) is not None


def test_a_second_run_finds_nothing_to_do(bot: Bot) -> None:
    intake(bot, entry("1", "Norvik tapes out its chip", NORVIK))
    triage(bot.deps)
    assert triage(bot.deps).items == 0


def test_what_comes_later_joins_the_story_that_the_store_remembers(bot: Bot) -> None:
    intake(bot, entry("1", "Norvik tapes out its chip", NORVIK))
    triage(bot.deps)
    intake(bot, entry("1b", "Norvik tapes out its chip", NORVIK + " More soon."))
    assert triage(bot.deps).stories == 0
    with bot.store.begin() as tx:
        (story,) = tx.stories.search(topic="chips", since=None, words=(), limit=9)
    assert [member.placement.opens for member in story.members] == [True, False]


def test_an_edited_item_is_judged_again_and_keeps_its_place(bot: Bot) -> None:
    intake(bot, entry("1", "Norvik tapes out its chip", NORVIK))
    triage(bot.deps)
    intake(bot, entry("1", "Rain in Ostren", "It rained all day."))
    report = triage(bot.deps)
    assert (report.items, report.matched, report.stories) == (1, 0, 0)


PAIR = (
    entry("1", "Halcyon reports on its Bergen plant", "Work at the Bergen plant of Halcyon goes on."),
    entry("2", "Halcyon paints its Bergen plant", "The Bergen plant of Halcyon is blue now, it said."),
)
TOWNS = ("Tarnow", "Quillon", "Veltra", "Oakum", "Castrel", "Dornach", "Esmund", "Fjallby", "Kesh", "Marlin")


def test_a_batch_is_read_before_its_first_item_is_placed(bot: Bot) -> None:
    """Two items alone look like one story; in a batch that is full of the words they share they don't."""
    later = [
        entry(
            f"x{number}",
            f"{town} and the Bergen plant of Halcyon",
            f"In {town} the Bergen plant is known.",
            "Tue, 16 Jun 2026 06:30:00 GMT",
        )
        for number, town in enumerate(TOWNS * 6)
    ]
    intake(bot, *PAIR, *later)
    triage(bot.deps)
    assert placed(bot, "1") != placed(bot, "2")


def test_alone_the_same_two_are_one_story(bot: Bot) -> None:
    intake(bot, *PAIR)
    triage(bot.deps)
    assert placed(bot, "1") == placed(bot, "2")


def test_a_later_batch_is_grouped_with_the_stories_of_earlier_ones(bot: Bot) -> None:
    """Between two calls nothing is in memory."""
    for number in range(3):
        intake(bot, entry(str(number), "Norvik tapes out its chip", f"{NORVIK} Part {number}."))
        triage(bot.deps)
    assert placed(bot, "0") == placed(bot, "1") == placed(bot, "2")


def test_stories_that_turn_out_to_be_one_are_one_and_told_once(bot: Bot) -> None:
    """Each report comes in a batch of its own; both stories were told before the last of them came."""
    for number, (title, text) in enumerate(ONE_ORDER):
        if number == len(ONE_ORDER) - 1:
            assert placed(bot, "0") != placed(bot, "1")
            assert alert(bot.deps) == 2
        published = f"Tue, 16 Jun 2026 0{number}:00:00 GMT"
        intake(bot, entry(str(number), title, f"{text} A chip.", published))
        triage(bot.deps)
    assert {placed(bot, str(number)) for number in range(len(ONE_ORDER))} == {placed(bot, "0")}
    with bot.store.read() as tx:
        story = tx.stories.get(placed(bot, "0"))
        assert story is not None
        (edit,) = tx.edits.history(story.id)
        assert tx.stories.get(edit.other) == story
    assert edit.by == GROUPING
    assert alert(bot.deps) == 0


def judging_with(deps: Deps, lexicon: Lexicon) -> Deps:
    judge = replace(deps.judge, lexicon=lexicon)
    return replace(deps, judging=lambda: judge)


class Overtaken(Lexicon):
    """Stands in for another process that triages the same items while this one judges."""

    def __init__(self, deps: Deps) -> None:
        super().__init__(())
        object.__setattr__(self, "deps", [deps])

    def find(self, document: Document) -> Mapping[str, tuple[Span, ...]]:
        for deps in self.deps:  # type: ignore[attr-defined]
            self.deps.clear()  # type: ignore[attr-defined]
            triage(deps)
        return super().find(document)


def test_whoever_was_overtaken_begins_again_and_places_nothing_twice(bot: Bot) -> None:
    intake(bot, entry("1", "Norvik tapes out its chip", NORVIK))
    triage(bot.deps)
    intake(bot, entry("2", "Norvik tapes out its chip", NORVIK), entry("3", "Rain in Ostren", "It rained."))
    assert triage(judging_with(bot.deps, Overtaken(bot.deps))) == TriageReport()
    with bot.store.read() as tx:
        assert not tx.items.unjudged(9)
    assert placed(bot, "1") == placed(bot, "2") != placed(bot, "3")


class Editing(Lexicon):
    """Stands in for a poll that finds the item edited while it is judged."""

    def __init__(self, bot: Bot) -> None:
        super().__init__(())
        object.__setattr__(self, "bot", bot)

    def find(self, document: Document) -> Mapping[str, tuple[Span, ...]]:
        if "Rain" not in document.texts[0]:
            intake(self.bot, entry("1", "Rain in Ostren", "It rained all day."))  # type: ignore[attr-defined]
        return super().find(document)


def test_an_item_edited_while_it_is_judged_is_judged_by_its_new_text(bot: Bot) -> None:
    intake(bot, entry("1", "Norvik tapes out its chip", NORVIK))
    report = triage(judging_with(bot.deps, Editing(bot)))
    assert (report.items, report.matched, report.stories) == (1, 0, 1)
    with bot.store.read() as tx:
        ((item, verdicts),) = tx.items.search(topic=None, since=None, words=(), limit=9)
    assert (item.title, verdicts) == ("Rain in Ostren", ())


class BrokenLexicon(Lexicon):
    """Stands in for a bug of ours that one odd item brings to light."""

    def find(self, document: Document) -> Mapping[str, tuple[Span, ...]]:
        if any(token.word == "odd" for token in document.title):
            raise ZeroDivisionError
        return super().find(document)


def test_an_item_that_brings_a_bug_to_light_stops_no_other_and_is_not_tried_for_ever(bot: Bot) -> None:
    intake(bot, entry("1", "An odd chip", NORVIK), entry("2", "Rain in Ostren", "It rained."))
    deps = replace(judging_with(bot.deps, BrokenLexicon(())), guard=guard)
    assert triage(deps).items == 2
    assert triage(deps).items == 0
    with bot.store.read() as tx:
        judged = {
            item.title: len(tx.items.verdicts(item.id))
            for item, _ in tx.items.search(topic=None, since=None, words=(), limit=9)
        }
    assert judged == {"An odd chip": 0, "Rain in Ostren": 1}


def test_a_long_backlog_is_seen_to_get_on(bot: Bot) -> None:
    intake(bot, *(entry(str(number), f"Ferry number {number}") for number in range(2 * BATCH)))
    waiting: list[int] = []

    def got_on() -> None:
        with bot.store.read() as tx:
            waiting.append(len(tx.items.unjudged(3 * BATCH)))

    triage(bot.deps, got_on)
    assert waiting == [BATCH, 0]
