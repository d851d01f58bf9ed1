import json
from pathlib import Path

import pytest

from bot.catalogue import load_catalogue
from bot.configuration import starter_folder
from tests.cli.calling import chipwatch, write_config
from tests.cli.conftest import Place
from tests.core.examples import FERRIES, OTHERS


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_config(tmp_path / "config")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four example articles of the form that people save."""
    place = tmp_path / "Electric ferries"
    place.mkdir()
    for number, (title, text) in enumerate(FERRIES):
        (place / f"{number}.txt").write_text(f"{title}\n\n{text}\n")
    return place


@pytest.fixture
def others(tmp_path: Path) -> Path:
    path = tmp_path / "others.jsonl"
    rows = ({"id": number, "title": title, "summary": text} for number, (title, text) in enumerate(OTHERS))
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


# ── list and show ────────────────────────────────────────────────────────────────────────────────


def test_topics_are_listed_with_what_they_are_judged_by(config: Path) -> None:
    (config / "topics" / "bread.toml").write_text('title = "Bread"\nthreshold = 0.7\nlanguages = ["en"]\n')
    rows = chipwatch("topics", "list", "--config", config, "--json").json
    assert [(row["id"], row["judged_by"], row["examples"], row["others"]) for row in rows] == [
        ("bread", "nothing: it never matches", 0, 4),
        ("ferries", "query and examples", 2, 2),
    ]
    assert [(row["threshold"], row["auto"]) for row in rows] == [(0.7, False), (0.5, True)]
    table = chipwatch("topics", "list", "--config", config).out
    assert "query and examples" in table
    assert "auto, 50%" in table


def test_without_topics_the_list_says_how_to_begin(tmp_path: Path) -> None:
    assert "chipwatch topics suggest FOLDER" in chipwatch("topics", "list", "--config", tmp_path).out


def test_a_topic_is_shown_as_it_is_judged(config: Path) -> None:
    shown = chipwatch("topics", "show", "ferries", "--config", config).out
    assert shown.startswith("Ferries\n")
    assert "   2    0  ferry\n" in shown
    assert "   1    0  @skerry\n" in shown
    assert "each judged by the others: 2 of 2 are found" in shown
    as_json = chipwatch("topics", "show", "ferries", "--config", config, "--json").json
    assert [block["query"] for block in as_json["blocks"]] == ["@skerry", "ferry", '"car deck"']
    assert {each["exemplar"] for each in as_json["recognised"]} == {"new-ferry", "second-ferry"}


def test_an_unknown_topic_is_answered_with_the_nearest(config: Path) -> None:
    called = chipwatch("topics", "show", "feries", "--config", config)
    assert called.status == 2
    assert 'unknown topic "feries"; did you mean "ferries"?' in called.err


@pytest.mark.parametrize("topic", ["mtia", "custom-silicon", "chip-deals"])
def test_the_shipped_topics_recognise_their_examples(topic: str) -> None:
    """Each judged as if it were news, by a corpus without it."""
    shown = chipwatch("topics", "show", topic, "--config", starter_folder(), "--json").json
    known = [each["matched"] for each in shown["recognised"]]
    assert sum(known) >= 0.8 * len(known)


# ── suggest ──────────────────────────────────────────────────────────────────────────────────────


def test_a_draft_is_a_topic_that_the_configuration_accepts(config: Path, folder: Path, others: Path) -> None:
    called = chipwatch("topics", "suggest", folder, "--background", others, "--write", "--config", config)
    assert called.status == 0, called.err
    path = config / "topics" / "electric-ferries.toml"
    assert f"written to {path}" in called.out
    assert "chipwatch corpus add --topic electric-ferries" in called.out
    assert chipwatch("config", "check", "--config", config).status == 0
    topic = load_catalogue(config).topic("electric-ferries")
    assert topic is not None
    assert topic.title == "Electric ferries"
    assert "@skerry" in topic.query
    text = path.read_text()
    assert "# Drafted from 4 articles against 8 other texts" in text
    assert "# The query finds 4 of 4 examples and 0 of 8 other texts." in text
    assert '#   name = "Halvorsen"' in text


def test_a_draft_finds_what_comes_later(config: Path, folder: Path, others: Path) -> None:
    chipwatch("topics", "suggest", folder, "--background", others, "--write", "--config", config)
    rows = [
        {"id": 1, "title": "Skerry Lines sells its oldest electric ferry"},
        {"id": 2, "title": "Council debates the budget again"},
    ]
    lines = "\n".join(map(json.dumps, rows)).encode()
    found = chipwatch("classify", "--config", config, stdin=lines).rows
    matched = [
        {verdict["topic"]: verdict["matched"] for verdict in row["topics"]}["electric-ferries"]
        for row in found
    ]
    assert matched == [True, False]


def test_without_write_it_is_printed_and_nothing_is_changed(config: Path, folder: Path, others: Path) -> None:
    called = chipwatch("topics", "suggest", folder, "--background", others, "--config", config)
    assert called.out.startswith("# Drafted from 4 articles")
    assert [path.name for path in (config / "topics").iterdir()] == ["ferries.toml"]


def test_a_topic_that_is_there_is_not_written_over(config: Path, folder: Path) -> None:
    before = (config / "topics" / "ferries.toml").read_text()
    called = chipwatch("topics", "suggest", folder, "--id", "Ferries", "--write", "--config", config)
    assert called.status == 2
    assert "is there already; name another with --id" in called.err
    assert (config / "topics" / "ferries.toml").read_text() == before


def test_what_is_no_article_is_named_and_passed_over(config: Path, folder: Path, others: Path) -> None:
    (folder / "empty.txt").write_text("")
    (folder / "copy.txt").write_text(f"Ferry news\n\n{FERRIES[0][1]}\n")
    called = chipwatch("topics", "suggest", folder, "--background", others, "--config", config)
    assert called.status == 0
    assert "passed over" in called.err
    assert "empty.txt: no article found" in called.err
    assert "copy.txt: the same text as 0.txt, which counts once" in called.err
    assert called.out.startswith("# Drafted from 4 articles")


def test_a_name_without_latin_letters_needs_an_id(config: Path, folder: Path, tmp_path: Path) -> None:
    other = folder.rename(tmp_path / "渡轮")
    called = chipwatch("topics", "suggest", other, "--write", "--config", config)
    assert called.status == 2
    assert "give one with --id" in called.err


def test_one_article_is_too_few(config: Path, tmp_path: Path) -> None:
    (tmp_path / "few").mkdir()
    (tmp_path / "few" / "one.txt").write_text("\n\n".join(FERRIES[0]))
    called = chipwatch("topics", "suggest", tmp_path / "few", "--config", config)
    assert called.status == 2
    assert "a draft needs two at least" in called.err
    assert chipwatch("topics", "suggest", tmp_path / "nowhere", "--config", config).status == 2


def test_negatives_give_exclusions(config: Path, folder: Path, others: Path, tmp_path: Path) -> None:
    close = tmp_path / "close"
    close.mkdir()
    texts = {
        "Toy ferry wins a prize": "It is made of wood and was named toy of the year at a fair.",
        "Toy ferries are recalled": "Shops take them back, since small parts of the toy may come off.",
        "Toy ships on show": "A museum has put a hundred of them into boxes of glass.",
    }
    for number, (title, text) in enumerate(texts.items()):
        (close / f"{number}.txt").write_text(f"{title}\n\n{text}\n")
    called = chipwatch(
        "topics", "suggest", folder, "--negatives", close, "--background", others, "--config", config
    )
    assert "exclude = '''\ntitle:(toy" in called.out


def test_stored_items_are_the_background_where_there_are_some(polled: Place, folder: Path) -> None:
    called = polled.call("topics", "suggest", folder)
    assert called.status == 0
    assert "the corpus and the shipped one; stored items will be better" in called.out


def test_a_configuration_that_names_the_topic_before_it_exists_can_be_drafted_for(
    config: Path, folder: Path
) -> None:
    settings = config / "chipwatch.toml"
    settings.write_text(settings.read_text().replace('"ferries"', '"electric-ferries"'))
    assert chipwatch("config", "check", "--config", config).status == 2
    assert chipwatch("topics", "suggest", folder, "--write", "--config", config).status == 0
    assert chipwatch("config", "check", "--config", config).status == 0


# ── lint ─────────────────────────────────────────────────────────────────────────────────────────

MULTILINE = 'title = "Ferries"\nquery = """\n@skerry\nOR ferry\nOR (ferry AND quay)\nOR volcano*\n"""\n'


def test_advice_names_file_and_line(polled: Place) -> None:
    topic = polled.config / "topics" / "ferries.toml"
    topic.write_text(MULTILINE)
    called = polled.call("topics", "lint")
    assert called.status == 0
    assert f"{topic}:5: query: finds nothing that ferry beside it does not find" in called.out
    assert f"{topic}:6: query: 2 of 4 terms occur in none of 6 texts: quay, volcano*" not in called.out
    assert f"{topic}:2: query: 2 of 4 terms occur in none of 6 texts: quay, volcano*" in called.out
    assert (
        called.out.splitlines()[-1] == "1 likely mistake, 1 remark; looked at 4 articles and 2 stored items"
    )


def test_strict_advice_fails_where_a_mistake_is_likely(config: Path) -> None:
    assert chipwatch("topics", "lint", "--strict", "--config", config).status == 0
    (config / "topics" / "ferries.toml").write_text(MULTILINE)
    assert chipwatch("topics", "lint", "--config", config).status == 0
    assert chipwatch("topics", "lint", "--strict", "--config", config).status == 1


def test_advice_can_be_had_for_one_topic_and_as_json(config: Path) -> None:
    (config / "topics" / "bread.toml").write_text('title = "Bread"\nquery = "bread OR bread"\n')
    rows = chipwatch("topics", "lint", "bread", "--config", config, "--json").json
    assert {row["topic"] for row in rows} == {"bread"}
    (twice,) = (row for row in rows if row["advice"] == "adds nothing")
    assert (twice["file"], twice["line"]) == (str(config / "topics" / "bread.toml"), 2)
    assert chipwatch("topics", "lint", "bred", "--config", config).status == 2


def test_the_shipped_topics_have_no_likely_mistake() -> None:
    called = chipwatch("topics", "lint", "--strict", "--config", starter_folder(), "--data", "nowhere")
    assert called.status == 0, called.out
