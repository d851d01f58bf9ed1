"""What every channel must do, tried on each one in the register."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from bot.channels import CHANNELS
from bot.core.text import fold
from bot.model import (
    Digest,
    Facts,
    NamedFeed,
    NearMiss,
    Notice,
    Receipt,
    Refused,
    Section,
    Sent,
    Unanswered,
    Volume,
)
from tests.channels.chat import ChatServer, Service
from tests.channels.servers import Reply, http_server
from tests.channels.worlds import KINDS, LATER, Kind, World
from tests.digests import END, HOSTILE, alarm, digest, digests, story

# A limit below which the worst of headlines and its address alone are too long.
TINY = 10_000
UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u061c\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
examples = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(params=sorted(CHANNELS))
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


@pytest.fixture
def world(kind: Kind, tmp_path: Path) -> Iterator[World]:
    with kind.open(tmp_path) as opened:
        yield opened


def marks(any_digest: Digest) -> list[str]:
    return [each.title.split("# ", 1)[0] + "#" for each in (*any_digest.stories, *any_digest.also_seen)]


def test_every_channel_is_tried_here() -> None:
    assert KINDS.keys() == CHANNELS.keys()


# ── rendering ──


@examples
@given(digests())
def test_any_digest_fits_is_safe_and_shows_or_counts_every_story(
    kind: Kind, world: World, any_digest: Digest
) -> None:
    rendered = world.channel.render(any_digest, "key")
    assert rendered
    assert list(rendered) == list(world.channel.render(any_digest, "key"))
    assert all(len(each.message.body) <= kind.limit for each in rendered)
    if kind.service is not None:
        # The receiver checks all that its service would; the world fails where it found anything.
        results = [world.channel.send(each.message, each.recipient, each.key) for each in rendered]
        assert all(isinstance(result, Sent) for result in results), results
    for reading in kind.read(rendered):
        assert not UNSAFE.search(reading.text)
        assert all(re.fullmatch(r"https?://[^\s<>\"|`]+", link) for link in reading.links)
        shown = [mark for mark in marks(any_digest) if mark in reading.text]
        assert len(shown) + reading.left_out == len(marks(any_digest))
        assert shown or not any_digest.stories or kind.limit <= TINY


@pytest.mark.parametrize("count", [0, 1, 20, 200])
@pytest.mark.parametrize("alert", [False, True])
def test_a_digest_of_any_length_fits_and_counts(kind: Kind, world: World, count: int, alert: bool) -> None:
    long = digest(count, kind="alert" if alert else "digest")
    rendered = world.channel.render(long, "key")
    assert all(len(each.message.body) <= kind.limit for each in rendered)
    for reading in kind.read(rendered):
        shown = [mark for mark in marks(long) if mark in reading.text]
        assert len(shown) + reading.left_out == count
        assert not count or shown


@pytest.mark.parametrize("sign", ["*", "芯", "&<", '"', "\U0001f680"])
def test_the_worst_of_digests_shows_a_story_and_counts_the_rest(kind: Kind, world: World, sign: str) -> None:
    """Every text and list at its longest, and the longest addresses."""
    text = sign * 4000
    lines = (text,) * 40
    url = "https://wire.example/" + "a" * 1470
    sources = tuple(replace(story(1).sources[0], name=text, url=f"{url}{at}") for at in range(20))
    facts = Facts(parties=lines, chips=lines, figures=lines, status=text)
    worst = replace(
        story(1, status="UPDATED", revision=2),
        title=f"#1# {text}", url=url, lead=text, sources=sources, facts=facts, news=lines, because=lines,
        relation=text,
    )  # fmt: skip
    missed = NearMiss(
        item_id=text, title=text, url=url, source=text, topic_id=text, topic=text, score=0.4, threshold=0.5
    )
    feeds = tuple(NamedFeed(feed_id=line, name=line) for line in lines)
    told = replace(
        digest(0),
        title=text,
        sections=(Section(title=text, stories=(worst, story(2))),),
        quiet_topics=lines,
        notices=(Notice(feed_id="f", kind="silent", text=text, at=END),) * 20,
        near_misses=(missed,) * 3,
        volumes=(Volume(topic_id=text, topic=text, stories=9, usual=3),) * 20,
        receipt=Receipt(
            feeds=9,
            feeds_failing=feeds,
            feeds_silent=feeds,
            feeds_rolled_over=feeds,
            items_read=9,
            stories_matched=9,
        ),
    )
    rendered = world.channel.render(told, "key")
    assert all(len(each.message.body) <= kind.limit for each in rendered)
    if kind.service is not None:
        for each in rendered:
            assert isinstance(world.channel.send(each.message, each.recipient, each.key), Sent)
    for reading in kind.read(rendered):
        shown = [mark for mark in ("#1#", "#2#") if mark in reading.text]
        assert shown or kind.limit <= TINY
        assert len(shown) + reading.left_out == 2


def test_an_everyday_digest_is_told_whole(kind: Kind, world: World) -> None:
    everyday = replace(digest(5), also_seen=(story(91), story(92)))
    for reading in kind.read(world.channel.render(everyday, "key")):
        text = fold(reading.text)
        assert reading.left_out == 0
        for told in ("Chip deals daily", "2 GW", "Castellan", "Photonics", "Paper 1", "97%", "follow-up"):
            assert fold(told) in text
        assert {each.url for each in everyday.stories} <= reading.links


def test_an_update_says_what_is_new(kind: Kind, world: World) -> None:
    section = Section(title="Halcyon chips", stories=(story(1, status="UPDATED", revision=2),))
    for reading in kind.read(world.channel.render(replace(digest(1), sections=(section,)), "key")):
        assert "UPDATED" in reading.text
        assert "Foundry named: Meridian" in reading.text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(kind: Kind, world: World, text: str) -> None:
    bad = replace(story(1), lead=text, because=(text,), relation=text, news=(text,))
    hostile = replace(digest(1), title=text, sections=(Section(title=text, stories=(bad,)),))
    calm = kind.read(world.channel.render(digest(1), "key"))
    for reading, plain in zip(kind.read(world.channel.render(hostile, "key")), calm, strict=True):
        assert "#1#" in reading.text
        assert reading.links == plain.links


def test_renditions_of_one_digest_hold_the_same_links(kind: Kind, world: World) -> None:
    everyday = replace(digest(5), also_seen=(story(91),))
    links = {reading.links for reading in kind.read(world.channel.render(everyday, "key"))}
    assert len(links) == 1


def test_keys_are_unique_plain_and_depend_on_the_digest_key(world: World) -> None:
    one = [each.key for each in world.channel.render(digest(30), "one")]
    other = [each.key for each in world.channel.render(digest(30), "other")]
    assert len(set(one + other)) == len(one) + len(other)
    assert all(re.fullmatch(r"[0-9a-f]{32}", key) for key in one)


def test_an_alarm_says_what_it_is_about(kind: Kind, world: World) -> None:
    for reading in kind.read(world.channel.render(alarm(), "key")):
        assert fold("Delivery trouble") in fold(reading.text)
        assert "The channel chat is switched off: 404 no_service." in reading.text
        assert "nothing new" not in reading.text


# ── sending ──


def send_first(world: World) -> Sent | Refused | Unanswered:
    first = world.channel.render(digest(2), "key")[0]
    return world.channel.send(first.message, first.recipient, first.key)


def test_what_is_sent_is_what_was_rendered(world: World) -> None:
    rendered = world.channel.render(digest(2), "key")
    for each in rendered:
        assert isinstance(world.channel.send(each.message, each.recipient, each.key), Sent)
    assert sorted(world.received()) == sorted(each.message.body for each in rendered)


def test_busy_is_tried_again(world: World) -> None:
    world.busy()
    result = send_first(world)
    assert isinstance(result, Refused)
    assert not result.permanent
    assert result.retry_after == (LATER if world.says_when else None)


@pytest.mark.parametrize("name", sorted(CHANNELS.keys() - {"files"}))
def test_a_refusal_for_good_is_not_tried_again(name: str, tmp_path: Path) -> None:
    with KINDS[name].open(tmp_path) as world:
        assert world.refuse is not None
        world.refuse()
        result = send_first(world)
    assert isinstance(result, Refused)
    assert result.permanent
    assert not result.disables
    assert re.search(r"4\d\d|554", result.reason)


@pytest.mark.parametrize("name", sorted(CHANNELS.keys() - {"files"}))
def test_a_dropped_connection_is_unanswered(name: str, tmp_path: Path) -> None:
    with KINDS[name].open(tmp_path) as world:
        assert world.drop is not None
        world.drop()
        result = send_first(world)
    assert isinstance(result, Unanswered)
    assert "secret-part" not in result.reason


# ── what services answer ──

SERVICES = {name: kind.service for name, kind in KINDS.items() if kind.service is not None}
ERRORS = [(name, error) for name, service in SERVICES.items() for error in service.errors]
BUSY = [(name, at) for name, service in SERVICES.items() for at in range(len(service.busy))]


@contextmanager
def service_of(name: str, folder: Path) -> Iterator[tuple[World, ChatServer, Service]]:
    with KINDS[name].open(folder) as world:
        assert world.server is not None
        yield world, world.server, world.server.service


@pytest.mark.parametrize(("name", "error"), ERRORS)
def test_an_error_keeps_the_words_of_the_service_and_disables_where_a_person_must_act(
    name: str, error: str, tmp_path: Path
) -> None:
    with service_of(name, tmp_path) as (world, server, service):
        server.play(service.errors[error])
        result = send_first(world)
    assert isinstance(result, Refused)
    assert result.permanent
    assert error in result.reason
    assert result.disables == (error in service.disabling)


@pytest.mark.parametrize(("name", "at"), BUSY)
def test_every_way_to_say_when_to_come_again_is_heard(name: str, at: int, tmp_path: Path) -> None:
    with service_of(name, tmp_path) as (world, server, service):
        server.play(service.busy[at](7.0))
        result = send_first(world)
    assert isinstance(result, Refused)
    assert not result.permanent
    assert result.retry_after == timedelta(seconds=7)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_that_is_broken_is_tried_again(name: str, tmp_path: Path) -> None:
    with service_of(name, tmp_path) as (world, server, service):
        server.play(
            service.broken, Reply(status=503, headers=(("Retry-After", "Sun, 22 Nov 2026 08:01:00 GMT"),))
        )
        first, second = send_first(world), send_first(world)
        assert isinstance(send_first(world), Sent)
    assert isinstance(first, Refused)
    assert isinstance(second, Refused)
    assert not first.permanent
    assert second.retry_after == timedelta(minutes=1)


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("reply", [Reply(drop=True), Reply(unread=True), Reply(delay=30)], ids=str)
def test_what_may_have_been_taken_is_unanswered(name: str, reply: Reply, tmp_path: Path) -> None:
    with service_of(name, tmp_path) as (world, server, _):
        server.play(reply)
        result = send_first(world)
    assert isinstance(result, Unanswered)
    assert len(server.requests) == 1


@pytest.mark.parametrize("name", SERVICES)
def test_a_redirect_is_not_followed(name: str, tmp_path: Path) -> None:
    with http_server() as elsewhere, service_of(name, tmp_path) as (world, server, _):
        server.play(Reply(status=307, headers=(("Location", elsewhere.url),)))
        result = send_first(world)
        assert elsewhere.requests == []
    assert isinstance(result, Refused)
    assert result.permanent


@pytest.mark.parametrize("name", SERVICES)
def test_the_secret_shows_nowhere(name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    with service_of(name, tmp_path) as (world, server, service):
        echo = Reply(status=400, body=f"no such thing: {server.url} {server.path}".encode())
        server.play(echo, service.broken, Reply(drop=True), *service.errors.values())
        told = [repr(send_first(world)) for _ in server.replies.copy()]
        rendered = world.channel.render(digest(2), "key")
    told += [repr(world.channel), *(each.recipient for each in rendered), *(each.key for each in rendered)]
    told += [record.getMessage() for record in caplog.records]
    assert [text for text in told if "secret-part" in text] == []


def test_the_schedule_of_retries_grows_and_ends(world: World) -> None:
    policy = world.channel.retry
    assert list(policy.waits) == sorted(policy.waits)
    assert policy.waits[-1] < policy.give_up
