"""What may show nowhere, whatever a server answers; and who else can read it on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr

from bot.channels.unsubscribe import KEY_FILE
from bot.configuration import Configuration
from bot.core.findings import fine, warning
from bot.documents import KeyPath
from bot.model import Finding, Row

_SHORTEST = 6
"""A shorter one would be found inside of words."""
_EVERYBODY = 0o004
_MOUNTED = Path("/run/secrets")
"""Where container engines mount secrets, in each container its own."""


def hidden(rows: Iterable[Row], configuration: Configuration) -> list[Row]:
    """The rows without any secret of the configuration."""
    secrets = sorted(_secrets(configuration), key=len, reverse=True)
    return [replace(row, finding=_without(row.finding, secrets)) for row in rows]


def _without(finding: Finding, secrets: Iterable[str]) -> Finding:
    for secret in secrets:
        if secret in finding.found or secret in finding.remedy:
            finding = replace(
                finding,
                found=finding.found.replace(secret, "…"),
                remedy=finding.remedy.replace(secret, "…"),
            )
    return finding


def _secrets(configuration: Configuration) -> set[str]:
    document = configuration.document
    # What was put elsewhere than in the file was not meant to be seen, of whatever option it is.
    referred = {str(_at(document.data, path)) for path in document.origins}
    return {value for value in referred | configuration.secrets if len(value) >= _SHORTEST}


def _inside(configuration: Configuration) -> Iterator[tuple[KeyPath, str]]:
    """Every secret option that has a value, with its place in ``chipwatch.toml``."""
    yield from _of_model(configuration.settings, ())
    for name, table in configuration.settings.channels.items():
        for option in sorted(configuration.secret_options(name) & table.keys()):
            value = table[option]
            for each in value if isinstance(value, list) else [value]:
                yield ("channels", name, option), str(each)


def _of_model(model: BaseModel, above: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    for name in type(model).model_fields:
        match getattr(model, name):
            case SecretStr() as secret if secret.get_secret_value():
                yield (*above, name), secret.get_secret_value()
            case BaseModel() as inner:
                yield from _of_model(inner, (*above, name))


def _at(data: Mapping[str, Any], path: KeyPath) -> object:
    value: Any = data
    for part in path:
        value = value[part]
    return value


# ── who can read them ────────────────────────────────────────────────────────────────────────────


def check_readers(configuration: Configuration) -> list[Finding]:
    """Which files with secrets every account of this machine may read; nobody else's is looked at."""
    if os.name != "posix":
        return []
    files = sorted(set(_files(configuration)))
    findings = [
        warning(
            f"{file} holds a secret, and every account of this machine may read it",
            f"chmod o-r {file}",
        )
        for file in files
        if not file.is_relative_to(_MOUNTED) and _is_open(file)
    ]
    return findings or [fine("no file with secrets can be read by other accounts")]


def _files(configuration: Configuration) -> Iterator[Path]:
    document = configuration.document
    for origin in document.origins.values():
        if origin.startswith("file "):
            yield (document.path.parent / origin.removeprefix("file ")).resolve()
    if folder := os.environ.get("CHIPWATCH_SECRETS"):
        yield from (file.resolve() for file in Path(folder).iterdir() if file.is_file())
    for path, _ in _inside(configuration):
        if path not in document.origins and _stands_in(document.data, path):
            yield document.path.resolve()
    yield (configuration.data / KEY_FILE).resolve()


def _stands_in(data: Mapping[str, Any], path: KeyPath) -> bool:
    """Whether the file itself has the value, and no variable over it."""
    try:
        return bool(_at(data, path))
    except (KeyError, TypeError):
        return False


def _is_open(file: Path) -> bool:
    try:
        return bool(file.stat().st_mode & _EVERYBODY)
    except OSError:
        return False
