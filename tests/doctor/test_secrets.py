"""No secret of a configuration shows, whatever a server repeats; and who can read them is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.configuration import Configuration, read_configuration
from bot.core.findings import fault
from bot.doctor.secrets import check_readers, hidden
from bot.model import Level, Row
from tests.cli.calling import SETTINGS, write_config

MORE = """
[smtp]
host = "mail.example.org"
password = { file = "mail-password" }

[channels.chat]
type = "slack"
url = { env = "CHAT_URL" }

[channels.other]
type = "apprise"
urls = ["json://name:inline-secret@example.org/path-that-is-secret"]

[judging.advisor]
url = "http://localhost:1/v1/chat/completions"
model = "m"
api_key = "sk-in-the-file"

[storage]
url = "postgresql://bot:database-secret@db.example/news"
"""


@pytest.fixture
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configuration:
    folder = write_config(tmp_path / "config", settings=SETTINGS + MORE)
    (folder / "mail-password").write_text("from-a-file\n")
    for file in ("mail-password", "chipwatch.toml"):
        (folder / file).chmod(0o600)
    monkeypatch.setenv("CHAT_URL", "https://hooks.example.org/services/secret-path")
    return read_configuration(folder, tmp_path / "data")


def test_secrets_are_hidden_wherever_they_come_from(configuration: Configuration) -> None:
    said = (
        "from-a-file sk-in-the-file database-secret secret-path path-that-is-secret "
        "https://hooks.example.org/services/secret-path mail.example.org"
    )
    row = Row(part="mail", name="login", finding=fault(said, said))
    (told,) = hidden([row], configuration)
    for text in (told.finding.found, told.finding.remedy):
        assert "secret" not in text.replace("sk-", "")
        assert "sk-in-the-file" not in text
        assert "from-a-file" not in text
        # What is no secret stays.
        assert "mail.example.org" in text


def test_files_that_others_can_read_are_named(configuration: Configuration) -> None:
    (sound,) = check_readers(configuration)
    assert sound.level is Level.FINE
    folder = configuration.folder
    (folder / "mail-password").chmod(0o644)
    (folder / "chipwatch.toml").chmod(0o604)
    # It holds none.
    (folder / "feeds.toml").chmod(0o644)
    found = check_readers(configuration)
    assert [each.remedy for each in found] == [
        f"chmod o-r {folder.resolve() / 'chipwatch.toml'}",
        f"chmod o-r {folder.resolve() / 'mail-password'}",
    ]


def test_a_file_without_secrets_may_be_read_by_all(tmp_path: Path) -> None:
    folder = write_config(tmp_path / "config")
    (folder / "chipwatch.toml").chmod(0o644)
    (found,) = check_readers(read_configuration(folder, tmp_path / "data"))
    assert found.level is Level.FINE


def test_a_folder_of_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "chipwatch_smtp__password").write_text("word")
    (secrets / "chipwatch_smtp__password").chmod(0o644)
    monkeypatch.setenv("CHIPWATCH_SECRETS", str(secrets))
    folder = write_config(tmp_path / "config")
    (found,) = check_readers(read_configuration(folder, tmp_path / "data"))
    assert (found.level, "chipwatch_smtp__password" in found.found) == (Level.WARNING, True)
