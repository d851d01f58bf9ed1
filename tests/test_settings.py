from datetime import timedelta
from pathlib import Path

import pytest

from bot.errors import ConfigErrors
from bot.settings import load_settings, stray_variables


def write(folder: Path, text: str) -> Path:
    (folder / "chipwatch.toml").write_text(text)
    return folder


def test_without_a_file_every_setting_has_its_default(tmp_path: Path) -> None:
    settings, _ = load_settings(tmp_path)
    assert settings.storage.url == "sqlite"
    assert settings.schedule.min_interval == timedelta(minutes=5)


def test_variables_win_over_secrets_and_secrets_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "chipwatch_smtp__password").write_text("from secret")
    (secrets / "chipwatch_smtp__username").write_text("from secret")
    monkeypatch.setenv("CHIPWATCH_SECRETS", str(secrets))
    monkeypatch.setenv("CHIPWATCH_SMTP__USERNAME", "from variable")
    settings, _ = load_settings(
        write(tmp_path, '[smtp]\nhost = "from.file"\nusername = "from file"\npassword = "from file"\n')
    )
    assert settings.smtp.host == "from.file"
    assert settings.smtp.username == "from variable"
    assert settings.smtp.password.get_secret_value() == "from secret"


def test_a_channel_takes_its_secret_from_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIPWATCH_CHANNELS__CHAT__URL", "https://hooks.example/secret")
    settings, _ = load_settings(write(tmp_path, '[channels.chat]\ntype = "slack"\n'))
    assert settings.channels["chat"] == {"type": "slack", "url": "https://hooks.example/secret"}


def test_a_typo_names_file_line_key_and_the_valid_name(tmp_path: Path) -> None:
    write(tmp_path, '[smtp]\nhsot = "x"\n\n[[alerts]]\ntopics = ["a"]\n\n[digest.daily]\n')
    with pytest.raises(ConfigErrors) as caught:
        load_settings(tmp_path)
    told = str(caught.value)
    assert 'chipwatch.toml:2: smtp.hsot: unknown key "hsot"; did you mean "host"?' in told
    assert "chipwatch.toml:4: alerts[0].channels: is missing" in told
    assert 'chipwatch.toml:7: digest: unknown key "digest"; did you mean "digests"?' in told


def test_a_wrong_variable_is_named_and_not_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIPWATCH_SMTP__PORT", "many")
    with pytest.raises(ConfigErrors, match=r"^environment: CHIPWATCH_SMTP__PORT: must be a whole number"):
        load_settings(tmp_path)


def test_a_variable_that_sets_nothing_is_named() -> None:
    stray = [str(problem) for problem in stray_variables({"CHIPWATCH_SMPT__HOST": "x", "PATH": "/bin"})]
    assert len(stray) == 1
    assert 'did you mean "CHIPWATCH_SMTP__HOST"?' in stray[0]
    known = {"CHIPWATCH_SMTP__HOST": "x", "CHIPWATCH_CONFIG": "c", "CHIPWATCH_CHANNELS__CHAT__URL": "u"}
    assert not list(stray_variables(known))


@pytest.mark.parametrize("bind", ["8465", "localhost", "localhost:http", "127.0.0.1:99999"])
def test_an_address_to_bind_needs_host_and_port(tmp_path: Path, bind: str) -> None:
    with pytest.raises(ConfigErrors, match="write address and port"):
        load_settings(write(tmp_path, f'[server]\nbind = "{bind}"\n'))


def test_a_table_in_one_variable_must_be_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIPWATCH_SMTP", "password=s3cret")
    with pytest.raises(
        ConfigErrors, match=r'^environment: error parsing value for field "smtp": it must be JSON$'
    ) as caught:
        load_settings(tmp_path)
    assert "s3cret" not in str(caught.value)


def test_a_folder_of_secrets_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHIPWATCH_SECRETS", str(tmp_path / "nowhere"))
    with pytest.raises(ConfigErrors, match=r"^environment: .*nowhere"):
        load_settings(tmp_path)


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


def test_an_advisor_takes_its_key_from_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIPWATCH_JUDGING__ADVISOR__API_KEY", "sk-secret")
    assert list(stray_variables({"CHIPWATCH_JUDGING__ADVISOR__API_KEY": ""})) == []
    settings, _ = load_settings(write(tmp_path, ADVISOR + "request = { temperature = 0 }\n"))
    advisor = settings.judging.advisor
    assert advisor.api_key.get_secret_value() == "sk-secret"
    assert "sk-secret" not in repr(settings)
    assert (advisor.model, advisor.request) == ("small", {"temperature": 0})


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
        ('[smtp.dkim]\ndomain = "exa mple.org"', "pattern"),
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
