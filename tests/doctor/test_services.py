"""Channels as the outbox knows them, and an advisor in all its moods."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from bot.core.findings import fault, fine
from bot.doctor.services import check_advisor, check_channel
from bot.model import Destination, Finding, Level
from bot.ports import Channel
from bot.tables import Advisor
from tests.fakes import RecordingChannel
from tests.http_server import Answer, ScriptedServer, http_server

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
DISABLED = Destination(channel="chat", disabled_at=NOW, disabled_why="404 no_service")


@dataclass
class Tried(RecordingChannel):
    """A channel that can be tried."""

    found: tuple[Finding, ...] = ()

    def check(self) -> Sequence[Finding]:
        return self.found


def test_a_channel_that_is_well_or_can_only_be_used() -> None:
    assert check_channel(Tried(found=(fine("well"),)), None) == (fine("well"),)
    plain: Channel = RecordingChannel()
    assert [each.found for each in check_channel(plain, None)] == ["goes through the mail server"]


def test_a_channel_that_was_disabled_is_told_how_to_enable_it() -> None:
    (well,) = check_channel(Tried(found=(fine("well"),)), DISABLED)
    assert well.level is Level.WARNING
    assert well.found == "disabled since 2026-11-22 08:00 UTC: 404 no_service"
    assert "chipwatch deliveries enable chat" in well.remedy
    (broken,) = check_channel(Tried(found=(fault("404", "make a new webhook"),)), DISABLED)
    assert (broken.level, broken.remedy) == (
        Level.FAULT,
        "make a new webhook; then chipwatch deliveries enable chat",
    )
    paused = Destination(channel="chat", paused_until=NOW, paused_why="429")
    assert check_channel(Tried(found=(fine("well"),)), paused) == (fine("well"),)


@pytest.fixture
def web() -> Iterator[ScriptedServer]:
    with http_server() as server:
        yield server


def advisor(web: ScriptedServer, path: str = "/v1/chat/completions") -> Advisor:
    return Advisor(url=f"{web.origin}{path}", model="small-one", api_key=SecretStr("sk-secret"))


@pytest.mark.parametrize(
    ("status", "body", "level", "found"),
    [
        (200, {"data": [{"id": "big-one"}, {"id": "small-one"}]}, Level.FINE, "answers"),
        (200, {"data": [{"id": "big-one"}]}, Level.FAULT, "has no model small-one"),
        (200, {"models": ["of", "another", "way"]}, Level.FINE, "answers"),
        (200, [1, 2], Level.FINE, "answers"),
        (200, {"data": "none"}, Level.FINE, "answers"),
        (404, {}, Level.FINE, "answers"),
        (401, {}, Level.FAULT, "refuses the key: 401"),
        (403, {}, Level.FAULT, "refuses the key: 403"),
    ],
)
def test_an_advisor(status: int, body: Any, level: Level, found: str, web: ScriptedServer) -> None:
    web.play("/v1/models", Answer(status=status, body=json.dumps(body).encode()))
    (finding,) = check_advisor(advisor(web), "chipwatch", NOW)
    assert (finding.level, found in finding.found) == (level, True), finding
    (request,) = web.requests
    # Nothing that costs anything: a list of names.
    assert (request.method, request.path, request.body) == ("GET", "/v1/models", b"")
    assert request.headers["authorization"] == "Bearer sk-secret"


def test_an_advisor_that_does_not_answer_is_missed_and_no_more(web: ScriptedServer) -> None:
    away = Advisor(url="http://advice.invalid/v1/chat/completions", model="small-one")
    (finding,) = check_advisor(away, "chipwatch", NOW)
    assert (finding.level, "items are judged without it" in finding.found) == (Level.WARNING, True)
