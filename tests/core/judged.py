"""A small world that the judging tests share: three makers, a topic about one's chips, a few articles."""

from __future__ import annotations

from datetime import UTC, date, datetime

from bot.core.features import Features, extract
from bot.core.profile import Judge, build_profiles
from bot.model import Entity, Exemplar, Topic

ENTITIES = (
    Entity(id="alder", name="Alder", kind="cloud", aliases=("Alder Systems",)),
    Entity(id="birch", name="Birch", kind="foundry"),
    Entity(id="cedar", name="Cedar", kind="company"),
)
EXEMPLARS = (
    Exemplar(
        id="first",
        title="Alder tests a training chip of its own",
        text="Alder has begun to test an accelerator that it designed itself. Birch makes the chip.",
        published=date(2026, 3, 2),
        topics=frozenset({"own-chips"}),
    ),
    Exemplar(
        id="second",
        title="Alder's inference chip reaches its data centres",
        text="The accelerator designed by Alder now ranks posts in every region, engineers at Alder say.",
        published=date(2026, 5, 20),
        topics=frozenset({"own-chips"}),
    ),
    Exemplar(
        id="launch",
        title="Cedar launches a graphics card for players",
        text="Cedar showed its newest graphics card. Shops sell the card from Friday.",
        published=date(2026, 3, 3),
    ),
    Exemplar(
        id="snack",
        title="Potato chips become dearer",
        text="A poor harvest makes potatoes scarce, and a bag of chips costs more.",
    ),
)
TOPIC = Topic(id="own-chips", title="Own chips", query="@alder NEAR/8 (chip OR chips OR accelerator)")


def judge(
    *topics: Topic,
    exemplars: tuple[Exemplar, ...] = EXEMPLARS,
    entities: tuple[Entity, ...] = ENTITIES,
) -> Judge:
    return build_profiles(topics or (TOPIC,), exemplars, entities)


def item(
    judge: Judge,
    title: str,
    summary: str = "",
    *,
    body: str = "",
    language: str | None = None,
    published: str | None = None,
) -> Features:
    """Features of an item; ``published`` is a day as YYYY-MM-DD."""
    return extract(
        "item",
        title=title,
        summary=summary,
        body=body,
        language=language,
        published=datetime.fromisoformat(published).replace(tzinfo=UTC) if published else None,
        lexicon=judge.lexicon,
    )
