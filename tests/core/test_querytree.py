import pytest

from bot.core import querytree as tree
from bot.core.lexicon import document

CHIP = tree.Phrase(("chip",), False, "Chip")
DEAL = tree.Phrase(("big", "deal"), True, "big deal")
META = tree.Mention("meta", ("meta",))


@pytest.mark.parametrize(
    ("node", "written"),
    [
        (CHIP, "Chip"),
        (DEAL, '"big deal*"'),
        (tree.Phrase(("or",), False, "OR"), '"OR"'),
        (tree.Phrase(("near", "3"), False, "NEAR/3"), '"NEAR/3"'),
        (tree.Mention("kind:ai-lab", ("a", "b")), "@kind:ai-lab"),
        (tree.And((CHIP, tree.Or((DEAL, META)))), 'Chip AND ("big deal*" OR @meta)'),
        (tree.Or((CHIP, tree.And((DEAL, META)))), 'Chip OR "big deal*" AND @meta'),
        (tree.Near((CHIP, tree.Or((META, CHIP))), (8,)), "Chip NEAR/8 (@meta OR Chip)"),
        (tree.Not(tree.Near((CHIP, META), (3,))), "NOT (Chip NEAR/3 @meta)"),
        (tree.Not(tree.Not(tree.Title(CHIP))), "NOT NOT title:Chip"),
        (tree.Title(tree.Not(CHIP)), "title:(NOT Chip)"),
    ],
)
def test_a_tree_is_written_with_no_more_parentheses_than_it_needs(node: tree.Node, written: str) -> None:
    assert str(node) == written


def test_phrases_are_the_same_whatever_their_spelling() -> None:
    assert tree.Phrase(("chip",), False, "CHIP") == CHIP
    assert len({CHIP, tree.Phrase(("chip",), False, "chip")}) == 1


def test_terms_are_those_that_may_be_shown() -> None:
    node = tree.And((CHIP, tree.Not(tree.And((DEAL, tree.Not(META))))))
    assert list(tree.terms(node)) == ["Chip", "@meta"]


def test_a_mention_with_a_name_in_two_words_is_near_what_stands_beside_it() -> None:
    text = document("Meta Platforms x chip")
    near = tree.Near((META, CHIP), (2,))
    match = tree.find(near, text, {"meta": (text.span(0, 1, "@meta"),)})
    assert match and [(span.start, span.end) for span in match.spans] == [(0, 14), (17, 21)]
    assert not tree.find(tree.Near((META, CHIP), (1,)), text, {"meta": (text.span(0, 1, "@meta"),)})
