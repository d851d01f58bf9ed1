"""Looking at what was stored, and why: items, and the whole decision about one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.opening import opened
from bot.cli.options import CONFIG, DATA, AsJson, ConfigDir, DataDir, Limit, Since, Topic, Words, since
from bot.cli.output import print_json, print_table, say, short_time
from bot.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from bot.app import Application
    from bot.model import Answer, Delivery, Item, Placement, Placing, Story, UpdateDecision, Verdict
    from bot.pipeline.alert import Reason
    from bot.ports import Tx


def items(
    words: Words = None,
    topic: Topic = "",
    after: Since = "",
    limit: Limit = 50,
    config: ConfigDir = CONFIG,
    data: DataDir = DATA,
    as_json: AsJson = False,
) -> None:
    """Search the stored items, newest first.

    [dim]Example: chipwatch items --topic mtia --since 7d broadcom[/dim]
    """
    with opened(config, data) as application, application.store.read() as tx:
        found = tx.items.search(
            topic=known_topic(application, topic),
            since=since(after, application.deps.clock.now()),
            words=words or (),
            limit=limit,
        )
    if as_json:
        print_json([_spell_item(item) | {"topics": _scores(verdicts)} for item, verdicts in found])
        return
    print_table(
        ("item", "published", "topics", "title"),
        (
            (item.id[:12], item.published or item.seen_at, matched(verdicts), item.title)
            for item, verdicts in found
        ),
        empty="no item matches",
    )


def why(
    reference: Annotated[
        str, typer.Argument(metavar="ITEM_OR_URL", help="An item's id, its beginning, or an address.")
    ],
    config: ConfigDir = CONFIG,
    data: DataDir = DATA,
    as_json: AsJson = False,
) -> None:
    """Tell the whole decision about an item: each signal's share, its story, what was told to whom and why.

    [dim]Example: chipwatch why https://example.org/news/chip[/dim]
    """
    from bot.pipeline.alert import why_alerted

    with opened(config, data) as application, application.store.read() as tx:
        item = known_item(tx, reference)
        verdicts, judged_at = tx.items.verdicts(item.id), tx.items.judged_at(item.id)
        placement = tx.stories.placement(item.id)
        story = tx.stories.get(placement.story_id) if placement else None
        placing = tx.edits.placings(story.id).get(item.id) if story else None
        sent = tx.outbox.deliveries(state=None, limit=100, story_id=story.id) if story else ()
        answers = [answer for answer in tx.feedback.answers() if answer.item_id == item.id]
        rules = why_alerted(application.deps, tx, story) if story else ()
        decisions = tx.updates.of_story(story.id) if story else ()
        if as_json:
            print_json(
                _spell_item(item)
                | {
                    "verdicts": [asdict(verdict) for verdict in verdicts],
                    "placement": placement and asdict(placement),
                    "story": story and spell_story(story),
                    "answers": [_spell_answer(answer) for answer in answers],
                    "deliveries": [spell_delivery(delivery) for delivery in sent],
                    "alerts": [asdict(reason) for reason in rules],
                    "updates": [asdict(decision) for decision in decisions],
                }
            )
            return
        lines = [
            *_item_lines(application, item),
            *_verdict_lines(application, verdicts, answers, judged_at),
            *_story_lines(item, placement, placing, story),
            *_sent_lines(application, item, verdicts, story, sent, rules, judged=judged_at is not None),
            *rule_lines(rules),
            *update_lines(decisions),
        ]
    for line in lines:
        say(line)


def _item_lines(application: Application, item: Item) -> Iterator[str]:
    feed = application.deps.feeds.get(item.feed_id)
    yield item.title
    yield f"  {item.url or 'no address'}"
    yield f"  item {item.id}"
    yield f"  published {short_time(item.published)}, first seen {short_time(item.seen_at)} UTC"
    yield f"  from {feed.title or feed.url if feed else 'a feed that is not configured any more'}"
    if item.baseline:
        yield "  was already old when its feed was polled for the first time: known, never told by itself"


def _verdict_lines(
    application: Application,
    verdicts: Sequence[Verdict],
    answers: Sequence[Answer],
    judged_at: datetime | None,
) -> Iterator[str]:
    from bot.core.reasons import in_words

    if not verdicts:
        yield ""
        yield _without_verdict(judged_at)
    for verdict in verdicts:
        topic = application.deps.topics.get(verdict.topic_id)
        decision = "matched" if verdict.matched else "not matched"
        yield ""
        title = topic.title if topic else verdict.topic_id
        yield f"{title}: {decision}, {verdict.score:.0%} (from {verdict.threshold:.0%})"
        yield f"  {in_words(verdict)}"
        for answer in answers:
            if answer.topic_id == verdict.topic_id:
                yield f"  {_answered(answer)}"
        for share in verdict.shares:
            yield f"  {share.share:+6.2f}  {share.signal:<10} {share.detail}"
        total = sum(share.share for share in verdict.shares)
        yield f"  {total:+6.2f}  sum: log-odds of {verdict.score:.1%}"
        if verdict.nearest:
            near = verdict.nearest
            yield f"  nearest exemplar {near.exemplar}: {near.similarity:.2f} alike, {near.relation.value}"
        yield f"  profile {verdict.profile_version}"


def _without_verdict(judged_at: datetime | None) -> str:
    if judged_at is None:
        return "Not judged yet: the next triage does it."
    return (
        f"Set aside without a verdict on {short_time(judged_at)} UTC: no topic was watched, or a fault of "
        "ours, which the log of that time tells, kept it from being judged. It is judged again once edited."
    )


def _answered(answer: Answer) -> str:
    said = "as this topic" if answer.yes else "as not this topic"
    effect = "" if answer.adopted else "; pending, it has no effect yet"
    note = f" ({answer.note})" if answer.note else ""
    return f"marked {said} on {short_time(answer.answered_at)} UTC{note}{effect}"


def _story_lines(
    item: Item, placement: Placement | None, placing: Placing | None, story: Story | None
) -> Iterator[str]:
    if placement is None or story is None:
        return
    yield ""
    muted = ", muted: nothing is told of it" if story.muted else ""
    yield f"Story {story.id}: {len(story.members)} item{'s' * (len(story.members) != 1)}{muted}"
    yield f"  this one {placement.because or 'opens it'}"
    if placing is not None and placing.story_id != story.id:
        how = f"chipwatch stories --explain {story.id[:12]}"
        yield f"  it was in story {placing.story_id} then; how it came here: {how}"
    for member in story.members:
        if member.item.id != item.id:
            copy = "  (a copy)" if member.placement.copy_of else ""
            yield f"  {member.item.id[:12]}  {member.source}: {member.item.title}{copy}"


def _sent_lines(
    application: Application,
    item: Item,
    verdicts: Sequence[Verdict],
    story: Story | None,
    sent: Sequence[Delivery],
    rules: Sequence[Reason],
    *,
    judged: bool,
) -> Iterator[str]:
    yield ""
    if sent:
        yield "Told:"
        for delivery in sent:
            when = short_time(delivery.sent_at or delivery.due_at)
            note = f" ({delivery.note})" if delivery.note else ""
            route = f"{delivery.origin} by {delivery.channel} to {delivery.recipient}"
            yield f"  {delivery.state.value:<8} {when}  {route}{note}"
        return
    yield f"Not told: {_why_not_told(application, item, verdicts, story, rules, judged=judged)}"


def rule_lines(rules: Sequence[Reason]) -> Iterator[str]:
    """What each alert rule makes of the story now."""
    if rules:
        yield ""
        yield "Alert rules:"
    for reason in rules:
        yield f"  {reason.rule} by {reason.channel}: {reason.text}"


def update_lines(decisions: Sequence[UpdateDecision]) -> Iterator[str]:
    """Whether the story had news for those that had been told it, and why."""
    from bot.core.updates import decision_in_words

    if decisions:
        yield ""
        yield "News since it was told:"
    for decision in decisions:
        yield f"  {short_time(decision.at)}  {decision_in_words(decision)}"


def _why_not_told(
    application: Application,
    item: Item,
    verdicts: Sequence[Verdict],
    story: Story | None,
    rules: Sequence[Reason],
    *,
    judged: bool,
) -> str:
    matched = {verdict.topic_id for verdict in verdicts if verdict.matched}
    if story is not None:
        matched |= {verdict.topic_id for member in story.members for verdict in member.verdicts}
    if not verdicts and not judged:
        return "it is not judged yet."
    if not matched:
        return "neither it nor its story matches a topic."
    return waits_for(application, matched, rules, baseline=item.baseline, muted=bool(story and story.muted))


def waits_for(
    application: Application, matched: set[str], rules: Sequence[Reason], *, baseline: bool, muted: bool
) -> str:
    """Why nothing was told yet of what matches these topics, or which digests and rules will tell it."""
    digests = {spec.name for spec in application.deps.digests.values() if matched & set(spec.topics)}
    alerts = {rule.name for rule in application.deps.alerts if matched & set(rule.topics)}
    willing = {reason.rule for reason in rules if not reason.text.startswith("no alert")}
    if muted:
        return "its story is muted; end that with: chipwatch stories mute STORY --undo"
    if not digests | alerts:
        return "no digest and no alert watches its topics."
    if baseline:
        return "it was old when its feed was first polled."
    if not (willing_ones := sorted(digests | (alerts & willing))):
        return "no digest watches its topics, and no alert rule takes it."
    return f"it waits for {', '.join(willing_ones)}."


def known_item(tx: Tx, reference: str) -> Item:
    """An item by its id, the beginning of it, or an address. Raises UsageError."""
    from bot.core.urls import canonical

    item = tx.items.get(reference) or tx.items.get(canonical(reference))
    if item is None:
        raise UsageError(
            f'no item is known by "{reference}"; write its address, or six or more characters of its id; '
            "find one with: chipwatch items WORD"
        )
    return item


def known_topic(application: Application, topic: str) -> str | None:
    """A topic that is watched; ``None`` where none is named. Raises UsageError."""
    from bot.documents import unknown

    if topic and topic not in application.deps.topics:
        raise UsageError(unknown("topic", topic, list(application.deps.topics)))
    return topic or None


def matched(verdicts: Sequence[Verdict]) -> str:
    """``mtia 97%, chip-deals 61%``: the topics, each with its best score."""
    best: dict[str, float] = {}
    for verdict in verdicts:
        if verdict.matched:
            best[verdict.topic_id] = max(verdict.score, best.get(verdict.topic_id, 0.0))
    return ", ".join(f"{topic} {score:.0%}" for topic, score in best.items())


def _scores(verdicts: Sequence[Verdict]) -> dict[str, float]:
    return {verdict.topic_id: verdict.score for verdict in verdicts if verdict.matched}


def _spell_item(item: Item) -> dict[str, Any]:
    return {key: value for key, value in asdict(item).items() if key != "keys"}


def spell_story(story: Story) -> dict[str, Any]:
    """A story for programs."""
    return {
        "id": story.id,
        "muted": story.muted,
        "first_seen": story.first_seen,
        "last_seen": story.last_seen,
        "items": [
            {
                "id": member.item.id,
                "title": member.item.title,
                "url": member.item.url,
                "source": member.source,
                "copy_of": member.placement.copy_of,
                "because": member.placement.because,
                "similarity": member.placement.similarity,
                "merges": member.placement.merges,
                "topics": _scores(member.verdicts),
            }
            for member in story.members
        ],
    }


def _spell_answer(answer: Answer) -> dict[str, Any]:
    told = ("id", "topic_id", "yes", "note", "answered_at", "adopted_at")
    return {name: getattr(answer, name) for name in told}


def spell_delivery(delivery: Delivery) -> dict[str, Any]:
    """A delivery for programs, without its bytes."""
    kept = asdict(delivery)
    del kept["message"]
    return kept | {"subject": delivery.message.subject}
