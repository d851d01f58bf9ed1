from hypothesis import given
from hypothesis import strategies as st

from bot.core.lexicon import FIELDS, Lexicon, document, field_of, kind_key
from bot.core.text import tokenize
from bot.model import Entity

META = Entity(id="meta", name="Meta Platforms", kind="company", aliases=("Meta",), case_sensitive=("Meta",))
MTIA = Entity(id="mtia", name="MTIA", kind="chip", aliases=("Meta Training and Inference Accelerator",))
ARM = Entity(id="arm", name="Arm", kind="company", case_sensitive=("Arm",))
HOLDINGS = Entity(id="arm-holdings", name="Arm Holdings", kind="company")
LAB = Entity(id="deepmind", name="Google DeepMind", kind="AI lab", aliases=("DeepMind",))
LEXICON = Lexicon((META, MTIA, ARM, HOLDINGS, LAB))


def found(title: str, summary: str = "", body: str = "") -> dict[str, list[tuple[str, str]]]:
    texts = dict(zip(FIELDS, (title, summary, body), strict=True))
    return {
        entity: [(span.field, texts[span.field][span.start : span.end]) for span in spans]
        for entity, spans in LEXICON.find(document(title, summary, body)).items()
    }


def test_every_alias_is_found_in_every_field_with_its_place() -> None:
    assert found("Meta's new chip", "Meta Platforms shows it", "by deepmind") == {
        "meta": [("title", "Meta"), ("summary", "Meta Platforms")],
        "deepmind": [("body", "deepmind")],
    }


def test_a_case_sensitive_alias_needs_its_exact_spelling_even_as_a_name() -> None:
    assert found("They lost an arm; meta analysis") == {}
    assert found("ARM and META in capitals") == {}
    assert found("Arm rose") == {"arm": [("title", "Arm")]}
    assert found("META PLATFORMS BUYS") == {"meta": [("title", "META PLATFORMS")]}


def test_the_longest_of_overlapping_aliases_wins() -> None:
    assert found("Arm Holdings and Arm") == {
        "arm-holdings": [("title", "Arm Holdings")],
        "arm": [("title", "Arm")],
    }
    text = "Meta Training and Inference Accelerator"
    assert found(text) == {"mtia": [("title", text)]}


def test_an_earlier_shorter_alias_yields_to_a_longer_one_that_overlaps_it() -> None:
    lexicon = Lexicon(
        (
            Entity(id="short", name="Google Cloud", kind="cloud"),
            Entity(id="long", name="Cloud TPU pod", kind="chip"),
        )
    )
    assert set(lexicon.find(document("Google Cloud TPU pod"))) == {"long"}


def test_an_alias_that_two_entities_share_names_both() -> None:
    lexicon = Lexicon(
        (Entity(id="a", name="Ascend", kind="chip"), Entity(id="b", name="Ascend", kind="company"))
    )
    assert set(lexicon.find(document("Ascend"))) == {"a", "b"}


def test_hyphens_and_blanks_in_aliases_are_one() -> None:
    lexicon = Lexicon((Entity(id="x", name="Sea-Lion 2", kind="chip", case_sensitive=("Sea-Lion 2",)),))
    assert set(lexicon.find(document("the Sea Lion-2 part"))) == {"x"}
    assert not lexicon.find(document("the sea-lion 2 part"))


def test_names_do_not_reach_across_fields() -> None:
    assert found("Arm", "Holdings") == {"arm": [("title", "Arm")]}


def test_an_alias_without_words_finds_nothing() -> None:
    assert not Lexicon((Entity(id="x", name="&", kind="", aliases=("--",)),)).find(document("& --"))


def test_kinds_are_named_by_their_words() -> None:
    assert kind_key("AI lab") == kind_key("ai-lab") == "ai-lab"
    assert LEXICON.kinds["company"] == ("meta", "arm", "arm-holdings")


def test_a_prefix_is_looked_up_in_the_order_of_the_text() -> None:
    index = document("chips chip", "a chipmaker").everywhere
    assert [field_of(position) for position in index.starting_with("chip")] == ["title", "title", "summary"]
    assert index.starting_with("chips") == [0]
    assert not index.starting_with("zebra")


@given(st.tuples(st.text(), st.text(), st.text()))
def test_a_span_gives_back_its_positions(texts: tuple[str, str, str]) -> None:
    text = document(*texts)
    for word, places in text.everywhere.positions.items():
        for place in places:
            span = text.span(place, place, word)
            assert text.positions(span) == (place, place)
            assert [t.word for t in tokenize(texts[FIELDS.index(span.field)][span.start : span.end])] == [
                word
            ]
