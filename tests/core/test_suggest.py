import pytest

from bot.core.keyness import sample
from bot.core.lexicon import Lexicon
from bot.core.query import parse
from bot.core.suggest import MOST_CLAUSES, Background, Draft, matching, suggest
from tests.core.examples import FERRIES, LEXICON, OTHERS, samples

CLOSE = (
    ("Toy ferry wins a prize", "A toy ferry of wood, made in Vik, was named toy of the year at the fair."),
    ("Toy ferries recalled", "Shops take back the toy ferry since small parts of the toy come off."),
    ("Museum shows toy ships", "The museum of the island shows a hundred toy ships and a toy harbour."),
)


@pytest.fixture(scope="module")
def background() -> Background:
    return Background(samples(OTHERS), LEXICON)


@pytest.fixture(scope="module")
def draft(background: Background) -> Draft:
    return suggest(samples(FERRIES), background)


def test_the_query_finds_the_examples_and_little_else(draft: Draft, background: Background) -> None:
    query = parse(draft.query, LEXICON)
    assert matching(query, samples(FERRIES)) == {0, 1, 2, 3}
    assert draft.missed == ()
    assert len(matching(query, background.samples)) == draft.background == 0


def test_the_query_finds_what_comes_later(draft: Draft) -> None:
    later = samples(
        (("Skerry Lines sells an electric ferry", ""), ("Bear rides a train", "A tale for children."))
    )
    assert matching(parse(draft.query, LEXICON), later) == {0}


def test_the_counts_are_what_each_clause_finds(draft: Draft, background: Background) -> None:
    assert 0 < len(draft.clauses) <= MOST_CLAUSES
    for clause in (*draft.clauses, *draft.unused):
        query = parse(clause.query, LEXICON)
        assert len(matching(query, background.samples)) == clause.background
    for clause in draft.clauses:
        assert len(matching(parse(clause.query, LEXICON), samples(FERRIES))) == clause.examples


def test_the_entity_that_all_name_is_in_it(draft: Draft) -> None:
    assert "@skerry" in draft.query


def test_what_to_expect_is_measured_on_left_out_examples(draft: Draft, background: Background) -> None:
    assert draft.foreseen == 4
    assert suggest(samples(FERRIES[:2]), background).foreseen is None


def test_examples_that_share_nothing_get_no_query(background: Background) -> None:
    texts = (("Bread and seeds", "An oven."), ("Goals decide a final", "Rain."), ("Roof of slate", "A tent."))
    found = suggest(samples(texts), background)
    assert (found.clauses, found.query, found.missed) == ((), "", (0, 1, 2))


def test_nothing_is_excluded_without_negatives(draft: Draft) -> None:
    assert draft.exclude == ()


def test_what_only_the_headlines_of_negatives_have_is_excluded(background: Background) -> None:
    found = suggest(samples(FERRIES), background, samples(CLOSE))
    queries = [clause.query for clause in found.exclude]
    assert "toy" in queries
    assert not [query for query in queries if "ferr" in query and "toy" not in query]
    title = parse(f"title:({' OR '.join(queries)})", LEXICON)
    assert matching(title, samples(FERRIES)) == frozenset()


def test_an_everyday_word_does_not_stand_alone(background: Background) -> None:
    """In so small a background any word is rare; in the language at large it is not."""
    texts = tuple(
        (f"People like it {number}", f"Yesterday people {word} again.")
        for number, word in enumerate(("sang", "danced", "walked", "slept", "wrote"))
    )
    found = suggest([sample(*text, Lexicon()) for text in texts], background)
    assert "people" not in [clause.query.rstrip("*") for clause in found.clauses]


def test_a_large_background_decides_what_is_too_common() -> None:
    noise = tuple((f"Electric ferry number {number}", "Skerry Lines said so.") for number in range(50))
    found = suggest(samples(FERRIES), Background(samples(OTHERS + noise), LEXICON))
    assert '"electric ferr*"' not in [clause.query for clause in found.clauses]
