"""Every other service, through the optional package ``apprise``: plain text, one message a service.

apprise cuts nothing here, what is too long is fitted before. It says less than a channel of our own could: no
wait that a service asked for, and often not whether a request that failed had arrived. That is held.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pydantic import SecretStr, field_validator

from bot.channels import http
from bot.channels.context import ChannelOptions, Context, OptionError, policy
from bot.channels.plain import cut_bytes, headline, inert, plain
from bot.channels.posting import RETRY, in_parts
from bot.core.findings import fine
from bot.core.render import Cut, Fits, clip, utf16
from bot.core.text import digest as text_hash
from bot.core.views import DigestView, view
from bot.model import Digest, Finding, Message, Refused, Rendered, RetryPolicy, SendResult, Sent, Unanswered

if TYPE_CHECKING:
    from apprise import Apprise, AppriseResult, NotifyBase

# Far below what most services take; some take no more than a text message holds.
MAX_BODY = 8_000
MAX_TITLE = 150
MAX_PARTS = 3
# Below this, stories are told by their titles alone.
FULL_FROM = 1_500
# The words of requests and urllib3 for a connection that never came about.
_NOT_CONNECTED = re.compile(
    r"Socket Exception.*(?:NewConnectionError|NameResolutionError|ConnectTimeout|CERTIFICATE_VERIFY_FAILED)"
)
_NO_TAGS = str.maketrans("<>", "‹›")
_STATUS = re.compile(r"\berror=([1-5][0-9]{2})\b")


class AppriseOptions(ChannelOptions):
    """Tell any service that apprise knows. Needs ``pip install "chipwatch[apprise]"``."""

    urls: tuple[SecretStr, ...]
    """Addresses of services as apprise writes them, ``pover://user@token``; each gets its own message."""

    @field_validator("urls")
    @classmethod
    def _check_urls(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if not value:
            raise ValueError("name at least one service")
        return tuple(dict.fromkeys(value))


def make_apprise(name: str, options: AppriseOptions, context: Context) -> AppriseChannel:
    services = []
    for at, url in enumerate(options.urls):
        try:
            service = _service(url)
        except ImportError as error:
            raise OptionError('needs a package: pip install "chipwatch[apprise]"', ("type",)) from error
        if service is None:
            raise OptionError("is not an address that apprise understands", ("urls", at))
        services.append(
            Service(
                url=url,
                recipient=f"{service.schema}:{text_hash((url.get_secret_value(),), size=4)}",
                most=int(min(service.body_maxlen, MAX_BODY) * 0.95),
            )
        )
    return AppriseChannel(name=name, options=options, context=context, services=tuple(services))


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    url: SecretStr
    recipient: str
    """Its kind and a hash of its address, which may be shown."""
    most: int
    """Characters of title and body together."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AppriseChannel:
    name: str
    options: AppriseOptions
    context: Context
    services: tuple[Service, ...]

    @property
    def retry(self) -> RetryPolicy:
        return policy(RETRY, self.options)

    def render(self, digest: Digest, key: str) -> Sequence[Rendered]:
        return [
            rendered
            for service in self.services
            for rendered in in_parts(
                digest,
                key,
                channel=self.name,
                recipient=service.recipient,
                fits=_fits(service.most),
                payload=partial(_payload, most=service.most),
                most=MAX_PARTS,
            )
        ]

    def send(self, message: Message, recipient: str, key: str) -> SendResult:  # noqa: ARG002 - no id in apprise
        service = next((each for each in self.services if each.recipient == recipient), None)
        if service is None:
            return Refused(reason="this service is not in the configuration any more", permanent=True)
        payload = json.loads(message.body)
        sender = _sender()
        sender.add(service.url.get_secret_value())
        result = sender.notify(
            body=payload["body"],
            title=payload["title"],
            body_format="text",
            timeout=self.context.timeout.total_seconds(),
            log_level=logging.DEBUG,
        )
        return _outcome(result)

    def check(self) -> Sequence[Finding]:
        """apprise can only send: all that is known is that it understands its addresses."""
        kinds = ", ".join(service.recipient.partition(":")[0] for service in self.services)
        return [fine(f"apprise understands its addresses ({kinds}); it can't try them without sending")]


def _sender() -> Apprise:
    """apprise without its name, its pictures, files and log lines, which may hold addresses."""
    from apprise import Apprise, AppriseAsset

    logger = logging.getLogger("apprise")
    logger.propagate = False
    # Only at this level it says what became of a connection.
    logger.setLevel(logging.DEBUG)
    asset = AppriseAsset(
        app_id="chipwatch",
        app_desc="chipwatch",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        image_path_mask="",
        async_mode=True,
        http_redirects=False,
        storage_mode="memory",
        pem_autogen=False,
        pgp_autogen=False,
    )
    return Apprise(asset=asset)


def _service(url: SecretStr) -> NotifyBase | None:
    """What apprise takes the address for. Raises ImportError without apprise."""
    sender = _sender()
    return sender[0] if sender.add(url.get_secret_value()) else None


def _outcome(result: AppriseResult) -> SendResult:
    if result:
        return Sent()
    name = next((each.name for each in result), "apprise")
    # What is told at lower levels repeats the message, in which anything may stand.
    warned = [entry.message for entry in result.logs() if entry.level in ("WARNING", "ERROR")]
    statuses = [int(found[1]) for line in warned if (found := _STATUS.search(line))]
    if statuses:
        return http.Answer(status=statuses[-1], text=f"from {name}").refused()
    if any(_NOT_CONNECTED.match(entry.message) for entry in result.logs()):
        return Refused(reason=f"can't connect to {name}")
    return Unanswered(reason=f"{name} gave no answer")


# ── messages ─────────────────────────────────────────────────────────────────────────────────────


def _payload(cut: Cut, most: int) -> dict[str, str]:
    told = view(cut)
    title = _title(told, most)
    # Cuts only a digest without stories, whose foot a text message can't hold.
    body = clip(_text(told, most), most - utf16(title) - 2)
    return {"title": title, "body": body}


def _fits(most: int) -> Fits:
    def fits(cut: Cut) -> bool:
        told = view(cut)
        return utf16(_title(told, most)) + 2 + utf16(_text(told, most)) <= most

    return fits


def _title(told: DigestView, most: int) -> str:
    title = _harmless(told.title if told.single else headline(told))
    return cut_bytes(title, min(MAX_TITLE, most // 3))


def _text(told: DigestView, most: int) -> str:
    if most >= FULL_FROM:
        return (plain(told, most // 4, heading=False) or told.subject).translate(_NO_TAGS)
    lines = [
        _harmless(f"{story.label}: {story.title}") + f" {story.url}".rstrip()
        for section in told.sections
        for story in section.stories
    ]
    lines += [_harmless(f"Also: {each.title}") + f" {each.url}".rstrip() for each in told.also_seen]
    lines = [told.left_out, *lines, *map(_harmless, told.notices)]
    if not told.sections:
        lines += map(_harmless, told.receipt[:1])
    return "\n".join(filter(None, lines)) or _harmless(told.subject)


def _harmless(text: str) -> str:
    """Whatever the service makes of it: no call, and no sign that begins a tag or Slack's ``<!channel>``."""
    return inert(text).translate(_NO_TAGS)
