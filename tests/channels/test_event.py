"""The JSON body: its schema holds for every digest, and says the same as the digest."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import jsonschema
from hypothesis import given, settings

from bot.channels.event import event
from bot.core.render import SHORT, Cut, clean
from bot.model import Digest
from tests.digests import digest, digests

SCHEMA: dict[str, Any] = json.loads(
    resources.files("bot.channels").joinpath("webhook.schema.json").read_text()
)


def test_the_published_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@given(digests())
@settings(max_examples=15, deadline=None)
def test_every_body_follows_the_schema(any_digest: Digest) -> None:
    body = json.loads(event(Cut(digest=clean(any_digest))))
    jsonschema.validate(body, SCHEMA)
    types = {"digest": "digest.ready", "alert": "alert.raised", "alarm": "alarm.raised"}
    assert body["type"] == types[any_digest.kind]
    told = [story["id"] for section in body["data"]["sections"] for story in section["stories"]]
    assert told == [story.id for story in any_digest.stories]


def test_every_key_that_is_written_is_described() -> None:
    """Nothing undocumented: the schema with ``additionalProperties`` off still accepts the body."""

    def closed(schema: Any) -> Any:
        if isinstance(schema, list):
            return [closed(part) for part in schema]
        if not isinstance(schema, dict):
            return schema
        inner = {key: closed(value) for key, value in schema.items()}
        return {**inner, "additionalProperties": False} if "properties" in schema else inner

    body = json.loads(event(Cut(digest=clean(digest(2)))))
    jsonschema.validate(body, closed(SCHEMA))


def test_a_cut_digest_says_less_and_says_so() -> None:
    body = json.loads(event(Cut(digest=digest(1), detail=SHORT, left_out=4)))
    story = body["data"]["sections"][0]["stories"][0]
    assert len(story["lead"]) <= SHORT.lead
    assert body["data"]["not_shown"] == 4
    assert body["timestamp"] == "2026-11-22T07:00:00Z"
