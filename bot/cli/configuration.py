"""``chipwatch config`` and ``chipwatch init``: the files, checked, shown and begun."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.commands import Commands
from bot.cli.options import CONFIG, DATA, AsJson, ConfigDir, DataDir, UnneededConfig, UnneededData
from bot.cli.output import note, print_json, say
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.configuration import Configuration

app = Commands("The configuration files.")

_MASK = "********"
_PASSWORD = re.compile(r"(?<=:)(?!//)[^:@/]*(?=@)|(?<=[?&]password=)[^&]*")
"""Inside a database's address."""
_LETS_IN = re.compile(r"key|token|secret|passw|auth|cookie|credential|header|signature", re.IGNORECASE)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that is new or empty.")],
    _config: UnneededConfig = None,
    _data: UnneededData = None,
) -> None:
    """Write a commented starter configuration.

    [dim]Example: chipwatch init config[/dim]
    """
    from bot.configuration import is_empty, write_starter

    if not is_empty(folder):
        raise UsageError(f"{folder} is not empty; name a new folder")
    write_starter(folder)
    say(f"{folder} is ready. What to do next:")
    say(f"  1. read {folder / 'chipwatch.toml'}: where messages go, and when")
    say(f"  2. chipwatch config check --config {folder}")
    say(f"  3. chipwatch run --config {folder}")
    say(f"Templates of your own go into {folder / 'templates'}: see docs/delivery.md.")


@app.command()
def check(config: ConfigDir = CONFIG, data: DataDir = DATA) -> None:
    """Check every file, alone and against the others; names file, line, key and remedy.

    [dim]Example: chipwatch config check[/dim]
    """
    from bot.configuration import is_empty, read_configuration, silences
    from bot.core.amounts import plural

    if config.is_dir() and is_empty(config):
        raise UsageError(f"{config} is empty; begin with: chipwatch init {config}")
    read = read_configuration(config, data)
    catalogue = read.catalogue
    counts = (
        ("feed", len(catalogue.feeds)),
        ("topic", len(catalogue.topics)),
        ("entity", len(catalogue.entities)),
        ("example article", len(catalogue.exemplars)),
        ("channel", len(read.channels)),
        ("alert", len(read.alerts)),
        ("digest", len(read.digests)),
    )
    say(f"{config} is sound: " + ", ".join(plural(count, noun) for noun, count in counts))
    if not (config / "chipwatch.toml").exists():
        note(f"chipwatch: {config} has no chipwatch.toml: nothing is told; chipwatch init DIR writes one")
    for line, _ in silences(read):
        note(f"chipwatch: {line}")


@app.command()
def show(config: ConfigDir = CONFIG, data: DataDir = DATA, as_json: AsJson = False) -> None:
    """Print every setting in force, secrets masked.

    [dim]Example: chipwatch config show[/dim]
    """
    import tomlkit

    from bot.configuration import read_configuration

    settings = _masked(read_configuration(config, data))
    if as_json:
        print_json(settings)
    else:
        say(tomlkit.dumps(settings).rstrip())


@app.command()
def schema(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write the schemas.")] = Path(
        "schemas"
    ),
    _config: UnneededConfig = None,
    _data: UnneededData = None,
) -> None:
    """Write JSON Schemas of all configuration files, for editors that complete and check TOML.

    [dim]Example: chipwatch config schema schemas[/dim]
    """
    from bot.cli.schemas import configuration_schemas

    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, described in configuration_schemas().items():
            path = folder / f"{name}.schema.json"
            path.write_text(json.dumps(described, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
            say(str(path))
    except OSError as error:
        raise UsageError(f"{folder} can't be written: {error.strerror}") from error


def _masked(configuration: Configuration) -> dict[str, Any]:
    """The settings as plain values; what came from outside the file is named and not shown."""
    shown: dict[str, Any] = configuration.settings.model_dump(mode="json", exclude_none=True)
    shown["storage"]["url"] = _PASSWORD.sub(_MASK, shown["storage"]["url"])
    for name, table in shown["channels"].items():
        for key in configuration.secret_options(name) & table.keys():
            table[key] = [_MASK] * len(table[key]) if isinstance(table[key], list) else _MASK
    advisor = shown["judging"]["advisor"]
    advisor["request"] = _without_keys(advisor["request"])
    for path, origin in configuration.document.origins.items():
        _put(shown, path, f"(from {origin})")
    return shown


def _without_keys(value: Any, name: str = "") -> Any:
    """A table of free form, with everything masked whose name says that it lets somebody in."""
    if isinstance(value, dict):
        return {key: _without_keys(inner, f"{name}.{key}") for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_keys(inner, name) for inner in value]
    return _MASK if isinstance(value, str) and _LETS_IN.search(name) else value


def _put(tree: Any, path: tuple[str | int, ...], value: str) -> None:
    for part in path[:-1]:
        tree = tree[part]
    tree[path[-1]] = value
