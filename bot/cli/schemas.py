"""JSON Schemas of the configuration files, for editors."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from bot.catalogue import CorpusHeader, EntitiesFile, FeedsFile, TopicFile
from bot.channels import CHANNELS
from bot.settings import Settings

_SINGLE = {"string", "integer", "number", "boolean"}
_REFERENCE = {
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
    for schema in schemas.values():
        _allow_references(schema)
        schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return schemas


def _channel_schema(kind: str, options: type[BaseModel]) -> dict[str, Any]:
    schema = options.model_json_schema()
    schema["properties"]["type"] = {"const": kind}
    schema["required"] = ["type", *schema.get("required", [])]
    return schema


def _allow_references(schema: dict[str, Any]) -> None:
    """Let every single value also be ``{ env = "NAME" }`` or ``{ file = "path" }``."""
    waiting: list[Any] = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting.extend(part)
        if not isinstance(part, dict):
            continue
        for name, described in part.get("properties", {}).items():
            if isinstance(described, dict) and described.get("type") in _SINGLE:
                part["properties"][name] = {"anyOf": [described, _REFERENCE]}
        waiting.extend(part.values())
