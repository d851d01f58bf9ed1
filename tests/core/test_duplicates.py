from dataclasses import replace
from datetime import date

from bot.core.corpus import build_corpus
from bot.core.duplicates import Shelf, siblings
from bot.core.lexicon import Lexicon
from bot.model import Exemplar

LEXICON = Lexicon()
ORDER = Exemplar(
    id="order",
    title="Skerry Lines orders a third ferry from the yard in Ostren",
    text="Skerry Lines will have a third ferry built at the yard in Ostren, for 41 million crowns. It "
    "carries "
    "120 cars and crosses the sound in forty minutes, the company said on Wednesday.",
    published=date(2026, 3, 4),
)
RETOLD = Exemplar(
    id="retold",
    title="Ostren yard to build third ferry for Skerry Lines",
    text="The yard in Ostren has won the order for a third ferry of Skerry Lines. The ship is worth 41 "
    "million "
    "crowns and takes 120 cars.",
    published=date(2026, 3, 5),
)
OTHER = Exemplar(
    id="other",
    title="Bakery opens beside the harbour",
    text="Bread with seeds is baked from six in the morning, and on Sundays there is a queue around the "
    "corner.",
)


def test_a_copy_is_told_whatever_its_headline() -> None:
    shelf = Shelf([OTHER, ORDER], LEXICON)
    copied = replace(ORDER, id="copied", title="Ferry news", text=ORDER.text + " Read more tomorrow.")
    assert shelf.copy_of(copied) == ORDER
    assert shelf.copy_of(RETOLD) is None


def test_a_copy_is_traced_to_the_original_and_not_to_another_copy() -> None:
    first = replace(ORDER, id="first-copy", copy_of="order")
    assert Shelf([first, ORDER], LEXICON).copy_of(replace(ORDER, id="second-copy")) == ORDER


def test_a_report_of_the_same_event_is_told() -> None:
    shelf = Shelf([OTHER, ORDER], LEXICON)
    assert shelf.same_event(RETOLD) == ORDER
    assert shelf.same_event(replace(RETOLD, published=date(2026, 9, 5))) is None
    assert shelf.same_event(replace(OTHER, id="alone", title="A library closes", text="No books.")) is None


def test_what_was_put_there_later_counts_too() -> None:
    shelf = Shelf([], LEXICON)
    assert shelf.copy_of(ORDER) is None
    assert shelf.same_event(RETOLD) is None
    shelf.add(ORDER)
    shelf.add(OTHER)
    assert shelf.same_event(RETOLD) == ORDER
    assert shelf.copy_of(replace(ORDER, id="again")) == ORDER


def test_an_article_is_no_sibling_of_its_own() -> None:
    corpus = build_corpus([ORDER, RETOLD, OTHER], LEXICON)
    found = {
        article.exemplar.id: [other.exemplar.id for _, other in siblings(article, corpus)]
        for article in corpus.references
    }
    assert found == {"order": ["retold"], "retold": ["order"], "other": []}
