"""The schemas say what the loaders say; the loaders' own words are tested with the loaders."""

import tomllib
from datetime import date
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from bot.cli.schemas import configuration_schemas
from bot.configuration import starter_folder
from tests.cli.calling import SETTINGS

SCHEMAS = configuration_schemas()
SHIPPED = starter_folder()


def as_json(value: Any) -> Any:
    """TOML's values as an editor hands them to a JSON Schema."""
    match value:
        case dict():
            return {key: as_json(inner) for key, inner in value.items()}
        case list():
            return [as_json(inner) for inner in value]
        case date():
            return value.isoformat()
        case _:
            return value


def mistakes(name: str, text: str) -> list[str]:
    found = Draft202012Validator(SCHEMAS[name]).iter_errors(as_json(tomllib.loads(text)))
    return [error.json_path for error in found]


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_one_and_holds_what_it_refers_to(name: str) -> None:
    schema = SCHEMAS[name]
    Draft202012Validator.check_schema(schema)
    waiting: list[Any] = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if isinstance(part.get("$ref"), str):
                assert part["$ref"].removeprefix("#/$defs/") in schema["$defs"]
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)


@pytest.mark.parametrize("name", ["chipwatch", "feeds", "entities"])
def test_the_shipped_files_fit(name: str) -> None:
    assert mistakes(name, (SHIPPED / f"{name}.toml").read_text(encoding="utf-8")) == []


def test_the_shipped_topics_and_articles_fit() -> None:
    for path in (SHIPPED / "topics").glob("*.toml"):
        assert mistakes("topic", path.read_text(encoding="utf-8")) == [], path.name
    for path in (SHIPPED / "corpus").glob("*.md"):
        assert mistakes("corpus", path.read_text(encoding="utf-8").split("+++")[1]) == [], path.name


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("chipwatch", '[smtp]\npassword = { env = "SMTP_PASSWORD" }\nport = { file = "port" }\n'),
        ("chipwatch", '[channels.chat]\ntype = "slack"\nurl = { env = "SLACK" }\n'),
        ("chipwatch", '[channels.mail]\ntype = "email"\nto = [{ env = "ANN" }, "bob@harbor.example"]\n'),
        ("chipwatch", '[schedule]\nmin_interval = { env = "OFTEN" }\n'),
        ("chipwatch", SETTINGS.replace('schedule = "0 7 * * *"', 'at = ["07:00", "18:30"]')),
        ("chipwatch", SETTINGS.replace('schedule = "0 7 * * *"', 'at = "7:00"\nevery = "weekday"')),
        ("chipwatch", SETTINGS.replace('schedule = "0 7 * * *"', 'every = "2h"')),
        ("chipwatch", SETTINGS.replace('"0 7 * * *"', '{ env = "WHEN" }')),
        ("feeds", '[[feed]]\nurl = { file = "/run/secrets/feed" }\nlanguage = { env = "LANGUAGE" }\n'),
        ("topic", 'title = "Ferries"\nthreshold = { env = "THRESHOLD" }\nlanguages = [{ env = "L" }]\n'),
    ],
)
def test_a_value_may_be_a_reference_to_one_outside(name: str, text: str) -> None:
    assert mistakes(name, text) == []


@pytest.mark.parametrize(
    ("name", "text", "path"),
    [
        ("chipwatch", SETTINGS.replace("host_gap", "host_gpa"), "$.http"),
        ("chipwatch", SETTINGS.replace('"10000d"', '"10000 days"'), "$.schedule.baseline_age"),
        ("chipwatch", SETTINGS.replace('"files"', '"fils"'), "$.channels.folder"),
        ("chipwatch", SETTINGS.replace('schedule = "0 7 * * *"', 'at = "25:00"'), "$.digests.daily.at"),
        ("chipwatch", SETTINGS.replace("schedule =", "every ="), "$.digests.daily.every"),
        ("chipwatch", SETTINGS.replace('schedule = "0 7 * * *"', ""), "$.digests.daily"),
        ("chipwatch", '[smtp]\npassword = { env = "A", file = "b" }\n', "$.smtp.password"),
        ("chipwatch", '[smtp]\npassword = { evn = "A" }\n', "$.smtp.password"),
        ("feeds", '[[feed]]\ntitle = "no address"\n', "$.feed[0]"),
        ("feeds", '[[feed]]\nurl = "harbor.example"\n', "$.feed[0].url"),
        ("topic", 'title = "Ferries"\nthreshold = "high"\n', "$.threshold"),
        ("entities", '[[entity]]\nid = "A B"\nname = "A"\nkind = "company"\n', "$.entity[0].id"),
        ("corpus", 'title = "A pier"\ntopics = "ferries"\n', "$.topics"),
    ],
)
def test_a_mistake_is_one_to_an_editor_too(name: str, text: str, path: str) -> None:
    assert mistakes(name, text) == [path]


def test_every_setting_says_what_it_means_where_the_code_does() -> None:
    http = SCHEMAS["chipwatch"]["$defs"]["Http"]["properties"]
    assert "publisher" in http["contact"]["description"]
    assert http["concurrency"]["default"] == 50
