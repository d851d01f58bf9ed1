"""Odd exchanges, played step by step by a server: what they must not bring the bot to."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import pytest

from bot.model import Feed, FeedState
from bot.pipeline.poll import PollReport
from tests.e2e.captures import manifest
from tests.e2e.laboratory import Laboratory, feed_at, laboratory
from tests.e2e.processes import Watch, watched_memory
from tests.http_server import Answer, Request, http_server
from tests.shared import shared_path

Row: TypeAlias = dict[str, Any]

PATH = "/feed"
TOTAL = timedelta(seconds=2)
"""``total_timeout`` as these tests set it: for a body that drips or never ends."""
SECONDS, MEMORY = 5.0, 300 * 1000 * 1000
SETTINGS = """
[http]
allow_networks = ["127.0.0.1"]
host_gap = "0s"
total_timeout = "2s"
"""
RETURNS = 6
"""Polls after the exchange, each some hours later: enough to see a permanent redirect last for a day."""
APART = timedelta(hours=7)
LONGEST = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One poll, and what was known after it."""

    report: PollReport
    state: FeedState
    seconds: float
    asked: Sequence[Request]
    stored: int
    """Items in the database."""


@dataclass(frozen=True, kw_only=True)
class Played:
    """An exchange: its polls, then what came of polling on as if nothing had been."""

    row: Row
    feed: Feed
    visits: Sequence[Visit]
    returns: Sequence[Visit]
    notices: Sequence[str]
    entries: int
    """Entries that the bodies hold, as the manifest counts."""
    asked_when_due: Sequence[Request]
    """What a round asked of the server a month later, when whatever is polled at all is due."""
    memory: Watch


def scenarios() -> Sequence[Row]:
    lines = shared_path("feeds/hostile/http-scenarios.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def scripts(steps: Sequence[Row]) -> Mapping[str, Sequence[Answer]]:
    """Answers by path. A step after a redirect answers at its target; a redirect that none follows loops."""
    found: dict[str, list[Answer]] = {}
    path, redirected = PATH, False
    for step in steps:
        found.setdefault(path, []).append(answer(step))
        target = step.get("headers", {}).get("Location", "")
        redirected = target.startswith("/")
        path = target if redirected else path
    if redirected:
        found[path] = [answer(steps[0])]
    return found


def answer(step: Row) -> Answer:
    flood = {f"X-Flood-{number}": "x" * 40 for number in range(step.get("header_flood", 0))}
    file = step.get("body") or step.get("repeat_body_forever")
    return Answer(
        status=step["status"],
        headers={**step.get("headers", {}), **flood},
        body=shared_path(f"feeds/hostile/{file}").read_bytes() if file else b"",
        drip=1 / step["drip_bytes_per_s"] if "drip_bytes_per_s" in step else 0.0,
        endless="repeat_body_forever" in step,
    )


def polls(row: Row) -> int:
    """How many polls the exchange takes: its steps but for those that a redirect leads to."""
    relative = [step.get("headers", {}).get("Location", "").startswith("/") for step in row["steps"][:-1]]
    return 1 + relative.count(False)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Played]:
    with laboratory(tmp_path_factory.mktemp("lab"), SETTINGS) as lab:
        return {row["id"]: play(lab, row) for row in scenarios()}


def play(lab: Laboratory, row: Row) -> Played:
    with http_server() as server, watched_memory() as memory:
        for path, answers in scripts(row["steps"]).items():
            server.play(path, *answers)
        feed = feed_at(server.origin + PATH)
        with lab.visitor(feed) as visitor:

            def visit() -> Visit:
                before, start = len(server.requests), time.perf_counter()
                (report,) = visitor.poll()
                return Visit(
                    report=report,
                    seconds=time.perf_counter() - start,
                    state=visitor.state(feed),
                    asked=server.requests[before:],
                    stored=len(visitor.items()),
                )

            visits = [visit() for _ in range(polls(row))]
            returns = []
            if "remember_new_url" in row["must"]:
                for _ in range(RETURNS):
                    visitor.wait(APART)
                    returns.append(visit())
            visitor.wait(timedelta(days=30))
            before = len(server.requests)
            visitor.poll_due()
            return Played(
                row=row,
                feed=feed,
                visits=visits,
                returns=returns,
                notices=visitor.notices(feed),
                entries=sum(held(step) for step in row["steps"]),
                asked_when_due=server.requests[before:],
                memory=memory,
            )


def held(step: Row) -> int:
    names = {row["name"]: row for row in manifest()}
    row = names.get(f"hostile/{step.get('body')}")
    entries = row["expect"]["entries"] if row else 0
    return int(entries[0] if isinstance(entries, list) else entries)


def _bounded(case: Played) -> bool:
    quick = all(visit.seconds <= SECONDS for visit in case.visits)
    return quick and case.memory.most <= MEMORY and all(len(visit.asked) <= 6 for visit in case.visits)


def _refused(case: Played) -> bool:
    """Said as what it is, and nothing stored; the only requests were those to the test's own server."""
    (visit,) = case.visits
    return visit.state.last_result.startswith("refused") and not visit.stored and len(visit.asked) == 1


def _no_local_file(case: Played) -> bool:
    return _refused(case) and "root:" not in case.visits[0].state.last_result


def _keep_good(case: Played) -> bool:
    return case.visits[0].stored == case.entries > 0


def _remember_new_url(case: Played) -> bool:
    """Not after one answer, but once it has held for a day: told once, and nothing is new there."""
    moved = urlsplit(case.returns[-1].state.url).path == "/moved.xml"
    at_once = case.visits[0].state.url != case.feed.url
    last_asked = [request.path for request in case.returns[-1].asked]
    return (
        moved
        and not at_once
        and last_asked == ["/moved.xml"]
        and case.notices.count("moved") == 1
        and not any(visit.report.plan.new for visit in case.returns)
    )


def _bounded_backoff(case: Played) -> bool:
    waits = [
        visit.state.next_poll_at - (visit.state.last_polled_at or visit.state.next_poll_at)
        for visit in case.visits
    ]
    return all(timedelta(minutes=1) <= wait <= LONGEST for wait in waits)


def _stop_polling(case: Played) -> bool:
    return (
        case.visits[-1].state.disabled is not None
        and not case.asked_when_due
        and case.notices.count("gone") == 1
    )


def _no_crash(case: Played) -> bool:
    """Every poll said how it ended, and a later one asks again."""
    return all(visit.state.last_result != "never polled" for visit in case.visits) and bool(
        case.asked_when_due
    )


def _no_new_items(case: Played) -> bool:
    """Beyond those of the first body."""
    later = [visit for visit in case.visits if visit is not case.visits[0] or not case.entries]
    return not any(visit.report.plan.new for visit in later)


def _no_new_items_on_return(case: Played) -> bool:
    new = [len(visit.report.plan.new) for visit in case.visits]
    return new[0] > 0 and not any(new[1:]) and case.visits[-1].stored == new[0]


CHECKS: Mapping[str, Callable[[Played], bool]] = {
    "bounded": _bounded,
    "no_network_private": _refused,
    "no_local_file": _no_local_file,
    "keep_good": _keep_good,
    "remember_new_url": _remember_new_url,
    "bounded_backoff": _bounded_backoff,
    "stop_polling": _stop_polling,
    "no_crash": _no_crash,
    "no_new_items": _no_new_items,
    "no_new_items_on_return": _no_new_items_on_return,
}


def test_no_tag_of_the_scenarios_goes_unchecked() -> None:
    assert {tag for row in scenarios() for tag in row["must"]} == set(CHECKS)


@pytest.mark.parametrize("tag", sorted(CHECKS))
def test_odd_exchanges_do_no_harm(played: Mapping[str, Played], tag: str) -> None:
    every = [case for case in played.values() if tag in case.row["must"]]
    assert every
    assert not [(case.row["id"], case) for case in every if not CHECKS[tag](case)]


def test_a_second_body_brings_nothing_that_the_first_had(played: Mapping[str, Played]) -> None:
    churn = played["etag-churn"]
    assert [len(visit.report.plan.new) for visit in churn.visits] == [churn.entries // 2, 0]
