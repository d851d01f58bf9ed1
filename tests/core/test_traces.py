from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.core.copies import fingerprint
from bot.core.resemblance import weigh
from bot.core.traces import Trace, pack, trace, unpack
from bot.core.vocabulary import Vocabulary, read
from bot.model import Article
from tests.core.articles import DEAL, START, article


def traced(one: Article) -> Trace:
    vocabulary = Vocabulary()
    vocabulary.learn(read(one))
    return trace(weigh(read(one), vocabulary), fingerprint(one), "its root")


def test_a_trace_keeps_what_is_compared() -> None:
    one = article(1, DEAL)
    vocabulary = Vocabulary()
    vocabulary.learn(read(one))
    vectors = weigh(read(one), vocabulary)
    kept = unpack(pack(traced(one)))
    assert kept.root == "its root"
    prints, exact_prints = kept.prints(), fingerprint(one)
    assert (set(prints.titles), prints.words) == (set(exact_prints.titles), exact_prints.words)
    assert set(prints.shingles) == set(exact_prints.shingles)
    outline = kept.outline()
    assert outline.has_text
    assert set(outline.days) == set(vectors.days) == {START.toordinal()}
    for name in ("words", "who", "what", "headline"):
        exact, rounded = getattr(vectors, name), getattr(outline, name)
        assert list(rounded) == list(exact)
        assert all(abs(rounded[word] - weight) < 1e-7 for word, weight in exact.items())
    assert kept.weights() == outline.words


def test_a_trace_takes_less_room_than_its_text_takes_in_memory() -> None:
    assert len(pack(traced(article(1, DEAL)))) < 1_000


@given(st.text(), st.text(), st.text())
def test_packing_loses_nothing(title: str, summary: str, body: str) -> None:
    kept = traced(Article(id="a", title=title, summary=summary, body=body))
    assert unpack(pack(kept)) == kept


def test_what_folds_into_several_words_stays_one() -> None:
    """U+FDFA is one letter that folding spells out with blanks."""
    kept = traced(Article(id="a", title="\ufdfa Norvik Halcyon Bergen plant"))
    assert unpack(pack(kept)) == kept
