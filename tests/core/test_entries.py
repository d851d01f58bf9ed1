from datetime import UTC, datetime
from typing import Any

import pytest

from bot.core.entries import entry, string

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


def parsed(**fields: Any) -> dict[str, Any]:
    return {"title": "T", **fields}


def test_fields_are_taken_over() -> None:
    one = entry(
        parsed(
            id=" g ",
            link="https://e.example/1",
            title_detail={"type": "text/plain", "language": "de"},
            summary="<p>s</p>",
            author="A" * 900,
            published="Tue, 03 Mar 2026 12:00:00 GMT",
            published_parsed=(2026, 3, 3, 12, 0, 0, 1, 62, 0),
        ),
        "rss20",
    )
    assert (one.guid, one.link, one.title, one.summary) == ("g", "https://e.example/1", "T", "<p>s</p>")
    assert (one.language, len(one.author), one.published, one.updated) == ("de", 500, NOON, None)


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        ([{"rel": "self", "href": "s"}], None),
        ([{"rel": "related", "href": "r"}, {"rel": "alternate", "href": "a"}], "a"),
        ([{"rel": "enclosure", "href": "e"}, {"rel": "related", "href": "r"}], "r"),
        (None, None),
        ("x", None),
    ],
)
def test_some_link_is_found(links: object, expected: str | None) -> None:
    assert entry(parsed(links=links), "atom10").link == expected


def test_texts_that_were_not_shown_are_put_back_before_the_longest_is_chosen() -> None:
    texts = {"w1": "long " * 50, "w2": "<b>s</b>"}
    contents = [{"value": "shown in full", "type": "text/html"}, {"value": "w1", "type": "text/html"}]
    one = entry(parsed(content=contents, summary="w2"), "rss20", lambda word: texts.get(word, word))
    assert (one.content, one.summary) == (texts["w1"], "<b>s</b>")


def test_plain_text_is_escaped_as_its_format_has_it() -> None:
    plain = {"title_detail": {"type": "text/plain"}, "title": "a <b>c</b>"}
    assert entry(plain, "atom10").title == "a &lt;b&gt;c&lt;/b&gt;"
    assert entry(plain, "rss20").title == "a <b>c</b>"


def test_a_zone_that_feedparser_does_not_know_is_known() -> None:
    date = {
        "published": "Tue, 03 Mar 2026 13:00:00 BST",
        "published_parsed": (2026, 3, 3, 13, 0, 0, 1, 62, 0),
    }
    assert entry(date, "rss20").published == NOON


def test_odd_values_count_as_absent() -> None:
    assert string({"a": ["x"]}, "a") == ""
    assert entry({"title": None, "content": [{"value": 3}, "x"]}, "").content == ""


def test_a_date_that_its_zone_carries_beyond_all_years_is_none() -> None:
    date = {
        "published": "Fri, 31 Dec 9999 23:59:59 HST",
        "published_parsed": (9999, 12, 31, 23, 59, 59, 4, 365, 0),
    }
    assert entry(parsed(**date), "rss20").published is None
