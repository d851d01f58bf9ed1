"""Configuration documents: TOML with the line of every key, so that a mistake is named where it stands."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, TypeAlias, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, ValidationError, WithJsonSchema
from pydantic_core import ErrorDetails

from bot.errors import ConfigError, ConfigErrors

KeyPath: TypeAlias = tuple[str | int, ...]
ModelT = TypeVar("ModelT", bound=BaseModel)

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(
    r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*="""
)
_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")
DURATION = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*([smhdw])\s*$")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_LONGEST = timedelta(days=36_500)
"""A time that far back still has a date."""


# Pydantic's names of mistakes → what to write, in the words of TOML.
_WORDS = {
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "dict_type": "must be a table",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "model_type": "must be a table",
    "string_type": "must be text in quotes",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be {le} or less",
    "string_pattern_mismatch": "holds what can't stand there",
    "tuple_type": "must be a list; of tables, write [[…]]",
}

# Messages of tomllib that leave a newcomer alone → what to look for.
_TOML_WORDS = {
    "Invalid value": "what stands after = can't be read; text needs quotes",
    "Cannot overwrite a value": "this key stands above already",
    "Cannot declare": "this table stands above already",
}


_ALIKE = 0.6
"""How like a valid word one must be to pass for a slip of it; at a half, “verbose” is taken for “error”."""
_TEXTS = ("string_type", "string_sub_type")


class Strict(BaseModel):
    """Base of all configuration tables: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def read_duration(spelled: str) -> timedelta:
    """``"15m"`` as a duration. Raises ValueError, with examples, for what is none."""
    match = DURATION.match(spelled)
    if not match:
        raise ValueError('write a duration as a number with s, m, h, d or w: "90s", "15m", "24h", "7d"')
    seconds = float(match[1]) * _SECONDS[match[2]]
    if seconds > _LONGEST.total_seconds():
        raise ValueError(f"a duration is {_LONGEST.days}d at most")
    return timedelta(seconds=seconds)


def _duration(value: object) -> object:
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return read_duration(str(value))
    return value


def spell_duration(value: timedelta) -> str:
    """The shortest spelling that reads back as the same duration: ``15m``, ``24h``."""
    seconds = value.total_seconds()
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{int(seconds // size)}{unit}"
    return f"{int(seconds)}s" if seconds.is_integer() else f"{seconds}s"


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(spell_duration),
    WithJsonSchema({"type": "string", "pattern": DURATION.pattern, "examples": ["15m", "24h"]}),
]


@dataclass(frozen=True, kw_only=True)
class TomlDocument:
    """A parsed TOML file. ``origins`` maps the path of a value that came from outside to its source."""

    path: Path
    data: dict[str, Any]
    text: str = field(default="", repr=False)
    first_line: int = 1
    """Line of the file on which ``text`` begins."""
    origins: Mapping[KeyPath, str] = field(default_factory=dict)

    @cached_property
    def lines(self) -> Mapping[KeyPath, int]:
        """Line of every key and table. Made when first asked: a file without a mistake needs none."""
        lines: dict[KeyPath, int] = {}
        for key, number in _locate(self.text):
            for length in range(1, len(key) + 1):
                lines.setdefault(key[:length], number + self.first_line - 1)
        return lines

    def line_of(self, path: KeyPath) -> int | None:
        """Line of a key, or of the nearest table around it."""
        for length in range(len(path), 0, -1):
            if (line := self.lines.get(path[:length])) is not None:
                return line
        return None

    def error(self, problem: str, path: KeyPath = ()) -> ConfigError:
        """An error that names this file, the key's line and the key."""
        return ConfigError(problem, file=self.path, line=self.line_of(path), key=spell_key(path))


def spell_key(path: KeyPath) -> str:
    """``("alerts", 0, "topics")`` → ``alerts[0].topics``."""
    spelled = ""
    for part in path:
        spelled += f"[{part}]" if isinstance(part, int) else f".{part}" if spelled else part
    return spelled


def read_toml(path: Path) -> TomlDocument:
    """Read a TOML file; raises ConfigErrors for what is no TOML or can't be read."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigErrors([ConfigError("not UTF-8 text; save it as UTF-8", file=path)]) from error
    except OSError as error:
        raise ConfigErrors([ConfigError(f"can't be read: {error.strerror}", file=path)]) from error
    return parse_toml(text, path)


def parse_toml(text: str, path: Path, *, first_line: int = 1) -> TomlDocument:
    """Parse TOML text that stands in ``path`` from line ``first_line`` on, and resolve its references."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        line = int(found[1]) + first_line - 1 if found else None
        said = re.sub(r" \(at .*\)$", "", str(error))
        problem = next((words for start, words in _TOML_WORDS.items() if said.startswith(start)), said)
        raise ConfigErrors([ConfigError(f"not valid TOML: {problem}", file=path, line=line)]) from error
    document = TomlDocument(path=path, data=data, text=text, first_line=first_line)
    origins: dict[KeyPath, str] = {}
    problems: list[ConfigError] = []
    resolved = _resolve(data, (), document, origins, problems)
    if problems:
        raise ConfigErrors(problems)
    return replace(document, data=resolved, origins=origins)


def validate(document: TomlDocument, model: type[ModelT], data: object = None, at: KeyPath = ()) -> ModelT:
    """Build ``model`` from the document (or from ``data``, which stands in it at ``at``).

    Raises ConfigErrors with one error a mistake, each with file, line, key and, for an unknown name,
    the nearest valid one.
    """
    try:
        return model.model_validate(document.data if data is None else data)
    except ValidationError as error:
        raise ConfigErrors(translate(document, error, model, at)) from error


def translate(
    document: TomlDocument, error: ValidationError, model: type[BaseModel], at: KeyPath = ()
) -> list[ConfigError]:
    """Pydantic's findings in our words. Values are left out: one of them may be a secret."""
    problems = []
    details = error.errors(include_url=False)
    for found, detail in zip(
        error.errors(include_url=False, include_input=False, include_context=False), details, strict=True
    ):
        path = at + tuple(found["loc"])
        if found["type"] == "extra_forbidden":
            problem = unknown("key", str(found["loc"][-1]), _names_at(model, found["loc"][:-1]))
        elif found["type"] == "missing":
            problem = "is missing" + _meaning(model, found["loc"])
        elif found["type"] == "literal_error":
            problem = _not_one_of(detail)
        elif isinstance(detail["input"], dict) and len(detail["input"]) == 1 and found["type"] in _TEXTS:
            problem = 'write it in quotes, or as { env = "NAME" } or { file = "path" }'
        else:
            problem = _in_our_words(detail) or found["msg"].removeprefix("Value error, ")
            if found["type"] == "string_pattern_mismatch":
                problem += _meaning(model, found["loc"])
        problems.append(document.error(problem[:1].lower() + problem[1:], path))
    return problems


def _in_our_words(detail: ErrorDetails) -> str:
    if detail["type"] == "tuple_type" and isinstance(detail["input"], str):
        return 'must be a list: ["…"]'
    bounds = {name: _spell_bound(bound) for name, bound in detail.get("ctx", {}).items()}
    return _WORDS.get(detail["type"], "").format(**bounds)


def _spell_bound(bound: object) -> str:
    """A number without a needless ``.0``; a duration comes as words: ``1 minute``."""
    return f"{bound:g}" if isinstance(bound, float) else str(bound)


def _not_one_of(detail: ErrorDetails) -> str:
    """The valid words, and the nearest one; a word from a short list is no secret, but it isn't repeated.

    The empty one, a default that nobody writes, is not among them.
    """
    valid = [word for word in re.findall(r"'([^']*)'", detail["ctx"]["expected"]) if word]
    near = difflib.get_close_matches(str(detail["input"]), valid, n=1, cutoff=_ALIKE)
    hint = f'; did you mean "{near[0]}"?' if near else ""
    return f"must be one of {', '.join(valid)}{hint}"


def unknown(kind: str, name: str, valid: Sequence[str]) -> str:
    """``unknown channel "slak"; did you mean "slack"?``."""
    near = difflib.get_close_matches(name, valid, n=1, cutoff=_ALIKE)
    if near:
        return f'unknown {kind} "{name}"; did you mean "{near[0]}"?'
    known = f"known are: {', '.join(sorted(valid))}" if valid else "there is none yet"
    return f'unknown {kind} "{name}"; {known}'


def _meaning(model: type[BaseModel], path: Sequence[str | int]) -> str:
    """``: the address of the webhook, https://…``, from what the code says of a key."""
    fields = _model_at(model, path[:-1]).model_fields
    described = fields[str(path[-1])].description if path[-1] in fields else None
    if not described:
        return ""
    words = " ".join(described.replace("``", "").split()).rstrip(".")
    return f": {words[:1].lower()}{words[1:]}"


def _names_at(model: type[BaseModel], path: Sequence[str | int]) -> list[str]:
    """Field names of the model that stands at ``path`` inside ``model``."""
    return [info.alias or name for name, info in _model_at(model, path).model_fields.items()]


def _model_at(model: type[BaseModel], path: Sequence[str | int]) -> type[BaseModel]:
    here: type[BaseModel] = model
    for part in path:
        if isinstance(part, str) and part in here.model_fields:
            nested = list(_models_in(here.model_fields[part].annotation))
            if nested:
                here = nested[0]
    return here


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _models_in(argument)


# ── where each key stands ────────────────────────────────────────────────────────────────────────


def _locate(text: str) -> Iterator[tuple[KeyPath, int]]:
    """Key path → line, for tables, arrays of tables and keys at the start of a line.

    tomllib keeps no positions. What stands inside a multi-line value is found at the value's first line.
    """
    table: KeyPath = ()
    counts: dict[KeyPath, int] = {}
    closing: str | None = None
    depth = 0
    for number, line in enumerate(text.splitlines(), start=1):
        if closing:
            closing = None if closing in line else closing
            continue
        if depth > 0:
            depth += _brackets(line)
            continue
        if header := _HEADER.match(line):
            table = _table_path(header[2], counts, is_array=header[1] == "[[")
            yield table, number
        elif key := _KEY.match(line):
            yield table + _parts(key[1]), number
            value = line[key.end() :]
            for quotes in ('"""', "'''"):
                if value.count(quotes) % 2:
                    closing = quotes
            depth = 0 if closing else max(0, _brackets(value))


def _table_path(name: str, counts: dict[KeyPath, int], *, is_array: bool) -> KeyPath:
    path: KeyPath = ()
    parts = _parts(name)
    for index, part in enumerate(parts):
        path += (part,)
        if is_array and index == len(parts) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path += (counts[path],)
    return path


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


def _brackets(text: str) -> int:
    """How many more brackets open than close, outside strings and comments."""
    bare = re.sub(r'"(?:\\.|[^"\\])*"|\'[^\']*\'|#.*$', "", text)
    return sum(bare.count(mark) for mark in "[{") - sum(bare.count(mark) for mark in "]}")


# ── values from outside ──────────────────────────────────────────────────────────────────────────


def _resolve(
    value: Any,
    path: KeyPath,
    document: TomlDocument,
    origins: dict[KeyPath, str],
    problems: list[ConfigError],
) -> Any:
    """Replace every ``{ env = "NAME" }`` and ``{ file = "path" }`` by what it names."""
    match value:
        case {"env": str(name)} if len(value) == 1:
            origins[path] = f"environment variable {name}"
            if name not in os.environ:
                problems.append(document.error(f"the environment variable {name} is not set", path))
            return os.environ.get(name, "")
        case {"file": str(name)} if len(value) == 1:
            origins[path] = f"file {name}"
            try:
                return (document.path.parent / name).read_text(encoding="utf-8").rstrip("\r\n")
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
                problems.append(document.error(f"the file {name} can't be read: {reason}", path))
                return ""
        case dict():
            return {
                key: _resolve(inner, (*path, key), document, origins, problems)
                for key, inner in value.items()
            }
        case list():
            return [
                _resolve(inner, (*path, at), document, origins, problems) for at, inner in enumerate(value)
            ]
        case _:
            return value
