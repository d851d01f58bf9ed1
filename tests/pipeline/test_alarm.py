"""Alarms on a whole bot: by another channel, once, and once that all is well again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.model import DeliveryState, Refused, RetryPolicy, SendResult, Sent
from bot.pipeline.deliver import deliver
from bot.pipeline.deps import Deps
from tests.fakes import RecordingChannel
from tests.pipeline.conftest import Bot
from tests.pipeline.test_deliver import delivery, put, states

HOUR = timedelta(hours=1)
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
    assert [digest.title for digest in mail.digests] == ["Delivery trouble", "Delivery works again"]
    assert len(mail.sent) == 2
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
    assert [digest.title for digest in mail.digests] == ["Delivery trouble", "Delivery works again"]
