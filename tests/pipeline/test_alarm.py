"""Alarms on a whole bot: by another channel, once, and once that all is well again."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.core.alarms import APART, COLLECTED, STEADY, stands
from bot.model import (
    Alarm,
    DeliveryState,
    Feed,
    FetchFailed,
    FetchOutcome,
    Part,
    Refused,
    RetryPolicy,
    SendResult,
    Sent,
)
from bot.pipeline.alarm import end_alarm, raise_alarm
from bot.pipeline.deliver import deliver
from bot.pipeline.deps import Deps
from bot.pipeline.poll import poll
from tests.fakes import START, RecordingChannel
from tests.pipeline.conftest import FEED, Bot, entry, fetched
from tests.pipeline.test_deliver import delivery, put, states

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
GONE = Refused(reason="404 no_service", permanent=True, disables=True)


def answering(bot: Bot, *answers: SendResult) -> None:
    """The chat answers so, and the last answer stays."""
    script = [*answers]
    bot.channel.answer = lambda _key: script.pop(0) if len(script) > 1 else script[0]


def with_mail(bot: Bot) -> tuple[Deps, RecordingChannel]:
    mail = RecordingChannel()
    return replace(bot.deps, channels={"chat": bot.channel, "mail": mail}), mail


def texts(channel: RecordingChannel) -> list[str]:
    return [notice.text for digest in channel.digests for notice in digest.notices]


def test_a_disabled_channel_waits_and_another_one_says_so_once(bot: Bot) -> None:
    deps, mail = with_mail(bot)
    answering(bot, GONE)
    put(bot, delivery("a"), delivery("b"))
    deliver(deps)
    bot.clock.pass_by(HOUR)
    assert not deliver(deps)
    assert bot.channel.by_key == {"a": 1}, "b is not even tried"
    assert {key: states(bot)[key] for key in "ab"} == dict.fromkeys("ab", DeliveryState.PENDING)
    (told,) = texts(mail)
    assert "“chat”" in told
    assert "404 no_service" in told
    assert [recipient for _, recipient, _ in mail.sent] == ["team"]


def test_once_enabled_what_waited_goes_out_in_order_and_the_recovery_is_told_once(bot: Bot) -> None:
    deps, mail = with_mail(bot)
    answering(bot, GONE, Sent())
    put(bot, delivery("a"), delivery("b"))
    deliver(deps)
    with bot.store.begin() as tx:
        assert tx.queue.enable("chat")
    deliver(deps)
    put(bot, delivery("c"))
    deliver(deps)
    assert [key for key, _, _ in bot.channel.sent] == ["a", "a", "b", "c"]
    assert [digest.title for digest in mail.digests] == ["Delivery trouble"]
    for _ in range(3):
        bot.clock.pass_by(STEADY)
        deliver(deps)
    assert [digest.title for digest in mail.digests] == ["Delivery trouble", "Delivery works again"]
    assert len(mail.sent) == 2
    bot.clock.pass_by(3 * DAY)
    deliver(deps)
    with bot.store.read() as tx:
        assert tx.alarms.all() == []


def test_changed_options_enable_a_channel(bot: Bot) -> None:
    deps, _ = with_mail(bot)
    answering(bot, GONE, Sent())
    put(bot, delivery("a"))
    deliver(replace(deps, fingerprint=lambda name: f"{name} of old"))
    assert not deliver(replace(deps, fingerprint=lambda name: f"{name} of old"))
    settled = deliver(replace(deps, fingerprint=lambda name: f"{name} of now"))
    assert [each.state for each in settled if each.channel == "chat"] == [DeliveryState.SENT]


def test_where_no_channel_is_left_the_alarm_waits_for_one(bot: Bot) -> None:
    answering(bot, GONE)
    put(bot, delivery("a"))
    deliver(bot.deps)
    with bot.store.read() as tx:
        assert [alarm.told_at for alarm in tx.alarms.all()] == [None]
    deps, mail = with_mail(bot)
    deliver(deps)
    assert len(texts(mail)) == 1


def test_alarms_go_where_the_configuration_says(bot: Bot) -> None:
    deps, mail = with_mail(bot)
    pager = RecordingChannel()
    deps = replace(deps, channels={**deps.channels, "pager": pager}, alarms=("pager",))
    answering(bot, GONE)
    put(bot, delivery("a"))
    deliver(deps)
    assert (len(texts(pager)), len(texts(mail))) == (1, 0)


def test_many_dead_letters_are_one_alarm(bot: Bot) -> None:
    deps, mail = with_mail(bot)
    answering(bot, Refused(reason="400 invalid_blocks", permanent=True))
    put(bot, *(delivery(f"key {number}") for number in range(30)))
    deliver(deps)
    assert len(texts(mail)) == 1
    assert set(states(bot).values()) == {DeliveryState.DEAD, DeliveryState.SENT}


def test_an_alarm_that_waits_in_a_channel_disabled_itself_goes_out_by_another(bot: Bot) -> None:
    deps, mail = with_mail(bot)
    pager = RecordingChannel()
    answering(bot, GONE)
    mail.answer = lambda _key: GONE
    put(bot, delivery("a"))
    for _ in range(3):
        deliver(replace(deps, channels={**deps.channels, "pager": pager}))
        bot.clock.pass_by(HOUR)
    told = [text.partition("”")[0] for text in texts(pager)]
    assert sorted(told) == ["Nothing can be sent to “chat", "Nothing can be sent to “mail"]
    with bot.store.begin() as tx:
        assert tx.queue.enable("mail")
    mail.answer = lambda _key: Sent()
    deliver(replace(deps, channels={**deps.channels, "pager": pager}))
    assert len(mail.sent) == 1, "what another channel told meanwhile is told no second time"


def test_an_alarm_that_another_channel_told_as_well_stays_where_it_is(bot: Bot) -> None:
    deps, mail = with_mail(bot)
    pager = RecordingChannel()
    deps = replace(deps, channels={**deps.channels, "pager": pager}, alarms=("mail", "pager"))
    answering(bot, GONE)
    mail.answer = lambda _key: GONE
    put(bot, delivery("a"))
    deliver(deps)
    assert [text.partition("”")[0][-4:] for text in texts(pager)] == ["chat", "mail"]


def test_an_alarm_that_no_channel_is_left_to_tell_is_told_by_the_first_that_works_again(bot: Bot) -> None:
    deps, mail = with_mail(bot)
    answering(bot, GONE)
    mail.answer = lambda _key: GONE
    put(bot, delivery("a"))
    deliver(deps)
    with bot.store.begin() as tx:
        assert {alarm.told_at for alarm in tx.alarms.all()} == {None}
        tx.queue.enable("mail")
    mail.answer = lambda _key: Sent()
    bot.clock.pass_by(HOUR)
    deliver(deps)
    assert [text.partition("”")[0][-4:] for text in texts(mail)] == ["chat", "chat"]
    assert len(mail.sent) == 2


def test_two_channels_that_fall_silent_do_not_tell_each_other_for_ever(bot: Bot) -> None:
    deps, mail = with_mail(bot)
    mail.answer = lambda _key: GONE
    answering(bot, GONE)
    put(bot, delivery("a"))
    for _ in range(5):
        deliver(deps)
        bot.clock.pass_by(HOUR)
    assert len(bot.channel.sent) + len(mail.sent) == 2


def test_a_channel_that_could_not_be_reached_is_told_of_and_its_return(bot: Bot) -> None:
    deps, mail = with_mail(bot)
    bot.channel.retry = RetryPolicy(waits=(timedelta(minutes=1),), give_up=timedelta(0))
    answering(bot, Refused(reason="can't connect"), Refused(reason="can't connect"), Sent())
    put(bot, delivery("a"), delivery("b"), delivery("c"))
    deliver(deps)
    bot.clock.pass_by(STEADY)
    deliver(deps)
    assert [digest.title for digest in mail.digests] == ["Delivery trouble", "Delivery works again"]


# ── of feeds and topics ──────────────────────────────────────────────────────────────────────────

FAILED = FetchFailed(kind="timeout", detail="too slow")


def polled(bot: Bot, deps: Deps, *outcomes: FetchOutcome, every: timedelta = 13 * HOUR) -> None:
    """One poll an outcome, and what is told then and a while later."""
    for outcome in outcomes:
        bot.fetcher.answers[FEED.url] = [outcome]
        list(poll(deps, [FEED.id]))
        deliver(deps)
        bot.clock.pass_by(every)
        deliver(deps)


def test_a_feed_that_fails_for_a_day_is_told_once_and_its_recovery_once(bot: Bot) -> None:
    polled(bot, bot.deps, fetched(entry("1", "A chip")), *[FAILED] * 8)
    (told,) = texts(bot.channel)
    assert "Harbor Wire" in told
    assert "has failed since" in told
    polled(bot, bot.deps, *[fetched(entry("1", "A chip"))] * 3)
    assert [digest.title for digest in bot.channel.digests] == [
        "Trouble with 1 feed",
        "Feeds can be read again",
    ]


def test_a_feed_that_answers_before_anybody_heard_of_it_is_not_told(bot: Bot) -> None:
    bot.fetcher.answers[FEED.url] = [FAILED]
    list(poll(bot.deps, [FEED.id]))
    bot.clock.pass_by(25 * HOUR)
    list(poll(bot.deps, [FEED.id]))
    with bot.store.read() as tx:
        assert [alarm.cause for alarm in tx.alarms.all()] == ["failing"]
    bot.publish(entry("1", "A chip"))
    list(poll(bot.deps, [FEED.id]))
    bot.clock.pass_by(DAY)
    deliver(bot.deps)
    assert texts(bot.channel) == []


def test_a_feed_that_is_gone_is_told_as_gone_alone(bot: Bot) -> None:
    gone = FetchFailed(kind="gone", detail="HTTP 410", status=410)
    polled(bot, bot.deps, fetched(entry("1", "A chip")), *[FAILED] * 4, gone, gone)
    assert [notice.kind for digest in bot.channel.digests for notice in digest.notices] == [
        "failing",
        "gone",
    ]


def test_alarms_of_feeds_and_notices_are_one_transaction(bot: Bot, tmp_path: Path) -> None:
    """The database refuses the alarm: then nothing of the poll is written, and it comes again."""
    bot.fetcher.answers[FEED.url] = [FAILED]
    list(poll(bot.deps, [FEED.id]))
    bot.clock.pass_by(25 * HOUR)
    with closing(sqlite3.connect(tmp_path / "chipwatch.db")) as other:
        other.execute(
            "CREATE TRIGGER no BEFORE INSERT ON part_alarms BEGIN SELECT RAISE(ABORT, 'no alarms'); END"
        )
        other.commit()
        with pytest.raises(Exception, match="no alarms"):
            list(poll(bot.deps, [FEED.id]))
        with bot.store.read() as tx:
            assert tx.feeds.notices(START) == []
            assert tx.feeds.states()[FEED.id].trouble == ""
        other.execute("DROP TRIGGER no")
        other.commit()
    bot.clock.pass_by(HOUR)
    list(poll(bot.deps, [FEED.id]))
    with bot.store.read() as tx:
        assert [notice.kind for notice in tx.feeds.notices(START)] == ["failing"]
        assert [alarm.cause for alarm in tx.alarms.all()] == ["failing"]


def feed_alarm(number: int, bot: Bot) -> Alarm:
    return Alarm(
        part=Part.FEED, subject=f"f{number}", cause="failing", text=f"{number}", raised_at=bot.clock.now()
    )


def with_feeds(bot: Bot, count: int) -> Deps:
    feeds = {f"f{n}": Feed(id=f"f{n}", url=f"https://f{n}.example/rss") for n in range(count)}
    return replace(bot.deps, feeds=feeds)


def test_many_feeds_are_one_message_and_later_ones_another_an_hour_on(bot: Bot) -> None:
    deps = with_feeds(bot, 40)
    for number in range(40):
        with bot.store.begin() as tx:
            assert raise_alarm(tx, feed_alarm(number, bot))
        bot.clock.pass_by(timedelta(seconds=75))
        if not number % 4:
            deliver(deps)
    for _ in range(4):
        deliver(deps)
        bot.clock.pass_by(APART)
    assert len(bot.channel.sent) == 2
    assert "See: chipwatch status" in texts(bot.channel)[-1]


def test_what_is_no_longer_configured_ends_quietly(bot: Bot) -> None:
    deps = with_feeds(bot, 3)
    topic = replace(feed_alarm(0, bot), part=Part.TOPIC, subject="chips", cause="silent", text="silent")
    with bot.store.begin() as tx:
        for alarm in (*(feed_alarm(number, bot) for number in range(3)), topic):
            raise_alarm(tx, alarm)
    bot.clock.pass_by(COLLECTED)
    deliver(deps)
    assert len(texts(bot.channel)) == 4
    off = {"f0": deps.feeds["f0"], "f1": replace(deps.feeds["f1"], enabled=False)}
    deliver(replace(deps, feeds=off, topics={}))
    with bot.store.read() as tx:
        assert [alarm.subject for alarm in tx.alarms.all()] == ["f0"]
    assert len(bot.channel.sent) == 1


def test_a_disabled_channel_that_is_taken_out_ends_quietly_and_its_dead_letters_are_told(bot: Bot) -> None:
    deps, mail = with_mail(bot)
    answering(bot, GONE)
    put(bot, delivery("a"))
    deliver(deps)
    deps = replace(deps, channels={"mail": mail})
    for number in range(3):
        put(bot, delivery(f"b{number}"))
        deliver(deps)
        bot.clock.pass_by(HOUR)
    first, second = texts(mail)
    assert "until somebody acts" in first
    assert "is not configured any more" in second
    with bot.store.read() as tx:
        assert not any(map(stands, tx.alarms.all()))


def test_what_is_ended_by_its_part_is_told_with_the_usual_words(bot: Bot) -> None:
    alarm = Alarm(part=Part.STEP, subject="poll", cause="stuck", text="stuck", raised_at=bot.clock.now())
    with bot.store.begin() as tx:
        assert not end_alarm(tx, Part.STEP, alarm.subject, "stuck", bot.clock.now())
        assert raise_alarm(tx, alarm)
        assert not raise_alarm(tx, alarm)
    deliver(bot.deps)
    with bot.store.begin() as tx:
        assert end_alarm(tx, Part.STEP, alarm.subject, "stuck", bot.clock.now())
        assert not end_alarm(tx, Part.STEP, alarm.subject, "stuck", bot.clock.now())
    bot.clock.pass_by(STEADY)
    deliver(bot.deps)
    assert texts(bot.channel) == ["stuck", "The step “poll” works again."]


def test_alarms_are_told_although_a_slow_message_keeps_the_round_busy(bot: Bot) -> None:
    """A round lasts for as long as something is under way: alarms do not wait for its end."""
    deps, mail = with_mail(bot)
    told = threading.Event()

    def slow(_key: str) -> SendResult:
        with bot.store.begin() as tx:
            raise_alarm(tx, replace(feed_alarm(0, bot), part=Part.STEP))
        return Sent() if told.wait(20) else Refused(reason="nobody told the alarm meanwhile", permanent=True)

    def hears(_key: str) -> SendResult:
        told.set()
        return Sent()

    bot.channel.answer, mail.answer = slow, hears
    put(bot, delivery("a"))
    deliver(replace(deps, alarms=("mail",)))
    assert states(bot)["a"] is DeliveryState.SENT


def test_alarms_whose_times_lie_ahead_are_told_by_the_right_clock(bot: Bot) -> None:
    deps = with_feeds(bot, 1)
    ahead = replace(feed_alarm(0, bot), raised_at=bot.clock.now() + 365 * DAY)
    with bot.store.begin() as tx:
        raise_alarm(tx, ahead)
    deliver(deps)
    bot.clock.pass_by(COLLECTED)
    deliver(deps)
    assert texts(bot.channel) == ["0"]
