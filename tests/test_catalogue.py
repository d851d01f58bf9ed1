from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.catalogue import load_catalogue
from bot.errors import ConfigErrors

EXEMPLAR = """+++
title = "Norvik tapes out its chip"
url = "https://harbor.example/norvik"
published = 2026-03-04
topics = ["chips"]
+++

Norvik has sent its first chip to the foundry.
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "topics").mkdir()
    (tmp_path / "corpus").mkdir()
    (tmp_path / "topics/chips.toml").write_text('title = "Chips"\nquery = "chip*"\n')
    (tmp_path / "corpus/norvik.md").write_text(EXEMPLAR)
    (tmp_path / "feeds.toml").write_text('[[feed]]\nurl = "https://harbor.example/rss"\nevery = "15m"\n')
    (tmp_path / "entities.toml").write_text('[[entity]]\nid = "norvik"\nname = "Norvik"\nkind = "cloud"\n')
    return tmp_path


def problems(config: Path) -> str:
    with pytest.raises(ConfigErrors) as caught:
        load_catalogue(config)
    return str(caught.value)


def test_everything_is_read_into_nouns(config: Path) -> None:
    catalogue = load_catalogue(config)
    assert catalogue.feeds[0].every == timedelta(minutes=15)
    assert catalogue.topics[0].id == "chips"
    assert catalogue.topics[0].threshold is None
    assert catalogue.entities[0].kind == "cloud"
    exemplar = catalogue.exemplars[0]
    assert exemplar.published == date(2026, 3, 4)
    assert exemplar.topics == {"chips"}
    assert exemplar.text == "Norvik has sent its first chip to the foundry."


def test_every_file_may_be_missing(tmp_path: Path) -> None:
    catalogue = load_catalogue(tmp_path)
    assert not (catalogue.feeds or catalogue.topics or catalogue.entities or catalogue.exemplars)


def test_a_title_is_all_a_topic_needs(config: Path) -> None:
    (config / "topics/chips.toml").write_text('title = "Chips"\n')
    assert load_catalogue(config).topics[0].query == ""


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        (
            "feeds.toml",
            '[[feed]]\nurk = "x"\n',
            'feeds.toml:2: feed[0].urk: unknown key "urk"; did you mean "url"?',
        ),
        (
            "feeds.toml",
            '[[feed]]\nurl = "file:///etc/passwd"\n',
            "feeds.toml:2: feed[0].url: write a whole web address that starts with https://",
        ),
        (
            "feeds.toml",
            '[feed]\nurl = "http://a/"\n',
            "feeds.toml:1: feed: must be a list; of tables, write [[",
        ),
        (
            "feeds.toml",
            '[[feed]]\nurl = "http://a/"\n[[feed]]\nurl = "http://a/"\n',
            "feeds.toml:4: feed[1].url: ",
        ),
        ("feeds.toml", "[[feed]]\nurl = http://a/\n", "feeds.toml:2: not valid TOML: what stands after ="),
        (
            "topics/chips.toml",
            'title = "x"\ntitle = "y"\n',
            "chips.toml:2: not valid TOML: this key stands above already",
        ),
        (
            "topics/chips.toml",
            'title = "x"\nlanguages = "en"\n',
            'chips.toml:2: languages: must be a list: ["…"]',
        ),
        (
            "entities.toml",
            '[[entity]]\nid = "Tarn AI"\nname = "A"\nkind = "cloud"\n',
            "entities.toml:2: entity[0].id: holds what can't stand there: write small letters",
        ),
        (
            "topics/chips.toml",
            'titel = "x"\n',
            'chips.toml:1: titel: unknown key "titel"; did you mean "title"?',
        ),
        ("topics/chips.toml", 'title = "x"\nthreshold = 7.0\n', "chips.toml:2: threshold: must be"),
        (
            "topics/chips.toml",
            'title = "x"\nthreshold = "high"\n',
            'chips.toml:2: threshold: must be "auto" or a probability between 0 and 1',
        ),
        ("topics/chips.toml", 'title = "x"\nexemplars = ["norvk"]\n', 'did you mean "norvik"?'),
        (
            "entities.toml",
            '[[entity]]\nid = "a"\nname = "A"\nkind = "clowd"\n',
            "entities.toml:4: entity[0].kind: ",
        ),
        ("corpus/norvik.md", "no front matter", "norvik.md:1: must begin with front matter"),
        ("corpus/norvik.md", "+++\ntitle = \n+++\ntext", "norvik.md:2: not valid TOML"),
        ("corpus/norvik.md", '+++\ntitle = "x"\n+++\n', "norvik.md: has no text"),
        (
            "corpus/norvik.md",
            EXEMPLAR.replace('["chips"]', '["chip"]'),
            'norvik.md:5: topics: unknown topic "chip"; did you mean "chips"?',
        ),
        (
            "corpus/norvik.md",
            EXEMPLAR.replace("topics", 'copy_of = "norvik"\ntopics'),
            "norvik.md:5: copy_of: names the article itself",
        ),
    ],
)
def test_a_mistake_is_named_with_file_line_and_remedy(config: Path, file: str, text: str, told: str) -> None:
    (config / file).write_text(text)
    assert told in problems(config)


def test_mistakes_in_several_files_are_told_at_once(config: Path) -> None:
    (config / "feeds.toml").write_text("x = 1\n")
    (config / "entities.toml").write_text("y = 1\n")
    told = problems(config)
    assert "feeds.toml:1" in told
    assert "entities.toml:1" in told


@pytest.mark.parametrize(
    ("there", "named", "told"),
    [
        ("feeds.toml", "feed.toml", 'feed.toml: nobody reads it; did you mean "feeds.toml"?'),
        ("corpus", "corpuss", 'corpuss: nobody reads it; did you mean "corpus"?'),
        (
            "topics/chips.toml",
            "topics/chips.tml",
            "chips.tml: nobody reads it; files in topics/ end in .toml",
        ),
        ("corpus/norvik.md", "corpus/norvik.txt", "norvik.txt: nobody reads it; files in corpus/ end in .md"),
    ],
)
def test_a_misspelt_file_is_named_and_not_passed_over(
    config: Path, there: str, named: str, told: str
) -> None:
    (config / there).rename(config / named)
    assert told in problems(config)


def test_what_is_no_slip_is_left_alone(config: Path) -> None:
    (config / "notes.txt").write_text("mine")
    (config / "feeds.toml.bak").write_text("[[feed")
    assert load_catalogue(config).feeds
