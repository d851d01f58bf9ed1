import json
import subprocess
import sys
from pathlib import Path

import pytest

from bot.configuration import starter_folder
from tests.cli.calling import NEWS, chipwatch, rss, write_config
from tests.core.articles import ONE_ORDER

ITEMS = (
    {"id": "a", "title": "Skerry Lines launches its electric ferry", "summary": "It carries 90 cars."},
    {"id": "b", "title": "Ostren wins the cup", "body": "Two goals in the rain."},
    {"id": 3, "title": "Skerry Lines launches its electric ferry", "summary": "It carries 90 cars."},
)


def lines(*items: object) -> bytes:
    return "".join(json.dumps(item) + "\n" for item in items).encode()


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_config(tmp_path_factory.mktemp("filters") / "config")


# ── classify ─────────────────────────────────────────────────────────────────────────────────────


def test_of_a_line_of_megabytes_as_much_is_judged_as_is_kept_of_a_feeds_entry(config: Path) -> None:
    body = "Skerry Lines launches its electric ferry. " * 2_000
    kept, whole = (
        {"id": 1, "title": "Ferries", "body": body[:50_000]},
        {"id": 1, "title": "Ferries", "body": body},
    )
    first, second = chipwatch("classify", "--config", config, stdin=lines(kept, whole)).rows
    assert first == second


def test_every_item_is_answered_with_a_decision_and_its_reasons(config: Path) -> None:
    called = chipwatch("classify", "--config", config, stdin=lines(*ITEMS))
    assert called.status == 0
    on, off, again = called.rows
    assert [row["id"] for row in called.rows] == ["a", "b", 3]
    assert set(on) == {"id", "topics", "nearest"}
    (topic,) = on["topics"]
    assert topic["topic"] == "ferries"
    assert topic["matched"] is True
    assert 0.5 < topic["score"] <= 1
    assert {share["signal"] for share in topic["because"]} == {"prior", "query", "exemplars", "entities"}
    (query,) = (share for share in topic["because"] if share["signal"] == "query")
    assert query["share"] > 0
    assert "Skerry Lines" in query["detail"]
    assert on["nearest"]["exemplar"] == "new-ferry"
    assert on["nearest"]["relation"] in ("same-story", "follow-up", "related")
    assert off["topics"][0]["matched"] is False
    assert again["topics"] == on["topics"], "judging has no memory"


def test_without_articles_there_is_no_nearest_one(tmp_path: Path) -> None:
    (tmp_path / "topics").mkdir()
    (tmp_path / "topics" / "x.toml").write_text('title = "X"\nquery = "ferry"\n')
    (row,) = chipwatch("classify", "--config", tmp_path, stdin=lines(ITEMS[0])).rows
    assert row["topics"][0]["matched"] is True
    assert row["nearest"] is None


def test_a_topic_with_a_title_alone_works_from_its_articles(tmp_path: Path) -> None:
    config = write_config(tmp_path, topic='title = "Ferries"\n')
    on, off, _ = chipwatch("classify", "--config", config, stdin=lines(*ITEMS)).rows
    assert on["topics"][0]["matched"] is True
    assert off["topics"][0]["matched"] is False


def test_only_topics_and_articles_are_needed(tmp_path: Path) -> None:
    config = write_config(tmp_path, topic='title = "Ferries"\n')
    for name in ("chipwatch.toml", "feeds.toml", "entities.toml"):
        (config / name).unlink()
    assert chipwatch("classify", "--config", config, stdin=lines(ITEMS[0])).status == 0


def test_a_configuration_without_topics_says_what_to_write(tmp_path: Path) -> None:
    called = chipwatch("classify", "--config", tmp_path, stdin=lines(ITEMS[0]))
    assert called.status == 2
    assert "holds no topic" in called.err


@pytest.mark.parametrize("command", ["classify", "group"])
def test_a_bad_line_is_answered_in_its_place_and_passed_over(config: Path, command: str) -> None:
    given = b"\n".join(
        [
            lines(ITEMS[0]).strip(),
            b"not json",
            b"",
            b'{"title": "no id"}',
            b'{"id": "bad \xff bytes"}',
            b'{"id": "lone", "title": "\\ud800 surrogate", "url": "http://[::1"}',
            b"[" * 100_000,
            lines(ITEMS[1]),
        ]
    )
    options = ("--config", config) if command == "classify" else ()
    called = chipwatch(command, *options, stdin=given)
    assert called.status == 0
    assert [row.get("id") or row["line"] for row in called.rows] == ["a", 2, 4, 5, "lone", 7, "b"]
    assert all(row["error"] for row in called.rows if "line" in row)


def test_what_utf8_can_not_spell_is_spelled_as_it_came(config: Path) -> None:
    called = chipwatch("group", stdin=b'{"id": "\\ud800", "title": "T"}\n')
    assert '"id": "\\ud800"' in called.out
    assert called.rows[0]["id"] == "\ud800"


def test_a_huge_line_is_answered_like_any_other(config: Path) -> None:
    huge = {"id": "huge", "title": "W" * 1_000_000, "body": "ferry " * 50_000}
    called = chipwatch("classify", "--config", config, stdin=lines(huge, ITEMS[1]))
    assert [row["id"] for row in called.rows] == ["huge", "b"]


@pytest.mark.parametrize("command", ["classify", "group", "parse", "eval"])
def test_a_file_that_is_not_there_is_named(config: Path, command: str) -> None:
    options = ("--config", config) if command in ("classify", "eval") else ()
    called = chipwatch(command, "nowhere.jsonl", *options)
    assert (called.status, called.err) == (
        2,
        "chipwatch: nowhere.jsonl can't be read: No such file or directory\n",
    )


# ── group ────────────────────────────────────────────────────────────────────────────────────────


def test_copies_share_a_story_and_say_whose_they_are(tmp_path: Path) -> None:
    (tmp_path / "items.jsonl").write_bytes(lines(*ITEMS))
    first, other, copy = chipwatch("group", tmp_path / "items.jsonl").rows
    assert first["story"] == copy["story"] != other["story"]
    assert [row["copy_of"] for row in (first, other, copy)] == [None, None, "a"]
    assert [row["id"] for row in (first, other, copy)] == ["a", "b", 3]


def test_an_item_by_which_two_stories_become_one_says_so_and_later_ones_are_in_the_older() -> None:
    items = [
        {"id": number, "title": title, "summary": summary, "published": f"2026-03-02T{8 + number:02}:00:00Z"}
        for number, (title, summary) in enumerate((*ONE_ORDER, ONE_ORDER[1]))
    ]
    rows = chipwatch("group", stdin=lines(*items)).rows
    first, second = rows[0]["story"], rows[1]["story"]
    assert [row["story"] for row in rows] == [first, second, first, first, second, first, first]
    assert [row.get("merges") for row in rows] == [None] * 5 + [[second], None]


def test_ids_that_stand_twice_or_look_alike_are_told_apart() -> None:
    twice = [{**ITEMS[0], "id": 1}, {**ITEMS[0], "id": "1"}, {**ITEMS[1], "id": 1}]
    rows = chipwatch("group", stdin=lines(*twice)).rows
    assert [row["id"] for row in rows] == [1, "1", 1]
    assert [row["copy_of"] for row in rows] == [None, 1, None]


def test_a_line_is_answered_before_the_next_is_read() -> None:
    call = [sys.executable, "-m", "bot", "group"]
    with subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        for item in ITEMS:
            process.stdin.write(lines(item))
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == item["id"]
        process.stdin.close()
        assert process.wait(20) == 0


# ── parse ────────────────────────────────────────────────────────────────────────────────────────

ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom"><title>Quay &amp; Co</title>
<entry><id>urn:1</id><title type="html">A &lt;b&gt;bold&lt;/b&gt; ferry</title>
<link href="/news/1?utm_source=feed"/><updated>2026-06-16T06:00:00Z</updated>
<summary type="html">&lt;p&gt;It sails.&lt;/p&gt;</summary></entry></feed>"""
JSON_FEED = json.dumps(
    {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Quay & Co",
        "items": [
            {
                "id": "1",
                "url": "/news/1?utm_source=feed",
                "title": "A bold ferry",
                "summary": "It sails.",
                "date_published": "2026-06-16T06:00:00Z",
            }
        ],
    }
).encode()


@pytest.mark.parametrize("document", [ATOM, JSON_FEED], ids=["atom", "json"])
def test_a_feed_is_a_header_and_its_items_in_plain_text(document: bytes) -> None:
    called = chipwatch("parse", "--url", "https://quay.example/feed", stdin=document)
    assert called.status == 0
    feed, item = called.rows
    assert (feed["kind"], feed["title"], feed["entries"]) == ("feed", "Quay & Co", 1)
    assert item["kind"] == "item"
    assert item["url"] == "https://quay.example/news/1?utm_source=feed"
    assert item["canonical_url"] == "https://quay.example/news/1"
    assert (item["title"], item["summary"]) == ("A bold ferry", "It sails.")
    assert item["published"] == "2026-06-16T06:00:00+00:00"


def test_items_come_in_document_order_and_with_ids_that_stay(tmp_path: Path) -> None:
    (tmp_path / "feed.xml").write_bytes(rss(*NEWS))
    _, *items = chipwatch("parse", tmp_path / "feed.xml").rows
    assert [item["url"] for item in items] == ["https://harbor.example/1", "https://harbor.example/2"]
    assert items == chipwatch("parse", tmp_path / "feed.xml").rows[1:]


def test_a_document_cut_short_is_read_as_far_as_it_goes() -> None:
    feed, *items = chipwatch("parse", stdin=rss(*NEWS)[:-160]).rows
    assert feed["faults"]
    assert items[0]["title"] == "Skerry Lines launches its electric ferry"


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"<!doctype html><html><body>A page</body></html>",
        bytes(range(256)),
        b'{"a": 1}',
        b"[" * 100_000,
        b"<a>" * 20_000,
        b"\0" * 1000,
    ],
    ids=["nothing", "page", "bytes", "json", "deep json", "deep xml", "zeros"],
)
def test_what_is_no_feed_is_one_error_object_and_status_1(garbage: bytes) -> None:
    called = chipwatch("parse", stdin=garbage)
    assert called.status == 1
    (row,) = called.rows
    assert set(row) == {"error"}
    assert not called.err


# ── eval ─────────────────────────────────────────────────────────────────────────────────────────

LABELLED = (
    {**ITEMS[0], "topics": ["ferries"]},
    {**ITEMS[1], "topics": []},
    {"id": "missed", "title": "The council talks about parking", "topics": ["ferries"]},
    {"id": "false", "title": "A ferry in a bottle: the ferry as decoration", "topics": []},
)


def test_precision_and_recall_a_topic(config: Path) -> None:
    called = chipwatch("eval", "--config", config, "--json", stdin=lines(*LABELLED))
    assert called.status == 0
    (topic,) = called.json["topics"]
    assert (topic["topic"], topic["positives"]) == ("ferries", 2)
    counts = [topic[key] for key in ("true_positives", "false_positives", "false_negatives")]
    assert counts == [1, 1, 1]
    assert (topic["precision"], topic["recall"], topic["f1"]) == (0.5, 0.5, 0.5)
    assert {mistake["item_id"] for mistake in topic["mistakes"]} == {"missed", "false"}


def test_a_table_and_the_mistakes_below_it(config: Path) -> None:
    told = chipwatch("eval", "--config", config, stdin=lines(*LABELLED)).out
    heading = next(line for line in told.splitlines() if "precision" in line)
    assert heading.split()[:9] == [
        "topic",
        "items",
        "found",
        "false",
        "missed",
        "precision",
        "recall",
        "F1",
        "AP",
    ]
    assert "ferries  missed" in told
    assert "ferries  false" in told
    without = chipwatch("eval", "--config", config, "--no-errors", stdin=lines(*LABELLED)).out
    assert "ferries  missed" not in without


def test_bad_lines_and_unknown_labels_are_told_beside_the_table(config: Path) -> None:
    given = (
        lines(*LABELLED, {**ITEMS[1], "topics": ["feries"]}, {"id": "no labels", "title": "T"}) + b"no json\n"
    )
    called = chipwatch("eval", "--config", config, stdin=given)
    assert called.status == 0
    assert 'a topic "feries" that is not configured' in called.err
    assert '"id": "no labels"' in called.err
    assert '"line": 7' in called.err
    assert chipwatch("eval", "--config", config, "--json", stdin=given).json["bad_lines"] == 2


def test_the_shipped_configuration_finds_its_subject() -> None:
    items = (
        {"id": 1, "title": "Meta's second MTIA chip enters production", "summary": "Built with Broadcom."},
        {"id": 2, "title": "Potato chips get dearer", "summary": "Bad harvests raise prices."},
    )
    on, off = chipwatch("classify", "--config", starter_folder(), stdin=lines(*items)).rows
    assert {topic["topic"] for topic in on["topics"] if topic["matched"]} >= {"mtia", "custom-silicon"}
    assert not any(topic["matched"] for topic in off["topics"])
