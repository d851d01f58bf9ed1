"""A user's template is read before it is used: what it misspells or fails on is told with its line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bot.channels.templates import PAGES, environment
from bot.errors import ConfigErrors

OURS = Path(__file__).resolve().parents[2] / "bot" / "templates"


def mistakes(folder: Path, source: str, name: str = "digest.txt.j2") -> list[str]:
    path = folder / name
    path.write_text(source, encoding="utf-8")
    try:
        environment(folder)
    except ConfigErrors as error:
        return [str(each).removeprefix(str(path)) for each in error.problems]
    return []


def test_copies_of_our_own_are_sound(tmp_path: Path) -> None:
    for name in PAGES:
        shutil.copy(OURS / name, tmp_path)
    environment(tmp_path)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("{{ digest.titel }}", ':1: unknown name "digest.titel"; did you mean "digest.title"?'),
        ("a\n{{ footer['reson'] }}", ':2: unknown name "footer.reson"; did you mean "footer.reason"?'),
        (
            "{% for s in digest.sections %}{% for story in s.stories %}\n{{ story.ledd }}"
            "{% endfor %}{% endfor %}",
            ':2: unknown name "story.ledd"; did you mean "story.lead"?',
        ),
        (
            "{% for s in digest.sections if s.titel %}{% endfor %}",
            ':1: unknown name "s.titel"; did you mean "s.title"?',
        ),
        (
            "{% set first = digest.also_seen | sort | first %}{% if first %}{{ first.nme }}{% endif %}",
            ':1: unknown name "first.nme"; did you mean "first.name"?',
        ),
        (
            "{% if digest.also_seen %}{{ digest.also_seen[0].nme }}{% endif %}",
            ':1: unknown name "digest.also_seen[…].nme"; did you mean "digest.also_seen[…].name"?',
        ),
        (
            "{% with s = digest.near_misses[:2] %}{% for m in s %}{{ m.ulr }}{% endfor %}{% endwith %}",
            ':1: unknown name "m.ulr"; did you mean "m.url"?',
        ),
        (
            "{% for title, count in digest.briefs %}{{ title.uper() }}{% endfor %}",
            ':1: title is no table of names: it has no "uper"',
        ),
        (
            "{% if digest.late %}\n{{ digets.title }}\n{% endif %}",
            ':2: unknown name "digets"; did you mean "digest"?',
        ),
    ],
)
def test_a_name_that_there_is_not_is_told_with_its_line(tmp_path: Path, source: str, told: str) -> None:
    assert mistakes(tmp_path, source) == [told]


def test_all_mistakes_are_told_in_their_order(tmp_path: Path) -> None:
    found = mistakes(tmp_path, "{{ digest.a }}\n{{ digest.b }}\n{{ footer.c }}")
    assert [each.split(":")[1] for each in found] == ["1", "2", "3"]


@pytest.mark.parametrize(
    "source",
    [
        "{% macro line(thing) %}{{ thing.whatever }}{% endmacro %}{{ digest.title }}",
        "{% for title, count in digest.briefs %}{{ loop.index }} {{ title.upper() }} {{ count }}{% endfor %}",
        "{{ digest.single }} {{ digest.sections | length }} {{ range(3) | list }}",
        "{% for s in digest.sections %}{% for t in s.stories %}{% for n, v in t.facts %}{{ n ~ v }}"
        "{% endfor %}{% endfor %}{% else %}{{ digest.summary }}{% endfor %}",
        "{% set text %}{{ digest.title }}{% endset %}{{ text }}",
        "{{ digest.kind }} {{ digest.__class__.__name__ }}",
    ],
)
def test_what_is_right_is_let_through(tmp_path: Path, source: str) -> None:
    assert mistakes(tmp_path, source) == []


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("\n{{ digest.sections[0].title }}", ":2: fails on an empty digest: tuple object has no element 0"),
        (
            "{{ 1 // digest.sections | length }}",
            ":1: fails on an empty digest: integer division or modulo by zero",
        ),
        ("{{ footer.digest_id + 1 }}", ":1: fails on an empty digest: can only concatenate"),
        ("\n{{ digest.sections | map(attribute='titl') | join }}", ":2: fails on an alert: 'bot.core.views"),
        (
            "{% for s in digest.sections %}{% for t in s.stories %}\n\n{{ 1 // (100 - loop.index) }}"
            "{% endfor %}{% endfor %}",
            ":3: fails on a large digest: integer division",
        ),
        ("{% include 'elsewhere' %}", ":1: fails on an empty digest: elsewhere"),
    ],
)
def test_a_template_that_fails_on_some_digest_is_found_by_trial(
    tmp_path: Path, source: str, told: str
) -> None:
    (found,) = mistakes(tmp_path, source)
    assert found.startswith(told)


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "digest.html.j2").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigErrors, match=r"digest\.html\.j2: can't be read as UTF-8 text"):
        environment(tmp_path)
