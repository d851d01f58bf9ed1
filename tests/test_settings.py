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


@pytest.mark.parametrize(
    ("variable", "example"),
    [
        ("CHIPWATCH_SMTP", r'{"key": "value"}'),
        ("CHIPWATCH_CHANNELS", r'{"key": "value"}'),
        ("CHIPWATCH_HTTP__ALLOW_NETWORKS", r'["one", "two"]'),
        ("CHIPWATCH_ALARMS__CHANNELS", r'["one", "two"]'),
        ("CHIPWATCH_DIGESTS__DAILY__TOPICS", r'["one", "two"]'),
    ],
)
def test_a_list_or_table_in_a_variable_must_be_json(
    variable: str, example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, '[digests.daily]\ntopics = ["chips"]\nschedule = "0 7 * * *"\n')
    monkeypatch.setenv("CHIPWATCH_HTTP__CONCURRENCY", "5")
    monkeypatch.setenv(variable, "password=s3cret")
    with pytest.raises(ConfigErrors) as caught:
        load_settings(tmp_path)
    assert str(caught.value) == f"environment: {variable}: must be JSON, such as {example}"


def test_a_folder_of_secrets_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHIPWATCH_SECRETS", str(tmp_path / "nowhere"))
    with pytest.raises(ConfigErrors, match=r"^environment: .*nowhere"):
        load_settings(tmp_path)


def test_an_advisor_takes_its_key_from_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIPWATCH_JUDGING__ADVISOR__API_KEY", "sk-secret")
    assert list(stray_variables({"CHIPWATCH_JUDGING__ADVISOR__API_KEY": ""})) == []
    settings, _ = load_settings(
        write(
            tmp_path,
            '[judging.advisor]\nurl = "http://localhost:11434/v1/chat/completions"\nmodel = "small"\n'
            "request = { temperature = 0 }\n",
        )
    )
    advisor = settings.judging.advisor
    assert advisor.api_key.get_secret_value() == "sk-secret"
    assert "sk-secret" not in repr(settings)
    assert (advisor.model, advisor.request) == ("small", {"temperature": 0})
