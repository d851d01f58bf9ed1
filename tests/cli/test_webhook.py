"""``chipwatch webhook``: a receiver's own check of what we sent."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.channels.webhook import signed
from tests.cli.calling import SETTINGS, Outcome, chipwatch
from tests.cli.conftest import Place

SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()
OLD = "whsec_" + base64.b64encode(b"o" * 32).decode()
BODY = '{"type":"digest.ready","ü":1}'.encode()


def now() -> int:
    """The command goes by the machine's clock."""
    return int(datetime.now(UTC).timestamp())


def verify(
    *more: object, at: int | None = None, body: bytes = BODY, secrets: tuple[str, ...] = (SECRET,)
) -> Outcome:
    headers = signed("key1", now() if at is None else at, BODY, [SecretStr(secret) for secret in secrets])
    told = [
        part
        for name in ("id", "timestamp", "signature")
        for part in (f"--{name}", headers[f"webhook-{name}"])
    ]
    return chipwatch("webhook", "verify", *told, *more, stdin=body)


def test_a_request_of_ours_is_whole_and_new() -> None:
    called = verify("--secret", SECRET)
    assert (called.status, called.out) == (0, "it is from the bot, whole and new\n")
    assert verify("--secret", OLD, secrets=(SECRET, OLD)).status == 0, "either secret while they change"


def test_the_body_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "body.json").write_bytes(BODY)
    assert verify("--secret", SECRET, tmp_path / "body.json", body=b"").status == 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"body": BODY + b"\n"}, "no signature fits"),
        ({"secrets": (OLD,)}, "no signature fits"),
        ({"at": 1_700_000_000}, "more than 0:05:00"),
    ],
)
def test_another_one_is_refused_with_the_reason(options: dict[str, object], told: str) -> None:
    called = verify("--secret", SECRET, **options)  # type: ignore[arg-type]
    assert called.status == 1
    assert called.out.startswith("refuse it: ")
    assert told in called.out


def test_an_old_request_is_looked_at_without_its_time() -> None:
    assert verify("--secret", SECRET, "--tolerance", 0, at=1_700_000_000).status == 0


@pytest.mark.parametrize("timestamp", ["", "soon", "9" * 30])
def test_a_time_that_is_none_is_told(timestamp: str) -> None:
    called = chipwatch(
        "webhook", "verify", "--id", "a", "--timestamp", timestamp, "--signature", "v1,a", "--secret", SECRET
    )
    assert called.status == (2 if not timestamp else 1)
    assert "timestamp" in called.err + called.out


def test_a_signature_of_another_version_is_told() -> None:
    called = chipwatch(
        "webhook", "verify", "--id", "a", "--timestamp", now(), "--signature", "v2,a", "--secret", SECRET
    )
    assert (called.status, "version 1" in called.out) == (1, True)


@pytest.mark.parametrize("secret", ["", "hunter2", "whsec_QUFB"])
def test_a_secret_that_is_none_is_not_shown(secret: str) -> None:
    called = verify("--secret", secret)
    assert called.status == 2
    assert "hunter2" not in called.err


def test_the_secrets_may_be_those_of_a_channel(place: Place) -> None:
    table = f'\n[channels.hook]\ntype = "webhook"\nurl = "http://127.0.0.1:9/"\nsecret = "{SECRET}"\n'
    (place.config / "chipwatch.toml").write_text(SETTINGS + table + f'previous_secret = "{OLD}"\n')
    folders = ("--config", place.config, "--data", place.data)
    assert verify("--channel", "hook", *folders).status == 0
    assert verify("--channel", "hook", *folders, secrets=(OLD,)).status == 0
    assert 'did you mean "hook"?' in verify("--channel", "hok", *folders).err


def test_the_schema_is_printed_and_published() -> None:
    printed = chipwatch("webhook", "schema")
    published = (Path(__file__).parents[2] / "docs" / "webhook.schema.json").read_text()
    assert json.loads(printed.out)["$id"] == "urn:chipwatch:webhook:1"
    assert printed.out == published
