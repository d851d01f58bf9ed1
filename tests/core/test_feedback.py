from datetime import UTC, datetime, timedelta
from math import fsum, log
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.classify import classify
from bot.core.correction import LIMIT, SIGNAL
from bot.core.features import extract
from bot.core.feedback import correct, is_corrected, revised, trials, untaught
from bot.core.profile import Judge
from bot.model import Answer, Item, Topic, Verdict
from tests.core.judged import TOPIC, judge

NOW = datetime(2026, 6, 1, tzinfo=UTC)
CARDS = Topic(id="cards", title="Graphics cards", exemplars=("launch",), exclude="potato")
TITLES = (
    "Alder tests a second training chip",
    "Alder sells chips at its snack bar",
    "Cedar launches a card for players",
    "Potato harvest fails in the north",
    "Rain over the sound",
)
SUMMARIES = (
    "",
    "Birch makes the accelerator.",
    "The chip was designed by Alder itself.",
    "Shops sell the card.",
)


def item(title: str, summary: str = "", *, item_id: str = "", language: str | None = None) -> Item:
    return Item(
        id=item_id or title,
        feed_id="wire",
        url="",
        canonical_url="",
        title=title,
        summary=summary,
        language=language,
        published=NOW,
        seen_at=NOW,
        content_hash="",
        keys=(),
    )


def answer(about: Item, *, yes: bool, topic: str = TOPIC.id, **changes: Any) -> Answer:
    fields: dict[str, Any] = {
        "id": f"{about.id} {topic} {yes}",
        "item_id": about.id,
        "topic_id": topic,
        "yes": yes,
        "title": about.title,
        "summary": about.summary,
        "language": about.language,
        "answered_at": NOW,
    }
    return Answer(**fields | changes)


def verdicts(given: Judge, about: Item) -> tuple[Verdict, ...]:
    features = extract(
        about.id, title=about.title, summary=about.summary, language=about.language, lexicon=given.lexicon
    )
    return classify(features, given)


JUDGE = judge(TOPIC, CARDS)
items = st.builds(
    lambda title, summary, number, language: item(
        title, summary, item_id=f"item-{number}", language=language
    ),
    st.sampled_from(TITLES),
    st.sampled_from(SUMMARIES),
    st.integers(0, 6),
    st.sampled_from([None, "en", "de-DE"]),
)
answers = st.lists(
    st.builds(
        lambda about, yes, topic, minute: answer(
            about, yes=yes, topic=topic, answered_at=NOW + timedelta(minutes=minute)
        ),
        items,
        st.booleans(),
        st.sampled_from(["own-chips", "cards", "gone"]),
        st.integers(0, 9),
    ),
    max_size=8,
).map(tuple)


def test_without_answers_it_is_the_very_same_judge() -> None:
    assert correct(JUDGE, ()) is JUDGE
    assert correct(JUDGE, (answer(item("Rain"), yes=True, topic="gone"),)) is JUDGE


def test_a_no_takes_from_what_is_like_it_and_a_yes_adds() -> None:
    told = item("Alder chip sale at the snack bar", "The chip costs two euros.")
    alike = item("Alder chip sale goes on at the snack bar")
    (before, _) = verdicts(JUDGE, alike)
    (less, _) = verdicts(correct(JUDGE, (answer(told, yes=False),)), alike)
    assert less.score < before.score
    assert less.shares[-1].signal == SIGNAL
    assert "“Alder chip sale at the snack bar”, which was marked as not this topic" in less.shares[-1].detail
    missed = item("Training silicon of its own for the social network")
    again = item("More training silicon for the social network")
    (low, other) = verdicts(JUDGE, again)
    (more, untouched) = verdicts(correct(JUDGE, (answer(missed, yes=True),)), again)
    assert more.score > low.score
    assert untouched == other


def test_an_item_like_nothing_that_was_answered_keeps_its_verdict_to_the_byte() -> None:
    learned = correct(JUDGE, (answer(item("Alder chip sale"), yes=False),))
    about = item("Rain over the sound")
    assert verdicts(learned, about) == verdicts(JUDGE, about)


def test_a_veto_is_not_outvoted() -> None:
    about = item("Potato graphics card for players", "Cedar launches the newest potato card.")
    _, verdict = verdicts(correct(JUDGE, (answer(about, yes=True, topic="cards"),)), about)
    assert verdict.shares[-1].share == LIMIT
    assert not verdict.matched


def test_the_last_answer_about_an_item_counts() -> None:
    about = item("Alder chip sale")
    first = answer(about, yes=True, id="1")
    last = answer(about, yes=False, id="2", answered_at=NOW + timedelta(minutes=1))
    (verdict, _) = verdicts(correct(JUDGE, (last, first)), about)
    assert verdict.shares[-1].share == -LIMIT


def test_versions_name_the_answers_and_not_their_times() -> None:
    about = item("Alder tests a chip")
    (plain, _) = verdicts(JUDGE, about)
    said = answer(about, yes=True)
    (one, _) = verdicts(correct(JUDGE, (said,)), about)
    (same, _) = verdicts(
        correct(JUDGE, (answer(about, yes=True, adopted_at=NOW, answered_at=NOW + timedelta(days=1)),)), about
    )
    (other, _) = verdicts(correct(JUDGE, (answer(about, yes=False),)), about)
    assert one == same
    assert len({plain.profile_version, one.profile_version, other.profile_version}) == 3
    assert one.profile_version.startswith(plain.profile_version)


@given(answers, items)
def test_taking_all_answers_back_restores_every_verdict(said: tuple[Answer, ...], about: Item) -> None:
    before = verdicts(JUDGE, about)
    after = verdicts(correct(JUDGE, said), about)
    assert tuple(map(untaught, after)) == before
    assert revised(after, about, JUDGE) == before
    assert verdicts(correct(JUDGE, ()), about) == before


@given(answers, answers, items)
def test_a_revised_verdict_is_the_one_that_judging_anew_gives(
    first: tuple[Answer, ...], second: tuple[Answer, ...], about: Item
) -> None:
    learned = correct(JUDGE, second)
    stored = verdicts(correct(JUDGE, first), about)
    assert revised(stored, about, learned) == verdicts(learned, about)


@given(answers, items)
def test_shares_add_up_and_that_of_feedback_is_bounded(said: tuple[Answer, ...], about: Item) -> None:
    for verdict in verdicts(correct(JUDGE, said), about):
        assert log(verdict.score / (1 - verdict.score)) == pytest.approx(
            fsum(share.share for share in verdict.shares), abs=1e-6
        )
        learned = [share for share in verdict.shares if share.signal == SIGNAL]
        assert len(learned) == is_corrected(verdict)
        assert all(0 < abs(share.share) <= LIMIT for share in learned)


def test_answers_are_tried_topic_by_topic() -> None:
    said = (
        answer(item("Alder chip sale"), yes=False),
        answer(item("Alder chip sale at the bar"), yes=False),
        answer(item("Cedar launches a card"), yes=True, topic="cards"),
    )
    found = trials(JUDGE, said)
    assert list(found) == ["own-chips", "cards"]
    assert found["own-chips"].loss_after < found["own-chips"].loss_before
