"""The demo's sample feeds are what they claim to be: formats, dates, hosts, labels and expected events."""

from __future__ import annotations

import io
import json
import re
import tomllib
from calendar import timegm
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import feedparser
import pytest

from bot.core.text import shingles, words

DEMO = Path(__file__).resolve().parent.parent / "config" / "demo"
FEEDS = DEMO / "feeds"
NOW = datetime(2026, 6, 16, 7, tzinfo=UTC)
"""The demo's clock when it first polls."""
LABEL = "Sample feed of chipwatch's demo; companies and events are invented or retold."
BROKEN = "pinewood-journal.rss"
CUT_OFF = "https://pinewoodjournal.example/article/5521"
HOSTILE = "chipboard-9090"
NAMESPACE_HOSTS = {"www.w3.org", "purl.org", "www.itunes.com", "jsonfeed.org", "search.yahoo.com"}


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One item of a sample feed, as a reader's parser sees it."""

    file: str
    link: str
    guid: str
    title: str
    text: str
    published: datetime | None

    @property
    def key(self) -> str:
        """How ``expected.toml`` names it: the link without tracking and fragment, or else the guid."""
        parts = urlsplit(self.link)
        if parts.scheme not in {"http", "https"}:
            return self.guid
        query = urlencode([(name, value) for name, value in parse_qsl(parts.query) if name[:4] != "utm_"])
        return parts._replace(query=query, fragment="").geturl()


def load_listing(name: str) -> dict[str, Any]:
    return tomllib.loads((DEMO / name).read_text(encoding="utf-8"))


SITES: list[dict[str, Any]] = load_listing("sites.toml")["site"]
EVENTS: list[dict[str, Any]] = load_listing("expected.toml")["event"]
NEAR_MISSES: list[str] = load_listing("expected.toml")["near_misses"]
FEED_SITES = [site for site in SITES if not site["file"].endswith(".html")]


@cache
def parsed(file: str) -> Any:
    """feedparser's view of a document, with the header the demo's server sends."""
    site = next(site for site in SITES if site["file"] == file)
    headers = {"content-type": site["content_type"]}
    return feedparser.parse(io.BytesIO((FEEDS / file).read_bytes()), response_headers=headers)


def xml_samples(file: str) -> list[Sample]:
    samples = []
    for entry in parsed(file).entries:
        moment = entry.get("published_parsed") or entry.get("updated_parsed")
        samples.append(
            Sample(
                file=file,
                link=entry.get("link", ""),
                guid=entry.get("id", ""),
                title=entry.get("title", ""),
                text=entry.get("summary", ""),
                published=datetime.fromtimestamp(timegm(moment), UTC) if moment else None,
            )
        )
    return samples


def json_samples(file: str) -> list[Sample]:
    return [
        Sample(
            file=file,
            link=item["url"],
            guid=item["id"],
            title=item["title"],
            text=item.get("content_html") or item["content_text"],
            published=datetime.fromisoformat(item["date_published"]),
        )
        for item in json.loads((FEEDS / file).read_text(encoding="utf-8"))["items"]
    ]


@cache
def samples() -> tuple[Sample, ...]:
    found: list[Sample] = []
    for site in FEED_SITES:
        read = json_samples if site["file"].endswith(".json") else xml_samples
        found += read(site["file"])
    return tuple(found)


@cache
def by_key() -> dict[str, Sample]:
    """Every item once, in the words of its own publisher rather than those of the search feed."""
    return {s.key: s for s in sorted(samples(), key=lambda s: not s.file.startswith("newsfinder"))}


def test_every_document_is_listed_once_and_every_listing_has_its_document() -> None:
    assert sorted(site["file"] for site in SITES) == sorted(path.name for path in FEEDS.iterdir())
    assert max(Counter(site["path"] for site in SITES).values()) == 1
    for site in SITES:
        assert site.keys() <= {"file", "path", "content_type", "title", "tags", "status", "delay"}
        assert site["path"].startswith("/")
        assert site["title"] and site["tags"]


def test_what_comes_later_is_the_same_feed_with_one_item_more() -> None:
    (path,) = (DEMO / "later").iterdir()
    before, after = ((folder / path.name).read_text(encoding="utf-8") for folder in (FEEDS, DEMO / "later"))
    entries = [text.split("<entry>") for text in (before, after)]
    assert entries[1][2:] == entries[0][1:]
    assert set(re.findall(r"https?://[\w.-]+", after)) == set(re.findall(r"https?://[\w.-]+", before))


def test_all_four_formats_are_there() -> None:
    formats = Counter(
        "json" if site["file"].endswith(".json") else re.sub(r"\d+$", "", parsed(site["file"]).version)
        for site in FEED_SITES
    )
    assert sum(formats.values()) >= 12
    assert set(formats) == {"rss", "atom", "json"}
    assert min(formats.values()) >= 2
    rdf = [site["file"] for site in FEED_SITES if parsed(site["file"]).version == "rss10"]
    assert len(rdf) >= 2


def test_there_are_enough_items_and_each_has_words() -> None:
    assert len(samples()) >= 110
    assert len(by_key()) >= 100
    assert [sample.key for sample in samples() if not sample.title] == []
    assert [sample.key for sample in samples() if not sample.text] == [CUT_OFF]


@pytest.mark.parametrize("site", SITES, ids=lambda site: str(site["file"]))
def test_every_document_says_that_it_is_a_sample(site: dict[str, Any]) -> None:
    assert LABEL.encode() in (FEEDS / site["file"]).read_bytes()


def test_no_item_comes_from_the_future_or_from_long_ago() -> None:
    dates = [sample.published for sample in samples() if sample.published]
    assert len(dates) == len(samples()) - 1  # one item of the snack feed has none
    assert max(dates) <= NOW
    assert min(dates) >= NOW - timedelta(days=5)
    recent = sum(date >= NOW - timedelta(hours=30) for date in dates)
    assert recent >= 80


def test_every_host_is_reserved_for_examples() -> None:
    address = re.compile(r"(?:://|@)([\w.-]+)")
    for site in SITES:
        file = site["file"]
        text = (FEEDS / file).read_text(encoding="latin-1")  # any bytes will do: hosts are ASCII
        hosts = set(address.findall(text)) - NAMESPACE_HOSTS
        if file == BROKEN:
            hosts.discard("pinewo")  # where it breaks off
        assert hosts, file
        assert {host for host in hosts if not host.endswith(".example")} == set(), file


def test_titles_have_the_length_of_headlines() -> None:
    assert [s.title for s in samples() if len(s.title) > 160 and s.guid != HOSTILE] == []


def test_only_the_broken_feed_is_broken_and_its_good_items_can_be_read() -> None:
    faulty = [
        site["file"] for site in FEED_SITES if site["file"][-5:] != ".json" and parsed(site["file"]).bozo
    ]
    assert faulty == [BROKEN]
    good = [sample for sample in samples() if sample.file == BROKEN and sample.key != CUT_OFF]
    assert len(good) >= 4


def test_a_page_and_a_failure_stand_among_the_sites() -> None:
    pages = [site for site in SITES if site["file"].endswith(".html")]
    assert sorted(site.get("status", 200) for site in pages) == [200, 500]
    assert all(not parsed(site["file"]).entries for site in pages)
    assert all(site.get("status", 200) == 200 for site in FEED_SITES)


def test_the_peculiar_feeds_are_peculiar() -> None:
    assert all(not entry.get("id") for entry in parsed("morning-courier.rss").entries)
    assert parsed("tamar-gazette.rss").encoding == "windows-1252"
    assert parsed("bitwright.rdf").encoding.lower() == "iso-8859-1"
    for file in ("tamar-gazette.rss", "bitwright.rdf"):
        with pytest.raises(UnicodeDecodeError):
            (FEEDS / file).read_bytes().decode("utf-8")
    assert any("Fête" in entry.title for entry in parsed("tamar-gazette.rss").entries)
    assert b'href="press/' in (FEEDS / "castellan-press.atom").read_bytes()
    assert parsed("nordlicht.atom").feed.language == "de"
    assert all(entry.enclosures for entry in parsed("tapeout-tuesdays.rss").entries)
    tracked = [site for site in FEED_SITES if b"utm_" in (FEEDS / site["file"]).read_bytes()]
    assert len(tracked) >= 10


def test_the_search_feed_links_to_articles_of_other_feeds() -> None:
    found = [sample for sample in samples() if sample.file == "newsfinder-search.rss"]
    elsewhere = {sample.key for sample in samples() if sample.file != "newsfinder-search.rss"}
    assert {sample.key for sample in found} <= elsewhere
    assert all(" - " in sample.title for sample in found)


def test_the_hostile_post_tries_what_a_message_must_not_carry() -> None:
    raw = (FEEDS / "chipboard.rss").read_text(encoding="utf-8")
    for attack in (
        "<script>",
        "javascript:",
        "&#x202E;",
        "&#13;&#10;Bcc:",
        "onerror=",
        "<iframe",
        "&lt;!channel",
    ):
        assert attack in raw
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", raw), "the source itself must read as it stands"
    hostile = by_key()[HOSTILE]
    assert "\u202e" in hostile.title and "\n" in hostile.title


def test_expected_items_exist_and_belong_to_one_event() -> None:
    listed = Counter(item for event in EVENTS for item in event["items"])
    assert set(listed) - set(by_key()) == set()
    assert set(NEAR_MISSES) - set(by_key()) == set()
    assert max(listed.values()) == 1
    assert set(NEAR_MISSES).isdisjoint(listed)
    assert len(set(NEAR_MISSES)) == len(NEAR_MISSES) >= 20


def test_expected_events_are_complete_and_consistent() -> None:
    assert max(Counter(event["id"] for event in EVENTS).values()) == 1
    for event in EVENTS:
        assert event.keys() == {"id", "topics", "told", "note", "items"}
        topics = set(event["topics"])
        assert topics <= {"mtia", "custom-silicon", "chip-deals"}
        assert "mtia" not in topics or "custom-silicon" in topics
        dates = [by_key()[item].published for item in event["items"]]
        fresh = any(date and date >= NOW - timedelta(hours=30) for date in dates)
        assert event["told"] == bool(topics and fresh), event["id"]
    assert sum(event["told"] for event in EVENTS) >= 8


@pytest.mark.parametrize(
    ("event_id", "outlets"),
    [("havnor-plover-2", 6), ("halcyon-tidewater", 6), ("castellan-ostren", 4), ("export-form", 3)],
)
def test_one_wire_text_is_reprinted_by_several_outlets(event_id: str, outlets: int) -> None:
    items = next(event["items"] for event in EVENTS if event["id"] == event_id)
    runs = {item: set(shingles(words(by_key()[item].text), 5)) for item in items}
    reprints = [
        {
            urlsplit(other).hostname
            for other in items
            if len(runs[item] & runs[other]) >= 0.5 * len(runs[other])
        }
        for item in items
        if item.startswith("https://harborwire.example/")
    ]
    assert max(len(hosts) for hosts in reprints) == outlets
