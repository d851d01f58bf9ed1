"""``/metrics`` of the real daemon: what was counted outlives a new configuration."""

from __future__ import annotations

import signal

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.cli.calling import NEWS, rss
from tests.daemon.house import FEED_TYPE, House, running
from tests.http_server import Answer, wait_until

MORE = '\n[channels.later]\ntype = "files"\n\n[log.levels]\ndaemon = "error"\n'


def scrape(port: int) -> dict[str, float]:
    answer = httpx.get(f"http://127.0.0.1:{port}/metrics")
    assert answer.status_code == 200
    return {
        " ".join([sample.name.removeprefix("chipwatch_"), *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_what_was_counted_outlives_a_new_configuration(house: House) -> None:
    feed = house.web.play("/rss", Answer(body=rss(*NEWS), headers=FEED_TYPE))
    port = house.watch(feed, schedule="0 7 * * *")
    with running(house) as daemon:
        wait_until(lambda: scrape(port)["deliveries_total alerts sent"] == 1, 15)
        before = scrape(port)
        house.watch(feed, schedule="0 7 * * *", more=MORE, port=port)
        daemon.asked(signal.SIGHUP)
        # Numbers of the database, and with them the names of channels, are told again for some seconds.
        wait_until(lambda: "deliveries_waiting later" in scrape(port), 15)
        after = scrape(port)
        log = daemon.ended()
    for name in ("polls_total new", "items_total new", "deliveries_total alerts sent"):
        assert before[name] >= 1
        assert after[name] >= before[name], name
    assert after["step_duration_seconds_count worked triage"] >= 1
    assert after["telling_seconds_count alert"] == 1
    assert "deliveries_waiting later" not in before
    assert after["feeds ok"] == 1
    told = [line["event"] for line in log if line["part"] == "daemon"]
    assert told == ["new database", "started"], "from then on, errors"
