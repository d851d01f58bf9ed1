"""What a word on the command line refers to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bot.app import opened
from bot.cli.known import Candidates, candidates, known_item, known_story, known_topic
from bot.configuration import read_configuration
from bot.errors import UsageError
from bot.model import Delivery, Message
from bot.ports import Tx
from tests.cli.conftest import Place
from tests.storage.samples import NOW

FERRY = "https://harbor.example/1"


@contextmanager
def looking(place: Place) -> Iterator[Tx]:
    configuration = read_configuration(place.config, place.data)
    with opened(configuration) as application, application.store.read() as tx:
        yield tx


def kinds(found: Candidates) -> tuple[int, int, int]:
    return len(found.items), len(found.stories), len(found.deliveries)


def test_each_kind_is_known_by_what_it_is_called_and_its_beginning(polled: Place) -> None:
    polled.call("digest", "daily")
    (item,) = polled.json("items", "ferry")
    (story,) = polled.json("stories", "ferry")
    delivery = polled.json("deliveries", "list")[0]
    with looking(polled) as tx:
        for reference, found in (
            (item["id"], (1, 0, 0)),
            (item["id"][:8], (1, 0, 0)),
            (FERRY, (1, 0, 0)),
            (FERRY + "?utm_source=x", (1, 0, 0)),
            (story["id"], (0, 1, 0)),
            (story["id"][:8], (0, 1, 0)),
            (delivery["key"], (0, 0, 1)),
            (delivery["key"][:8], (0, 0, 1)),
            ("ab", (0, 0, 0)),
            ("", (0, 0, 0)),
            ("nothing-like-it", (0, 0, 0)),
        ):
            assert kinds(candidates(tx, reference)) == found, reference
        assert known_item(tx, item["id"][:6]).title == item["title"]
        assert known_story(tx, story["id"][:6]).id == story["id"]


def test_a_beginning_of_several_names_them_all(polled: Place) -> None:
    """Keys and ids are hashes: it takes luck, or a delivery made for it, to have two that begin alike."""
    (item,) = polled.json("items", "ferry")
    (story,) = polled.json("stories", "ferry")
    configuration = read_configuration(polled.config, polled.data)
    with opened(configuration) as application, application.store.begin() as tx:
        for number, key in enumerate((item["id"][:8], story["id"][:8], *["a1b2c3d4"] * 3)):
            message = Message(subject=f"Message {number}", content_type="text/plain", body=b"")
            delivery = Delivery(
                key=f"{key}-{number}",
                channel="folder",
                recipient="x",
                origin="daily",
                message=message,
                created_at=NOW,
                due_at=NOW,
            )
            tx.outbox.add([delivery], ())
    told = polled.call("why", item["id"][:8])
    assert told.status == 2
    lines = [line.removeprefix("chipwatch: ") for line in told.err.splitlines()]
    assert lines == [
        f'"{item["id"][:8]}" fits several; write more of it:',
        f"  item {item['id']}  Skerry Lines launches its electric ferry",
        f"  delivery {item['id'][:8]}-0  Message 0",
    ]
    told = polled.call("why", story["id"][:8])
    assert f"story {story['id']}  Skerry" in told.err
    assert polled.call("why", item["id"]).status == 0, "the whole of an id is one thing"
    assert polled.call("why", "a1b2c3").err.count("Message ") == 3


def test_what_is_unknown_is_said_with_how_to_find_it(polled: Place) -> None:
    configuration = read_configuration(polled.config, polled.data)
    with opened(configuration) as application, application.store.read() as tx:
        with pytest.raises(UsageError, match="chipwatch items WORD"):
            known_item(tx, "nope")
        with pytest.raises(UsageError, match="chipwatch stories WORD"):
            known_story(tx, "nope")
        with pytest.raises(UsageError, match='did you mean "ferries"'):
            known_topic(application, "feries")
        assert known_topic(application, "") is None
