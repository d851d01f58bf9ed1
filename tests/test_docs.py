"""The documentation stays true: every setting, command, channel and signal, every link and example."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import BaseModel

from bot.catalogue import CorpusHeader, EntitiesFile, EntityTable, FeedsFile, FeedTable, TopicFile
from bot.channels import CHANNELS
from bot.channels.context import ChannelOptions
from bot.channels.templates import Footer
from bot.cli.main import app
from bot.configuration import make_judge, read_configuration
from bot.core.query import Lexicon, document, parse
from bot.core.signals import SIGNALS, VETOES
from bot.core.views import DigestView, SectionView, SourceView, StoryView
from bot.errors import QueryError
from bot.fetch import FAILURES
from bot.model import DeliveryState, Entity, Item
from bot.pipeline.triage import judge_item
from bot.rules import Alert, Digest
from bot.settings import OWN_VARIABLES, Settings, stray_variables
from bot.tables import Advisor, Dkim, Levels
from tests.fakes import START

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))

_ROW = re.compile(r"^\| `(?P<key>[^`]+)` \| (?P<default>[^|]*?) \|", re.MULTILINE)
_FENCE = re.compile(r"^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)|\bsrc(?:set)?=\"(?P<picture>[^\"]+)\"")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


def section(text: str, heading: str) -> str:
    """What stands under a heading, up to the next one."""
    assert f"# {heading}\n" in text, f"no section {heading}"
    return re.split(r"^#+ ", text.split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def fences(kind: str) -> Iterator[tuple[Path, str]]:
    for path in PAGES:
        for fence in _FENCE.finditer(path.read_text()):
            if fence["kind"] == kind:
                yield path, fence["text"]


# ── configuration.md: the very keys and defaults of the models ───────────────────────────────────

# Tables in which some keys are required: with these, the others have their defaults.
FILLED: Mapping[type[BaseModel], dict[str, Any]] = {
    Alert: {"topics": ["t"], "channels": ["c"]},
    Digest: {"topics": ["t"], "channels": ["c"], "at": "07:30"},
    FeedTable: {"url": "https://example.org/feed"},
    TopicFile: {"title": "t"},
    EntityTable: {"id": "e", "name": "e", "kind": "chip"},
    CorpusHeader: {"title": "t"},
    CHANNELS["email"].options: {"to": ["ann@example.org"]},
    CHANNELS["slack"].options: {"url": "https://example.org"},
    CHANNELS["discord"].options: {"url": "https://example.org"},
    CHANNELS["teams"].options: {"url": "https://example.org"},
    CHANNELS["mattermost"].options: {"url": "https://example.org"},
    CHANNELS["googlechat"].options: {"url": "https://example.org"},
    CHANNELS["telegram"].options: {"token": "123456:ABC", "chats": ["-1001"]},
    CHANNELS["matrix"].options: {"homeserver": "https://example.org", "token": "syt_x", "rooms": ["!room"]},
    CHANNELS["ntfy"].options: {"topic": "a-secret"},
    CHANNELS["apprise"].options: {"urls": ["json://example.org"]},
    CHANNELS["webhook"].options: {"url": "https://example.org", "secret": "whsec_" + "QUFB" * 10},
}
TABLES: Mapping[str, type[BaseModel]] = {
    **{
        f"`[{name}]`": info.annotation
        for name, info in Settings.model_fields.items()
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel)
    },
    **{f"`{kind}`": channel.options for kind, channel in CHANNELS.items()},
    "Every channel": ChannelOptions,
    "`[judging.advisor]`": Advisor,
    "`[smtp.dkim]`": Dkim,
    "`[log.levels]`": Levels,
    "`[[alerts]]`": Alert,
    "`[digests.NAME]`": Digest,
    "`[[feed]]`": FeedTable,
    "`topics/ID.toml`": TopicFile,
    "`[[entity]]`": EntityTable,
    "`corpus/ID.md`": CorpusHeader,
}


@pytest.mark.parametrize("heading", TABLES)
def test_every_setting_stands_in_configuration_md_with_its_default(heading: str) -> None:
    model = TABLES[heading]
    rows = {row["key"]: row["default"] for row in _ROW.finditer(section(page("configuration.md"), heading))}
    assert list(rows) == own_keys(model)
    filled = FILLED.get(model, {})
    usual = model.model_validate(filled)
    for key, shown in rows.items():
        if model.model_fields[key].is_required():
            assert shown == "required", key
        elif shown == "none":
            assert getattr(usual, key) is None, key
        else:
            value = tomllib.loads(f"value = {shown.strip('`')}")["value"]
            if key in filled:  # one of several, of which one is required
                assert list(value) == list(model.model_fields[key].default), key
                continue
            said = model.model_validate(filled | {key: value})
            assert getattr(said, key) == getattr(usual, key), key


def own_keys(model: type[BaseModel]) -> list[str]:
    """Without those that every channel has, which are told once."""
    common = ChannelOptions.model_fields if model is not ChannelOptions else ()
    return [key for key in model.model_fields if key not in common]


def test_every_table_of_the_settings_has_its_section() -> None:
    text = page("configuration.md")
    for name in Settings.model_fields:
        assert re.search(rf"^### `\[+{name}[\].]", text, re.MULTILINE), name


def test_channels_are_told_alike_on_both_pages() -> None:
    for kind, channel in CHANNELS.items():
        rows = [row["key"] for row in _ROW.finditer(section(page("delivery.md"), f"`{kind}`"))]
        assert rows == own_keys(channel.options), kind


def test_every_name_that_a_template_may_use_is_told() -> None:
    rows = section(page("delivery.md"), "Your own templates")
    told = set(re.findall(r"`(digest|section|story|source|footer)\.(\w+)`", rows))
    named = {
        "digest": {*(each.name for each in fields(DigestView)), "single"},
        "story": {each.name for each in fields(StoryView)},
        "source": {each.name for each in fields(SourceView)},
        "footer": {each.name for each in fields(Footer)},
    }
    assert told == {(holder, name) for holder, names in named.items() for name in names}
    assert all(f"`{each.name}`" in rows for each in fields(SectionView))


def test_the_variables_that_are_no_settings_are_named_and_no_other_is() -> None:
    named = {
        variable for path in PAGES for variable in re.findall(r"\bCHIPWATCH_[A-Z_]*[A-Z]\b", path.read_text())
    }
    assert named >= OWN_VARIABLES
    assert [str(problem) for problem in stray_variables(dict.fromkeys(named, ""))] == []


# ── commands ─────────────────────────────────────────────────────────────────────────────────────


def commands(command: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    """Every command that can be called, by its whole name."""
    subcommands = getattr(command, "commands", None)
    if subcommands is None:
        yield above, command
        return
    for name, inner in subcommands.items():
        yield from commands(inner, f"{above} {name}".strip())


COMMANDS = dict(commands(typer.main.get_command(app)))
BARE = {
    name: f"{name} {group.otherwise}"
    for name, group in typer.main.get_command(app).commands.items()  # type: ignore[attr-defined]
    if getattr(group, "otherwise", None)
}
"""Groups that are one of their commands when called without its name."""


def test_the_readme_lists_every_command_and_no_other() -> None:
    table = section((ROOT / "README.md").read_text(), "Commands")
    rows = re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`([^`]*)`", row)]
    assert sorted(named) == sorted(COMMANDS)


_CALL = re.compile(r"(?:^|\$ |[|(] *|exec chipwatch )(?:\S*/)?chipwatch ([a-z][^\n|#)<>]*)", re.MULTILINE)


def calls() -> Iterator[tuple[str, str]]:
    """Every ``chipwatch …`` that the pages show as code, without its first word."""
    for path in PAGES:
        text = path.read_text()
        code = [match["text"] for match in _FENCE.finditer(text)]
        code += re.findall(r"^    (.*)$", text, re.MULTILINE)
        code += re.findall(r"`(chipwatch [^`\n]*)`", text)
        for call in _CALL.findall("\n".join(code)):
            yield name_of(path), call.strip()


@pytest.mark.parametrize(("where", "call"), sorted(set(calls())))
def test_examples_call_commands_and_options_that_exist(where: str, call: str) -> None:
    words = shlex.split(call)
    possible = (" ".join(words[:2]), words[0], BARE.get(words[0]))
    name = next((name for name in possible if name in COMMANDS), None)
    assert name, f"{where}: no command {words}"
    options = {option for parameter in COMMANDS[name].params for option in parameter.opts}
    options |= {option for parameter in COMMANDS[name].params for option in parameter.secondary_opts}
    options |= {"--help", "-h"}
    used = {word.split("=")[0] for word in words if word.startswith("-") and word != "-"}
    assert used <= options, where


# ── registers ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("signal", ["prior", *SIGNALS, *VETOES])
def test_every_signal_and_veto_is_told(signal: str) -> None:
    assert f"\n| `{signal}` |" in page("judging.md")
    assert f"`{signal}`" in page("topics.md")


@pytest.mark.parametrize("state", DeliveryState)
def test_every_state_of_a_delivery_is_told(state: DeliveryState) -> None:
    assert f"\n| `{state.value}` |" in page("operations.md")


@pytest.mark.parametrize("kind", FAILURES)
def test_every_way_a_poll_fails_is_told(kind: str) -> None:
    assert f"\n| `{kind}` |" in page("operations.md")


def test_every_dependency_has_its_reason_and_no_other_is_told() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    listed = [
        *project["project"]["dependencies"],
        *(each for extra in project["project"]["optional-dependencies"].values() for each in extra),
        *project["dependency-groups"]["dev"],
    ]
    wanted = {str(re.match(r"[A-Za-z0-9-]+", each)[0]) for each in listed}  # type: ignore[index]
    told = set(re.findall(r"^\| `([^`]+)` \|", page("dependencies.md"), re.MULTILINE))
    assert told == wanted


def test_every_room_of_the_house_stands_in_architecture_md() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    for room in (room.strip() for layer in layers for room in layer.split("|")):
        assert f"`{room.removeprefix('bot.')}`" in page("architecture.md"), room


# ── pages ────────────────────────────────────────────────────────────────────────────────────────


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, made as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", _FENCE.sub("", path.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_links_lead_somewhere(path: Path) -> None:
    for link in _LINK.finditer(_FENCE.sub("", path.read_text())):
        address = link["target"] or link["picture"]
        if re.match(r"[a-z]+:", address):
            continue
        file, _, anchor = address.partition("#")
        target = (path.parent / file).resolve() if file else path
        assert target.exists(), address
        assert not anchor or anchor in anchors(target), address


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_files_that_are_named_exist(path: Path) -> None:
    named = re.findall(
        r"`((?:bot|docs|tests|config|bench)/[\w./-]+\.(?:py|md|toml|json|j2))`", path.read_text()
    )
    assert [name for name in named if "/ID." not in name and not (ROOT / name).exists()] == []


def test_every_page_can_be_found_from_the_readme() -> None:
    found, waiting = set[Path](), [ROOT / "README.md"]
    while waiting:
        path = waiting.pop()
        if path in found or path.suffix != ".md":
            continue
        found.add(path)
        for link in filter(None, (match["target"] for match in _LINK.finditer(path.read_text()))):
            target = (path.parent / link.partition("#")[0]).resolve()
            waiting += (
                sorted(target.glob("*.md")) if target.is_dir() else [target] if target.is_file() else []
            )
    assert set(PAGES) <= found


def test_decisions_are_numbered_and_dated() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    for path in DECISIONS:
        first, _, date, *_ = path.read_text().splitlines()
        assert first.startswith(f"# {int(path.name[:4])}. "), path.name
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", date), path.name
        headings = set(re.findall(r"^## (.*)$", path.read_text(), re.MULTILINE))
        assert headings >= {"What", "Why", "What else was weighed"}, path.name


# ── examples ─────────────────────────────────────────────────────────────────────────────────────

SCHEMAS: Mapping[str, type[BaseModel]] = {
    "chipwatch.toml": Settings,
    "feeds.toml": FeedsFile,
    "entities.toml": EntitiesFile,
}


@pytest.mark.parametrize(("path", "text"), list(fences("toml")))
def test_examples_of_files_can_be_read(path: Path, text: str) -> None:
    for name, part in files_of(text).items():
        table = tomllib.loads(part)
        model = SCHEMAS.get(name, TopicFile)
        if model is not Settings:
            model.model_validate(table)
            continue
        for key, value in table.items():
            info = Settings.model_fields[key]
            if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
                assert set(value) <= set(info.annotation.model_fields)


def files_of(text: str) -> dict[str, str]:
    """The files of a block of code: each begins with a comment that names it."""
    parts = re.split(r"^# ((?:topics/)?[\w-]+\.toml)$", text, flags=re.MULTILINE)
    assert parts[0] == "", "begins with the file's name"
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize(("path", "text"), list(fences("query")))
def test_examples_of_queries_match_and_fail_as_told(path: Path, text: str) -> None:
    """A line each: the query, then ``→`` and a text it matches, or ``↛`` and one it doesn't."""
    chips = (Entity(id="mtia", name="MTIA", kind="chip"), Entity(id="meta", name="Meta", kind="cloud"))
    lexicon = Lexicon(chips)
    for line in filter(None, map(str.strip, text.splitlines())):
        spelled, sign, told = (part.strip() for part in re.split(r"(→|↛|✗)", line))
        if sign == "✗":
            with pytest.raises(QueryError, match=re.escape(told)):
                parse(spelled, lexicon)
            continue
        read = document(told)
        found = parse(spelled, lexicon).match(read, lexicon.find(read))
        assert (found is not None) == (sign == "→"), line


def test_the_readmes_ten_lines_watch_another_subject(tmp_path: Path) -> None:
    (block,) = [text for path, text in fences("toml") if path.name == "README.md"]
    files = files_of(block)
    assert sum(bool(line.strip()) for part in files.values() for line in part.splitlines()) == 10
    for name, part in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(part)
    configuration = read_configuration(tmp_path, tmp_path / "data")
    assert configuration.channels
    assert configuration.alerts
    assert configuration.catalogue.feeds
    judge = make_judge(configuration.catalogue)
    found = {
        title: [verdict.matched for verdict in judge_item(judge, item(title))]
        for title in (
            "Volcano on Reykjanes erupts again, town evacuated",
            "How to bake a volcano cake with lava filling",
            "Chip maker reports results",
        )
    }
    assert list(found.values()) == [[True], [False], [False]]


def item(title: str) -> Item:
    return Item(
        id=title, feed_id="f", url="", canonical_url="", title=title, seen_at=START, content_hash=title
    )
