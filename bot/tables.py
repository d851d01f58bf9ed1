"""The tables of ``chipwatch.toml`` that say how the process works, one class each."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from ipaddress import ip_network
from typing import Any, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from bot.documents import Duration, Strict


class Storage(Strict):
    url: str = "sqlite"
    """``sqlite`` is a file in the data folder; or an SQLAlchemy address: ``postgresql+psycopg://…``."""
    busy_timeout: Duration = timedelta(seconds=10)
    """How long to wait for a database that another process has locked."""


class Http(Strict):
    contact: str = ""
    """A mail or web address in the user agent, so that a publisher can ask you to stop."""
    connect_timeout: Duration = timedelta(seconds=10)
    read_timeout: Duration = timedelta(seconds=20)
    total_timeout: Duration = timedelta(seconds=60)
    """For one whole request, redirects included: a body that drips is ended here."""
    max_body_mb: float = Field(default=32, gt=0, le=32)
    """Largest body, as sent and as unpacked, in megabytes."""
    max_entries: int = Field(default=2000, ge=1)
    """Entries read from one document; what is beyond is counted and said."""
    concurrency: int = Field(default=50, ge=1, le=1000)
    """Requests under way at once."""
    per_host: int = Field(default=2, ge=1, le=16)
    """Requests under way at once to one host."""
    host_gap: Duration = timedelta(seconds=1)
    """Least time between the starts of two requests to one host."""
    allow_networks: tuple[str, ...] = ()
    """Hosts and networks that feeds may reach although they are private: ``wiki.lan``, ``10.1.0.0/16``."""

    @field_validator("contact")
    @classmethod
    def _header(cls, value: str) -> str:
        if not (value.isascii() and (value.isprintable() or not value)):
            raise ValueError("it goes into an HTTP header: write a mail or web address in one line of ASCII")
        return value

    @field_validator("allow_networks")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            if "/" in entry:
                try:
                    ip_network(entry.strip(), strict=False)
                except ValueError:
                    raise ValueError(f'"{entry}" is no network; write it like "10.1.0.0/16"') from None
        return value


class Schedule(Strict):
    timezone: str = "UTC"
    """IANA name; the zone of digests that name none."""
    min_interval: Duration = timedelta(minutes=5)
    max_interval: Duration = timedelta(hours=24)
    polls_per_hour: int | None = Field(default=None, ge=1)
    """A budget that all feeds share, spent where new items are likeliest; else each keeps its own pace."""
    baseline_age: Duration = timedelta(hours=24)
    """The first poll of a feed tells nothing that was published longer ago than this."""
    story_window: Duration = timedelta(days=30)
    """A story that had no new item for so long takes no further ones."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min_interval > self.max_interval:
            raise ValueError("min_interval is longer than max_interval; feeds are polled in between")
        return self


class Dkim(Strict):
    """A signature on every letter; without a domain there is none."""

    domain: str = Field(
        default="", pattern=r"^(?:[A-Za-z0-9_](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z0-9-]*$"
    )
    """The one of the sender's address, or one above it."""
    selector: str = Field(default="", pattern=r"^(?:[A-Za-z0-9-]+\.)*[A-Za-z0-9-]*$")
    """Its public key is looked for at ``SELECTOR._domainkey.DOMAIN``."""
    private_key: SecretStr = SecretStr("")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        given = {name for name in ("domain", "selector") if getattr(self, name)}
        given |= {"private_key"} if self.private_key.get_secret_value() else set()
        if missing := [name for name in type(self).model_fields if given and name not in given]:
            raise ValueError(f"domain, selector and private_key belong together; set {' and '.join(missing)}")
        return self


class Smtp(Strict):
    host: str = ""
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "implicit", "plain"] = "starttls"
    """``plain`` is refused for any host but this machine, unless ``allow_plain`` is set."""
    username: str = ""
    password: SecretStr = SecretStr("")
    sender: str = ""
    """Address in From, such as ``Chip watch <chipwatch@example.org>``."""
    reply_to: str = ""
    timeout: Duration = timedelta(seconds=30)
    ca_file: str = ""
    allow_plain: bool = False
    dkim: Dkim = Dkim()


class Advisor(Strict):
    """A language model that is asked for a second opinion; without an address nobody is."""

    url: str = ""
    """Of its chat completions: ``http://localhost:11434/v1/chat/completions``."""
    model: str = ""
    api_key: SecretStr = SecretStr("")
    margin: float = Field(default=1.0, gt=0, le=3)
    """How near to its threshold a score must be, in log-odds."""
    max_share: float = Field(default=1.5, gt=0, le=3)
    """The most that an answer adds to a score or takes from it, in log-odds."""
    timeout: Duration = Field(default=timedelta(seconds=15), gt=timedelta(0), le=timedelta(minutes=1))
    """For one question, from its beginning to the last byte of the answer."""
    budget_per_hour: int = Field(default=60, ge=1)
    request: dict[str, Any] = Field(default_factory=dict)
    """Further fields of each request: ``{ temperature = 0 }``."""

    @field_validator("url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        if value and not _is_web_address(value):
            raise ValueError("write a whole web address that starts with https:// (or http://)")
        if urlsplit(value).username is not None:
            raise ValueError("no name and password in it: addresses are shown; a key belongs in api_key")
        return value

    @field_validator("api_key")
    @classmethod
    def _header(cls, value: SecretStr) -> SecretStr:
        key = value.get_secret_value()
        if key and not (key.isascii() and key.isprintable() and key == key.strip()):
            raise ValueError("it goes into an HTTP header: one line of ASCII without blanks around it")
        return value

    @field_validator("request")
    @classmethod
    def _plain(cls, value: dict[str, Any]) -> dict[str, Any]:
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError):
            raise ValueError("dates and infinite numbers have no place in JSON; write them as text") from None
        if taken := sorted({"model", "messages", "stream"} & value.keys()):
            raise ValueError(f"{', '.join(taken)} can't be set here")
        return value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.url and not self.model:
            raise ValueError("name the model that is asked: model = …")
        return self


def _is_web_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


class Judging(Strict):
    """What readers' answers may do."""

    adopt: Literal["ask", "auto"] = "ask"
    """``ask``: answers wait for ``chipwatch feedback adopt``. ``auto``: they take effect at once, unless the
    topic's answers as a whole would be met worse."""
    near_misses: int = Field(default=0, ge=0, le=3)
    """Items just below the threshold that a digest shows, to ask whether they belong there."""
    advisor: Advisor = Advisor()


class Retention(Strict):
    """How long things are kept. What was told, and by what an article is known again, is kept for ever."""

    items: Duration = timedelta(days=90)
    """Texts and verdicts of items; headline and address stay."""
    deliveries: Duration = timedelta(days=90)
    """Messages, but for those still to be sent."""


_NOT_IN_A_LINK = re.compile(r"[\s<>\"',?#]")
_LONGEST_PUBLIC_URL = 200


class Server(Strict):
    bind: str = "127.0.0.1:8465"
    """Address and port of ``/healthz``, ``/readyz``, ``/metrics`` and unsubscribe links; empty for none."""
    public_url: str = ""
    """Where the world reaches it, through a proxy with TLS: ``https://news.example.org/chipwatch``.
    With it, one click in a mail program unsubscribes."""

    @field_validator("bind")
    @classmethod
    def _address(cls, value: str) -> str:
        host, colon, port = value.rpartition(":")
        if value and not (colon and host and port.isdecimal() and int(port) < 65536):
            raise ValueError('write address and port, such as "127.0.0.1:8465", or "" for no server')
        return value

    @field_validator("public_url")
    @classmethod
    def _public(cls, value: str) -> str:
        parts = urlsplit(value) if _is_web_address(value) else None
        if value and not (
            parts
            and parts.scheme == "https"
            and value.isascii()
            and not _NOT_IN_A_LINK.search(value)
            and len(value) <= _LONGEST_PUBLIC_URL
            and parts.username is None
        ):
            raise ValueError(
                "write an https:// address without name, query and fragment, as mail programs call it"
            )
        return value.rstrip("/")

    @model_validator(mode="after")
    def _answered(self) -> Self:
        if self.public_url and not self.bind:
            raise ValueError("public_url leads to our server: set bind too")
        return self


Level = Literal["debug", "info", "warning", "error"]
LEVELS: tuple[str, ...] = get_args(Level)


class Alarms(Strict):
    """Who is told of the bot's own troubles."""

    channels: tuple[str, ...] = ()
    """Names of channels; empty for the first that works and isn't what the alarm is about."""
    disk_free_mb: float = Field(default=500, ge=0)
    """Free space of the data folder's disk, in megabytes, below which that is told; 0 for never."""


class Levels(Strict):
    """How much each part of the daemon says, where that differs from ``level``: the steps, and three more."""

    poll: Level | None = None
    triage: Level | None = None
    advise: Level | None = None
    alert: Level | None = None
    digest: Level | None = None
    deliver: Level | None = None
    watch: Level | None = None
    upkeep: Level | None = None
    daemon: Level | None = None
    """The life of the process: start and end, reloading, what watches over the steps."""
    server: Level | None = None
    libraries: Literal["warning", "error"] | None = None
    """What dependencies log; never more than warnings."""


class Log(Strict):
    level: Level = "info"
    format: Literal["auto", "text", "json"] = "auto"
    """``auto`` is text on a terminal and JSON elsewhere."""
    levels: Levels = Levels()
