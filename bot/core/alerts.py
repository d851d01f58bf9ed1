"""Which stories are urgent enough for an alert, which of them wait, and why the others are none.

A rule looks at whole stories. What it wants and may send at once becomes one message a story. What is beyond
the hour's budget is noted: it waits for the digest that follows on the channel, or for the next budget where
none follows, and does not age meanwhile. In quiet hours nothing is looked at; when they end, what came in
them is as old as it was when it came.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.core.age import is_late, newest
from bot.core.lexicon import Lexicon, document
from bot.core.moments import clock
from bot.core.query import parse
from bot.core.quiet import awake_for, quiet_at, slept
from bot.core.select import WAITING, Chosen, Selection, choose
from bot.core.telling import LATE, Background, best_verdicts
from bot.model import AlertRule, Becomes, Digest, Receipt, Section, Story, Telling, Window

BUDGET_SPAN = timedelta(hours=1)
WAITS_AT_MOST = timedelta(days=30)
"""A story that waited that long, and was told by nothing, is no news any more."""
FEW = 3
"""More stories than these that came in quiet hours go out as one message."""

_MOMENT = timedelta(seconds=1)

Keywords = Callable[[Story], bool]
"""Whether an article of a story matches a rule's keywords."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How a channel stands when a rule looks at it."""

    now: datetime
    told: Mapping[str, Telling] = field(default_factory=dict)
    """Story id → what the channel was last told of it."""
    waiting: Mapping[str, Telling] = field(default_factory=dict)
    """Story id → the note that it waits, or that its news do; see ``still_waiting``."""
    spent: Mapping[str, int] = field(default_factory=dict)
    """Topic → stories that alerts told the channel in the past hour."""
    digests: frozenset[str] = frozenset()
    """Topics of the digests that go to this channel."""
    timezone: str = "UTC"


@dataclass(frozen=True, kw_only=True, slots=True)
class Alerts:
    """One selection a message, the most important first."""

    selections: tuple[Selection, ...] = ()
    held_back: int = 0
    """Stories beyond the budget, those of earlier hours included; the last message says how many."""
    waiting: tuple[Telling, ...] = ()
    """The notes for those that begin to wait now."""


# ── choosing ─────────────────────────────────────────────────────────────────────────────────────


def select_alerts(
    rule: AlertRule,
    channel: str,
    stories: Sequence[Story],
    standing: Standing,
    background: Background,
    keywords: Keywords | None = None,
) -> Alerts:
    """What to send now, best first, as far as the budget of each topic goes. Nothing in quiet hours.

    ``stories``: those touched since ``looks_back``, and those that wait. A story counts for the topic that it
    matches best.
    """
    if quiet_at(rule.quiet, rule.timezone, standing.now):
        return Alerts()
    urgent = [story for story in stories if not refusal(rule, story, standing, keywords)]
    chosen = _news(rule, urgent, standing, background)
    left = Counter({topic: rule.budget - standing.spent.get(topic, 0) for topic in rule.topics})
    kept: list[Chosen] = []
    beyond: list[Chosen] = []
    for each in chosen:
        if waits_for_digest(each, standing):
            continue
        (kept if left[each.topics[0]] > 0 else beyond).append(each)
        left[each.topics[0]] -= 1
    noted = [
        each
        for each in chosen
        if waits_for_digest(each, standing) and _noted_by(rule, each.story.id, standing)
    ]
    selections = _messages(rule, channel, kept, _slept_over(rule, urgent, standing.now), background, standing)
    held_back = [*beyond, *noted]
    if held_back and selections:
        selections[-1] = _saying(selections[-1], held_back, len(chosen), standing)
    return Alerts(
        selections=tuple(selections),
        held_back=len(held_back),
        waiting=tuple(
            _note(each, channel, rule, standing.now)
            for each in beyond
            if each.story.id not in standing.waiting
        ),
    )


def _news(
    rule: AlertRule, stories: Sequence[Story], standing: Standing, background: Background
) -> Sequence[Chosen]:
    """What there is to tell of the stories, without what turns out to be an old event."""
    chosen = choose(rule.topics, stories, standing.told, background)
    return [each for each in chosen if each.story.status != LATE]


def looks_back(rule: AlertRule, now: datetime, since: datetime | None = None) -> datetime:
    """Since when a story must have been touched to be looked at; quiet hours make nothing older.

    ``since``: of what was touched before, somebody else takes care.
    """
    oldest = awake_for(rule.quiet, rule.timezone, rule.max_age, now)
    return max(oldest, since or oldest) - _MOMENT


def still_waiting(notes: Sequence[Telling], told: Mapping[str, Telling]) -> Mapping[str, Telling]:
    """Story id → its note, without notes that are over: the story was told since, by whatever.

    A note's revision is what the channel had been told by then, negative: 0 for a story that it does not
    know, -2 for the second update of one.
    """
    return {note.story_id: note for note in notes if _revision(told.get(note.story_id)) == -note.revision}


def spent(
    rules: Sequence[AlertRule], told: Sequence[Telling], stories: Mapping[str, Story]
) -> Mapping[str, int]:
    """Topic → how many stories alerts told, each counted for the topic that its rule knew it by.

    ``told``: by alerts, in the past hour. A story that is gone counts for every topic of its rule.
    """
    topics = {rule.name: rule.topics for rule in rules}
    counts: Counter[str] = Counter()
    for telling in told:
        of_rule = topics.get(telling.origin, ())
        story = stories.get(telling.story_id)
        best = tuple(best_verdicts(story, of_rule))[:1] if story else ()
        counts.update(best or of_rule)
    return counts


def keyword_test(rule: AlertRule, lexicon: Lexicon) -> Keywords | None:
    """Raises QueryError where the keywords are no query; the configuration is checked before."""
    if not rule.keywords:
        return None
    query = parse(rule.keywords, lexicon)

    def matches(story: Story) -> bool:
        texts = (
            document(member.item.title, member.item.summary, member.item.body) for member in story.members
        )
        return any(query.match(text, lexicon.find(text)) for text in texts)

    return matches


# ── reasons ──────────────────────────────────────────────────────────────────────────────────────


def refusal(rule: AlertRule, story: Story, standing: Standing, keywords: Keywords | None = None) -> str:
    """Why the rule does not want a story, in words; empty where it does. Cheap questions come first."""
    verdicts = best_verdicts(story, rule.topics)
    if story.muted:
        return "the story is muted"
    if not verdicts:
        return "it matches none of the rule's topics"
    score = max(verdict.score for verdict in verdicts.values())
    if score < rule.min_score:
        return f"its score, {score:.1%}, is below the rule's {rule.min_score:.1%}"
    if all(member.item.baseline for member in story.members):
        return "it was old when its feed was first polled"
    if is_late(story):
        return "it is an old article that surfaced late"
    age = _age(rule, story, standing.now)
    if age > rule.max_age and not _noted_by(rule, story.id, standing):
        return f"its newest article is {_spell(age)} old, the rule's limit is {_spell(rule.max_age)}"
    if rule.tags and not _tags(story).intersection(rule.tags):
        return f"no article is from a feed tagged {' or '.join(rule.tags)}"
    if keywords and not keywords(story):
        return f"no article matches the keywords {rule.keywords}"
    return ""


def waits_for_digest(chosen: Chosen, standing: Standing) -> bool:
    """Whether a story was beyond a budget, and a digest follows on the channel that will tell it."""
    return chosen.story.id in standing.waiting and _is_followed(chosen, standing)


def _is_followed(chosen: Chosen, standing: Standing) -> bool:
    return bool(standing.digests.intersection(chosen.topics))


def outcome(
    rule: AlertRule,
    story: Story,
    standing: Standing,
    background: Background,
    keywords: Keywords | None = None,
) -> tuple[Becomes, str, datetime | None]:
    """What becomes of a story by the rule; in words; and when that was, or will be, where it is known."""
    told = standing.told.get(story.id)
    chosen = _news(rule, [story], standing, background)
    if told and not chosen and not story.muted:
        becomes = Becomes.TOLD if told.origin == rule.name else Becomes.NOT
        return becomes, f"{_how(rule, told)}; nothing material is new since", told.told_at
    refused = refusal(rule, story, standing, keywords)
    if refused or not chosen:
        because = refused or "it is an event that was told long ago"
        if told and told.origin == rule.name:
            return Becomes.TOLD, f"{_how(rule, told)}; no further alert: {because}", told.told_at
        return Becomes.NOT, f"no alert: {because}", None
    return Becomes.WAITS, *_waits_until(rule, chosen[0], standing, background)


def _how(rule: AlertRule, told: Telling) -> str:
    how = "alerted" if told.origin == rule.name else f"told before, by {told.origin},"
    return f"{how} on {clock(told.told_at, ZoneInfo(rule.timezone))}"


def _waits_until(
    rule: AlertRule, chosen: Chosen, standing: Standing, background: Background
) -> tuple[str, datetime | None]:
    zone = ZoneInfo(rule.timezone)
    (topic, *_) = chosen.topics
    title = background.title(topic)
    if waits_for_digest(chosen, standing):
        since = clock(standing.waiting[chosen.story.id].told_at, zone)
        return f"waits for the digest since {since}: the hour's budget in {title} was spent", None
    if quiet := quiet_at(rule.quiet, rule.timezone, standing.now):
        return f"waits: it is quiet until {clock(quiet.end, zone)}", quiet.end
    if standing.spent.get(topic, 0) >= rule.budget:
        return f"waits: the {rule.budget} alerts of this hour in {title} are spent", None
    return "goes out with the next alerts", None


def _age(rule: AlertRule, story: Story, now: datetime) -> timedelta:
    """Of the newest article; the hours that the rule slept since it came do not count."""
    return now - newest(story) - slept(rule.quiet, rule.timezone, story.last_seen, now)


def _noted_by(rule: AlertRule, story_id: str, standing: Standing) -> bool:
    note = standing.waiting.get(story_id)
    return note is not None and note.origin == rule.name


def _tags(story: Story) -> set[str]:
    return {tag for member in story.members for tag in member.tags}


def _revision(told: Telling | None) -> int:
    return told.revision if told else WAITING


def _spell(age: timedelta) -> str:
    hours = age / timedelta(hours=1)
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} days"


# ── messages ─────────────────────────────────────────────────────────────────────────────────────


def _messages(
    rule: AlertRule,
    channel: str,
    kept: Sequence[Chosen],
    slept_over: Collection[str],
    background: Background,
    standing: Standing,
) -> list[Selection]:
    """One a story; but of the new ones that came in quiet hours one for all, if they are more than a few.

    News of a story that was told before stay by themselves: they belong into its thread.
    """
    batch = [each for each in kept if each.before is None and each.story.id in slept_over]
    if len(batch) <= FEW:
        batch = []
    batched = {each.story.id for each in batch}
    groups = [[each] for each in kept if each.story.id not in batched]
    return [
        _message(rule, channel, group, background, standing) for group in ([batch] * bool(batch) + groups)
    ]


def _message(
    rule: AlertRule, channel: str, group: Sequence[Chosen], background: Background, standing: Standing
) -> Selection:
    now = standing.now
    under: dict[str, list[Chosen]] = defaultdict(list)
    for each in group:
        under[background.title(each.topics[0])].append(each)
    digest = Digest(
        kind="alert",
        name=rule.name,
        title=", ".join(under),
        window=Window(start=min(now, *(each.story.first_seen for each in group)), end=now),
        timezone=standing.timezone,
        sections=tuple(
            Section(title=title, stories=tuple(each.story for each in some)) for title, some in under.items()
        ),
    )
    return Selection(digest=digest, tellings=tuple(each.telling(channel, rule.name, now) for each in group))


def _saying(selection: Selection, held: Sequence[Chosen], matched: int, standing: Standing) -> Selection:
    """The message, saying how many stories it leaves for later, and for when."""
    receipt = Receipt(
        feeds=0,
        feeds_failing=(),
        items_read=0,
        stories_matched=matched,
        held_back=len(held),
        held_until="digest" if all(_is_followed(each, standing) for each in held) else "hour",
    )
    return replace(selection, digest=replace(selection.digest, receipt=receipt))


def _note(chosen: Chosen, channel: str, rule: AlertRule, now: datetime) -> Telling:
    return replace(chosen.telling(channel, rule.name, now), revision=-_revision(chosen.before))


def _slept_over(rule: AlertRule, stories: Sequence[Story], now: datetime) -> Collection[str]:
    """Ids of those that came in quiet hours, or before them, and could not be sent since."""
    return {
        story.id for story in stories if slept(rule.quiet, rule.timezone, story.last_seen, now) > timedelta(0)
    }
