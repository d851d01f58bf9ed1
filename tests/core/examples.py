"""A folder of examples and a background for tests: ferries of an invented sound, and everything else."""

from __future__ import annotations

from bot.core.keyness import Sample, sample
from bot.core.lexicon import Lexicon
from bot.model import Entity

LEXICON = Lexicon((Entity(id="skerry", name="Skerry Lines", kind="company"),))
FERRIES = (
    (
        "Skerry Lines orders a third electric ferry",
        "The yard in Ostren builds the electric ferry for Skerry Lines. It carries 120 cars, and the "
        "shipyard "
        "Halvorsen delivers the batteries.",
    ),
    (
        "Electric ferry crosses the sound for the first time",
        "The first electric ferry of Skerry Lines left Ostren at noon. Its batteries come from Halvorsen and "
        "are charged at the quay.",
    ),
    (
        "Storm keeps electric ferries in harbour",
        "Skerry Lines kept its electric ferries at the quay for two days. Passengers of the ferry slept on "
        "benches, and Halvorsen flew in engineers.",
    ),
    (
        "Second electric ferry on the Vik crossing",
        "An electric ferry now crosses from Vik to Ostren every hour, says Skerry Lines. Batteries from "
        "Halvorsen last for three crossings.",
    ),
)
OTHERS = (
    ("Bakery opens in Ostren", "Bread with seeds is baked from six in the morning at the market."),
    ("Ostren wins the cup", "Two goals in the last minutes of a match in the rain decided the final."),
    ("School gets a new roof", "Pupils learn under a tent until the roof of the school is mended."),
    ("Electric cars outsell others", "Half of the cars sold in May were electric, the dealers said."),
    ("Library stays open late", "Books can be borrowed until ten in the evening on Fridays."),
    ("Council debates the budget", "The council wants to spend more on roads, and less on lamps."),
    ("Harvest is late this year", "Farmers wait for three dry days, and the barley stands in water."),
    ("Trains stop for two days", "Workers on the track will strike on Monday and Tuesday, a union said."),
)


def samples(texts: tuple[tuple[str, str], ...], lexicon: Lexicon = LEXICON) -> list[Sample]:
    return [sample(title, text, lexicon) for title, text in texts]
