"""Answers on both engines: kept, adopted, withdrawn, and never lost."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as waited
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from bot.model import Answer
from bot.storage.engine import open_store
from bot.storage.store import SqlStore
from tests.storage.samples import HOUR, MINUTE, NOW, item


def answer(answer_id: str = "answer-1", **changes: Any) -> Answer:
    given: dict[str, Any] = {
        "id": answer_id,
        "item_id": "aaaaaa01",
        "topic_id": "mtia",
        "yes": True,
        "note": "not a chip: a snack\x00",
        "title": "A chip is announced",
        "summary": "In two sentences.",
        "body": "In many more.",
        "language": "en",
        "answered_at": NOW,
    }
    return Answer(**given | changes)


@pytest.fixture
def asked(store: SqlStore) -> SqlStore:
    with store.begin() as tx:
        tx.items.add([item()])
    return store


def test_every_field_comes_back_in_the_order_of_answering(asked: SqlStore) -> None:
    first = answer("b", note="why", adopted_at=NOW + MINUTE)
    second = answer("a", yes=False, note="", summary="", body="", language=None, answered_at=NOW - HOUR)
    with asked.begin() as tx:
        tx.feedback.add(first)
        tx.feedback.add(second)
        tx.feedback.add(answer("a", note="another of this id"))
    with asked.read() as tx:
        assert tx.feedback.answers() == (first, second)


def test_an_answer_is_pending_then_adopted_then_withdrawn(asked: SqlStore) -> None:
    with asked.begin() as tx:
        tx.feedback.add(answer())
        tx.feedback.add(answer("other"))
    with asked.begin() as tx:
        assert all(each.pending for each in tx.feedback.answers())
        tx.feedback.adopt(["answer-1"], NOW + MINUTE)
        tx.feedback.adopt(["answer-1"], NOW + HOUR)
    with asked.begin() as tx:
        (adopted, pending) = tx.feedback.answers()
        assert (adopted.adopted, adopted.adopted_at, pending.pending) == (True, NOW + MINUTE, True)
        tx.feedback.withdraw(["answer-1"], NOW + HOUR)
        tx.feedback.withdraw(["answer-1"], NOW + 2 * HOUR)
        tx.feedback.adopt(["answer-1"], NOW + 3 * HOUR)
    with asked.read() as tx:
        assert [each.id for each in tx.feedback.answers()] == ["other"]
        (gone, _) = tx.feedback.answers(withdrawn=True)
        assert (gone.adopted_at, gone.withdrawn_at) == (NOW + MINUTE, NOW + HOUR)
        assert not gone.adopted
        assert not gone.pending


def test_an_answer_is_about_an_item_that_is_stored(asked: SqlStore) -> None:
    with pytest.raises(IntegrityError), asked.begin() as tx:
        tx.feedback.add(answer(item_id="nobody"))


def test_nobody_answers_between_a_writer_s_look_at_the_answers_and_its_end(asked: SqlStore, url: str) -> None:
    # Triage compares the answers it judged with before it writes; feedback, those it revised verdicts with.
    other = open_store(url)

    def add() -> None:
        with other.begin() as tx:
            tx.feedback.add(answer())

    with ThreadPoolExecutor(1) as pool:
        with asked.begin() as tx:
            assert tx.feedback.answers() == ()
            adding: Future[None] = pool.submit(add)
            assert not waited([adding], timeout=0.2).done
            assert tx.feedback.answers() == ()
        adding.result(timeout=10)
    other.close()
    with asked.read() as tx:
        assert [each.id for each in tx.feedback.answers()] == ["answer-1"]


def test_only_answers_that_were_withdrawn_long_ago_lose_their_text(asked: SqlStore) -> None:
    with asked.begin() as tx:
        for name in ("stands", "young", "old"):
            tx.feedback.add(answer(name))
        tx.feedback.withdraw(["old"], NOW)
        tx.feedback.withdraw(["young"], NOW + HOUR)
        assert tx.feedback.prune(NOW + MINUTE) == 1
        assert tx.feedback.prune(NOW + MINUTE) == 0
        texts = {each.id: (each.title, each.body) for each in tx.feedback.answers(withdrawn=True)}
    whole = ("A chip is announced", "In many more.")
    assert texts == {"stands": whole, "young": whole, "old": ("A chip is announced", "")}
