"""The demo as a user runs it: once for all tests, over real HTTP and SMTP on loopback."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from bot.configuration import starter_folder
from bot.demo import show
from bot.demo.run import LATER, MARK, MORNING, DemoClock
from bot.errors import UsageError
from tests.cli.calling import Outcome, chipwatch

EVENTS = tomllib.loads((starter_folder() / "demo" / "expected.toml").read_text(encoding="utf-8"))["event"]
HOSTILE = ("<script", "javascript:", "onerror=", "<iframe", "<!channel", "\u202e", "\r\nBcc:")


class Demo:
    """A demo that has run: what it printed and what it left."""

    def __init__(self, folder: Path, printed: Outcome) -> None:
        self.folder, self.printed = folder, printed

    def ask(self, *arguments: object) -> Any:
        where = ("--config", self.folder / "config", "--data", self.folder / "data", "--json")
        return chipwatch(*arguments, *where).json

    def bodies(self, kind: str) -> Sequence[Any]:
        return [json.loads(path.read_text()) for path in sorted(self.folder.glob(f"{kind}-*.json"))]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("demo") / "out [1]"
    folder.mkdir()
    # What an earlier demo left.
    (folder / MARK).touch()
    (folder / "mail-9.eml").write_text("of the first")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "130")
        return Demo(folder, chipwatch("demo", "--output", folder))


def test_it_ends_well_and_names_what_one_can_look_at(demo: Demo) -> None:
    assert demo.printed.status == 0, demo.printed.err
    for name in ("mail-1.html", "mail-1.txt", "mail-1.eml", "mail-2.html", "slack-1.json", "webhook-1.json"):
        assert f"  {demo.folder / name}\n" in demo.printed.out
        assert (demo.folder / name).stat().st_size > 200


def test_the_tables_say_what_happened(demo: Demo) -> None:
    told = demo.printed.out
    feeds = tomllib.loads((starter_folder() / "demo" / "sites.toml").read_text(encoding="utf-8"))["site"]
    assert f"items from {len(feeds)} feeds; 2 feeds failed and are named" in told
    for title in ("1 · Poll", "2 · Judge and group", "3 · Tell", "4 · Once more", "5 · Two hours later"):
        assert title in told
    assert "HTTP 500" in told
    assert "an HTML page, not a feed" in told
    assert max(map(len, told.splitlines()[:-12])) <= 130, "but for the addresses of files at its end"


def test_the_second_poll_tells_nothing_twice(demo: Demo) -> None:
    assert re.search(r"\d+ feeds unchanged, 0 new items, 0 messages: nothing is told twice", demo.printed.out)
    tellings = Counter(
        (delivery["channel"], story)
        for delivery in demo.ask("deliveries", "list")
        for story in delivery["stories"]
    )
    again = {telling for telling, times in tellings.items() if times > 1}
    assert {channel for channel, _ in again} == {"mail", "chat", "hook"}
    assert len({story for _, story in again}) == 1, "but for the update"
    assert max(tellings.values()) == 2


def test_a_story_with_news_is_told_again_with_what_is_new(demo: Demo) -> None:
    assert "new: value: $2.6 billion (was $2.1 billion)" in demo.printed.out
    assert "waited for the hour's alert budget" in demo.printed.out
    read = (demo.folder / "mail-2.txt").read_text(encoding="utf-8")
    assert "[UPDATED] Castellan raises its offer for Ostren Logic to $2.6 billion" in read
    assert "New since 16 Jun 07:00:\n  + value: $2.6 billion (was $2.1 billion)" in read
    updates = [
        story
        for body in demo.bodies("webhook")
        for section in body["data"]["sections"]
        for story in section["stories"]
        if story["status"] == "UPDATED"
    ]
    assert [story["revision"] for story in updates] == [2]


def test_every_message_was_sent(demo: Demo) -> None:
    deliveries = demo.ask("deliveries", "list")
    assert {delivery["state"] for delivery in deliveries} == {"sent"}
    assert {delivery["channel"] for delivery in deliveries} == {"mail", "chat", "hook"}
    assert len(demo.bodies("slack")) == sum(delivery["channel"] == "chat" for delivery in deliveries)
    assert len(demo.bodies("webhook")) == sum(delivery["channel"] == "hook" for delivery in deliveries)


def test_the_letter_is_one_a_digest_and_reads_as_it_should(demo: Demo) -> None:
    path, _ = sorted(demo.folder.glob("*.eml"))
    letter = message_from_bytes(path.read_bytes(), policy=default)
    assert letter["To"] == "analyst@example.org"
    assert letter["Message-ID"]
    kinds = [part.get_content_type() for part in letter.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "text/html"]
    assert (demo.folder / "mail-1.html").read_text().count("<h1") == 1


def test_nothing_hostile_gets_into_a_message(demo: Demo) -> None:
    written = [path for path in demo.folder.iterdir() if path.suffix in (".html", ".txt", ".json")]
    assert len(written) > 3
    for path in written:
        for attack in HOSTILE:
            assert attack not in path.read_text(encoding="utf-8"), path.name


def test_most_of_what_matters_is_told_and_little_else(demo: Demo) -> None:
    """The exact figures belong to judging; here the whole of it must work together."""
    urls = {
        item["url"].split("?utm")[0].rstrip("/"): story["id"]
        for story in demo.ask("stories", "-n", "1000")
        for item in story["items"]
    }
    told = {story for delivery in demo.ask("deliveries", "list") for story in delivery["stories"]}
    found = [event for event in EVENTS if {urls.get(item.rstrip("/")) for item in event["items"]} & told]
    expected = [event for event in EVENTS if event["told"]]
    missed = [event["id"] for event in expected if event not in found]
    assert len(missed) <= 0.2 * len(expected), missed
    assert len(told) <= 1.5 * len(expected)
    assert [event["id"] for event in found if not event["topics"]] == [], "a near miss is no news"


def test_one_can_ask_why(demo: Demo) -> None:
    item = demo.ask("items", "--topic", "mtia")[0]
    answer = demo.ask("why", item["id"])
    assert {verdict["topic_id"] for verdict in answer["verdicts"]} == {"mtia", "custom-silicon", "chip-deals"}
    assert answer["deliveries"]


def test_a_demo_takes_the_place_of_an_earlier_one_and_of_nothing_else(demo: Demo) -> None:
    assert sorted(path.name for path in demo.folder.glob("*.eml")) == ["mail-1.eml", "mail-2.eml"]
    assert (demo.folder / MARK).exists(), "so that the next one may do the same"


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters").write_text("mine")
    with pytest.raises(UsageError, match="holds something else than a demo; name another --output"):
        show(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letters"]
    with pytest.raises(UsageError, match="letters is a file"):
        show(tmp_path / "letters")


def test_the_letter_counts_what_was_read_for_it(demo: Demo) -> None:
    letter = (demo.folder / "mail-1.txt").read_text()
    assert "\n  Items    122 read\n" in letter


def test_the_clock_begins_before_the_morning_and_runs() -> None:
    clock = DemoClock()
    first = clock.now()
    assert timedelta(0) < MORNING - first <= timedelta(minutes=2)
    assert clock.now() >= first
    assert 0 <= clock.jitter() <= 1
    clock.leap(LATER)
    leapt = clock.now()
    assert LATER <= leapt - first < 2 * LATER
    clock.leap(-LATER)
    assert clock.now() >= leapt, "it is never put back"
