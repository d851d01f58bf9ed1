"""Alarms: told once, by another channel, and once that they are over."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.alarms import (
    APART,
    COLLECTED,
    DISABLED,
    GAVE_UP,
    NETWORK,
    QUIET,
    RELAPSE,
    REMEMBERED,
    STEADY,
    Observation,
    Over,
    identity,
    is_ahead,
    is_done_with,
    is_known,
    key_of,
    noted,
    over_by_sending,
    raised,
    set_right,
    stands,
    targets,
    to_tell,
    told,
)
from bot.core.care import FAILING
from bot.model import Alarm, Delivery, DeliveryState, Destination, Message, Part, Settlement

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OUT = Alarm(part=Part.CHANNEL, subject="chat", cause=DISABLED, text="“chat” is out", raised_at=NOW)
SENT = Over(part=Part.CHANNEL, subject="chat", cause=DISABLED)
FULL = Alarm(part=Part.DISK, subject="/data", cause="almost full", text="full", raised_at=NOW)
FEED = Alarm(part=Part.FEED, subject="harbor", cause=FAILING, text="Harbor fails", raised_at=NOW)
JUMP = Alarm(part=Part.CLOCK, subject="", cause="jumped", text="an hour ahead", raised_at=NOW)
DOWN = Alarm(part=NETWORK[0], subject=NETWORK[1], cause=NETWORK[2], text="all fail", raised_at=NOW)


@dataclass
class Story:
    """What happens to alarms, told as the engine tells them; ``heard``: when and what people were told."""

    known: dict[Any, Alarm] = field(default_factory=dict)
    heard: list[tuple[timedelta, str]] = field(default_factory=list)

    def find(self, after: timedelta, observation: Observation) -> bool:
        if isinstance(observation, Alarm):
            observation = replace(observation, raised_at=NOW + after)
        written = noted(observation, self.known.get(identity(observation)), NOW + after)
        if written is not None:
            self.known[identity(written)] = written
        return written is not None

    def tell(self, after: timedelta) -> list[str]:
        now = NOW + after
        self.known = {key: each for key, each in self.known.items() if not is_done_with(each, now)}
        due = to_tell([*self.known.values()], now)
        for each in due:
            self.known[identity(each)] = told(each, now)
            self.heard.append((after, each.text))
        return [each.text for each in due]


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


# ── each once ────────────────────────────────────────────────────────────────────────────────────


def test_trouble_is_told_at_once_and_once_and_its_end_once_when_it_has_lasted() -> None:
    story = Story()
    assert story.find(0 * MINUTE, OUT)
    assert story.tell(0 * MINUTE) == ["“chat” is out"]
    assert not story.find(MINUTE, OUT)
    assert story.tell(MINUTE) == []
    assert story.find(HOUR, SENT)
    assert story.tell(HOUR) == story.tell(HOUR + STEADY - MINUTE) == []
    assert story.tell(HOUR + STEADY) == ["Messages to “chat” go out again."]
    assert story.tell(HOUR + STEADY) == story.tell(2 * HOUR) == []
    assert not story.find(2 * HOUR, SENT)
    assert story.tell(REMEMBERED + 3 * HOUR) == []
    assert story.known == {}


def test_what_was_over_before_it_was_told_is_not_told() -> None:
    story = Story()
    story.find(0 * MINUTE, OUT)
    story.find(MINUTE, SENT)
    assert story.tell(MINUTE) == story.tell(DAY) == []
    assert story.known == {}


def test_what_comes_and_goes_is_told_once_until_it_has_ended_for_a_while() -> None:
    story = Story()
    for turn in range(100):
        story.find(2 * turn * MINUTE, OUT)
        story.tell(2 * turn * MINUTE)
        story.find((2 * turn + 1) * MINUTE, SENT)
        story.tell((2 * turn + 1) * MINUTE)
    assert len(story.heard) == 1
    assert story.tell(199 * MINUTE + STEADY) == ["Messages to “chat” go out again."]


def test_what_comes_back_soon_is_told_only_if_it_lasts() -> None:
    story = Story()
    story.find(0 * HOUR, OUT)
    story.tell(0 * HOUR)
    story.find(HOUR, SENT)
    story.tell(2 * HOUR)
    story.find(3 * HOUR, OUT)
    story.find(3.5 * HOUR, SENT)
    assert story.tell(3 * HOUR + RELAPSE) == [], "it was over before"
    story.find(6 * HOUR, OUT)
    assert story.tell(6 * HOUR + RELAPSE - MINUTE) == []
    assert story.tell(6 * HOUR + RELAPSE) == ["“chat” is out"]
    story.find(8 * HOUR, SENT)
    assert story.tell(8 * HOUR + STEADY) == ["Messages to “chat” go out again."]
    later = 8 * HOUR + STEADY + REMEMBERED + MINUTE
    story.tell(later)
    story.find(later, OUT)
    assert story.tell(later) == ["“chat” is out"], "what is long ago was another trouble"


def test_a_refusal_is_told_again_after_some_days_and_is_never_over() -> None:
    story = Story()
    refused = replace(OUT, cause="refused 404")
    story.find(0 * HOUR, refused)
    story.tell(0 * HOUR)
    assert over_by_sending("chat", [*story.known.values()]) == []
    assert not story.find(QUIET, refused)
    assert story.find(QUIET + HOUR, refused)
    assert story.tell(QUIET + HOUR) == ["“chat” is out"]
    story.tell(3 * QUIET)
    assert story.known == {}


def test_a_refused_configuration_is_over_once_it_is_sound() -> None:
    """Its cause is the word that refused messages have."""
    alarm = Alarm(part=Part.CONFIGURATION, subject="", cause="refused", text="line 3", raised_at=NOW)
    story = Story()
    story.find(0 * HOUR, alarm)
    story.tell(0 * HOUR)
    assert stands(alarm)
    assert story.find(HOUR, Over(part=alarm.part, subject="", cause="refused"))
    assert story.tell(2 * HOUR) == ["The configuration can be read again, and is in force."]


def test_a_jump_of_the_clock_is_told_once_and_another_one_an_hour_later() -> None:
    story = Story()
    story.find(0 * HOUR, JUMP)
    assert story.tell(0 * HOUR) == ["an hour ahead"]
    assert story.tell(HOUR) == []
    assert not any(map(stands, story.known.values()))
    for minute in range(1, 40):
        assert story.find(minute * MINUTE, replace(JUMP, text=f"jump {minute}"))
        assert story.tell(minute * MINUTE) == []
    assert story.tell(39 * MINUTE + RELAPSE) == ["jump 39"]
    story.tell(39 * MINUTE + RELAPSE + REMEMBERED + HOUR)
    assert story.known == {}


def test_a_clock_that_was_a_year_ahead_delays_nothing() -> None:
    story = Story()
    story.find(365 * DAY, OUT)
    story.find(365 * DAY, JUMP)
    story.tell(365 * DAY)
    story.find(0 * DAY, replace(JUMP, text="back"))
    assert story.find(0 * DAY, SENT)
    assert story.tell(STEADY) == ["Messages to “chat” go out again."]
    assert story.tell(RELAPSE) == ["back"]


def test_times_ahead_are_set_right_in_their_order() -> None:
    ahead = replace(OUT, raised_at=NOW + HOUR, told_at=NOW + 2 * HOUR, over_at=NOW + 3 * HOUR)
    righted = set_right(ahead, NOW)
    assert righted.told_at
    assert righted.over_at
    assert righted.raised_at < righted.told_at < righted.over_at < NOW
    assert set_right(righted, NOW) == righted
    assert (is_ahead(ahead, NOW), is_ahead(righted, NOW)) == (True, False)


@given(st.lists(st.tuples(st.sampled_from(["begins", "ends", "told"]), st.integers(0, 120)), max_size=60))
def test_begin_and_end_are_told_by_turns_whatever_happens(events: list[tuple[str, int]]) -> None:
    story, after = Story(), timedelta(0)
    trouble = False
    for what, minutes in events:
        after += minutes * MINUTE
        if what == "told":
            story.tell(after)
        else:
            trouble = what == "begins"
            story.find(after, OUT if trouble else SENT)
    texts = [text for _, text in story.heard]
    usual = ["“chat” is out", "Messages to “chat” go out again."] * len(texts)
    assert texts == usual[: len(texts)]
    story.tell(after + DAY)
    assert len(story.heard) % 2 == trouble, "in the end people know how it stands"


def test_quietly_over_is_never_told() -> None:
    story = Story()
    story.find(0 * HOUR, OUT)
    story.tell(0 * HOUR)
    assert story.find(HOUR, replace(SENT, quietly=True))
    assert story.tell(HOUR) == story.tell(DAY) == []
    assert story.known == {}


def test_something_sent_ends_what_kept_a_channel_silent_and_no_refusal() -> None:
    gave_up, refused = replace(OUT, cause=GAVE_UP), replace(OUT, cause="refused 404")
    known = [OUT, gave_up, refused, replace(OUT, subject="mail"), replace(OUT, over_at=NOW)]
    assert over_by_sending("chat", known) == [SENT, replace(SENT, cause=GAVE_UP)]


def test_the_usual_words_for_what_is_over() -> None:
    def over(part: Part, subject: str) -> str:
        alarm = replace(OUT, part=part, subject=subject, told_at=NOW)
        written = noted(Over(part=part, subject=subject, cause=DISABLED), alarm, NOW + HOUR)
        assert written
        return written.text

    assert over(Part.STEP, "poll") == "The step “poll” works again."
    assert over(Part.CHANNEL, "chat") == "Messages to “chat” go out again."
    assert over(Part.DISK, "/data") == "This is over: “chat” is out"


# ── never a storm ────────────────────────────────────────────────────────────────────────────────


def feed(number: int) -> Alarm:
    return replace(FEED, subject=f"feed-{number}", text=f"feed {number} fails")


def test_feeds_that_fail_together_are_told_together() -> None:
    story = Story()
    for number in range(500):
        story.find(number * timedelta(seconds=1), feed(number))
        story.tell(number * timedelta(seconds=1))
    assert story.heard == []
    assert len(story.tell(COLLECTED)) == 500


def test_further_ones_come_once_an_hour_at_most_and_what_is_urgent_at_once() -> None:
    story = Story()
    for number in range(30):
        story.find(number * 10 * MINUTE, feed(number))
        story.tell(number * 10 * MINUTE)
    moments = sorted({after for after, _ in story.heard})
    assert len(moments) == 5
    assert all(later - earlier >= APART for earlier, later in pairwise(moments))
    last = moments[-1] + MINUTE
    story.find(last, FULL)
    assert story.tell(last) == ["full"]


def test_a_topic_waits_for_its_turn_as_feeds_do() -> None:
    story = Story()
    story.find(0 * MINUTE, FEED)
    story.find(MINUTE, replace(FEED, part=Part.TOPIC, subject="chips", text="chips is silent"))
    assert story.tell(2 * MINUTE) == []
    assert story.tell(COLLECTED) == ["Harbor fails", "chips is silent"]


def test_what_fails_with_the_network_is_one_alarm() -> None:
    story = Story()
    story.find(HOUR, DOWN)
    assert story.tell(HOUR) == ["all fail"]
    for number in range(20):
        story.find(DAY + number * MINUTE, feed(number))
    silent = replace(feed(0), cause="silent", text="silent")
    story.find(DAY, silent)
    assert story.tell(DAY + HOUR) == ["silent"], "that is another matter"
    story.find(2 * DAY, Over(part=NETWORK[0], subject=NETWORK[1], cause=NETWORK[2], text="all well"))
    for number in range(18):
        story.find(2 * DAY + HOUR, Over(part=Part.FEED, subject=f"feed-{number}", cause=FAILING))
    assert story.tell(2 * DAY + STEADY) == ["all well"]
    assert story.tell(3 * DAY) == [], "not every feed was asked again"
    assert story.tell(3 * DAY + 2 * HOUR) == ["feed 18 fails", "feed 19 fails"]


def test_a_feed_that_fails_before_or_after_is_told_for_itself() -> None:
    story = Story()
    story.find(0 * HOUR, feed(1))
    story.find(HOUR, DOWN)
    assert story.tell(HOUR) == ["all fail", "feed 1 fails"]
    story.find(4 * DAY, feed(2))
    assert story.tell(5 * DAY) == ["feed 2 fails"], "though most feeds fail for ever"


@pytest.mark.parametrize("known", [True, False])
def test_what_people_know(known: bool) -> None:
    alarm = replace(OUT, told_at=NOW + HOUR if known else None)
    assert is_known(alarm) is known
    assert not is_known(replace(alarm, over_at=NOW + 2 * HOUR))


# ── by whom ──────────────────────────────────────────────────────────────────────────────────────


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
