"""What each step counts and says in the log, on a bot whose clock, fetcher and channel the test holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from bot.daemon.steps import EVERY, shown, steps_of
from bot.model import Feed, FetchFailed, NotModified, Refused, Sent
from bot.runtime import local
from bot.runtime.steps import Heartbeat, Step
from bot.server.meters import RESULTS, Meters
from tests.pipeline.conftest import FEED, Bot, entry, opened_bot

FRESH = "Tue, 16 Jun 2026 06:50:00 GMT"


@dataclass
class Stepping:
    """A bot whose steps are run one by one."""

    bot: Bot
    meters: Meters
    heartbeat: Heartbeat
    steps: Mapping[str, Step]

    def run(self, *names: str) -> list[Any]:
        """Run steps; gives the lines they logged."""
        with structlog.testing.capture_logs() as lines:
            for name in names:
                assert local.run_step(self.steps[name], self.heartbeat)
        return lines

    def counted(self, name: str) -> dict[str, float]:
        """The samples of a metric, without those that are nothing: labels → value."""
        families = text_string_to_metric_families(generate_latest(self.meters.registry).decode())
        return {
            " ".join(value for _, value in sorted(sample.labels.items())): sample.value
            for family in families
            for sample in family.samples
            if sample.name == f"chipwatch_{name}" and sample.value
        }


@pytest.fixture
def stepping(tmp_path: Path) -> Iterator[Stepping]:
    with opened_bot(tmp_path) as bot:
        bot.deps = replace(bot.deps, guard=local.guard)
        meters = Meters()
        heartbeat = Heartbeat(limits=dict.fromkeys(EVERY, timedelta(hours=1)))
        steps = steps_of(lambda: bot.deps, heartbeat, EVERY, meters)
        yield Stepping(bot, meters, heartbeat, {step.name: step for step in steps})


def test_every_step_has_a_pace_and_one_with_nothing_to_do_says_nothing(stepping: Stepping) -> None:
    stepping.bot.fetcher.answers[FEED.url] = [NotModified()]
    assert stepping.steps.keys() == EVERY.keys()
    stepping.run("poll")
    assert stepping.run(*EVERY) == []
    assert set(stepping.counted("step_duration_seconds_count")) == {f"idle {name}" for name in EVERY}


def test_a_poll_counts_what_it_brought_and_how_long_that_was_out(stepping: Stepping) -> None:
    bot = stepping.bot
    bot.publish(
        entry("1", "Norvik ships an accelerator", published=FRESH),
        entry("2", "Rain in Ostren", published="Mon, 01 Jun 2026 06:00:00 GMT"),
    )
    polled, done = stepping.run("poll")
    assert (polled["event"], polled["log_level"], polled["result"], polled["new"]) == (
        "polled",
        "info",
        "new",
        2,
    )
    assert (done["event"], done["feeds"], done["items"]) == ("poll", 1, 2)
    assert stepping.counted("items_total") == {"new": 1, "baseline": 1}
    assert stepping.counted("detection_seconds_sum") == {"": 600}
    assert stepping.counted("polls_total") == {"new": 1}


def test_a_poll_without_news_is_told_to_those_who_debug(stepping: Stepping) -> None:
    bot, failed = stepping.bot, FetchFailed(kind="status", detail="HTTP 500")
    bot.publish(entry("1", "Rain in Ostren", published=FRESH))
    bot.fetcher.answers[FEED.url] += [NotModified(), failed]
    stepping.run("poll")
    bot.clock.pass_by(timedelta(days=1))
    (line,) = stepping.run("poll")
    assert (line["event"], line["log_level"], line["result"]) == ("polled", "debug", "unchanged")
    bot.clock.pass_by(timedelta(days=1))
    (line,) = stepping.run("poll")
    assert (line["log_level"], line["result"], line["detail"]) == ("info", "failed", "status: HTTP 500")
    assert stepping.counted("polls_total") == {"new": 1, "unchanged": 1, "failed": 1}
    assert stepping.counted("polls_total").keys() <= set(RESULTS)


def test_verdicts_stories_alerts_and_deliveries_are_counted(stepping: Stepping) -> None:
    bot = stepping.bot
    stepping.run("digest")
    bot.publish(
        entry("1", "Norvik ships an accelerator chip", "A first chip of its own.", FRESH),
        entry("2", "Norvik ships an accelerator chip", "A first chip of its own, at last.", FRESH),
        entry("3", "Rain in Ostren", "It rained all day.", FRESH),
    )
    stepping.run("poll", "triage")
    assert stepping.counted("verdicts_total") == {"matched chips": 2, "not-matched chips": 1}
    assert stepping.counted("stories_opened_total") == {"": 2}
    assert stepping.counted("stories_updated_total") == {"": 1}
    assert stepping.counted("messages_composed_total") == {"alert": 1}
    bot.clock.pass_by(timedelta(minutes=2))
    stepping.run("deliver")
    assert stepping.counted("deliveries_total") == {"chat sent": 1}
    assert stepping.counted("telling_seconds_sum") == {"alert": 120}
    bot.publish(entry("4", "Ostren buys silicon from Norvik", "A contract for years.", FRESH))
    bot.deps = replace(bot.deps, alerts=())
    bot.clock.pass_by(timedelta(minutes=58))
    stepping.run("poll", "triage")
    bot.clock.pass_by(timedelta(minutes=5))
    stepping.run("digest", "deliver")
    assert stepping.counted("messages_composed_total") == {"alert": 1, "digest": 1}
    assert stepping.counted("telling_seconds_sum") == {"alert": 120, "digest": 300}, (
        "told stories do not count"
    )


def test_what_is_not_delivered_is_counted_as_a_retry_and_as_an_end(stepping: Stepping) -> None:
    bot = stepping.bot
    answers = iter([Refused(reason="busy"), Refused(reason="no such room", permanent=True)])
    bot.channel.answer = lambda _key: next(answers)
    bot.publish(entry("1", "Norvik ships an accelerator chip", published=FRESH))
    stepping.run("poll", "triage")
    lines = stepping.run("deliver")
    assert [(line["event"], line["state"]) for line in lines if "state" in line] == [
        ("not delivered", "pending")
    ]
    bot.clock.pass_by(timedelta(minutes=2))
    stepping.run("deliver")
    assert stepping.counted("delivery_retries_total") == {"chat": 1}
    assert stepping.counted("deliveries_total") == {"chat dead": 1}
    assert stepping.counted("telling_seconds_count") == {}


def test_upkeep_measures_drift(stepping: Stepping) -> None:
    bot = stepping.bot
    bot.publish(entry("1", "Norvik ships an accelerator chip", published=FRESH))
    stepping.run("poll", "triage", "upkeep")
    assert stepping.counted("drift_recent_items") == {"chips": 1}


def test_a_step_that_fails_is_counted(stepping: Stepping) -> None:
    def broken() -> None:
        raise ValueError("a bug")

    steps = steps_of(broken, stepping.heartbeat, EVERY, stepping.meters)  # type: ignore[arg-type]
    with structlog.testing.capture_logs():
        assert not local.run_step(steps[0], stepping.heartbeat)
    assert stepping.counted("step_failures_total") == {"poll": 1}


def test_a_faulty_measurement_keeps_no_delivery_from_being_settled(stepping: Stepping) -> None:
    bot = stepping.bot
    bot.publish(entry("1", "Norvik ships an accelerator chip", published=FRESH))
    stepping.run("poll", "triage")

    def drop(_key: str) -> Sent:
        with bot.store.begin() as tx:
            tx.census._connection.exec_driver_sql("ALTER TABLE placements RENAME TO lost")
        return Sent()

    bot.channel.answer = drop
    lines = stepping.run("deliver")
    assert [line["event"] for line in lines] == ["set aside", "deliver"]
    assert stepping.counted("deliveries_total") == {"chat sent": 1}


def test_a_line_names_its_step_and_a_feed_without_its_password(stepping: Stepping) -> None:
    stepping.bot.publish(entry("1", "Rain in Ostren", published=FRESH))
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        local.run_step(stepping.steps["poll"], stepping.heartbeat)
    assert [(line["event"], line["part"]) for line in lines] == [("polled", "poll"), ("poll", "poll")]
    assert shown(Feed(id="f", url="https://ann:secret@harbor.example/rss")) == "https://harbor.example/rss"
    assert shown(Feed(id="f", url="https://[")) == "f"
