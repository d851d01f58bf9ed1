from __future__ import annotations

import json
from dataclasses import replace

from bot.cli.spelled import matched, scores, spell_answer, spell_delivery, spell_item, spell_story
from bot.model import Answer
from tests.core.told import NOW, member, story, verdict
from tests.storage.samples import delivery, item


def test_the_best_score_of_each_topic_that_matched() -> None:
    verdicts = [
        verdict("a", "chips", 0.61),
        verdict("b", "deals", 0.9),
        verdict("b", "chips", 0.97),
        replace(verdict("b", "labs", 0.2), matched=False),
    ]
    assert matched(verdicts) == "chips 97%, deals 90%"
    assert matched([]) == ""
    assert scores(verdicts) == {"chips": 0.97, "deals": 0.9}


def test_nothing_is_spelled_that_is_of_no_use_to_a_program() -> None:
    assert "keys" not in spell_item(item())
    spelled = spell_delivery(delivery())
    assert "message" not in spelled
    assert spelled["subject"] == "Good news"
    answer = Answer(id="1", item_id="i", topic_id="t", title="A ferry", yes=True, answered_at=NOW)
    assert spell_answer(answer)["yes"] is True
    told = spell_story(story(member(1), member(2, copy_of=1)))
    assert [each["copy_of"] for each in told["items"]] == [None, "i1"]
    assert json.dumps(told["items"][0]["topics"]) == '{"chips": 0.9}'
