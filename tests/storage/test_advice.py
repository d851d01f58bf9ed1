from __future__ import annotations

from datetime import timedelta
from typing import Any

from bot.model import Advice, AdviceKey, AdviceRecord, Borderline, Unadvised
from bot.storage.store import SqlStore
from tests.storage.samples import HOUR, MINUTE, NOW, item, judgement, verdict

WHERE = Borderline(topic_id="silicon", profile_version="v1", lowest=0.4, highest=0.6)
KEY = AdviceKey(content_hash="hash of aaaaaa01", profile_version="v1", advisor="small")
YES = Advice(match=True, confidence=0.75, reason="It \x00 says so.")
DOWN = Unadvised(reason="down", lasting=True)
PROSE = Unadvised(reason="prose")


def fill(store: SqlStore, *names: str, baseline: bool = False, **changes: Any) -> None:
    """An item each, judged an hour ago with a score in question."""
    given: dict[str, Any] = {"score": 0.5} | changes
    items = [
        item(name, seen_at=NOW - HOUR + number * MINUTE, baseline=baseline)
        for number, name in enumerate(names)
    ]
    with store.begin() as tx:
        tx.items.add(items)
        tx.items.judge([judgement(name, verdict(name, **given)) for name in names], NOW - HOUR)


def waiting(store: SqlStore, *where: Borderline, tries: int = 2, limit: int = 9) -> list[str]:
    since = NOW - 2 * HOUR
    with store.read() as tx:
        found = tx.advice.in_question(where or [WHERE], "small", since=since, tries=tries, limit=limit)
    return [item.id for item, verdict in found if verdict.item_id == item.id]


def ask(
    store: SqlStore, outcome: Advice | Unadvised | None, key: AdviceKey = KEY, ago: timedelta = MINUTE
) -> None:
    with store.begin() as tx:
        number = tx.advice.begin(key, NOW - ago)
    if outcome is not None:
        with store.begin() as tx:
            lasting = isinstance(outcome, Unadvised) and outcome.lasting
            tx.advice.end(number, outcome, NOW + HOUR if lasting else None)


def record(store: SqlStore, advisor: str = "small") -> AdviceRecord:
    with store.begin() as tx:
        return tx.advice.record(advisor, NOW - HOUR)


def test_what_is_in_question_comes_newest_first(store: SqlStore) -> None:
    fill(store, "aaaaaa01", "aaaaaa02", "aaaaaa03")
    fill(store, "bbbbbb01", score=0.61)
    fill(store, "bbbbbb02", score=0.39)
    fill(store, "bbbbbb03", topic_id="deals")
    fill(store, "bbbbbb04", profile_version="v0")
    fill(store, "bbbbbb05", profile_version="v1~small")
    fill(store, "bbbbbb06", baseline=True)
    assert waiting(store) == ["aaaaaa03", "aaaaaa02", "aaaaaa01"]
    assert waiting(store, limit=2) == ["aaaaaa03", "aaaaaa02"]
    deals = Borderline(topic_id="deals", profile_version="v1", lowest=0.5, highest=0.5)
    assert waiting(store, WHERE, deals) == ["aaaaaa03", "aaaaaa02", "aaaaaa01", "bbbbbb03"]


def test_nothing_is_in_question_where_no_topic_is(store: SqlStore) -> None:
    fill(store, "aaaaaa01")
    with store.read() as tx:
        assert tx.advice.in_question([], "small", since=NOW - 2 * HOUR, tries=2, limit=9) == []
        assert tx.advice.in_question([WHERE], "small", since=NOW, tries=2, limit=9) == []


def test_the_verdict_comes_whole_and_with_the_whole_item(store: SqlStore) -> None:
    fill(store, "aaaaaa01", profile_version="v1+learnt")
    with store.read() as tx:
        ((found, judged),) = tx.advice.in_question([WHERE], "small", since=NOW - 2 * HOUR, tries=2, limit=9)
        assert found == tx.items.get("aaaaaa01")
        assert [judged] == [*tx.items.verdicts("aaaaaa01")]


def test_what_was_asked_in_vain_is_left(store: SqlStore) -> None:
    fill(store, "aaaaaa01", profile_version="v1+learnt")
    ask(store, PROSE)
    ask(store, DOWN, AdviceKey(content_hash=KEY.content_hash, profile_version="v1", advisor="large"))
    ask(store, DOWN, AdviceKey(content_hash=KEY.content_hash, profile_version="v2", advisor="small"))
    ask(store, DOWN, AdviceKey(content_hash="another", profile_version="v1", advisor="small"))
    assert waiting(store) == ["aaaaaa01"]
    ask(store, None)  # the process died
    assert waiting(store) == []
    assert waiting(store, tries=3) == ["aaaaaa01"]


def test_an_answer_is_known_again_for_the_same_text_profile_and_advisor(store: SqlStore) -> None:
    with store.read() as tx:
        assert tx.advice.known(KEY) is None
    ask(store, None)
    ask(store, DOWN)
    ask(store, Advice(match=False, confidence=1.0, reason="old"))
    ask(store, YES)
    with store.read() as tx:
        assert tx.advice.known(KEY) == Advice(match=True, confidence=0.75, reason="It � says so.")
        for other in ("content_hash", "profile_version", "advisor"):
            names = {
                "content_hash": KEY.content_hash,
                "profile_version": KEY.profile_version,
                "advisor": KEY.advisor,
            }
            assert tx.advice.known(AdviceKey(**names | {other: "other"})) is None


def test_the_record_counts_questions_and_troubles(store: SqlStore) -> None:
    assert record(store) == AdviceRecord()
    ask(store, YES, ago=2 * HOUR)
    ask(store, YES)
    ask(store, None)
    assert record(store) == AdviceRecord(asked=2)
    ask(store, DOWN)
    ask(store, DOWN)
    assert record(store) == AdviceRecord(asked=4, failures=2, until=NOW + HOUR)
    assert record(store, "large") == AdviceRecord(asked=4)
    ask(store, PROSE)
    assert record(store).failures == 0, "it answered, if nonsense"


def test_what_was_asked_long_ago_is_dropped(store: SqlStore) -> None:
    ask(store, YES, ago=2 * HOUR)
    ask(store, PROSE, ago=MINUTE)
    with store.begin() as tx:
        assert tx.advice.prune(NOW - HOUR, 9) == 1
        assert tx.advice.known(KEY) is None
    assert record(store).asked == 1
