"""Stories, verdicts and rules for the tests of telling and selecting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.core.telling import Background
from bot.core.updates import weigh
from bot.model import (
    AlertRule,
    DigestSpec,
    Exemplar,
    Facts,
    Item,
    Member,
    Nearest,
    Placement,
    Relation,
    Share,
    Story,
    Telling,
    Topic,
    Verdict,
    Window,
)

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
WINDOW = Window(start=NOW - timedelta(days=1), end=NOW)
TOPICS = ("chips", "deals", "labs")
SPEC = DigestSpec(
    name="daily", title="Daily", topics=TOPICS, channels=("mail",), schedule=("0 7 * * *",), timezone="UTC"
)
RULE = AlertRule(name="now", topics=TOPICS, channels=("mail",), min_score=0.5)


def verdict(
    item_id: str, topic: str = "chips", score: float = 0.9, *, nearest: Nearest | None = None
) -> Verdict:
    return Verdict(
        item_id=item_id,
        topic_id=topic,
        score=score,
        matched=True,
        threshold=0.5,
        shares=(
            Share(signal="entities", share=0.2, detail="Norvik"),
            Share(signal="query", share=2.5, detail="title: “halcyon”"),
            Share(signal="exemplars", share=-0.4, detail="unlike"),
            Share(signal="prior", share=0.3, detail="for every item"),
        ),
        nearest=nearest,
        profile_version="1",
    )


def member(
    number: int,
    *,
    story: int = 1,
    hours: float = 2.0,
    seen: float | None = None,
    source: str | None = None,
    copy_of: int | None = None,
    primary: bool = False,
    matched: tuple[str, ...] = ("chips",),
    score: float = 0.9,
    title: str | None = None,
    summary: str = "",
    baseline: bool = False,
    dated: bool = True,
) -> Member:
    """Item ``i<number>``, published ``hours`` before now and seen then or ``seen`` hours before now."""
    item_id = f"i{number}"
    return Member(
        item=Item(
            id=item_id,
            feed_id="f",
            url=f"https://paper{number}.example/{number}",
            canonical_url=f"https://paper{number}.example/{number}",
            title=f"Headline {number}" if title is None else title,
            summary=summary,
            published=NOW - timedelta(hours=hours) if dated else None,
            seen_at=NOW - timedelta(hours=hours if seen is None else seen),
            content_hash=item_id,
            baseline=baseline,
        ),
        placement=Placement(
            item_id=item_id,
            story_id=f"s{story}",
            opens=False,
            copy_of=None if copy_of is None else f"i{copy_of}",
        ),
        verdicts=tuple(verdict(item_id, topic, score) for topic in matched),
        source=f"paper{number}.example" if source is None else source,
        primary=primary,
    )


def story(*members: Member) -> Story:
    seen = [each.item.seen_at for each in members]
    return Story(id=members[0].placement.story_id, members=members, first_seen=min(seen), last_seen=max(seen))


def background(facts: dict[str, Facts] | None = None) -> Background:
    stated = facts or {}
    return Background(
        topics={topic: Topic(id=topic, title=topic.title()) for topic in TOPICS},
        exemplars={"e1": Exemplar(id="e1", title="Norvik’s first order", text="…")},
        facts=lambda each: stated.get(each.id, Facts()),
    )


def telling(story_id: str, *, sources: int = 1, facts: Facts | None = None, revision: int = 1) -> Telling:
    return Telling(
        channel="mail",
        story_id=story_id,
        revision=revision,
        told_at=NOW - timedelta(hours=1),
        origin="daily",
        title="Headline told first",
        sources=sources,
        facts=facts or Facts(),
    )


def near(relation: Relation, exemplar: str = "e1", similarity: float = 0.5) -> Nearest:
    return Nearest(exemplar=exemplar, similarity=similarity, relation=relation)


def new_facts(before: Facts, after: Facts) -> tuple[str, ...]:
    """What a story has of news that was told with the facts ``before``, by as many sources."""
    told = telling("story", facts=before)
    return weigh(told, after, told.sources).news
