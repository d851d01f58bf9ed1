import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.language import LEAST_WORDS, detect

TEXTS = {
    "en": "The ferry that was ordered in March is to cross the sound from May, and it carries ninety cars.",
    "de": "Die Fähre, die im März bestellt wurde, soll ab Mai über den Sund fahren und fasst neunzig Autos.",
    "fr": "Le ferry qui a été commandé en mars doit traverser le détroit dès le mois de mai avec 90 "
    "voitures.",
    "es": "El transbordador que se encargó en marzo cruzará el estrecho desde mayo y lleva noventa coches.",
    "it": "Il traghetto che è stato ordinato a marzo attraverserà lo stretto da maggio e porta novanta auto.",
    "pt": "A balsa que foi encomendada em março vai cruzar o estreito a partir de maio e leva noventa "
    "carros.",
    "nl": "De veerboot die in maart is besteld zal vanaf mei over de sont varen en is voor negentig auto's.",
    "sv": "Färjan som beställdes i mars ska gå över sundet från och med maj och den tar nittio bilar på "
    "däck.",
    "da": "Færgen, som blev bestilt i marts, skal sejle over sundet fra maj, og den tager halvfems biler af "
    "gangen.",
    "no": "Fergen som ble bestilt i mars, skal krysse sundet fra mai av, og den tar nitti biler, mer enn "
    "noen før.",
    "fi": "Lautta tilattiin maaliskuussa ja se on nyt valmis, mutta se ei ole vielä ollut merellä kuin "
    "kerran.",
    "pl": "Prom, który zamówiono w marcu, ma pływać przez cieśninę od maja i zabiera na pokład 90 aut, jak "
    "do tej pory.",
    "ru": "Паром, который заказали в марте, должен ходить через пролив с мая, и на нём поместится 90 машин.",
    "ja": "三月に発注されたフェリーは五月から海峡を渡る。",
    "zh": "三月订购的渡轮将从五月起横渡海峡。",
    "ko": "3월에 주문한 여객선은 5월부터 해협을 건넌다.",
    "el": "Το πλοίο που παραγγέλθηκε τον Μάρτιο θα περάσει τον πορθμό.",
}


@pytest.mark.parametrize("language", TEXTS)
def test_a_sentence_tells_its_language(language: str) -> None:
    assert detect(TEXTS[language]) == language


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Skerry Lines orders an electric ferry",
        "Norvik Halden Lumenary Fjordal Kestrel Tarn Orrery Velaro Pendra Quarry Wexmoor Thornwick Calderay "
        "Sund",
        "12 345 67 89 10 11 12 13 14 15 16 17 18 19 20",
    ],
)
def test_what_shows_no_language_gets_none(text: str) -> None:
    assert detect(text) is None


@given(st.lists(st.text(alphabet="abcdefghij", min_size=4, max_size=9), min_size=LEAST_WORDS))
def test_letters_without_words_are_no_language(words: list[str]) -> None:
    assert detect(" ".join(words)) is None


@given(st.text())
def test_any_text_gets_a_primary_subtag_or_none(text: str) -> None:
    language = detect(text)
    assert language is None or (len(language) == 2 and language.islower())
