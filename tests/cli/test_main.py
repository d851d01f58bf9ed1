"""The command line as a whole: what is imported, what the help says, and both ways to call it."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from bot import __version__
from bot.cli.main import app
from tests.cli.calling import chipwatch

HEAVY = (
    "sqlalchemy",
    "alembic",
    "httpx",
    "feedparser",
    "jinja2",
    "uvicorn",
    "apscheduler",
    "trafilatura",
    "pydantic",
)
PROMISED = {
    "run", "demo", "init", "poll", "digest", "deliver", "items", "stories list", "why", "classify", "group",
    "parse", "eval", "health", "db upgrade", "deliveries list", "deliveries retry", "deliveries dead",
    "config check", "config show", "config schema", "corpus add", "corpus list", "corpus show",
    "corpus remove", "feeds list", "feeds add", "feeds remove", "feeds test", "feeds import",
    "feeds export",
}  # fmt: skip


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command that does something, as its words."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path
        return
    for name, each in inner.items():
        yield from commands(each, (*path, name))


COMMANDS = sorted(commands(typer.main.get_command(app)))


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def test_every_command_that_was_promised_is_there() -> None:
    assert PROMISED - {" ".join(words) for words in COMMANDS} == set()


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_help_of_a_command_fits_and_has_an_example(words: tuple[str, ...]) -> None:
    called = chipwatch(*words, "--help")
    assert called.status == 0
    assert max(map(len, called.out.splitlines())) <= 80
    assert re.search(rf"Example: (.*\| )?chipwatch {' '.join(words)}\b", " ".join(called.out.split()))
    assert "<bool>" not in called.out
    assert "…]" not in called.out
    assert called.out == chipwatch(*words, "-h").out


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_takes_both_folders(words: tuple[str, ...]) -> None:
    # A wrong option is told of before anything else is done.
    called = chipwatch(*words, "--config", "here", "--data", "there", "--nonsense")
    assert called.status == 2
    assert "No such option: --nonsense" in called.err


@pytest.mark.parametrize("words", [words for words in COMMANDS if words != ("parse",)], ids=" ".join)
def test_a_command_that_reads_the_configuration_says_which(words: tuple[str, ...]) -> None:
    own = {"demo", "init", "group", "config schema", "webhook schema"}
    assert ("--config" in chipwatch(*words, "--help").out) == (" ".join(words) not in own)


def test_the_help_of_the_whole_groups_the_commands() -> None:
    told = chipwatch("--help").out
    for panel in ("Watch", "Look", "Set up", "Filters (JSON Lines in, JSON Lines out)"):
        assert f"─ {panel} ─" in told
    assert "Start with: chipwatch demo" in told
    assert chipwatch().out.split() == told.split()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["pol"], "poll"),
        (["feeds", "ad"], "add"),
        (["poll", "--al"], "--all"),
        (["why"], "REF"),
        (["init"], "DIR"),
        ([], "Usage: chipwatch"),
        (["feeds"], "Usage: chipwatch feeds"),
    ],
)
def test_a_wrong_call_is_status_2_and_says_what_is_right(arguments: list[str], told: str) -> None:
    called = chipwatch(*arguments)
    assert called.status == 2
    assert told in called.err + called.out
    assert "Traceback" not in called.err


def test_the_version_is_the_package_s() -> None:
    called = chipwatch("--version")
    assert (called.status, called.out) == (0, f"chipwatch {__version__}\n")


def test_both_ways_to_call_it_are_one() -> None:
    script = Path(sys.executable).with_name("chipwatch")
    calls = ([sys.executable, "-m", "bot"], [str(script)])
    for arguments, status in ((["parse", "nowhere.xml"], 2), (["--version"], 0), (["parse", "--help"], 0)):
        by_module, by_name = (
            subprocess.run([*call, *arguments], capture_output=True, text=True, check=False) for call in calls
        )
        assert by_module.returncode == by_name.returncode == status
        assert (by_module.stdout, by_module.stderr) == (by_name.stdout, by_name.stderr)


def test_the_help_is_quick_because_nothing_heavy_is_imported() -> None:
    code = (
        "import sys\n"
        "from bot.cli.main import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        f"print(*(name for name in {HEAVY!r} if name in sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.split() == []
    assert "Start with: chipwatch demo" in done.stdout


def test_the_help_takes_less_than_half_a_second_of_processor_time() -> None:
    def spent() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    times = []
    for _ in range(3):
        before = spent()
        subprocess.run([sys.executable, "-m", "bot", "--help"], capture_output=True, check=True)
        times.append(spent() - before)
    assert min(times) < 0.5


def test_output_that_a_terminal_can_not_show_is_spelled_out(tmp_path: Path) -> None:
    """A title in Greek on a terminal that knows ASCII only."""
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "greek.md").write_text(
        '+++\ntitle = "Ένα πλοίο"\n+++\n\nText.\n', encoding="utf-8"
    )
    done = subprocess.run(
        [sys.executable, "-m", "bot", "corpus", "show", "greek", "--config", str(tmp_path)],
        capture_output=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(rb"\u0388\u03bd\u03b1")
