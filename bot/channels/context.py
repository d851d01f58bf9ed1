"""What channels are built from besides their own options, and how they refuse a wrong one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from bot.channels.dkim import Signer
from bot.documents import KeyPath, Strict
from bot.model import RetryPolicy

LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, kw_only=True, slots=True)
class SmtpServer:
    """Where mail is handed in; field by field the ``[smtp]`` table."""

    host: str = ""
    port: int = 587
    security: str = "starttls"
    """``implicit`` (TLS from the first byte), ``starttls`` (required, never skipped) or ``plain``."""
    username: str = ""
    password: SecretStr = field(default_factory=lambda: SecretStr(""))
    sender: str = ""
    reply_to: str = ""
    timeout: timedelta = timedelta(seconds=30)
    ca_file: str = ""
    allow_plain: bool = False
    dkim: Signer = field(default_factory=Signer)


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """The surroundings of every channel."""

    data: Path
    """The data folder; relative folders of channels stand in it."""
    now: Callable[[], datetime]
    """The clock: only for what must be new on every attempt, never for what is rendered."""
    smtp: SmtpServer = SmtpServer()
    templates: Path | None = None
    """Folder of the user's templates, which win over ours."""
    user_agent: str = "chipwatch"
    timeout: timedelta = timedelta(seconds=20)
    """How long a service may be silent before its answer is given up."""
    public_url: str = ""
    """Where people reach this process's server from outside; without it no link leads to us."""


class ChannelOptions(Strict):
    """What the table of every channel may hold."""

    on_unknown: Literal["", "hold", "resend"] = ""
    """After a request that got no answer: ``hold`` it for a person to look, or ``resend`` it, which may tell
    twice. Left out: ``resend`` where the receiver drops a repeat, else ``hold``."""


def policy(default: RetryPolicy, options: ChannelOptions) -> RetryPolicy:
    """When a channel tries again: its own schedule, and what its table says of requests without an answer."""
    if not options.on_unknown:
        return default
    return replace(default, resend_unanswered=options.on_unknown == "resend")


class OptionError(Exception):
    """An option that is well-formed and still can't work. ``path`` is the key inside the channel's table."""

    def __init__(self, problem: str, path: KeyPath = ()) -> None:
        self.problem = problem
        self.path = path
        super().__init__(problem)
