from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.copies import Fingerprint, KnownText, find_copy, fingerprint, one_form
from bot.model import Article
from tests.core.articles import DEAL, DEAL_AGAIN, FIRE, article

ORIGINAL = article(1, DEAL)
TITLE, TEXT = DEAL


def known(article: Article, root: str | None = None) -> KnownText:
    return KnownText(root=root or article.id, prints=fingerprint(article))


def copy_found(title: str, summary: str, *, original: Article = ORIGINAL) -> bool:
    found = find_copy(fingerprint(Article(id="b", title=title, summary=summary)), [known(original)])
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
    texts: list[KnownText] = []
    for name, title in (("a", TITLE), ("b", f"UPDATE 1-{TITLE}"), ("c", f"{TITLE} - Gazette")):
        copied = Article(id=name, title=title, summary=TEXT)
        root = find_copy(fingerprint(copied), texts)
        assert root == (None if name == "a" else "a")
        texts.append(known(copied, root))


def test_a_copy_names_the_text_also_where_its_first_report_is_forgotten() -> None:
    assert find_copy(fingerprint(ORIGINAL), [known(ORIGINAL, "an earlier one")]) == "an earlier one"


def test_boilerplate_is_learnt_from_the_stream() -> None:
    footer = "Sign up for our newsletter and never miss a story that matters to you and your business today"
    subjects = ("Rain in Bergen", "Ferry strike ends", "New museum opens", "Cod prices fall", "School closes")
    texts = [known(Article(id=subject, title="", summary=f"{subject}. {footer}")) for subject in subjects]
    late = fingerprint(Article(id="late", title="", summary=f"Lighthouse sold to a painter. {footer}"))
    assert find_copy(late, texts[:1]) is not None
    assert find_copy(late, texts) is None


FORM = "{0} unveils in-house AI accelerator {1}, {0} said on Tuesday at a fair in its home town."


def test_a_form_filled_in_twice_is_two_texts() -> None:
    one, other, cut = (
        fingerprint(Article(id="", title="", summary=summary))
        for summary in (
            FORM.format("Norvik", "Kesh"),
            FORM.format("Halden", "Marlin"),
            FORM.format("Norvik", "Kesh").replace("Tuesday", "tuesday")[:70],
        )
    )
    assert find_copy(other, [KnownText(root="one", prints=one)]) is None
    assert one_form(other, one)
    assert not one_form(cut, one)
    assert not one_form(fingerprint(article(2, DEAL_AGAIN)), one)


def test_one_form_may_be_filled_with_other_numbers() -> None:
    """A press office counts what it sent, each time in other numbers, and says where."""
    form = (
        "On {0}, {1} companies of Tarnow firefighters, {2} ambulances, {1} arson units, {2} rescue teams and "
        "{1} battalion captains, all led by chief {3}, went to a {4} in {5}."
    )
    ours = form.format("Monday", "12", "three", "Jan Osprey", "barn on fire", "Dornach")
    theirs = form.format("Friday", "one", "14", "Ida Heron", "flooded cellar", "Kesh").replace(
        "teams", "team"
    )
    one, other = (
        fingerprint(Article(id=each, title="", summary=text)) for each, text in (("a", ours), ("b", theirs))
    )
    assert len(set(one.shingles) & set(other.shingles)) < len(one.shingles) / 4
    assert one_form(one, other)


@given(st.text(), st.text(), st.text())
def test_every_article_with_enough_text_is_a_copy_of_itself(title: str, summary: str, body: str) -> None:
    one: Fingerprint = fingerprint(Article(id="a", title=title, summary=summary, body=body))
    enough = len(one.shingles) >= 6 or bool(one.titles)
    assert find_copy(one, [KnownText(root="a", prints=one)]) == ("a" if enough else None)
    assert find_copy(one, []) is None


def test_what_a_site_puts_before_every_text_makes_no_copy() -> None:
    notice = (
        "Just one more thing: we have sent you a message. Please open it and follow the link to activate "
        "your profile. If it does not arrive within a few minutes, look where unwanted mail is kept."
    )
    first = fingerprint(
        article(1, ("Warehouse fire shuts Tarnow rail junction", f"{notice} Nobody was hurt."))
    )
    second = fingerprint(
        article(2, ("Norvik signs chip deal with Halcyon", f"{notice} Racks arrive in 2027."))
    )
    assert find_copy(second, [KnownText(root="a1", prints=first)]) is None
    assert one_form(first, second)
    again = fingerprint(
        article(3, ("Fire in Tarnow closes railway", f"{notice} Nobody was hurt near Tarnow."))
    )
    third = fingerprint(
        article(4, ("Fire in Tarnow closes railway", f"{notice} Nobody was hurt near Tarnow."))
    )
    assert find_copy(third, [KnownText(root="a3", prints=again)]) == "a3"
