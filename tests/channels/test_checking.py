"""Every channel tried without sending: what it asks, and what it makes of the answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.channels import CHANNELS, Context, build
from bot.channels.checking import reached, writable
from bot.documents import parse_toml
from bot.model import Finding, Level
from bot.ports import Checkable
from tests.channels.services.webhook import SECRET
from tests.http_server import Answer, ScriptedServer, http_server

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
TOKEN = "123456:secret-part"


@pytest.fixture
def web() -> Iterator[ScriptedServer]:
    """At the end nothing may have been asked but what changes nothing."""
    with http_server() as server:
        yield server
    assert {request.method for request in server.requests} <= {"GET", "HEAD", "OPTIONS"}
    assert all(request.body == b"" for request in server.requests)


def options(kind: str, origin: str) -> dict[str, Any]:
    hook = f"{origin}/hook/secret-part-of-it"
    tables: dict[str, dict[str, Any]] = {
        "telegram": {"token": TOKEN, "chats": [-1001234567890, "@harbor"], "api": origin},
        "matrix": {"homeserver": origin, "token": "syt_secret-part", "rooms": ["!a", "!b"]},
        "ntfy": {"server": origin, "topic": "secret-part", "token": "tk_secret-part"},
        "webhook": {"url": hook, "secret": SECRET},
        "files": {},
        "apprise": {"urls": [hook.replace("http://", "json://")]},
    }
    return tables.get(kind, {"url": hook})


def check(kind: str, web: ScriptedServer, tmp_path: Path, **more: Any) -> list[Finding]:
    table = {"type": kind, **options(kind, web.origin), **more}
    context = Context(data=tmp_path, now=lambda: NOW, timeout=timedelta(seconds=2))
    channel = build("chat", table, context, parse_toml("", Path("chipwatch.toml")))
    assert isinstance(channel, Checkable)
    found = list(channel.check())
    assert found
    assert not [each for each in found if "secret-part" in each.found + each.remedy]
    return found


def say(web: ScriptedServer, answers: Mapping[str, tuple[int, bytes]]) -> None:
    for path, (status, body) in answers.items():
        web.play(path, Answer(status=status, body=body))


@pytest.mark.parametrize("kind", sorted(CHANNELS.keys() - {"email"}))
def test_every_channel_but_mail_can_be_tried_whatever_is_answered(
    kind: str, web: ScriptedServer, tmp_path: Path
) -> None:
    """Mail has one server for all its channels: ``login.py``."""
    check(kind, web, tmp_path)


@pytest.mark.parametrize("kind", ["slack", "teams", "googlechat", "mattermost"])
@pytest.mark.parametrize("status", [200, 302, 404, 405, 500])
def test_where_nothing_harmless_can_be_asked_any_answer_of_the_host_is_one(
    kind: str, status: int, web: ScriptedServer, tmp_path: Path
) -> None:
    say(web, {"/": (status, b"")})
    (found,) = check(kind, web, tmp_path)
    assert (found.level, found.host) == (Level.FINE, "127.0.0.1")
    # The address itself, which is a secret and may do something, was not asked.
    assert [(request.method, request.path) for request in web.requests] == [("HEAD", "/")]


@pytest.mark.parametrize(
    ("status", "level"),
    [
        *((status, Level.FINE) for status in (200, 204, 302, 401, 403, 405, 501)),
        *((status, Level.WARNING) for status in (404, 410, 500, 502)),
    ],
)
def test_a_webhook_is_asked_for_its_options(
    status: int, level: Level, web: ScriptedServer, tmp_path: Path
) -> None:
    say(web, {"/hook/secret-part-of-it": (status, b"")})
    (found,) = check("webhook", web, tmp_path)
    assert (found.level, [request.method for request in web.requests]) == (level, ["OPTIONS"])


@pytest.mark.parametrize(
    ("status", "body", "level", "words"),
    [
        (200, b'{"id": "1"}', Level.FINE, "the webhook is there"),
        (404, b'{"message": "Unknown Webhook", "code": 10015}', Level.FAULT, "404 10015 Unknown Webhook"),
        (429, b"slow down", Level.WARNING, "429 slow down"),
        (503, b"", Level.WARNING, "503"),
    ],
)
def test_discord(
    status: int, body: bytes, level: Level, words: str, web: ScriptedServer, tmp_path: Path
) -> None:
    say(web, {"/hook/secret-part-of-it": (status, body)})
    (found,) = check("discord", web, tmp_path, url=f"{web.origin}/hook/secret-part-of-it?thread_id=5")
    assert (found.level, words in found.found) == (level, True), found


def test_telegram_says_which_chat_it_does_not_see(web: ScriptedServer, tmp_path: Path) -> None:
    say(
        web,
        {
            f"/bot{TOKEN}/getMe": (200, b'{"ok": true}'),
            f"/bot{TOKEN}/getChat?chat_id=-1001234567890": (
                400,
                b'{"ok": false, "description": "Bad Request: chat not found"}',
            ),
            f"/bot{TOKEN}/getChat?chat_id=%40harbor": (200, b'{"ok": true}'),
        },
    )
    lost, seen = check("telegram", web, tmp_path)
    assert lost.level is Level.FAULT
    assert lost.found == "127.0.0.1 answered for chat -1001234567890: 400 Bad Request: chat not found"
    assert "add the bot to chat -1001234567890" in lost.remedy
    assert (seen.level, seen.found) == (Level.FINE, "the bot sees chat @harbor")


def test_matrix_says_which_room_it_is_not_in_and_what_is_wrong_with_the_token(
    web: ScriptedServer, tmp_path: Path
) -> None:
    base = "/_matrix/client/v3"
    say(
        web,
        {
            f"{base}/account/whoami": (200, b'{"user_id": "@bot:x"}'),
            f"{base}/joined_rooms": (200, b'{"joined_rooms": ["!b"]}'),
        },
    )
    out, inside = check("matrix", web, tmp_path)
    assert (out.level, out.found) == (Level.FAULT, "@bot:x is not in room !a")
    assert (inside.level, inside.found) == (Level.FINE, "@bot:x is in room !b")
    say(web, {f"{base}/account/whoami": (401, b'{"errcode": "M_UNKNOWN_TOKEN", "error": "no"}')})
    (wrong,) = check("matrix", web, tmp_path)
    assert (wrong.level, "401 M_UNKNOWN_TOKEN no" in wrong.found) == (Level.FAULT, True)
    assert "access token" in wrong.remedy


@pytest.mark.parametrize(
    ("answers", "level"),
    [
        ({"/v1/health": (200, b'{"healthy": true}'), "/v1/account": (200, b"{}")}, Level.FINE),
        # An old server has no such page.
        ({"/v1/health": (200, b'{"healthy": true}'), "/v1/account": (404, b"{}")}, Level.FINE),
        ({"/v1/health": (200, b'{"healthy": true}'), "/v1/account": (401, b"{}")}, Level.FAULT),
        ({"/v1/health": (200, b'{"healthy": false}')}, Level.FAULT),
        ({"/v1/health": (404, b"a web page")}, Level.FAULT),
    ],
)
def test_ntfy(
    answers: Mapping[str, tuple[int, bytes]], level: Level, web: ScriptedServer, tmp_path: Path
) -> None:
    say(web, answers)
    (found,) = check("ntfy", web, tmp_path)
    assert found.level is level


def test_what_a_host_tells_by_the_way(web: ScriptedServer, tmp_path: Path) -> None:
    web.play("/", Answer(headers={"Date": "Sun, 22 Nov 2026 09:00:00 GMT"}))
    (found,) = check("slack", web, tmp_path)
    assert found.ahead == timedelta(hours=1)


def test_a_name_and_a_password_in_an_address_stay_where_they_are(web: ScriptedServer, tmp_path: Path) -> None:
    context = Context(data=tmp_path, now=lambda: NOW)
    url = SecretStr(f"http://name:secret-part@127.0.0.1:{web.port}/hook")
    reached(url, context, "[channels.chat] url")
    assert [request.headers.get("Authorization") for request in web.requests] == [None]
    assert [finding.level for finding in reached(url, replace(context, now=lambda: NOW), "x")] == [Level.FINE]


def test_folders_that_can_be_written_and_others(tmp_path: Path) -> None:
    assert writable(tmp_path) is None
    assert writable(tmp_path / "not" / "there" / "yet") is None
    assert list(tmp_path.iterdir()) == []
    file = tmp_path / "file"
    file.write_text("in the way")
    assert isinstance(writable(file), NotADirectoryError)
    assert isinstance(writable(file / "below"), NotADirectoryError)
