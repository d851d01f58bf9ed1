"""The generic webhook: JSON events signed after Standard Webhooks 1.0 (standardwebhooks.com).

A receiver verifies the signature, drops an id it has seen, and answers 2xx.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr, field_validator

from bot.channels import checking, http
from bot.channels.context import ChannelOptions, Context, policy
from bot.channels.event import event
from bot.core.captions import subject
from bot.core.findings import warning
from bot.core.render import Cut, clean, fit
from bot.core.text import digest as text_hash
from bot.model import Digest, Finding, Message, Rendered, RetryPolicy, SendResult, Sent

# Standard Webhooks asks for payloads under 20 kB, and gives this schedule of retries.
MAX_BODY = 20_000
RETRY = RetryPolicy(
    waits=(
        timedelta(seconds=5),
        timedelta(minutes=5),
        timedelta(minutes=30),
        timedelta(hours=2),
        timedelta(hours=5),
        timedelta(hours=10),
        timedelta(hours=14),
        timedelta(hours=20),
        timedelta(hours=24),
    ),
    give_up=timedelta(days=4),
    resend_unanswered=True,
)
TOLERANCE = timedelta(minutes=5)
"""How far a receiver lets the time of a request be from its own, as the standard's own libraries do."""
_PREFIX = "whsec_"
_ASTRAY = frozenset({404, 410, 500, 502, 503, 504})


class WebhookOptions(ChannelOptions):
    """POST each digest and alert as signed JSON."""

    url: SecretStr
    """The receiver's address. Redirects are not followed."""
    secret: SecretStr
    """``whsec_`` and the base64 of 24 to 64 random bytes, known to the receiver."""
    previous_secret: SecretStr = SecretStr("")
    """The secret before, while receivers change over: events are then signed with both."""

    _check_url = field_validator("url")(http.web_address)

    @field_validator("secret", "previous_secret")
    @classmethod
    def _check_secret(cls, value: SecretStr) -> SecretStr:
        text = value.get_secret_value()
        if text and not is_secret(value):
            raise ValueError("write whsec_ and the base64 of 24 to 64 random bytes")
        return value

    @field_validator("secret")
    @classmethod
    def _check_given(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value():
            raise ValueError("is empty; write whsec_ and the base64 of 24 to 64 random bytes")
        return value


def is_secret(value: SecretStr) -> bool:
    """``whsec_`` and the base64 of 24 to 64 bytes."""
    return value.get_secret_value().startswith(_PREFIX) and 24 <= len(_key(value)) <= 64


def make_webhook(name: str, options: WebhookOptions, context: Context) -> WebhookChannel:
    return WebhookChannel(name=name, options=options, context=context)


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookChannel:
    name: str
    options: WebhookOptions
    context: Context

    @property
    def retry(self) -> RetryPolicy:
        return policy(RETRY, self.options)

    @property
    def secrets(self) -> list[SecretStr]:
        """The one in force, and the one before while receivers change over."""
        both = (self.options.secret, self.options.previous_secret)
        return [secret for secret in both if secret.get_secret_value()]

    def render(self, digest: Digest, key: str) -> Sequence[Rendered]:
        cut = fit(clean(digest), _fits)
        message = Message(
            subject=subject(cut.digest), content_type="application/json", body=event(cut).encode()
        )
        return [
            Rendered(
                recipient=http.host_of(self.options.url),
                key=text_hash((key, self.name), size=16),
                message=message,
                stories=cut.shown,
            )
        ]

    def send(self, message: Message, recipient: str, key: str) -> SendResult:  # noqa: ARG002 - one receiver
        now = self.context.now()
        headers = {
            "content-type": "application/json",
            "user-agent": self.context.user_agent,
            **signed(key, int(now.timestamp()), message.body, self.secrets),
        }
        result = http.post(self.options.url, message.body, headers, now, timeout=self.context.timeout)
        if isinstance(result, http.Answer):
            return Sent(receipt=str(result.status)) if result.ok else result.refused(disabling={410})
        return result

    def check(self) -> Sequence[Finding]:
        """OPTIONS, which every server may be asked and which makes no receiver act (RFC 9110, 9.3.7)."""
        setting = f"[channels.{self.name}] url"
        answer = checking.ask(self.options.url, self.context, setting, method="OPTIONS")
        if isinstance(answer, Finding):
            return [answer]
        if answer.status in _ASTRAY:
            found = f"{http.host_of(self.options.url)} answers OPTIONS at its address with {answer.status}"
            remedy = f"look whether {setting} is right; a receiver that knows nothing but POST may say so too"
            return [replace(warning(found, remedy, host=http.host_of(self.options.url)), ahead=answer.ahead)]
        found = f"{http.host_of(self.options.url)} answers"
        return [checking.well(answer, self.options.url, found, self.context)]


def signed(key: str, timestamp: int, body: bytes, secrets: Sequence[SecretStr]) -> dict[str, str]:
    """The three headers of Standard Webhooks: HMAC-SHA256 over ``id.timestamp.body``, once a secret."""
    content = f"{key}.{timestamp}.".encode() + body
    signatures = (
        base64.b64encode(hmac.digest(_key(secret), content, "sha256")).decode() for secret in secrets
    )
    return {
        "webhook-id": key,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def wrong_with(
    headers: Mapping[str, str],
    body: bytes,
    secrets: Sequence[SecretStr],
    now: datetime,
    tolerance: timedelta = TOLERANCE,
) -> str:
    """What a receiver should refuse a request for, in words; empty where it is as it should be.

    ``headers``: those of ``signed``. ``tolerance``: how far its time may be from ours; nothing for any.
    """
    try:
        timestamp = int(headers["webhook-timestamp"])
        age = abs(now - datetime.fromtimestamp(timestamp, UTC))
    except (ValueError, OverflowError, OSError):
        return "the timestamp is no number of seconds since 1970"
    if tolerance and age > tolerance:
        return f"the timestamp is {age} from now, more than {tolerance}: an old request, perhaps sent again"
    given = [part for part in headers["webhook-signature"].split() if part.startswith("v1,")]
    if not given:
        return "there is no signature of version 1 (v1,…)"
    for secret in secrets:
        (own,) = signed(headers["webhook-id"], timestamp, body, [secret])["webhook-signature"].split()
        if any(hmac.compare_digest(own.encode(), each.encode()) for each in given):
            return ""
    return "no signature fits: another secret, another id, or the body was changed"


def _fits(cut: Cut) -> bool:
    return len(event(cut).encode()) <= MAX_BODY


def _key(secret: SecretStr) -> bytes:
    try:
        return base64.b64decode(secret.get_secret_value().removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return b""
