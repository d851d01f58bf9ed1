"""All findings together: no network is said once, and many feeds take one line."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.diagnosis import FEEDS, count, gathered, summary, without_network
from bot.core.findings import fault, fine, warning
from bot.model import Finding, Level, Row


def row(finding: Finding, part: str = FEEDS, name: str = "https://a.example/rss") -> Row:
    return Row(part=part, name=name, finding=finding)


def lost(host: str) -> Finding:
    return replace(fault("no address", "look at its name", host=host), unreached=True)


def test_nobody_reached_is_no_network() -> None:
    local = row(fine("can be written"), "machine", "data folder")
    rows = [local, row(lost("a.example")), row(lost("b.example")), row(lost(""), "channels", "chat")]
    told = without_network(rows)
    assert told[0] is local
    assert [each.finding.found for each in told[1:]] == ["no network: 3 checks could not be made"]


@pytest.mark.parametrize(
    "answered",
    [
        fine("answers", host="c.example"),
        fault("404", "correct it", host="c.example"),
        fault("refused", "start it", host="10.0.0.7"),
    ],
)
def test_one_answer_from_elsewhere_means_that_there_is_a_network(answered: Finding) -> None:
    rows = [row(lost("a.example")), row(lost("b.example")), row(answered)]
    assert without_network(rows) == rows


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "127.8.9.1"])
def test_an_answer_from_this_machine_proves_no_network(host: str) -> None:
    rows = [row(lost("a.example")), row(lost("b.example")), row(fine("answers", host=host))]
    assert len(without_network(rows)) == 2


def test_one_name_that_is_not_found_is_that_names_fault() -> None:
    rows = [row(lost("a.example")), row(lost("a.example"))]
    assert without_network(rows) == rows


FINDINGS = st.sampled_from(
    [
        fine("12 items", host="a.example"),
        fault("status: HTTP 404", "find it", host="a.example"),
        fault("timeout", "wait", host="a.example"),
        warning("throttled", "wait", host="b.example"),
    ]
)


@given(st.lists(FINDINGS, max_size=40))
def test_feeds_take_few_lines_and_none_is_forgotten(findings: list[Finding]) -> None:
    rows = [row(each, name=f"https://a.example/{at}") for at, each in enumerate(findings)]
    other = row(fault("wrong password", "correct it", host="m.example"), "mail", "login")
    told = gathered([other, *rows])
    assert told[0] is other
    assert len(told) <= 1 + 1 + 3 * 5
    for level, remedy in {(each.level, each.remedy) for each in findings}:
        some = [each for each in told if (each.finding.level, each.finding.remedy) == (level, remedy)]
        wanted = Counter((each.level, each.remedy) for each in findings)[level, remedy]
        if level is Level.FINE:
            assert some[0].finding.found.startswith(f"{wanted} feed")
        elif wanted > 5:
            assert some[0].name == f"{wanted} feeds"
            assert f"and {wanted - 3} more" in some[0].finding.found
        else:
            assert len(some) == wanted


def test_a_feed_without_a_host_stands_by_itself() -> None:
    off = row(fine("2 feeds with enabled = false, not asked"), name="switched off")
    assert gathered([off]) == [off]


@pytest.mark.parametrize(
    ("levels", "told"),
    [
        ([Level.FINE], "all is well: 1 check"),
        ([Level.FINE] * 3, "all is well: 3 checks"),
        ([Level.FAULT, Level.FINE], "1 fault; 1 check is fine"),
        (
            [Level.WARNING, Level.WARNING, Level.FAULT, Level.FINE, Level.FINE],
            "1 fault, 2 warnings; 2 checks are fine",
        ),
        ([Level.WARNING], "1 warning; 0 checks are fine"),
    ],
)
def test_the_last_line(levels: list[Level], told: str) -> None:
    rows = [row(Finding(level=level, found="")) for level in levels]
    assert summary(rows) == told
    assert count(rows, Level.FAULT) == levels.count(Level.FAULT)
