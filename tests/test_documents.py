from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from bot.documents import (
    Duration,
    Strict,
    parse_toml,
    read_toml,
    spell_duration,
    spell_key,
    unknown,
    validate,
)
from bot.errors import ConfigError, ConfigErrors

SAMPLE = '''# comment
title = "a"
text = """
key = "not a key"
[not.a.table]
"""
list = [
  "x", # ]
  "y",
]

[channels.chat]
type = "slack"
url = { env = "CHAT_URL" }

[[alerts]]
topics = ["a"]

[[alerts]]
"quoted key" = 1
nested.key = 2
'''


class Inner(Strict):
    wait: Duration = timedelta(0)


class Outer(Strict):
    title: str
    inner: Inner = Inner()
    rows: tuple[Inner, ...] = ()


def test_every_key_is_found_on_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT_URL", "https://chat.example/x")
    document = parse_toml(SAMPLE, Path("x.toml"))
    lines = SAMPLE.splitlines()
    for path, start in [
        (("title",), "title"),
        (("text",), "text"),
        (("list",), "list"),
        (("channels", "chat"), "[channels.chat]"),
        (("channels",), "[channels.chat]"),
        (("channels", "chat", "url"), "url"),
        (("alerts", 1, "quoted key"), '"quoted key"'),
        (("alerts", 1, "nested", "key"), "nested.key"),
    ]:
        line = document.line_of(path)
        assert line is not None
        assert lines[line - 1].startswith(start), path
    assert document.line_of(("alerts", 0)) != document.line_of(("alerts", 1))


def test_a_missing_key_is_reported_at_the_table_around_it() -> None:
    document = parse_toml("[channels.chat]\n", Path("x.toml"))
    assert document.line_of(("channels", "chat", "url", "deeper")) == 1
    assert document.line_of(("nothing",)) is None


def test_values_come_from_variables_and_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", "s3cret")
    (tmp_path / "token").write_text("from file\n")
    (tmp_path / "a.toml").write_text('a = { env = "MY_TOKEN" }\nb = [{ file = "token" }]\n')
    document = read_toml(tmp_path / "a.toml")
    assert document.data == {"a": "s3cret", "b": ["from file"]}
    assert document.origins[("a",)] == "environment variable MY_TOKEN"
    assert document.origins[("b", 0)] == "file token"


def test_a_reference_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('a = { env = "NOT_SET_ANYWHERE" }\nb = { file = "gone" }\n')
    with pytest.raises(ConfigErrors) as caught:
        read_toml(tmp_path / "a.toml")
    first, second = map(str, caught.value.problems)
    assert first.endswith("a.toml:1: a: the environment variable NOT_SET_ANYWHERE is not set")
    assert second.endswith("a.toml:2: b: the file gone can't be read: No such file or directory")


def test_broken_toml_names_the_line_in_the_whole_file() -> None:
    with pytest.raises(ConfigErrors, match=r"x\.md:5: not valid TOML: "):
        parse_toml("a = 1\nb = = 2\n", Path("x.md"), first_line=4)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "zone = Europe/Oslo\n",
            "x.toml:1: not valid TOML: what stands after = can't be read; text needs quotes",
        ),
        ("a = 1\na = 2\n", "x.toml:2: not valid TOML: this key stands above already"),
        ("[a]\n[b]\n[a]\n", "x.toml:3: not valid TOML: this table stands above already"),
    ],
)
def test_broken_toml_is_told_in_words_that_help(text: str, told: str) -> None:
    with pytest.raises(ConfigErrors) as caught:
        parse_toml(text, Path("x.toml"))
    assert str(caught.value) == told


def test_where_nothing_is_known_no_list_is_named() -> None:
    assert unknown("topic", "ferries", []) == 'unknown topic "ferries"; there is none yet'


def test_text_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes(b'title = "\xe9"')
    with pytest.raises(ConfigErrors, match="save it as UTF-8"):
        read_toml(tmp_path / "a.toml")


def test_an_unknown_key_is_answered_with_the_nearest_valid_one() -> None:
    document = parse_toml('title = "a"\n[inner]\nwiat = "5m"\n', Path("x.toml"))
    with pytest.raises(
        ConfigErrors, match=r'x\.toml:3: inner\.wiat: unknown key "wiat"; did you mean "wait"\?'
    ):
        validate(document, Outer)


def test_all_mistakes_are_told_at_once_and_without_their_values() -> None:
    document = parse_toml('[[rows]]\nwait = "5 parsecs"\n[[rows]]\nwait = 3\n', Path("x.toml"))
    with pytest.raises(ConfigErrors) as caught:
        validate(document, Outer)
    told = str(caught.value)
    assert "title: is missing" in told
    assert "x.toml:2: rows[0].wait: write a duration" in told
    assert "x.toml:4: rows[1].wait: write a duration" in told
    assert "parsecs" not in told


class Hook(Strict):
    url: str
    """The address of the hook,
    ``https://hooks.example/…``."""
    share: float = Field(default=0.5, gt=0, le=1)
    count: int = Field(default=1, ge=1, lt=9)
    unanswered: Literal["", "hold", "resend"] = ""


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("share = 1", "x.toml: url: is missing: the address of the hook, https://hooks.example/…"),
        ('url = { evn = "HOOK" }', 'x.toml:1: url: write it in quotes, or as { env = "NAME" } or { file ='),
        ('url = "x"\nshare = 80', "x.toml:2: share: must be 1 or less"),
        ('url = "x"\nshare = 0', "x.toml:2: share: must be more than 0"),
        ('url = "x"\ncount = 0', "x.toml:2: count: must be 1 or more"),
        ('url = "x"\ncount = 9', "x.toml:2: count: must be less than 9"),
        (
            'url = "x"\nunanswered = "holdd"',
            'x.toml:2: unanswered: must be one of hold, resend; did you mean "hold"?',
        ),
    ],
)
def test_a_mistake_is_told_with_what_to_write(written: str, told: str) -> None:
    with pytest.raises(ConfigErrors) as caught:
        validate(parse_toml(written, Path("x.toml")), Hook)
    assert str(caught.value).startswith(told)


def test_a_mistake_that_several_channels_meet_is_told_once() -> None:
    met = [ConfigError("fails", file="digest.html.j2", line=line) for line in (3, 4, 3)]
    assert str(ConfigErrors(met)) == "digest.html.j2:3: fails\ndigest.html.j2:4: fails"


def test_durations_are_read_in_any_unit() -> None:
    document = parse_toml('title = "a"\ninner.wait = "1.5h"\n', Path("x.toml"))
    assert validate(document, Outer).inner.wait == timedelta(minutes=90)


@pytest.mark.parametrize("spelled", ["36501d", "9999999999999999999999w"])
def test_a_duration_longer_than_a_date_reaches_back_is_refused(spelled: str) -> None:
    document = parse_toml(f'title = "a"\ninner.wait = "{spelled}"\n', Path("x.toml"))
    with pytest.raises(ConfigErrors, match=r"x\.toml:2: inner\.wait: a duration is 36500d at most"):
        validate(document, Outer)


@given(st.integers(min_value=1, max_value=10**7))
def test_a_duration_reads_back_as_it_was_spelled(seconds: int) -> None:
    spelled = spell_duration(timedelta(seconds=seconds))
    assert Inner(wait=spelled).wait == timedelta(seconds=seconds)  # type: ignore[arg-type]


def test_key_paths_are_spelled_as_people_write_them() -> None:
    assert spell_key(("alerts", 0, "topics")) == "alerts[0].topics"
