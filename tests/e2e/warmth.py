"""The world of the first hour in docs/operations.md: example articles and three outlets, all invented."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from tests.http_server import Answer, ScriptedServer

MEANT = {
    "brennholm": (
        "Waste water warms Brennholm",
        "Brennholm's utility has ordered two heat pumps that take the heat of treated waste "
        "water and lift it to 90 degrees for the district heating network. They replace a gas"
        " boiler. Kelder Thermal received the order, worth 22 million euros.",
    ),
    "dorp": (
        "A data centre heats Dorp",
        "The heat of a data centre outside Dorp goes into the town's district heating from "
        "next winter. A large heat pump of 12 megawatts by Kelder Thermal raises its "
        "temperature; the utility pays for the network, the operator gives the heat for "
        "nothing.",
    ),
    "kelder-record": (
        "Kelder Thermal ships its largest heat pump",
        "A heat pump of 50 MW has left the works of Kelder Thermal for the district heating "
        "network of Aldermoor. It is the largest that the company has built; the utility "
        "there ordered a second one in spring.",
    ),
    "lysa": (
        "Lysa replaces coal with a heat pump of 70 MW",
        "The district heating of Lysa will be fed by a heat pump of 70 megawatts from 2027. "
        "Halden Machines delivers it, and the sea gives the heat. The utility ordered it "
        "after two years of trials and closes its last coal boiler in the same winter.",
    ),
    "mine": (
        "Heat from a flooded mine",
        "Water from a flooded mine will heat four thousand homes in Ostra. The town's heating"
        " company has ordered heat pumps with 8 megawatts for its district heating and "
        "expects to save a fifth of its gas.",
    ),
    "varga": (
        "Varga utility signs for river heat pump",
        "The utility of Varga signed a contract with Halden Machines for a heat pump of 25 MW"
        " at the river. It will give a third of the heat that the district heating network of"
        " the city needs, and be ready in 2028.",
    ),
}
NOT_MEANT = {
    "fridge": (
        "Fridge maker shows quieter compressors",
        "A maker of fridges and small heat pumps for tumble dryers has shown a compressor "
        "that is quieter by three decibels.",
    ),
    "house": (
        "Seven questions before you buy a heat pump",
        "Which heat pump suits a single house? Ask the installer about noise, about the "
        "radiators and about grants. A monobloc outside is cheapest; a ground source costs "
        "more and lasts longer.",
    ),
    "repair": (
        "Why your heat pump ices up",
        "A heat pump in the garden may ice up on damp days. A technician tells what to look "
        "at before you call service, and what a defrost costs on the electricity bill.",
    ),
}

# Outlet → its title, and its entries: hours since, page, headline, summary.
OUTLETS: Mapping[str, tuple[str, tuple[tuple[float, str, str, str], ...]]] = {
    "warmth": (
        "Warmth Weekly",
        (
            (
                20,
                "ostfold",
                "Ostfold Energi looks at sea water for its heating network",
                "The utility is studying whether a large heat pump at the quay could replace "
                "two gas boilers of its district heating network by 2029.",
            ),
            (
                10,
                "how-to-choose",
                "How to choose a heat pump for your house",
                "Air or ground, split or monobloc: seven questions to ask an installer before"
                " you buy a heat pump for a single house.",
            ),
        ),
    ),
    "northgate": (
        "Northgate Gazette",
        (
            (
                1.5,
                "harbour",
                "Harbour heat pump for Varby: council signs contract with Kelder",
                "The council of Varby signed on Monday for a 40 MW heat pump that Kelder "
                "Thermal will build at the harbour for the town's district heating.",
            ),
            (
                4,
                "tram",
                "Tram line 3 closed until Thursday",
                "Works on the overhead line take longer than planned.",
            ),
            (
                9,
                "rovers",
                "Northgate Rovers lose at home",
                "A late goal decided the match on Saturday.",
            ),
        ),
    ),
    "kelder": (
        "Kelder Thermal press room",
        (
            (
                8,
                "varby",
                "Kelder Thermal to deliver 40 MW heat pump to Varby district heating",
                "Kelder Thermal has received an order from Varby Fjernvarme for a 40 MW sea "
                "water heat pump. Delivery is planned for 2028. The order is worth 61 million"
                " euros.",
            ),
            (
                200,
                "service",
                "Kelder Thermal appoints new head of service",
                "Ida Brandt joins from the marine division.",
            ),
        ),
    ),
}


def write_examples(folder: Path) -> None:
    for name, articles in (("heat-pumps", MEANT), ("not-meant", NOT_MEANT)):
        (folder / name).mkdir(parents=True)
        for file, (title, text) in articles.items():
            (folder / name / f"{file}.txt").write_text(f"{title}\n\n{text}\n")


def publish(outlet: str, site: ScriptedServer) -> None:
    """Put an outlet's page and feed on a server of its own."""
    title, _ = OUTLETS[outlet]
    link = f"<link rel='alternate' type='application/rss+xml' title='{title}' href='feed.xml'>"
    page = f"<html><head><title>{title}</title>{link}</head><body><h1>{title}</h1></body></html>"
    site.play("/", Answer(body=page.encode(), headers={"Content-Type": "text/html"}))
    site.play("/feed.xml", feed(outlet, site.origin))


def feed(outlet: str, origin: str) -> Answer:
    title, entries = OUTLETS[outlet]
    items = "".join(
        f"<item><title>{headline}</title><link>{origin}/{page}</link><guid>{outlet}-{page}</guid>"
        f"<pubDate>{format_datetime(datetime.now(UTC) - timedelta(hours=hours))}</pubDate>"
        f"<description>{summary}</description></item>"
        for hours, page, headline, summary in entries
    )
    document = (
        f"<rss version='2.0'><channel><title>{title}</title><link>{origin}/</link>{items}</channel></rss>"
    )
    return Answer(body=document.encode(), headers={"Content-Type": "application/rss+xml"})


GONE = Answer(status=404, body=b"<h1>Not found</h1>")
