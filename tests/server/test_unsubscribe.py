"""A link that only a POST acts on, over real HTTP, whatever else is sent to it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import html5lib
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import ChipwatchError
from bot.server.health import HealthServer
from bot.server.unsubscribe import routes

NAME = "<script>alert(1)</script> & co"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@dataclass
class Register:
    """Knows one token; keeps every token that it was asked to unsubscribe."""

    token: str = "right"
    down: bool = False
    asked: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)

    def known(self, token: str) -> str | None:
        if self.down:
            raise ChipwatchError("the database is locked")
        self.asked.append(token)
        return NAME if token == self.token else None

    def unsubscribe(self, token: str) -> str | None:
        name = self.known(token)
        self.gone += [token] if name else []
        return name


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, Register]]:
    register = Register()
    server = HealthServer("127.0.0.1", 0, dict, routes(register))
    yield f"http://127.0.0.1:{server.start()}", register
    server.stop()


@pytest.fixture
def register(served: tuple[str, Register]) -> Register:
    register = served[1]
    register.gone.clear()
    register.asked.clear()
    register.down = False
    return register


@pytest.fixture
def link(served: tuple[str, Register], register: Register) -> str:
    return f"{served[0]}/u/right"


def test_looking_shows_a_button_and_changes_nothing(link: str, register: Register) -> None:
    for method in ("GET", "HEAD"):
        answer = httpx.request(method, link)
        assert answer.status_code == 200
    page = httpx.get(link).text
    assert register.gone == []
    html5lib.HTMLParser(strict=True).parse(page)
    assert '<form method="post">' in page
    assert "<button" in page
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; co" in page


def test_the_button_and_a_mail_program_unsubscribe(link: str, register: Register) -> None:
    as_form = httpx.post(link, data=ONE_CLICK)
    as_parts = httpx.post(link, files={"List-Unsubscribe": (None, "One-Click")})
    for answer in (as_form, as_parts):
        assert (answer.status_code, answer.history) == (200, [])
        assert "You are unsubscribed" in answer.text
        assert "set-cookie" not in answer.headers
    assert register.gone == ["right", "right"]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("token", ["wrong", "right%00", "r%C3%AFght", "%2e%2e", "x" * 5000])
def test_an_unknown_token_is_told_as_one(link: str, register: Register, method: str, token: str) -> None:
    answer = httpx.request(method, link.replace("right", token), data=ONE_CLICK)
    assert answer.status_code == 404
    assert register.gone == []


def test_other_methods_and_paths_do_nothing(link: str, register: Register) -> None:
    assert httpx.put(link, data=ONE_CLICK).status_code == 405
    assert httpx.delete(link).status_code == 405
    assert httpx.post(f"{link}/x", data=ONE_CLICK).status_code == 404
    assert httpx.post(f"{link}/", data=ONE_CLICK).status_code == 404, "and no redirect"
    assert httpx.post(link.removesuffix("right"), data=ONE_CLICK).status_code == 404
    assert register.gone == []


def test_a_post_that_does_not_ask_for_it_changes_nothing(link: str, register: Register) -> None:
    for body in (b"", b"List-Unsubscribe=No", b"{}"):
        assert httpx.post(link, content=body).status_code == 400
    assert register.gone == []


def test_a_large_body_is_not_read_to_its_end(link: str, register: Register) -> None:
    assert httpx.post(link, content=b"List-Unsubscribe=One-Click" + b"x" * 5_000).status_code == 413
    assert register.gone == []


def test_a_body_that_never_comes_holds_up_nobody_else(link: str, register: Register) -> None:
    where = urlsplit(link)
    with socket.create_connection((where.hostname or "", where.port or 0), timeout=5) as line:
        line.sendall(b"POST /u/right HTTP/1.1\r\nHost: x\r\nContent-Length: 26\r\n\r\nList-")
        assert httpx.get(link, timeout=2).status_code == 200
    assert httpx.post(link, data=ONE_CLICK, timeout=2).status_code == 200
    assert register.gone == ["right"]


def test_trouble_is_told_as_passing(link: str, register: Register) -> None:
    register.down = True
    for answer in (httpx.get(link), httpx.post(link, data=ONE_CLICK)):
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")


def test_nothing_is_remembered_or_passed_on_by_a_browser(link: str) -> None:
    headers = httpx.get(link).headers
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in headers["content-security-policy"]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_garbage_leaves_the_server_as_it_was(link: str, register: Register, garbage: bytes) -> None:
    where = urlsplit(link)
    with socket.create_connection((where.hostname or "", where.port or 0), timeout=5) as line:
        line.sendall(b"POST /u/right HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n" + garbage + b"\r\n\r\n")
        line.shutdown(socket.SHUT_WR)
        while line.recv(4096):
            pass
    assert register.gone == []
    assert httpx.get(link).status_code == 200
