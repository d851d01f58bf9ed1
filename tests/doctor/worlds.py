"""A world on loopback that is well: feeds, a mail server, a name server, services. Tests spoil it."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset
import trustme
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.channels.servers import MailServer
from tests.cli.calling import NEWS, Outcome, chipwatch, rss, write_config
from tests.http_server import Answer, ScriptedServer

TELEGRAM = "123456:secret-part-of-telegram"
DISCORD = "/api/webhooks/4711/secret-part-of-discord"
MATRIX, NTFY, ADVISOR = "syt_secret-part-of-matrix", "tk_secret-part-of-ntfy", "sk-secret-part-of-advisor"
SLACK = "/services/T0/B0/secret-part-of-slack"
HOOK = "/hook/secret-part-of-webhook"
PASSWORD = "right-secret-part"
WEBHOOK_SECRET = "whsec_c2VjcmV0LXBhcnQtc2VjcmV0LXBhcnQtc2VjcmV0"
HARMLESS = {"GET", "HEAD", "OPTIONS"}
SELECTOR, DOMAIN = "s2026", "chipwatch.example"


@dataclass
class Mailbox(MailServer):
    """Takes one login and writes down whoever goes further."""

    senders: list[str] = field(default_factory=list)
    password: bytes = PASSWORD.encode()

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.senders.append(address)
        return await super().handle_MAIL(server, session, envelope, address, options)

    def login(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> Any:
        result = super().login(server, session, envelope, mechanism, data)
        result.success = not self.at_login and data.password == self.password
        return result


def now_and(ahead: timedelta = timedelta(0), **headers: str) -> dict[str, str]:
    return {"Date": format_datetime(datetime.now(UTC) + ahead, usegmt=True), **headers}


def said(value: Any, status: int = 200, ahead: timedelta = timedelta(0)) -> Answer:
    headers = now_and(ahead, **{"Content-Type": "application/json"})
    return Answer(status=status, body=json.dumps(value).encode(), headers=headers)


def play_services(web: ScriptedServer, ahead: timedelta = timedelta(0)) -> None:
    """Six services that are well, on one server, whose clock is so far ahead."""
    web.play(f"/bot{TELEGRAM}/getMe", said({"ok": True, "result": {"id": 1, "is_bot": True}}))
    web.play(f"/bot{TELEGRAM}/getChat?chat_id=-1001234567890", said({"ok": True, "result": {"id": -1}}))
    web.play(DISCORD, said({"id": "4711", "type": 1, "token": "secret-part-of-discord"}))
    web.play("/_matrix/client/v3/account/whoami", said({"user_id": "@bot:chat.example"}))
    web.play("/_matrix/client/v3/joined_rooms", said({"joined_rooms": ["!room:chat.example"]}))
    web.play("/v1/health", said({"healthy": True}))
    web.play("/v1/account", said({"username": "bot"}))
    web.play(HOOK, Answer(status=204, headers=now_and(ahead)))
    web.play("/", Answer(status=404, headers=now_and(ahead)))
    web.play("/llm/v1/models", said({"object": "list", "data": [{"id": "small-one"}]}, 200, ahead))


def settings(
    web: ScriptedServer, mail: MailServer, tls: Path, dkim: str, extra: Mapping[str, str] | None = None
) -> str:
    """``chipwatch.toml`` of the well world; ``extra``: lines more, by the table to which they belong."""
    more = dict(extra or {})
    return f"""\
[http]
allow_networks = ["127.0.0.1"]
host_gap = "0s"
connect_timeout = "1.5s"
total_timeout = "2s"

[server]
bind = ""
{more.get("server", "")}
[storage]
busy_timeout = "0.3s"

[alarms]
disk_free_mb = {more.get("disk", "0")}

[smtp]
host = "localhost"
port = {mail.port}
username = "bot"
password = "{PASSWORD}"
sender = "bot@{DOMAIN}"
ca_file = "{tls}"
timeout = "5s"
{more.get("smtp", "")}
[smtp.dkim]
domain = "{DOMAIN}"
selector = "{SELECTOR}"
private_key = '''
{dkim}'''

[channels.folder]
type = "files"

[channels.letters]
type = "email"
to = ["ann@example.org"]

[channels.telegram]
type = "telegram"
token = "{TELEGRAM}"
chats = [-1001234567890]
api = "{web.origin}"

[channels.discord]
type = "discord"
url = "{web.origin}{DISCORD}?thread_id=1"

[channels.matrix]
type = "matrix"
homeserver = "{web.origin}"
token = "{MATRIX}"
rooms = ["!room:chat.example"]

[channels.ntfy]
type = "ntfy"
server = "{web.origin}"
topic = "secret-part-of-topic"
token = "{NTFY}"

[channels.slack]
type = "slack"
url = "{web.origin}{SLACK}"

[channels.hook]
type = "webhook"
url = "{more.get("hook", web.origin)}{HOOK}"
secret = "{WEBHOOK_SECRET}"

[judging.advisor]
url = "{web.origin}/llm/v1/chat/completions"
model = "small-one"
api_key = "{ADVISOR}"

[digests.daily]
title = "Harbor news"
topics = ["ferries"]
channels = ["folder", "letters", "telegram", "discord", "matrix", "ntfy", "slack", "hook"]
schedule = "0 7 * * *"
"""


@dataclass
class World:
    """Where the doctor is called, and what the world kept of its visit."""

    config: Path
    data: Path
    web: ScriptedServer
    mail: Mailbox
    ca_file: Path
    key: str
    """Private, in PEM."""

    def configure(self, *paths: str, feeds: tuple[str, ...] = (), **extra: str) -> None:
        """Write the configuration with feeds at these paths of the web server, and at other addresses."""
        text = settings(self.web, self.mail, self.ca_file, self.key, extra)
        addresses = [*(self.web.origin + path for path in paths), *feeds]
        write_config(self.config, feeds=addresses, settings=text)
        # It holds secrets.
        (self.config / "chipwatch.toml").chmod(0o600)

    def replace(self, old: str, new: str) -> None:
        """Change one place of ``chipwatch.toml``."""
        file = self.config / "chipwatch.toml"
        text = file.read_text(encoding="utf-8")
        assert text.count(old) == 1, (old, text.count(old))
        file.write_text(text.replace(old, new), encoding="utf-8")

    def doctor(self, *options: str) -> Outcome:
        return chipwatch("doctor", "--config", self.config, "--data", self.data, *options)

    def troubles(self, *options: str) -> dict[tuple[str, str], tuple[str, str, str]]:
        """(part, name) → level, what was found, remedy; of whatever is not fine."""
        outcome = self.doctor("--json", *options)
        assert outcome.status in (0, 1, 2), outcome.err
        rows = [row for row in outcome.json["checks"] if row["level"] != "fine"]
        named = {(row["part"], row["name"]): (row["level"], row["found"], row["remedy"]) for row in rows}
        assert len(named) == len(rows), "two findings under one name"
        return named


FEED = "/harbor/rss"


def play_feed(web: ScriptedServer, path: str = FEED, ahead: timedelta = timedelta(0)) -> str:
    headers = now_and(ahead, **{"Content-Type": "application/rss+xml"})
    return web.play(path, Answer(body=rss(*NEWS), headers=headers))


# ── a name server ──


class _Names(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        data, line = self.request
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        question = query.question[0]
        texts = self.server.texts.get(str(question.name))  # type: ignore[attr-defined]
        if texts is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        else:
            answer.answer.append(dns.rrset.from_text_list(question.name, 60, "IN", "TXT", texts))
        line.sendto(answer.to_wire(), self.client_address)


@contextmanager
def name_server(texts: dict[str, list[str]]) -> Iterator[dns.resolver.Resolver]:
    """A DNS server on loopback with these TXT records, as this process's resolver."""
    server = socketserver.ThreadingUDPServer(("127.0.0.1", 0), _Names)
    server.daemon_threads = True
    server.texts = texts  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], server.server_address[1]
    before, dns.resolver.default_resolver = dns.resolver.default_resolver, resolver
    try:
        yield resolver
    finally:
        dns.resolver.default_resolver = before
        server.shutdown()
        server.server_close()
        thread.join()


def quoted(record: str) -> list[str]:
    """A TXT record, cut as the DNS wants it: at most 255 characters a piece."""
    return [" ".join(f'"{record[at : at + 255]}"' for at in range(0, len(record), 255))]


def certificate(
    authority: trustme.CA, *names: str, ends_in: timedelta = timedelta(days=90)
) -> trustme.LeafCert:
    return authority.issue_cert(
        *names,
        not_before=datetime.now(UTC) - timedelta(days=100),
        not_after=datetime.now(UTC) + ends_in,
    )
