"""The house keeps its shape: sizes, mirrored tests, names, and a core without a clock or a world.

The arrows between rooms are contracts in ``pyproject.toml``, checked by ``make lint``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BOT = ROOT / "bot"
MODULES = sorted(path for path in BOT.rglob("*.py") if "migrations" not in path.parts)
MAX_FILE, MAX_FUNCTION = 400, 60
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "base"}
# What a pure function has no business with.
WORLDLY = {
    "os",
    "time",
    "random",
    "socket",
    "subprocess",
    "threading",
    "asyncio",
    "secrets",
    "uuid",
    "logging",
}


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_files_and_functions_stay_small(path: Path) -> None:
    source = path.read_text()
    assert len(source.splitlines()) <= MAX_FILE
    long = {
        function.name: function.end_lineno - function.lineno + 1
        for function in functions(ast.parse(source))
        if function.end_lineno and function.end_lineno - function.lineno + 1 > MAX_FUNCTION
    }
    assert not long


def test_every_module_has_its_tests_where_one_would_look() -> None:
    missing = [
        named(path)
        for path in MODULES
        if path.name != "__main__.py"
        and not (ROOT / "tests" / path.relative_to(BOT).parent / f"test_{path.stem}.py").exists()
        and list(functions(ast.parse(path.read_text())))  # without a function there is nothing to try
        and path.parent.name not in {"model", "ports"}  # nouns, ports and errors have no behaviour
        and path.name != "errors.py"
    ]
    assert not missing


def test_names_say_what() -> None:
    assert not [named(path) for path in MODULES if path.stem in VAGUE]


@pytest.mark.parametrize("path", [path for path in MODULES if "core" in path.parts], ids=named)
def test_the_core_is_pure(path: Path) -> None:
    tree = ast.parse(path.read_text())
    imported = {
        alias.name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    imported |= {
        node.module.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
    }
    assert not imported & WORLDLY
    clocks = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"now", "utcnow", "today"}
    ]
    assert not clocks


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_every_module_and_public_class_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text())), "a module begins with what it is for"


def test_broad_excepts_stand_only_around_a_unit_of_work() -> None:
    broad = [
        f"{named(path)}:{node.lineno}"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler)
        and (
            node.type is None
            or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"})
        )
    ]
    assert len(broad) <= 1, broad
    assert all(place.startswith("bot/runtime/") for place in broad), broad
