"""What every channel must do, tried on each one in the register."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from bot.channels import CHANNELS
from bot.core.text import fold
from bot.model import Digest, Refused, Section, Sent, Unanswered
from tests.channels.worlds import KINDS, LATER, Kind, World
from tests.digests import HOSTILE, digest, digests, story

UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
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
    for reading in kind.read(rendered):
        assert not UNSAFE.search(reading.text)
        assert all(re.fullmatch(r"https?://[^\s<>\"|`]+", link) for link in reading.links)
        shown = [mark for mark in marks(any_digest) if mark in reading.text]
        assert len(shown) + reading.left_out == len(marks(any_digest))


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
    assert re.match(r"410|message refused: 554", result.reason)


@pytest.mark.parametrize("name", sorted(CHANNELS.keys() - {"files"}))
def test_a_dropped_connection_is_unanswered(name: str, tmp_path: Path) -> None:
    with KINDS[name].open(tmp_path) as world:
        assert world.drop is not None
        world.drop()
        result = send_first(world)
    assert isinstance(result, Unanswered)
    assert "secret-part" not in result.reason


def test_the_schedule_of_retries_grows_and_ends(world: World) -> None:
    policy = world.channel.retry
    assert list(policy.waits) == sorted(policy.waits)
    assert policy.waits[-1] < policy.give_up
