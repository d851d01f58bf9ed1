"""Signed as Standard Webhooks says, checked with the standard's own package."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from bot.channels import Context, build
from bot.channels.webhook import MAX_BODY, signed
from bot.documents import parse_toml
from tests.channels.servers import http_server
from tests.channels.services.webhook import SECRET
from tests.channels.worlds import NOW, make
from tests.digests import digest

OLD = "whsec_" + base64.b64encode(b"o" * 32).decode()


def headers_of(now: int, body: bytes, *secrets: str) -> dict[str, str]:
    return signed("key1", now, body, [SecretStr(secret) for secret in secrets])


@pytest.fixture
def now() -> int:
    """The package compares with the machine's clock."""
    from datetime import UTC, datetime

    return int(datetime.now(UTC).timestamp())


def test_a_receiver_verifies_with_either_secret_while_they_change(now: int) -> None:
    body = '{"type":"digest.ready","ü":1}'
    headers = headers_of(now, body.encode(), SECRET, OLD)
    for secret in (SECRET, OLD):
        assert Webhook(secret).verify(body, headers) == json.loads(body)


def test_another_body_id_or_secret_does_not_verify(now: int) -> None:
    headers = headers_of(now, b"{}", SECRET)
    for body, changed, secret in (
        ("{ }", headers, SECRET),
        ("{}", {**headers, "webhook-id": "key2"}, SECRET),
        ("{}", headers, OLD),
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body, changed)


def test_what_goes_out_has_the_key_as_its_id_and_a_new_time_on_every_attempt() -> None:
    with http_server() as server:
        times = iter([NOW, NOW + timedelta(seconds=90)])
        context = Context(data=Path(), now=lambda: next(times), user_agent="chipwatch/1")
        table = {"type": "webhook", "url": server.url, "secret": SECRET, "previous_secret": OLD}
        channel = build("hook", table, context, parse_toml("", Path("chipwatch.toml")))
        each = channel.render(digest(2), "key")[0]
        for _ in range(2):
            channel.send(each.message, each.recipient, each.key)
    first, second = (request.headers for request in server.requests)
    assert first["webhook-id"] == second["webhook-id"] == each.key
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 90
    assert len(first["webhook-signature"].split(" ")) == 2
    assert (first["content-type"], first["user-agent"]) == ("application/json", "chipwatch/1")
    assert server.requests[0].body == server.requests[1].body == each.message.body


def test_a_long_digest_is_cut_to_the_size_that_receivers_take() -> None:
    channel = make("hook", {"type": "webhook", "url": "https://e.example/x", "secret": SECRET}, Path())
    body = channel.render(digest(100), "key")[0].message.body
    assert MAX_BODY * 0.8 < len(body) <= MAX_BODY
    data = json.loads(body)["data"]
    assert len(data["sections"][0]["stories"]) + len(data["also_seen"]) == 100
    assert data["not_shown"] == 0


def test_secret_and_address_show_nowhere() -> None:
    table = {"type": "webhook", "url": "https://e.example/token", "secret": SECRET}
    shown = repr(make("hook", table, Path()))
    assert "token" not in shown
    assert SECRET not in shown
