"""The configuration that is shipped: complete, consistent, and in our own words.

Read with the standard library alone, so that a fault in the loader can't hide one in the files.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.shared import shared_path

CONFIG = Path(__file__).resolve().parent.parent / "config"
KINDS = {"company", "cloud", "ai-lab", "chip", "foundry", "design-house", "person"}
TOPICS = {"mtia", "custom-silicon", "chip-deals"}
RUN = 8
"""Words in a row that two texts share only when one was copied from the other."""

_WORD = re.compile(r"[^\W_]+")


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads((CONFIG / name).read_text(encoding="utf-8"))


def _corpus() -> dict[str, tuple[dict[str, Any], str]]:
    """File stem → (front matter, text)."""
    articles = {}
    for path in sorted((CONFIG / "corpus").glob("*.md")):
        before, front, text = path.read_text(encoding="utf-8").split("+++\n", 2)
        assert not before, f"{path.name} does not begin with +++"
        articles[path.stem] = (tomllib.loads(front), text.strip())
    return articles


ENTITIES = _toml("entities.toml")["entity"]
CORPUS = _corpus()


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(text.casefold()))


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    words = _words(text)
    return (words[start : start + RUN] for start in range(len(words) - RUN + 1))


def test_the_topics_are_those_the_corpus_is_labelled_with() -> None:
    assert {path.stem for path in (CONFIG / "topics").glob("*.toml")} == TOPICS
    for topic in TOPICS:
        table = _toml(f"topics/{topic}.toml")
        assert table["title"]
        assert table["query"].strip()


def test_entities_have_known_kinds_and_ids_of_their_own() -> None:
    assert len(ENTITIES) >= 100
    assert {entity["kind"] for entity in ENTITIES} == KINDS
    ids = Counter(entity["id"] for entity in ENTITIES)
    assert [name for name, count in ids.items() if count > 1] == []
    assert [name for name in ids if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)] == []


def test_no_alias_belongs_to_two_entities() -> None:
    owners: dict[tuple[str, ...], set[str]] = {}
    for entity in ENTITIES:
        for alias in (entity["name"], *entity.get("aliases", ()), *entity.get("case_sensitive", ())):
            assert _words(alias), f"{entity['id']}: {alias!r} has no word"
            owners.setdefault(_words(alias), set()).add(entity["id"])
    assert {" ".join(alias): ids for alias, ids in owners.items() if len(ids) > 1} == {}


@pytest.mark.parametrize("topic", sorted(TOPICS))
def test_a_query_names_only_entities_that_exist(topic: str) -> None:
    table = _toml(f"topics/{topic}.toml")
    named = set(re.findall(r"@(kind:[a-z-]+|[a-z0-9-]+)", table["query"] + table.get("exclude", "")))
    known = {entity["id"] for entity in ENTITIES} | {f"kind:{kind}" for kind in KINDS}
    assert named
    assert named - known == set()


def test_corpus_articles_are_labelled_texts() -> None:
    for stem, (front, text) in CORPUS.items():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", stem), stem
        assert set(front) <= {"title", "url", "published", "topics", "copy_of", "same_event"}, stem
        assert front["title"], stem
        assert set(front["topics"]) <= TOPICS, stem
        assert isinstance(front.get("published", date.min), date), stem
        assert "mtia" not in front["topics"] or "custom-silicon" in front["topics"], stem
        assert 60 <= len(text.split()) <= 250, stem


def test_the_corpus_has_enough_of_each_kind() -> None:
    labels = [frozenset(front["topics"]) for front, _ in CORPUS.values()]
    assert len(labels) >= 5 + 28
    assert sum(not topics for topics in labels) >= 12
    for topic in TOPICS:
        assert sum(topic in topics for topics in labels) >= 5, topic


def test_relations_point_at_other_articles_with_the_same_labels() -> None:
    related = [
        (stem, front[key])
        for stem, (front, _) in CORPUS.items()
        for key in ("copy_of", "same_event")
        if key in front
    ]
    assert related
    for stem, other in related:
        assert other in CORPUS, stem
        assert other != stem
        assert set(CORPUS[stem][0]["topics"]) == set(CORPUS[other][0]["topics"]), stem


def test_only_a_copy_repeats_another_article() -> None:
    owners: dict[tuple[str, ...], str] = {}
    for stem, (front, text) in CORPUS.items():
        if "copy_of" not in front:
            for run in _runs(text):
                assert owners.setdefault(run, stem) == stem, f"{stem}: {' '.join(run)}"


def test_feeds_stand_once() -> None:
    urls = [feed["url"] for feed in _toml("feeds.toml")["feed"]]
    assert len(urls) == len(set(urls))


def test_every_candidate_feed_is_shipped() -> None:
    candidates = shared_path("FEEDS-LIST.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"\| (https?://\S+) \|", candidates))
    assert len(listed) >= 20
    assert listed - {feed["url"] for feed in _toml("feeds.toml")["feed"]} == set()


def test_no_sentence_of_a_seed_page_is_in_the_corpus() -> None:
    pages = sorted(shared_path("seeds").glob("*.txt"))
    assert pages
    theirs = {run: page.name for page in pages for run in _runs(page.read_text(encoding="utf-8"))}
    for stem, (front, text) in CORPUS.items():
        copied = [" ".join(run) for run in _runs(f"{front['title']}\n{text}") if run in theirs]
        assert copied == [], stem


def test_the_documentation_counts_right() -> None:
    page = (CONFIG.parent / "docs" / "corpus.md").read_text(encoding="utf-8")
    assert f"\n{len(CORPUS)} articles, one a file" in page
    told = {
        name: int(count) for name, count in re.findall(r"^\| `([a-z-]+)` \| (\d+) \|$", page, re.MULTILINE)
    }
    assert told == {topic: sum(topic in front["topics"] for front, _ in CORPUS.values()) for topic in TOPICS}
    negatives = sum(not front["topics"] for front, _ in CORPUS.values())
    assert f"| off topic (`not-….md`) | {negatives} |" in page
