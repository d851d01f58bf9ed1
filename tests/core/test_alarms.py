"""Alarms: told once, by another channel, and once that they are over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.alarms import (
    DISABLED,
    GAVE_UP,
    QUIET,
    digest_of,
    ended,
    is_done_with,
    is_news,
    key_of,
    raised,
    targets,
    to_tell,
)
from bot.model import Alarm, Delivery, DeliveryState, Destination, Message, Part, Settlement

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
OUT = Alarm(part=Part.CHANNEL, subject="chat", cause=DISABLED, text="“chat” is out", raised_at=NOW)


def alarm_of(state: DeliveryState, note: str = "", **more: Any) -> Alarm | None:
    delivery = Delivery(
        key="k",
        channel="chat",
        recipient="r",
        origin="daily",
        message=Message(subject="s", content_type="text/plain", body=b"b"),
        created_at=NOW,
        due_at=NOW,
    )
    return raised(delivery, Settlement(key="k", state=state, attempt=1, note=note, **more), NOW)


def test_what_gives_cause_for_an_alarm() -> None:
    disabled = alarm_of(DeliveryState.PENDING, "404 no_service", disables=True)
    gave_up = alarm_of(DeliveryState.DEAD, "gave up after 4 attempts: 503", gave_up=True)
    refused = alarm_of(DeliveryState.DEAD, "413 too large: request 8812")
    assert disabled
    assert gave_up
    assert refused
    assert [each.cause for each in (disabled, gave_up, refused)] == ["disabled", "given up", "refused 413"]
    assert "chipwatch deliveries enable chat" in disabled.text
    assert "404 no_service" in disabled.text
    for state in (DeliveryState.SENT, DeliveryState.PENDING, DeliveryState.UNKNOWN, DeliveryState.EXPIRED):
        assert alarm_of(state, "503") is None


def test_the_same_answer_is_one_cause_whatever_its_words() -> None:
    one = alarm_of(DeliveryState.DEAD, "message refused: 554 id a8f2")
    other = alarm_of(DeliveryState.DEAD, "message refused: 554 id 77c1")
    assert one
    assert other
    assert one.cause == other.cause


def test_an_alarm_is_raised_once_and_a_refusal_again_after_some_days() -> None:
    later = replace(OUT, raised_at=NOW + QUIET + HOUR)
    assert is_news(OUT, [])
    assert is_news(OUT, [replace(OUT, subject="mail"), replace(OUT, cause=GAVE_UP)])
    assert not is_news(later, [OUT])
    assert is_news(later, [replace(OUT, over_at=NOW)])
    refused = replace(OUT, cause="refused 404")
    assert not is_news(replace(refused, raised_at=NOW + QUIET), [refused])
    assert is_news(replace(refused, raised_at=NOW + QUIET + HOUR), [refused])


def test_something_sent_ends_what_kept_a_channel_silent_and_no_refusal() -> None:
    gave_up, refused = replace(OUT, cause=GAVE_UP), replace(OUT, cause="refused 404")
    known = [OUT, gave_up, refused, replace(OUT, subject="mail")]
    over = ended("chat", known, NOW + HOUR)
    assert over == [replace(OUT, over_at=NOW + HOUR), replace(gave_up, over_at=NOW + HOUR)]
    assert ended("chat", over, NOW + 2 * HOUR) == []


@pytest.mark.parametrize(
    ("told", "over", "due", "done"),
    [
        (False, False, True, False),
        (True, False, False, False),
        (True, True, True, False),
        (False, True, False, True),
    ],
)
def test_told_when_raised_and_when_over_but_not_what_nobody_heard_of(
    told: bool, over: bool, due: bool, done: bool
) -> None:
    alarm = replace(OUT, told_at=NOW if told else None, over_at=NOW if over else None)
    assert (to_tell([alarm]) == [alarm]) is due
    assert is_done_with(alarm) is done


def test_another_channel_that_works_tells_it() -> None:
    def told_by(*wanted: str, disabled: tuple[str, ...] = ()) -> tuple[str, ...]:
        states = {name: Destination(channel=name, disabled_at=NOW) for name in disabled}
        paused = {"pager": Destination(channel="pager", paused_until=NOW)}
        return targets(OUT, wanted, ["chat", "mail", "pager"], {**paused, **states})

    assert told_by() == ("mail",)
    assert told_by(disabled=("mail",)) == ("pager",)
    assert told_by(disabled=("mail", "pager")) == ()
    assert told_by("pager", "mail") == ("pager", "mail")
    assert told_by("pager", "chat") == ("pager",), "no channel tells of itself"
    assert told_by("pager", disabled=("pager",)) == ("mail",)
    assert told_by("chat") == ("mail",)


def test_the_message_names_what_is_wrong_and_what_works_again() -> None:
    over = replace(OUT, subject="mail", raised_at=NOW - HOUR, told_at=NOW, over_at=NOW)
    digest = digest_of([OUT, over], NOW + HOUR, "UTC")
    assert (digest.kind, digest.title, digest.stories) == ("alarm", "Delivery trouble", ())
    assert [notice.text for notice in digest.notices] == [
        "“chat” is out",
        "Messages to “mail” go out again.",
    ]
    assert [notice.kind for notice in digest.notices] == ["disabled", "recovered"]
    assert digest_of([over], NOW, "UTC").title == "Delivery works again"


def test_the_same_alarms_have_the_same_key_at_one_moment() -> None:
    reworded = replace(OUT, text="in other words", told_at=NOW)
    assert key_of([OUT], "mail", NOW) == key_of([reworded], "mail", NOW)
    others = [
        key_of([OUT], "pager", NOW),
        key_of([OUT], "mail", NOW + HOUR),
        key_of([OUT, OUT], "mail", NOW),
        key_of([replace(OUT, raised_at=NOW + HOUR)], "mail", NOW),
        key_of([replace(OUT, over_at=NOW + HOUR)], "mail", NOW),
    ]
    assert len({key_of([OUT], "mail", NOW), *others}) == 6
