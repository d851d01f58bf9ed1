"""The command: make feeds, run every program through the scenarios, print tables and write the figures."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any

if not __package__:  # python bench/polling
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from bench.polling import feeds, report
from bench.polling.origin import Origin
from bench.polling.programs import CHIPWATCH, READER, Program, found
from bench.polling.runs import in_process, started_anew
from bench.polling.scenarios import SCENARIOS, chosen

QUICK = 100
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "chipwatch-bench"


def main() -> None:
    options = _options()
    count = QUICK if options.quick else options.feeds
    programs, missing = found(options.cache, options.install)
    programs = _picked(programs, options.peers)[options.without_us :]
    scenarios = chosen(options.scenarios or (["304", "tenth", "all", "same"] if options.quick else []))
    editions = options.cache / f"feeds-{count}"
    entries, size = feeds.make(editions, count)
    with tempfile.TemporaryDirectory(prefix="polling-") as scratch:
        folder = Path(scratch)
        origin = Origin(folder, editions)
        results: dict[str, Any] = {
            "feeds": count,
            "entries": entries,
            "bytes": size,
            "machine": f"{report.processor()}, {os.cpu_count()} cores, Python {platform.python_version()}",
            "origin": origin.name,
            "missing": missing,
            "versions": {program.name: program.version for program in programs},
            "started": [],
            "running": [],
        }
        print(report.head(results), flush=True)
        urls = [origin.url(number) for number in range(count)]
        for program in programs:
            if "started" in options.ways:
                rows = started_anew(program, scenarios, origin, urls, folder, options.limit)
                results["started"] += report.told("started", rows)
            if program.rounds and "running" in options.ways:
                judging = not options.no_judging
                rows = in_process(program, scenarios, origin, urls, folder, options.limit, judging)
                results["running"] += report.told("running", rows)
            if options.json:
                options.json.write_text(json.dumps(results, indent=1))
    print(report.tables(results))


def _picked(programs: list[Program], peers: list[str] | None) -> list[Program]:
    if peers is None:
        return programs
    return [program for program in programs if program.name in {CHIPWATCH, *peers}]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.polling", description=__doc__)
    parser.add_argument("--feeds", type=int, default=1000)
    names = ", ".join(scenario.name for scenario in SCENARIOS)
    parser.add_argument("--scenarios", nargs="+", metavar="NAME", help=names)
    parser.add_argument(
        "--peers", nargs="*", metavar="NAME", help=f"all that are found, if left out; such as {READER}"
    )
    parser.add_argument(
        "--ways", nargs="+", choices=("started", "running"), default=("started", "running"),
        help="start each program anew for each round, or keep one running",
    )  # fmt: skip
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} feeds and the short scenarios")
    parser.add_argument("--without-us", action="store_true", help="peers only")
    parser.add_argument("--no-judging", action="store_true", help="running: leave new items unjudged")
    parser.add_argument("--install", action="store_true", help="install the peers that are Python packages")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where feeds and peers are kept")
    parser.add_argument("--limit", type=float, default=900, help="seconds after which a round is given up")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    return parser.parse_args()


if __name__ == "__main__":
    main()
