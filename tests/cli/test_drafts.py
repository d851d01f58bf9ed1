import tomllib

from hypothesis import given
from hypothesis import strategies as st

from bot.catalogue import TopicFile
from bot.cli.drafts import spell_draft
from bot.core.keyness import sample
from bot.core.lexicon import Lexicon
from bot.core.names import Name
from bot.core.query import parse
from bot.core.suggest import Background, Clause, Draft, suggest

EMPTY = Draft(clauses=(), exclude=(), unused=(), names=(), missed=(0, 1), background=0, foreseen=None)


def spelled(draft: Draft, title: str = "Ferries") -> str:
    return spell_draft(draft, title=title, sources=["a.txt", "b.txt"], background=80, kind="stored items")


def test_without_a_clause_the_draft_is_a_title_and_says_why() -> None:
    text = spelled(EMPTY)
    assert tomllib.loads(text) == {"title": "Ferries"}
    assert "nothing that these articles share is rare elsewhere" in text


def test_every_part_says_what_it_finds() -> None:
    clause = Clause(query="@skerry NEAR/8 ferry", examples=2, background=1)
    draft = Draft(
        clauses=(clause,),
        exclude=(Clause(query="toy", examples=3, background=0),),
        unused=(Clause(query="quay", examples=2, background=9),),
        names=(Name("Øyvind Vik", 2, 0),),
        missed=(1,),
        background=1,
        foreseen=1,
    )
    text = spelled(draft)
    table = TopicFile.model_validate(tomllib.loads(text))
    assert (table.query.strip(), table.exclude.strip()) == ("@skerry NEAR/8 ferry", "title:(toy)")
    for line in (
        "#          2       1  @skerry NEAR/8 ferry",
        "#          2       9  quay",
        "# The query finds 1 of 2 examples and 1 of 80 other texts.",
        "# Missed: b.txt",
        '#   id = "yvind-vik"',
        '#   name = "Øyvind Vik"',
    ):
        assert line in text


WORDS = st.text(alphabet="abcdefgh'\"\\*()@:# \n", max_size=60)


@given(st.lists(st.tuples(WORDS, WORDS), min_size=2, max_size=4), WORDS)
def test_whatever_the_articles_hold_the_draft_can_be_read(texts: list[tuple[str, str]], title: str) -> None:
    lexicon = Lexicon()
    examples = [sample(*text, lexicon) for text in texts]
    draft = suggest(examples, Background([sample("elsewhere", "other words", lexicon)], lexicon))
    text = spell_draft(
        draft, title=title or "x", sources=[f"{n}" for n in range(len(texts))], background=1, kind="k"
    )
    table = TopicFile.model_validate(tomllib.loads(text))
    if table.query.strip():
        parse(table.query, lexicon)
