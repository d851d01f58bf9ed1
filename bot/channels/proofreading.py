"""Mistakes in a user's templates, found before anything is sent: by reading them, and by trying them out.

Reading follows what each name holds (``story`` in ``for story in section.stories`` is a StoryView), so that a
misspelled attribute is told with its line, whether or not a trial would come by it. What that can't tell,
rendering made-up digests does.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, TemplateError, TemplateSyntaxError, meta, nodes

from bot.documents import unknown
from bot.errors import ConfigError

Types = dict[str, Any]
"""Name → the type of what it holds; ``None`` where that isn't known."""

# What a filter gives of a tuple: another one of the same kind, or one of its values.
_SAME = frozenset({"list", "reject", "rejectattr", "reverse", "select", "selectattr", "sort", "unique"})
_ONE = frozenset({"first", "last", "max", "min", "random"})
# Whatever Python code of a template may raise.
_FAULTS = (
    TemplateError, TypeError, ValueError, LookupError, ArithmeticError, AttributeError, RecursionError,
)  # fmt: skip


def read_through(made: Environment, path: Path, given: Mapping[str, type]) -> Iterator[ConfigError]:
    """What can be told of one template without rendering. ``given``: the names that it may use."""
    try:
        source = path.read_text(encoding="utf-8")
        made.compile(source, filename=str(path))
        tree = made.parse(source)
    except TemplateSyntaxError as error:
        yield ConfigError(str(error.message), file=path, line=error.lineno)
        return
    except (OSError, UnicodeDecodeError):
        yield ConfigError("can't be read as UTF-8 text", file=path)
        return
    strange = meta.find_undeclared_variables(tree) - set(given)
    for node in tree.find_all(nodes.Name):
        if node.name in strange:
            strange.remove(node.name)
            yield ConfigError(unknown("name", node.name, list(given)), file=path, line=node.lineno)
    for line, problem in sorted(_Reading().walk(tree, dict(given))):
        yield ConfigError(problem, file=path, line=line)


def try_out(path: Path, trials: Mapping[str, Callable[[], object]]) -> Iterator[ConfigError]:
    """The first of these renderings of a template that fails, with the line where it does."""
    for of, render in trials.items():
        try:
            render()
        except _FAULTS as error:
            yield ConfigError(f"fails on {of}: {error}", file=path, line=line_of(error, path))
            return


def line_of(error: BaseException, path: Path) -> int | None:
    """Where in a template an error came about. Jinja writes the template's lines into the traceback."""
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


class _Reading:
    """Follows the types of names through a template's tree."""

    def walk(self, node: nodes.Node, names: Types) -> Iterator[tuple[int, str]]:
        match node:
            case nodes.Getattr():
                yield from self._check(node, node.attr, names)
            case nodes.Getitem(arg=nodes.Const(value=str() as key)):
                yield from self._check(node, key, names)
            case nodes.For():
                yield from self.walk(node.iter, names)
                inner = names | {"loop": None}
                _bind(node.target, _element(self.type_of(node.iter, names)), inner)
                for part in (node.test, *node.body):
                    yield from self.walk(part, inner) if part else ()
                for part in node.else_:
                    yield from self.walk(part, names)
                return
            case nodes.Assign():
                yield from self.walk(node.node, names)
                _bind(node.target, self.type_of(node.node, names), names)
                return
            case nodes.Macro() | nodes.CallBlock():
                names = names | {each.name: None for each in node.args}
            case nodes.With():
                inner = dict(names)
                for target, value in zip(node.targets, node.values, strict=True):
                    yield from self.walk(value, names)
                    _bind(target, self.type_of(value, names), inner)
                for part in node.body:
                    yield from self.walk(part, inner)
                return
        for child in node.iter_child_nodes():
            yield from self.walk(child, names)

    def _check(
        self, node: nodes.Getattr | nodes.Getitem, key: str, names: Types
    ) -> Iterator[tuple[int, str]]:
        holder = self.type_of(node.node, names)
        if holder is None or _has(holder, key):
            return
        shown = _spelled(node.node)
        if is_dataclass(holder):
            known = [f"{shown}.{name}" for name in _fields(holder)]
            yield node.lineno, unknown("name", f"{shown}.{key}", known)
        else:
            yield node.lineno, f'{shown} is no table of names: it has no "{key}"'

    def type_of(self, node: nodes.Node | None, names: Types) -> Any:
        """What an expression gives; ``None`` where that isn't known."""
        match node:
            case nodes.Name():
                return names.get(node.name)
            case nodes.Getattr():
                return _fields(self.type_of(node.node, names)).get(node.attr)
            case nodes.Getitem(arg=nodes.Slice()):
                return self.type_of(node.node, names)
            case nodes.Getitem(arg=nodes.Const(value=int())):
                return _element(self.type_of(node.node, names))
            case nodes.Filter(name=name) if name in _SAME:
                return self.type_of(node.node, names)
            case nodes.Filter(name=name) if name in _ONE:
                return _element(self.type_of(node.node, names))
        return None


def _bind(target: nodes.Node, held: Any, names: Types) -> None:
    """``for name in …``, ``for name, count in …``: note what the names hold."""
    match target:
        case nodes.Name():
            names[target.name] = held
        case nodes.Tuple():
            parts = typing.get_args(held)
            fitting = len(parts) == len(target.items) and Ellipsis not in parts
            for place, item in enumerate(target.items):
                _bind(item, parts[place] if fitting else None, names)


def _element(held: Any) -> Any:
    """What a tuple holds, where all of it is of one type."""
    parts = typing.get_args(held)
    return parts[0] if parts and (parts[1:] == (Ellipsis,) or len(set(parts)) == 1) else None


def _plain(held: Any) -> Any:
    return typing.get_origin(held) or held


def _has(held: Any, name: str) -> bool:
    return name in _fields(held) or hasattr(_plain(held), name)


def _fields(held: Any) -> Mapping[str, Any]:
    """A dataclass's fields and properties with their types; none of anything else."""
    if not (isinstance(held, type) and is_dataclass(held)):
        return types.MappingProxyType({})
    properties = {
        name: typing.get_type_hints(value.fget).get("return")
        for name, value in vars(held).items()
        if isinstance(value, property)
    }
    return typing.get_type_hints(held) | properties


def _spelled(node: nodes.Node | None) -> str:
    """As it stands in the template, or nearly."""
    match node:
        case nodes.Name():
            return node.name
        case nodes.Getattr():
            return f"{_spelled(node.node)}.{node.attr}"
        case nodes.Getitem():
            return f"{_spelled(node.node)}[…]"
        case nodes.Filter():
            return f"({_spelled(node.node)} | {node.name})"
    return "…"
