"""Articles for tests: invented companies, invented events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.model import Article

START = datetime(2026, 3, 2, 8, tzinfo=UTC)

DEAL = (
    "Norvik signs 4 GW chip deal with Halcyon",
    "OSLO - Norvik said on Monday it will buy four gigawatts of Halcyon accelerators over six years, "
    "the largest order that the Bergen chip maker has ever announced. The first racks arrive in 2027.",
)
DEAL_AGAIN = (
    "Halcyon wins its biggest order as Norvik bets on accelerators",
    "Chip maker Halcyon has won an order from Norvik for accelerators worth four gigawatts, the company "
    "said, adding that deliveries start in 2027 from its plant in Bergen.",
)
FIRE = (
    "Warehouse fire shuts Tarnow rail junction",
    "A fire in a warehouse near Tarnow closed the main railway line between Krakow and Rzeszow for "
    "nine hours. Nobody was hurt, the regional fire brigade said on Tuesday.",
)


def article(
    number: int,
    text: tuple[str, str],
    *,
    hours: float = 0.0,
    body: str = "",
    dated: bool = True,
    source: str = "",
) -> Article:
    """Article ``a<number>``, published ``hours`` after the start."""
    title, summary = text
    return Article(
        id=f"a{number}",
        title=title,
        summary=summary,
        body=body,
        source=source,
        published=START + timedelta(hours=hours) if dated else None,
    )


ONE_ORDER = (
    (
        "Bergen chip maker lands largest order ever",
        "Halcyon of Bergen has won the largest order in its history: four gigawatts of accelerators "
        "over six years.",
    ),
    (
        "Mayor of Ostren welcomes data centres of Norvik",
        "Mayor Lind welcomed the data centres in Ostren that Norvik will fill with accelerators.",
    ),
    (
        "Largest accelerator order: Norvik takes four gigawatts from Halcyon of Bergen",
        "Norvik takes four gigawatts of accelerators from Halcyon of Bergen over six years for its data "
        "centres in Ostren, the largest order in the industry.",
    ),
    (
        "Halcyon shares jump on Norvik accelerator order",
        "Shares of Bergen chip maker Halcyon rose 12 percent after it won an order from Norvik for "
        "accelerators.",
    ),
    (
        "Ostren data centres to run on Bergen chips",
        "Data centres in Ostren will run on accelerators from Bergen, Norvik said, and on four gigawatts of "
        "power.",
    ),
    (
        "Norvik to build data centres around Halcyon accelerators",
        "Norvik said it will fill data centres in Ostren with four gigawatts of accelerators made in Bergen.",
    ),
)
"""Reports of one order, in which two stories are seen until the last of them, who buys and who sells."""
