"""An update of a story stands where its first alert stood: from the poll to what each service was sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.pipeline.alert import alert
from bot.pipeline.deliver import deliver
from tests.channels.worlds import KINDS
from tests.pipeline.conftest import Bot, entry, opened_bot
from tests.pipeline.test_digest import DEAL, take_in

NEWS = entry("5", "Ostren takes over a chip designer for more", "The price is $450 million, says Ostren.")


def answers_telegram(first: Mapping[str, Any], update: Mapping[str, Any]) -> bool:
    replied = {"message_id": 1, "allow_sending_without_reply": True}
    return "reply_parameters" not in first and update["reply_parameters"] == replied


def answers_matrix(first: Mapping[str, Any], update: Mapping[str, Any]) -> bool:
    there = update["m.relates_to"]
    return "m.relates_to" not in first and (there["rel_type"], there["event_id"]) == ("m.thread", "$event1")


def answers_googlechat(first: Mapping[str, Any], update: Mapping[str, Any]) -> bool:
    return bool(first["thread"]["threadKey"]) and first["thread"] == update["thread"]


@pytest.fixture
def bot(tmp_path: Path) -> Any:
    with opened_bot(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize(
    ("name", "answers"),
    [("telegram", answers_telegram), ("matrix", answers_matrix), ("googlechat", answers_googlechat)],
)
def test_an_update_answers_the_first_alert(bot: Bot, name: str, answers: Any, tmp_path: Path) -> None:
    with KINDS[name].open(tmp_path) as world:
        deps = replace(bot.deps, channels={"chat": world.channel})
        for news in ([DEAL], [DEAL, NEWS]):
            take_in(bot, *news)
            assert alert(deps) == 1
            deliver(deps)
            bot.clock.pass_by(timedelta(minutes=30))
        first, update = map(json.loads, world.received())
    assert answers(first, update)
    shown = json.dumps(update, ensure_ascii=False)
    assert "UPDATED" in shown
    assert "$450 million" in shown
