from datetime import date
from pathlib import Path

import pytest

from bot.cli.articles import is_address, read_article
from bot.errors import UsageError
from tests.cli.test_corpus import ARTICLE, PARAGRAPHS, TITLE, saved_page


def test_text_page_and_article_of_a_corpus_give_the_same(tmp_path: Path) -> None:
    forms = {
        "notes.txt": ARTICLE,
        "page.html": saved_page(),
        "page-without-suffix": saved_page(),
        "article.md": f'+++\ntitle = "{TITLE}"\npublished = 2026-03-04\n+++\n\n' + "\n\n".join(PARAGRAPHS),
    }
    for name, content in forms.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
        article = read_article(str(tmp_path / name), tmp_path)
        assert article.title == TITLE, name
        assert article.text == "\n\n".join(PARAGRAPHS), name
        assert article.language == "en", name
        assert article.published == (date(2026, 3, 4) if name == "article.md" else None)


def test_a_page_of_few_words_has_the_language_that_it_declares(tmp_path: Path) -> None:
    names = "Norvik Halden Lumenary Fjordal Kestrel Tarn Orrery Velaro Pendra Quarry Wexmoor Thornwick."
    page = f'<!doctype html><html lang="nb-NO"><head><title>{names}</title></head><body><p>{names}</p></body>'
    (tmp_path / "page.html").write_text(page)
    assert read_article(str(tmp_path / "page.html"), tmp_path).language == "nb"


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "windows-1252"])
def test_a_text_is_read_in_the_encoding_that_it_has(tmp_path: Path, codec: str) -> None:
    title, text = "Kräne in Grünhafen umgestürzt", f"Über {PARAGRAPHS[0]}"
    (tmp_path / "notes.txt").write_bytes(f"{title}\n\n{text}\n".encode(codec))
    article = read_article(str(tmp_path / "notes.txt"), tmp_path)
    assert (article.title, article.text) == (title, text)


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7\n1 0 obj << /Title (A page) >>\nstream\nx\x9c\xed\xbd\x07`\x1cI\x96\nendstream\n",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x03\x98 some words that belong together, and some more.",
        b"PK\x03\x04\x14\0\x08\0word/document.xml " + ARTICLE.encode(),
    ],
)
def test_what_is_no_text_is_no_article(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "saved").write_bytes(content)
    with pytest.raises(UsageError, match="neither text nor a web page"):
        read_article(str(tmp_path / "saved"), tmp_path)


def test_front_matter_that_is_wrong_is_named(tmp_path: Path) -> None:
    (tmp_path / "article.md").write_text('+++\ntitel = "x"\n+++\n\nText.\n')
    with pytest.raises(UsageError, match=r'article\.md:2: titel: unknown key "titel"; did you mean "title"'):
        read_article(str(tmp_path / "article.md"), tmp_path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_article(str(tmp_path / "nowhere.txt"), tmp_path)


@pytest.mark.parametrize(
    ("source", "fetched"), [("https://example.org/a", True), ("http.txt", False), ("a.html", False)]
)
def test_what_is_fetched_is_an_address(source: str, fetched: bool) -> None:
    assert is_address(source) is fetched
