from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.normalise import LONGEST_BODY, LONGEST_SUMMARY, as_published, normalise
from bot.model import Entry, FeedDocument, Item

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
BASE = "https://example.org/feed"
LONG = "The company said the new accelerator will be built by its partner and ship in volume next year."

_WORDS = st.sampled_from(["", "chips", "new deal", "<b>x</b>", "Daily briefing", LONG])
_ENTRIES = st.builds(
    Entry,
    guid=st.sampled_from([None, "1", "2", "https://example.org/p"]),
    link=st.sampled_from([None, "/a", "/a?utm_source=rss", "/b", "javascript:x", "http://127.0.0.1/", "/"]),
    title=_WORDS,
    summary=_WORDS,
    content=_WORDS,
    published=st.sampled_from([None, NOW, NOW + timedelta(days=400)]),
)


def items_of(*entries: Entry, link: str | None = None) -> tuple[Item, ...]:
    return normalise(FeedDocument(entries=entries, link=link, language="en"), "feed", BASE, NOW)


def entry(number: int, **changes: str | None) -> Entry:
    plain = Entry(
        guid=f"g{number}", link=f"/story/{number}", title=f"Story {number}", summary=f"{LONG} {number}"
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def test_an_entry_becomes_an_item() -> None:
    (item,) = items_of(
        Entry(
            guid="g",
            link="/a?utm_source=rss&id=1#top",
            title="<b>Chips</b>\n&amp; more",
            summary="<p>One</p><p>Two</p>",
            content="<p>Body</p>",
            author="A <b>Writer</b>",
            published=NOW - timedelta(hours=1),
        )
    )
    assert item.url == "https://example.org/a?utm_source=rss&id=1#top"
    assert item.canonical_url == "https://example.org/a?id=1"
    assert (item.title, item.summary, item.body, item.author) == (
        "Chips & more",
        "One\nTwo",
        "Body",
        "A Writer",
    )
    assert (item.language, item.published, item.seen_at) == ("en", NOW - timedelta(hours=1), NOW)
    assert item.feed_id == "feed"
    assert len(item.keys) == 2


def test_ids_are_the_same_everywhere() -> None:
    (item,) = items_of(entry(1))
    assert item.id == "521761e0705b86cd"


@pytest.mark.parametrize(
    "change",
    [
        {"guid": "other"},
        {"link": "/moved"},
        {"title": "Edited"},
        {"link": "http://example.org/story/1/?fbclid=9"},
    ],
)
def test_an_edited_entry_keeps_a_key(change: dict[str, str]) -> None:
    (before,) = items_of(entry(1))
    (after,) = items_of(entry(1, **change))
    assert set(before.keys) & set(after.keys)


def test_an_edit_changes_the_content_hash_and_a_date_does_not() -> None:
    (before,) = items_of(entry(1))
    (edited,) = items_of(entry(1, title="Edited"))
    (dated,) = items_of(replace(entry(1), published=NOW))
    assert before.content_hash != edited.content_hash
    assert before.content_hash == dated.content_hash


def test_a_guid_on_differently_titled_entries_identifies_neither() -> None:
    items = items_of(*(entry(number, guid="same") for number in range(5)))
    assert len({item.id for item in items}) == 5


def test_an_address_on_differently_titled_entries_identifies_neither() -> None:
    items = items_of(*(entry(number, guid=None, link="/live") for number in range(5)))
    assert len({item.id for item in items}) == 5


@pytest.mark.parametrize("link", ["/", "https://example.org", "https://example.org/blog/"])
def test_a_page_of_the_site_identifies_no_article(link: str) -> None:
    (one,) = items_of(entry(1, guid=None, link=link), link="https://example.org/blog")
    (two,) = items_of(entry(2, guid=None, link=link), link="https://example.org/blog")
    assert not set(one.keys) & set(two.keys)


def test_repeated_entries_are_one_item_that_knows_all_their_keys() -> None:
    items = items_of(entry(1), entry(2), entry(1), entry(1, guid="regenerated"))
    assert [item.title for item in items] == ["Story 1", "Story 2"]
    assert len(items[0].keys) == 4


def test_every_entry_is_there_as_published() -> None:
    document = FeedDocument(entries=(entry(1), Entry(), entry(1, guid="regenerated"), entry(2)))
    items = as_published(document, "feed", BASE, NOW)
    assert [item.title for item in items] == ["Story 1", "", "Story 1", "Story 2"]
    assert items[0].id == items[2].id
    assert len({item.id for item in items}) == 3


def test_guids_are_a_feeds_own_and_addresses_everybodys() -> None:
    document = FeedDocument(entries=(entry(1),))
    (ours,) = normalise(document, "a", BASE, NOW)
    (theirs,) = normalise(document, "b", BASE, NOW)
    assert ours.id != theirs.id
    assert len(set(ours.keys) & set(theirs.keys)) == 1


def test_short_texts_that_come_again_identify_nothing() -> None:
    (monday,) = items_of(Entry(guid="1", title="Daily briefing"))
    (tuesday,) = items_of(Entry(guid="2", title="Daily briefing"))
    assert not set(monday.keys) & set(tuesday.keys)


def test_what_is_missing_is_made_from_what_is_there() -> None:
    (item,) = items_of(Entry(guid="https://example.org/from-guid", content=f"<p>{LONG}</p><p>More.</p>"))
    assert item.title == LONG
    assert item.url == "https://example.org/from-guid"
    assert item.summary == f"{LONG}\nMore."
    assert items_of(Entry(), Entry(author="x")) == ()


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "http://169.254.169.254/x", "http://localhost/", "file:///x"]
)
def test_unsafe_links_are_dropped_and_the_item_kept(link: str) -> None:
    (item,) = items_of(entry(1, link=link))
    assert (item.url, item.canonical_url, item.title) == ("", "", "Story 1")


def test_texts_are_bounded() -> None:
    (item,) = items_of(Entry(title="word " * 5_000, summary="word " * 5_000, content="word " * 30_000))
    assert len(item.title) <= 500
    assert len(item.summary) <= LONGEST_SUMMARY
    assert len(item.body) <= LONGEST_BODY


def test_a_date_far_ahead_is_unknown_and_an_update_stands_in() -> None:
    ahead = NOW + timedelta(days=30)
    assert items_of(replace(entry(1), published=ahead))[0].published is None
    assert items_of(replace(entry(1), published=ahead, updated=NOW))[0].published == NOW


@given(st.lists(_ENTRIES, max_size=8))
def test_no_two_items_share_an_id_a_guid_or_an_address(entries: list[Entry]) -> None:
    items = items_of(*entries)
    keys = [key for item in items for key in item.keys if not key.startswith("text:")]
    assert len({item.id for item in items}) == len(items)
    assert len(set(keys)) == len(keys)
    assert all(item.keys and item.title and "\n" not in item.title for item in items)


@given(st.lists(_ENTRIES, max_size=6))
def test_reading_a_document_twice_gives_the_same_items(entries: list[Entry]) -> None:
    assert items_of(*entries) == items_of(*entries)
    assert len(as_published(FeedDocument(entries=tuple(entries)), "f", BASE, NOW)) == len(entries)
