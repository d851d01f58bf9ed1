"""Worlds that are broken, each in its own way, and the real command, which names each fault and its remedy.

The world fails the test where anything was sent, posted or begun to be (``tests/doctor/conftest.py``).
"""

from __future__ import annotations

import asyncio
import socket
import sqlite3
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import trustme
from starlette.applications import Starlette

from bot.channels import http
from bot.runtime.lifecycle import single_instance
from bot.server.unsubscribe import routes
from bot.storage.engine import upgrade
from bot.storage.schema import REVISIONS
from tests.doctor.worlds import (
    ADVISOR,
    DISCORD,
    DOMAIN,
    FEED,
    HOOK,
    MATRIX,
    NTFY,
    PASSWORD,
    SELECTOR,
    SLACK,
    TELEGRAM,
    WEBHOOK_SECRET,
    World,
    certificate,
    now_and,
    play_feed,
    play_services,
    quoted,
    said,
)
from tests.http_server import Answer, http_server

SECRETS = (PASSWORD, TELEGRAM, DISCORD, MATRIX, NTFY, ADVISOR, SLACK, HOOK, WEBHOOK_SECRET, "BEGIN PRIVATE")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def migrated(world: World) -> Path:
    world.data.mkdir(parents=True, exist_ok=True)
    file = world.data / "chipwatch.db"
    upgrade(f"sqlite:///{file}")
    return file


# ── a world that is well ─────────────────────────────────────────────────────────────────────────


def test_where_all_is_well_nothing_is_found(world: World) -> None:
    outcome = world.doctor()
    assert outcome.status == 0, outcome.out + outcome.err
    assert outcome.out.rstrip().endswith("all is well: 20 checks")
    assert "!" not in outcome.out.replace("!room", "")
    assert "✗" not in outcome.out
    # It makes nothing either.
    assert not world.data.exists()


def test_with_a_database_and_all_is_well(world: World) -> None:
    file = migrated(world)
    before = file.read_bytes()
    outcome = world.doctor()
    assert outcome.status == 0, outcome.out
    assert f"revision {REVISIONS[-1]}" in outcome.out
    assert "sound" in outcome.out
    assert file.read_bytes() == before


# ── ten that are not ─────────────────────────────────────────────────────────────────────────────


def test_1_a_configuration_with_mistakes(world: World) -> None:
    world.replace("host_gap =", "host_gab =")
    (world.config / "feeds.toml").write_text('[[feed]]\nurl = "ftp://harbor.example/rss"\n')
    outcome = world.doctor()
    assert outcome.status == 2
    assert 'chipwatch.toml:3: http.host_gab: unknown key "host_gab"; did you mean "host_gap"?' in outcome.out
    assert "feeds.toml:2" in outcome.out
    assert outcome.out.count("✗") == 2
    assert "chipwatch config check" in outcome.out
    # What can be looked at without it was.
    assert "data folder" in outcome.out
    assert world.web.requests == []
    spelled = world.doctor("--json")
    assert (spelled.status, spelled.json["sound"], spelled.json["faults"]) == (2, False, 2)


def test_2_folders_that_cant_be_written_and_a_full_disk(world: World) -> None:
    world.data.mkdir()
    (world.data / "in-the-way").write_text("a file")
    world.replace('type = "files"', 'type = "files"\nfolder = "in-the-way"')
    world.replace("disk_free_mb = 0", "disk_free_mb = 1e12")
    found = world.troubles()
    assert found.keys() == {("machine", "disk"), ("channels", "folder")}
    level, what, remedy = found["machine", "disk"]
    assert (level, "almost full" in what, "make room" in remedy) == ("fault", True, True)
    level, what, remedy = found["channels", "folder"]
    assert (level, "can't be written" in what, "[channels.folder] folder" in remedy) == ("fault", True, True)


@pytest.mark.skipif(
    not Path("/proc/self").is_dir(), reason="a folder that not even root can write is in /proc"
)
def test_2b_a_data_folder_that_not_even_root_can_write(world: World) -> None:
    world.data = Path("/proc/self/chipwatch")
    found = world.troubles()
    assert found.keys() == {("machine", "data folder"), ("channels", "folder")}
    level, what, remedy = found["machine", "data folder"]
    assert (level, what.startswith("/proc/self/chipwatch can't be written")) == ("fault", True)
    assert "--data" in remedy


def spoil_newer(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")


def spoil_older(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (REVISIONS[-2],))


def spoil_damaged(file: Path) -> None:
    with file.open("r+b") as raw:
        raw.seek(0)
        raw.write(b"this was a database" * 100)


def spoil_inside(file: Path) -> None:
    """Only who reads all of it comes upon this page."""
    page = 4096
    with file.open("r+b") as raw:
        raw.seek(20 * page)
        raw.write(b"\xff" * page)


@pytest.mark.parametrize(
    ("spoil", "level", "what", "remedy"),
    [
        (spoil_inside, "fault", "is damaged", "put a backup in its place"),
        (spoil_newer, "fault", "was made by a newer version", "install that version"),
        (spoil_older, "warning", f"of revision {REVISIONS[-2]}", "chipwatch db upgrade"),
        (spoil_damaged, "fault", "is damaged", "put a backup in its place"),
    ],
)
def test_3_a_database_that_cant_be_used(
    world: World, spoil: object, level: str, what: str, remedy: str
) -> None:
    file = migrated(world)
    assert callable(spoil)
    spoil(file)
    before = file.read_bytes()
    found = world.troubles("--offline")
    assert found.keys() == {("database", "database")}
    told = found["database", "database"]
    assert (told[0], what in told[1], remedy in told[2]) == (level, True, True), told
    assert file.read_bytes() == before


def test_3b_a_database_that_another_process_holds(world: World) -> None:
    file = migrated(world)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        found = world.troubles("--offline")
    assert found.keys() == {("database", "database")}
    level, what, remedy = found["database", "database"]
    assert (level, "another process holds it" in what) == ("fault", True)
    assert "end what else has it open" in remedy


def test_4_feeds_in_every_kind_of_trouble(world: World) -> None:
    play_feed(world.web, "/well")
    world.web.play("/gone", Answer(status=410, headers=now_and()))
    world.web.play("/missing", Answer(status=404, headers=now_and()))
    world.web.play("/shut", Answer(status=403, headers=now_and()))
    world.web.play("/page", Answer(body=b"<!doctype html><title>Harbor</title><p>News", headers=now_and()))
    world.web.play("/slow", Answer(delay=20))
    world.web.play("/busy", Answer(status=503, headers=now_and() | {"Retry-After": "60"}))
    paths = ("/well", "/gone", "/missing", "/shut", "/page", "/slow")
    elsewhere = (
        "http://10.0.0.1/rss",
        "http://harbor.invalid/rss",
        f"http://127.0.0.1:{free_port()}/rss",
        f"http://name:{PASSWORD}@127.0.0.1:{world.web.port}/busy",
    )
    world.configure(*paths, feeds=elsewhere)
    found = world.troubles()
    origin = world.web.origin
    wanted = {
        f"{origin}/gone": ("gone: HTTP 410", "chipwatch feeds remove"),
        f"{origin}/missing": ("status: HTTP 404", "chipwatch feeds discover"),
        f"{origin}/shut": ("status: HTTP 403", "contact in [http]"),
        f"{origin}/page": ("not-a-feed", "chipwatch feeds discover"),
        f"{origin}/slow": ("timeout: no whole answer within 2 s", "total_timeout"),
        elsewhere[0]: ("refused: 10.0.0.1 is at a private", "allow_networks"),
        elsewhere[1]: ("dns: no a", "slip in its address"),
        elsewhere[2]: ("connect: no connection", "try again later"),
        f"{origin}/busy": ("throttled: HTTP 503", "every"),
    }
    assert {name for part, name in found} == wanted.keys()
    for name, (what, remedy) in wanted.items():
        told = found["feeds", name]
        assert (told[0] == "warning") == (what.startswith("throttled")), told
        assert what in told[1], told
        assert remedy in told[2], told
    assert all(PASSWORD not in " ".join((*key, *told)) for key, told in found.items())
    assert world.doctor().status == 1


def test_5_a_wrong_mail_password(world: World) -> None:
    world.mail.password = b"another"
    found = world.troubles()
    assert found.keys() == {("mail", "login")}
    level, what, remedy = found["mail", "login"]
    assert (level, f"localhost:{world.mail.port} refuses the login: 535" in what) == ("fault", True)
    assert "correct username and password in [smtp]" in remedy


@pytest.mark.parametrize(
    ("issued_for", "ends_in", "level", "what", "remedy"),
    [
        (("other.example",), timedelta(days=90), "fault", "for another name", "[smtp] host"),
        (("localhost",), timedelta(days=-1), "fault", "not valid today", "renewed"),
        (("localhost",), timedelta(days=5, hours=1), "warning", "ends in 5 days", "renewed"),
    ],
)
def test_6_a_certificate_of_the_mail_server(
    world: World,
    authority: trustme.CA,
    mail_tls: ssl.SSLContext,
    issued_for: tuple[str, ...],
    ends_in: timedelta,
    level: str,
    what: str,
    remedy: str,
) -> None:
    certificate(authority, *issued_for, ends_in=ends_in).configure_cert(mail_tls)
    found = world.troubles()
    assert found.keys() == {("mail", "login")}
    told = found["mail", "login"]
    assert (told[0], what in told[1], remedy in told[2]) == (level, True, True), told


@contextmanager
def bare_mail_server() -> Iterator[int]:
    """One that offers nothing: no TLS and no login. Gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            with suppress(OSError):
                while True:
                    line = listener.accept()[0]
                    with line, line.makefile("rb") as lines:
                        line.sendall(b"220 mail.example ESMTP\r\n")
                        for command in lines:
                            line.sendall(b"221 bye\r\n" if command == b"quit\r\n" else b"250 OK\r\n")

        greeter = threading.Thread(target=greet)
        greeter.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    greeter.join()


def test_6b_a_mail_server_without_tls_without_login_or_none_at_all(world: World) -> None:
    with bare_mail_server() as port:
        world.replace(f"port = {world.mail.port}", f"port = {port}")
        level, what, remedy = world.troubles()["mail", "login"]
        assert (level, what) == ("fault", f"localhost:{port} offers no STARTTLS")
        assert "port to 465" in remedy
        world.replace('timeout = "5s"', 'timeout = "5s"\nsecurity = "plain"')
        level, what, remedy = world.troubles()["mail", "login"]
        assert (level, what) == ("fault", f"localhost:{port} offers no login that we know")
        assert "mostly 587" in remedy
        world.replace('security = "plain"', 'security = "implicit"')
        level, what, remedy = world.troubles()["mail", "login"]
        assert (level, what) == ("fault", "localhost: no TLS: wrong version number")
        assert "port and security" in remedy
    # It is gone now.
    level, what, remedy = world.troubles()["mail", "login"]
    assert (level, "connection was refused" in what) == ("fault", True)
    assert "[smtp] host, port and security" in remedy
    world.replace('host = "localhost"', 'host = "mail.invalid"')
    level, what, remedy = world.troubles()["mail", "login"]
    assert (level, "mail.invalid: no address for its name") == ("fault", what)
    assert "slip in the name ([smtp] host" in remedy


def test_7_a_dkim_key_that_is_not_ours_revoked_or_not_there(
    world: World, names: dict[str, list[str]], record: str
) -> None:
    name = f"{SELECTOR}._domainkey.{DOMAIN}"
    spoilt = {
        "is not the one that belongs to private_key": record[:-40] + "A" * 4 + record[-36:],
        "is revoked": "v=DKIM1; k=rsa; p=",
    }
    for what, text in spoilt.items():
        names[f"{name}."] = quoted(text)
        found = world.troubles()
        assert found.keys() == {("mail", "DKIM")}
        assert found["mail", "DKIM"][0] == "fault"
        assert what in found["mail", "DKIM"][1]
        # What should stand there is told whole.
        assert record in found["mail", "DKIM"][2]
    names.clear()
    assert f"there is no DKIM key at {name}" in world.troubles()["mail", "DKIM"][1]


def test_8_chats_that_would_take_nothing(world: World) -> None:
    web = world.web
    web.play(f"/bot{TELEGRAM}/getMe", said({"ok": False, "description": "Unauthorized"}, 401))
    web.play(DISCORD, said({"message": "Unknown Webhook", "code": 10015}, 404))
    web.play("/_matrix/client/v3/joined_rooms", said({"joined_rooms": ["!other:chat.example"]}))
    web.play("/v1/account", said({"code": 40101, "error": f"unauthorized {NTFY}"}, 401))
    web.play("/llm/v1/models", said({"data": [{"id": "another"}]}))
    world.replace(f'url = "{web.origin}{HOOK}"', f'url = "http://127.0.0.1:{free_port()}{HOOK}"')
    world.replace(f'url = "{web.origin}{SLACK}"', f'url = "https://chat.invalid{SLACK}"')
    outcome = world.doctor("--json")
    assert not [secret for secret in SECRETS if secret in outcome.out]
    found = world.troubles()
    assert {level for level, _, _ in found.values()} == {"fault"}
    wanted = {
        ("channels", "telegram"): ("401 Unauthorized", "BotFather"),
        ("channels", "discord"): ("404 10015 Unknown Webhook", "make a new webhook in Discord"),
        ("channels", "matrix"): ("is not in room !room:chat.example", "invite it there"),
        ("channels", "ntfy"): ("401 unauthorized", "new access token"),
        ("channels", "hook"): ("connection was refused", "[channels.hook] url"),
        ("channels", "slack"): ("chat.invalid: no address", "[channels.slack] url"),
        ("services", "advisor"): ("has no model small-one", "correct model in [judging.advisor]"),
    }
    assert found.keys() == wanted.keys()
    for key, (what, remedy) in wanted.items():
        assert what in found[key][1], found[key]
        assert remedy in found[key][2], found[key]


def test_9_a_clock_that_is_an_hour_off(world: World) -> None:
    hour = timedelta(hours=1)
    play_feed(world.web, ahead=hour)
    play_services(world.web, ahead=hour)
    found = world.troubles()
    assert found.keys() == {("machine", "clock")}
    level, what, remedy = found["machine", "clock"]
    assert level == "warning"
    assert what.startswith("1 hour behind 1 server")
    assert "set it by NTP" in remedy
    assert world.doctor().status == 0


def test_10_no_network_is_said_once(world: World) -> None:
    world.configure(feeds=tuple(f"https://feed{each}.invalid/rss" for each in range(40)))
    text = (world.config / "chipwatch.toml").read_text()
    kept = text[text.index("[http]") : text.index("[smtp]")] + text[text.index("[digests.daily]") :]
    channels = ', "telegram", "discord", "matrix", "ntfy", "slack", "hook"'
    kept = kept.replace(channels, "").replace('"folder", "letters"', '"folder", "hook"')
    kept += (
        '[channels.folder]\ntype = "files"\n[channels.hook]\ntype = "slack"\nurl = "https://chat.invalid/x"\n'
    )
    (world.config / "chipwatch.toml").write_text(kept)
    outcome = world.doctor()
    assert outcome.status == 1
    assert outcome.out.count("✗") == 1
    assert "no network: 41 checks could not be made" in outcome.out
    assert "look at this machine's network and DNS" in outcome.out
    assert ".invalid" not in outcome.out
    assert world.doctor("--offline").status == 0


# ── and some more ────────────────────────────────────────────────────────────────────────────────


def test_many_feeds_with_one_trouble_share_a_line(world: World) -> None:
    for each in range(12):
        play_feed(world.web, f"/well/{each}")
    world.configure(*(f"/well/{each}" for each in range(12)), *(f"/missing/{each}" for each in range(12)))
    outcome = world.doctor()
    assert outcome.status == 1
    assert "12 feeds answer" in outcome.out
    assert "✗ feeds 12 feeds: " in outcome.out
    assert "and 9 more" in outcome.out
    assert outcome.out.count("HTTP 404") == 3
    assert len([row for row in world.doctor("--json").json["checks"] if row["part"] == "feeds"]) == 24


def test_a_feed_that_is_gone_or_switched_off_is_said(world: World) -> None:
    world.web.play("/gone", Answer(status=410, headers=now_and()))
    world.configure(FEED, "/gone", "/off")
    feeds = world.config / "feeds.toml"
    feeds.write_text(feeds.read_text().replace('/off"\n', '/off"\nenabled = false\n'))
    from tests.cli.calling import chipwatch

    polled = chipwatch("poll", "--all", "--config", world.config, "--data", world.data)
    assert polled.status in (0, 1), polled.err
    found = world.troubles()
    assert found.keys() == {("feeds", world.web.origin + "/gone")}
    level, what, _ = found["feeds", world.web.origin + "/gone"]
    assert (level, what.startswith("polled no more")) == ("warning", True)
    play_feed(world.web, "/gone")
    level, what, remedy = world.troubles()["feeds", world.web.origin + "/gone"]
    assert (level, "it answers" in what, "chipwatch poll --feed" in remedy) == ("warning", True, True)
    assert "1 feed with enabled = false" in world.doctor().out
    assert not world.web.asked("/off")


def test_a_daemon_that_runs_and_does_not_answer(world: World) -> None:
    world.replace('bind = ""', f'bind = "127.0.0.1:{free_port()}"')
    assert world.troubles("--offline") == {}
    with single_instance(world.data):
        found = world.troubles("--offline")
    assert found.keys() == {("machine", "daemon")}
    assert "nothing answers at 127.0.0.1:" in found["machine", "daemon"][1]


def test_a_daemon_that_is_not_ready_and_one_of_another_folder(world: World) -> None:
    world.replace('bind = ""', f'bind = "127.0.0.1:{world.web.port}"')
    world.web.play("/readyz", said({"status": "unready", "troubles": {"poll": "has not ended"}}, 503))
    with single_instance(world.data):
        level, what, _ = world.troubles("--offline")["machine", "daemon"]
        assert (level, what) == ("fault", "running, and not ready: poll: has not ended")
        world.web.play("/readyz", said({"status": "ready", "troubles": {}}))
        assert world.troubles("--offline") == {}
        assert "running and ready" in world.doctor("--offline").out
    level, what, _ = world.troubles("--offline")["machine", "daemon"]
    assert (level, "another data folder" in what) == ("warning", True)


def test_secrets_for_everybody_and_a_topic_that_nobody_hears_of(world: World) -> None:
    (world.config / "chipwatch.toml").chmod(0o644)
    (world.config / "topics" / "bridges.toml").write_text('title = "Bridges"\nquery = "bridge"\n')
    found = world.troubles("--offline")
    assert found.keys() == {("configuration", "secrets"), ("configuration", "topics")}
    assert found["configuration", "secrets"][2] == f"chmod o-r {world.config / 'chipwatch.toml'}"
    assert "topic bridges is in no digest and no alert" in found["configuration", "topics"][1]


@pytest.fixture
def trusted(ca_file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Certificates of our authority are trusted, as an operator has it with ``SSL_CERT_FILE``."""
    monkeypatch.setenv("SSL_CERT_FILE", str(ca_file))
    http._trusted.cache_clear()
    yield
    http._trusted.cache_clear()


class _Nobody:
    """No link of a letter is known (``server.unsubscribe.Unsubscribing``)."""

    def known(self, token: str) -> str | None:
        return None

    def unsubscribe(self, token: str) -> str | None:
        return None


async def our_page() -> httpx.Response:
    """What our server says to a link that it doesn't know."""
    app = Starlette(routes=routes(_Nobody()))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://here") as client:
        return await client.get("/u/x")


@pytest.mark.usefixtures("trusted")
def test_a_public_address_that_leads_to_us_and_one_that_does_not(world: World, authority: trustme.CA) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate(authority, "127.0.0.2").configure_cert(tls)
    ours = asyncio.run(our_page())
    # An address that counts as outside this machine: SSL_CERT_FILE is heeded.
    with http_server(tls, "127.0.0.2") as proxy:
        world.configure(FEED, server=f'public_url = "https://127.0.0.2:{proxy.port}/news"')
        world.replace('bind = ""', f'bind = "127.0.0.1:{free_port()}"')
        proxy.play("/news/u/x", Answer(status=ours.status_code, body=ours.content, headers=now_and()))
        assert world.troubles() == {}
        proxy.play("/news/u/x", Answer(status=404, body=b"Not found", headers=now_and()))
        level, what, remedy = world.troubles()["services", "public address"]
        assert (level, what) == ("fault", "127.0.0.2 answers 404, and not as our server does")
        assert "have the proxy hand what begins with" in remedy
        certificate(authority, "news.example").configure_cert(tls)
        level, what, remedy = world.troubles()["services", "public address"]
        assert (level, what) == ("fault", "127.0.0.2: its certificate is for another name")
        assert "[server] public_url" in remedy
        assert {request.method for request in proxy.requests} == {"GET"}
