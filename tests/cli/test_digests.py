import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.calling import NEWS, SETTINGS, entry
from tests.cli.conftest import Place

NOTHING = "nothing to tell: no story that was not told before\n"


def written(folder: Path) -> dict[str, str]:
    """Suffix → content of what a digest wrote."""
    return {path.suffix: path.read_text() for path in folder.iterdir()}


def test_a_digest_is_told_once(polled: Place) -> None:
    called = polled.call("digest", "daily")
    assert called.status == 0
    assert called.out == "1 message in the outbox; send now with: chipwatch deliver\n"
    assert polled.call("deliver").status == 0
    digest = written(polled.data / "digests")
    assert set(digest) == {".html", ".txt", ".json"}
    assert all("Skerry Lines launches its electric ferry" in content for content in digest.values())
    assert "library" not in digest[".txt"]
    polled.call("poll", "--all")
    assert polled.call("digest", "daily").out == NOTHING
    assert polled.call("deliver").out == "nothing is due\n"


def test_news_comes_in_the_next_one(polled: Place) -> None:
    polled.call("digest", "daily")
    polled.publish(entry("3", "Ostren orders a third car ferry", "It will cross the sound at night."), *NEWS)
    polled.call("poll", "--all")
    assert polled.json("digest", "daily")["deliveries"] == 1
    polled.call("deliver")
    (latest, _) = sorted(
        (path.read_text() for path in (polled.data / "digests").glob("*.txt")),
        key=lambda text: "third" not in text,
    )
    assert "Ostren orders a third car ferry" in latest
    assert "launches" not in latest


def test_a_preview_writes_files_and_remembers_nothing(polled: Place, tmp_path: Path) -> None:
    for name in ("one", "two"):
        called = polled.call("digest", "daily", "--preview", tmp_path / name)
        assert called.status == 0
        assert [Path(line).parent for line in called.out.splitlines()] == [tmp_path / name] * 3
        assert "electric ferry" in written(tmp_path / name)[".txt"]
    assert polled.json("deliveries", "list") == []
    assert polled.json("digest", "daily", "--preview", tmp_path / "three")["files"]
    assert polled.json("digest", "daily")["deliveries"] == 1
    assert polled.call("digest", "daily", "--preview", tmp_path / "four").out == NOTHING
    assert not (tmp_path / "four").exists()


def test_a_preview_names_channels_that_were_told_it_all(polled: Place, tmp_path: Path) -> None:
    polled.call("digest", "daily")
    channels = 'type = "files"\n[channels.folder-2]\ntype = "files"\nformats = ["txt"]\n'
    settings = SETTINGS.replace('type = "files"\n', channels).replace('["folder"]', '["folder", "folder-2"]')
    (polled.config / "chipwatch.toml").write_text(settings)
    called = polled.call("digest", "daily", "--preview", tmp_path / "p")
    assert called.out.splitlines() == [
        str(tmp_path / "p" / "daily-folder-2-1.txt"),
        "nothing for folder: no story that was not told there before",
    ]


def test_a_digest_of_an_earlier_time_says_that_it_is_late_and_is_composed_once(polled: Place) -> None:
    before = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
    assert polled.json("digest", "daily", "--at", before)["deliveries"] == 1
    assert polled.call("digest", "daily", "--at", before).out == NOTHING
    polled.call("deliver")
    assert "Late: this was due on " in written(polled.data / "digests")[".txt"]


def test_a_time_to_come_can_only_be_looked_at(polled: Place, tmp_path: Path) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    called = polled.call("digest", "daily", "--at", tomorrow)
    assert called.status == 2
    assert "--preview" in called.err
    assert polled.call("digest", "daily", "--at", tomorrow, "--preview", tmp_path / "p").status == 0
    assert polled.json("digest", "daily")["deliveries"] == 1, "the time to come was not taken"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["dialy"], 'unknown digest "dialy"; did you mean "daily"?'),
        (["daily", "--at", "noon"], '"noon" is no time'),
        ([], "NAME"),
    ],
)
def test_a_wrong_call_is_named(place: Place, arguments: list[str], told: str) -> None:
    called = place.call("digest", *arguments)
    assert called.status == 2
    assert told in called.err


def test_a_folder_that_can_not_be_written_is_named(polled: Place, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    called = polled.call("digest", "daily", "--preview", tmp_path / "file")
    assert called.status == 2
    assert str(tmp_path / "file") in called.err


def test_a_user_s_template_wins(polled: Place, tmp_path: Path) -> None:
    (polled.config / "templates").mkdir()
    (polled.config / "templates" / "digest.txt.j2").write_text("Mine: {{ digest.title }}")
    polled.call("digest", "daily", "--preview", tmp_path / "p")
    assert written(tmp_path / "p")[".txt"] == "Mine: Harbor news\n"


def test_a_template_that_fails_is_named_and_nothing_is_taken(polled: Place) -> None:
    template = polled.config / "templates" / "digest.txt.j2"
    template.parent.mkdir()
    template.write_text("{{ digest.titel }}")
    called = polled.call("digest", "daily")
    assert called.status == 2
    assert "digest.txt.j2" in called.err
    assert "titel" in called.err
    template.unlink()
    assert polled.json("digest", "daily")["deliveries"] == 1


def test_json_says_what_was_composed(polled: Place) -> None:
    told = polled.json("digest", "daily")
    assert (told["digest"], told["deliveries"]) == ("daily", 1)
    assert datetime.fromisoformat(told["at"]).tzinfo is not None
    (delivery, *_) = polled.json("deliveries", "list")
    assert json.dumps(delivery)
