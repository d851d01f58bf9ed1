import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.core.article import COPY_AT, ExtractedArticle, copy_similarity, extract_html, extract_text, same_text
from bot.core.text import words
from bot.errors import UsageError
from tests.shared import shared_path

PAGES = Path(__file__).parent.parent / "data" / "pages"
EXPECTED = sorted(PAGES.glob("*.expected.json"))
STORY = extract_text((PAGES / "news-with-boxes.txt").read_text(encoding="utf-8"))


def extracted(name: str) -> ExtractedArticle:
    (page,) = (path for path in PAGES.glob(f"{name}.*") if ".expected" not in path.suffixes)
    if page.suffix == ".html":
        return extract_html(page.read_bytes(), "https://siliconcourier.example/quarry")
    return extract_text(page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", [path.name.removesuffix(".expected.json") for path in EXPECTED])
def test_the_article_of_a_page_is_found_and_nothing_else(name: str) -> None:
    expected = json.loads((PAGES / f"{name}.expected.json").read_text(encoding="utf-8"))
    article = extracted(name)
    assert article.text.split("\n\n") == expected["text"]
    assert article.title == expected["title"]
    assert article.published == (date.fromisoformat(expected["published"]) if expected["published"] else None)


@pytest.mark.parametrize("name", [path.name.removesuffix(".expected.json") for path in EXPECTED])
def test_a_clean_article_is_left_as_it_is(name: str) -> None:
    article = extracted(name)
    again = extract_text(f"{article.title}\n\n{article.text}")
    assert (again.title, again.text, again.dropped_lines) == (article.title, article.text, 0)


# ── the seed pages ───────────────────────────────────────────────────────────────────────────────

CLUTTER = """
memecoin pumpfun solana musk trump spacex tesla multiply backlite gold jewelry threads whatsapp airdrop
airdrops usdt staking launchpool futures repost download disclaimer dusty sidewalk comments
"""


@pytest.mark.parametrize(
    ("seed", "headline", "first", "last", "paragraphs"),
    [
        ("000", "Meta begins testing", "Facebook owner", "trade concerns.", 20),
        ("001", "From inference to training", "Bloomberg News", "hardware suppliers.", 9),
        ("002", "From inference to training", "Bloomberg News", "hardware suppliers.", 9),
        ("003", "Meta plans to extend", "Meta plans to develop", "long-term costs.", 9),
        ("004", "Meta suddenly spends", "Meta signed an agreement", "chip capabilities.", 12),
    ],
)
def test_seed_pages_keep_the_article_and_none_of_the_clutter(
    seed: str, headline: str, first: str, last: str, paragraphs: int
) -> None:
    article = seed_article(seed)
    assert article.title.startswith(headline)
    assert article.text.startswith(first)
    assert article.text.endswith(last)
    assert len(article.text.split("\n\n")) == paragraphs
    allowed = {"whatsapp"} if seed == "000" else set()  # its owner's apps are named in the article
    assert not (set(words(f"{article.title} {article.text}")) & set(words(CLUTTER))) - allowed


def test_of_the_seed_pages_two_are_one_text() -> None:
    texts = {seed: seed_article(seed).text for seed in ("000", "001", "002", "003", "004")}
    copies = {
        (one, other)
        for one in texts
        for other in texts
        if one < other and same_text(texts[one], texts[other])
    }
    assert copies == {("001", "002")}


def seed_article(number: str) -> ExtractedArticle:
    (path,) = shared_path("seeds").glob(f"{number}_*.txt")
    return extract_text(path.read_text(encoding="utf-8"))


# ── shapes of text ───────────────────────────────────────────────────────────────────────────────

BODY = (
    "The foundry Quarry will build a third line for custom chips in Dresden next year.\n\n"
    "The line costs two billion euros, and the foundry expects cloud companies to fill it.\n\n"
    "Quarry declined to name the customers who booked wafers on the line.\n"
)


def test_a_text_without_a_headline_is_named_by_its_first_sentence() -> None:
    article = extract_text(BODY)
    assert (
        article.title == "The foundry Quarry will build a third line for custom chips in Dresden next year."
    )
    assert article.text == BODY.strip()


@pytest.mark.parametrize(
    ("line", "title"),
    [
        (
            "Quarry builds a third line for custom chips | The Courier",
            "Quarry builds a third line for custom chips",
        ),
        (
            "Quarry builds a third line for custom chips - Courier",
            "Quarry builds a third line for custom chips",
        ),
        ("Quarry, the foundry, wants more – custom chips", "Quarry, the foundry, wants more – custom chips"),
        ("# Will Quarry build a third line?", "Will Quarry build a third line?"),
    ],
)
def test_a_headline_sheds_the_name_of_its_site_and_nothing_else(line: str, title: str) -> None:
    article = extract_text(f"{line}\n\n{BODY}")
    assert article.title == title
    assert article.text == BODY.strip()


@pytest.mark.parametrize(
    "paragraphs",
    [
        BODY.split("\n\n")[:1],
        [BODY.split("\n\n", maxsplit=1)[0], "Its shares rose by nine percent."],
        ["All was quiet until eleven.", *BODY.strip().split("\n\n"), "Nobody expected this so early."],
    ],
)
def test_a_short_clean_article_loses_nothing(paragraphs: list[str]) -> None:
    article = extract_text("\n\n".join(["Three big plans", *paragraphs]))
    assert article.title == "Three big plans"
    assert article.text.split("\n\n") == paragraphs


def test_an_article_that_stands_twice_on_its_page_is_kept_once() -> None:
    page = f"Quarry builds a third line\n\n{BODY}\nShare\nPrint\nTop\nQuarry builds a third line\n\n{BODY}"
    assert extract_text(page).text == BODY.strip()


@pytest.mark.parametrize("text", ["", "\n \n", "Home\nNews\nSport\nLog in\n", "Chips!", "|\n---\n***\n```"])
def test_a_page_without_an_article_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no article found"):
        extract_text(text)


@pytest.mark.parametrize("html", [b"", "", b"\x00\xff\xfe", "<html></html>", "<nav><a href=/>Home</a></nav>"])
def test_a_saved_page_without_an_article_is_refused(html: bytes | str) -> None:
    with pytest.raises(UsageError, match="no article found"):
        extract_html(html)


def test_a_saved_page_of_loose_lines_falls_back_on_the_text_way() -> None:
    lines = "".join(
        f"<font>{line}</font><br>" for line in ("Quarry builds a third line", *BODY.split("\n\n"))
    )
    assert "The line costs two billion euros" in extract_html(f"<html><body>{lines}</body></html>").text


def test_a_saved_page_in_an_old_encoding_is_read() -> None:
    sentences = "Die Fabrik für Chips öffnet im Mai. " * 9
    page = f"<meta charset=iso-8859-1><h1>Neue Fabrik für Chips</h1><article><p>{sentences}"
    assert "für Chips öffnet" in extract_html(page.encode("iso-8859-1")).text


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=60) | st.sampled_from(STORY.text.split("\n\n")), max_size=12).map("\n".join))
@example("a " * 5000 + "| " * 5000)
@example("# > " * 5000)
def test_any_text_gives_an_article_of_its_own_words_or_is_refused(text: str) -> None:
    try:
        article = extract_text(text)
    except UsageError:
        return
    assert article.title
    assert article.dropped_lines >= 0
    characters = iter("".join(text.split()))
    article_characters = "".join(article.text.split())
    assert all(character in characters for character in article_characters), (
        "it is the page's text in its order"
    )


def test_a_list_that_a_colon_opens_is_kept_and_a_menu_is_not() -> None:
    items = "Two billion euros\nEighteen thousand wafers\nSix hundred people\n"
    closing = "The foundry opens the line in Dresden next year, and cloud companies wait for its chips."
    listed = extract_text(f"{BODY}\nWhat the line takes:\n{items}\n{closing}")
    assert items.splitlines() == listed.text.split("\n\n")[4:7]
    menu = extract_text(f"{BODY}\n{items}\n{closing}")
    assert menu.text.split("\n\n") == [*BODY.strip().split("\n\n"), closing]


# ── copies ───────────────────────────────────────────────────────────────────────────────────────


def test_a_copy_with_another_headline_and_a_cut_tail_is_the_same_text() -> None:
    paragraphs = STORY.text.split("\n\n")
    copy = "New cranes for the north\n\n" + "\n\n".join(paragraphs[:5])
    assert copy_similarity(STORY.text, copy) > 0.8
    assert same_text(copy, STORY.text)


def test_the_same_event_in_other_words_is_no_copy() -> None:
    other = (
        "Konela of Finland will deliver a dozen electric cranes to Northport. The order is worth 96 million "
        "euros, the port said, and should shorten the time a ship spends at the quay from 31 to 19 hours."
    )
    assert copy_similarity(STORY.text, other) < 0.1 < COPY_AT


def test_texts_without_words_copy_nothing() -> None:
    assert copy_similarity("", "") == copy_similarity("…", "chip") == 0.0


TEXTS = st.lists(st.sampled_from(["chip", "deal", "wafer", "line", "test"]), max_size=30).map(" ".join)


@given(TEXTS, TEXTS)
def test_similarity_is_symmetric_and_between_0_and_1(one: str, other: str) -> None:
    assert 0.0 <= copy_similarity(one, other) == copy_similarity(other, one) <= 1.0


@given(TEXTS.filter(lambda text: len(text.split()) >= 5), TEXTS)
def test_a_text_that_stands_whole_in_another_is_its_copy(part: str, rest: str) -> None:
    assert copy_similarity(part, f"{rest} {part} {rest}") == 1.0
