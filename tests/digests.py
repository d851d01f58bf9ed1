"""Digests to render: one as in life, and strategies for any other, hostile ones included."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

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

END = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<!channel> <@U123> @here @everyone @channel",
    "<https://evil.example|click here>",
    "*bold* _it_ ~gone~ `code` [text](https://evil.example)",
    "evil.com www.evil.com/x ann@evil.com x@room \uff20all @Room #tag $TICK /start tg://resolve?domain=x",
    "<users/all> <@&123> <#C1|x> <!subteam^S1> <at>Ann</at> {{DATE(2026-11-22T07:00:00Z)}} -# small",
    "\u061cturned \U000e0041hidden \ufff9note",
    "line one\r\nBcc: victim@example.org\r\n\r\nbody",
    "nul\x00 bell\x07 escape\x1b[31m",
    "right-to-left \u202egnp.exe\u202c \u2066x\u2069",
    "line\u2028separator\u0085next",
    "{{ 7 * 7 }} {% include 'x' %} ${7*7} %s {0}",
    "lone \ud800 surrogate",
    "\U0001f680" * 40,
    "芯" * 200,
    "W" * 4000,
    "&lt;b&gt; &amp; &#x3c;",
)
HOSTILE_LINKS = (
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "https://user:pass@evil.example/",
    "https://evil.example/\r\nSet-Cookie: a=b",
    'https://evil.example/"><script>alert(1)</script>|x',
    "https://münchen.example/straße?q=ü",
    "https://evil.example/" + "a" * 5000,
    "//evil.example/x",
    "http://[::1",
    "",
)

words = st.text(st.characters(codec="utf-8"), max_size=60) | st.sampled_from(HOSTILE) | st.text(max_size=20)
links = st.sampled_from(HOSTILE_LINKS) | st.integers(0, 999).map(
    lambda n: f"https://news.example/{n}?a=1&b=2"
)
moments = st.integers(10**9, 37 * 10**8).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
lines = st.lists(words, max_size=5).map(tuple)

sources = st.builds(
    Source,
    name=words,
    title=words,
    url=links,
    published=st.none() | moments,
    primary=st.booleans(),
    copies=st.integers(0, 40),
)
facts = st.builds(Facts, parties=lines, chips=lines, figures=lines, status=words)

earlier_stories = st.builds(
    Earlier,
    story_id=words,
    title=words,
    told_at=moments,
    words=st.sampled_from(("follow-up to", "same event as")),
    because=words,
)


@st.composite
def stories(draw: st.DrawFn) -> ToldStory:
    """Any story; its title ends in a mark of its own, by which a test finds it again."""
    number = draw(st.integers(0, 10**9))
    return ToldStory(
        id=f"s{number}",
        revision=draw(st.integers(1, 4)),
        status=draw(st.sampled_from(("NEW", "UPDATED", "LATE"))),
        title=f"#{number}# {draw(words)}",
        url=draw(links),
        lead=draw(words),
        topics=draw(lines),
        score=draw(st.floats(0, 1)),
        sources=draw(st.lists(sources, max_size=9).map(tuple)),
        items=draw(st.integers(1, 99)),
        facts=draw(facts),
        news=draw(lines),
        because=draw(lines),
        relation=draw(words),
        news_since=draw(st.none() | moments),
        earlier=draw(st.none() | earlier_stories),
        first_title=draw(words),
        first_seen=draw(moments),
        published=draw(st.none() | moments),
    )


feeds = st.lists(st.builds(NamedFeed, feed_id=st.just("wire"), name=words), max_size=30).map(tuple)
latencies = st.builds(
    Latency,
    items=st.integers(20, 10**6),
    half=st.integers(0, 10_080).map(lambda minutes: timedelta(minutes=minutes)),
    most=st.integers(0, 10_080).map(lambda minutes: timedelta(minutes=minutes)),
)
receipts = st.builds(
    Receipt,
    feeds=st.integers(0, 5000),
    feeds_failing=feeds,
    items_read=st.integers(0, 10**6),
    stories_matched=st.integers(0, 10**4),
    stories_told=st.integers(0, 50),
    held_back=st.integers(0, 50),
    waited=st.integers(0, 5),
    feeds_polled=st.integers(0, 5000),
    feeds_silent=feeds,
    feeds_rolled_over=feeds,
    pauses=st.lists(st.builds(Window, start=moments, end=moments), max_size=20).map(tuple),
    latency=st.none() | latencies,
)
volumes = st.builds(
    Volume,
    topic_id=st.just("chips"),
    topic=words,
    stories=st.integers(6, 10**6),
    usual=st.integers(0, 10**5).map(float),
)
notices = st.builds(
    Notice, feed_id=st.just("wire"), kind=st.sampled_from(("moved", "silent")), text=words, at=moments
)
near_misses = st.builds(
    NearMiss,
    item_id=words,
    title=words,
    url=links,
    source=words,
    topic_id=words,
    topic=words,
    score=st.floats(0, 1),
    threshold=st.floats(0, 1),
)
windows = st.builds(
    lambda end, hours: Window(start=end - timedelta(hours=hours), end=end), moments, st.integers(1, 200)
)


def digests(*, max_sections: int = 3, max_stories: int = 4) -> st.SearchStrategy[Digest]:
    """Any digest or alert; story marks are unique within it."""
    sections = st.builds(
        Section, title=words, stories=st.lists(stories(), min_size=1, max_size=max_stories).map(tuple)
    )
    return st.builds(
        Digest,
        kind=st.sampled_from(("digest", "alert", "alarm")),
        name=st.sampled_from(("daily", "weekly digest", "ünïcode", "a.b", "x" * 70)),
        title=words,
        window=windows,
        timezone=st.sampled_from(("UTC", "Europe/Berlin", "America/Sao_Paulo", "Asia/Kathmandu")),
        sections=st.lists(sections, max_size=max_sections).map(tuple),
        also_seen=st.lists(stories(), max_size=4).map(tuple),
        quiet_topics=st.lists(words, max_size=30).map(tuple),
        late=st.booleans(),
        receipt=st.none() | receipts,
        notices=st.lists(notices, max_size=20).map(tuple),
        near_misses=st.lists(near_misses, max_size=3).map(tuple),
        volumes=st.lists(volumes, max_size=20).map(tuple),
    ).filter(_unique)


def _unique(digest: Digest) -> bool:
    marks = [story.id for story in (*digest.stories, *digest.also_seen)]
    return len(marks) == len(set(marks))


def source(name: str, title: str, *, hours: float = 3, primary: bool = False, copies: int = 0) -> Source:
    return Source(
        name=name,
        title=title,
        url=f"https://{name.lower().replace(' ', '-')}.example/{title.lower().replace(' ', '-')}",
        published=END - timedelta(hours=hours),
        primary=primary,
        copies=copies,
    )


def story(
    number: int = 1, *, sources: int = 2, score: float = 0.9, status: str = "NEW", revision: int = 1
) -> ToldStory:
    """An everyday story; a higher number is another event."""
    return ToldStory(
        id=f"story{number}",
        revision=revision,
        status=status,
        title=f"#{number}# Norvik orders Halcyon accelerators, part {number}",
        url=f"https://harbour-wire.example/{number}",
        lead="Norvik Networks takes the third Halcyon generation from spring. " * 4,
        topics=("Halcyon chips",),
        score=score,
        sources=tuple(source(f"Paper {at}", f"Order number {number}", copies=at) for at in range(sources)),
        items=sources + 1,
        facts=Facts(
            parties=("Norvik", "Castellan"), chips=("Halcyon 3",), figures=("2 GW",), status="announced"
        ),
        news=("Foundry named: Meridian",) if revision > 1 else (),
        because=("Halcyon chips 97%: query “halcyon” in title",),
        relation="follow-up to an article of the corpus",
        first_title=f"#{number}# Norvik orders Halcyon accelerators",
        first_seen=END - timedelta(hours=5),
        published=END - timedelta(hours=4),
    )


def digest(count: int = 3, *, kind: str = "digest") -> Digest:
    """An everyday digest of ``count`` stories in one section."""
    return Digest(
        kind=kind,
        name="daily",
        title="Chip deals daily",
        window=Window(start=END - timedelta(days=1), end=END),
        timezone="Europe/Berlin",
        sections=(Section(title="Halcyon chips", stories=tuple(story(at) for at in range(1, count + 1))),)
        if count
        else (),
        quiet_topics=("Photonics",),
        receipt=Receipt(
            feeds=42,
            feeds_polled=41,
            feeds_failing=(NamedFeed(feed_id="old", name="Old Gazette"),),
            items_read=1204,
            stories_matched=count,
            stories_told=count,
        ),
    )


def alarm() -> Digest:
    """What is told when a channel can't be reached any more."""
    notice = Notice(
        feed_id="", kind="disabled", text="The channel chat is switched off: 404 no_service.", at=END
    )
    return Digest(
        kind="alarm",
        name="alarms",
        title="Delivery trouble",
        window=Window(start=END, end=END),
        timezone="UTC",
        sections=(),
        notices=(notice,),
    )
