from pathlib import Path

from bot.cli.stored import stored_texts
from tests.cli.conftest import Place


def test_where_nothing_was_stored_there_is_nothing_and_nothing_is_made(tmp_path: Path) -> None:
    assert stored_texts(tmp_path, tmp_path / "data") == []
    assert not (tmp_path / "data").exists()


def test_stored_items_come_with_headline_and_text(polled: Place) -> None:
    texts = dict(stored_texts(polled.config, polled.data))
    assert "Books until ten" in texts["Ostren library stays open late"]
    assert len(texts) == 2


def test_no_whole_configuration_is_needed(polled: Place) -> None:
    (polled.config / "topics" / "ferries.toml").unlink()
    assert len(stored_texts(polled.config, polled.data)) == 2
