import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.json_feed import looks_like_json
from bot.core.json_feed import parse_json as parse_unseen
from bot.core.seen import Request, hashes_in
from bot.errors import FeedError
from bot.model import FeedDocument

VERSION = "https://jsonfeed.org/version/1.1"
_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["id", "url", "title", "summary", "content_html", "authors", "name", "date_published", "x"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


def parse_json(text: str, max_entries: int) -> FeedDocument:
    return parse_unseen(text, Request(max_entries=max_entries)).document


def test_a_feed_is_read_with_its_items() -> None:
    document = parse_json(
        json.dumps(
            {
                "version": VERSION,
                "title": "News &#8211; Chips",
                "home_page_url": "https://example.org/",
                "language": "en",
                "items": [
                    {
                        "id": 17,
                        "url": "https://example.org/a",
                        "title": "AT&T if a < b",
                        "content_html": "<p>x</p>",
                        "summary": "s",
                        "authors": [{"name": "A"}, {"name": "B"}],
                        "date_published": "2026-03-03T12:00:00+01:00",
                    },
                    {"id": "b", "external_url": "https://example.net/", "content_text": "1 < 2"},
                ],
            }
        ),
        10,
    )
    assert (document.title, document.format, document.language) == ("News – Chips", "json1.1", "en")
    first, second = document.entries
    assert (first.guid, first.title, first.content) == ("17", "AT&amp;T if a &lt; b", "<p>x</p>")
    assert (first.author, first.published) == ("A, B", datetime(2026, 3, 3, 11, tzinfo=UTC))
    assert (second.link, second.content) == ("https://example.net/", "1 &lt; 2")


def test_wrong_types_cost_their_field_only() -> None:
    items = [
        {"id": {"a": 1}, "url": "https://example.org/a", "title": 5},
        None,
        "x",
        {"id": "b", "url": None},
    ]
    document = parse_json(json.dumps({"version": VERSION, "items": items}), 10)
    assert [(entry.guid, entry.title) for entry in document.entries] == [(None, "5"), ("b", "")]
    assert document.faults == ("2 items are no JSON objects",)


def test_entries_beyond_the_limit_are_counted() -> None:
    items = [{"id": str(number)} for number in range(7)]
    document = parse_json(json.dumps({"version": VERSION, "items": items}), 5)
    assert (len(document.entries), document.left_out) == (5, 2)


def test_new_entries_may_stand_after_as_many_as_are_read() -> None:
    items = [{"id": str(number)} for number in range(8)]
    first = parse_unseen(json.dumps({"version": VERSION, "items": items[:7]}), Request(max_entries=5))
    request = Request(max_entries=5, seen=hashes_in(first.seen))
    later = parse_unseen(json.dumps({"version": VERSION, "items": items}), request)
    assert [entry.guid for entry in later.document.entries] == ["7"]
    assert (later.skipped, later.document.left_out) == (7, 0)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"error": "rate limit"}', "no JSON Feed"),
        ("[1, 2]", "no object"),
        ('{"version": "https://jsonfeed.org/version/1", "items": [', "can't be read"),
        ('{"items": ' + "[" * 100_000, "nested"),
    ],
)
def test_other_json_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(FeedError, match=reason):
        parse_json(text, 10)


def test_a_mark_and_a_literal_that_json_lacks_are_forgiven() -> None:
    text = '\ufeff{"items": [{"id": "1", "title": NaN}], "version": "' + VERSION + '"}'
    assert looks_like_json(text)
    assert parse_json(text, 10).entries[0].title == ""


@given(_JSON, _JSON)
def test_any_json_is_a_feed_or_refused(title: object, items: object) -> None:
    text = json.dumps({"version": VERSION, "title": title, "items": [items, {"id": items, "authors": items}]})
    assert len(parse_json(text, 10).entries) >= 1
