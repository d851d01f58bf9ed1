"""No line of the log holds a secret or the text of a feed, whatever goes wrong: all goes wrong here at once.

Canaries are put wherever such text can come from, and every byte that the daemon writes is looked through.
"""

from __future__ import annotations

import base64
import json
import socketserver
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.cli.calling import TOPIC, entry, rss
from tests.daemon.house import FEED_TYPE, RUN, House, running
from tests.http_server import Answer, Request, ScriptedServer, wait_until

PASSWORD = "Smtp-Secret-77"
API_KEY = "sk-Advisor-Secret-77"
TOKEN = "syt_Matrix-Secret-77"
HOOK = "/services/T01/B01/Slack-Secret-77-abcdef"
POST = "/in/Webhook-Secret-77-abcdef"
SIGNING = "whsec_" + base64.b64encode(b"Signing-Secret-77-0123456789").decode()
LOGIN = "Feed-Secret-77"
SECRETS = (PASSWORD, API_KEY, TOKEN, HOOK, POST, "Slack-Secret", "Webhook-Secret", SIGNING, LOGIN)

CANARY = "Kittiwake"
"""In every text of a feed."""
TEMPLATE = """\
{% for section in digest.sections %}{% for story in section.stories %}{% if "ittiwake" in story.title %}
FAULT
{% endif %}{% endfor %}{% endfor %}
"""
FAULTS = {"txt": "{{ story[story.title].x }}", "html": "{{ story.title.encode(story.title) }}"}
"""They fail for stories of the feed, with the title in the error; not for those of a trial."""


class Echo(ScriptedServer):
    """Answers whatever has no script with all that it was sent: as a proxy that debugs does."""

    def answer(self, request: Request) -> Answer:
        if request.path in self._scripts:
            return super().answer(request)
        self.requests.append(request)
        told = f"{self.origin}{request.path} {json.dumps(dict(request.headers))} ".encode() + request.body
        return Answer(status=500 if "hook" in request.path else 403, body=told)


class Smtp(socketserver.StreamRequestHandler):
    """A mail server that refuses every login and repeats it: as it came, and in clear."""

    def handle(self) -> None:
        self.wfile.write(b"220 ready\r\n")
        while line := self.rfile.readline().strip():
            word, *given = line.split()
            if word.upper() == b"EHLO":
                self.wfile.write(b"250-mail.example\r\n250 AUTH PLAIN\r\n")
            elif word.upper() == b"AUTH":
                clear = base64.b64decode(given[-1]).replace(b"\0", b" ")
                self.wfile.write(b"535 not you: " + given[-1] + b" " + clear + b"\r\n")
            else:
                self.wfile.write(b"221 bye\r\n")


@contextmanager
def mail_server() -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Smtp) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def settings(origin: str, mail: int) -> str:
    channels = {
        "hook": f'type = "slack"\nurl = "{origin}{HOOK}"',
        "post": f'type = "webhook"\nurl = "{origin}{POST}"\nsecret = "{SIGNING}"',
        "room": f'type = "matrix"\nhomeserver = "{origin}"\ntoken = "{TOKEN}"\nrooms = ["!r:x"]',
        "mail": 'type = "email"\nto = ["ann@example.org"]',
        "odd": 'type = "files"\nformats = ["html"]',
    }
    return "".join(
        [
            f'\n[smtp]\nhost = "127.0.0.1"\nport = {mail}\nsecurity = "plain"\nusername = "ann"\n',
            f'password = "{PASSWORD}"\nsender = "bot@example.org"\n',
            f'\n[judging.advisor]\nurl = "{origin}/v1/chat"\nmodel = "m"\napi_key = "{API_KEY}"\n',
            "margin = 3.0\nmax_share = 3.0\n",
            # No story reaches it, for its template fails; what goes wrong with the others does.
            '\n[alarms]\nchannels = ["mail"]\n',
            *(f"\n[channels.{name}]\n{options}\n" for name, options in channels.items()),
            f'\n[[alerts]]\nname = "all"\ntopics = ["ferries"]\nchannels = {json.dumps(list(channels))}\n',
        ]
    )


def items(first: int) -> tuple[str, ...]:
    """Entries of a feed with the canary in every text, and in the addresses of their articles."""
    texts = {
        f"{CANARY}: a ferry for the Skerry ferry line": f"{CANARY} orders the ferry.",
        f"{CANARY} weather at sea": f"A ferry was late, says {CANARY}.",
    }
    further = f"?id={CANARY}</link><author>{CANARY}</author><category>{CANARY}</category>"
    return tuple(
        entry(f"{CANARY}-{number}", title, text).replace("</link>", further)
        for number, (title, text) in enumerate(texts.items(), first)
    )


def write_world(house: House, mail: int) -> None:
    web = house.web
    feeds = {
        "/good": Answer(body=rss(*items(1), title=CANARY), headers=FEED_TYPE),
        "/error": Answer(status=500, body=CANARY.encode() * 99),
        "/blocked": Answer(status=403, body=f"<title>{CANARY}</title>".encode()),
        "/root": Answer(body=f"<{CANARY}><a>{CANARY}</a></{CANARY}>".encode(), headers=FEED_TYPE),
        "/page": Answer(body=f"<!DOCTYPE html><html><title>{CANARY}</title></html>".encode()),
        "/json": Answer(body=f'{{"{CANARY}": "{CANARY}'.encode()),
        "/cut": Answer(
            body=f"<rss version='2.0'><channel><title>{CANARY} &{CANARY};</title><{CANARY}>".encode(),
            headers=FEED_TYPE,
        ),
        "/odd": Answer(headers={"Content-Encoding": CANARY}, body=CANARY.encode()),
        "/away": Answer(status=302, headers={"Location": f"{CANARY}://{CANARY}/{CANARY}"}),
        "/long": Answer(headers={"Content-Length": f"{CANARY}"}),
    }
    for path, answer in feeds.items():
        web.play(path, answer)
    login = web.origin.replace("http://", f"http://ann:{LOGIN}@")
    addresses = [web.origin + path for path in feeds] + [login + "/good", login + "/gone"]
    house.watch(*addresses, schedule="0 7 * * *", more=settings(web.origin, mail))
    (house.config / "topics" / "ferries.toml").write_text(TOPIC + "threshold = 0.6\n")
    overrides = house.config / "templates"
    overrides.mkdir()
    for kind, fault in FAULTS.items():
        (overrides / f"digest.{kind}.j2").write_text(TEMPLATE.replace("FAULT", fault))


def break_the_database(file: Path) -> None:
    """From now on no verdict can be stored, and the error has words of its own; all are to be judged anew."""
    with closing(sqlite3.connect(file)) as database:
        database.execute(
            "CREATE TRIGGER broken BEFORE INSERT ON verdicts "
            f"BEGIN SELECT RAISE(ABORT, '{CANARY} in the words of the database'); END"
        )
        database.execute("UPDATE items SET judged_at = NULL")
        database.commit()


@pytest.mark.slow
def test_no_line_of_the_log_holds_a_secret_or_the_text_of_a_feed(house: House) -> None:
    with closing_server(Echo()) as web, mail_server() as mail:
        house = House(config=house.config, data=house.data, web=web)
        write_world(house, mail)
        with running(house, (*RUN, "--log-level", "debug")) as daemon:
            daemon.wait_for("not delivered", 3, within=20)
            daemon.wait_for("no advice")
            wait_until(lambda: any(line["channel"] == "mail" for line in daemon.said("channel disabled")), 20)
            wait_until(lambda: len(daemon.said("polled")) >= 12, 20)
            break_the_database(house.data / "chipwatch.db")
            daemon.wait_for("step failed", within=20)
            log = daemon.ended()
        written = daemon.file.read_bytes().decode()
    events = {line["event"] for line in log}
    assert {"polled", "triage", "not delivered", "channel disabled", "no advice", "set aside"} <= events
    failed = {line["channel"] for line in log if line["event"] in ("not delivered", "channel disabled")}
    assert failed >= {"hook", "post", "room", "mail"}
    for hidden in (CANARY, *SECRETS):
        lines = [line for line in written.splitlines() if hidden.lower() in line.lower()]
        assert not lines, f"{hidden}: {lines[0]}"
    stored = b"".join(path.read_bytes() for path in house.data.glob("chipwatch.db*"))
    assert CANARY.encode() in stored
    # The address of a feed stays as it is configured, password and all.
    assert not [secret for secret in SECRETS if secret.encode() in stored and secret != LOGIN]


@contextmanager
def closing_server(server: ScriptedServer) -> Iterator[ScriptedServer]:
    server.start()
    try:
        yield server
    finally:
        server.stop()
