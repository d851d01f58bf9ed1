"""Cadence: how soon new items are seen, beside other ways to choose when to poll, for as many polls.

    python bench/cadence.py     traces made up here, and real ones where the shared data sets are present

A trace says when the items of one feed appear and which dates they claim. A poll sees the latest 30; what
rolled out before any poll saw it is missed. Each way's pauses are stretched by one factor for all feeds, so
that all feeds together are polled as often as chipwatch polls them; pauses are from 5 minutes to 24 hours.

Made up, three weeks each: see ``MAKERS``. Captures: the dates in documents of live feeds, polled through the
later two thirds of them. Sequences: feeds captured eight times; what came between the first and the last.
The data sets are looked for beside the checkout, in ``shared``, or where CHIPWATCH_SHARED says.
"""

from __future__ import annotations

import json
import math
import os
import random
from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from pathlib import Path
from statistics import fmean
from typing import Any

from bot.core.cadence import expected, interval, next_poll, rhythm
from bot.core.intake import MOST_TIMES, PollPolicy
from bot.core.reading import read
from bot.errors import FeedError
from bot.model import FeedState, Item, ReadTask

SHARED = Path(os.environ.get("CHIPWATCH_SHARED", Path(__file__).resolve().parent.parent.parent / "shared"))
MINUTE, HOUR, DAY, WEEK = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(days=7)
START = datetime(2026, 2, 2, tzinfo=UTC)  # a Monday
END = START + 21 * DAY
TAKEN = datetime(2026, 9, 1, tzinfo=UTC)  # after the last capture
WINDOW = 30
BOUNDS = PollPolicy()


@dataclass(frozen=True)
class Trace:
    kind: str
    items: Sequence[tuple[datetime, datetime | None]]
    """When each appears, in order, and the date it claims."""
    start: datetime = START
    end: datetime = END


@dataclass
class Watch:
    """One feed as a bot sees it that polls now and then."""

    trace: Trace
    state: FeedState
    due: datetime
    known: int = 0
    polls: int = 0
    missed: int = 0
    dates: list[datetime] = field(default_factory=list)
    """Of all items seen; the state has the latest 50."""
    delays: list[timedelta] = field(default_factory=list)

    def poll(self) -> None:
        now, first, items = self.due, self.polls == 0, self.trace.items
        there = bisect_right(items, now, key=itemgetter(0))
        oldest = max(self.known, there - WINDOW)
        new = items[oldest:there]
        if not first:
            self.missed += oldest - self.known
            self.delays += [now - appeared for appeared, _ in new]
        dates = {min(date or now, now) for _, date in new if date or not first}
        for date in dates:
            insort(self.dates, date)
        quiet = 0 if new else self.state.quiet + 1
        latest = tuple(reversed(self.dates[-MOST_TIMES:]))
        self.state = replace(self.state, last_polled_at=now, published=latest, quiet=quiet)
        self.known, self.polls = there, self.polls + 1


Pause = Callable[[Watch], timedelta]
Worth = Callable[[Watch, datetime], float]


# ── traces ───────────────────────────────────────────────────────────────────────────────────────

_PAST, _LENGTH = -56 * 24.0, 21 * 24.0  # hours from START
Hours = Sequence[float | tuple[float, float | None]]
"""When items appear, in hours from START; as a pair with the date they claim, where that is another."""


def made_up() -> Iterator[Trace]:
    draw = random.Random(7)
    for kind, make in MAKERS.items():
        for hours in make(draw):
            pairs = [each if isinstance(each, tuple) else (each, each) for each in hours]
            pairs.sort(key=itemgetter(0))
            dates = (None if date is None else START + date * HOUR for _, date in pairs)
            yield Trace(kind, [(START + at * HOUR, date) for (at, _), date in zip(pairs, dates, strict=True)])


def at_random(draw: random.Random, a_day: float, start: float = _PAST, end: float = _LENGTH) -> list[float]:
    times, time = [], start
    while (time := time + draw.expovariate(a_day / 24)) < end:
        times.append(time)
    return times


def bursts(draw: random.Random, days: float, items: float, width: float) -> list[float]:
    starts = at_random(draw, 1 / days, end=_LENGTH - width)
    return [s + draw.random() * width for s in starts for _ in range(1 + int(draw.expovariate(1 / items)))]


def by_the_day(draw: random.Random, hours: Sequence[float], spread: float, working_days: bool) -> list[float]:
    days = [day for day in range(-56, 21) if not working_days or day % 7 < 5]
    return [24 * day + hour + draw.gauss(0, spread) for day in days for hour in hours]


MAKERS: Mapping[str, Callable[[random.Random], Iterator[Hours]]] = {
    "poisson": lambda draw: (at_random(draw, rate) for rate in (0.2, 0.5, 1, 2, 5, 10, 30, 100)),
    "bursty": lambda draw: (  # so many items on average within so many hours, then nothing for days
        bursts(draw, *shape)
        for shape in ((0.5, 6, 1), (1, 8, 2), (2, 15, 3), (3, 6, 0.5), (5, 20, 6), (7, 10, 1), (2, 30, 4))
    ),
    "daily": lambda draw: (  # at the same hours every day, or every working day
        by_the_day(draw, hours, spread, working_days)
        for hours, spread in (((7,), 0.05), ((9, 17), 0.2), ((10, 10.05, 10.1), 0.02))
        for working_days in (False, True)
    ),
    "office": lambda draw: (  # working hours on working days
        [time for time in at_random(draw, rate * 24 / 9) if 8 <= time % 24 < 17 and time // 24 % 7 < 5]
        for rate in (1, 3, 5, 10, 20, 50)
    ),
    "day": lambda draw: (  # at all hours, most by day
        [
            t
            for t in at_random(draw, 2 * rate)
            if draw.random() < 0.5 + 0.48 * math.sin((t - 9) * math.pi / 12)
        ]
        for rate in (5, 15, 30, 60, 120)
    ),
    "dying": lambda draw: (  # ever fewer
        [t for t in at_random(draw, rate) if draw.random() < 0.5 ** (max(t, 0) / 24 / days)]
        for rate, days in ((5, 3), (20, 4), (1, 7), (50, 5), (10, 2))
    ),
    "woken": lambda draw: (  # lively after 40 silent days
        at_random(draw, 1, end=-40 * 24) + at_random(draw, rate, start=24 * days)
        for rate, days in ((3, 7), (10, 5), (1, 3), (30, 14), (6, 10))
    ),
    "moved": lambda draw: (  # to another system, which gave all old items the date of the move
        [(time, time if time > 0 else -3.0) for time in at_random(draw, rate)] for rate in (0.3, 1, 2, 5, 20)
    ),
    "undated": lambda draw: ([(t, None) for t in at_random(draw, rate)] for rate in (0.5, 1, 3, 10, 40)),
    "misdated": lambda draw: (  # by some hours, two days, or into the next year
        [(time, time + wrong) for time in at_random(draw, rate)]
        for rate, wrong in ((1, 5), (5, -10), (20, 2), (2, -48), (10, 9000))
    ),
    "dead": lambda draw: (at_random(draw, 1, _PAST * 8, -24 * days) for days in (20, 35, 60, 90, 150, 300)),
}


def items_of(row: Mapping[str, Any]) -> Sequence[Item]:
    body = (SHARED / "feeds" / row["name"]).read_bytes()
    try:
        return read(
            ReadTask(feed_id="", body=body, content_type="", base_url="https://a.example", now=TAKEN)
        ).items
    except FeedError:
        return ()


def manifest() -> list[dict[str, Any]]:
    path = SHARED / "feeds" / "manifest.jsonl"
    if not path.exists():
        print(f"no real traces: {path} is not there")
        return []
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [row for row in rows if row["category"] == "real-news"]


def captures(rows: Sequence[Mapping[str, Any]]) -> Iterator[Trace]:
    """Of documents with ten dates or more, five of them and half a day in the part that is polled."""
    for row in rows:
        if row.get("sequence"):
            continue
        times = sorted({item.published for item in items_of(row) if item.published})
        if len(times) < 10:
            continue
        start = max(times[len(times) // 3], times[-1] - 60 * DAY)
        if times[-1] - start > DAY / 2 and sum(time > start for time in times) >= 5:
            yield Trace("captures", [(time, time) for time in times], start, times[-1] + HOUR)


def sequences(rows: Sequence[Mapping[str, Any]]) -> Iterator[Trace]:
    """What came between the first and the last capture, at the dates that it was given."""
    together = defaultdict(list)
    for row in rows:
        if row.get("sequence"):
            together[row["sequence"]].append(row)
    for captured in together.values():
        taken = sorted(datetime.fromisoformat(row["captured_at"]) for row in captured)
        dates = {item.id: item.published for row in captured for item in items_of(row)}
        times = sorted(time for time in dates.values() if time and time <= taken[-1])
        yield Trace("sequence", [(time, time) for time in times], taken[0] - HOUR, taken[-1])


# ── ways to choose the next poll ─────────────────────────────────────────────────────────────────


def pace(watch: Watch) -> timedelta | None:
    return rhythm(watch.state.published, watch.due)


def chipwatch(watch: Watch) -> timedelta:
    return interval(pace(watch), watch.state.quiet, BOUNDS)


def miniflux(watch: Watch) -> timedelta:
    """Seven days by the items of the last seven days; a day where there are none."""
    return WEEK / max(len(watch.dates) - bisect_right(watch.dates, watch.due - WEEK), 7)


def commafeed(watch: Watch) -> timedelta:
    """24, 12 or 6 hours after 30, 14 or 7 days of silence; else half the mean gap, 6 hours at most."""
    times = watch.dates[-WINDOW:]
    silence = (watch.due - times[-1]).days if times else 30
    for days, pause in ((30, DAY), (14, DAY / 2), (7, DAY / 4)):
        if silence >= days:
            return pause
    return min((times[-1] - times[0]) / (len(times) - 1) / 2, DAY / 4) if len(times) > 1 else DAY


def not_the_root(watch: Watch) -> timedelta:
    """Chipwatch, polling in proportion to the rate."""
    return pace(watch) or HOUR


def flatter(watch: Watch) -> timedelta:
    """Chipwatch, with the power 0.4 in place of the root."""
    return chipwatch(watch) / math.pow((pace(watch) or HOUR) / HOUR, 0.1)


def root_of_the_mean(watch: Watch) -> timedelta:
    """Chipwatch, with the mean gap in place of the quantile."""
    times = watch.state.published
    return interval(max((watch.due - times[-1]) / len(times), MINUTE), 0, BOUNDS) if times else HOUR


def by_the_count(watch: Watch) -> timedelta:
    """Chipwatch, slowing by a thirtieth with each poll that finds nothing."""
    return chipwatch(watch) * (1 + watch.state.quiet / 30)


def by_the_clock(watch: Watch) -> timedelta:
    """Chipwatch, quicker in the hours of the day in which the feed's items came, slower in the others."""
    came = [1.0] * 24
    for time in watch.state.published:
        for shift, share in ((-1, 0.25), (0, 0.5), (1, 0.25)):
            came[(time.hour + shift) % 24] += share
    left, begun = chipwatch(watch) / HOUR, watch.due.hour + watch.due.minute / 60
    moment = begun
    while moment - begun < 24:
        weight = math.sqrt(24 * came[int(moment) % 24] / sum(came))
        until = math.floor(moment) + 1
        if weight * (until - moment) >= left:
            return (moment + left / weight - begun) * HOUR
        left, moment = left - weight * (until - moment), until
    return DAY


PEERS: Mapping[str, Pause] = {"fixed": lambda _: HOUR, "Miniflux": miniflux, "CommaFeed": commafeed}
VARIANTS: Mapping[str, Pause] = {
    "rate, not root": not_the_root,
    "power 0.4, not root": flatter,
    "mean, not quantile": root_of_the_mean,
    "slowed by count": by_the_count,
    "hours of the day": by_the_clock,
}


def put_off(watch: Watch, way: Pause, factor: float = 1.0) -> None:
    """To its next poll. All but the peers keep phases and have jitter, as the bot has."""
    pause = min(max(way(watch) * factor, BOUNDS.min_interval), BOUNDS.max_interval)
    if way in PEERS.values():
        watch.due += pause
    else:
        jitter = math.modf(watch.polls * 0.618)[0]
        watch.due = next_poll(watch.state.feed_id, watch.due, pause, BOUNDS.min_interval, jitter)


# ── measuring ────────────────────────────────────────────────────────────────────────────────────


def begin(traces: Sequence[Trace]) -> list[Watch]:
    draw, watches = random.Random(1), []
    for number, trace in enumerate(traces):
        first = trace.start + draw.random() * HOUR
        watches.append(Watch(trace, FeedState(feed_id=str(number), url="", next_poll_at=first), first))
    return watches


def run(traces: Sequence[Trace], way: Pause, factor: float = 1.0) -> list[Watch]:
    watches = begin(traces)
    for watch in watches:
        while watch.due < watch.trace.end:
            watch.poll()
            put_off(watch, way, factor)
    return watches


def run_alike(traces: Sequence[Trace], way: Pause, polls: int) -> list[Watch]:
    """With the pauses stretched so that there are as many polls, within 1.5 %."""
    factor = 1.0
    for _ in range(20):
        watches = run(traces, way, factor)
        ratio = sum(watch.polls for watch in watches) / polls
        if abs(ratio - 1) < 0.015:
            break
        factor *= ratio
    return watches


def run_rationed(traces: Sequence[Trace], worth: Worth, an_hour: float) -> list[Watch]:
    """As chipwatch polls, but no more than so often an hour, the due feeds of most worth first."""
    watches, now, left = begin(traces), START, 0.0
    while now < END:
        now, left = now + 5 * MINUTE, left % 1 + an_hour / 12
        waiting = sorted((watch for watch in watches if watch.due <= now), key=lambda each: -worth(each, now))
        for watch in waiting[: int(left)]:
            watch.due = now
            watch.poll()
            watch.state = replace(watch.state, rhythm=pace(watch))
            put_off(watch, chipwatch)
    return watches


def longest_due(watch: Watch, now: datetime) -> float:
    return (now - watch.due) / HOUR


def most_expected(watch: Watch, now: datetime) -> float:
    return expected(watch.state, now)


def minutes(delays: Sequence[timedelta]) -> tuple[float, float]:
    """Mean and 90 % quantile."""
    if not delays:
        return math.nan, math.nan
    ordered = sorted(delays)
    return sum(ordered, timedelta()) / len(ordered) / MINUTE, ordered[int(0.9 * len(ordered))] / MINUTE


def show(name: str, watches: Sequence[Watch], kinds: Sequence[str]) -> None:
    by_kind: dict[str, list[timedelta]] = defaultdict(list)
    for watch in watches:
        by_kind[watch.trace.kind] += watch.delays
    mean, most = minutes([delay for delays in by_kind.values() for delay in delays])
    feeds = fmean(minutes(watch.delays)[0] for watch in watches if watch.delays)
    days = sum((watch.trace.end - watch.trace.start) / DAY for watch in watches)
    polls = sum(watch.polls for watch in watches) / days
    missed = sum(watch.missed for watch in watches)
    each = " ".join(f"{minutes(by_kind[kind])[0]:8.0f}" if by_kind[kind] else f"{'-':>8}" for kind in kinds)
    print(f"{name:20}{polls:7.1f}{mean:7.1f}{most:7.1f}{feeds:7.1f}{missed:7d}  {each}", flush=True)


def heading(text: str, kinds: Sequence[str]) -> None:
    columns = " ".join(f"{kind:>8}" for kind in kinds)
    print(f"\n{text}\n{'':20}{'a day':>7}{'mean':>7}{'p90':>7}{'feeds':>7}{'missed':>7}  {columns}")


def main() -> None:
    rows = manifest()
    traces = [*made_up(), *captures(rows), *sequences(rows)]
    kinds = list(dict.fromkeys(trace.kind for trace in traces))
    print(
        f"{len(traces)} feeds. Minutes from publication to first sight: mean and 90 % quantile of all items,"
    )
    print("mean of the feeds' means, mean by kind of feed.")
    heading("as many polls as chipwatch makes (a day and feed)", kinds)
    ours = run(traces, chipwatch)
    polls = sum(watch.polls for watch in ours)
    show("chipwatch", ours, kinds)
    for name, way in {**PEERS, **VARIANTS}.items():
        show(name, run_alike(traces, way, polls), kinds)
    heading("each at its own pace", kinds)
    for name, way in PEERS.items():
        show(name, run(traces, way), kinds)
    made = [trace for trace in traces if trace.start == START]
    an_hour = sum(watch.polls for watch in ours if watch.trace.start == START) / ((END - START) / HOUR) / 2
    heading(f"a budget of half as many polls, {an_hour:.0f} an hour for {len(made)} feeds", kinds)
    show("longest due first", run_rationed(made, longest_due, an_hour), kinds)
    show("most expected first", run_rationed(made, most_expected, an_hour), kinds)


if __name__ == "__main__":
    main()
