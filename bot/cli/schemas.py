"""JSON Schemas of the configuration files, for editors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from bot.catalogue import CorpusHeader, EntitiesFile, FeedsFile, TopicFile
from bot.channels import CHANNELS
from bot.settings import Settings

_SINGLE = ("string", "integer", "number", "boolean")
_REFERENCE: Mapping[str, Any] = {
    "description": 'A value from outside the file: { env = "NAME" } or { file = "path" }.',
    "type": "object",
    "properties": {"env": {"type": "string"}, "file": {"type": "string"}},
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": False,
}


def configuration_schemas() -> dict[str, dict[str, Any]]:
    """JSON Schema of every configuration file by the file's name; values may be references to secrets."""
    process = Settings.model_json_schema()
    process["properties"]["channels"]["additionalProperties"] = {
        "oneOf": [_channel_schema(kind, channel.options) for kind, channel in CHANNELS.items()]
    }
    schemas = {
        "chipwatch": process,
        "feeds": FeedsFile.model_json_schema(),
        "topic": TopicFile.model_json_schema(),
        "entities": EntitiesFile.model_json_schema(),
        "corpus": CorpusHeader.model_json_schema(),
    }
    return {name: _finished(schema) for name, schema in schemas.items()}


def _channel_schema(kind: str, options: type[BaseModel]) -> dict[str, Any]:
    schema = options.model_json_schema()
    schema["properties"]["type"] = {"const": kind}
    schema["required"] = ["type", *schema.get("required", [])]
    return schema


def _finished(schema: dict[str, Any]) -> dict[str, Any]:
    finished = _referable(schema)
    finished["$defs"] = {**finished.get("$defs", {}), "Reference": _REFERENCE}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **finished}


def _referable(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with every single value in it also allowed to be a reference."""
    changed = dict(schema)
    for keyword in ("properties", "$defs"):
        if keyword in changed:
            changed[keyword] = {name: _referable(inner) for name, inner in changed[keyword].items()}
    for keyword in ("anyOf", "oneOf"):
        if keyword in changed:
            changed[keyword] = [_referable(inner) for inner in changed[keyword]]
    for keyword in ("items", "additionalProperties"):
        if isinstance(changed.get(keyword), dict):
            changed[keyword] = _referable(changed[keyword])
    if changed.get("type") not in _SINGLE:
        return changed
    told: dict[str, Any] = {
        key: changed.pop(key) for key in ("title", "description", "default") if key in changed
    }
    return {**told, "anyOf": [changed, {"$ref": "#/$defs/Reference"}]}
