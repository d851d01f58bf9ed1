"""A cluttered page or text → its article, for the corpus; and how much two texts repeat each other.

A text has no markup to go by, so its lines are weighed. Sentences count by their words, short lines
count against, headings of other sections more so; the article is the run of lines with the largest sum
(maximum subsequence segmentation: Pasternack and Roth, Extracting article text from the web, WWW 2009).
The first run found gives the article's vocabulary. In a second pass a paragraph counts by the words it
shares with the rest, so that other articles, cookie notices and disclaimers count against, however long.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from bot.core.dateline import find_date
from bot.core.language import detect
from bot.core.lines import Kind, Line, lines_of
from bot.core.text import one_line, sentences, shingles, shorten, words
from bot.errors import UsageError

COPY_AT = 0.6
"""Share of common five-word runs from which a text is a copy; articles on one event written apart share
under 0.1, a copy with another headline and a cut tail over 0.8."""
_SHINGLE = 5

MIN_WORDS = 10
"""A text with fewer words in sentences holds no article."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExtractedArticle:
    title: str
    text: str
    """Paragraphs, one a line, with an empty line between."""
    published: date | None = None
    """Only where the page gives a date that can be read in one way."""
    language: str | None = None
    """Primary subtag; ``None`` where it can't be told."""
    dropped_lines: int = 0
    """Lines of the page that are not in the article; of a saved page, of its text after markup."""


# Worth of a line that is no sentence, in words of prose: so much prose must lie beyond it for the
# article to go on there.
_COST = {Kind.ITEM: -1, Kind.SHORT: -5, Kind.LABEL: -5, Kind.OTHERS: -40, Kind.AFTER: -40}
_NEW_ARTICLE = -500
# A paragraph counts with at most so many words: a whole article in one line is still one line.
_MOST_WORDS = 60
# So many lines in a row that are no sentences end a block.
_GAP = 3
# The article begins in the first block that has a headline and so many words, and this part of the
# heaviest block's; or in one that is heavy itself. What follows may be longer: whole other articles.
_HEADED_WORDS, _HEADED_PART, _HEAVY_PART = 60, 0.03, 0.35
# Shared content words of a paragraph with the rest of an article: under the first it counts against,
# from the second on it counts in full. Measured on 100 full-text posts of 24 feeds in English, German
# and Swedish: 90 % of their own paragraphs share over 0.21, 75 % of foreign ones under 0.12.
_NEUTRAL, _FULL = 0.15, 0.30
# An article with fewer content words than this shares less, in proportion.
_SMALL_VOCABULARY = 150
_ROUNDS = 2
# After so many words a heading like "Comments" ends the article; before, it is a link to them.
_TOLD = 60
_LONGEST_TITLE = 300
_HEADLINE = 0.45
_OTHER_HEADLINE = 0.7

_WRAPPER = re.compile(r"\s+(?:[|»•·]|::|[-–—])\s+(?=[^|»•·]+$)")


# ── articles ─────────────────────────────────────────────────────────────────────────────────────


def extract_text(text: str) -> ExtractedArticle:
    """The article of a text: what was copied from a page, or a clean text, with its headline or without.

    Raises:
        UsageError: no article in it.
    """
    lines = lines_of(text)
    run = _article_run(lines)
    title_at = _title_line(lines, run)
    title = _without_wrapper(lines[title_at].text, lines) if title_at is not None else ""
    kept = _kept(lines, run, title_at)
    if sum(line.size for line in kept) < MIN_WORDS:
        raise UsageError("no article found: the text has no run of sentences that belong together")
    head_from = run.start if title_at is None else min(run.start, title_at)
    head = [line.text for line in lines[max(0, head_from - 4) : run.start] if not line.runs]
    body = "\n\n".join(line.text for line in kept)
    return ExtractedArticle(
        title=title or shorten(sentences(kept[0].text)[0], 120),
        text=body,
        published=find_date(head, kept[0].text),
        language=detect(f"{title}\n{body}"),
        dropped_lines=len(lines) - len(kept) - (title_at is not None),
    )


def extract_html(html: bytes | str, url: str = "") -> ExtractedArticle:
    """The article of a saved page. ``url`` helps to tell the site's name from the headline.

    Raises:
        UsageError: no article in it.
    """
    import trafilatura  # takes half a second, and only this needs it
    from trafilatura.settings import Document

    page = trafilatura.load_html(html)
    if page is None:
        raise UsageError("no article found: this is no HTML page")
    declared = _primary(page.get("lang") or "")
    found = trafilatura.bare_extraction(
        page,
        url=url or None,
        with_metadata=True,
        include_comments=False,
        include_tables=False,
        date_extraction_params={"extensive_search": False, "original_date": True, "max_date": "2100-01-01"},
    )
    if not isinstance(found, Document) or not found.text:
        article = extract_text(trafilatura.html2txt(html))
        return replace(article, language=article.language or declared)
    # Once more by its lines: trafilatura keeps teasers that look like paragraphs.
    title = one_line(found.title or "")[:_LONGEST_TITLE]
    article = extract_text(f"{title}\n\n{found.text}")
    return replace(
        article,
        title=_without_wrapper(title, lines_of(found.text)) or article.title,
        published=date.fromisoformat(found.date[:10]) if found.date else article.published,
        # What the text shows counts more than what the page's template says.
        language=article.language or declared,
    )


def _primary(tag: str) -> str | None:
    """``en-GB`` → ``en``; ``None`` where it is no language tag."""
    found = re.match(r"[A-Za-z]{2,3}(?![A-Za-z])", tag.strip())
    return found[0].lower() if found else None


# ── the run of lines that is the article ─────────────────────────────────────────────────────────


def _article_run(lines: Sequence[Line]) -> range:
    """The article's lines, with what is between them."""
    worths = _worths(lines)
    blocks = _blocks(lines)
    run = _first_article(lines, blocks, worths)
    for _ in range(_ROUNDS):
        core = _vocabulary(lines, run)
        values = list(worths)
        for number, line in enumerate(lines):
            if line.runs:
                tie = _tie(line, core, number in run)
                beside = any(near in run and lines[near].runs for near in (number - 1, number + 1))
                values[number] *= max(tie, 0.0) if beside and not line.notice else tie
        for block in blocks:
            if block.start >= run.stop and _is_headed_otherwise(lines, block, core):
                values[block.start - 1] = _NEW_ARTICLE
        run = _best_run(values) or run
    return _cut_at_sequel(lines, run)


def _vocabulary(lines: Sequence[Line], run: range) -> Counter[str]:
    """Content word → paragraphs of the run that have it."""
    return Counter(word for number in run if lines[number].runs for word in lines[number].content)


def _worths(lines: Sequence[Line]) -> list[float]:
    """What each line counts for itself, in words; what stands on the page again counts once."""
    counts = Counter(line.text for line in lines)
    told: set[str] = set()
    worths: list[float] = []
    for line in lines:
        if line.runs:
            worths.append(0.0 if line.text in told else min(line.size, _MOST_WORDS))
            told.add(line.text)
        else:
            worths.append(_COST[line.kind] * (2.0 if counts[line.text] > 1 else 1.0))
    return worths


def _blocks(lines: Sequence[Line]) -> list[range]:
    """Runs of sentences with few short lines in between."""
    blocks: list[range] = []
    gap = _GAP
    for number, line in enumerate(lines):
        if line.runs:
            start = blocks.pop().start if gap < _GAP else number
            blocks.append(range(start, number + 1))
            gap = 0
        elif line.kind in (Kind.OTHERS, Kind.AFTER):
            gap = _GAP
        elif line.kind is not Kind.ITEM:
            gap += 1
    return blocks


def _first_article(lines: Sequence[Line], blocks: Sequence[range], worths: Sequence[float]) -> range:
    """The first block that looks like an article: it has a headline, or is long beside the others."""
    weights = [
        sum(
            worths[number] * (0.25 if lines[number].notice else 1.0) for number in block if lines[number].runs
        )
        for block in blocks
    ]
    heaviest = max(weights, default=0.0)
    for block, weight in zip(blocks, weights, strict=True):
        if weight >= _HEAVY_PART * heaviest:
            return block
        if weight >= max(_HEADED_WORDS, _HEADED_PART * heaviest) and _title_line(lines, block) is not None:
            return block
    return range(0)


def _is_headed_otherwise(lines: Sequence[Line], block: range, core: Counter[str]) -> bool:
    """Whether a block has a headline of its own, in words that the article does not use."""
    title = _title_line(lines, block, _OTHER_HEADLINE)
    return title is not None and _shared(lines[title], core, own=False) <= 0.5


def _best_run(values: Sequence[float]) -> range:
    """The neighbours with the largest sum (Kadane's algorithm)."""
    best, best_run = 0.0, range(0)
    total, start = 0.0, 0
    for number, value in enumerate(values):
        if total < 0:
            total, start = 0.0, number
        total += value
        if total > best or (best_run and value >= 0 and total == best):
            best, best_run = total, range(start, number + 1)
    return best_run


def _tie(line: Line, core: Counter[str], own: bool) -> float:
    """-1 … 1: whether a paragraph belongs to the article whose paragraphs use the words of ``core``.

    The less there is to compare it with, the less can speak against it.
    """
    if not line.content:
        return 1.0
    rest = sum(core[word] == 1 for word in line.content) if own else 0
    known = min(1.0, (len(core) - rest) / _SMALL_VOCABULARY)
    if known <= 0:
        return 1.0
    strictness = known * (2 if line.notice else 1)
    low, high = _NEUTRAL * strictness, _FULL * strictness
    return max(-known, min(1.0, (_shared(line, core, own) - low) / (high - low)))


def _shared(line: Line, core: Counter[str], own: bool) -> float:
    """Part of the line's content words that other lines of the core have too."""
    return sum(core[word] > own for word in line.content) / len(line.content)


def _cut_at_sequel(lines: Sequence[Line], run: range) -> range:
    """The run up to where comments or notes on the company follow, on the same subject."""
    told = 0
    for number in run:
        told += lines[number].size if lines[number].runs else 0
        if lines[number].kind is Kind.AFTER and told >= _TOLD:
            return range(run.start, number)
    return run


# ── what is kept of it ───────────────────────────────────────────────────────────────────────────


def _kept(lines: Sequence[Line], run: range, title_at: int | None) -> list[Line]:
    """The running text and lists, each line once; of short lines those that look like subheadings."""
    core = _vocabulary(lines, run)
    title = "" if title_at is None else lines[title_at].text
    kept: list[Line] = []
    pending: list[Line] = []
    for line in dict.fromkeys(lines[number] for number in run if title_at is None or number > title_at):
        if line.text == title:
            continue
        few = len(pending) <= 2 and all(short.kind is Kind.SHORT for short in pending)
        boxed = line.notice and _tie(line, core, own=True) <= 0
        if (line.runs and not boxed) or (line.kind is Kind.ITEM and few):
            kept += [*pending, line] if few and kept else [line]
            pending = []
        else:
            pending.append(line)
    return kept


def _title_line(lines: Sequence[Line], run: range, least: float = _HEADLINE) -> int | None:
    """The line that reads like the run's headline: close before it, in its words, perhaps repeated."""
    body = _vocabulary(lines, run)
    counts = Counter(line.text for line in lines[max(0, run.start - 15) : run.stop])
    best, best_at, gap = least, None, 0
    for number in reversed(range(max(0, run.start - 15), min(run.start + 3, run.stop))):
        line = lines[number]
        inside = number in run
        if _may_be_title(line) and (
            not inside or counts[line.text] > 1 or (number == run.start and _asks(line))
        ):
            own = counts[line.text] if line.runs and inside else 0
            covered = sum(body[word] > own for word in line.content)
            near = max(0.0, 1 - gap / 5)
            score = 0.6 * covered / len(line.content) + 0.4 * min(covered, 5) / 5 + 0.3 * near
            if covered and score > best:
                best, best_at = score, number
        gap += not inside and line.kind is not Kind.LABEL
    if best_at is None and run.start == 1 and _may_be_title(lines[0]):
        return 0
    return best_at


def _may_be_title(line: Line) -> bool:
    return (
        3 <= line.size <= 35
        and len(line.text) <= _LONGEST_TITLE
        and (line.runs or line.kind is Kind.SHORT)
        and bool(line.content)
    )


def _asks(line: Line) -> bool:
    return line.text.endswith(("?", "？"))


def _without_wrapper(title: str, lines: Sequence[Line]) -> str:
    """A headline without the site's name behind it."""
    cut = _WRAPPER.search(title)
    if not cut:
        return title
    head, tail = title[: cut.start()], title[cut.end() :]
    if len(words(head)) < max(4, len(words(tail)) + 1):
        return title
    told = {word for line in lines if line.kind is Kind.PROSE for word in line.content}
    is_name = len(words(tail)) <= 4 and any(not line.content <= told for line in lines_of(tail))
    standing_alone = any(line.text == head for line in lines)
    return head if standing_alone or is_name or "|" in cut[0] else title


# ── copies ───────────────────────────────────────────────────────────────────────────────────────


def copy_similarity(one: str, other: str) -> float:
    """How much of the shorter text stands in the other, 0 to 1, by runs of five words.

    Containment of shingles: Broder, On the resemblance and containment of documents, 1997.
    """
    return shared_runs(runs_of(one), runs_of(other))


def same_text(one: str, other: str) -> bool:
    """Whether one of two texts is a copy of the other, whole or in part."""
    return copy_similarity(one, other) >= COPY_AT


def runs_of(text: str) -> frozenset[tuple[str, ...]]:
    """A text's runs of five words, for many comparisons."""
    return frozenset(shingles(words(text), _SHINGLE))


def shared_runs(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> float:
    """Part of the smaller set that the other has too; 0 where one is empty."""
    shorter, longer = sorted((one, other), key=len)
    return len(shorter & longer) / len(shorter) if shorter else 0.0
