import pytest

from bot.core.furniture import ABOUT_NAME, AFTER_ARTICLE, BYLINE, LABEL, NOTICE, OTHER_ARTICLES


@pytest.mark.parametrize(
    "heading",
    [
        "Related News",
        "MORE FROM REUTERS",
        "Most read today",
        "Lesen Sie auch",
        "À lire aussi",
        "相关阅读",
        "Up next",
    ],
)
def test_headings_of_other_articles(heading: str) -> None:
    assert OTHER_ARTICLES.fullmatch(heading)


@pytest.mark.parametrize(
    "heading",
    ["Comments (12)", "12 comments", "Leave a reply", "Kommentare", "Press contact", "Disclaimer", "# # #"],
)
def test_headings_of_what_follows_an_article(heading: str) -> None:
    assert AFTER_ARTICLE.fullmatch(heading)


@pytest.mark.parametrize(
    "line", ["Advertisement", "Share on Facebook", "Photo: Reuters", "2 hours ago", "Teilen"]
)
def test_labels(line: str) -> None:
    assert LABEL.fullmatch(line)


@pytest.mark.parametrize(
    "headline",
    [
        "Meta plans related chips",
        "More chips for Meta",
        "Comments by Meta's chief move shares",
        "Latest chip of Quarry fails test",
        "Share prices of chip makers fall",
        "About half of all wafers go to Quarry",
        "By 2027, Quarry wants a third line",
    ],
)
def test_headlines_are_no_furniture(headline: str) -> None:
    for pattern in (OTHER_ARTICLES, AFTER_ARTICLE, ABOUT_NAME, BYLINE, LABEL):
        assert not pattern.fullmatch(headline)


def test_notices_are_found_inside_a_sentence() -> None:
    assert NOTICE.search("This article does not constitute advice.")
    assert NOTICE.search("Alle Rechte vorbehalten.")
    assert not NOTICE.search("Quarry will open a third line in Dresden.")
