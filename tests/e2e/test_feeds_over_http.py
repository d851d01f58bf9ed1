"""Feed documents of other people on the whole way: HTTP server, fetcher, reading processes, database."""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import pytest

from bot.core.dates import EARLIEST, FUTURE
from bot.core.urls import absolute, public
from bot.model import Item
from bot.pipeline.poll import PollReport
from tests.e2e.captures import Row, expectation, hostile, manifest, page
from tests.e2e.laboratory import NOW, Laboratory, feed_at, laboratory
from tests.e2e.origin import serving_pages
from tests.e2e.processes import Watch, watched_memory

SECONDS, MEMORY = 5.0, 300 * 1000 * 1000
"""What reading one document may take."""
AROUND = 1.0
"""Seconds for what is around it: asking, storing, and that this machine is shared."""

_ACTIVE = re.compile(
    r"<(?:script|iframe|object|embed|img|svg|style|link|meta|form)\b|\son\w+\s*=\s*\S*alert", re.I
)
_DIRECTION = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, kw_only=True)
class Polled:
    """What the first poll of one document brought."""

    row: Row
    url: str
    report: PollReport
    seconds: float = 0.0

    @property
    def name(self) -> str:
        return str(self.row["name"])

    @property
    def entries(self) -> int:
        reading = self.report.reading
        return reading.entries + reading.document.left_out if reading else 0

    @property
    def items(self) -> Sequence[Item]:
        """As read, in the document's order."""
        return self.report.reading.items if self.report.reading else ()


@dataclass(frozen=True, kw_only=True)
class Round:
    """All documents polled in one round, and once more, by a bot that knew nothing before."""

    polled: Mapping[str, Polled]
    again: Sequence[PollReport]
    stored: Mapping[str, Item]
    """All that the database has, by id."""
    asked: Sequence[int]
    memory: Watch


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    with laboratory(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture(scope="module")
def round(lab: Laboratory) -> Round:
    rows = manifest()
    with serving_pages([page(row) for row in rows]) as origin, watched_memory() as memory:
        feeds = [feed_at(url) for url in origin.addresses]
        with lab.visitor(*feeds) as visitor:
            reports = {report.feed.id: report for report in visitor.poll()}
            again = visitor.poll()
            stored = {item.id: item for item in visitor.items()}
    polled = {
        row["name"]: Polled(row=row, url=feed.url, report=reports[feed.id])
        for row, feed in zip(rows, feeds, strict=True)
    }
    return Round(polled=polled, again=again, stored=stored, asked=origin.asked, memory=memory)


# ── all of them ──


def test_every_document_was_asked_for_once_a_poll(round: Round) -> None:
    assert sorted(round.asked) == sorted([*range(len(manifest()))] * 2)


def test_what_is_new_is_stored_as_it_was_read(round: Round) -> None:
    """But for what one feed had as a headline only or took over, and another brought as it was written."""
    plans = [each.report.plan for each in round.polled.values()]
    read = {item.id: item for plan in plans for item in plan.new}
    texts = {item.id: item for plan in plans for item in plan.revised}
    assert len(read) > 2500
    assert set(read) == set(round.stored)
    differing = [key for key in read if read[key] != round.stored[key]]
    assert {round.stored[key].content_hash for key in differing} <= {
        each.content_hash for each in texts.values()
    }
    taken_over = [key for key in differing if read[key].summary or read[key].body]
    assert all(_is_nearer_its_origin(round.stored[key], read[key]) for key in taken_over)


def _is_nearer_its_origin(stored: Item, first: Item) -> bool:
    """Dated earlier, or without the outlet that was put behind the same headline."""
    earlier = stored.published and first.published and stored.published < first.published
    return bool(earlier) or first.title.startswith(f"{stored.title} ")


def test_a_second_poll_of_the_same_documents_finds_nothing_new(round: Round) -> None:
    well = [report for report in round.again if not report.plan.failed]
    assert len(well) > 480
    wrong = [(report.feed.url, report.plan.result) for report in well if report.plan.result != "unchanged"]
    assert wrong == []
    assert sum(len(report.plan.new) + len(report.plan.revised) for report in round.again) == 0


def test_no_process_took_more_memory_than_it_may(round: Round) -> None:
    assert round.memory.others, "no reading process was seen"
    assert round.memory.most <= MEMORY


# ── what parsers agree on ──


def agreed(round: Round, field: str) -> Iterator[tuple[Polled, str]]:
    """Documents with an agreed value of a field, and that value."""
    for each in round.polled.values():
        facts = each.row.get("facts") or {}
        if (facts.get("fields_agree") or {}).get(field):
            value = facts["entries"] if field == "entries" else facts["first"][field.removeprefix("first_")]
            if value is not None and "\ufffd" not in str(value):  # what nobody could decode, nobody agrees on
                yield each, str(value)


def test_entries_are_as_many_as_parsers_agree(round: Round) -> None:
    every = list(agreed(round, "entries"))
    wrong = [(each.name, each.entries, count) for each, count in every if str(each.entries) != count]
    print(f"entries: {len(every) - len(wrong)} of {len(every)}; {wrong}")
    assert len(every) > 400
    assert len(wrong) <= 0.005 * len(every), wrong


def _title(each: Polled, value: str) -> bool:
    # An item without a headline borrows one; parsers agree that the entry has none.
    return not value or (bool(each.items) and _readable(each.items[0].title) == _readable(value))


def _readable(title: str) -> str:
    """Without controls, and put right where UTF-8 was read as Latin-1: we do that, most parsers don't."""
    with suppress(UnicodeError):
        # The second byte of "à" is a no-break space in Latin-1, and was collapsed with the one after it.
        title = title.replace("Ã ", "Ã\xa0 ").encode("cp1252").decode("utf-8")
    return " ".join("".join(char for char in title if unicodedata.category(char) != "Cc").split())


def _link(each: Polled, value: str) -> bool:
    # Parsers resolve against a declared base only; ours also against where the document came from.
    address = absolute(value, each.url)
    wanted = address if address and public(address, each.url) else ""
    return bool(each.items) and each.items[0].url == wanted


def _published(each: Polled, value: str) -> bool:
    date = each.items[0].published if each.items else None
    return date is not None and f"{date:%Y-%m-%dT%H:%M:%SZ}" == value


FIELDS: Mapping[str, Callable[[Polled, str], bool]] = {
    "first_title": _title,
    "first_link": _link,
    "first_published": _published,
}


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_first_items_are_as_parsers_agree(round: Round, field: str) -> None:
    every = list(agreed(round, field))
    wrong = [(each.name, value, each.items[:1]) for each, value in every if not FIELDS[field](each, value)]
    print(f"{field}: {len(every) - len(wrong)} of {len(every)}; {wrong}")
    assert len(every) > 300
    assert len(wrong) <= 0.01 * len(every), wrong


# ── what attacks must not do: a check for every tag of the manifest ──


@dataclass(frozen=True, kw_only=True)
class Attack(Polled):
    """A hostile document, polled by a bot that knew nothing else."""

    stored: Sequence[Item]
    """As the database gives them back, in the document's order."""
    again: PollReport
    """The poll after it, of the same document."""


@pytest.fixture(scope="module")
def attacks(lab: Laboratory, round: Round) -> Sequence[Attack]:
    rows = hostile()
    with serving_pages([page(row) for row in rows]) as origin:
        return [_attacked(lab, row, url) for row, url in zip(rows, origin.addresses, strict=True)]


def _attacked(lab: Laboratory, row: Row, url: str) -> Attack:
    feed = feed_at(url)
    with lab.visitor(feed) as visitor:
        start = time.perf_counter()
        (report,) = visitor.poll()
        seconds = time.perf_counter() - start
        stored = visitor.stored(report)
        (again,) = visitor.poll()
    return Attack(row=row, url=url, report=report, seconds=seconds, stored=stored, again=again)


def _bounded(each: Attack) -> bool:
    return each.seconds <= SECONDS + AROUND


def _keep_good(each: Attack) -> bool:
    """Every sound entry is an item; how many entries are sound, the manifest says."""
    return not each.report.plan.failed and len(each.stored) >= expectation(each.row).low > 0


def _reject(each: Attack) -> bool:
    return each.report.plan.failed and not each.stored and each.report.reading is None


def _safe_text(each: Attack) -> bool:
    return bool(each.stored) and all(map(_is_safe, each.stored))


def _is_safe(item: Item) -> bool:
    text = f"{item.title}\n{item.summary}\n{item.body}\n{item.author}"
    controls = any(unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\t" for char in text)
    lines = len(item.title.splitlines()) > 1 or len(item.author.splitlines()) > 1
    return not (controls or lines or set(text) & _DIRECTION or _ACTIVE.search(text))


def _safe_links(each: Attack) -> bool:
    return any(item.url for item in each.stored) and all(_leads_well(item, each.url) for item in each.stored)


def _leads_well(item: Item, url: str) -> bool:
    """To a public host, or to the one that the document came from."""
    sound = re.fullmatch(r"https?://[^\s<>\"]+", item.url) is not None and public(item.url, url)
    return not item.url or sound


def _unique_ids(each: Attack) -> bool:
    """One item for each story, one story for each item; known again by the second poll."""
    wordings = {(item.title, item.summary, item.body) for item in each.stored}
    few = expectation(each.row).low <= len(each.stored) <= expectation(each.row).high
    return few and len(wordings) == len(each.stored) and each.again.plan.result == "unchanged"


def _sane_dates(each: Attack) -> bool:
    return bool(each.stored) and all(map(_has_sane_date, each.stored))


def _has_sane_date(item: Item) -> bool:
    return item.published is None or EARLIEST <= item.published <= NOW + FUTURE


CHECKS: Mapping[str, Callable[[Attack], bool]] = {
    "bounded": _bounded,
    "keep_good": _keep_good,
    "reject": _reject,
    "safe_text": _safe_text,
    "safe_links": _safe_links,
    "unique_ids": _unique_ids,
    "sane_dates": _sane_dates,
}
ELSEWHERE = {"no_network", "no_local_file", "no_header_injection"}
"""Tags that take another set-up: see ``test_nothing_else_opened.py`` and ``test_letters.py``."""


def test_no_tag_of_the_manifest_goes_unchecked() -> None:
    assert {tag for row in hostile() for tag in row["expect"]["must"]} == set(CHECKS) | ELSEWHERE


@pytest.mark.parametrize("tag", sorted(CHECKS))
def test_hostile_documents_do_no_harm(attacks: Sequence[Attack], tag: str) -> None:
    every = [each for each in attacks if tag in each.row["expect"]["must"]]
    wrong = [(each.name, each.report.plan.state.last_result) for each in every if not CHECKS[tag](each)]
    assert every
    assert not wrong


def test_hostile_documents_deliver_as_many_entries_as_are_sound(attacks: Sequence[Attack]) -> None:
    wrong = []
    for each in attacks:
        expected = expectation(each.row)
        if not expected.low <= each.entries <= expected.high:
            why = each.report.plan.state.last_result
            wrong.append((each.name, each.entries, each.row["expect"]["entries"], why))
    assert not wrong


def test_texts_and_links_and_dates_of_all_documents_are_safe(round: Round) -> None:
    every = [(each, item) for each in round.polled.values() for item in each.items]
    assert len(every) > 5000
    wrong = [
        (each.name, item)
        for each, item in every
        if not (_is_safe(item) and _leads_well(item, each.url) and _has_sane_date(item))
    ]
    assert not wrong


def test_relative_links_follow_a_declared_base(round: Round) -> None:
    links = [item.url for item in round.polled["hostile/relative-xml-base.xml"].items]
    assert links[0] == "https://base.example.com/root/a/b"
    assert links[3] == "https://base.example.com/root/sub/d"


def test_what_is_no_feed_makes_nothing_forgotten(lab: Laboratory) -> None:
    good = next(page(row) for row in manifest() if row["name"] == "hostile/ctype-none.xml")
    bad = [page(row) for row in hostile() if "reject" in row["expect"]["must"]]
    with serving_pages([good] * len(bad)) as origin:
        for number, feed in enumerate(map(feed_at, origin.addresses)):
            with lab.visitor(feed) as visitor:
                (first,) = visitor.poll()
                origin.pages[number] = bad[number]
                (second,) = visitor.poll()
                origin.pages[number] = good
                (third,) = visitor.poll()
                assert (len(first.plan.new), second.plan.failed, third.plan.failed) == (2, True, False)
                assert not second.plan.new
                assert not third.plan.new
                assert len(visitor.items()) == 2
