from bot.pipeline.poll import poll
from bot.pipeline.triage import triage
from tests.pipeline.conftest import FEED, Bot, entry

NORVIK = "Norvik has sent its first accelerator chip to the foundry, people familiar with the matter said."


def intake(bot: Bot, *entries: str) -> None:
    bot.publish(*entries)
    list(poll(bot.deps, [FEED.id]))


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
