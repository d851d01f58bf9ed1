from pathlib import Path

import pytest

from bot.catalogue import load_catalogue
from bot.configuration import starter_folder
from tests.cli.calling import Outcome, chipwatch, write_config
from tests.cli.conftest import Place
from tests.http_server import Answer, ScriptedServer
from tests.shared import shared_path

TITLE = "Skerry Lines gives its third ferry a wooden bow"
PARAGRAPHS = (
    "Skerry Lines will build the bow of its third ferry out of larch, the company said on Wednesday. The "
    "yard in Ostren has used the wood before, in two pilot boats that are still at sea.",
    "The ferry carries 120 cars and takes forty minutes to cross the sound. Its keel is laid in August, and "
    "the first passengers are to board it in the spring of next year.",
    "“Larch bends where steel breaks,” said the head of the yard, who has built boats for thirty years. The "
    "order is worth 41 million crowns, half of which the county pays.",
)
ARTICLE = "\n\n".join((TITLE, *PARAGRAPHS)) + "\n"
PAGE = """<!doctype html><html><head><title>Skerry Lines gives its third ferry a wooden bow</title></head>
<body><nav><a href="/">Home</a><a href="/sport">Sport</a><a href="/login">Log in</a></nav>
<article><h1>Skerry Lines gives its third ferry a wooden bow</h1>{}</article>
<aside><h2>Related articles</h2><a href="/cup">Ostren wins the cup again</a></aside>
<footer>Cookies · Imprint · Subscribe to our newsletter</footer></body></html>"""


def saved_page() -> str:
    return PAGE.format("".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS))


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_config(tmp_path / "config")


def add(config: Path, *arguments: object) -> Outcome:
    return chipwatch("corpus", "add", *arguments, "--config", config)


def added(config: Path) -> dict[str, frozenset[str]]:
    """Id → labels of what stands there beside the first four."""
    found = {each.id: each.topics for each in load_catalogue(config).exemplars}
    return {name: labels for name, labels in found.items() if "skerry-lines" in name}


# ── add ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_clean_text_becomes_an_article(config: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text(ARTICLE)
    called = add(config, "--topic", "ferries", tmp_path / "notes.txt")
    assert called.status == 0
    (name,) = added(config)
    assert f"written to {config / 'corpus' / name}.md" in called.out
    (exemplar,) = (each for each in load_catalogue(config).exemplars if each.id == name)
    assert exemplar.title == "Skerry Lines gives its third ferry a wooden bow"
    assert exemplar.topics == {"ferries"}
    assert "Larch bends where steel breaks" in exemplar.text
    assert exemplar.language == "en"
    assert chipwatch("config", "check", "--config", config).status == 0


def test_a_negative_example_is_called_one(config: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text(ARTICLE)
    assert "an example of what is not meant" in add(config, "--negative", tmp_path / "notes.txt").out
    assert set(added(config).values()) == {frozenset()}
    both = add(config, "--negative", "--topic", "ferries", tmp_path / "notes.txt")
    assert both.status == 2
    assert "exclude each other" in both.err


@pytest.mark.parametrize(
    ("others", "labels"),
    [
        ([], {"ferries"}),
        (["trains"], {"ferries"}),
        (["trains", "bows"], {"ferries", "bows"}),
    ],
)
def test_without_a_label_it_gets_the_only_topic_or_those_that_match(
    config: Path, tmp_path: Path, others: list[str], labels: set[str]
) -> None:
    for other in others:
        (config / "topics" / f"{other}.toml").write_text(
            f'title = "Other"\nquery = "{other.removesuffix("s")}"\n'
        )
    (tmp_path / "notes.txt").write_text(ARTICLE)
    called = add(config, tmp_path / "notes.txt")
    assert set(added(config).values()) == {frozenset(labels)}
    assert f"an example of {', '.join(sorted(labels))}" in called.out


def test_an_article_that_matches_nothing_says_that_it_needs_a_label(config: Path, tmp_path: Path) -> None:
    (config / "topics" / "ferries.toml").write_text(
        'title = "Ferries"\nquery = "hydrofoil"\nexemplars = []\n'
    )
    (config / "topics" / "trains.toml").write_text('title = "Trains"\nquery = "railway"\n')
    for path in (config / "corpus").glob("*.md"):
        path.unlink()
    (tmp_path / "notes.txt").write_text(ARTICLE)
    assert "label it with --topic" in add(config, tmp_path / "notes.txt").out


def test_a_saved_page_loses_its_clutter(config: Path, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(saved_page())
    assert add(config, tmp_path / "page.html").status == 0
    (name,) = added(config)
    shown = chipwatch("corpus", "show", name, "--config", config).out
    assert "forty minutes to cross the sound" in shown
    for clutter in ("Log in", "wins the cup", "Cookies", "newsletter"):
        assert clutter not in shown


def test_an_address_is_fetched_and_kept(config: Path, web: ScriptedServer) -> None:
    url = web.play("/article", Answer(body=saved_page().encode(), headers={"Content-Type": "text/html"}))
    assert add(config, "--topic", "ferries", url).status == 0
    (name,) = added(config)
    (row,) = (
        each for each in chipwatch("corpus", "list", "--config", config, "--json").json if each["id"] == name
    )
    assert (row["url"], row["topics"]) == (url, ["ferries"])


def test_a_copy_is_recognised_and_said(config: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text(ARTICLE)
    (tmp_path / "page.html").write_text(saved_page())
    called = add(config, "--topic", "ferries", tmp_path / "notes.txt", tmp_path / "page.html")
    first, copy = sorted(added(config), key=len)
    assert f"the same text as {first}" in called.out
    assert "marked as its copy, counted once" in called.out
    exemplars = {each.id: each for each in load_catalogue(config).exemplars}
    assert exemplars[copy].copy_of == first
    assert exemplars[first].copy_of is None
    again = add(config, "--topic", "ferries", tmp_path / "notes.txt")
    assert f"the same text as {first}" in again.out, "also of one that was there before"
    assert f"copy of {first}" in chipwatch("corpus", "list", "--config", config).out


def test_a_dry_run_writes_nothing(config: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text(ARTICLE)
    called = add(config, "--dry-run", tmp_path / "notes.txt")
    assert called.status == 0
    assert "words kept" in called.out
    assert added(config) == {}


def test_a_report_of_an_event_that_is_there_already_is_marked(config: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text(ARTICLE)
    retold = (
        "Wooden bow for the third ferry of Skerry Lines\n\nThe third ferry of Skerry Lines gets a bow of "
        "larch, "
        "built by the yard in Ostren for 41 million crowns.\n\nThe ferry for 120 cars crosses the sound in "
        "forty "
        "minutes. The county pays half of the order.\n"
    )
    (tmp_path / "retold.txt").write_text(retold)
    called = add(config, tmp_path / "notes.txt", tmp_path / "retold.txt")
    (first,) = (name for name in added(config) if name.startswith("skerry-lines"))
    assert f"tells the same event as {first}" in called.out
    rows = {row["id"]: row for row in chipwatch("corpus", "list", "--config", config, "--json").json}
    assert rows["wooden-bow-for-the-third-ferry-of-skerry"]["same_event"] == first
    assert rows[first]["same_event"] is None
    assert chipwatch("config", "check", "--config", config).status == 0


def test_what_can_not_be_taken_is_named_and_the_rest_is(config: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text(ARTICLE)
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "bytes.txt").write_bytes(bytes(range(256)))
    sources = [tmp_path / name for name in ("nowhere.txt", "empty.txt", "bytes.txt", "notes.txt")]
    called = add(config, tmp_path, "http://127.0.0.1:9/", *sources)
    assert called.status == 1
    lines = [line for line in called.out.splitlines() if line[:1] in "✗✓"]
    assert [line[0] for line in lines] == ["✗", "✗", "✗", "✗", "✗", "✓"]
    assert "Is a directory" in lines[0]
    assert "connect" in lines[1]
    assert "No such file" in lines[2]
    assert "no article found" in lines[3]
    assert len(added(config)) == 1


def test_an_unknown_topic_is_answered_with_the_nearest(config: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text(ARTICLE)
    called = add(config, "--topic", "feries", tmp_path / "notes.txt")
    assert called.status == 2
    assert 'unknown topic "feries"; did you mean "ferries"?' in called.err
    assert added(config) == {}


def test_an_article_works_at_once(place: Place, tmp_path: Path) -> None:
    """What was added counts in the next verdict."""
    (place.config / "topics" / "ferries.toml").write_text('title = "Ferries"\n')
    (tmp_path / "notes.txt").write_text(ARTICLE)
    item = (
        b'{"id": 1, "title": "A bow of larch for a ferry", "summary": "The yard in Ostren bends the wood."}'
    )
    before = chipwatch("classify", "--config", place.config, stdin=item).rows[0]
    add(place.config, "--topic", "ferries", tmp_path / "notes.txt")
    after = chipwatch("classify", "--config", place.config, stdin=item).rows[0]
    assert after["nearest"]["exemplar"].startswith("skerry-lines")
    assert after["nearest"]["similarity"] > before["nearest"]["similarity"]


def test_the_seed_pages_lose_their_clutter_and_the_copy_is_told(tmp_path: Path) -> None:
    pages = sorted(shared_path("seeds").glob("*.txt"))
    config = write_config(tmp_path / "config")
    called = add(config, "--topic", "ferries", *pages)
    assert called.status == 0
    assert called.out.count("✓") == len(pages)
    assert called.out.count("marked as its copy") == 1
    assert called.out.count("tells the same event as") == 1
    new = [
        each
        for each in load_catalogue(config).exemplars
        if each.topics and each.id not in ("new-ferry", "second-ferry")
    ]
    assert len(new) == len(pages)
    for exemplar in new:
        assert "chip" in exemplar.text.lower()
        for clutter in ("memecoin", "musk", "gold shop"):
            assert clutter not in exemplar.text.lower(), exemplar.id


# ── list, show, remove ───────────────────────────────────────────────────────────────────────────


def test_articles_are_listed_with_their_labels(config: Path) -> None:
    rows = chipwatch("corpus", "list", "--config", config, "--json").json
    assert [(row["id"], row["topics"]) for row in rows] == [
        ("new-ferry", ["ferries"]),
        ("not-bakery", []),
        ("not-football", []),
        ("second-ferry", ["ferries"]),
    ]
    table = chipwatch("corpus", "list", "--config", config).out
    assert "none (negative)" in table
    assert "A bakery opens in Ostren" in table


def test_an_empty_corpus_says_how_to_begin(tmp_path: Path) -> None:
    (tmp_path / "topics").mkdir()
    assert "chipwatch corpus add FILE" in chipwatch("corpus", "list", "--config", tmp_path).out


def test_an_article_is_shown_whole(config: Path) -> None:
    shown = chipwatch("corpus", "show", "new-ferry", "--config", config)
    assert shown.out.splitlines()[0] == "Skerry Lines orders an electric ferry"
    assert "topics: ferries" in shown.out
    assert "The ferry takes 90 cars over the sound." in shown.out
    as_json = chipwatch("corpus", "show", "not-bakery", "--config", config, "--json").json
    assert as_json["topics"] == []
    assert as_json["text"].startswith("It bakes bread")


@pytest.mark.parametrize("command", ["show", "remove"])
def test_an_unknown_article_is_answered_with_the_nearest(config: Path, command: str) -> None:
    called = chipwatch("corpus", command, "new-fery", "--config", config)
    assert called.status == 2
    assert 'unknown article "new-fery"; did you mean "new-ferry"?' in called.err


def test_an_article_is_removed_unless_others_name_it(tmp_path: Path) -> None:
    config = write_config(tmp_path, topic='title = "Ferries"\nexemplars = ["new-ferry"]\n')
    refused = chipwatch("corpus", "remove", "new-ferry", "--config", config)
    assert refused.status == 2
    assert "is named by ferries" in refused.err
    assert (config / "corpus" / "new-ferry.md").exists()
    assert chipwatch("corpus", "remove", "second-ferry", "--config", config).status == 0
    assert not (config / "corpus" / "second-ferry.md").exists()
    assert chipwatch("config", "check", "--config", config).status == 0


def test_the_shipped_corpus_tells_its_copies() -> None:
    rows = chipwatch("corpus", "list", "--config", starter_folder(), "--json").json
    assert any(row["copy_of"] for row in rows)
    assert any(row["same_event"] for row in rows)


# ── check ────────────────────────────────────────────────────────────────────────────────────────


def test_a_label_that_the_others_contradict_is_told(config: Path) -> None:
    whole = chipwatch("corpus", "check", "--config", config, "--strict")
    assert whole.status == 0
    assert whole.out.splitlines()[-1] == "4 articles, 0 labels look wrong, 4 other remarks"
    article = config / "corpus" / "not-bakery.md"
    article.write_text(article.read_text().replace("A bakery opens in", "Ferry with a car deck leaves"))
    checked = chipwatch("corpus", "check", "--config", config)
    assert checked.status == 0
    assert "not-bakery: not labelled ferries, judged on by the others" in checked.out
    assert chipwatch("corpus", "check", "--config", config, "--strict").status == 1
    (row,) = (
        row
        for row in chipwatch("corpus", "check", "--config", config, "--json").json
        if row["doubt"] == "label"
    )
    assert (row["exemplar"], row["topic"]) == ("not-bakery", "ferries")


def test_an_exemplar_that_a_topic_lists_and_that_is_not_there_is_refused(tmp_path: Path) -> None:
    config = write_config(tmp_path, topic='title = "Ferries"\nexemplars = ["new-fery"]\n')
    called = chipwatch("corpus", "check", "--config", config)
    assert called.status == 2
    assert 'ferries.toml:2: exemplars: unknown exemplar "new-fery"; did you mean "new-ferry"?' in called.err
