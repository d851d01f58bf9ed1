from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import fsum, inf, isclose, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import weights
from bot.core.advice import (
    LIMIT,
    SIGNAL,
    AdvicePolicy,
    advised,
    borderlines,
    detail,
    is_advised,
    keep_advice,
    leave_alone,
    log_odds,
    may_ask,
    plain_version,
    question,
    share,
)
from bot.core.classify import classify, probability
from bot.core.features import extract
from bot.core.feedback import correct, revised, untaught
from bot.core.profile import Judge, build_profiles
from bot.core.text import one_line
from bot.model import (
    Advice,
    AdviceOutcome,
    AdviceRecord,
    Answer,
    Exemplar,
    Item,
    Question,
    Share,
    Topic,
    Unadvised,
    Verdict,
)

NOW = datetime(2026, 6, 16, 7, 0, tzinfo=UTC)
POLICY = AdvicePolicy()
TOPIC = Topic(id="chips", title="Chips", query="chip OR accelerator", exclude="lottery")
EXEMPLARS = (
    Exemplar(id="on", title="Norvik tapes out its chip", text="A first chip.", topics=frozenset({"chips"})),
    Exemplar(id="off", title="Rain in Ostren", text="It rained all day."),
)


@dataclass(frozen=True)
class Named:
    """``ports.Advisor`` that nobody asks."""

    id: str = "abcd"
    name: str = "small"

    def ask(self, question: Question) -> AdviceOutcome:
        raise AssertionError(question)


def judged(title: str, judge: Judge) -> Verdict:
    (verdict,) = classify(extract("i", title=title, lexicon=judge.lexicon), judge)
    return verdict


def make(threshold: float | None = None) -> Judge:
    return build_profiles([replace(TOPIC, threshold=threshold)], EXEMPLARS, ())


def item(title: str = "Norvik orders", summary: str = "", body: str = "") -> Item:
    return Item(
        id="i",
        feed_id="f",
        url="",
        canonical_url="",
        title=title,
        summary=summary,
        body=body,
        seen_at=NOW,
        content_hash="h",
    )


advices = st.builds(
    Advice,
    match=st.booleans(),
    confidence=st.floats() | st.floats(0, 1),
    reason=st.text() | st.text("abc \x1b\u202e:/.w", min_size=100),
)
verdicts = st.builds(
    Verdict,
    item_id=st.just("i"),
    topic_id=st.just("chips"),
    score=st.just(0.5),
    matched=st.booleans(),
    threshold=st.floats(0, 1),
    shares=st.lists(
        st.builds(
            Share,
            signal=st.sampled_from(["prior", "query", "exclude", SIGNAL, "feedback"]),
            share=st.floats(-25, 25),
            detail=st.just(""),
        ),
        min_size=1,
        max_size=6,
        unique_by=lambda share: share.signal,
    ).map(tuple),
    nearest=st.none(),
    profile_version=st.sampled_from(["v1", "v1~old", "v1+learnt", "v1~old+learnt"]),
)


# ── what an answer changes ───────────────────────────────────────────────────────────────────────


@given(advices, st.floats(0, LIMIT, exclude_min=True))
def test_no_answer_has_more_than_the_bound(advice: Advice, bound: float) -> None:
    given_share = share(advice, bound)
    assert abs(given_share) <= bound
    assert given_share == 0 or (given_share > 0) == advice.match


@given(verdicts, advices, st.floats(0.01, LIMIT))
def test_an_answer_changes_one_share_and_what_follows_from_it(
    verdict: Verdict, advice: Advice, bound: float
) -> None:
    after = advised(verdict, advice, policy=AdvicePolicy(max_share=bound), advisor=Named())
    others = [each for each in verdict.shares if each.signal != SIGNAL]
    assert [each for each in after.shares if each.signal not in (SIGNAL, "feedback")] == [
        each for each in others if each.signal != "feedback"
    ]
    (given_share,) = (each for each in after.shares if each.signal == SIGNAL)
    assert abs(given_share.share) <= bound
    assert after.score == probability(each.share for each in after.shares)
    moved = fsum(each.share for each in after.shares) - fsum(each.share for each in others)
    assert abs(moved) <= bound + 1e-9
    vetoed = any(each.share <= weights.VETO for each in others)
    assert after.matched == (after.score >= verdict.threshold and not vetoed)
    assert plain_version(after.profile_version) == "v1"
    assert "~abcd" in after.profile_version
    assert is_advised(after)
    assert advised(after, advice, policy=AdvicePolicy(max_share=bound), advisor=Named()) == after


def test_confidence_scales_the_share() -> None:
    def of(match: bool, confidence: float) -> float:
        return share(Advice(match=match, confidence=confidence, reason=""), 1.5)

    assert [of(True, 1), of(False, 1), of(True, 0.5), of(True, 0.1)] == [1.5, -1.5, 0, 0]
    assert isclose(of(True, 0.9), 1.2)
    assert [of(True, 1e9), of(False, inf), of(True, nan)] == [1.5, 0, 0]


def test_an_answer_decides_what_was_in_question_and_never_against_a_veto() -> None:
    yes = Advice(match=True, confidence=1, reason="")
    judge = make()
    before = judged("Norvik talks of an accelerator for rain", judge)
    below = replace(before, threshold=min(0.99, before.score + 0.05), matched=False)
    assert advised(below, yes, policy=POLICY, advisor=Named()).matched
    excluded = replace(judged("A chip in the lottery", judge), threshold=0.0)
    assert not excluded.matched
    assert not advised(excluded, yes, policy=POLICY, advisor=Named()).matched


@given(advices)
def test_a_reason_is_a_short_line_without_addresses(advice: Advice) -> None:
    said = detail(advice, "small\nmodel")
    assert said.startswith("small model finds it o")
    assert len(said) < 260
    assert said == one_line(said)
    assert "://" not in said


def test_what_a_reason_brings_along_is_left_out() -> None:
    hostile = "See\x1b https://evil.example/x and www.evil.example \u202enow\n" + "z" * 500
    said = detail(Advice(match=True, confidence=0.9, reason=hostile), "small")
    assert said.startswith("small finds it on topic (90% sure): “See … and … now")
    assert detail(Advice(match=False, confidence=0.5, reason=" "), "m") == "m finds it off topic (50% sure)"


# ── beside what readers answered ─────────────────────────────────────────────────────────────────


def test_answers_of_readers_can_be_taken_back_and_leave_the_advice() -> None:
    judge = make()
    plain = judged("Norvik orders an accelerator", judge)
    advice = Advice(match=False, confidence=0.9, reason="")
    answer = Answer(
        id="a",
        item_id="i",
        topic_id="chips",
        yes=True,
        title="Norvik orders",
        answered_at=NOW,
        adopted_at=NOW,
    )
    taught = correct(judge, (answer,))
    one = advised(plain, advice, policy=POLICY, advisor=Named())
    (both,) = revised([one], item(), taught)
    assert [each.signal for each in both.shares][-2:] == [SIGNAL, "feedback"]
    (other,) = revised([plain], item(), taught)
    assert advised(other, advice, policy=POLICY, advisor=Named()) == both
    assert untaught(both) == one
    assert (plain_version(both.profile_version), is_advised(plain)) == (plain.profile_version, False)


def test_fresh_verdicts_keep_the_advice_of_stored_ones() -> None:
    plain = judged("Norvik orders an accelerator", make())
    one = advised(plain, Advice(match=True, confidence=0.8, reason="own"), policy=POLICY, advisor=Named())
    other = replace(plain, topic_id="ferries")
    assert keep_advice([one], [plain, other]) == (one, other)
    assert keep_advice([plain], [plain]) == (plain,)
    changed = replace(plain, profile_version="v2", threshold=0.0)
    (kept,) = keep_advice([one], [changed])
    assert (kept.shares, kept.profile_version, kept.matched) == (one.shares, "v2~abcd", True)


# ── whether and what to ask ──────────────────────────────────────────────────────────────────────


@given(
    st.none() | st.sampled_from([0.0, 1.0]) | st.floats(1e-6, 1 - 1e-6), st.floats(0.1, 3), st.floats(0.1, 3)
)
def test_only_what_an_answer_could_decide_is_in_question(
    threshold: float | None, margin: float, bound: float
) -> None:
    judge = make(threshold)
    (where,) = borderlines(judge, AdvicePolicy(margin=margin, max_share=bound))
    at = judge.profiles[0].threshold
    assert 0 < where.lowest < where.highest < 1
    assert where.lowest <= at <= where.highest or at in (0, 1)
    assert log_odds(where.highest) - log_odds(where.lowest) <= 2 * min(margin, bound) + 1e-6
    assert where.profile_version == judge.profiles[0].version


def test_a_topic_that_can_not_match_is_never_in_question() -> None:
    assert borderlines(build_profiles([Topic(id="t", title="T")], (), ()), POLICY) == ()


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (AdviceRecord(), True),
        (AdviceRecord(asked=59), True),
        (AdviceRecord(asked=60), False),
        (AdviceRecord(until=NOW + timedelta(seconds=1)), False),
        (AdviceRecord(failures=3, until=NOW), True),
    ],
)
def test_budget_and_pauses_are_kept(record: AdviceRecord, expected: bool) -> None:
    assert may_ask(record, POLICY, NOW) is expected


def test_a_service_in_trouble_is_left_alone_for_longer_and_longer() -> None:
    down = Unadvised(reason="down", lasting=True)
    pauses = [leave_alone(down, AdviceRecord(failures=count), NOW) for count in (0, 1, 2, 50)]
    assert pauses == [NOW + timedelta(minutes=minutes) for minutes in (1, 2, 4, 60)]
    wish = replace(down, retry_after=timedelta(minutes=30))
    assert leave_alone(wish, AdviceRecord(), NOW) == NOW + timedelta(minutes=30)
    forever = replace(down, retry_after=timedelta(days=900))
    assert leave_alone(forever, AdviceRecord(), NOW) == NOW + timedelta(hours=6)
    assert leave_alone(Unadvised(reason="prose"), AdviceRecord(failures=9), NOW) is None


@given(st.text(), st.text(), st.text())
def test_what_is_asked_is_short_and_clean(title: str, summary: str, body: str) -> None:
    judge = make()
    asked = question(item(title=title, summary=summary * 50, body=body * 500), judge.profiles[0], judge)
    assert (len(asked.title) <= 300, len(asked.summary) <= 1500, len(asked.body) <= 2000) == (True,) * 3
    for text in (asked.title, asked.summary, asked.body):
        assert not set(text) & set("\n\t\x00\x1b\u202e\u200b\ud800")
        text.encode()


def test_the_topic_is_told_by_title_query_and_headlines() -> None:
    judge = make()
    asked = question(item(), judge.profiles[0], judge)
    assert (asked.topic, asked.query) == ("Chips", "chip OR accelerator")
    assert (asked.examples, asked.others) == (("Norvik tapes out its chip",), ("Rain in Ostren",))
