from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.copies import CopyIndex, fingerprint
from bot.model import Article
from tests.core.articles import DEAL, DEAL_AGAIN, FIRE, article

ORIGINAL = article(1, DEAL)
TITLE, TEXT = DEAL


def copy_found(title: str, summary: str, *, original: Article = ORIGINAL) -> bool:
    index = CopyIndex()
    index.add(original.id, fingerprint(original), None)
    found = index.find(fingerprint(Article(id="b", title=title, summary=summary)))
    assert found in (None, original.id)
    return found is not None


@pytest.mark.parametrize(
    ("title", "summary"),
    [
        (TITLE, TEXT),
        (TITLE.upper(), TEXT.upper()),
        (f"{TITLE} - The Harbour Gazette", TEXT),
        (f"{TITLE} | Harbour | Gazette", TEXT),
        (f"UPDATE 2-{TITLE}", "LONDON, March 2 (Wire) " + TEXT),
        (f"Breaking: {TITLE}", "By Ann Example. Share this: " + TEXT),
        ("Something else entirely over the same text", TEXT[20:150] + " Read more"),
        (TITLE, " ".join(TEXT.split()[:14]) + " The post appeared first on our site."),
        (TITLE, ""),
        (TITLE, "Read more"),
    ],
)
def test_a_republished_text_is_a_copy(title: str, summary: str) -> None:
    assert copy_found(title, summary)


@pytest.mark.parametrize(
    ("title", "summary"),
    [
        DEAL_AGAIN,
        FIRE,
        (TITLE, FIRE[1]),
        ("Norvik Halcyon", ""),
        ("", ""),
    ],
)
def test_another_text_is_no_copy(title: str, summary: str) -> None:
    assert not copy_found(title, summary)


def test_short_headlines_prove_nothing() -> None:
    assert not copy_found("Market report", "", original=Article(id="a", title="Market report"))


def test_copies_of_copies_have_one_root() -> None:
    index = CopyIndex()
    for name, title in (("a", TITLE), ("b", f"UPDATE 1-{TITLE}"), ("c", f"{TITLE} - Gazette")):
        candidate = fingerprint(Article(id=name, title=title, summary=TEXT))
        root = index.find(candidate)
        assert root == (None if name == "a" else "a")
        index.add(name, candidate, root)


def test_a_copy_keeps_its_root_when_the_root_is_forgotten_first() -> None:
    index = CopyIndex()
    index.add("a", fingerprint(ORIGINAL), None)
    index.add("b", fingerprint(ORIGINAL), "a")
    index.forget("a")
    index.forget("a")
    assert index.find(fingerprint(ORIGINAL)) == "a"
    index.forget("b")
    assert index.find(fingerprint(ORIGINAL)) is None


def test_boilerplate_is_learnt_from_the_stream() -> None:
    footer = "Sign up for our newsletter and never miss a story that matters to you and your business today"
    index = CopyIndex()
    subjects = ("Rain in Bergen", "Ferry strike ends", "New museum opens", "Cod prices fall", "School closes")
    for number, subject in enumerate(subjects):
        candidate = fingerprint(Article(id=str(number), title="", summary=f"{subject}. {footer}"))
        index.add(str(number), candidate, None)
    late = fingerprint(Article(id="late", title="", summary=f"Lighthouse sold to a painter. {footer}"))
    assert index.find(late) is None


FORM = "{0} unveils in-house AI accelerator {1}, {0} said on Tuesday at a fair in its home town."


def test_a_form_filled_in_twice_is_two_texts() -> None:
    index = CopyIndex()
    one, other, cut = (
        fingerprint(Article(id="", title="", summary=summary))
        for summary in (
            FORM.format("Norvik", "Kesh"),
            FORM.format("Halden", "Marlin"),
            FORM.format("Norvik", "Kesh").replace("Tuesday", "tuesday")[:70],
        )
    )
    index.add("one", one, None)
    assert index.find(other) is None
    assert index.one_form(other, "one")
    assert not index.one_form(cut, "one")
    assert not index.one_form(fingerprint(article(2, DEAL_AGAIN)), "one")


@given(st.text(), st.text(), st.text())
def test_every_article_with_enough_text_is_a_copy_of_itself(title: str, summary: str, body: str) -> None:
    index = CopyIndex()
    candidate = fingerprint(Article(id="a", title=title, summary=summary, body=body))
    index.add("a", candidate, None)
    enough = len(candidate.shingles) >= 6 or bool(candidate.titles)
    assert index.find(candidate) == ("a" if enough else None)
    index.forget("a")
    assert index.find(candidate) is None
