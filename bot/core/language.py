"""The language of a text, by its script or by its commonest words.

Every language repeats a few dozen function words, and running text is a third to a half made of them;
the language whose words cover most of a text is its own (Grefenstette, Comparing two language
identification schemes, JADT 1995: sure from some 20 words on, which articles have).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from bot.core.text import words

LEAST_WORDS = 12
"""A shorter text is no evidence."""
_LEAST_PART = 0.12
"""Part of the words that must be the language's own; lists of names reach a few hundredths."""
_LEAD = 1.15
"""How many times the part of the next language's; below it nobody can tell."""
_SCRIPT_PART = 0.3
_MOST_WORDS = 600

# Scripts that tell the language, in the order in which they are asked: a Japanese text has kana between
# its Han characters, a Korean one hangul.
_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]"), 0.1),
    ("ko", re.compile("[\uac00-\ud7af]"), _SCRIPT_PART),
    ("zh", re.compile("[\u3400-\u4dbf\u4e00-\u9fff]"), _SCRIPT_PART),
    ("th", re.compile("[\u0e00-\u0e7f]"), _SCRIPT_PART),
    ("el", re.compile("[\u0370-\u03ff]"), _SCRIPT_PART),
    ("he", re.compile("[\u0590-\u05ff]"), _SCRIPT_PART),
    ("hi", re.compile("[\u0900-\u097f]"), _SCRIPT_PART),
)

_LISTS = """\
en: the of and to in a is that for it with as was on by at be this are from has not or will an he his
de: der die und den das von zu mit sich des auf für ist im dem nicht ein eine als auch es an aus bei
fr: de la le et les des en un une du que est pour dans qui par sur au pas il plus avec ce sont aux
es: de la que el en y los del se las por un para con una su al es lo como más pero sus ha fue
it: di che e la il un per in una del è della con non i le si da al dei nel sono gli anche alla
pt: de que e o a do da em um para os com não uma no na por mais as dos se ao foi das pela são
nl: de het een van en in is dat op te zijn met voor niet aan er om ook als door bij maar naar uit
sv: och att det i en som är på av för med till den har inte om ett men var från kan vid också efter så
da: og at det i en som er på af for med til den har ikke om et men var fra kan også efter blev bliver mere
no: og at det i en som er på av for med til den har ikke om et men var fra kan også etter ble blir mer noen
fi: ja on ei se että oli hän mutta ovat myös joka kun niin kuin tai mukaan vuoden jos sen ole tämä
pl: i w na z się nie do że to jest o jak za przez po od dla są ale oraz tym jego które który może
cs: a v se na je že s z do to i o k za od pro ale jsou by jako po který které bude podle má jejich při jeho
tr: ve bir bu da de için ile olarak daha çok olan gibi en ne kadar sonra ancak oldu var ise göre
ro: de și în a la cu pe o un că din este nu pentru care mai sunt au fost prin al sau după
hu: a az és hogy nem is egy ez de meg volt már csak mint el ezt van még szerint után lesz vagy
id: yang dan di dengan untuk dari pada ini dalam akan tidak itu oleh juga telah ke sebagai adalah
vi: và của là có được cho không trong một các với những đã này để người khi ra đến về tại
ru: и в не на что с по это как из за для от но его к был также года у о то все или чтобы
uk: і в не на що з це та за для від але його як до був також року у про або які щоб є
ar: في من على أن إلى التي عن مع هذا هذه الذي ما كان لا بعد أو قد بين كما وقال
fa: و در به از که این را با است برای آن یک خود تا کرد بر هم نیز شده می
sk: a v sa na je že s do to aj o k z pre ale sú ako po ktoré ktorý bude podľa má ich za od jeho pri
"""
_OWN: Mapping[str, frozenset[str]] = MappingProxyType(
    {line[:2]: frozenset(line[3:].split()) for line in _LISTS.splitlines()}
)
"""Language → its commonest words: articles, prepositions, conjunctions, forms of to be and to have."""


def detect(text: str) -> str | None:
    """The language of a text as a primary subtag (RFC 5646), or ``None`` where it can't be told."""
    letters = [character for character in text if character.isalpha()]
    for language, script, part in _SCRIPTS:
        if letters and sum(script.match(letter) is not None for letter in letters) >= part * len(letters):
            return language
    found = words(text)[:_MOST_WORDS]
    if len(found) < LEAST_WORDS:
        return None
    shares = sorted(
        ((sum(word in own for word in found) / len(found), language) for language, own in _OWN.items()),
        reverse=True,
    )
    (best, language), (second, _) = shares[:2]
    return language if best >= _LEAST_PART and best >= _LEAD * second else None
