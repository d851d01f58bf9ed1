"""What is measured, in the order in which one follows from another."""

from __future__ import annotations

from dataclasses import dataclass

from bench.polling.origin import Wanted

LATENCY = 0.1


@dataclass(frozen=True, kw_only=True)
class Scenario:
    name: str
    title: str
    origin: Wanted
    needed: bool = False
    """Brings a program's memory into the state that the others begin with: always run."""
    aside: bool = False
    """Leaves no traces: what the program remembers is put back afterwards."""


SCENARIOS = (
    Scenario(name="first", title="first poll", origin=Wanted(), needed=True),
    # newsboat keeps validators from the second poll on.
    Scenario(name="second", title="second poll", origin=Wanted(), needed=True),
    Scenario(name="304", title="unchanged, 304", origin=Wanted()),
    Scenario(name="latency", title="unchanged, 304, 100 ms latency", origin=Wanted(latency=LATENCY)),
    Scenario(
        name="sick",
        title="the same, a tenth hangs, drips, resets",
        origin=Wanted(latency=LATENCY, sick=True),
        aside=True,
    ),
    Scenario(name="tenth", title="a tenth has one new entry", origin=Wanted(edition=1)),
    Scenario(name="all", title="every feed has one new entry", origin=Wanted(edition=2)),
    Scenario(
        name="same", title="unchanged, 200 with the same body", origin=Wanted(edition=2, validators=False)
    ),
)


def chosen(names: list[str]) -> list[Scenario]:
    """The scenarios named, and those that they need, in order."""
    unknown = set(names) - {scenario.name for scenario in SCENARIOS}
    if unknown:
        raise SystemExit(f"no such scenario: {', '.join(sorted(unknown))}")
    return [scenario for scenario in SCENARIOS if scenario.needed or not names or scenario.name in names]
