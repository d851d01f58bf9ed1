import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.configuration import starter_folder
from tests.cli.calling import ENTITIES, SETTINGS, TOPIC, chipwatch, write_config

SECRET = "s3cret-and-never-shown"
MATTER = '+++\ntitle = "A pier"\n{}\n+++\n\nIt is long.\n'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_config(tmp_path / "config", feeds=["https://harbor.example/rss"])


# ── check ────────────────────────────────────────────────────────────────────────────────────────


def test_a_sound_configuration_is_counted(config: Path) -> None:
    called = chipwatch("config", "check", "--config", config)
    assert called.status == 0
    assert (
        "is sound: 1 feed, 1 topic, 1 entity, 4 example articles, 1 channel, 0 alerts, 1 digest" in called.out
    )


def test_an_empty_folder_is_called_so_and_how_to_begin(tmp_path: Path) -> None:
    called = chipwatch("config", "check", "--config", tmp_path)
    assert called.status == 2
    assert f"{tmp_path} is empty; begin with: chipwatch init {tmp_path}" in called.err
    assert not called.out


def test_a_folder_without_settings_is_told_of(config: Path) -> None:
    assert "has no chipwatch.toml" not in chipwatch("config", "check", "--config", config).err
    (config / "chipwatch.toml").unlink()
    called = chipwatch("config", "check", "--config", config)
    assert called.status == 0
    assert f"{config} has no chipwatch.toml" in called.err
    assert "chipwatch init" in called.err


def test_names_that_are_nearly_right_are_named_in_a_folder_with_nothing_else(tmp_path: Path) -> None:
    for name in ("feed.toml", "chipwatch.tml"):
        (tmp_path / name).write_text("")
    (tmp_path / "topic").mkdir()
    called = chipwatch("config", "check", "--config", tmp_path)
    assert called.status == 2
    for meant in ("feeds.toml", "chipwatch.toml", "topics"):
        assert f'did you mean "{meant}"?' in called.err


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        (
            "chipwatch.toml",
            SETTINGS.replace("host_gap", "host_gpa"),
            'chipwatch.toml:3: http.host_gpa: unknown key "host_gpa"; did you mean "host_gap"?',
        ),
        (
            "chipwatch.toml",
            SETTINGS + "\n[chanels.mail]\n",
            'chipwatch.toml:17: chanels: unknown key "chanels"; did you mean "channels"?',
        ),
        (
            "chipwatch.toml",
            SETTINGS.replace('"files"', '"file"'),
            'chipwatch.toml:9: channels.folder.type: unknown channel type "file"; did you mean "files"?',
        ),
        (
            "chipwatch.toml",
            SETTINGS.replace('["folder"]', '["fodler"]'),
            'chipwatch.toml:14: digests.daily.channels: unknown channel "fodler"; did you mean "folder"?',
        ),
        (
            "chipwatch.toml",
            SETTINGS + '\n[[alerts]]\ntopics = ["feries"]\nchannels = ["folder"]\n',
            'chipwatch.toml:18: alerts[0].topics: unknown topic "feries"; did you mean "ferries"?',
        ),
        (
            "chipwatch.toml",
            SETTINGS.replace("0 7 * * *", "0 7 31 2 *"),
            "chipwatch.toml:15: digests.daily.schedule: ",
        ),
        (
            "chipwatch.toml",
            SETTINGS.replace("[schedule]", '[schedule]\ntimezone = "Europe/Oslow"'),
            'toml:6: schedule.timezone: unknown time zone "Europe/Oslow"; did you mean "Europe/Oslo"?',
        ),
        (
            "chipwatch.toml",
            SETTINGS + '\n[storage]\nurl = "mysql://host/db"\n',
            "chipwatch.toml:18: storage.url: no database engine is called mysql; write sqlite:///",
        ),
        (
            "feeds.toml",
            '[[feed]]\nurl = "https://a.example/"\ntitel = "A"\n',
            'feeds.toml:3: feed[0].titel: unknown key "titel"; did you mean "title"?',
        ),
        (
            "topics/ferries.toml",
            TOPIC.replace("query", "qeury"),
            'topics/ferries.toml:2: qeury: unknown key "qeury"; did you mean "query"?',
        ),
        (
            "topics/ferries.toml",
            TOPIC.replace("@skerry", "@skery"),
            "topics/ferries.toml:2: query: at character 1: unknown entity @skery; nearest: @skerry",
        ),
        (
            "entities.toml",
            ENTITIES.replace("aliases", "alaises"),
            'entities.toml:5: entity[0].alaises: unknown key "alaises"; did you mean "aliases"?',
        ),
        (
            "corpus/pier.md",
            MATTER.format('topic = ["ferries"]'),
            'corpus/pier.md:3: topic: unknown key "topic"; did you mean "topics"?',
        ),
        (
            "corpus/pier.md",
            MATTER.format('topics = ["feries"]'),
            'corpus/pier.md:3: topics: unknown topic "feries"; did you mean "ferries"?',
        ),
        (
            "templates/digset.html.j2",
            "x",
            'templates/digset.html.j2: unknown template "digset.html.j2"; did you mean "digest.html.j2"?',
        ),
        (
            "templates/digest.html.j2",
            "<p>\n{{ digets.title }}",
            'templates/digest.html.j2:2: unknown name "digets"; did you mean "digest"?',
        ),
        (
            "templates/digest.txt.j2",
            "{% for section in digest.sections %}{% for story in section.stories %}\n{{ story.ledd }}"
            "{% endfor %}{% endfor %}",
            'templates/digest.txt.j2:2: unknown name "story.ledd"; did you mean "story.lead"?',
        ),
        (
            "templates/digest.txt.j2",
            "\n\n{{ digest.sections[0].title }}",
            "templates/digest.txt.j2:3: fails on an empty digest: tuple object has no element 0",
        ),
    ],
)
@pytest.mark.parametrize("command", [["config", "check"], ["items"]], ids=" ".join)
def test_a_typo_is_refused_by_every_command_with_file_line_key_and_remedy(
    config: Path, tmp_path: Path, file: str, text: str, told: str, command: list[str]
) -> None:
    (config / file).parent.mkdir(exist_ok=True)
    (config / file).write_text(text)
    called = chipwatch(*command, "--config", config, "--data", tmp_path / "data")
    assert called.status == 2
    assert told in called.err
    assert called.err.startswith(f"chipwatch: {config}/{file}")
    assert not called.out
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("topics/ferries.toml", TOPIC.replace("query", "qeury"), "ferries.toml:2: qeury: "),
        ("topics/ferries.toml", TOPIC.replace("@skerry", "@skery"), "nearest: @skerry"),
        ("entities.toml", ENTITIES.replace("aliases", "alaises"), "entities.toml:5: entity[0].alaises: "),
        ("corpus/pier.md", MATTER.format('topics = ["feries"]'), 'did you mean "ferries"?'),
    ],
)
@pytest.mark.parametrize("command", ["classify", "eval"])
def test_filters_refuse_what_they_read(config: Path, command: str, file: str, text: str, told: str) -> None:
    (config / file).write_text(text)
    called = chipwatch(command, "--config", config)
    assert (called.status, called.out) == (2, "")
    assert told in called.err


def test_what_keeps_a_topic_silent_is_said(config: Path) -> None:
    assert chipwatch("config", "check", "--config", config).err == ""
    (config / "topics" / "trains.toml").write_text('title = "Trains"\n')
    called = chipwatch("config", "check", "--config", config)
    assert called.status == 0
    assert called.err.splitlines() == [
        "chipwatch: topic trains has neither a query nor an example article: it will never match",
        "chipwatch: topic trains is in no digest and no alert: what matches it is never told",
    ]


def test_all_mistakes_of_all_files_are_told_at_once(config: Path) -> None:
    (config / "chipwatch.toml").write_text(SETTINGS.replace("host_gap", "host_gpa"))
    (config / "feeds.toml").write_text('[[feed]]\nurl = "harbor.example"\n')
    (config / "corpus" / "pier.md").write_text("no front matter")
    told = chipwatch("config", "check", "--config", config).err
    assert [line.split(":")[1].rpartition("/")[2] for line in told.splitlines()] == [
        "chipwatch.toml",
        "feeds.toml",
        "pier.md",
    ]


def test_a_stray_variable_is_told_once(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIPWATCH_HTTP__PER_HOTS", "3")
    monkeypatch.setenv("CHIPWATCH_SMPT__HOST", "mail.example")
    called = chipwatch("config", "check", "--config", config)
    assert called.status == 2
    assert sorted(line.split(": ")[2] for line in called.err.splitlines()) == [
        "CHIPWATCH_HTTP__PER_HOTS",
        "CHIPWATCH_SMPT__HOST",
    ]


@pytest.mark.parametrize(
    ("variable", "told"),
    [
        ("CHANNELS__FLODER__KEEP", 'unknown channel "floder"; did you mean "folder"? (in chipwatch.toml)'),
        ("CHANNELS__MAIL__TO", 'unknown channel "mail"; known are: folder (in chipwatch.toml)'),
        ("DIGESTS__DIALY__TITLE", 'unknown digest "dialy"; did you mean "daily"? (in chipwatch.toml)'),
    ],
)
@pytest.mark.parametrize("where", ["variable", "secret"])
def test_what_is_set_for_a_channel_or_digest_that_is_not_there_is_named_itself(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, told: str, where: str
) -> None:
    name = f"CHIPWATCH_{variable}"
    if where == "secret":
        (tmp_path / "secrets").mkdir()
        (tmp_path / "secrets" / name.lower()).write_text("x")
        monkeypatch.setenv("CHIPWATCH_SECRETS", str(tmp_path / "secrets"))
        place = f"{tmp_path / 'secrets'}: {name.lower()}"
    else:
        monkeypatch.setenv(name, "x")
        if variable.startswith("CHANNELS"):
            monkeypatch.setenv(f"{name}_TOO", "x")
        place = f"environment: {name}"
    called = chipwatch("config", "check", "--config", config)
    assert called.status == 2
    assert called.err == f"chipwatch: {place}: {told}\n"


def test_a_channel_may_come_from_outside_as_a_whole(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIPWATCH_CHANNELS__SHELF__TYPE", "files")
    monkeypatch.setenv("CHIPWATCH_CHANNELS__SHELF__FOLDER", "shelf")
    called = chipwatch("config", "check", "--config", config)
    assert (called.status, called.err) == (0, "")
    assert "2 channels" in called.out


@pytest.mark.parametrize(
    ("key", "value"), [("SCHEDULE", "30 7 * * *"), ("AT", '["07:30"]'), ("EVERY", '"2h"')]
)
def test_so_may_a_digest_however_it_says_when_it_comes(
    config: Path, monkeypatch: pytest.MonkeyPatch, key: str, value: str
) -> None:
    monkeypatch.setenv(f"CHIPWATCH_DIGESTS__NOON__{key}", value)
    monkeypatch.setenv("CHIPWATCH_DIGESTS__NOON__TOPICS", '["ferries"]')
    monkeypatch.setenv("CHIPWATCH_DIGESTS__NOON__CHANNELS", '["folder"]')
    called = chipwatch("config", "check", "--config", config)
    assert (called.status, called.err) == (0, "")
    assert "2 digests" in called.out


@pytest.mark.parametrize(
    "command",
    [
        "config check",
        "config show",
        "items",
        "poll",
        "digest daily",
        "run",
        "health",
        "classify",
        "eval",
        "corpus list",
        "corpus add notes.txt",
        "feeds add http://127.0.0.1:9/",
        "feeds add http://127.0.0.1:9/ --unchecked",
        "feeds test http://127.0.0.1:9/",
        "feeds export",
    ],
)
def test_a_folder_that_is_not_there_says_how_to_make_one(tmp_path: Path, command: str) -> None:
    called = chipwatch(*command.split(), "--config", tmp_path / "nowhere")
    assert called.status == 2
    assert f"chipwatch init {tmp_path / 'nowhere'}" in called.err
    assert not (tmp_path / "nowhere").exists()


# ── show ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def secretive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A configuration with a secret in every way there is to give one."""
    monkeypatch.setenv("HOOK_SECRET", "whsec_" + "c2VjcmV0LXNlY3JldC1zZWNyZXQtMTIz")
    monkeypatch.setenv("MAIL_USER", SECRET + "-user")
    monkeypatch.setenv("OTHER_SERVICE", f"json://other.example/{SECRET}")
    monkeypatch.setenv("CHIPWATCH_CHANNELS__CHAT__URL", f"https://hooks.slack.com/services/{SECRET}")
    settings = f"""
[storage]
url = "postgresql://watch:{SECRET}@db.example/news?password={SECRET}"

[smtp]
host = "mail.example"
username = {{ env = "MAIL_USER" }}
password = {{ file = "password" }}
sender = "watch@harbor.example"

[channels.mail]
type = "email"
to = ["ann@harbor.example"]

[channels.chat]
type = "slack"

[channels.hook]
type = "webhook"
url = "https://harbor.example/hook/{SECRET}"
secret = {{ env = "HOOK_SECRET" }}

[channels.else]
type = "apprise"
urls = ["json://harbor.example/{SECRET}", {{ env = "OTHER_SERVICE" }}]
"""
    config = write_config(tmp_path / "config", settings=settings)
    (config / "password").write_text(SECRET + "\n")
    yield config


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_settings_are_shown_and_secrets_are_not(secretive: Path, options: list[str]) -> None:
    called = chipwatch("config", "show", "--config", secretive, *options)
    assert called.status == 0, called.err
    assert SECRET not in called.out
    assert "c2VjcmV0" not in called.out
    shown = json.loads(called.out) if options else tomllib.loads(called.out)
    assert shown["smtp"]["host"] == "mail.example"
    assert shown["smtp"]["username"] == "(from environment variable MAIL_USER)"
    assert shown["smtp"]["password"] == "(from file password)"
    assert shown["channels"]["mail"]["to"] == ["ann@harbor.example"]
    assert shown["channels"]["chat"]["url"] == "********"
    assert shown["channels"]["hook"] == {
        "type": "webhook",
        "url": "********",
        "secret": "(from environment variable HOOK_SECRET)",
    }
    assert shown["channels"]["else"]["urls"] == ["********", "(from environment variable OTHER_SERVICE)"]
    assert shown["storage"]["url"] == "postgresql://watch:********@db.example/news?password=********"
    assert shown["http"]["concurrency"] == 50, "what is not in the file stands at its default"


def test_what_lets_somebody_in_is_masked_in_the_advisors_request(tmp_path: Path) -> None:
    settings = f"""
[judging.advisor]
url = "http://127.0.0.1:9/"
model = "m"
[judging.advisor.request]
max_tokens = 20
user = "watch"
api_key = "{SECRET}"
extra = {{ "X-Auth" = ["{SECRET}"], deep = 1 }}
"""
    config = write_config(tmp_path / "config", settings=settings)
    called = chipwatch("config", "show", "--config", config, "--json")
    assert SECRET not in called.out
    assert called.json["judging"]["advisor"]["request"] == {
        "max_tokens": 20,
        "user": "watch",
        "api_key": "********",
        "extra": {"X-Auth": ["********"], "deep": 1},
    }


@pytest.mark.parametrize(
    "spoilt",
    ['port = "many"', 'securty = "plain"', 'security = "none"', "timeout = 5"],
)
def test_no_error_holds_a_secret(secretive: Path, spoilt: str) -> None:
    path = secretive / "chipwatch.toml"
    path.write_text(path.read_text().replace('host = "mail.example"', spoilt))
    called = chipwatch("config", "check", "--config", secretive)
    assert called.status == 2
    assert "smtp." in called.err
    assert SECRET not in called.err


def test_a_database_that_can_not_be_reached_is_named_without_its_password(
    secretive: Path, tmp_path: Path
) -> None:
    path = secretive / "chipwatch.toml"
    path.write_text(
        path.read_text().replace("db.example/news", "127.0.0.1:9/news").replace(f"?password={SECRET}", "")
    )
    called = chipwatch("items", "--config", secretive, "--data", tmp_path / "data")
    assert called.status == 1
    assert "127.0.0.1" in called.err
    assert SECRET not in called.err


# ── init ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_starter_configuration_is_sound_and_whole(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "config"
    called = chipwatch("init", folder)
    assert called.status == 0
    assert f"chipwatch config check --config {folder}" in called.out
    checked = chipwatch("config", "check", "--config", folder)
    assert checked.status == 0, checked.err
    assert not (folder / "demo").exists()
    shipped = starter_folder()
    for path in shipped.rglob("*"):
        relative = path.relative_to(shipped)
        if path.is_file() and relative.parts[0] != "demo":
            assert (folder / relative).read_bytes() == path.read_bytes()


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    called = chipwatch("init", tmp_path)
    assert called.status == 2
    assert "is not empty" in called.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    assert chipwatch("init", tmp_path / "mine").status == 2
    (tmp_path / "empty").mkdir()
    assert chipwatch("init", tmp_path / "empty").status == 0


# ── schema ───────────────────────────────────────────────────────────────────────────────────────


def test_schemas_are_written_a_file_each(tmp_path: Path) -> None:
    called = chipwatch("config", "schema", tmp_path / "schemas")
    assert called.status == 0
    written = [Path(line) for line in called.out.splitlines()]
    assert [path.name.removesuffix(".schema.json") for path in written] == [
        "chipwatch",
        "feeds",
        "topic",
        "entities",
        "corpus",
    ]
    assert all("$schema" in json.loads(path.read_text()) for path in written)


def test_a_folder_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    called = chipwatch("config", "schema", tmp_path / "file")
    assert called.status == 2
    assert str(tmp_path / "file") in called.err
