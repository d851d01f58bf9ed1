from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.outlook import Reading, digest_outlook, in_line, sent_in_words
from bot.core.select import choose
from bot.model import (
    Becomes,
    Delivery,
    DeliveryState,
    DigestSpec,
    Earlier,
    Facts,
    Message,
    Outlook,
    Story,
    Telling,
)
from tests.core.told import NOW, SPEC, background, member, story, telling

SLOT = NOW + timedelta(hours=19)
"""Seven o'clock of the next day."""
SINCE = NOW - timedelta(days=8)


def outlook(
    each: Story,
    told: Telling | None = None,
    *,
    others: Sequence[Story] = (),
    note: Telling | None = None,
    facts: dict[str, Facts] | None = None,
    spec: DigestSpec = SPEC,
    taken_up: bool = True,
) -> Outlook:
    """What the digest of tomorrow makes of a story, beside others."""
    against = background(facts)
    known = {each.id: told} if told else {}
    candidates = [*others, each] if taken_up else [*others]
    reading = Reading(
        told=told,
        note=note,
        slot=SLOT,
        chosen=choose(spec.topics, candidates, known, against),
        since=SINCE,
    )
    return digest_outlook(spec, "mail", each, reading, against)


def test_a_new_story_waits_for_the_next_digest() -> None:
    found = outlook(story(member(1)))
    assert (found.kind, found.origin, found.channel) == ("digest", "daily", "mail")
    assert (found.becomes, found.at) == (Becomes.WAITS, SLOT)
    assert found.text == "waits for Tue 2026-05-05 07:00 UTC, number 1 of 1"
    assert in_line(found) == "digest daily by mail: waits for Tue 2026-05-05 07:00 UTC, number 1 of 1"


def test_beyond_max_stories_it_is_a_line() -> None:
    others = [story(member(number, story=number, score=0.95)) for number in (2, 3)]
    found = outlook(story(member(1)), others=others, spec=replace(SPEC, max_stories=2))
    assert found.text.endswith("number 3 of 3: a line among “also seen”, since max_stories is 2")
    assert "also seen" not in outlook(story(member(1)), others=others).text


def test_what_a_rule_had_to_leave_says_so() -> None:
    note = replace(telling("s1", revision=0), origin="fast")
    assert outlook(story(member(1)), note=note).text.endswith(
        "; noted on 2026-05-04 11:00 UTC, when fast had to leave it"
    )


@pytest.mark.parametrize(
    ("origin", "becomes", "text"),
    [
        ("daily", Becomes.TOLD, "told on 2026-05-04 11:00 UTC; nothing material is new since"),
        ("fast", Becomes.NOT, "told by fast on 2026-05-04 11:00 UTC; nothing material is new since"),
    ],
)
def test_what_was_told_is_told_once_by_whatever(origin: str, becomes: Becomes, text: str) -> None:
    told = replace(telling("s1"), origin=origin)
    found = outlook(story(member(1)), told)
    assert (found.becomes, found.text, found.at) == (becomes, text, told.told_at)
    muted = outlook(replace(story(member(1)), muted=True), told)
    assert muted.text.endswith("; it is muted now")


def test_news_of_a_told_story_wait() -> None:
    told = replace(telling("s1", facts=Facts(figures=("$4 billion",))), origin="fast")
    found = outlook(story(member(1)), told, facts={"s1": Facts(figures=("$6 billion",))})
    assert found.becomes is Becomes.WAITS
    assert found.text.startswith("told by fast on 2026-05-04 11:00 UTC; its news waits for Tue ")


@pytest.mark.parametrize(
    ("each", "reason"),
    [
        (story(member(1, matched=())), "it matches none of the digest's topics"),
        (story(member(1, baseline=True)), "it was old when its feed was first polled"),
        (
            replace(story(member(1)), muted=True),
            "its story is muted; end that with: chipwatch stories mute s1 --undo",
        ),
    ],
)
def test_what_is_never_told_says_why(each: Story, reason: str) -> None:
    found = outlook(each)
    assert (found.becomes, found.text, found.at) == (Becomes.NOT, reason, None)
    assert in_line(found) == f"digest daily by mail: not told: {reason}"


def test_what_came_before_the_window_says_so() -> None:
    found = outlook(story(member(1, hours=24 * 30)), taken_up=False)
    assert found.text == (
        "nothing of it was seen or judged after 2026-04-26 12:00 UTC, where the next digest begins to look"
    )


def test_comment_on_what_was_told_says_so() -> None:
    each = story(member(1, title="Analysis: what the Norvik deal means for investors"))
    earlier = Earlier(
        story_id="s0", title="Deal", told_at=NOW, words="follow-up to", names=("norvik", "castellan")
    )
    against = replace(background(), earlier=lambda _story, _facts: earlier)
    found = digest_outlook(SPEC, "mail", each, Reading(slot=SLOT, since=SINCE), against)
    assert found.text == "it is comment or a round-up on what was told lately"


def test_a_schedule_that_never_comes_again() -> None:
    found = digest_outlook(SPEC, "mail", story(member(1)), Reading(), background())
    assert found.text == "the digest's schedule never comes again"


# ── words ────────────────────────────────────────────────────────────────────────────────────────


def sent(state: DeliveryState, key: str = "3f2a9c81d4aa77", **changes: object) -> Delivery:
    given: dict[str, object] = {
        "key": key,
        "channel": "mail",
        "recipient": "ann@example.org",
        "origin": "daily",
        "message": Message(subject="s", content_type="text/plain", body=b""),
        "created_at": NOW,
        "due_at": NOW,
        "state": state,
    }
    return Delivery(**given | changes)  # type: ignore[arg-type]


def test_by_which_message_it_was_told() -> None:
    one = sent(DeliveryState.SENT)
    assert sent_in_words([one], NOW, "daily", "mail") == "sent (3f2a9c81d4aa)"
    several = [one, sent(DeliveryState.DEAD, "b"), sent(DeliveryState.SENT, "c")]
    assert sent_in_words(several, NOW, "daily", "mail") == "2 sent, 1 dead"
    others = [sent(DeliveryState.SENT, channel="chat"), sent(DeliveryState.SENT, origin="fast")]
    assert sent_in_words([*others, replace(one, created_at=SLOT)], NOW, "daily", "mail") == ""
