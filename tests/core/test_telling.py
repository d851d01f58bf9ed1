from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.age import is_late, newest
from bot.core.facts import merge
from bot.core.telling import (
    Background,
    best_verdicts,
    independent_sources,
    remember,
    tell,
    weighed,
)
from bot.model import Earlier, Facts, Nearest, Relation, Span, Story, ToldStory, UpdateDecision
from tests.core.told import NOW, TOPICS, background, member, near, story, telling, verdict


def told(one: Story) -> ToldStory:
    result = tell(one, TOPICS, None, background())
    assert result is not None
    return result


def test_copies_count_as_one_source() -> None:
    sources = independent_sources(
        story(member(1, hours=5), member(2, hours=4, copy_of=1), member(3, hours=3, copy_of=1), member(4))
    )
    assert [(source.name, source.copies) for source in sources] == [
        ("paper1.example", 2),
        ("paper4.example", 0),
    ]


def test_primary_sources_come_first_then_the_earliest() -> None:
    sources = independent_sources(
        story(member(1, hours=5), member(2, hours=9), member(3, hours=1, primary=True))
    )
    assert [source.name for source in sources] == ["paper3.example", "paper2.example", "paper1.example"]


def test_a_publisher_who_writes_again_is_one_source() -> None:
    sources = independent_sources(
        story(member(1, source="a.example"), member(2, source="A.example", hours=1))
    )
    assert [source.title for source in sources] == ["Headline 1"]
    assert len(independent_sources(story(member(1, source=""), member(2, source="")))) == 2


def test_the_primary_source_gives_headline_and_lead() -> None:
    release = member(
        2,
        hours=1,
        primary=True,
        title="Norvik selects Halcyon",
        summary="Norvik selects Halcyon\nIt is big. Very.",
    )
    result = told(story(member(1, hours=5), release))
    assert result.title == "Norvik selects Halcyon"
    assert result.lead == "It is big. Very."
    assert result.url == release.item.url
    assert result.first_title == "Norvik selects Halcyon"


def test_an_update_keeps_the_headline_under_which_the_story_was_first_told() -> None:
    stated = {"s1": Facts(figures=("$2 billion",))}
    before = telling("s1", facts=Facts(figures=("$1 billion",)))
    result = tell(story(member(1)), TOPICS, before, background(stated))
    assert result
    assert (result.title, result.first_title) == ("Headline 1", "Headline told first")
    assert remember(result, before, "mail", "daily", NOW).title == "Headline told first"


def test_without_one_the_earliest_original_on_topic_does() -> None:
    result = told(
        story(
            member(1, hours=9, matched=()),
            member(2, hours=7, copy_of=3),
            member(3, hours=8),
            member(4, hours=2),
        )
    )
    assert result.title == "Headline 3"


def test_a_lead_is_short() -> None:
    long = " ".join(f"This is sentence number {number} of the summary." for number in range(40))
    lead = told(story(member(1, summary=long))).lead
    assert 200 < len(lead) <= 280
    assert lead.endswith("summary.")
    assert len(told(story(member(1, summary="word " * 200))).lead) <= 280


def test_why_it_is_here_is_one_line_a_topic() -> None:
    one = story(member(1, matched=("deals",), score=0.6), member(2, matched=("chips",), score=0.9))
    result = told(one)
    assert result.topics == ("Chips", "Deals")
    assert result.because == ("Chips, 90%", "Deals, 60%")
    assert list(best_verdicts(one, TOPICS)) == ["chips", "deals"]
    assert result.score == 0.9


def judged(*matched: str, title: str, summary: str = "", nearest: Nearest | None = None) -> Story:
    """A story of one article in which these words matched, wherever they stand."""
    one = member(1, title=title, summary=summary)
    texts = {"title": title, "summary": summary}
    spans = tuple(
        Span(field=field, start=found.start(), end=found.end(), term=words)
        for field, source in texts.items()
        for words in matched
        for found in re.finditer(re.escape(words), source)
    )
    return story(replace(one, verdicts=(replace(verdict("i1", nearest=nearest), spans=spans),)))


def test_reasons_quote_what_matched_and_what_it_reads_like() -> None:
    matched = ("tape-out", "MTIA", "MTIA chip", "Meta")
    one = judged(
        *matched,
        title="Meta nears tape-out of its MTIA",
        summary="META: the MTIA chip of Meta is near.",
        nearest=near(Relation.NONE),
    )
    assert told(one).because == (
        "Chips, 90%: “Meta”, “tape-out”, “MTIA chip”; reads like “Norvik’s first order”",
    )


def test_reasons_are_few_and_short() -> None:
    words = ("alpha", "beta", "gamma", "delta", "epsilon")
    assert told(judged(*words, title=" ".join(words))).because == (
        "Chips, 90%: “alpha”, “beta”, “gamma”, “delta”",
    )
    (line,) = told(judged("word " * 60, title="word " * 60)).because
    assert len(line) < 70


def test_a_faint_likeness_is_named_only_where_nothing_else_is() -> None:
    faint = near(Relation.NONE, similarity=0.1)
    assert told(judged("Norvik", title="Norvik", nearest=faint)).because == ("Chips, 90%: “Norvik”",)
    assert told(judged(title="Norvik", nearest=faint)).because == (
        "Chips, 90%: reads like “Norvik’s first order”",
    )
    assert told(judged(title="Norvik", nearest=near(Relation.NONE, "gone"))).because == ("Chips, 90%",)


def test_links_carry_no_tracking() -> None:
    one = member(1)
    followed = replace(one, item=replace(one.item, url="https://a.example/1?id=7&utm_source=rss#top"))
    result = told(story(followed))
    assert (result.url, result.sources[0].url) == ("https://a.example/1?id=7#top",) * 2


@pytest.mark.parametrize(
    ("relation", "words"),
    [
        (Relation.SAME_STORY, "same event as “Norvik’s first order” in the corpus"),
        (Relation.FOLLOW_UP, "follow-up to “Norvik’s first order” in the corpus"),
        (Relation.RELATED, "related to “Norvik’s first order” in the corpus"),
        (Relation.NONE, ""),
    ],
)
def test_the_relation_to_the_corpus_is_said(relation: Relation, words: str) -> None:
    one = member(1)
    related = replace(one, verdicts=(verdict("i1", nearest=near(relation)),))
    assert told(story(related)).relation == words


def test_an_exemplar_that_is_gone_is_not_mentioned() -> None:
    orphan = replace(member(1), verdicts=(verdict("i1", nearest=near(Relation.SAME_STORY, "gone")),))
    assert told(story(orphan)).relation == ""


def test_old_articles_that_surface_late_are_labelled() -> None:
    old = story(member(1, hours=24 * 9, seen=1))
    assert is_late(old)
    assert told(old).status == "LATE"
    assert told(story(member(1, hours=24 * 9, seen=1), member(2, hours=3))).status == "NEW"
    assert not is_late(story(member(1, dated=False)))


def test_a_date_in_the_future_is_not_believed() -> None:
    assert newest(story(member(1, hours=-500, seen=2))) == NOW - timedelta(hours=2)


def test_what_matches_nothing_or_was_old_at_the_first_poll_is_not_told() -> None:
    assert tell(story(member(1, matched=())), TOPICS, None, background()) is None
    assert tell(story(member(1)), ("labs",), None, background()) is None
    assert tell(story(member(1, baseline=True)), TOPICS, None, background()) is None
    assert told(story(member(1, baseline=True), member(2, matched=()))).status == "NEW"


def test_a_story_is_told_again_when_it_has_news() -> None:
    one = story(member(1))
    before = telling("s1", facts=Facts(status="reported"))
    assert tell(one, TOPICS, before, background({"s1": Facts(status="reported")})) is None
    update = tell(one, TOPICS, before, background({"s1": Facts(status="confirmed")}))
    assert update is not None
    assert (update.status, update.revision) == ("UPDATED", 2)
    assert update.news == ("status: reported → confirmed",)


@pytest.mark.parametrize(
    ("before", "now", "grown"), [(1, 3, False), (1, 4, True), (3, 6, True), (4, 7, False), (4, 8, True)]
)
def test_many_new_sources_are_news(before: int, now: int, grown: bool) -> None:
    one = story(*(member(number) for number in range(now)))
    update = tell(one, TOPICS, telling("s1", sources=before), background())
    assert (update is not None) == grown
    if update:
        assert update.news == (f"sources: {before} → {now}",)


def test_copies_are_no_news() -> None:
    one = story(member(1), *(member(number, copy_of=1) for number in range(2, 40)))
    assert tell(one, TOPICS, telling("s1"), background()) is None


def test_what_is_written_down_adds_to_what_was_known() -> None:
    one = tell(story(member(1)), TOPICS, telling("s1"), background({"s1": Facts(figures=("4 GW",))}))
    assert one is not None
    before = telling("s1", facts=Facts(parties=("Norvik",)))
    kept = remember(one, before, "mail", "daily", NOW)
    assert kept.facts == Facts(parties=("Norvik",), figures=("4 GW",))
    assert (kept.revision, kept.sources, kept.told_at) == (2, 1, NOW)


@pytest.mark.parametrize(
    ("title", "told_as"),
    [
        ("Norvik tapes out its chip - The Wire 1", "Norvik tapes out its chip"),
        ("Norvik tapes out | Wire1", "Norvik tapes out"),
        ("Norvik tapes out - again", "Norvik tapes out - again"),
        ("Norvik - Wire 2", "Norvik - Wire 2"),
        ("- Wire 1", "- Wire 1"),
    ],
)
def test_an_outlets_name_behind_a_headline_is_not_part_of_it(title: str, told_as: str) -> None:
    result = told(story(replace(member(1, title=title), source="www.wire1.example")))
    assert result.title == told_as
    assert result.sources[0].title == told_as


# ── updates ──────────────────────────────────────────────────────────────────────────────────────


def by_member(**facts: Facts) -> Background:
    """What each article states by itself; a story states all of it."""

    def stated(one: Story) -> Facts:
        return merge(facts.get(each.item.id, Facts()) for each in one.members)

    return replace(background(), facts=stated)


def test_an_update_has_the_headline_of_what_brings_its_news() -> None:
    release = member(1, hours=5, primary=True, title="Norvik selects Tern")
    raised = member(2, hours=0.5, title="Norvik pays more")
    shares = member(3, hours=0.2, title="Tern shares jump as Norvik pays $6 billion")
    first, more = Facts(figures=("$4 billion",)), Facts(figures=("$6 billion",))
    against = by_member(i1=first, i2=more, i3=more)
    result = tell(story(release, raised, shares), TOPICS, telling("s1", facts=first), against)
    assert result
    assert (result.title, result.news) == ("Norvik pays more", ("value: $6 billion (was $4 billion)",))
    assert result.news_since == NOW - timedelta(hours=1)
    assert result.facts.figures == ("$4 billion", "$6 billion")


def test_outlets_that_cite_each_other_are_listed_and_are_no_news() -> None:
    report = member(1, source="harbourwire.example", summary="Norvik is in talks with Tern.")
    echoes = [
        member(number, source=f"paper{number}.example", summary="Norvik talks, Harbour Wire reported.")
        for number in range(2, 9)
    ]
    one = story(report, *echoes)
    assert [len(source.cites) for source in told(one).sources] == [0, *([1] * 7)]
    assert tell(one, TOPICS, telling("s1"), background()) is None
    assert remember(told(one), None, "mail", "daily", NOW).sources == 1


def before(
    words: str = "follow-up to", days: float = 3, names: tuple[str, ...] = ("norvik", "tern")
) -> Earlier:
    ago = NOW - timedelta(days=days)
    return Earlier(story_id="s0", title="Norvik buys", told_at=ago, words=words, names=names)


def against(earlier: Earlier | None) -> Background:
    return replace(background(), earlier=lambda _story, _facts: earlier)


def test_a_new_story_says_what_it_follows_and_an_update_does_not() -> None:
    result = tell(story(member(1)), TOPICS, None, against(before()))
    assert result
    assert (result.status, result.earlier) == ("NEW", before())
    grown = replace(against(before()), facts=lambda _: Facts(status="cancelled"))
    update = tell(story(member(1)), TOPICS, telling("s1"), grown)
    assert update
    assert update.earlier is None


@pytest.mark.parametrize(
    ("words", "days", "status"),
    [("same event as", 9, "LATE"), ("same event as", 3, "NEW"), ("follow-up to", 9, "NEW")],
)
def test_an_event_that_was_told_long_ago_is_late(words: str, days: float, status: str) -> None:
    result = tell(story(member(1)), TOPICS, None, against(before(words, days)))
    assert result
    assert result.status == status


@pytest.mark.parametrize(
    ("title", "earlier", "is_told"),
    [
        ("The week in chips", before(), False),
        ("Tern shares jump on Norvik talks", before(), False),
        ("The week in chips", before(names=("norvik",)), True),
        ("The week in chips", before(days=40), True),
        ("The week in chips", None, True),
        ("Norvik and Tern sign again", before(), True),
    ],
)
def test_a_round_up_of_what_was_told_is_no_story(title: str, earlier: Earlier | None, is_told: bool) -> None:
    one = story(member(1, title=title), member(2, title="Tables", matched=()))
    assert (tell(one, TOPICS, None, against(earlier)) is not None) == is_told


def test_what_was_weighed_is_a_decision_where_something_differs() -> None:
    one = story(member(1))
    stated = {"s1": Facts(figures=("$3.9 billion",))}
    known = telling("s1", facts=Facts(figures=("$4 billion",)))
    decision = weighed(one, TOPICS, known, background(stated), NOW)
    assert decision == UpdateDecision(
        channel="mail",
        story_id="s1",
        at=NOW,
        revision=1,
        material=False,
        reasons=("not news: $3.9 billion is $4 billion, which was told",),
    )
    assert weighed(one, TOPICS, telling("s1"), background(), NOW) is None
    assert weighed(one, ("labs",), known, background(stated), NOW) is None
    many = {"s1": Facts(figures=tuple(f"${2**power} million" for power in range(10, 50)))}
    decision = weighed(one, TOPICS, telling("s1"), background(many), NOW)
    assert decision is not None
    assert (len(decision.reasons), decision.reasons[-1]) == (21, "and 20 more")
