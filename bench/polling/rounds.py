"""A program's steady state: one process that goes on running and is told when to do what.

    python -m bench.polling.rounds PROGRAM FOLDER          reads steps from stdin, answers in lines of JSON
    python -m bench.polling.rounds PROGRAM FOLDER --once   polls once and ends

Steps: ``poll`` what is due, ``judge`` what is new or ``skip`` it, ``wait`` until all is due again, ``tick`` a
hundred times while nothing is due. Answers hold wall and CPU seconds (worker processes included), feeds and
new items.
Runs in the interpreter that has the program, so it imports only that.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.polling import usage

WORKERS = 20
TICKS = 100
SKIPPED = 1000
"""Items at once."""
Step = Callable[[], Mapping[str, float]]


@contextmanager
def chipwatch(folder: Path) -> Iterator[Mapping[str, Step]]:
    """Our steps as the daemon runs them. Between two rounds the clock is put on until all feeds are due."""
    from datetime import datetime, timedelta

    from bot.app import opened
    from bot.configuration import SystemClock, read_configuration
    from bot.pipeline.poll import poll
    from bot.pipeline.triage import triage

    class Ahead(SystemClock):
        by = timedelta(0)

        def now(self) -> datetime:
            return super().now() + self.by

    clock = Ahead()
    with opened(read_configuration(folder / "config", folder / "data"), clock) as application:
        application.subscribe()
        deps = application.deps

        def poll_all() -> Mapping[str, float]:
            reports = [(report.plan.failed, len(report.plan.new)) for report in poll(deps)]
            return {
                "feeds": len(reports),
                "failed": sum(failed for failed, _ in reports),
                "items": sum(new for _, new in reports),
            }

        def judge() -> Mapping[str, float]:
            return {"items": triage(deps).items}

        def skip() -> Mapping[str, float]:
            """Count what is new as judged, without verdicts: for lists whose judging would take too long."""
            from bot.model import Judgement

            count = 0
            while True:
                with application.store.begin() as tx:
                    some = tx.items.unjudged(SKIPPED)
                    unread = [Judgement(item_id=item.id, content_hash=item.content_hash) for item in some]
                    tx.items.judge(unread, clock.now())
                count += len(some)
                if not some:
                    return {"items": count}

        def wait() -> Mapping[str, float]:
            # More than the longest interval and its jitter, far less than the day of a full fetch.
            clock.by += timedelta(hours=2.5)
            return {}

        def tick() -> Mapping[str, float]:
            return {"feeds": sum(1 for _ in range(TICKS) for _ in poll(deps))}

        yield {"poll": poll_all, "judge": judge, "skip": skip, "wait": wait, "tick": tick}


@contextmanager
def reader(folder: Path) -> Iterator[Mapping[str, Step]]:
    """lemon24/reader by its Python interface."""
    from reader import make_reader

    feeds = make_reader(str(folder / "reader.db"))

    def poll() -> Mapping[str, float]:
        results = list(feeds.update_feeds_iter(workers=WORKERS, scheduled=False))
        good = [each.value for each in results if not isinstance(each.value, Exception)]
        return {
            "feeds": len(results),
            "failed": len(results) - len(good),
            "items": sum(each.new for each in good if each),
        }

    yield {"poll": poll}
    feeds.close()


PROGRAMS = {"chipwatch": chipwatch, "reader": reader}


def main(program: str, folder: str, *flags: str) -> None:
    with PROGRAMS[program](Path(folder)) as steps:
        if "--once" in flags:
            steps["poll"]()
            return
        print(json.dumps({"steps": [*steps], "started": time.process_time()}), flush=True)
        for line in sys.stdin:
            began, used = time.monotonic(), usage.so_far()
            told = steps[line.strip()]()
            wall, cpu = time.monotonic() - began, usage.so_far() - used
            answer = {"wall": wall, "cpu": cpu, **told}
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
