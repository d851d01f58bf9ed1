"""What the tables of ``chipwatch.toml`` take, and how they name what they don't."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.daemon.steps import EVERY
from bot.errors import ConfigErrors
from bot.settings import load_settings, stray_variables
from bot.tables import Levels


def write(folder: Path, text: str) -> Path:
    (folder / "chipwatch.toml").write_text(text)
    return folder


@pytest.mark.parametrize("bind", ["8465", "localhost", "localhost:http", "127.0.0.1:99999"])
def test_an_address_to_bind_needs_host_and_port(tmp_path: Path, bind: str) -> None:
    with pytest.raises(ConfigErrors, match="write address and port"):
        load_settings(write(tmp_path, f'[server]\nbind = "{bind}"\n'))


def test_networks_are_networks_and_hosts_are_hosts(tmp_path: Path) -> None:
    good = '["wiki.lan", "10.1.2.3", "10.1.0.1/16", "fd00::/8", "[::1]"]'
    settings, _ = load_settings(write(tmp_path, f"[http]\nallow_networks = {good}\n"))
    assert len(settings.http.allow_networks) == 5
    with pytest.raises(ConfigErrors, match=r'toml:2: http\.allow_networks: "10\.1\.0\.0/99" is no network'):
        load_settings(write(tmp_path, '[http]\nallow_networks = ["10.1.0.0/99"]\n'))


@pytest.mark.parametrize("contact", ["Jörg", "a\\nb", "芯"])
def test_a_contact_fits_into_a_header(tmp_path: Path, contact: str) -> None:
    with pytest.raises(ConfigErrors, match=r"toml:2: http\.contact: it goes into an HTTP header"):
        load_settings(write(tmp_path, f'[http]\ncontact = "{contact}"\n'))


ADVISOR = '[judging.advisor]\nurl = "http://localhost:11434/v1/chat/completions"\nmodel = "small"\n'


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('url = "localhost:11434"', "write a whole web address"),
        ('url = "http://[::1"', "write a whole web address"),
        ('url = "http://me:hunter2@models.example/v1"', "a key belongs in api_key"),
        ('model = ""', "name the model"),
        ('api_key = "sk\\nx"', "goes into an HTTP header"),
        ('api_key = "clé"', "goes into an HTTP header"),
        ("max_share = 9", "must be 3 or less"),
        ('timeout = "5m"', "must be 1 minute or less"),
        ("request = { since = 2026-01-01 }", "have no place in JSON"),
        ("request = { temperature = inf }", "have no place in JSON"),
        ("request = { stream = true }", "can't be set here"),
    ],
)
def test_what_no_advisor_can_have_is_refused(tmp_path: Path, line: str, told: str) -> None:
    key = line.partition(" ")[0]
    kept = [each for each in ADVISOR.splitlines() if not each.startswith(key)]
    with pytest.raises(ConfigErrors) as caught:
        load_settings(write(tmp_path, "\n".join([*kept, line])))
    (problem,) = caught.value.problems
    assert told in str(problem)
    assert "judging.advisor" in str(problem)


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ('[server]\npublic_url = "http://news.example.org"', "write an https:// address"),
        ('[server]\npublic_url = "https://ann:pw@news.example.org"', "write an https:// address"),
        ('[server]\npublic_url = "https://news.example.org/?x=1"', "write an https:// address"),
        ('[server]\npublic_url = "https://news.example.org/a>b"', "write an https:// address"),
        ('[server]\nbind = ""\npublic_url = "https://news.example.org"', "set bind too"),
        ('[smtp.dkim]\ndomain = "example.org"', "belong together; set selector and private_key"),
        ('[smtp.dkim]\ndomain = "exa mple.org"', "holds what can't stand there"),
    ],
)
def test_what_would_make_a_bad_link_or_signature_is_refused(tmp_path: Path, table: str, problem: str) -> None:
    (tmp_path / "chipwatch.toml").write_text(table)
    with pytest.raises(ConfigErrors, match=problem):
        load_settings(tmp_path)


def test_a_public_url_loses_its_last_slash_and_a_signing_key_is_never_shown(tmp_path: Path) -> None:
    (tmp_path / "chipwatch.toml").write_text(
        '[server]\npublic_url = "https://news.example.org/chipwatch/"\n'
        '[smtp.dkim]\ndomain = "example.org"\nselector = "s"\nprivate_key = "hunter2"\n'
    )
    settings, _ = load_settings(tmp_path)
    assert settings.server.public_url == "https://news.example.org/chipwatch"
    assert "hunter2" not in repr(settings)


# ── [schedule] ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("lines", ['min_interval = "2h"\nmax_interval = "1h"', 'min_interval = "2d"'])
def test_bounds_of_polling_that_leave_nothing_between_are_refused(tmp_path: Path, lines: str) -> None:
    with pytest.raises(ConfigErrors, match="min_interval is longer than max_interval"):
        load_settings(write(tmp_path, f"[schedule]\n{lines}\n"))


def test_bounds_of_polling_may_meet(tmp_path: Path) -> None:
    settings, _ = load_settings(write(tmp_path, '[schedule]\nmin_interval = "1h"\nmax_interval = "1h"\n'))
    assert settings.schedule.min_interval == settings.schedule.max_interval


# ── [log] ────────────────────────────────────────────────────────────────────────────────────────


def test_a_part_has_a_level_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIPWATCH_LOG__LEVELS__UPKEEP", "error")
    assert list(stray_variables({"CHIPWATCH_LOG__LEVELS__UPKEEP": "error"})) == []
    settings, _ = load_settings(write(tmp_path, '[log.levels]\npoll = "debug"\n'))
    assert settings.log.levels.model_dump(exclude_none=True) == {"poll": "debug", "upkeep": "error"}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('pol = "debug"', 'toml:2: log.levels.pol: unknown key "pol"; did you mean "poll"?'),
        ('poll = "loud"', "toml:2: log.levels.poll: "),
        ('libraries = "debug"', "toml:2: log.levels.libraries: "),
    ],
)
def test_a_part_or_level_that_does_not_exist_is_refused(tmp_path: Path, line: str, told: str) -> None:
    with pytest.raises(ConfigErrors) as caught:
        load_settings(write(tmp_path, f"[log.levels]\n{line}\n"))
    assert told in str(caught.value)


def test_every_step_is_a_part() -> None:
    assert set(EVERY) <= set(Levels.model_fields)
