import json
import resource
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.core.reading import read
from bot.core.seen import SIZE
from bot.errors import FeedError
from bot.model import Hints, Reading, ReadTask

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
LONG = "The company said the new accelerator will be built by its partner and ship in volume next year."
GOOD = "<item><title>Good story</title><link>https://e.example/good</link><guid>good</guid></item>"


def task(body: str, seen: bytes = b"", **changes: object) -> ReadTask:
    whole = ReadTask(
        feed_id="f",
        body=body.encode(),
        content_type="",
        base_url="https://e.example/feed",
        now=NOW,
        seen=seen,
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


def rss(*entries: str, head: str = "<title>News</title><ttl>30</ttl>") -> str:
    return f'<rss version="2.0"><channel>{head}{"".join(entries)}</channel></rss>'


def item(number: int, text: str = LONG) -> str:
    return (
        f"<item><title>Story {number}</title><link>https://e.example/{number}</link><guid>g{number}</guid>"
        f"<description>{text} {number}</description></item>"
    )


def hashes(reading: Reading) -> list[bytes]:
    return [reading.seen[start : start + SIZE] for start in range(0, len(reading.seen), SIZE)]


def test_only_what_was_not_seen_is_read() -> None:
    first = read(task(rss(item(1), item(2))))
    assert ([one.title for one in first.items], first.skipped, first.whole) == (
        ["Story 1", "Story 2"],
        0,
        False,
    )
    second = read(task(rss(item(3), item(1), item(2)), first.seen))
    assert ([one.title for one in second.items], second.skipped) == (["Story 3"], 2)
    assert second.document.title == "News"
    assert hashes(second)[1:] == hashes(first)


def test_an_edited_entry_is_read_again() -> None:
    first = read(task(rss(item(1), item(2))))
    second = read(task(rss(item(1), item(2, "Corrected.")), first.seen))
    assert [one.summary for one in second.items] == ["Corrected. 2"]


def test_a_document_of_which_all_was_seen_gives_its_hints_only() -> None:
    first = read(task(rss(item(1))))
    again = read(task(rss(item(1), head="<title>Renamed</title><ttl>60</ttl>"), first.seen))
    assert (again.items, again.skipped, again.document.title) == ((), 1, "")
    assert again.document.hints == Hints(ttl=timedelta(minutes=60))
    assert again.seen == first.seen


@pytest.mark.parametrize(
    "changed",
    [
        {"base_url": "https://other.example/feed"},
        {"language": "de"},
        {"body": rss(item(1), head="<language>fr</language>").encode()},
        {"body": rss(item(1)).replace("<channel>", "<channel xml:base='https://b.example/'>").encode()},
        {"body": rss(item(1)).replace("2.0", "0.92").encode()},
    ],
)
def test_what_bears_upon_all_entries_has_them_read_again(changed: dict[str, object]) -> None:
    first = read(task(rss(item(1), head="")))
    again = replace(task(rss(item(1), head=""), first.seen), **changed)  # type: ignore[arg-type]
    assert len(read(again).items) == 1


def test_a_document_with_one_guid_on_two_entries_is_read_whole() -> None:
    live = [f"<item><title>Update {n}</title><guid>live</guid></item>" for n in range(3)]
    first = read(task(rss(*live[:2])))
    second = read(task(rss(*live), first.seen))
    assert second.skipped == 0
    assert [one.id for one in second.items][:2] == [one.id for one in first.items]
    assert len({one.id for one in second.items}) == 3


def test_what_could_not_be_cut_is_read_whole_and_says_so_where_it_was_broken() -> None:
    nested = rss(f"<item><title>Outer</title>{item(1)}</item>")
    reading = read(task(nested))
    assert (reading.seen, reading.whole) == (b"", False)
    broken = read(task(rss(item(1), item(2))[:-30]))
    assert (broken.seen, broken.whole) == (b"", True)
    assert broken.items[0].title == "Story 1"


def test_a_broken_entry_costs_no_other_one_and_is_read_once() -> None:
    broken = "<item><title>Tom & <b>Jerry</title><guid>tom</guid></item>"
    reading = read(task(rss(item(1), broken, item(2))))
    sound = read(task(rss(item(1), item(2))))
    assert [one for one in reading.items if "Story" in one.title] == list(sound.items)
    assert len(reading.items) == 3
    assert reading.document.faults == ("broken XML (mismatched tag) in entries: 1; read as far as possible",)
    assert not reading.whole
    assert read(task(rss(item(1), broken, item(2)), reading.seen)).skipped == 3


def test_entries_beyond_the_limit_are_counted_and_not_read_later() -> None:
    reading = read(task(rss(*map(item, range(5))), max_entries=3))
    assert ([one.title for one in reading.items], reading.document.left_out) == (
        ["Story 0", "Story 1", "Story 2"],
        2,
    )
    assert len(hashes(reading)) == 5
    again = read(task(rss(*map(item, range(5))), reading.seen, max_entries=3))
    assert (again.items, again.skipped, again.document.left_out) == ((), 5, 0)


@pytest.mark.parametrize("numbers", [range(6), (5, 0, 1, 2, 3, 4)], ids=["newest last", "newest first"])
def test_the_limit_is_of_what_is_read_so_that_new_entries_may_stand_last(numbers: Sequence[int]) -> None:
    first = read(task(rss(*map(item, range(5))), max_entries=3))
    later = read(task(rss(*map(item, numbers)), first.seen, max_entries=3))
    assert [one.title for one in later.items] == ["Story 5"]


def test_a_language_that_nothing_names_is_the_feeds() -> None:
    assert read(task(rss(item(1)), language="de")).items[0].language == "de"
    assert read(task(rss(item(1), head="<language>fr</language>"), language="de")).items[0].language == "fr"


def test_json_feeds_are_read_by_item_too() -> None:
    def feed(*numbers: int) -> str:
        items = [
            {"id": f"{n}", "url": f"https://e.example/{n}", "content_text": f"Text {n}"} for n in numbers
        ]
        return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "J", "items": items})

    first = read(task(feed(1, 2)))
    second = read(task(feed(3, 1, 2), first.seen))
    assert ([one.url for one in second.items], second.skipped) == (["https://e.example/3"], 2)
    assert read(task(feed(1, 1, 2), first.seen)).items == ()
    assert len(read(task(feed(3, 3, 1), first.seen)).items) == 2


def test_what_is_no_feed_is_refused() -> None:
    with pytest.raises(FeedError, match="HTML page"):
        read(task("<!DOCTYPE html><html><body>Gone</body></html>"))


_ENTRIES = st.lists(
    st.builds(
        lambda guid, link, title, text: (
            f"<item>{guid}{link}<title>{title}</title><description>{text}</description></item>"
        ),
        st.sampled_from(["", "<guid>1</guid>", *(f"<guid isPermaLink='false'>{n}</guid>" for n in range(9))]),
        st.sampled_from(["", "<link>/</link>", *(f"<link>/{n}?utm_source=x</link>" for n in range(9))]),
        st.sampled_from(["", "A", "B &amp; C", "Daily briefing"]),
        st.sampled_from(["", "short", LONG, f"&lt;p&gt;{LONG}&lt;/p&gt;", f"{LONG} <b>&</b>"]),
    ),
    max_size=7,
)


@example(["<item><link>/1?utm_source=x</link></item>", "<item><guid>1</guid></item>"], {0})
@given(_ENTRIES, st.sets(st.integers(min_value=0, max_value=7)))
def test_reading_in_parts_gives_the_items_of_reading_whole(entries: list[str], known: set[int]) -> None:
    body = rss(*entries)
    whole = read(task(body))
    own = hashes(whole)
    seen = b"".join(one for number, one in enumerate(own) if number in known)
    part = read(task(body, seen))
    assert part.seen == whole.seen
    if part.skipped == 0:
        assert part == whole
        return
    # Distinct guids and addresses, else it had been read whole: an item an entry, but for empty ones.
    alone = {one: read(task(rss(entry))).items for one, entry in zip(own, entries, strict=True)}
    fresh = [item for one in own if one not in seen_set(seen) for item in alone[one]]
    assert list(part.items) == list(dict.fromkeys(fresh))
    assert set(part.items) <= set(whole.items)


def seen_set(seen: bytes) -> set[bytes]:
    return {seen[start : start + SIZE] for start in range(0, len(seen), SIZE)}


def _around(bad: str) -> str:
    return rss(GOOD, f"<item><title>Bad</title>{bad}</item>", GOOD.replace("good", "fine"))


ATTRIBUTES = " ".join(f'a{n}="1"' for n in range(20_000))
ATTACKS = {
    "categories": _around("".join(f"<category>c{n}</category>" for n in range(100_000))),
    "categories inside": _around(f"<y>{''.join(f'<category>c{n}</category>' for n in range(9_000))}</y>"),
    "categories of the feed": rss(GOOD, head="".join(f"<category>c{n}</category>" for n in range(100_000))),
    "attributes": _around(f"<x {ATTRIBUTES}/>"),
    "attributes inside": _around(f"<y><x {ATTRIBUTES}/></y>"),
    "attributes of the entry": rss(GOOD, f"<item {ATTRIBUTES}><title>Bad</title></item>"),
    "attributes of the root": rss(GOOD).replace("<rss ", f"<rss {ATTRIBUTES} "),
    "names": _around(f"<author>{'a' * 1_000_000}</author>"),
    "names inside": _around(f"<author><name>{'a' * 1_000_000}</name></author>"),
    "depth": _around("<x>" * 200_000 + "</x>" * 200_000),
    "open depth": _around("<x>" * 200_000),
    "entries never closed": rss("<item><title>x</title>" * 30_000),
    "entries": rss(*(GOOD.replace("good", f"{n}") for n in range(40_000))),
    "comments never closed": _around("<!-- " * 300_000),
    "character data never closed": _around("<![CDATA[<a>" * 100_000),
    "instructions": _around("<?x y?>" * 200_000),
    "less-than signs": _around("<" * 1_000_000),
    "ampersands": _around("&" * 500_000),
    "quotes": _around("<x '" * 300_000),
    "blanks before": "\n" * 3_000_000 + rss(GOOD),
    "blanks after the declaration": '<?xml version="1.0"?>' + "\n " * 1_000_000 + rss(GOOD),
    "a long title": _around(f"<title>{'<![CDATA[x]]>' * 100_000}</title>"),
    "a long text": _around(f"<description><![CDATA[{'<p>word' * 1_000_000}]]></description>"),
    "links": _around("<link>/x</link>" * 100_000),
    "broken entries": rss(*(f"<item><title>{n}</title><b></item>" for n in range(3_000))),
    "namespaces": rss(
        *(f"<item><title>{n}</title><a{n}:x xmlns:a{n}='u:{n}'>1</a{n}:x></item>" for n in range(2_000))
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_no_document_takes_longer_or_more_than_a_reader_may(name: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    reading = read(task(ATTACKS[name]))
    assert time.process_time() - start < 5
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < 300
    assert reading.items or reading.document.left_out


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in ATTACKS
        if name.endswith((" inside", "attributes", "names", "depth", "links", "title"))
    ],
)
def test_good_entries_beside_a_bad_one_are_kept(name: str) -> None:
    assert read(task(ATTACKS[name])).items[0].title == "Good story"
