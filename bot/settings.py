"""The process: ``chipwatch.toml`` under ``CHIPWATCH_…`` variables and a folder of secrets.

Built once by the command line, never at import. What is watched (feeds, topics, corpus) is the catalogue's.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeGuard, get_args, get_origin

from pydantic import BaseModel, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from bot.documents import TomlDocument, parse_toml, read_toml, translate, unknown
from bot.errors import ConfigError, ConfigErrors
from bot.rules import Alert, Digest
from bot.tables import (
    Alarms,
    Http,
    Judging,
    Log,
    Retention,
    Schedule,
    Server,
    Smtp,
    Storage,
)

FILE = "chipwatch.toml"
PREFIX = "CHIPWATCH_"
# Read by the command line itself, not settings of a table.
OWN_VARIABLES = frozenset({"CHIPWATCH_CONFIG", "CHIPWATCH_DATA", "CHIPWATCH_SECRETS"})
_OPEN_TABLES = {"channels": ("type",), "digests": ("schedule", "at", "every")}
"""Tables whose names the user chooses, and keys of which each inner one must have one."""
# Read by the test suite.
_TEST_VARIABLES = frozenset({"CHIPWATCH_SHARED", "CHIPWATCH_SHARED_REQUIRED"})


class Settings(BaseSettings):
    """Everything in ``chipwatch.toml``."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
    )

    storage: Storage = Storage()
    http: Http = Http()
    schedule: Schedule = Schedule()
    smtp: Smtp = Smtp()
    channels: dict[str, dict[str, Any]] = Field(default_factory=dict)
    alerts: tuple[Alert, ...] = ()
    digests: dict[str, Digest] = Field(default_factory=dict)
    alarms: Alarms = Alarms()
    judging: Judging = Judging()
    retention: Retention = Retention()
    server: Server = Server()
    log: Log = Log()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the library's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library's signature
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Variables win over secrets, secrets over the file (which comes in as arguments)."""
        folder = os.environ.get("CHIPWATCH_SECRETS")
        if not folder:
            return (env_settings, init_settings)
        secrets = NestedSecretsSettingsSource(
            file_secret_settings,
            secrets_dir=folder,
            secrets_dir_missing="error",
            secrets_prefix=PREFIX,
            secrets_nested_delimiter="__",
        )
        return (env_settings, secrets, init_settings)


def load_settings(config: Path) -> tuple[Settings, TomlDocument]:
    """Read ``chipwatch.toml`` in ``config``; without that file every setting has its default.

    Raises ConfigErrors.
    """
    path = config / FILE
    document = read_toml(path) if path.exists() else parse_toml("", path)
    strays = {stray.key: stray for stray in undefined(document, _names_from_outside())}
    try:
        settings = Settings(**document.data)
        if not strays:
            return settings, document
        raise ConfigErrors([*strays.values()])
    except SettingsError as error:
        # A list or table in a variable that is no JSON, or a folder of secrets that is not there.
        problems = [*not_json(os.environ)] or [ConfigError(str(error), file="environment")]
        raise ConfigErrors(problems) from None
    except ValidationError as error:
        problems = _name_variables(translate(document, error, Settings), error)
        # What a table lacks that nobody meant to have is not worth a line.
        tables = tuple(f"{table}.{name}." for table, name in map(_table_of, strays))
        others = [each for each in problems if not each.key.startswith(tables)]
        raise ConfigErrors([*strays.values(), *others]) from error


def undefined(document: TomlDocument, names: Mapping[str, str]) -> Iterator[ConfigError]:
    """Variables and secrets of a channel or digest that the file does not have, the first of each.

    One that is defined from outside as a whole says at least its type, or when it comes. ``names``: name of
    the variable or secret → where it is.
    """
    seen: set[tuple[str, str]] = set()
    for variable in sorted(names):
        table, name = _table_of(variable)
        required = _OPEN_TABLES.get(table, ())
        here = document.data.get(table)
        known = list(here) if isinstance(here, dict) else []
        given = {*map(str.upper, names)}
        whole = any(f"{PREFIX}{table}__{name}__{key}".upper() in given for key in required)
        if not (required and name) or name in map(str.lower, known) or whole or (table, name) in seen:
            continue
        seen.add((table, name))
        problem = f"{unknown(table.removesuffix('s'), name, known)} (in {document.path.name})"
        yield ConfigError(problem, file=names[variable], key=variable)


def _table_of(variable: str) -> tuple[str, str]:
    """``CHIPWATCH_CHANNELS__MAIL__TO`` → ``channels``, ``mail``."""
    table, _, rest = variable.upper().removeprefix(PREFIX).partition("__")
    return table.lower(), rest.partition("__")[0].lower()


def _names_from_outside() -> dict[str, str]:
    """Names of our variables, and of secrets in the folder of such → where each is."""
    found = {name: "environment" for name in os.environ if name.upper().startswith(PREFIX)}
    folder = os.environ.get("CHIPWATCH_SECRETS")
    if folder and Path(folder).is_dir():
        files = (each.name for each in Path(folder).iterdir() if each.name.upper().startswith(PREFIX))
        found |= dict.fromkeys(files, folder)
    return found


def _name_variables(problems: list[ConfigError], error: ValidationError) -> list[ConfigError]:
    """Where a variable set the offending value, name the variable and not the file."""
    named = []
    for problem, found in zip(
        problems, error.errors(include_input=False, include_context=False), strict=True
    ):
        variable = PREFIX + "__".join(str(part) for part in found["loc"]).upper()
        if variable in {name.upper() for name in os.environ}:
            named.append(ConfigError(problem.problem, file="environment", key=variable))
        else:
            named.append(problem)
    return named


def stray_variables(environ: Mapping[str, str]) -> Iterator[ConfigError]:
    """``CHIPWATCH_…`` variables that set nothing: the library passes them over in silence."""
    names = {path: "__".join(path).upper() for path in _setting_paths(Settings)}
    known = {PREFIX + name for name in names.values()}
    open_tables = tuple(PREFIX + table for table in ("CHANNELS__", "DIGESTS__"))
    for name in sorted(environ):
        upper = name.upper()
        if not upper.startswith(PREFIX) or upper in known | OWN_VARIABLES | _TEST_VARIABLES:
            continue
        if not upper.startswith(open_tables):
            yield ConfigError(
                unknown("variable", upper, sorted(known | OWN_VARIABLES)), file="environment", key=name
            )


def not_json(environ: Mapping[str, str]) -> Iterator[ConfigError]:
    """Variables that set a list or a table as a whole and are no JSON: the library names only the table."""
    for name in sorted(environ):
        kind = _kind_of(name) if name.upper().startswith(PREFIX) else None
        if get_origin(kind) is tuple:
            example = '["one", "two"]'
        elif get_origin(kind) is dict or _is_table(kind):
            example = '{"key": "value"}'
        else:
            continue
        try:
            json.loads(environ[name])
        except ValueError:
            yield ConfigError(f"must be JSON, such as {example}", file="environment", key=name)


def _kind_of(variable: str) -> object:
    """The type of what a variable sets; ``None`` where there is no such setting."""
    kind: object = Settings
    for part in variable.upper().removeprefix(PREFIX).lower().split("__"):
        if _is_table(kind):
            kind = info.annotation if (info := kind.model_fields.get(part)) else None
        else:
            kind = get_args(kind)[1] if get_origin(kind) is dict else None
    return kind


def _setting_paths(model: type[BaseModel], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, info in model.model_fields.items():
        yield (*above, name)
        if _is_table(info.annotation):
            yield from _setting_paths(info.annotation, (*above, name))


def _is_table(kind: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
