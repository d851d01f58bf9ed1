from __future__ import annotations

import json
from dataclasses import replace
from datetime import time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.core.inforce import ALERT, CONFIGURED, DIGEST, digest_of, in_force, of_part, process
from bot.model import Feed
from tests.core.told import NOW, RULE, SPEC

NIGHT = (time(22), time(7))


@given(
    catch_up=st.timedeltas(timedelta(0), timedelta(days=400)),
    title=st.text(max_size=20),
    schedule=st.lists(st.sampled_from(["0 7 * * *", "*/30 * * * 1-5"]), min_size=1).map(tuple),
    send_empty=st.booleans(),
)
def test_a_digest_comes_back_from_json_as_it_was(
    catch_up: timedelta, title: str, schedule: tuple[str, ...], send_empty: bool
) -> None:
    spec = replace(SPEC, catch_up=catch_up, title=title, schedule=schedule, send_empty=send_empty)
    (kept,) = of_part(
        in_force(NOW, digests=[spec], alerts=[], channels={}, topics={}, settings={}, feeds=[]), DIGEST
    ).values()
    back = replace(kept, content=json.loads(json.dumps(kept.content)))
    assert digest_of(back) == spec


def test_what_another_version_wrote_otherwise_is_none() -> None:
    (kept,) = of_part(
        in_force(NOW, digests=[SPEC], alerts=[], channels={}, topics={}, settings={}, feeds=[]), DIGEST
    ).values()
    assert digest_of(replace(kept, content={"name": "daily", "when": "at dawn"})) is None


def test_all_of_it_is_json_and_names_its_part() -> None:
    quiet = replace(RULE, quiet=NIGHT)
    feeds = (
        Feed(id="a", url="https://a.example/"),
        Feed(id="b", url="https://b.example/", every=timedelta(hours=1)),
    )
    made = in_force(
        NOW,
        digests=[SPEC],
        alerts=[quiet],
        channels={"mail": {"type": "email", "fingerprint": "ab"}},
        topics={"chips": "v1"},
        settings={"http": {"per_host": 2}},
        feeds=feeds,
    )
    assert {each.part for each in made} == set(CONFIGURED)
    assert json.loads(json.dumps([dict(each.content) for each in made])) == [
        dict(each.content) for each in made
    ]
    assert of_part(made, ALERT)["now"].content["quiet"] == ["22:00:00", "07:00:00"]
    assert of_part(made, "feeds")["paced"].content == {"b": {"every": 3600.0, "language": None}}
    assert process(7, NOW).content["pid"] == 7
