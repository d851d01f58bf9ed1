"""The Matrix channel against Synapse: what it takes, what it drops, and what stays after a kill."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.model import Digest, Refused, Rendered, Sent
from bot.ports import Channel
from tests.channels.worlds import make
from tests.digests import digest, story
from tests.realserver.synapse import Synapse, synapse

pytestmark = pytest.mark.realserver


@dataclass(frozen=True, kw_only=True)
class Room:
    server: Synapse
    channel: Channel
    id: str
    token: str

    def first(self, of: Digest, key: str) -> Rendered:
        return self.channel.render(of, key)[0]

    def send(self, each: Rendered) -> Sent:
        result = self.channel.send(each.message, each.recipient, each.key)
        assert isinstance(result, Sent), result
        return result


def enter(server: Synapse, user: str) -> Room:
    token = server.register(user)
    room = server.call("POST", "/_matrix/client/v3/createRoom", token, preset="private_chat")["room_id"]
    table = {"type": "matrix", "homeserver": server.url, "token": token, "rooms": [room]}
    return Room(server=server, channel=make("room", table, Path()), id=room, token=token)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synapse]:
    with synapse(tmp_path_factory.mktemp("synapse")) as running:
        yield running


def test_a_digest_can_be_read_back_as_it_was_rendered(server: Synapse) -> None:
    room = enter(server, "reader")
    each = room.first(digest(5), "key")
    receipt = room.send(each).receipt
    (event,) = server.messages(room.id, room.token)
    assert event["event_id"] == receipt
    assert event["content"] == json.loads(each.message.body)


def test_the_longest_messages_are_taken(server: Synapse) -> None:
    room = enter(server, "longest")
    rendered = room.channel.render(digest(300), "key")
    assert max(len(each.message.body) for each in rendered) > 50_000
    for each in rendered:
        room.send(each)
    assert len(server.messages(room.id, room.token)) == len(rendered)


def test_a_repeat_is_one_event_also_after_a_kill(server: Synapse) -> None:
    room = enter(server, "repeater")
    one, other = room.first(digest(2), "one"), room.first(digest(2), "other")
    receipts = {room.send(one).receipt for _ in range(3)}
    server.kill()
    server.start()
    receipts.add(room.send(one).receipt)
    assert len(receipts) == 1
    assert room.send(other).receipt not in receipts
    assert len(server.messages(room.id, room.token)) == 2


def test_an_update_stands_in_the_thread_of_the_first_alert(server: Synapse) -> None:
    room = enter(server, "follower")
    root = room.send(room.first(digest(1, kind="alert"), "first")).receipt
    update = digest(1, kind="alert")
    section = replace(update.sections[0], stories=(story(1, status="UPDATED", revision=2),))
    update = replace(update, sections=(section,), thread={room.id: root})
    answered = room.send(room.first(update, "second")).receipt
    path = f"/_matrix/client/v1/rooms/{room.id.replace('!', '%21')}/relations/{root}/m.thread"
    (event,) = server.call("GET", path.replace("$", "%24"), room.token)["chunk"]
    assert event["event_id"] == answered


def test_a_room_without_us_disables(server: Synapse) -> None:
    mine, others = enter(server, "insider"), enter(server, "outsider")
    each = mine.first(digest(1), "key")
    result = mine.channel.send(each.message, others.id, each.key)
    assert isinstance(result, Refused)
    assert result.disables
    assert "M_FORBIDDEN" in result.reason


def test_a_wrong_token_disables_and_is_not_told(server: Synapse) -> None:
    table = {"type": "matrix", "homeserver": server.url, "token": "syt_wrong", "rooms": ["!some:hs.example"]}
    channel = make("room", table, Path())
    each = channel.render(digest(1), "key")[0]
    result = channel.send(each.message, each.recipient, each.key)
    assert isinstance(result, Refused)
    assert result.disables
    assert "M_UNKNOWN_TOKEN" in result.reason
    assert "syt_wrong" not in result.reason


def test_too_much_at_once_is_told_when_to_come_again(tmp_path: Path) -> None:
    with synapse(tmp_path, per_second=0.1, burst=2) as slow:
        room = enter(slow, "hasty")
        results = [
            room.channel.send(each.message, each.recipient, each.key)
            for each in (room.first(digest(1), str(number)) for number in range(4))
        ]
    refused = [result for result in results if isinstance(result, Refused)]
    assert isinstance(results[0], Sent)
    assert refused
    for result in refused:
        assert not result.permanent
        assert result.reason.startswith("429 M_LIMIT_EXCEEDED")
        assert result.retry_after is not None
        assert timedelta(0) < result.retry_after <= timedelta(seconds=60)
