from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.alerts import (
    BUDGET_SPAN,
    FEW,
    Alerts,
    Keywords,
    Standing,
    keyword_test,
    looks_back,
    outcome,
    select_alerts,
    spent,
    still_waiting,
)
from bot.core.lexicon import Lexicon
from bot.core.quiet import quiet_at
from bot.core.select import select_digest
from bot.core.telling import Background
from bot.model import AlertRule, Earlier, Entity, Facts, Story, Telling
from tests.core.test_select import digest_of
from tests.core.told import NOW, RULE, SPEC, TOPICS, WINDOW, background, member, story, telling

NIGHT = (time(22), time(7))
DIGESTS = frozenset(TOPICS)


def why(
    rule: AlertRule, one: Story, stands: Standing, against: Background, keywords: Keywords | None = None
) -> str:
    return outcome(rule, one, stands, against, keywords)[1]


def standing(
    told: Mapping[str, Telling] | None = None,
    *,
    waiting: Mapping[str, Telling] | None = None,
    now: datetime = NOW,
    digests: frozenset[str] = DIGESTS,
    **spent_on: int,
) -> Standing:
    return Standing(now=now, told=told or {}, waiting=waiting or {}, spent=spent_on, digests=digests)


def chosen(
    stories: Sequence[Story],
    rule: AlertRule = RULE,
    stands: Standing | None = None,
    facts: dict[str, Facts] | None = None,
    keywords: Keywords | None = None,
) -> Alerts:
    return select_alerts(rule, "mail", stories, stands or standing(), background(facts), keywords)


def messages(alerts: Alerts) -> list[list[str]]:
    """Ids of the stories of each message."""
    return [[each.id for each in selection.digest.stories] for selection in alerts.selections]


def tellings(alerts: Alerts) -> dict[str, Telling]:
    return {each.story_id: each for selection in alerts.selections for each in selection.tellings}


# ── what is urgent ───────────────────────────────────────────────────────────────────────────────


def test_an_alert_tells_one_story() -> None:
    stands = replace(standing(), timezone="Europe/Oslo")
    alerts = chosen([story(member(1, story=1, score=0.7)), story(member(2, story=2))], stands=stands)
    assert messages(alerts) == [["s2"], ["s1"]]
    first = alerts.selections[0].digest
    assert (first.kind, first.name, first.title, first.timezone) == ("alert", "now", "Chips", "Europe/Oslo")
    assert first.receipt is None
    assert alerts.held_back == 0


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (story(member(1, score=0.4)), "its score, 40.0%, is below the rule's 50.0%"),
        (story(member(1, hours=25)), "its newest article is 25 h old, the rule's limit is 24 h"),
        (story(member(1, hours=24 * 9, seen=1)), "it is an old article that surfaced late"),
        (story(member(1, baseline=True)), "it was old when its feed was first polled"),
        (story(member(1, matched=())), "it matches none of the rule's topics"),
        (replace(story(member(1)), muted=True), "the story is muted"),
    ],
)
def test_what_is_not_urgent_is_left_to_the_digest_and_why_is_told(other: Story, reason: str) -> None:
    assert messages(chosen([other])) == []
    assert why(RULE, other, standing(), background()) == f"no alert: {reason}"


def test_an_event_that_was_told_long_ago_is_not_urgent() -> None:
    earlier = Earlier(
        story_id="s0", title="Headline 0", told_at=NOW - timedelta(days=20), words="same event as"
    )
    old = replace(background(), earlier=lambda _story, _facts: earlier)
    assert messages(select_alerts(RULE, "mail", [story(member(1))], standing(), old)) == []
    assert why(RULE, story(member(1)), standing(), old) == "no alert: it is an event that was told long ago"


def test_all_that_a_rule_names_must_hold() -> None:
    rule = replace(RULE, tags=("primary", "wire"), keywords="@norvik AND (chip OR deal)")
    keywords = keyword_test(rule, Lexicon((Entity(id="norvik", name="Norvik", kind="company"),)))
    tagged = replace(member(1, title="Norvik plans a chip"), tags=("wire", "asia"))
    assert messages(chosen([story(tagged)], rule, keywords=keywords)) == [["s1"]]
    untagged = story(member(1, title="Norvik plans a chip"))
    other = story(replace(tagged, item=replace(tagged.item, title="Halden plans a chip")))
    stands, against = standing(), background()
    assert messages(chosen([untagged, other], rule, keywords=keywords)) == []
    assert why(rule, untagged, stands, against, keywords) == (
        "no alert: no article is from a feed tagged primary or wire"
    )
    assert why(rule, other, stands, against, keywords) == (
        "no alert: no article matches the keywords @norvik AND (chip OR deal)"
    )


def test_one_article_has_the_tag_and_another_one_the_words() -> None:
    rule = replace(RULE, tags=("wire",), keywords="tape-out")
    one = replace(member(1), tags=("wire",))
    two = member(2, story=1, title="The tape-out is near", matched=())
    assert messages(chosen([story(one, two)], rule, keywords=keyword_test(rule, Lexicon()))) == [["s1"]]
    assert keyword_test(RULE, Lexicon()) is None


# ── budgets ──────────────────────────────────────────────────────────────────────────────────────


def test_each_topic_has_its_budget_and_updates_count() -> None:
    rule = replace(RULE, budget=2)
    told = {"s3": telling("s3", facts=Facts(figures=("2 GW",)))}
    stories = [
        story(member(1, story=1, score=0.97)),
        story(member(2, story=2, score=0.96)),
        story(member(3, story=3, score=0.95)),
        story(member(4, story=4, matched=("deals",))),
    ]
    alerts = chosen(stories, rule, standing(told, chips=1), {"s3": Facts(figures=("2 GW", "3 GW"))})
    assert messages(alerts) == [["s1"], ["s4"]]
    assert {(each.story_id, each.revision) for each in alerts.waiting} == {("s2", 0), ("s3", -1)}


def test_beyond_the_budget_stories_wait_and_the_last_alert_says_how_many_and_for_what() -> None:
    stories = [story(member(number, story=number)) for number in range(5)]
    rule = replace(RULE, budget=2)
    alerts = chosen(stories, rule)
    assert alerts.held_back == 3
    first, last = (selection.digest.receipt for selection in alerts.selections)
    assert first is None
    assert last
    assert (last.held_back, last.held_until) == (3, "digest")
    alone = chosen(stories, rule, standing(digests=frozenset()))
    receipt = alone.selections[-1].digest.receipt
    assert receipt
    assert receipt.held_until == "hour"
    nothing = chosen(stories, rule, standing(chips=2))
    assert (nothing.selections, nothing.held_back, len(nothing.waiting)) == ((), 5, 5)


def test_the_next_alert_tells_of_what_waits_since_the_hour_before() -> None:
    stories = [story(member(number, story=number)) for number in range(3)]
    before = chosen(stories, stands=standing(chips=RULE.budget))
    waiting = still_waiting(before.waiting, {})
    fresh = story(member(7, story=7))
    alerts = chosen([*stories, fresh], stands=standing(waiting=waiting))
    assert messages(alerts) == [["s7"]]
    receipt = alerts.selections[0].digest.receipt
    assert receipt
    assert receipt.held_back == 3
    assert alerts.waiting == ()


def test_digests_and_alerts_share_their_memory() -> None:
    stories = [story(member(number, story=number)) for number in range(3)]
    told = tellings(chosen(stories, replace(RULE, budget=2)))
    assert [each.id for each in digest_of(stories, told).digest.stories] == ["s2"]


def test_what_waits_for_a_digest_is_alerted_by_no_later_budget_and_told_by_the_digest() -> None:
    stories = [story(member(number, story=number)) for number in range(5)]
    first = chosen(stories, replace(RULE, budget=2))
    told = tellings(first)
    stands = standing(told, waiting=still_waiting(first.waiting, told))
    assert messages(chosen(stories, stands=stands)) == []
    assert "waits for the digest since 2026-05-04 12:00 UTC" in why(RULE, stories[4], stands, background())
    digest = select_digest(SPEC, "mail", WINDOW, stories, told, background(), now=NOW)
    assert digest
    assert {each.story_id for each in digest.tellings} == {each.story_id for each in first.waiting}
    assert {each.revision for each in digest.tellings} == {1}
    assert still_waiting(first.waiting, {each.story_id: each for each in digest.tellings}) == {}


def test_where_no_digest_follows_stories_wait_for_the_next_budget_whatever_their_age() -> None:
    stories = [story(member(number, story=number, hours=23)) for number in range(3)]
    first = chosen(stories, replace(RULE, budget=2), standing(digests=frozenset()))
    assert first.held_back == 1
    told = tellings(first)
    waiting = still_waiting(first.waiting, told)
    later = standing(told, waiting=waiting, now=NOW + timedelta(hours=2), digests=frozenset())
    assert messages(chosen(stories, stands=later)) == [[story_id] for story_id in waiting]
    assert why(RULE, stories[2], later, background()) == "goes out with the next alerts"
    other_rule = replace(RULE, name="other")
    assert messages(chosen(stories, other_rule, later)) == []


def test_a_story_counts_for_the_topic_that_its_rule_knew_it_by() -> None:
    both = member(1, story=1, matched=("chips", "deals"))
    deals = replace(both.verdicts[1], score=0.99)
    known = {"s1": story(replace(both, verdicts=(both.verdicts[0], deals)))}
    rules = [RULE, replace(RULE, name="chips only", topics=("chips",))]
    now, only = (telling("s1", revision=1) for _ in range(2))
    told = [replace(now, origin="now"), replace(only, origin="chips only"), replace(now, origin="gone")]
    assert spent(rules, told, known) == {"deals": 1, "chips": 1}
    assert spent(rules, told[:2], {}) == {"chips": 2, "deals": 1, "labs": 1}


# ── quiet hours ──────────────────────────────────────────────────────────────────────────────────

QUIET = replace(RULE, quiet=NIGHT, max_age=timedelta(hours=2))
SEVEN = NOW - timedelta(hours=5)
"""When quiet hours end on the day of NOW."""


def at_night(number: int, *, hours: float = 2, **more: str) -> Story:
    """Seen so many hours before seven."""
    return story(member(number, story=number, hours=5 + hours, **more))  # type: ignore[arg-type]


def test_in_quiet_hours_nothing_is_sent_and_nothing_is_noted() -> None:
    stands = standing(now=SEVEN - timedelta(minutes=1))
    assert chosen([at_night(1)], QUIET, stands) == Alerts()
    assert why(QUIET, at_night(1), stands, background()) == "waits: it is quiet until 2026-05-04 07:00 UTC"


def test_when_they_end_what_came_in_them_is_as_old_as_it_was_when_it_came() -> None:
    stories = [at_night(1, hours=8.5), at_night(2, hours=1)]
    assert sorted(messages(chosen(stories, QUIET, standing(now=SEVEN)))) == [["s1"], ["s2"]]
    old = story(member(3, story=3, hours=5 + 6, seen=5 + 3))
    assert messages(chosen([old], QUIET, standing(now=SEVEN))) == []


def test_who_looks_back_sees_all_that_came_in_quiet_hours() -> None:
    assert looks_back(RULE, NOW) == NOW - RULE.max_age - timedelta(seconds=1)
    moment, hour = timedelta(seconds=1), timedelta(hours=1)
    assert looks_back(QUIET, SEVEN) == SEVEN - 9 * hour - QUIET.max_age - moment
    assert looks_back(QUIET, SEVEN + hour) == SEVEN - 9 * hour - hour - moment
    assert looks_back(QUIET, SEVEN + 3 * hour) == SEVEN + hour - moment


def test_a_few_go_out_one_by_one_and_more_in_one_message() -> None:
    few = [at_night(number) for number in range(FEW)]
    assert sorted(messages(chosen(few, QUIET, standing(now=SEVEN)))) == [["s0"], ["s1"], ["s2"]]
    known = {"s8": telling("s8", facts=Facts(figures=("2 GW",)))}
    fresh = story(member(7, story=7, hours=4.5))
    stories = [*few, story(member(6, story=6, hours=7, matched=("deals",))), at_night(8), fresh]
    alerts = chosen(
        stories,
        QUIET,
        standing(known, now=SEVEN + timedelta(hours=1)),
        {"s8": Facts(figures=("2 GW", "3 GW"))},
    )
    assert [sorted(each) for each in messages(alerts)] == [["s0", "s1", "s2", "s6"], ["s7"], ["s8"]]
    batch = alerts.selections[0]
    assert (batch.digest.kind, batch.digest.title) == ("alert", "Chips, Deals")
    assert [section.title for section in batch.digest.sections] == ["Chips", "Deals"]
    assert {each.story_id for each in batch.tellings} == {"s0", "s1", "s2", "s6"}


def test_the_morning_is_no_storm() -> None:
    stories = [at_night(number) for number in range(9)]
    alerts = chosen(stories, replace(QUIET, budget=4), standing(now=SEVEN))
    (batch,) = alerts.selections
    assert len(batch.digest.stories) == 4
    assert batch.digest.receipt
    assert batch.digest.receipt.held_back == len(alerts.waiting) == 5


def test_what_a_digest_told_in_the_night_is_not_alerted_in_the_morning() -> None:
    told = {"s1": telling("s1")}
    assert messages(chosen([at_night(1)], QUIET, standing(told, now=SEVEN))) == []


# ── why ──────────────────────────────────────────────────────────────────────────────────────────


def test_why_tells_what_was_told_and_what_is_spent() -> None:
    one = story(member(1))
    alerted = {"s1": replace(telling("s1"), origin="now")}
    assert why(RULE, one, standing(alerted), background()) == (
        "alerted on 2026-05-04 11:00 UTC; nothing material is new since"
    )
    assert why(RULE, one, standing({"s1": telling("s1")}), background()) == (
        "told before, by daily, on 2026-05-04 11:00 UTC; nothing material is new since"
    )
    assert why(RULE, one, standing(chips=6), background()) == (
        "waits: the 6 alerts of this hour in Chips are spent"
    )
    assert why(RULE, one, standing(), background()) == "goes out with the next alerts"


# ── never lost, never twice ──────────────────────────────────────────────────────────────────────


@dataclass
class Channel:
    """A channel through days of ticks: what was told, when and by what."""

    rule: AlertRule
    stories: list[Story]
    digest_every: timedelta | None
    told: dict[str, Telling] = field(default_factory=dict)
    notes: list[Telling] = field(default_factory=list)
    log: list[tuple[datetime, str, str]] = field(default_factory=list)
    """When, by what, which story."""

    def run(self, start: datetime, end: datetime, step: timedelta) -> None:
        now, digest_at = start, start
        while now <= end:
            self._alert(now)
            if self.digest_every and now - digest_at >= self.digest_every:
                digest_at = now
                self._digest(now)
            now += step

    def standing(self, now: datetime) -> Standing:
        lately = [each for each in self.told.values() if each.told_at > now - BUDGET_SPAN]
        by_rule = [each for each in lately if each.origin == self.rule.name]
        return Standing(
            now=now,
            told=self.told,
            waiting=still_waiting(self.notes, self.told),
            spent=spent([self.rule], by_rule, {each.id: each for each in self.stories}),
            digests=DIGESTS if self.digest_every else frozenset(),
        )

    def seen(self, now: datetime) -> list[Story]:
        return [each for each in self.stories if each.last_seen <= now]

    def _alert(self, now: datetime) -> None:
        if quiet_at(self.rule.quiet, self.rule.timezone, now):
            return
        stands = self.standing(now)
        since = looks_back(self.rule, now)
        touched = [each for each in self.seen(now) if each.last_seen > since or each.id in stands.waiting]
        alerts = select_alerts(self.rule, "mail", touched, stands, background())
        self.notes += alerts.waiting
        for selection in alerts.selections:
            self._tell(selection.tellings, "alert", now)

    def _digest(self, now: datetime) -> None:
        if found := select_digest(SPEC, "mail", WINDOW, self.seen(now), self.told, background(), now=now):
            self._tell(found.tellings, "digest", now)

    def _tell(self, tellings: Sequence[Telling], how: str, now: datetime) -> None:
        for each in tellings:
            self.told[each.story_id] = each
            self.log.append((now, how, each.story_id))


hours_of_the_day = st.tuples(st.integers(0, 23), st.integers(1, 12)).map(
    lambda pair: (time(pair[0]), time((pair[0] + pair[1]) % 24))
)
rules = st.builds(
    lambda budget, quiet, age, zone: replace(
        RULE, budget=budget, quiet=quiet, max_age=timedelta(hours=age), timezone=zone
    ),
    st.integers(1, 3),
    st.none() | hours_of_the_day | hours_of_the_day,
    st.integers(1, 30),
    st.sampled_from(("UTC", "Europe/Oslo", "Asia/Kathmandu")),
)
urgent = st.lists(
    st.tuples(st.integers(0, 30 * 4), st.sampled_from(TOPICS), st.sampled_from((0.55, 0.9))),
    min_size=4,
    max_size=14,
).map(
    lambda some: [
        story(member(number, story=number, hours=quarters / 4, matched=(topic,), score=score))
        for number, (quarters, topic, score) in enumerate(some)
    ]
)


@settings(max_examples=40, deadline=None)
@given(rules, urgent, st.sampled_from((None, 6, 24)))
def test_every_urgent_story_is_told_once_by_alert_or_digest(
    rule: AlertRule, stories: list[Story], every: int | None
) -> None:
    channel = Channel(rule, stories, timedelta(hours=every) if every else None)
    channel.run(NOW - timedelta(hours=31), NOW + timedelta(hours=73), timedelta(hours=1))
    assert sorted(story_id for _, _, story_id in channel.log) == sorted(each.id for each in stories)
    topics = {each.id: each.members[0].verdicts[0].topic_id for each in stories}
    for at, how, _ in channel.log:
        if how == "alert":
            assert not quiet_at(rule.quiet, rule.timezone, at)
            lately = [
                topics[name]
                for when, by, name in channel.log
                if by == "alert" and timedelta(0) <= at - when < BUDGET_SPAN
            ]
            assert max(Counter(lately).values()) <= rule.budget


@settings(max_examples=40, deadline=None)
@given(rules, urgent, st.sampled_from((None, 6, 24)), st.integers(0, 30))
def test_at_any_moment_a_story_is_told_or_waits_and_why_says_so(
    rule: AlertRule, stories: list[Story], every: int | None, until: int
) -> None:
    channel = Channel(rule, stories, timedelta(hours=every) if every else None)
    end = NOW - timedelta(hours=31) + timedelta(hours=1) * until
    channel.run(NOW - timedelta(hours=31), end, timedelta(hours=1))
    for each in channel.seen(end):
        said = why(rule, each, channel.standing(end), background())
        assert said.startswith(("alerted", "told before", "waits"))
        assert (each.id in channel.told) == said.startswith(("alerted", "told before"))
