"""apprise: fitted texts, a destination a service, and what its few words tell of a failure."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from bot.core.render import utf16
from bot.model import Digest, Message, Refused, Sent, Unanswered
from bot.ports import Channel
from tests.channels.servers import Reply, http_server
from tests.channels.test___init__ import mistake
from tests.channels.worlds import make
from tests.digests import digest, digests, story

JSON = "json://localhost/secret-part"
# A service whose messages have at most 160 characters, title and all.
SMALL = f"voipms://{'p' * 12}:ann@example.org/16135550199/16135550188"
SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general"


def bot(*urls: str) -> Channel:
    return make("else", {"type": "apprise", "urls": list(urls)}, Path())


def payloads(of: Digest, *urls: str) -> list[dict[str, Any]]:
    return [json.loads(each.message.body) for each in bot(*urls).render(of, "key")]


# ── messages ──


def test_each_service_is_a_recipient_of_its_own_and_its_address_is_not_told() -> None:
    channel = bot(JSON, SMALL, JSON)
    rendered = channel.render(digest(1), "key")
    kinds = [each.recipient.partition(":")[0] for each in rendered]
    assert kinds == ["json", "voipms"]
    assert len({each.key for each in rendered}) == 2
    assert "secret-part" not in repr(channel) + repr(rendered)


@pytest.fixture(scope="module")
def small() -> Channel:
    return bot(SMALL)


@settings(max_examples=20)
@given(any_digest=digests())
def test_any_digest_fits_into_a_text_message(small: Channel, any_digest: Digest) -> None:
    for each in small.render(any_digest, "key"):
        payload = json.loads(each.message.body)
        assert utf16(payload["title"]) + 2 + utf16(payload["body"]) <= 160


def test_a_text_message_has_titles_and_says_what_is_left_out() -> None:
    parts = payloads(digest(9), SMALL)
    assert len(parts) == 3
    assert "NEW: #1# Norvik orders" in parts[0]["body"]
    assert "https://harbour-wire.example/1" in parts[0]["body"]
    assert "more stories are not shown" in parts[-1]["body"]


def test_a_text_message_has_every_story_that_counts_as_told(small: Channel) -> None:
    beside = replace(digest(1), also_seen=(story(8), story(9)))
    messages = small.render(beside, "key")
    shown = {story_id for each in messages for story_id in each.stories}
    said = "".join(json.loads(each.message.body)["body"] for each in messages)
    for told in (*beside.stories, *beside.also_seen):
        assert (told.url in said) is (told.id in shown)


def test_no_call_and_no_tag_stays_alive() -> None:
    loud = replace(story(1), title="<!channel> @here <b>", url="")
    section = replace(digest(1).sections[0], stories=(loud,))
    for payload in payloads(replace(digest(1), title="@all <b>", sections=(section,)), JSON, SMALL):
        said = payload["title"] + payload["body"]
        assert not {"<", ">"} & set(said)
        assert not {"@here", "@all"} & set(said.split())


# ── answers ──


def outcome(*replies: Reply, of: Digest | None = None) -> Sent | Refused | Unanswered:
    with http_server(replies) as server:
        channel = bot(server.url.replace("http://", "json://"))
        first = channel.render(of or digest(1), "key")[0]
        return channel.send(first.message, first.recipient, first.key)


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (200, Sent()),
        (400, Refused(reason="400 from JSON", permanent=True)),
        (404, Refused(reason="404 from JSON", permanent=True)),
        (429, Refused(reason="429 from JSON")),
        (503, Refused(reason="503 from JSON")),
        (307, Refused(reason="307 from JSON", permanent=True)),
    ],
)
def test_a_status_decides(status: int, result: Sent | Refused) -> None:
    assert outcome(Reply(status=status)) == result


@pytest.mark.parametrize("reply", [Reply(drop=True), Reply(delay=30)])
def test_a_lost_answer_and_one_that_takes_too_long_are_held(reply: Reply) -> None:
    assert outcome(reply) == Unanswered(reason="JSON gave no answer")


def test_a_connection_that_never_came_about_is_tried_again() -> None:
    channel = bot("json://127.0.0.1:1/secret-part")
    first = channel.render(digest(1), "key")[0]
    result = channel.send(first.message, first.recipient, first.key)
    assert result == Refused(reason="can't connect to JSON")


def test_what_stands_in_a_message_is_not_taken_for_an_answer() -> None:
    lying = replace(story(1), lead="Socket Exception: NewConnectionError error=404")
    section = replace(digest(1).sections[0], stories=(lying,))
    assert isinstance(outcome(Reply(drop=True), of=replace(digest(1), sections=(section,))), Unanswered)


def test_who_sends_is_us_and_nothing_is_loaded_from_elsewhere() -> None:
    with http_server() as server:
        channel = bot(server.url.replace("http://", "json://"))
        first = channel.render(digest(1), "key")[0]
        channel.send(first.message, first.recipient, first.key)
    (request,) = server.requests
    assert request.headers["user-agent"] == "chipwatch"
    assert b"apprise" not in request.body.lower()
    assert b"github" not in request.body


def test_its_log_which_holds_addresses_does_not_reach_ours() -> None:
    heard: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record.getMessage())

    listener = Listener()
    logging.getLogger().addHandler(listener)
    try:
        outcome(Reply(status=500))
    finally:
        logging.getLogger().removeHandler(listener)
    assert [line for line in heard if "secret-part" in line] == []


def test_a_service_that_left_the_configuration_is_named() -> None:
    result = bot(JSON).send(Message(subject="", content_type="", body=b"{}"), "json:0", "key")
    assert result == Refused(reason="this service is not in the configuration any more", permanent=True)


# ── options ──


def test_an_address_that_apprise_does_not_know_is_named_and_not_shown() -> None:
    said = str(mistake('type = "apprise"\nurls = ["json://localhost", "nothing://secret-part"]'))
    assert ":3: channels.team.urls[1]: is not an address that apprise understands" in said
    assert "secret-part" not in said


def test_no_service_is_too_few() -> None:
    assert "name at least one service" in str(mistake('type = "apprise"\nurls = []'))


def test_without_the_package_one_is_told_what_to_install() -> None:
    program = """
import sys
sys.modules["apprise"] = None
from pathlib import Path
from bot.channels import Context, build
from bot.documents import parse_toml
from bot.errors import ConfigErrors
text = '[channels.else]\\ntype = "apprise"\\nurls = ["json://localhost"]'
document = parse_toml(text, Path("chipwatch.toml"))
try:
    build("else", document.data["channels"]["else"], Context(data=Path(), now=lambda: 0), document)
except ConfigErrors as error:
    print(error.problems[0])
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    expected = 'chipwatch.toml:2: channels.else.type: needs a package: pip install "chipwatch[apprise]"'
    assert said.strip() == expected


def test_the_package_is_not_loaded_before_a_channel_asks_for_it() -> None:
    program = "import sys, bot.channels; print('apprise' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "False"
