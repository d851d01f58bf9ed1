"""People's edits of stories, and what grouping and telling make of them later."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.model import Story
from bot.pipeline.alert import alert
from bot.pipeline.digest import compose
from bot.pipeline.editing import merge, mute, split
from bot.pipeline.grouping import make_ready
from bot.pipeline.triage import triage
from bot.ports import Tx
from tests.pipeline.conftest import Bot, entry
from tests.pipeline.test_triage import NORVIK, intake, placed

TITLE = "Norvik tapes out its chip"
OTHER = (
    "Halcyon shows its Kestrel accelerator in Bergen",
    "Halcyon has shown partners in Bergen an accelerator of its own design, the Kestrel.",
)


def story(tx: Tx, guid: str) -> Story:
    item = tx.items.get(f"https://harbor.example/{guid}")
    placement = tx.stories.placement(item.id) if item else None
    found = tx.stories.get(placement.story_id) if placement else None
    assert found is not None
    return found


def item_id(bot: Bot, guid: str) -> str:
    with bot.store.read() as tx:
        item = tx.items.get(f"https://harbor.example/{guid}")
    assert item is not None
    return item.id


def wrongly_joined(bot: Bot) -> None:
    """A person put two stories together, of which grouping made two."""
    intake(bot, entry("1", TITLE, NORVIK), entry("2", *OTHER))
    triage(bot.deps)
    assert placed(bot, "1") != placed(bot, "2")
    with bot.store.begin() as tx:
        merge(bot.deps, tx, story(tx, "1"), [story(tx, "2")], by="Ada")
    assert placed(bot, "1") == placed(bot, "2")


def split_off(bot: Bot, *guids: str, told: bool = False) -> None:
    items = {item_id(bot, guid) for guid in guids}
    with bot.store.begin() as tx:
        split(bot.deps, tx, story(tx, guids[0]), items, by="Ada", told=told)


def digest(bot: Bot) -> list[str]:
    """Titles of what a digest tells now."""
    before = len(bot.channel.digests)
    compose(bot.deps, bot.deps.digests["daily"], bot.clock.now())
    bot.clock.pass_by(timedelta(minutes=1))
    return [each.title for composed in bot.channel.digests[before:] for each in composed.stories]


def test_what_joins_later_joins_the_whole(bot: Bot) -> None:
    wrongly_joined(bot)
    intake(bot, entry("3", OTHER[0], f"{OTHER[1]} More soon."))
    triage(bot.deps)
    assert placed(bot, "3") == placed(bot, "1")


@pytest.mark.parametrize("anew", [False, True])
def test_a_later_copy_of_what_was_split_off_follows_it(bot: Bot, anew: bool) -> None:
    wrongly_joined(bot)
    split_off(bot, "2")
    if anew:  # as where a new version remembers other things
        with bot.store.begin() as tx:
            tx.grouping.clear()
        make_ready(bot.deps)
    intake(bot, entry("3", OTHER[0], f"{OTHER[1]} More soon."), entry("4", TITLE, f"{NORVIK} Again."))
    triage(bot.deps)
    assert placed(bot, "3") == placed(bot, "2") != placed(bot, "1") == placed(bot, "4")


def test_grouping_knows_for_good_that_they_are_two(bot: Bot) -> None:
    intake(bot, entry("1", TITLE, NORVIK), entry("2", TITLE, f"{NORVIK} More."))
    triage(bot.deps)
    assert placed(bot, "1") == placed(bot, "2")
    split_off(bot, "2")
    with bot.store.begin() as tx:
        tx.grouping.clear()
    make_ready(bot.deps)
    with bot.store.read() as tx:
        (memory,) = tx.grouping.stories([item_id(bot, "1")])
        assert memory.apart == {placed(bot, "2")}
        found = story(tx, "2")
    assert [member.placement.copy_of for member in found.members] == [None]


def test_who_groups_while_a_person_edits_begins_again(bot: Bot) -> None:
    intake(bot, entry("1", TITLE, NORVIK))
    triage(bot.deps)
    with bot.store.read() as tx:
        before = tx.grouping.state()
    assert before is not None
    with bot.store.begin() as tx:
        mute(bot.deps, tx, story(tx, "1"), muted=True, by="Ada")
        assert not tx.grouping.hold(before.turn)


def test_what_is_split_off_is_told_as_new_and_the_rest_not_again(bot: Bot) -> None:
    wrongly_joined(bot)
    assert len(digest(bot)) == 1
    split_off(bot, "2")
    assert digest(bot) == [OTHER[0]]
    assert digest(bot) == []


def test_whichever_half_is_split_off_what_was_told_first_keeps_it_and_what_was_hidden_is_told(
    bot: Bot,
) -> None:
    intake(bot, entry("1", TITLE, NORVIK))
    triage(bot.deps)
    assert digest(bot) == [TITLE]
    intake(bot, entry("1", TITLE, NORVIK), entry("2", *OTHER))
    triage(bot.deps)
    with bot.store.begin() as tx:
        merge(bot.deps, tx, story(tx, "1"), [story(tx, "2")], by="Ada")
    split_off(bot, "1")
    assert digest(bot) == [OTHER[0]]
    assert digest(bot) == []


def test_what_is_split_off_or_heard_again_much_later_is_told_however_old(bot: Bot) -> None:
    """A wrong story hid the one, a person the other: nobody heard of them."""
    wrongly_joined(bot)
    assert len(digest(bot)) == 1
    intake(bot, entry("3", "Tern orders silicon wafers from Castellan", "Tern has ordered silicon again."))
    triage(bot.deps)
    with bot.store.begin() as tx:
        mute(bot.deps, tx, story(tx, "3"), muted=True, by="Ada")
    bot.clock.pass_by(timedelta(days=20))
    assert digest(bot) == []
    split_off(bot, "2")
    with bot.store.begin() as tx:
        mute(bot.deps, tx, story(tx, "3"), muted=False, by="Ada")
    assert alert(bot.deps) == 0
    assert len(digest(bot)) == 2
    assert digest(bot) == []


def test_what_is_split_off_as_told_is_not_told(bot: Bot) -> None:
    wrongly_joined(bot)
    assert len(digest(bot)) == 1
    split_off(bot, "2", told=True)
    assert digest(bot) == []


def test_two_that_were_told_are_not_told_as_one(bot: Bot) -> None:
    intake(bot, entry("1", TITLE, NORVIK), entry("2", *OTHER))
    triage(bot.deps)
    assert len(digest(bot)) == 2
    with bot.store.begin() as tx:
        merge(bot.deps, tx, story(tx, "1"), [story(tx, "2")], by="Ada")
    assert digest(bot) == []
    assert alert(bot.deps) == 0


def test_nothing_is_told_of_a_muted_story_nor_of_what_joins_it(bot: Bot) -> None:
    intake(bot, entry("1", TITLE, NORVIK))
    triage(bot.deps)
    with bot.store.begin() as tx:
        mute(bot.deps, tx, story(tx, "1"), muted=True, by="Ada")
    intake(bot, entry("2", TITLE, f"{NORVIK} It cost $4 billion."))
    triage(bot.deps)
    assert placed(bot, "1") == placed(bot, "2")
    assert alert(bot.deps) == 0
    assert digest(bot) == []
    with bot.store.begin() as tx:
        mute(bot.deps, tx, story(tx, "1"), muted=False, by="Ada")
    assert len(digest(bot)) == 1


def test_edits_of_stories_that_are_closed_leave_grouping_as_it_is(bot: Bot) -> None:
    intake(bot, entry("1", TITLE, NORVIK), entry("2", *OTHER))
    triage(bot.deps)
    with bot.store.begin() as tx:
        tx.grouping.clear()
        merge(bot.deps, tx, story(tx, "1"), [story(tx, "2")], by="Ada")
        assert tx.grouping.state() is None
    split_off(bot, "2")
    assert placed(bot, "1") != placed(bot, "2")
