from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from bot.core.profile import build_profiles
from bot.model import (
    Delivery,
    Digest,
    DigestSpec,
    Message,
    NearMiss,
    Notice,
    Rendered,
    Topic,
)
from bot.pipeline.alert import alert
from bot.pipeline.deps import Deps
from bot.pipeline.digest import compose, compose_due, preview_digest, readable_files
from bot.pipeline.feedback import answer
from bot.pipeline.poll import poll
from bot.pipeline.triage import triage
from tests.fakes import START, RecordingChannel
from tests.pipeline.conftest import FEED, Bot, entry

EIGHT = START + timedelta(hours=1)
"""The digest's first slot."""

CHIP = entry("1", "Norvik tapes out its Fjell accelerator", "Samples go to two customers this summer.")
DEAL = entry("2", "Ostren takes over a chip designer", "The price is $300 million.")
RAIN = entry("3", "Rain closes the harbour", "Boats stay in until Friday.")


def take_in(bot: Bot, *entries: str) -> None:
    """Poll and judge what the feed holds now."""
    bot.publish(*entries)
    list(poll(bot.deps, [FEED.id]))
    triage(bot.deps)


def outbox(bot: Bot) -> Sequence[Delivery]:
    """Oldest first."""
    with bot.store.read() as tx:
        return list(reversed(tx.outbox.deliveries(state=None, limit=100)))


def told(bot: Bot) -> list[str]:
    """The titles of each message, one line a message."""
    return [delivery.message.body.decode().replace("\n", " | ") for delivery in outbox(bot)]


def daily(bot: Bot) -> int:
    return compose(bot.deps, bot.deps.digests["daily"], bot.clock.now())


# ── digests ──────────────────────────────────────────────────────────────────────────────────────


def test_a_story_is_told_once(bot: Bot) -> None:
    take_in(bot, CHIP, RAIN)
    assert daily(bot) == 1
    assert told(bot) == ["Norvik tapes out its Fjell accelerator"]
    bot.clock.pass_by(timedelta(days=1))
    take_in(bot, CHIP, RAIN)
    assert daily(bot) == 0
    bot.clock.pass_by(timedelta(days=1))
    take_in(bot, DEAL, CHIP)
    assert daily(bot) == 1
    assert told(bot)[1:] == ["Ostren takes over a chip designer"]


def test_what_a_delivery_holds_is_enough_to_send_and_to_explain_it(bot: Bot) -> None:
    take_in(bot, CHIP)
    daily(bot)
    (delivery,) = outbox(bot)
    assert (delivery.channel, delivery.recipient, delivery.origin) == ("chat", "team", "daily")
    assert delivery.created_at == delivery.due_at == START
    with bot.store.read() as tx:
        (story,) = tx.stories.search(topic="chips", since=None, words=(), limit=9)
        assert delivery.stories == (story.id,)
        assert tx.outbox.told("chat", [story.id])[story.id].origin == "daily"


def test_a_slot_is_taken_once_whatever_happened_since(bot: Bot) -> None:
    take_in(bot, CHIP)
    assert compose(bot.deps, bot.deps.digests["daily"], EIGHT) == 1
    take_in(bot, DEAL, CHIP)
    assert compose(bot.deps, bot.deps.digests["daily"], EIGHT) == 0
    assert daily(bot) == 1


def test_every_channel_is_told_and_remembers_for_itself(bot: Bot) -> None:
    mail = RecordingChannel(recipients=("ann", "bob"))
    spec = replace(bot.deps.digests["daily"], channels=("chat", "mail"))
    deps = replace(bot.deps, channels={"chat": bot.channel, "mail": mail})
    take_in(bot, CHIP)
    assert alert(deps) == 1, "the rule tells the chat"
    assert compose(deps, spec, bot.clock.now()) == 2, "the digest tells those who don't know: both by mail"
    assert [(each.channel, each.recipient) for each in outbox(bot)] == [
        ("chat", "team"),
        ("mail", "ann"),
        ("mail", "bob"),
    ]


@pytest.mark.parametrize(("send_empty", "messages"), [(False, 0), (True, 1)])
def test_a_quiet_day_is_told_only_where_that_is_wanted(bot: Bot, send_empty: bool, messages: int) -> None:
    take_in(bot, RAIN)
    spec = replace(bot.deps.digests["daily"], send_empty=send_empty)
    assert compose(bot.deps, spec, bot.clock.now()) == messages
    for digest in bot.channel.digests:
        assert digest.quiet_topics == ("Chips",)


def test_notices_about_feeds_wait_for_a_digest_that_is_sent_and_come_once(bot: Bot) -> None:
    def noted(text: str, at: datetime) -> None:
        with bot.store.begin() as tx:
            tx.feeds.note([Notice(feed_id=FEED.id, kind="silent", text=text, at=at)])

    noted("too long ago", START - timedelta(days=40))
    noted("on a day without stories", START - timedelta(hours=1))
    assert daily(bot) == 0
    take_in(bot, CHIP)
    bot.clock.pass_by(timedelta(days=1))
    noted("in the window", bot.clock.now())
    noted("after the slot", bot.clock.now() + timedelta(minutes=1))
    assert daily(bot) == 1
    take_in(bot, DEAL, CHIP)
    bot.clock.pass_by(timedelta(days=1))
    assert daily(bot) == 1
    told = [[notice.text for notice in digest.notices] for digest in bot.channel.digests]
    assert told == [["on a day without stories", "in the window"], ["after the slot"]]


def test_near_misses_are_shown_where_asked_for_until_they_are_answered(bot: Bot) -> None:
    watched = Topic(id="chips", title="Chips", query="accelerator OR rain")
    lax = build_profiles([watched], (), ())
    strict = build_profiles([replace(watched, threshold=0.99)], (), ())
    bot.deps = replace(bot.deps, judging=lambda: lax)
    take_in(bot, CHIP)
    bot.deps = replace(bot.deps, judging=lambda: strict)
    take_in(bot, CHIP, RAIN)
    plain = bot.deps.digests["daily"]
    asking = replace(plain, near_misses=2)
    with bot.store.read() as tx:
        ((rain, _),) = tx.items.search(topic=None, since=None, words=["rain"], limit=1)

    def shown(spec: DigestSpec) -> Sequence[NearMiss]:
        preview_digest(bot.deps, spec, bot.clock.now())
        return bot.channel.digests[-1].near_misses

    assert shown(plain) == ()
    (missed,) = shown(asking)
    assert (missed.item_id, missed.topic_id, missed.topic) == (rain.id, "chips", "Chips")
    assert 0.495 <= missed.score < missed.threshold == 0.99
    answer(bot.deps, rain, "chips", yes=False)
    assert shown(asking) == ()


def test_what_was_judged_after_the_digest_is_told_by_the_next(bot: Bot) -> None:
    bot.publish(CHIP)
    list(poll(bot.deps, [FEED.id]))
    bot.clock.pass_by(timedelta(minutes=1))
    assert daily(bot) == 0
    triage(bot.deps)
    bot.clock.pass_by(timedelta(days=1))
    assert daily(bot) == 1


def test_a_slot_before_the_last_one_has_a_window_of_its_own(bot: Bot) -> None:
    take_in(bot, CHIP)
    spec = replace(bot.deps.digests["daily"], send_empty=True)
    for slot in (EIGHT, EIGHT - timedelta(days=3)):
        assert compose(bot.deps, spec, slot) == 1
    before, earlier = bot.channel.digests
    assert before.window.end == EIGHT
    assert earlier.window.end - earlier.window.start == timedelta(days=1)


# ── on a clock ───────────────────────────────────────────────────────────────────────────────────


def test_a_digest_begins_when_it_is_first_seen_and_then_keeps_its_slots(bot: Bot) -> None:
    bot.clock.at = EIGHT + timedelta(minutes=30)
    take_in(bot, CHIP)
    assert compose_due(bot.deps) == 0, "today's slot was before it was configured"
    bot.clock.at = EIGHT + timedelta(days=1) - timedelta(seconds=1)
    assert compose_due(bot.deps) == 0
    bot.clock.pass_by(timedelta(seconds=2))
    assert compose_due(bot.deps) == 1
    assert compose_due(bot.deps) == 0
    (digest,) = bot.channel.digests
    assert digest.window.end == EIGHT + timedelta(days=1)
    assert not digest.late


def test_slots_missed_while_it_was_down_become_one_late_digest(bot: Bot) -> None:
    compose_due(bot.deps)
    take_in(bot, CHIP)
    bot.clock.at = EIGHT + timedelta(days=3, hours=5)
    assert compose_due(bot.deps) == 1
    assert compose_due(bot.deps) == 0
    (digest,) = bot.channel.digests
    assert digest.late
    assert digest.window.end == EIGHT + timedelta(days=3)
    assert digest.window.start == START, "the window begins where the last one ended"


def test_what_is_missed_too_long_ago_waits_for_the_next_slot(bot: Bot) -> None:
    spec = replace(bot.deps.digests["daily"], schedule=("0 8 * * 3",), catch_up=timedelta(hours=2))
    deps = replace(bot.deps, digests={"daily": spec})
    compose_due(deps)
    take_in(bot, CHIP)
    bot.clock.at = EIGHT + timedelta(days=1, hours=3)
    assert compose_due(deps) == 0
    bot.clock.at = EIGHT + timedelta(days=8)
    assert compose_due(deps) == 1


# ── alerts ───────────────────────────────────────────────────────────────────────────────────────


# ── all or nothing ───────────────────────────────────────────────────────────────────────────────


class Killed(Exception):
    """Stands for the end of the process."""


@dataclass
class KilledWhileRendering(RecordingChannel):
    alive: bool = False

    def render(self, digest: Digest, key: str) -> Sequence[Rendered]:
        if not self.alive:
            raise Killed
        return super().render(digest, key)


@pytest.mark.parametrize("step", ["digest", "alert"])
def test_killed_in_the_middle_nothing_is_lost_and_nothing_is_doubled(bot: Bot, step: str) -> None:
    weak = KilledWhileRendering()
    channels = {"chat": bot.channel, "weak": weak}
    spec = replace(bot.deps.digests["daily"], channels=("chat", "weak"))
    (rule,) = bot.deps.alerts
    deps = replace(bot.deps, channels=channels, alerts=(replace(rule, channels=("chat", "weak")),))

    def run(deps: Deps) -> int:
        return compose(deps, spec, EIGHT) if step == "digest" else alert(deps)

    take_in(bot, CHIP)
    with pytest.raises(Killed):
        run(deps)
    weak.alive = True
    run(deps)
    assert sorted(each.channel for each in outbox(bot)) == ["chat", "weak"]
    assert run(deps) == 0


def test_the_same_slot_gives_the_same_keys_and_bytes(bot: Bot) -> None:
    take_in(bot, CHIP)
    before = preview_digest(bot.deps, bot.deps.digests["daily"], EIGHT)
    compose(bot.deps, bot.deps.digests["daily"], EIGHT)
    (delivery,) = outbox(bot)
    assert list(before.values()) == [delivery.message.body]


# ── previews ─────────────────────────────────────────────────────────────────────────────────────


def test_a_preview_sends_nothing_and_remembers_nothing(bot: Bot) -> None:
    take_in(bot, CHIP)
    for _ in range(2):
        files = preview_digest(bot.deps, bot.deps.digests["daily"], bot.clock.now())
        assert files == {"daily-chat-1.txt": b"Norvik tapes out its Fjell accelerator"}
    assert outbox(bot) == []
    assert daily(bot) == 1
    assert preview_digest(bot.deps, bot.deps.digests["daily"], bot.clock.now()) == {}


def test_a_letter_is_also_laid_out_as_it_reads() -> None:
    letter = (
        b"Subject: News\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=x\r\n\r\n"
        b"--x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nplain\r\n"
        b"--x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>html</p>\r\n--x--\r\n"
    )
    files = readable_files("n", Message(subject="News", content_type="message/rfc822", body=letter))
    assert {name: content.strip() for name, content in files.items() if name != "n.eml"} == {
        "n.txt": b"plain",
        "n.html": b"<p>html</p>",
    }
    assert files["n.eml"] == letter


@pytest.mark.parametrize(
    ("content_type", "suffix"),
    [("application/json; charset=utf-8", ".json"), ("text/html", ".html"), ("image/png", ".bin")],
)
def test_other_messages_are_one_file_of_their_kind(content_type: str, suffix: str) -> None:
    message = Message(subject="News", content_type=content_type, body=b"x")
    assert readable_files("n", message) == {f"n{suffix}": b"x"}
