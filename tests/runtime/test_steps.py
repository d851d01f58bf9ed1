from datetime import UTC, datetime, timedelta

from bot.runtime.steps import Heartbeat

START = datetime(2026, 3, 1, tzinfo=UTC)


def test_a_step_that_never_ends_is_named_once_its_limit_is_over() -> None:
    heartbeat = Heartbeat(started_at=START, limits={"poll": timedelta(minutes=5)})
    assert not heartbeat.troubles(START + timedelta(minutes=5))
    assert heartbeat.troubles(START + timedelta(minutes=6)) == {
        "poll": "has not ended since 2026-03-01 00:00:00 UTC"
    }


def test_the_reason_of_a_failing_step_is_told_and_forgotten_when_it_ends_well() -> None:
    heartbeat = Heartbeat(started_at=START, limits={"poll": timedelta(minutes=5)})
    heartbeat.failed("poll", "StoreBusy: locked")
    assert heartbeat.troubles(START + timedelta(minutes=6)) == {"poll": "StoreBusy: locked"}
    heartbeat.ended("poll", START + timedelta(minutes=6))
    assert not heartbeat.troubles(START + timedelta(minutes=6))
