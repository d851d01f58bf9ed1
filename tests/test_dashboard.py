"""What Grafana and Prometheus are given: each metric in docs/ is one that a scrape has; none is left out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from bot.core.drift import Gauge
from bot.daemon.steps import EVERY
from bot.model import DeliveryState
from bot.model.census import Census
from bot.server import metrics
from bot.server.health import HealthServer
from bot.server.meters import DRIFT, Meters
from bot.storage.engine import open_store, upgrade
from tests.fakes import START

DOCS = Path(__file__).resolve().parent.parent / "docs"
DASHBOARD = json.loads((DOCS / "grafana.json").read_text())
_NAME = re.compile(r"\b(?:chipwatch|process)_[a-z_]+[a-z]\b(?!\")")
_ROW = re.compile(r"^\| `((?:chipwatch|process)_\w+)` \| (\w+) \| ([^|]*)\|", re.MULTILINE)
_BESIDE = {"le"}
"""Labels that every histogram has."""


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Metric]]:
    """A scrape over HTTP of a server on a real database, to which everything has happened once."""
    url = f"sqlite:///{tmp_path_factory.mktemp('scraped') / 'chipwatch.db'}"
    upgrade(url)
    store, meters = open_store(url), Meters()

    def count() -> Census:
        meters.expect(topics=["chips"], channels=["chat"], steps=EVERY)
        with store.read() as tx:
            return tx.census.take(START)

    meters.settled("chat", DeliveryState.SENT)
    meters.drifting([Gauge(name=name, topic_id="chips", value=1) for name in DRIFT])
    with meters.step("poll") as run:
        run.worked = True
    server = HealthServer("127.0.0.1", 0, dict, [metrics.route(meters, count)])
    try:
        text = httpx.get(f"http://127.0.0.1:{server.start()}/metrics").text
    finally:
        server.stop()
        store.close()
    yield {family.name: family for family in text_string_to_metric_families(text)}


def samples(scraped: Mapping[str, Metric]) -> dict[str, set[str]]:
    """Name of a sample, as queries call it → its labels."""
    found: dict[str, set[str]] = {}
    for family in scraped.values():
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def queries() -> Iterator[str]:
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            yield target["expr"]


def rules() -> list[str]:
    page = (DOCS / "metrics.md").read_text()
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return re.findall(r"expr: (.*)", block)


@pytest.mark.parametrize("query", [*queries(), *rules()])
def test_what_is_queried_is_there_and_so_are_its_labels(query: str, scraped: Mapping[str, Metric]) -> None:
    known = samples(scraped)
    named = set(_NAME.findall(query))
    assert named or query.startswith("up{"), "a query asks for something of ours"
    assert named <= known.keys()
    labels = set(re.findall(r"[{,](\w+)\s*(?:=~|!~|!=|=)", query))
    labels |= {name for by in re.findall(r"by \(([^)]*)\)", query) for name in by.split(", ")}
    told = set().union(*(known[name] for name in named)) | {"instance", "job"}
    assert labels <= told


def test_every_metric_is_documented_with_its_type_and_labels_and_no_other_is(
    scraped: Mapping[str, Metric],
) -> None:
    told = {
        name: (kind, set(re.findall(r"`(\w+)`", labels)))
        for name, kind, labels in _ROW.findall((DOCS / "metrics.md").read_text())
    }
    there = {}
    for family in scraped.values():
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = {label for sample in family.samples for label in sample.labels} - _BESIDE
        there[name] = (family.type, labels)
    assert told == there


def test_every_row_is_there_and_all_asks_the_prometheus_that_is_chosen() -> None:
    rows = [panel["title"] for panel in DASHBOARD["panels"] if panel["type"] == "row"]
    assert rows == ["Overview", "Polling", "Judging", "Delivery", "Latency", "Process"]
    assert DASHBOARD["templating"]["list"][0]["name"] == "DS_PROMETHEUS"
    assert all(source["uid"] == "${DS_PROMETHEUS}" for source in sources(DASHBOARD["panels"]))


def sources(value: Any) -> Iterator[Any]:
    """Everything that is called a datasource, however deep."""
    if isinstance(value, dict):
        if "datasource" in value:
            yield value["datasource"]
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from sources(each)


def test_panels_lie_side_by_side_and_each_has_a_number_of_its_own() -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        for place in (
            (x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])
        ):
            assert place not in taken, (panel["title"], taken[place])
            assert place[0] < 24
            taken[place] = panel["title"]
    numbers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(numbers)) == len(numbers)
