"""What a publisher may do to an article without making it a new one, and what makes it one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.identity import MOST_REVISIONS, Sorted, sort_out
from bot.core.normalise import normalise
from bot.model import Entry, FeedDocument, Item, KnownItem

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SITE = "https://harbor.example"

Change = Callable[[Entry, int], Entry]


def article(number: int) -> Entry:
    """One of many articles that share most of their words and nothing else."""
    return Entry(
        guid=f"tag:harbor.example,2026:{number}",
        link=f"{SITE}/news/{number}-norvik-tapes-out",
        title=f"Norvik tapes out chip number {number} for the harbor of Ostren",
        content=f"The foundry of Ostren said that lot {number} of Norvik's first accelerator is under way.",
        published=NOW - timedelta(hours=number),
    )


@dataclass
class Memory:
    """What a store would hold after each document: the first owner keeps a key."""

    known: dict[str, KnownItem] = field(default_factory=dict)

    def read(self, entries: Sequence[Entry], feed_id: str = "feed", at: str = SITE + "/rss") -> Sorted:
        items = normalise(FeedDocument(entries=tuple(entries)), feed_id, at, NOW)
        found = sort_out(items, self.known, DAY)
        stored = {each.item_id: each for each in self.known.values()}
        stored |= {new.id: known_as(new) for new in found.new}
        stored |= {
            edit.id: replace(
                stored[edit.id], content_hash=edit.content_hash, revised=stored[edit.id].revised + 1
            )
            for edit in found.revised
        }
        owners = {key: item.item_id for key, item in self.known.items()}
        owners = {**found.seen, **owners}
        self.known = {key: stored[item_id] for key, item_id in owners.items()}
        return found


def known_as(item: Item) -> KnownItem:
    return KnownItem(
        item_id=item.id,
        feed_id=item.feed_id,
        content_hash=item.content_hash,
        canonical_url=item.canonical_url,
        title=item.title,
        published=item.published,
        seen_at=item.seen_at,
        baseline=item.baseline,
        worded=bool(item.summary or item.body),
    )


numbers = st.lists(st.integers(1, 40), min_size=1, max_size=8, unique=True)

SAME: Mapping[str, Change] = {
    "nothing": lambda entry, _: entry,
    "guid made anew": lambda entry, number: replace(entry, guid=f"urn:uuid:{number}-again"),
    "guid left out": lambda entry, _: replace(entry, guid=None),
    "title edited": lambda entry, _: replace(entry, title=entry.title + " (updated)"),
    "guid and title": lambda entry, number: replace(entry, guid=f"g{number}", title=f"{entry.title}!!"),
    "text edited": lambda entry, _: replace(entry, content=entry.content + " More follows."),
    "http for https": lambda entry, _: replace(entry, link=(entry.link or "").replace("https:", "http:")),
    "tracked": lambda entry, number: replace(entry, link=f"{entry.link}?utm_source=rss&utm_id={number}#top"),
    "dated anew": lambda entry, _: replace(entry, published=NOW, updated=NOW),
    "slug edited": lambda entry, number: replace(entry, link=f"{SITE}/news/{number}-corrected-headline"),
    "moved to another host": lambda entry, number: replace(
        entry, guid=f"new-{number}", link=f"https://news.harbor.example/{number}"
    ),
    "link left out, guid anew": lambda entry, number: replace(entry, guid=f"new-{number}", link=None),
}


@given(numbers, st.sampled_from(sorted(SAME)), st.data())
def test_a_document_of_known_articles_has_nothing_new(
    written: list[int], change: str, data: st.DataObject
) -> None:
    memory = Memory()
    first = memory.read([article(number) for number in written])
    assert len(first.new) == len(written)
    again = data.draw(st.permutations(written))
    found = memory.read([SAME[change](article(number), number) for number in again])
    assert found.new == []
    assert found.fresh == []
    edited = change in ("title edited", "text edited", "guid and title")
    assert (len(found.revised), len(found.unchanged)) == ((len(written), 0) if edited else (0, len(written)))
    assert {item.id for item in found.revised} <= {item.id for item in first.new}


@given(numbers, st.sampled_from(sorted(SAME)), st.sampled_from(sorted(SAME)))
def test_one_change_after_another_makes_no_article_new(written: list[int], one: str, other: str) -> None:
    memory = Memory()
    memory.read([article(number) for number in written])
    memory.read([SAME[one](article(number), number) for number in written])
    assert memory.read([SAME[other](article(number), number) for number in written]).new == []


@given(st.lists(st.lists(st.integers(1, 12), unique=True, max_size=6), min_size=1, max_size=8))
def test_an_article_that_left_and_comes_back_is_known(documents: list[list[int]]) -> None:
    memory, had = Memory(), set[int]()
    for document in documents:
        found = memory.read([article(number) for number in document])
        assert len(found.new) == len(set(document) - had)
        had |= set(document)


@given(numbers)
def test_an_article_of_two_feeds_is_one(written: list[int]) -> None:
    memory = Memory()
    memory.read([article(number) for number in written])
    there = [
        replace(article(number), guid=str(number), title=f"Harbor: {article(number).title}")
        for number in written
    ]
    found = memory.read(there, "another", "https://planet.example/rss")
    assert (found.new, found.revised) == ([], [])
    assert len(found.fresh) == len(written)
    assert memory.read(there, "another", "https://planet.example/rss").fresh == []


@given(numbers)
def test_the_same_text_at_another_address_of_the_host_is_another_article(written: list[int]) -> None:
    memory = Memory()
    memory.read([article(number) for number in written])
    anew = [
        replace(article(number), guid=f"new-{number}", link=f"{SITE}/2026/{number}-again")
        for number in written
    ]
    found = memory.read(anew)
    assert len(found.new) == len({item.id for item in found.new}) == len(written)
    assert memory.read(anew).new == []
    assert memory.read([article(number) for number in written]).new == []


def test_the_front_page_says_nothing_against_a_text() -> None:
    memory = Memory()
    memory.read([article(1)])
    assert memory.read([replace(article(1), guid="new", link=SITE + "/")]).new == []


# ── one document ─────────────────────────────────────────────────────────────────────────────────


def item(name: str, *keys: str, text: str = "text", url: str = "") -> Item:
    return Item(
        id=f"id-{name}",
        feed_id="feed",
        url=url,
        canonical_url=url,
        title=name,
        seen_at=NOW,
        published=NOW - HOUR,
        content_hash=text,
        keys=keys or (f"guid:{name}",),
    )


def known(
    item_id: str, *, feed_id: str = "feed", text: str = "text", url: str = "", title: str = "a"
) -> KnownItem:
    return KnownItem(item_id=item_id, feed_id=feed_id, content_hash=text, canonical_url=url, title=title)


def test_a_known_item_with_other_content_is_revised_under_its_own_id() -> None:
    stored = replace(known("first", text="old text"), baseline=True)
    found = sort_out([item("a")], {"guid:a": stored}, DAY)
    assert found.new == []
    assert [(edit.id, edit.baseline) for edit in found.revised] == [("first", True)]


def test_edits_without_end_are_taken_in_so_often_and_no_more() -> None:
    stored, revised = known("first"), 0
    for count in range(MOST_REVISIONS + 5):
        found = sort_out([item("a", text=f"read {count} times")], {"guid:a": stored}, DAY)
        revised += len(found.revised)
        stored = replace(stored, revised=revised)
    assert revised == MOST_REVISIONS


def test_a_new_headline_is_an_edit_however_often_the_text_was_rewritten() -> None:
    stored = replace(known("first", text="old", title="Norvik in talks over chips"), revised=MOST_REVISIONS)
    renamed = replace(item("a"), title="Foundry of Ostren walks away from the deal")
    assert len(sort_out([renamed], {"guid:a": stored}, DAY).revised) == 1
    reworded = replace(item("a"), title="Norvik in talks over chips, updated")
    assert len(sort_out([reworded], {"guid:a": stored}, DAY).revised) == 0


def test_another_feed_may_bring_the_text_of_what_is_known_by_its_headline() -> None:
    """A search feed may have had it first, with nothing but a headline; it takes no text away later."""
    bare = replace(known("first", feed_id="search", text="headline"), seen_at=NOW - HOUR)
    full = replace(item("a"), summary="What the publisher wrote.")
    assert [edit.id for edit in sort_out([full], {"guid:a": bare}, DAY).revised] == ["first"]
    pruned = replace(bare, seen_at=NOW - 90 * DAY)
    assert sort_out([full], {"guid:a": pruned}, DAY).revised == []
    assert sort_out([item("a")], {"guid:a": bare}, DAY).revised == []
    worded = replace(known("first", text="old text"), seen_at=NOW - HOUR, worded=True)
    assert sort_out([item("a")], {"guid:a": worded}, DAY).revised == []
    assert len(sort_out([full], {"guid:a": worded}, DAY).revised) == 1


def test_the_publishers_own_feed_takes_an_article_back_from_an_aggregators() -> None:
    """Whichever was asked first: the outlet behind the headline gives it away, else the later date."""
    title = "Norvik tapes out its first chip"
    own = replace(item("a"), title=title, summary="Text.", published=NOW - HOUR)
    taken = replace(
        known("first", feed_id="search", text="old", title=f"{title} - Harbor Wire"),
        seen_at=NOW - HOUR,
        published=NOW,
        worded=True,
    )
    assert len(sort_out([own], {"guid:a": taken}, DAY).revised) == 1
    assert len(sort_out([replace(own, published=None)], {"guid:a": taken}, DAY).revised) == 1
    later = replace(taken, title=title)
    assert len(sort_out([own], {"guid:a": later}, DAY).revised) == 1
    assert sort_out([replace(own, published=NOW)], {"guid:a": later}, DAY).revised == []
    theirs = replace(own, title=f"{title} - Harbor Wire", published=NOW - 2 * HOUR)
    assert sort_out([theirs], {"guid:a": replace(later, published=NOW)}, DAY).revised == []


def test_another_feeds_wording_is_no_edit() -> None:
    found = sort_out([item("a")], {"guid:a": known("first", feed_id="another", text="old")}, DAY)
    assert (found.new, found.revised, len(found.unchanged)) == ([], [], 1)


@pytest.mark.parametrize("key", ["guid:a", "url:a", "text:a"])
def test_any_key_is_enough_to_be_known(key: str) -> None:
    found = sort_out([item("a", "guid:a", "url:a", "text:a")], {key: known("first")}, DAY)
    assert (found.new, found.revised, len(found.unchanged)) == ([], [], 1)
    assert found.seen == {"guid:a": "first", "url:a": "first", "text:a": "first"}


def test_keys_stay_with_the_item_that_had_them_first() -> None:
    stored = {"guid:a": known("one"), "url:a": known("two")}
    assert sort_out([item("a", "guid:a", "url:a")], stored, DAY).seen == {"guid:a": "one", "url:a": "two"}


def test_two_entries_never_claim_one_stored_item() -> None:
    stored = {"guid:a": known("one"), "url:x": known("one")}
    found = sort_out([item("a"), item("b", "guid:b", "url:x", text="else")], stored, DAY)
    assert [new.id for new in found.new] == ["id-b"]
    assert found.revised == []
    assert found.seen["url:x"] == "one"


def test_a_text_that_stands_twice_in_a_document_without_addresses_is_never_new_again() -> None:
    memory, text = Memory(), replace(article(1), link=None)
    assert len(memory.read([replace(text, guid="1"), replace(text, guid="2")]).new) == 2
    for fetch in range(3):
        again = [replace(text, guid=f"{fetch}-{number}") for number in range(2)]
        assert memory.read(again).new == []


def test_a_key_that_two_new_items_share_belongs_to_the_first() -> None:
    found = sort_out([item("a", "guid:a", "text:x"), item("b", "guid:b", "text:x")], {}, DAY)
    assert found.seen == {"guid:a": "id-a", "text:x": "id-a", "guid:b": "id-b"}


def test_a_guid_that_is_used_again_for_another_article_does_not_hide_it() -> None:
    there = "https://example.org/"
    earlier = known("id-latest", text="old", url=there + "1", title="Norvik tapes out its chip")
    later = replace(item("latest", "guid:latest", "url:2", url=there + "2"), title="Rain in Ostren")
    (new,) = sort_out([later], {"guid:latest": earlier}, DAY).new
    assert new.id != "id-latest"
    again = known(new.id, url=later.canonical_url, title=later.title)
    unchanged = sort_out([later], {"guid:latest": earlier, "url:2": again}, DAY)
    assert (unchanged.new, unchanged.revised, len(unchanged.unchanged)) == ([], [], 1)
    moved = replace(later, title="Norvik tapes out a chip", keys=("guid:latest", "url:3"))
    assert [edit.id for edit in sort_out([moved], {"guid:latest": earlier}, DAY).revised] == ["id-latest"]


def test_a_guid_used_again_and_again_hides_no_article_although_another_feed_had_the_first() -> None:
    memory = Memory()
    first = Entry(link=f"{SITE}/1", title="Harbor opens a second quay for freight")
    memory.read([replace(first, guid="elsewhere")], "another feed")
    memory.read([replace(first, guid="latest")])
    titles = ["Minister resigns over budget", "Rain floods northern valleys", "Chip plant opens near Ostren"]
    stories = [
        Entry(guid="latest", link=f"{SITE}/{number}", title=title)
        for number, title in enumerate(titles, start=2)
    ]
    ids = [new.id for story in stories for new in memory.read([story]).new]
    assert len(set(ids)) == 3
    assert [memory.read([story]).new for story in stories] == [[], [], []]


# ── taken for old ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({}, True),
        ({"feed_id": "feed"}, False),
        ({"published": NOW - 9 * DAY}, False),
        ({"seen_at": NOW - 9 * DAY}, False),
        ({"baseline": False}, False),
    ],
    ids=["undated", "its own feed", "dated old", "seen long before", "not taken for old"],
)
def test_another_feeds_date_shows_that_an_undated_item_was_fresh(
    change: dict[str, object], shown: bool
) -> None:
    stored = replace(known("first", feed_id="another"), baseline=True, seen_at=NOW - 2 * HOUR)
    found = sort_out([item("a")], {"guid:a": replace(stored, **change)}, DAY)  # type: ignore[arg-type]
    assert [(each.id, each.baseline) for each in found.revised] == ([("first", False)] if shown else [])
