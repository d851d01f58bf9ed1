"""The programs that are compared: ours, and the peers that are there, each in its best configuration."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[2]
CHIPWATCH, READER = "chipwatch", "reader"
_SLOW_PEERS = 0.1
# reader's own copy of feedparser needs sgmllib3k and does not say so.
_PYTHON_PEERS = ("reader", "feed2exec", "sgmllib3k")
_TOML = """[http]
allow_networks = ["127.0.0.0/8"]

[schedule]
max_interval = "2h"

[channels.folder]
type = "files"
folder = "messages"

[[alerts]]
name = "now"
topics = ["chip-deals", "custom-silicon", "mtia"]
channels = ["folder"]
"""
_NEWSBOAT = """auto-reload no
reload-threads 50
cleanup-on-quit no
suppress-first-reload yes
error-log {folder}/error.log
"""
# The recipe of its README for validators.
_SFEED = """sfeedpath={folder}/feeds
maxjobs=32
fetch() {{
	etag="{folder}/etags/$(basename "$3")"
	curl -L --max-redirs 0 -H "User-Agent:" -f -s -m 15 --compressed \\
		--etag-save "$etag" --etag-compare "$etag" -z "$etag" "$2" 2>/dev/null
}}
feeds() {{
{feeds}
}}
"""
_RSS2EMAIL = """[DEFAULT]
from = bench@localhost
to = bench@localhost
email-protocol = maildir
maildir-path = {folder}
maildir-mailbox = mail
html-mail = True

"""
_FEED2EXEC = "[DEFAULT]\noutput = feed2exec.plugins.maildir\nmailbox = {folder}/mail\n\n"


@dataclass(frozen=True, kw_only=True)
class Program:
    name: str
    version: str
    command: Callable[[Path], Sequence[str]]
    """Folder → what polls everything once."""
    prepare: Callable[[Path, Sequence[str]], None]
    """Subscribes to addresses, in an empty folder."""
    stored: Callable[[Path], int]
    """Items in its database."""
    data: str = "."
    """Its database: a file or folder in its folder."""
    idle: Callable[[Path], Sequence[str]] | None = None
    """As ``command``, where nothing is due."""
    share: float = 1.0
    """Of the feeds; below 1 where all of them would take a quarter of an hour."""
    rounds: Sequence[str] = ()
    """What answers rounds in a running process (``rounds.py``); without the folder, which is added."""
    environment: Callable[[Path], Mapping[str, str]] = field(default=lambda _: {})

    def size(self, folder: Path) -> int:
        """Bytes on disk."""
        place = folder / self.data
        files = [place] if place.is_file() else [path for path in place.rglob("*") if path.is_file()]
        beside = place.parent.glob(f"{place.name}-wal") if place.is_file() else ()
        return sum(path.stat().st_size for path in (*files, *beside))


def found(cache: Path, install: bool) -> tuple[list[Program], list[str]]:
    """The programs that can run here, and a sentence on each that can't."""
    python = _peers_python(cache, install)
    wanted: list[tuple[str, Callable[[], Program | None], str]] = [
        ("newsboat", _newsboat, "apt-get install newsboat"),
        ("sfeed", _sfeed, "apt-get install sfeed curl"),
        ("rss2email", _rss2email, "apt-get install rss2email"),
        (READER, lambda: _reader(python), "pip install reader, into the peers' environment, or --install"),
        (
            "feed2exec",
            lambda: _feed2exec(python),
            "pip install feed2exec, into the peers' environment, or --install",
        ),
    ]
    programs, missing = [_chipwatch()], []
    for name, make, remedy in wanted:
        program = make()
        if program is None:
            missing.append(f"{name} is not here: {remedy}")
        else:
            programs.append(program)
    return programs, missing


def _peers_python(cache: Path, install: bool) -> Path:
    """The interpreter of the peers' own environment, made on request."""
    place = cache / "peers"
    python = place / "bin" / "python"
    if install:
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        quiet = ["-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([str(python), *quiet, *_PYTHON_PEERS], check=True)
    return python


def _installed(python: Path, package: str) -> str:
    if not python.exists():
        return ""
    ask = f"from importlib.metadata import version; print(version({package!r}))"
    asked = subprocess.run([str(python), "-c", ask], capture_output=True, text=True, check=False)
    return asked.stdout.strip()


def _said(*command: str) -> str:
    """The first line a program says of its version."""
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    return ((asked.stdout or asked.stderr).splitlines() or [""])[0]


def _packaged(package: str) -> str:
    """A Debian package's version, for programs that don't tell theirs."""
    return _said("dpkg-query", "-W", "-f", "${Version}", package) if shutil.which("dpkg-query") else ""


def _rows(query: str, name: str) -> Callable[[Path], int]:
    def count(folder: Path) -> int:
        database = sqlite3.connect(f"file:{quote(str(folder / name))}?mode=ro", uri=True)
        try:
            return int(database.execute(query).fetchone()[0])
        finally:
            database.close()

    return count


def _files_below(*parts: str) -> Callable[[Path], int]:
    def count(folder: Path) -> int:
        return sum(1 for path in folder.joinpath(*parts).rglob("*") if path.is_file())

    return count


# ── chipwatch ────────────────────────────────────────────────────────────────────────────────────


def _chipwatch() -> Program:
    from bot import __version__

    def prepare(folder: Path, urls: Sequence[str]) -> None:
        config = folder / "config"
        for name in ("topics", "corpus"):
            shutil.copytree(ROOT / "config" / name, config / name)
        shutil.copy(ROOT / "config" / "entities.toml", config)
        (config / "chipwatch.toml").write_text(_TOML)
        (config / "feeds.toml").write_text("".join(f'[[feed]]\nurl = "{url}"\n\n' for url in urls))

    def reach(folder: Path) -> list[str]:
        return ["--config", str(folder / "config"), "--data", str(folder / "data")]

    return Program(
        name=CHIPWATCH,
        version=__version__,
        prepare=prepare,
        command=lambda folder: [sys.executable, "-m", "bot", "poll", "--all", *reach(folder)],
        idle=lambda folder: [sys.executable, "-m", "bot", "poll", *reach(folder)],
        stored=_rows("SELECT count(*) FROM items", "data/chipwatch.db"),
        data="data/chipwatch.db",
        rounds=(sys.executable, "-m", "bench.polling.rounds", CHIPWATCH),
    )


# ── peers ────────────────────────────────────────────────────────────────────────────────────────


def _newsboat() -> Program | None:
    path = shutil.which("newsboat")
    if path is None:
        return None

    def prepare(folder: Path, urls: Sequence[str]) -> None:
        (folder / "urls").write_text("".join(f"{url}\n" for url in urls))
        (folder / "config").write_text(_NEWSBOAT.format(folder=folder))

    def command(folder: Path) -> list[str]:
        files = {"-u": "urls", "-C": "config", "-c": "cache.db"}
        options = [part for flag, name in files.items() for part in (flag, str(folder / name))]
        return [path, *options, "-q", "-x", "reload"]

    return Program(
        name="newsboat",
        version=_said(path, "--version").split(" - ")[0].removeprefix("newsboat "),
        prepare=prepare,
        command=command,
        stored=_rows("SELECT count(*) FROM rss_item", "cache.db"),
        data="cache.db",
        environment=lambda folder: {"HOME": str(folder)},
    )


def _sfeed() -> Program | None:
    path = shutil.which("sfeed_update")
    if path is None or shutil.which("curl") is None:
        return None

    def prepare(folder: Path, urls: Sequence[str]) -> None:
        (folder / "feeds").mkdir()
        (folder / "etags").mkdir()
        feeds = "".join(f"\tfeed 'feed{number}' '{url}'\n" for number, url in enumerate(urls))
        (folder / "sfeedrc").write_text(_SFEED.format(folder=folder, feeds=feeds))

    def stored(folder: Path) -> int:
        return sum(file.read_bytes().count(b"\n") for file in (folder / "feeds").iterdir())

    return Program(
        name="sfeed",
        version=_packaged("sfeed"),
        prepare=prepare,
        command=lambda folder: [path, str(folder / "sfeedrc")],
        stored=stored,
        data="feeds",
    )


def _rss2email() -> Program | None:
    path = shutil.which("r2e")
    if path is None:
        return None

    def prepare(folder: Path, urls: Sequence[str]) -> None:
        feeds = "".join(f"[feed.feed{number}]\nurl = {url}\n\n" for number, url in enumerate(urls))
        (folder / "rss2email.cfg").write_text(_RSS2EMAIL.format(folder=folder) + feeds)
        for part in ("cur", "new", "tmp"):
            (folder / "mail" / part).mkdir(parents=True)

    return Program(
        name="rss2email",
        version=_said(path, "--version").removeprefix("rss2email "),
        prepare=prepare,
        command=lambda folder: [path, "-c", f"{folder}/rss2email.cfg", "-d", f"{folder}/seen.json", "run"],
        stored=_files_below("mail"),
        share=_SLOW_PEERS,
    )


def _feed2exec(python: Path) -> Program | None:
    version = _installed(python, "feed2exec")
    if not version:
        return None

    def prepare(folder: Path, urls: Sequence[str]) -> None:
        feeds = "".join(f"[feed{number}]\nurl = {url}\n\n" for number, url in enumerate(urls))
        (folder / "feed2exec.ini").write_text(_FEED2EXEC.format(folder=folder) + feeds)

    def command(folder: Path) -> list[str]:
        files = ["--config", str(folder / "feed2exec.ini"), "--database", str(folder / "feed2exec.db")]
        return [str(python), "-m", "feed2exec", *files, "fetch", "--jobs", "2"]

    return Program(
        name="feed2exec",
        version=version,
        prepare=prepare,
        command=command,
        stored=_files_below("mail"),
        share=_SLOW_PEERS,
        environment=lambda folder: {"HOME": str(folder)},
    )


_SUBSCRIBE = """
import sys, reader
feeds = reader.make_reader(sys.argv[1])
for url in sys.stdin:
    feeds.add_feed(url.strip())
"""


def _reader(python: Path) -> Program | None:
    version = _installed(python, "reader")
    if not version:
        return None
    driver = [str(python), "-m", "bench.polling.rounds", READER]

    def prepare(folder: Path, urls: Sequence[str]) -> None:
        command = [str(python), "-c", _SUBSCRIBE, str(folder / "reader.db")]
        subprocess.run(command, input="\n".join(urls), text=True, check=True)

    return Program(
        name=READER,
        version=version,
        prepare=prepare,
        command=lambda folder: [*driver, str(folder), "--once"],
        stored=_rows("SELECT count(*) FROM entries", "reader.db"),
        data="reader.db",
        rounds=driver,
    )
