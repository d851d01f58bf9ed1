"""Counters and histograms, as a scrape shows them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from bot.core.drift import Gauge
from bot.model import DeliveryState
from bot.server.meters import ENDS, Meters

Labels = Mapping[str, str]


@pytest.fixture
def meters() -> Meters:
    return Meters()


def samples(meters: Meters, name: str) -> dict[tuple[str, ...], float]:
    """Values of a label each, in the order of the labels' names."""
    families = text_string_to_metric_families(generate_latest(meters.registry).decode())
    return {
        tuple(value for _, value in sorted(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
        if sample.name == f"chipwatch_{name}"
    }


def test_polls_are_counted_by_result_and_what_was_waited_for_is_measured(meters: Meters) -> None:
    meters.polled("new", timedelta(seconds=2))
    meters.polled("new")
    meters.polled("failed", timedelta(seconds=20))
    counted = samples(meters, "polls_total")
    assert (counted["new",], counted["failed",], counted["gone",]) == (2, 1, 0)
    assert samples(meters, "fetch_duration_seconds_sum") == {(): 22}
    assert samples(meters, "fetch_duration_seconds_count") == {(): 2}


def test_items_verdicts_and_stories_are_counted(meters: Meters) -> None:
    meters.brought("new", 3)
    meters.brought("revised", 1)
    meters.judged({("chips", True): 2, ("chips", False): 5, ("ferries", False): 7})
    meters.placed(opened=2, joined=1)
    meters.composed("alert", 2)
    assert samples(meters, "items_total") == {("new",): 3, ("revised",): 1, ("baseline",): 0}
    assert samples(meters, "verdicts_total") == {
        ("matched", "chips"): 2,
        ("not-matched", "chips"): 5,
        ("not-matched", "ferries"): 7,
    }
    assert samples(meters, "stories_opened_total") == {(): 2}
    assert samples(meters, "stories_updated_total") == {(): 1}
    assert samples(meters, "messages_composed_total") == {("alert",): 2, ("digest",): 0}


def test_a_delivery_ends_once_and_is_tried_again_before(meters: Meters) -> None:
    for state in (DeliveryState.PENDING, DeliveryState.PENDING, DeliveryState.DEAD, DeliveryState.SENT):
        meters.settled("chat", state)
    assert samples(meters, "deliveries_total") == {("chat", "dead"): 1, ("chat", "sent"): 1}
    assert samples(meters, "delivery_retries_total") == {("chat",): 2}


def test_what_is_expected_is_told_before_it_happens(meters: Meters) -> None:
    for _ in range(2):
        meters.expect(topics=["chips"], channels=["chat"], steps=["poll"])
    assert samples(meters, "deliveries_total") == {("chat", state): 0 for state in ENDS}
    assert samples(meters, "verdicts_total") == {("matched", "chips"): 0, ("not-matched", "chips"): 0}
    assert samples(meters, "step_failures_total") == {("poll",): 0}


def test_latencies_have_buckets_up_to_days(meters: Meters) -> None:
    meters.seen(timedelta(minutes=4))
    meters.sent("alert", timedelta(seconds=20))
    meters.sent("digest", timedelta(hours=9))
    buckets = samples(meters, "detection_seconds_bucket")
    assert (buckets["120.0",], buckets["300.0",], buckets["604800.0",]) == (0, 1, 1)
    assert samples(meters, "telling_seconds_sum") == {("alert",): 20, ("digest",): 9 * 3600}


def test_a_step_that_worked_one_that_had_nothing_to_do_and_one_that_failed(meters: Meters) -> None:
    with meters.step("poll") as run:
        run.worked = True
    with meters.step("poll"):
        pass
    with pytest.raises(ValueError, match="a bug"), meters.step("digest"):
        raise ValueError("a bug")
    assert samples(meters, "step_duration_seconds_count") == {
        ("worked", "poll"): 1,
        ("idle", "poll"): 1,
        ("failed", "digest"): 1,
    }
    assert samples(meters, "step_failures_total") == {("digest",): 1}
    assert samples(meters, "step_last_end_timestamp_seconds").keys() == {("poll",)}


def test_drift_is_told_as_it_was_computed_last(meters: Meters) -> None:
    meters.drifting([Gauge(name="drift_alarms", topic_id="ferries", value=2)])
    meters.drifting(
        [
            Gauge(name="drift_alarms", topic_id="chips", value=0),
            Gauge(name="drift_recent_near_ratio", topic_id="chips", value=0.05),
        ]
    )
    assert samples(meters, "drift_alarms") == {("chips",): 0}
    assert samples(meters, "drift_recent_near_ratio") == {("chips",): 0.05}


def test_the_process_tells_what_it_is_and_what_it_uses(meters: Meters) -> None:
    told = generate_latest(meters.registry).decode()
    for name in ("process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds"):
        assert f"\n{name} " in told
    assert list(samples(meters, "build_info").values()) == [1]
    assert "_created" not in told
