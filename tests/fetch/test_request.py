"""One fetch against a real server; what runs many of them at once is in test_http.py."""

import asyncio
import gzip
import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import brotli
import pytest
import trustme

from bot.fetch import FAILURES
from bot.fetch.body import body_hash
from bot.fetch.curl import CurlTransport
from bot.fetch.guard import Gate, GuardedTransport
from bot.fetch.lookups import Lookups
from bot.fetch.request import FetchOptions, Requester
from bot.fetch.room import Rooms
from bot.model import FeedState, Fetched, FetchFailed, FetchOutcome, NotModified
from tests.http_server import Answer, ScriptedServer, http_server

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
OPTIONS = FetchOptions(
    user_agent="chipwatch/1 (+mailto:you@example.org)",
    allow_networks=("127.0.0.0/8", "::1"),
    connect_timeout=timedelta(seconds=2),
    read_timeout=timedelta(seconds=2),
    total_timeout=timedelta(seconds=4),
    max_body=100_000,
)


@pytest.fixture(scope="module")
def running() -> Iterator[ScriptedServer]:
    with http_server() as server:
        yield server


@pytest.fixture
def server(running: ScriptedServer) -> ScriptedServer:
    running.requests.clear()
    return running


def fetch(state: FeedState | str, options: FetchOptions = OPTIONS) -> FetchOutcome:
    if isinstance(state, str):
        state = FeedState(feed_id="f", url=state, next_poll_at=NOW)
    outcome = asyncio.run(_fetched(state, options))
    if isinstance(outcome, FetchFailed):
        assert outcome.kind in FAILURES
    return outcome


async def _fetched(state: FeedState, options: FetchOptions) -> FetchOutcome:
    gate = Gate.opened(options.allow_networks)
    inner = CurlTransport(ca_file=options.ca_file)
    async with GuardedTransport(inner, gate, 2, Lookups(1)) as transport:
        return await Requester(transport, options, lambda: NOW).fetch(state, Rooms().room())


def failure(state: FeedState | str, options: FetchOptions = OPTIONS) -> FetchFailed:
    outcome = fetch(state, options)
    assert isinstance(outcome, FetchFailed)
    return outcome


def body(state: FeedState | str, options: FetchOptions = OPTIONS) -> Fetched:
    outcome = fetch(state, options)
    assert isinstance(outcome, Fetched), outcome
    return outcome


def test_a_body_comes_with_what_was_said_of_it(server: ScriptedServer) -> None:
    headers = {
        "Content-Type": "application/rss+xml",
        "ETag": '"v1"',
        "Last-Modified": "Mon, 02 Mar 2026 12:00:00 GMT",
        "Cache-Control": "max-age=3600",
        "Content-Encoding": "gzip",
    }
    url = server.play("/feed", Answer(body=gzip.compress(b"<rss/>", mtime=0), headers=headers))
    assert body(url) == Fetched(
        body=b"<rss/>",
        body_hash=body_hash(b"<rss/>"),
        content_type="application/rss+xml",
        final_url=url,
        etag='"v1"',
        modified="Mon, 02 Mar 2026 12:00:00 GMT",
        fresh_for=HOUR,
    )
    (request,) = server.requests
    assert request.headers["User-Agent"] == OPTIONS.user_agent
    assert request.headers["Accept-Encoding"] == "gzip, deflate, br, zstd"
    assert "If-None-Match" not in request.headers


def read_before(url: str, full: timedelta) -> FeedState:
    return FeedState(
        feed_id="f", url=url, next_poll_at=NOW, etag='"v1"', modified="then", last_full_at=NOW - full
    )


def test_validators_are_sent_back(server: ScriptedServer) -> None:
    url = server.play("/same", Answer(status=304, headers={"Cache-Control": "max-age=60"}))
    assert fetch(read_before(url, HOUR)) == NotModified(fresh_for=timedelta(minutes=1))
    assert server.requests[0].headers["If-None-Match"] == '"v1"'
    assert server.requests[0].headers["If-Modified-Since"] == "then"


def test_a_304_that_nobody_asked_for_is_no_answer(server: ScriptedServer) -> None:
    outcome = failure(server.play("/always", Answer(status=304)))
    assert (outcome.kind, outcome.status) == ("protocol", 304)


def test_a_move_is_noted_where_nothing_is_new_as_well(server: ScriptedServer) -> None:
    server.play("/old", Answer(status=301, headers={"Location": "/new"}))
    server.play("/new", Answer(status=304))
    outcome = fetch(read_before(server.origin + "/old", HOUR))
    assert outcome == NotModified(moved_to=server.origin + "/new")


def test_what_is_new_alone_is_asked_for_and_known_as_such(server: ScriptedServer) -> None:
    url = server.play("/delta", Answer(status=226, headers={"IM": "feed", "ETag": '"v2"'}, body=b"<rss/>"))
    outcome = body(read_before(url, HOUR))
    assert (outcome.delta, outcome.status, outcome.etag) == (True, 226, '"v2"')
    assert server.requests[0].headers["A-IM"] == "feed"
    assert not body(url).delta
    assert "A-IM" not in server.requests[1].headers
    dated = replace(read_before(url, HOUR), etag=None)
    assert not body(dated).delta


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [("br", brotli.compress(b"<rss/>")), ("gzip, br", brotli.compress(gzip.compress(b"<rss/>", mtime=0)))],
)
def test_bodies_are_unpacked(server: ScriptedServer, encoding: str, packed: bytes) -> None:
    url = server.play("/packed", Answer(body=packed, headers={"Content-Encoding": encoding}))
    assert body(url).body == b"<rss/>"


CHALLENGE = b"<!doctype html><title>Just a moment...</title><script>window._cf_chl_opt={}</script>"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=403, body=CHALLENGE),
        Answer(status=503, body=CHALLENGE, headers={"Retry-After": "60"}),
        Answer(status=200, body=CHALLENGE),
        Answer(status=403, body=gzip.compress(CHALLENGE, mtime=0), headers={"Content-Encoding": "gzip"}),
        Answer(status=403, body=CHALLENGE, headers={"Content-Length": "9999"}),
        Answer(status=403, body=CHALLENGE + b" " * 1000, endless=True),
        Answer(status=429, headers={"cf-mitigated": "challenge"}),
    ],
)
def test_a_bot_wall_is_told_as_such(server: ScriptedServer, answer: Answer) -> None:
    outcome = failure(server.play("/wall", answer))
    assert (outcome.kind, outcome.status) == ("blocked", answer.status)
    assert outcome.detail.startswith("Cloudflare ")
    assert "ask the publisher" in outcome.detail
    assert (outcome.retry_after is not None) == ("Retry-After" in answer.headers)


def test_a_day_later_the_whole_feed_is_fetched(server: ScriptedServer) -> None:
    url = server.play("/daily", Answer(body=b"x"))
    body(read_before(url, timedelta(days=1)))
    assert not {"If-None-Match", "If-Modified-Since"} & set(server.requests[0].headers)


def test_a_validator_that_would_end_a_header_is_not_sent(server: ScriptedServer) -> None:
    url = server.play("/inject", Answer(body=b"x"))
    body(replace(read_before(url, HOUR), etag="a\r\nX-Evil: 1"))
    assert not {"If-None-Match", "X-Evil"} & set(server.requests[0].headers)


@pytest.mark.parametrize(
    ("statuses", "moved"),
    [((301, 308), "/end"), ((302,), None), ((301, 302), "/hop1"), ((307, 301), None), ((303,), None)],
)
def test_redirects_are_followed_and_permanent_ones_noted(
    server: ScriptedServer, statuses: tuple[int, ...], moved: str | None
) -> None:
    paths = ["/start", *(f"/hop{number}" for number in range(1, len(statuses))), "/end"]
    for (path, target), status in zip(pairwise(paths), statuses, strict=True):
        server.play(path, Answer(status=status, headers={"Location": target}))
    server.play("/end", Answer(body=b"x"))
    outcome = body(server.origin + "/start")
    assert outcome.final_url == server.origin + "/end"
    assert outcome.moved_to == (server.origin + moved if moved else None)


@pytest.mark.parametrize(
    ("location", "kind"),
    [
        ("http://169.254.169.254/latest/meta-data/", "refused"),
        ("http://10.0.0.1/", "refused"),
        ("http://0xa9fea9fe/", "refused"),
        ("//[::ffff:10.0.0.1]/", "refused"),
        ("file:///etc/passwd", "refused"),
        ("gopher://127.0.0.1:11211/_stats", "refused"),
        ("javascript:alert(1)", "refused"),
        ("http://[bad/", "refused"),
        ("", "redirect"),
        ("/round", "redirect"),
    ],
)
def test_redirects_lead_nowhere_private(server: ScriptedServer, location: str, kind: str) -> None:
    url = server.play("/round", Answer(status=302, headers={"Location": location}))
    assert failure(url).kind == kind
    assert len(server.requests) == (6 if location == "/round" else 1)


def test_a_name_that_leads_home_is_refused(server: ScriptedServer) -> None:
    url = f"http://localhost:{server.port}/feed"
    outcome = failure(url, replace(OPTIONS, allow_networks=()))
    assert (outcome.kind, server.requests) == ("refused", [])
    assert "allow_networks" in outcome.detail
    server.play("/feed", Answer(body=b"x"))
    assert body(url, replace(OPTIONS, allow_networks=("localhost",))).body == b"x"
    assert server.requests[0].headers["Host"] == f"localhost:{server.port}"


def test_credentials_stay_with_their_origin_and_out_of_every_word(server: ScriptedServer) -> None:
    server.play("/secret", Answer(status=302, headers={"Location": f"http://localhost:{server.port}/else"}))
    server.play("/else", Answer(body=b"x"))
    url = f"http://user:pass%20word@127.0.0.1:{server.port}/secret"
    outcome = body(url)
    first, second = server.requests
    assert first.headers["Authorization"] == "Basic dXNlcjpwYXNzIHdvcmQ="
    assert "Authorization" not in second.headers
    assert "pass" not in repr(outcome)
    server.play("/secret", Answer(status=500))
    assert "pass" not in repr(failure(url))


@pytest.mark.parametrize(
    ("answer", "kind", "status"),
    [
        (Answer(status=404), "status", 404),
        (Answer(status=500), "status", 500),
        (Answer(status=410), "gone", 410),
        (Answer(status=429), "throttled", 429),
        (Answer(status=503), "status", 503),
        (Answer(status=503, headers={"Retry-After": "60"}), "throttled", 503),
        (Answer(status=599), "status", 599),
        (Answer(body=b" " * 1000, endless=True), "too-large", None),
        (
            Answer(body=gzip.compress(b" " * 10_000_000), headers={"Content-Encoding": "gzip"}),
            "too-large",
            None,
        ),
        (Answer(body=b"\x1f\x8bxx", headers={"Content-Encoding": "gzip"}), "encoding", None),
        (Answer(body=b"x", headers={"Content-Encoding": "br"}), "encoding", None),
        (Answer(body=b"x", headers={"Content-Length": "999"}), "protocol", None),
        (Answer(headers={f"X-{number}": "y" * 50 for number in range(5000)}), "protocol", None),
    ],
)
def test_trouble_has_a_name(server: ScriptedServer, answer: Answer, kind: str, status: int | None) -> None:
    outcome = failure(server.play("/trouble", answer))
    assert (outcome.kind, outcome.status) == (kind, status)
    assert outcome.detail


@pytest.mark.parametrize(
    ("value", "expected"),
    [("120", timedelta(minutes=2)), ("99999999999", timedelta(days=1)), ("-5", None), ("soon", None)],
)
def test_retry_after_is_bounded(server: ScriptedServer, value: str, expected: timedelta | None) -> None:
    url = server.play("/later", Answer(status=429, headers={"Retry-After": value}))
    assert failure(url).retry_after == expected


@pytest.mark.parametrize("answer", [Answer(body=b"x" * 400, drip=0.02), Answer(delay=30)])
def test_a_slow_server_is_given_up(server: ScriptedServer, answer: Answer) -> None:
    outcome = failure(server.play("/slow", answer), replace(OPTIONS, total_timeout=timedelta(seconds=0.3)))
    assert outcome.kind == "timeout"


def test_silence_between_two_pieces_is_given_up(server: ScriptedServer) -> None:
    options = replace(OPTIONS, read_timeout=timedelta(seconds=0.2))
    outcome = failure(server.play("/silent", Answer(delay=30)), options)
    assert (outcome.kind, outcome.detail) == ("timeout", "the server sent nothing for too long")


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("http://127.0.0.1:1/", "connect"),
        ("http://no-such-name.invalid/", "dns"),
        ("ftp://example.org/", "refused"),
        ("file:///etc/passwd", "refused"),
        ("http://[bad", "refused"),
        ("http://0177.0.0.1/", "refused"),
        ("nonsense", "refused"),
    ],
)
def test_addresses_that_lead_nowhere(url: str, kind: str) -> None:
    assert failure(url).kind == kind


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def secure(authority: trustme.CA) -> Iterator[ScriptedServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with http_server(context) as server:
        server.play("/feed", Answer(body=b"<rss/>"))
        yield server


def test_tls_checks_the_name_although_the_address_is_connected_to(
    secure: ScriptedServer, authority: trustme.CA, tmp_path: Path
) -> None:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    trusting = replace(OPTIONS, ca_file=tmp_path / "ca.pem")
    url = f"https://localhost:{secure.port}/feed"
    assert body(url, trusting).body == b"<rss/>"
    other_name = failure(f"https://127.0.0.1:{secure.port}/feed", trusting)
    assert (other_name.kind, "certificate" in other_name.detail) == ("tls", True)
    assert failure(url).kind == "tls"
    assert failure(f"https://localhost:{secure.port}/feed".replace("https", "http"), trusting).kind in (
        "protocol",
        "connect",
    )
