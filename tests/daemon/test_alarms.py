"""Every alarm, provoked on the real daemon in a process of its own: told once, and its end once.

What is watched is real: feeds and the receiver on loopback, SQLite, a disk. Only the clock is put forward.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from bot.core.alarms import COLLECTED, STEADY
from tests.cli.calling import rss, write_config
from tests.daemon.house import FEED_TYPE, Daemon, House, free_port, running
from tests.http_server import Answer, wait_until
from tests.soak.life import LeapingClock

pytestmark = pytest.mark.slow

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
BEGAN = datetime(2026, 3, 2, 8, tzinfo=UTC)
WITHIN = 30.0
MEGA = 10**6
SETTINGS = """
[http]
allow_networks = ["127.0.0.1"]
host_gap = "0s"
[channels.hook]
type = "webhook"
url = "{origin}/hook"
secret = "whsec_dGhpcyBpcyBubyBzZWNyZXQgYXQgYWxsISEhISE="
[channels.chat]
type = "slack"
url = "{origin}/chat"
[alarms]
channels = ["hook"]
{alarms}
[[alerts]]
topics = ["ferries"]
channels = ["chat"]
max_age = "2d"
[digests.daily]
topics = ["ferries"]
channels = ["hook"]
schedule = "0 7 * * *"
[server]
bind = "127.0.0.1:{port}"
"""


@dataclass
class World:
    """A house, its clock, and what its alarm channel received."""

    house: House
    clock: LeapingClock
    file: Path
    entries: dict[str, list[str]] = field(default_factory=dict)
    """By path, what a feed that answers holds."""

    def configure(self, *paths: str, alarms: str = "") -> None:
        settings = SETTINGS.format(origin=self.house.web.origin, port=free_port(), alarms=alarms)
        write_config(self.house.config, settings=settings)
        self.subscribe(*paths)

    def subscribe(self, *paths: str) -> None:
        feeds = [f'[[feed]]\nurl = "{self.house.web.origin}{path}"\nevery = "6h"\n' for path in paths]
        (self.house.config / "feeds.toml").write_text("\n".join(feeds))

    @contextmanager
    def living(self, overdue: timedelta = HOUR) -> Iterator[Daemon]:
        call = ("-m", "tests.daemon.quick", str(self.file), str(overdue.total_seconds()))
        with running(self.house, call) as daemon:
            yield daemon

    # ── feeds ──

    def publish(self, path: str, *titles: str, at: datetime | None = None) -> None:
        """Let a feed answer, with these items on top of what it holds."""
        known = self.entries.setdefault(path, [])
        for title in titles:
            name = f"{path.strip('/')}-{len(known)}"
            known.insert(
                0,
                f"<item><guid isPermaLink='false'>{name}</guid><link>https://harbor.example/{name}</link>"
                f"<title>{title}</title><pubDate>{format_datetime(at or self.clock.now())}</pubDate></item>",
            )
        self.answer(path, Answer(body=rss(*known, title=path), headers=FEED_TYPE))

    def answer(self, path: str, answer: Answer) -> None:
        self.house.web.play(path, answer)

    def passes(self, span: timedelta, *polled: str) -> None:
        """Time goes by until these feeds have been polled again, and what was new in them was judged."""
        self.clock.leap(span)
        now = self.clock.now()
        wait_until(lambda: all(self.polled(path) >= now for path in polled), WITHIN)
        wait_until(lambda: not self.count("items WHERE judged_at IS NULL"), WITHIN)

    def polled(self, path: str) -> datetime:
        """When a feed was polled last."""
        query = f"SELECT last_polled_at FROM feeds WHERE configured_url LIKE '%{path}'"
        ((at,),) = self.ask(query)
        return datetime.fromisoformat(f"{at}+00:00") if at else BEGAN - DAY

    def begins(self, *paths: str) -> None:
        """Wait for the first poll of each feed."""
        wait_until(lambda: all(self.polled(path) >= BEGAN for path in paths), WITHIN)

    # ── what is known and told ──

    def ask(self, query: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.house.data / "chipwatch.db", timeout=10)) as database:
            found = database.execute(query).fetchall()
            database.commit()
            return found

    def count(self, what: str) -> object:
        return self.ask(f"SELECT count(*) FROM {what}")[0][0]

    def stands(self, cause: str) -> bool:
        return bool(self.count(f"part_alarms WHERE cause = '{cause}' AND over_at IS NULL"))

    def over(self, cause: str) -> bool:
        return bool(self.count(f"part_alarms WHERE cause = '{cause}' AND over_at IS NOT NULL"))

    @property
    def told(self) -> list[tuple[str, str]]:
        """Kind and words of all that alarms told, in order; what came again under its key counts once."""
        requests = {request.headers["webhook-id"]: request for request in self.house.web.asked("/hook")}
        bodies = [json.loads(request.body) for request in requests.values()]
        return [
            (notice["kind"], notice["text"])
            for body in bodies
            if body["type"] == "alarm.raised"
            for notice in body["data"]["notices"]
        ]

    def words(self, kind: str) -> list[str]:
        return [text for told, text in self.told if told == kind]

    def hears(self, **kinds: int) -> None:
        """Wait until alarms of these kinds (with ``_`` for a blank) were told so often, and no others."""
        wanted = Counter({kind.replace("_", " "): count for kind, count in kinds.items()})
        wait_until(lambda: len(self.told) >= wanted.total(), WITHIN)
        assert Counter(kind for kind, _ in self.told) == wanted

    def hears_no_more(self, daemon: Daemon) -> None:
        """Two days go by in which nothing happens, and nothing is told."""
        before = self.told
        for weather in ("Rain in the hills", "Fog at sea"):
            self.publish("/steady", weather)
            self.passes(DAY, "/steady")
        daemon.ended()
        assert self.told == before
        assert self.count("deliveries WHERE kind = 'alarm' AND state != 'sent'") == 0


@pytest.fixture
def world(house: House, tmp_path: Path) -> World:
    file = tmp_path / "clock"
    house.web.play("/hook", Answer())
    house.web.play("/chat", Answer(body=b"ok"))
    return World(house=house, clock=LeapingClock.made(file, BEGAN), file=file)


# ── feeds and topics ─────────────────────────────────────────────────────────────────────────────


def test_feeds_that_fail_fall_silent_roll_over_and_disappear(world: World) -> None:
    paths = ("/steady", "/broken", "/quiet", "/wire", "/gone")
    world.configure(*paths)
    for path in paths:
        world.publish(path, f"Rain at {path}", "Sun", "Fog", "Hail")
    for day in reversed(range(12)):
        world.publish("/quiet", f"Tides of day {day}", at=BEGAN - (day + 0.1) * DAY)
    with world.living() as daemon:
        world.begins(*paths)
        world.answer("/broken", Answer(status=500))
        world.answer("/gone", Answer(status=410))
        world.entries["/wire"] = [""] * 9
        world.publish("/wire", "Storm", "Calm", "Frost", "Thaw")
        world.passes(7 * HOUR, *paths)
        wait_until(lambda: world.stands("rolled-over") and world.stands("gone"), WITHIN)
        while not world.stands("failing"):
            world.publish("/steady", "Rain again")
            world.passes(7 * HOUR, "/steady")
        world.clock.leap(HOUR)
        world.hears(**{"rolled-over": 1, "gone": 1, "failing": 1})
        for path in ("/steady", "/broken", "/wire"):
            world.publish(path, "Snow")
        world.passes(8 * DAY, *paths[:-1])
        wait_until(lambda: world.over("rolled-over") and world.over("failing"), WITHIN)
        wait_until(lambda: world.stands("silent"), WITHIN)
        daemon.process.kill()
    with world.living() as daemon:
        world.clock.leap(HOUR)
        world.hears(**{"rolled-over": 1, "gone": 1, "failing": 1, "silent": 1, "recovered": 2})
        world.publish("/quiet", "Tides at last")
        world.passes(DAY, "/quiet")
        wait_until(lambda: world.over("silent"), WITHIN)
        world.clock.leap(HOUR)
        # Whoever takes it out of the configuration has heard of it: it ends without a word.
        world.subscribe(*paths[:-1])
        daemon.asked(signal.SIGHUP)
        wait_until(lambda: not world.count("part_alarms WHERE cause = 'gone'"), WITHIN)
        world.hears(**{"rolled-over": 1, "gone": 1, "failing": 1, "silent": 1, "recovered": 3})
        world.publish("/quiet", "Tides anew")
        world.hears_no_more(daemon)
    assert "has failed since 2026-03-02" in world.words("failing")[0]
    assert world.words("recovered")[-1].endswith("/quiet has new items again.")


def test_most_feeds_failing_at_once_are_one_message_about_our_network(world: World) -> None:
    paths = ["/steady", *(f"/f{number}" for number in range(11))]
    world.configure(*paths)
    for path in paths:
        world.publish(path, f"Rain at {path}")
    with world.living() as daemon:
        world.begins(*paths)
        for path in paths:
            world.answer(path, Answer(status=503))
        world.passes(7 * HOUR, *paths)
        world.clock.leap(2 * HOUR)
        world.hears(most_failing=1)
        for _ in range(2):
            world.passes(25 * HOUR, *paths)
        wait_until(lambda: world.count("part_alarms WHERE cause = 'failing'") == len(paths), WITHIN)
        for path in paths:
            world.publish(path, f"Sun at {path}")
        world.passes(25 * HOUR, *paths)
        wait_until(lambda: world.over("most failing"), WITHIN)
        world.clock.leap(STEADY)
        world.hears(most_failing=1, recovered=1)
        world.hears_no_more(daemon)
    assert "12 of 12 feeds can't be read" in world.words("most failing")[0]


def test_a_topic_without_items_for_unusually_long(world: World) -> None:
    world.configure("/steady")
    for day in reversed(range(1, 12)):
        world.publish("/steady", f"The ferry of day {day} sails", at=BEGAN - day * DAY)
    with world.living() as daemon:
        world.begins("/steady")
        for day in range(9):
            world.publish("/steady", f"Weather report number {day}")
            world.passes(DAY, "/steady")
        wait_until(lambda: world.stands("silent"), WITHIN)
        world.clock.leap(COLLECTED)
        world.hears(silent=1)
        world.publish("/steady", "A ferry sails again")
        world.passes(DAY, "/steady")
        wait_until(lambda: world.over("silent"), WITHIN)
        world.clock.leap(STEADY)
        world.hears(silent=1, recovered=1)
        world.hears_no_more(daemon)
    assert "Topic “Ferries”: no item has matched since" in world.words("silent")[0]
    assert world.words("recovered") == ["Topic “Ferries” has items again."]


# ── delivery ─────────────────────────────────────────────────────────────────────────────────────


def test_a_channel_that_is_disabled_and_dead_letters(world: World) -> None:
    world.configure("/steady")
    world.house.web.play("/chat", Answer(status=404, body=b"no_service"))
    world.publish("/steady", "The ferry sails")
    with world.living() as daemon:
        world.hears(disabled=1)
        world.house.web.play("/chat", Answer(body=b"ok"))
        assert world.house.call("deliveries", "enable", "chat").status == 0
        wait_until(lambda: world.over("disabled"), WITHIN)
        world.clock.leap(STEADY)
        world.hears(disabled=1, recovered=1)
        world.house.web.play("/chat", Answer(status=400, body=b"invalid_blocks"))
        world.publish("/steady", "A yard in Ostren builds a ferry of aluminium", "Nine ferries for an island")
        world.passes(7 * HOUR, "/steady")
        world.hears(disabled=1, recovered=1, refused_400=1)
        world.house.web.play("/chat", Answer(status=503))
        world.publish("/steady", "Ferry captain retires after forty years at sea")
        world.passes(7 * HOUR, "/steady")
        wait_until(lambda: world.count("deliveries WHERE state = 'pending' AND attempt = 1"), WITHIN)
        world.passes(2 * DAY, "/steady")
        wait_until(lambda: world.stands("given up"), WITHIN)
        world.house.web.play("/chat", Answer(body=b"ok"))
        world.publish("/steady", "Ferry tickets will cost twice as much in July")
        world.passes(7 * HOUR, "/steady")
        wait_until(lambda: world.over("given up"), WITHIN)
        world.clock.leap(STEADY)
        world.hears(disabled=1, recovered=2, refused_400=1, given_up=1)
        world.hears_no_more(daemon)
    assert set(world.words("recovered")) == {"Messages to “chat” go out again."}


# ── the machine and the process ──────────────────────────────────────────────────────────────────


@pytest.fixture
def small_disk(world: World) -> Iterator[Path]:
    """The data folder, on a disk of twelve megabytes."""
    folder = world.house.data
    folder.mkdir()
    mount = shutil.which("mount")
    if os.geteuid() or not mount:
        pytest.skip("only root may mount a small disk")
    done = subprocess.run([mount, "-t", "tmpfs", "-o", "size=12m", "tmpfs", folder], check=False)
    if done.returncode:
        pytest.skip("no file systems can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_disk_that_fills_up(world: World, small_disk: Path) -> None:
    world.configure("/steady", alarms="disk_free_mb = 3")
    world.publish("/steady", "Rain")
    with world.living() as daemon:
        world.begins("/steady")
        assert world.told == []
        filler = small_disk / "filler"
        filler.write_bytes(bytes(shutil.disk_usage(small_disk).free - 2 * MEGA))
        world.hears(almost_full=1)
        filler.unlink()
        wait_until(lambda: world.over("almost full"), WITHIN)
        world.clock.leap(STEADY)
        world.hears(almost_full=1, recovered=1)
        world.hears_no_more(daemon)
    assert f"are free for {small_disk}; 3.0 MB should be" in world.words("almost full")[0]


def test_too_little_room_a_refused_configuration_and_steps_that_fail(world: World) -> None:
    free = shutil.disk_usage(world.file.parent).free
    world.configure("/steady", alarms=f"disk_free_mb = {2 * free // MEGA}")
    world.publish("/steady", "Rain")
    settings = world.house.config / "chipwatch.toml"
    sound = settings.read_text()
    with world.living(overdue=timedelta(seconds=4)) as daemon:
        world.begins("/steady")
        world.hears(almost_full=1)
        for _ in range(2):
            settings.write_text(sound.replace("[alarms]", "[alarm]"))
            daemon.asked(signal.SIGHUP)
            world.hears(almost_full=1, refused=1)
        settings.write_text(sound.replace("disk_free_mb", "# disk_free_mb"))
        daemon.asked(signal.SIGHUP)
        world.ask("ALTER TABLE slots RENAME TO elsewhere")
        wait_until(lambda: world.over("refused") and world.over("almost full"), WITHIN)
        world.clock.leap(STEADY)
        # Digests are composed from these, and upkeep forgets them.
        world.hears(almost_full=1, refused=1, recovered=2, failing=2)
        world.ask("ALTER TABLE elsewhere RENAME TO slots")
        wait_until(lambda: not world.stands("failing"), WITHIN)
        world.clock.leap(STEADY)
        world.hears(almost_full=1, refused=1, recovered=4, failing=2)
        world.hears_no_more(daemon)
    assert set(world.words("recovered")[2:]) == {
        "The step “digest” works again.",
        "The step “upkeep” works again.",
    }


def test_a_clock_that_jumps(world: World) -> None:
    world.configure("/steady")
    world.publish("/steady", "Rain")
    world.file.with_suffix(".watched").touch()
    with world.living() as daemon:
        world.begins("/steady")
        world.clock.leap(90 * MINUTE)
        world.hears(jumped=1)
        daemon.ended()
    with world.living() as daemon:
        world.hears(jumped=1)
        daemon.ended()
    world.hears(jumped=1)
    assert "ahead by 90 minutes" in world.words("jumped")[0]
