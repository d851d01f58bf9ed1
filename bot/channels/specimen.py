"""Made-up digests that use every part of a message, to try templates on before anything real is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.model import (
    Digest,
    Earlier,
    Facts,
    Latency,
    NamedFeed,
    NearMiss,
    Notice,
    Receipt,
    Section,
    Source,
    ToldStory,
    Volume,
    Window,
)

_END = datetime(2026, 3, 4, 6, 30, tzinfo=UTC)
_MANY = 150
"""Stories of the large one: more than ``max_stories`` may be set to fill with titles of full length."""

_SOURCE = Source(
    name="Harbor Wire",
    title="Skerry Lines orders two electric ferries",
    url="https://harbor-wire.example/ferries",
    published=_END - timedelta(hours=3),
    primary=True,
    copies=2,
)
_STORY = ToldStory(
    id="specimen",
    revision=2,
    status="UPDATED",
    title="Skerry Lines orders two electric ferries",
    url="https://harbor-wire.example/ferries",
    lead=" ".join(["The yard at Holm delivers the first of them in spring."] * 6),
    topics=("Ferries",),
    score=0.93,
    sources=(_SOURCE,) * 9,
    items=12,
    facts=Facts(
        parties=("Skerry Lines", "Holm Yard"), chips=("H2",), figures=("$40 million",), status="signed"
    ),
    news=("Yard named: Holm",),
    because=("Ferries 93%: query “ferry” in the title",),
    relation="follow-up to an article of the corpus",
    first_title="Skerry Lines to order ferries",
    first_seen=_END - timedelta(hours=6),
    published=_END - timedelta(hours=4),
    news_since=_END - timedelta(days=1),
    earlier=Earlier(
        story_id="before",
        title="Skerry Lines looks for a yard",
        told_at=_END - timedelta(days=9),
        words="follow-up to",
        because="same parties",
    ),
)

_RECEIPT = Receipt(
    feeds=7,
    feeds_polled=7,
    feeds_failing=(NamedFeed(feed_id="t", name="Tide Times"),),
    feeds_silent=(NamedFeed(feed_id="l", name="Lamp Post"),),
    feeds_rolled_over=(NamedFeed(feed_id="w", name="Harbor Wire"),),
    pauses=(Window(start=_END - timedelta(hours=9), end=_END - timedelta(hours=6)),),
    items_read=240,
    latency=Latency(items=200, half=timedelta(minutes=9), most=timedelta(minutes=41)),
    stories_matched=6,
    stories_told=6,
    waited=1,
    held_back=1,
)


def specimens() -> Sequence[tuple[str, Digest]]:
    """Each with the words that name it: empty, an alert, an alarm, one of everything, a large one."""
    empty = Digest(
        kind="digest",
        name="daily",
        title="Ferries daily",
        window=Window(start=_END - timedelta(days=1), end=_END),
        timezone="UTC",
        sections=(),
    )
    plain = replace(
        _STORY,
        revision=1,
        status="NEW",
        url="",
        lead="",
        sources=(),
        facts=Facts(),
        news=(),
        because=(),
        relation="",
        earlier=None,
    )
    notice = Notice(feed_id="f", kind="gone", text="Harbor Wire is gone: taken down.", at=_END)
    full = replace(
        empty,
        sections=(Section(title="Ferries", stories=(_STORY, plain, replace(_STORY, status="LATE"), _STORY)),),
        also_seen=(_STORY, plain),
        quiet_topics=("Lighthouses",),
        late=True,
        receipt=_RECEIPT,
        volumes=(Volume(topic_id="ferries", topic="Ferries", stories=42, usual=14),),
        notices=(notice,),
        near_misses=(
            NearMiss(
                item_id="0123456789ab",
                title="A bridge instead",
                url="https://harbor-wire.example/bridge",
                source="Harbor Wire",
                topic_id="ferries",
                topic="Ferries",
                score=0.41,
                threshold=0.5,
            ),
        ),
    )
    large = replace(full, sections=(Section(title="Ferries", stories=(_STORY,) * _MANY),))
    return (
        ("an empty digest", empty),
        ("an alert", replace(empty, kind="alert", sections=(Section(title="F", stories=(_STORY,)),))),
        ("an alarm", replace(empty, kind="alarm", notices=(notice,))),
        ("a digest", full),
        ("a large digest", large),
    )
