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
