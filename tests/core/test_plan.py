from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.inforce import ALERT, CHANNEL, CONFIGURED, DIGEST, SETTINGS, TOPIC, in_force, of_part
from bot.core.plan import ADDED, CHANGED, REMOVED, Change, digest_changes, feed_changes, part_changes
from bot.model import AlertRule, DigestSpec, Feed, InForce, Subscription
from tests.core.told import NOW, RULE, SPEC


def rows(
    digests: Sequence[DigestSpec] = (SPEC,), alerts: Sequence[AlertRule] = (RULE,), feeds: Sequence[Feed] = ()
) -> Sequence[InForce]:
    return in_force(
        NOW,
        digests=digests,
        alerts=alerts,
        channels={"mail": {"type": "email", "fingerprint": "ab"}},
        topics={"chips": "v1"},
        settings={"http": {"per_host": 2, "allow": ["a", "b"], "deep": {"one": None}}},
        feeds=feeds,
    )


def spelled(found: Sequence[InForce]) -> dict[str, dict[str, Any]]:
    return {part: {name: each.content for name, each in of_part(found, part).items()} for part in CONFIGURED}


def feed(number: int, **changes: Any) -> Feed:
    return Feed(
        **{"id": f"f{number}", "url": f"https://{number}.example/", "title": f"Feed {number}"} | changes
    )


def known(each: Feed, **changes: Any) -> Subscription:
    given: dict[str, Any] = {
        "feed_id": each.id,
        "title": each.title,
        "tags": each.tags,
        "configured_url": each.url,
        "configured": True,
        "enabled": each.enabled,
        "url": each.url,
        "last_polled_at": NOW,
        "disabled": None,
    }
    return Subscription(**given | changes)


def of_digests(*wanted: DigestSpec) -> list[Change]:
    named = {spec.name: spec for spec in wanted}
    return digest_changes(rows(), named, spelled(rows(digests=wanted)), NOW)


# ── nothing ──────────────────────────────────────────────────────────────────────────────────────


@given(
    numbers=st.sets(st.integers(0, 50)),
    every=st.none() | st.timedeltas(timedelta(minutes=5), timedelta(days=2)),
)
def test_what_is_in_force_changes_nothing(numbers: set[int], every: timedelta | None) -> None:
    feeds = [feed(number, every=every, tags=("a",)) for number in sorted(numbers)]
    stored = rows(feeds=feeds)
    assert feed_changes([known(each) for each in feeds], feeds, stored) == []
    assert of_digests(SPEC) == []
    for part in (ALERT, CHANNEL, TOPIC, SETTINGS):
        assert part_changes(stored, part, spelled(stored)[part]) == []


@given(before=st.sets(st.integers(0, 30)), after=st.sets(st.integers(0, 30)))
def test_every_feed_that_comes_or_goes_is_told_once(before: set[int], after: set[int]) -> None:
    stored = [known(feed(number)) for number in before]
    found = feed_changes(stored, [feed(number) for number in after], rows())
    assert {each.name for each in found if each.sign == ADDED} == {f"Feed {n}" for n in after - before}
    assert {each.name for each in found if each.sign == REMOVED} == {f"Feed {n}" for n in before - after}
    assert len(found) == len(before ^ after)


# ── feeds ────────────────────────────────────────────────────────────────────────────────────────


def test_a_feed_known_from_before_and_one_that_moved() -> None:
    old = known(feed(1), configured=False)
    (back,) = feed_changes([old], [feed(1)], rows())
    assert back == Change(sign=ADDED, name="Feed 1", text="https://1.example/ (known from before)")
    moved = known(feed(2, title=""), url="https://3.example/")
    (told,) = feed_changes([moved], [feed(3, title="New")], rows())
    assert told == Change(sign=CHANGED, name="New", text="moved: https://2.example/ → https://3.example/")


def test_what_of_a_feed_changed() -> None:
    before = feed(1, every=timedelta(minutes=15), language="en", tags=("a", "b"))
    after = feed(1, title="Other", enabled=False, tags=("b", "c"))
    (told,) = feed_changes([known(before)], [after], rows(feeds=[before]))
    assert told.text == (
        "title “Feed 1” → “Other”; tags +c −a; switched off; "
        "every 15 min → as it publishes; language en → none"
    )


# ── what is told ─────────────────────────────────────────────────────────────────────────────────


def test_a_digest_that_moves_names_its_next_slots() -> None:
    (moved,) = of_digests(replace(SPEC, schedule=("30 8 * * *",), timezone="Europe/Oslo"))
    assert moved.sign == CHANGED
    assert moved.text == "next on Tue 2026-05-05 07:00 UTC → Tue 2026-05-05 08:30 Europe/Oslo"
    (later,) = of_digests(replace(SPEC, schedule=("0 7 * * 1-5",)))
    assert later.text == "other times, next on Tue 2026-05-05 07:00 UTC"


def test_a_digest_that_comes_and_one_that_goes() -> None:
    weekly = replace(SPEC, name="weekly", schedule=("0 7 * * 1",))
    came, gone = of_digests(weekly)
    assert came == Change(
        sign=ADDED, name="weekly", text="first on Mon 2026-05-11 07:00 UTC; chips, deals, labs; to mail"
    )
    assert gone == Change(sign=REMOVED, name="daily", text="would have come on Tue 2026-05-05 07:00 UTC")


def test_what_of_a_digest_changed_and_spans_are_spelled_as_in_the_file() -> None:
    other = replace(
        SPEC, topics=("deals", "chips"), max_stories=5, send_empty=True, catch_up=timedelta(hours=6)
    )
    (told,) = of_digests(other)
    assert told.text == "topics −labs; max_stories 20 → 5; send_empty false → true; catch_up 1d → 6h"
    (order,) = of_digests(replace(SPEC, topics=("labs", "deals", "chips")))
    assert order.text == "topics in another order: labs, deals, chips"


def test_a_digest_that_another_version_wrote_is_told_as_far_as_it_goes() -> None:
    (strange,) = [replace(each, content={"name": "daily"}) for each in rows() if each.part == DIGEST]
    (told,) = digest_changes([strange], {"daily": SPEC}, spelled(rows()), NOW)
    assert told.text.startswith("next on an unknown time → Tue 2026-05-05 07:00 UTC; ")


@pytest.mark.parametrize(
    ("part", "name", "content", "text"),
    [
        (ALERT, "now", {"min_score": 0.7}, "min_score 0.5 → 0.7"),
        (CHANNEL, "mail", {"fingerprint": "cd"}, "its options or the mail server changed"),
        (CHANNEL, "mail", {"type": "slack"}, "type email → slack"),
        (
            TOPIC,
            "chips",
            {"profile": "v2"},
            "judged otherwise: its query, its examples, entities or the corpus changed",
        ),
        (SETTINGS, "http", {"per_host": 4, "deep": {"one": "x"}}, "per_host 2 → 4; deep.one none → x"),
        (SETTINGS, "http", {"allow": ["b"]}, "allow −a"),
    ],
)
def test_what_of_the_rest_changed(part: str, name: str, content: dict[str, Any], text: str) -> None:
    wanted = spelled(rows())[part]
    (told,) = part_changes(rows(), part, {**wanted, name: {**wanted[name], **content}})
    assert told == Change(sign=CHANGED, name=name, text=text)


def test_what_comes_and_goes_of_the_rest() -> None:
    assert part_changes(rows(), ALERT, {}) == [Change(sign=REMOVED, name="now")]
    assert part_changes([], ALERT, spelled(rows())[ALERT]) == [
        Change(sign=ADDED, name="now", text="chips, deals, labs; to mail")
    ]
    assert part_changes([], CHANNEL, spelled(rows())[CHANNEL]) == [
        Change(sign=ADDED, name="mail", text="email")
    ]
