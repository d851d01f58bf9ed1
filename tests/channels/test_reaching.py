"""Why a host gave no answer, from what the libraries really raise."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import trustme

from bot.channels.reaching import certified_until, why_unreached
from bot.core.findings import REMEDIES
from tests.http_server import http_server


def raised(call: Callable[[], object]) -> Exception:
    """What a call fails with."""
    try:
        call()
    except (OSError, httpx.HTTPError) as error:
        return error
    raise AssertionError("it did not fail")


def get(url: str, context: ssl.SSLContext | bool = True) -> Callable[[], object]:
    return lambda: httpx.get(url, verify=context, timeout=2, trust_env=False)


def test_no_name_and_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert why_unreached(raised(get("http://chat.invalid/"))).kind == "dns"
    assert why_unreached(raised(get(f"http://127.0.0.1:{port}/"))).kind == "refused"
    assert why_unreached(raised(lambda: socket.create_connection(("127.0.0.1", port)))).kind == "refused"


def test_one_that_hangs_up_or_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"

        def hang_up() -> None:
            listener.accept()[0].close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        assert why_unreached(raised(get(url))).kind == "cut"
        thread.join()
        silent = raised(lambda: httpx.get(url, timeout=0.1, trust_env=False))
        assert why_unreached(silent).kind == "timeout"


def test_certificates_of_another_name_of_nobody_known_and_from_yesterday() -> None:
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    ours = ssl.create_default_context()
    authority.configure_trust(ours)
    now = datetime.now(UTC)
    day = timedelta(days=1)
    cases = [
        ("localhost", now + day, ssl.create_default_context(), "tls-unknown"),
        ("other.example", now + day, ours, "tls-name"),
        ("localhost", now - day, ours, "tls-expired"),
    ]
    for name, ends, context, kind in cases:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name, not_before=now - 9 * day, not_after=ends).configure_cert(tls)
        with http_server(tls) as server:
            assert why_unreached(raised(get(f"https://localhost:{server.port}/", context))).kind == kind
    with http_server() as server:
        assert why_unreached(raised(get(f"https://localhost:{server.port}/", ours))).kind == "tls"


@pytest.mark.parametrize("number", [101, 113])
def test_no_way_from_here(number: int) -> None:
    assert why_unreached(OSError(number, "Network is unreachable")).kind == "no-way"


def test_every_kind_has_a_remedy_and_none_tells_more_than_a_line() -> None:
    why = why_unreached(OSError("line one\nline two \x1b[31m" + "x" * 500))
    assert why.kind in REMEDIES
    assert "\n" not in why.detail
    assert len(why.detail) < 200


def test_until_when_a_certificate_holds() -> None:
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    ends = datetime(2099, 3, 4, 5, 6, 7, tzinfo=UTC)
    tls, ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("localhost", not_after=ends).configure_cert(tls)
    authority.configure_trust(ours)
    with (
        http_server(tls) as server,
        socket.create_connection(("127.0.0.1", server.port)) as line,
        ours.wrap_socket(line, server_hostname="localhost") as session,
    ):
        assert certified_until(session) == ends
    assert certified_until(None) is None
