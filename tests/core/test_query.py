import time
from collections.abc import Iterator, Sequence
from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core import querytree as tree
from bot.core.query import MAX_DEPTH, Lexicon, Match, Query, document, parse
from bot.core.text import fold, words
from bot.errors import QueryError
from bot.model import Entity

LEXICON = Lexicon(
    (
        Entity(id="meta", name="Meta Platforms", kind="company", case_sensitive=("Meta",)),
        Entity(id="nvidia", name="Nvidia", kind="company"),
        Entity(id="mtia", name="MTIA", kind="chip", aliases=("Meta Training and Inference Accelerator",)),
        Entity(id="openai", name="OpenAI", kind="AI lab"),
    )
)


def match(query: str, title: str, summary: str = "", body: str = "") -> Match | None:
    text = document(title, summary, body)
    return parse(query, LEXICON).match(text, LEXICON.find(text))


def shown(query: str, title: str, summary: str = "", body: str = "") -> list[str]:
    """The matched places as ``field:text``."""
    texts = {"title": title, "summary": summary, "body": body}
    result = match(query, title, summary, body)
    return [f"{s.field}:{texts[s.field][s.start : s.end]}" for s in result.spans] if result else []


# ── words and phrases ────────────────────────────────────────────────────────────────────────────


def test_a_word_is_never_found_inside_another() -> None:
    assert not match("ai", "Training of chains")
    assert shown("ai", "An AI-driven ＡＩ") == ["title:AI", "title:ＡＩ"]


@pytest.mark.parametrize("query", ["STRASSE", "straße", "Strasse"])
def test_case_is_folded_as_unicode_folds_it(query: str) -> None:
    assert shown(query, "Die Straße") == ["title:Straße"]


@pytest.mark.parametrize(
    "query", ['"in house chip"', '"in-house chip"', '"IN‑HOUSE  chip"', "“in-house chip”"]
)
def test_a_phrase_is_consecutive_words_whatever_stands_between(query: str) -> None:
    assert shown(query, "Its in-house chip") == ["title:in-house chip"]
    assert shown(query, "Its in‑house\nchip") == ["title:in‑house\nchip"]
    assert not match(query, "in a house chip")
    assert not match(query, "in-house", "chip")


def test_a_hyphenated_word_is_a_phrase_and_so_is_a_word_of_an_unspaced_script() -> None:
    assert shown("in-house", "in house, house in") == ["title:in house"]
    assert shown("芯片", "自研芯片; 片芯") == ["title:芯片"]


def test_a_star_takes_any_ending() -> None:
    assert shown("chip*", "Chips of a chipmaker, microchip") == ["title:Chips", "title:chipmaker"]
    assert shown('"custom chip*"', "custom chips, custom-chip custom AI chip") == [
        "title:custom chips",
        "title:custom-chip",
    ]
    assert shown("in-hous*", "in-house") == ["title:in-house"]


# ── operators ────────────────────────────────────────────────────────────────────────────────────


def test_words_next_to_each_other_mean_and() -> None:
    assert parse("a b AND c\n d") == parse("a AND b AND c AND d")
    assert match("chip deal", "Deal", "chip")
    assert not match("chip deal", "chip")


def test_not_binds_closer_than_near_than_and_than_or() -> None:
    assert parse("a OR b c NEAR d AND NOT e OR f") == parse("a OR (b AND (c NEAR/8 d) AND (NOT e)) OR f")


def test_operators_are_operators_in_capitals_only_and_words_in_quotes() -> None:
    assert match("research and chip", "research and chip")
    assert not match("research and chip", "research chip")
    assert shown('"AND" "not"', "not and") == ["title:not", "title:and"]


def test_what_must_be_absent_is_never_shown() -> None:
    assert shown("chip NOT potato", "A chip") == ["title:chip"]
    assert not match("chip NOT potato", "A chip", body="of potato")
    assert shown("chip NOT (potato NOT silicon)", "potato silicon chip") == ["title:silicon", "title:chip"]
    assert shown("NOT NOT chip", "chip") == ["title:chip"]


def test_near_counts_words_in_any_order_within_one_field() -> None:
    assert match("meta NEAR/2 chip", "chip by meta")
    assert not match("meta NEAR/1 chip", "chip by meta")
    assert not match("meta NEAR/1 chip", "meta", "chip")
    assert match("meta NEAR chip", "meta 1 2 3 4 5 6 7 chip")
    assert not match("meta NEAR chip", "meta 1 2 3 4 5 6 7 8 chip")


def test_near_shows_only_the_pairs_that_are_near() -> None:
    assert shown("a NEAR/1 b", "a b x x a x b") == ["title:a", "title:b"]


def test_near_takes_phrases_entities_and_groups() -> None:
    assert shown('@meta NEAR/3 ("custom chip*" OR silicon)', "Meta plans custom chips") == [
        "title:Meta",
        "title:custom chips",
    ]
    assert not match("chip NEAR/5 (chip OR deal)", "a chip"), "a word is not near itself"


def test_a_chain_of_near_runs_through_its_middle() -> None:
    assert match("a NEAR/1 b NEAR/1 c", "a b c")
    assert not match("a NEAR/1 b NEAR/1 c", "b a x c b")


def test_title_restricts_words_phrases_entities_and_groups() -> None:
    assert not match("title:chip", "no", "chip", "chip")
    assert shown("title:chip", "chip", "chip") == ["title:chip"]
    assert not match('title:"custom chip"', "custom", "custom chip")
    assert not match("title:@meta", "no", "Meta")
    assert shown("title:(meta OR chip) deal", "chip", "meta deal") == ["title:chip", "summary:deal"]
    assert match("deal NOT title:chip", "deal", "chip")
    assert not match("title:meta NEAR/2 chip", "meta", "chip meta")


def test_an_entity_is_found_under_each_of_its_names() -> None:
    assert shown("@mtia", "MTIA", "the Meta Training and Inference Accelerator") == [
        "title:MTIA",
        "summary:Meta Training and Inference Accelerator",
    ]
    assert not match("@meta", "meta analysis")


def test_a_kind_stands_for_all_its_entities_and_says_which() -> None:
    result = match("@kind:company", "Nvidia and Meta")
    assert result and [span.term for span in result.spans] == ["@nvidia", "@meta"]
    assert match("@kind:ai-lab", "OpenAI")
    assert not match("@kind:chip", "OpenAI")


# ── grade ────────────────────────────────────────────────────────────────────────────────────────


def grade(query: str, title: str, summary: str = "", body: str = "") -> float:
    result = match(query, title, summary, body)
    assert result is not None
    return result.grade


def test_titles_beat_summaries_beat_bodies() -> None:
    assert grade("chip", "chip") == 1.0
    assert grade("chip", "chip") > grade("chip", "", "chip") > grade("chip", "", "", "chip") > 0


def test_closeness_beats_distance_beats_other_fields() -> None:
    far = "chip" + " word" * 40 + " deal"
    close, apart, elsewhere = (
        grade("chip deal", "", *texts) for texts in (("chip deal",), (far,), ("chip", "deal"))
    )
    assert close > apart
    assert close == pytest.approx(0.7)
    assert apart == pytest.approx(0.7 * (0.7 + 0.3 * 12 / 42))
    assert elsewhere == pytest.approx((0.7 + 0.4) / 2 * 0.7)


def test_the_best_alternative_grades_an_or_and_absence_grades_nothing() -> None:
    assert grade("chip OR deal", "chip", "", "deal") == 1.0
    assert grade("chip NOT potato", "chip") == 1.0


# ── mistakes ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("query", "position", "remedy"),
    [
        ("", 0, "empty"),
        (" \n ", 0, "empty"),
        ("(a OR b", 0, "never closed"),
        ("a OR (b (c)", 5, "never closed"),
        ("a b)", 3, "closes nothing"),
        (")", 0, "closes nothing"),
        ("a ()", 3, "nothing stands between"),
        ('a "b c', 2, 'never closed; add a second "'),
        ("a AND", 5, "AND needs a word"),
        ("a OR ) b", 5, "OR needs a word"),
        ("OR a", 0, "OR needs something before it"),
        ("(AND a)", 1, "AND needs something before it"),
        ("NEAR/3 a", 0, "NEAR needs something before it"),
        ("a OR OR b", 5, "OR needs a word"),
        ("a NOT", 5, "NOT needs a word"),
        ("title:", 6, "title: needs a word"),
        ("NOT a", 0, "lack"),
        ("NOT a NOT b", 0, "lack"),
        ("a OR NOT b", 5, "lack"),
        ("@metta", 0, "nearest: @meta"),
        ("a @Nvidia", 2, "nearest: @nvidia"),
        ("@zzzzzzzz", 0, "entities.toml"),
        ("@", 0, "unknown entity"),
        ("@kind:compny", 0, "nearest: @kind:company"),
        ("a NEAR/0 b", 2, "1 to 1000"),
        ("a NEAR/99999999999999999999 b", 2, "1 to 1000"),
        ("a near/8 b", 2, "capitals"),
        ("a NEAR/x b", 2, "whole number"),
        ("(a b) NEAR c", 0, "NEAR stands between"),
        ("c NEAR NOT b", 7, "NEAR stands between"),
        ("(a NEAR b) NEAR c", 0, "NEAR stands between"),
        ("summary:chip", 0, "only title:"),
        ("chip -potato", 5, "NOT potato"),
        ("!chip", 0, "NOT chip"),
        ("ch*p", 0, "end of a word"),
        ("a *", 2, "end of a word"),
        ('"a* b"', 0, "end of a word"),
        ('"a -*"', 0, "end of a word"),
        ('a ""', 2, "no letter or digit"),
        ("a && b", 2, "no letter or digit"),
    ],
)
def test_a_mistake_is_refused_at_its_place_with_a_remedy(query: str, position: int, remedy: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(query, LEXICON)
    assert remedy in caught.value.problem
    assert caught.value.position == position


@pytest.mark.parametrize("opening", ["(", "NOT ", "title:", "(NOT title:"])
def test_hostile_nesting_is_refused(opening: str) -> None:
    closing = ")" * opening.count("(")
    parse(opening * 2 * (MAX_DEPTH // 6) + "a" + closing * 2 * (MAX_DEPTH // 6))
    with pytest.raises(QueryError, match="deep"):
        parse(opening * 1000 + "a" + closing * 1000)


def test_a_long_flat_query_is_read() -> None:
    assert len(parse(" OR ".join(f"w{number}" for number in range(5000))).terms()) == 5000


# ── properties ───────────────────────────────────────────────────────────────────────────────────

WORDS = st.sampled_from(["a", "b", "ab", "abc", "c"])
PHRASES = st.builds(
    lambda parts, star: tree.Phrase(tuple(map(fold, parts)), star, " ".join(parts)),
    st.lists(WORDS, min_size=1, max_size=3),
    st.booleans(),
)
MENTIONS = st.sampled_from(["x", "y"]).map(lambda name: tree.Mention(name, (name,)))
LETTERS = Lexicon(
    (
        Entity(id="x", name="a b", kind="k", case_sensitive=("B",)),
        Entity(id="y", name="c", kind="k", aliases=("b c b",)),
    )
)
LEAVES = PHRASES | MENTIONS
GROUPS = LEAVES | st.lists(LEAVES, min_size=2, max_size=2).map(lambda parts: tree.Or(tuple(parts)))
NEARS = st.lists(GROUPS | GROUPS.map(tree.Title), min_size=2, max_size=3).flatmap(
    lambda parts: st.lists(st.integers(1, 4), min_size=len(parts) - 1, max_size=len(parts) - 1).map(
        lambda distances: tree.Near(tuple(parts), tuple(distances))
    )
)


def _joined(kind: type[tree.And] | type[tree.Or], parts: Sequence[tree.Node]) -> tree.Node:
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, kind) else (part,))]
    return kind(tuple(flat))


def _larger(nodes: st.SearchStrategy[tree.Node]) -> st.SearchStrategy[tree.Node]:
    several = st.lists(nodes, min_size=2, max_size=3)
    return st.one_of(
        nodes.map(tree.Not),
        nodes.map(tree.Title),
        several.map(lambda parts: _joined(tree.And, parts)),
        several.map(lambda parts: _joined(tree.Or, parts)),
    )


NODES = st.recursive(LEAVES | NEARS, _larger, max_leaves=8)
TEXTS = st.lists(st.sampled_from(["a", "b", "c", "ab", "abc", "A", "B", "C", "-", "z"]), max_size=9).map(
    " ".join
)
DOCUMENTS = st.tuples(TEXTS, TEXTS, TEXTS)


def places(node: tree.Node, texts: tuple[str, str, str], title_only: bool) -> Iterator[tuple[int, int, int]]:
    """Every place of a term by brute force: field, first word, last word."""
    for number, text in enumerate(texts[:1] if title_only else texts):
        cut = words(text)
        runs = [(i, j) for i in range(len(cut)) for j in range(i, len(cut))]
        match node:
            case tree.Phrase(wanted, prefix, _):
                for i, j in runs:
                    run = cut[i : j + 1]
                    same = run[:-1] == list(wanted[:-1]) and len(run) == len(wanted)
                    if same and (run[-1].startswith(wanted[-1]) if prefix else run[-1] == wanted[-1]):
                        yield number, i, j
            case tree.Mention(name, _):
                lexed = document(text)
                for span in LETTERS.find(lexed).get(name, ()):
                    before, inside = words(text[: span.start]), words(text[span.start : span.end])
                    yield number, len(before), len(before) + len(inside) - 1
            case tree.Title(inner):
                if number == 0:
                    yield from places(inner, texts, True)
            case tree.Or(parts):
                for part in parts:
                    for place in places(part, texts, title_only):
                        if place[0] == number:
                            yield place


def holds(node: tree.Node, texts: tuple[str, str, str], title_only: bool = False) -> bool:
    """What the language says, written as plainly as possible."""
    match node:
        case tree.Not(inner):
            return not holds(inner, texts, title_only)
        case tree.And(parts):
            return all(holds(part, texts, title_only) for part in parts)
        case tree.Or(parts):
            return any(holds(part, texts, title_only) for part in parts)
        case tree.Title(inner):
            return holds(inner, texts, True)
        case tree.Near(operands, distances):
            choices = product(*(list(places(operand, texts, title_only)) for operand in operands))
            return any(
                all(
                    a[0] == b[0] and 1 <= max(b[1] - a[2], a[1] - b[2]) <= distance
                    for (a, b), distance in steps
                )
                for choice in choices
                for steps in [list(zip(pairwise(choice), distances, strict=True))]
            )
        case _:
            return any(True for _ in places(node, texts, title_only))


@settings(max_examples=400)
@given(NODES, DOCUMENTS)
def test_a_query_matches_what_the_language_says(node: tree.Node, texts: tuple[str, str, str]) -> None:
    text = document(*texts)
    result = Query(node).match(text, LETTERS.find(text))
    assert (result is not None) == holds(node, texts)
    if result:
        assert 0.0 <= result.grade <= 1.0
        assert result.spans or holds(node, ("", "", "")), "a match that must have something shows it"
        assert len(set(result.spans)) == len(result.spans)
        assert {span.term for span in result.spans} <= set(Query(node).terms())


@given(NODES, DOCUMENTS)
def test_spans_point_at_text_that_folds_to_the_term(node: tree.Node, texts: tuple[str, str, str]) -> None:
    text = document(*texts)
    result = Query(node).match(text, LETTERS.find(text))
    for span in result.spans if result else ():
        there = words(
            dict(zip(("title", "summary", "body"), texts, strict=True))[span.field][span.start : span.end]
        )
        if span.term.startswith("@"):
            assert there in {"@x": [["a", "b"], ["b"]], "@y": [["c"], ["b", "c", "b"]]}[span.term]
        elif span.term.strip('"').endswith("*"):
            assert " ".join(there).startswith(" ".join(words(span.term)))
        else:
            assert there == words(span.term)


@settings(max_examples=300)
@given(NODES)
def test_the_canonical_form_reads_as_the_same_query(node: tree.Node) -> None:
    text = str(Query(node))
    if holds(node, ("", "", "")):
        with pytest.raises(QueryError, match="lack"):
            parse(text, LETTERS)
    else:
        assert parse(text, LETTERS) == Query(node)


SIGNS = ["(", ")", '"', "“", "*", "/", "@", " ", "\n", "\x00", "\x1b", "\ud800", "½", "ß", "1.5"]
STEPS = ["AND", "OR", "NOT", "NEAR", "NEAR/3", "near/2", "title:"]
OPERANDS = ["@meta", "@kind:chip", "chip", "chip*", "in-house", "芯片", "-x", "a:b"]
SCRAPS = st.lists(st.sampled_from(SIGNS + STEPS + OPERANDS)).map("".join) | st.text()


@settings(max_examples=500)
@given(SCRAPS, st.text(max_size=40))
def test_any_text_is_read_or_refused_and_what_was_read_survives_a_round_trip(query: str, text: str) -> None:
    try:
        read = parse(query, LEXICON)
    except QueryError as error:
        assert 0 <= error.position <= len(query)
        return
    assert parse(str(read), LEXICON) == read
    seen = document(text)
    read.match(seen, LEXICON.find(seen))


def test_a_long_repetitive_body_does_not_explode() -> None:
    text = document("", "", "chip deal " * 20_000)
    query = parse('chip NEAR/1000 deal NEAR/1000 chip AND "chip deal chip deal chip" AND d*')
    start = time.perf_counter()
    result = query.match(text, {})
    assert result is not None
    assert time.perf_counter() - start < 5
