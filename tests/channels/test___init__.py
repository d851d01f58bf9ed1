"""The register: tables of the configuration become channels, or mistakes named by file, line and key."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bot.channels import CHANNELS, Context, SmtpServer, build
from bot.documents import parse_toml
from bot.errors import ConfigError, ConfigErrors
from bot.ports import Channel
from tests.channels.services.webhook import SECRET
from tests.channels.worlds import NOW

MAIL = SmtpServer(host="mail.example.org", sender="bot@example.org")


def made(toml: str, smtp: SmtpServer = MAIL, templates: Path | None = None) -> Channel:
    document = parse_toml(f"[channels.team]\n{toml}\n", Path("config/chipwatch.toml"))
    context = Context(data=Path("data"), now=lambda: NOW, smtp=smtp, templates=templates)
    return build("team", document.data["channels"]["team"], context, document)


def mistake(toml: str, smtp: SmtpServer = MAIL, templates: Path | None = None) -> ConfigError:
    with pytest.raises(ConfigErrors) as caught:
        made(toml, smtp, templates)
    assert len(caught.value.problems) == 1
    return caught.value.problems[0]


@pytest.mark.parametrize(
    "toml",
    [
        'type = "email"\nto = ["ann@example.org"]',
        'type = "slack"\nurl = "https://hooks.slack.com/services/T0/B0/x"',
        'type = "discord"\nurl = "https://discord.com/api/webhooks/1/x"',
        'type = "teams"\nurl = "https://prod.logic.azure.com/workflows/1/triggers/manual/paths/invoke?sig=x"',
        'type = "mattermost"\nurl = "https://chat.example.org/hooks/x"',
        f'type = "webhook"\nurl = "https://example.org/hook"\nsecret = "{SECRET}"',
        'type = "googlechat"\nurl = "https://chat.googleapis.com/v1/spaces/A/messages?key=k&token=t"',
        'type = "telegram"\ntoken = "123456:ABC"\nchats = [-1001234567890]',
        'type = "matrix"\nhomeserver = "https://hs.example"\ntoken = "syt_x"\nrooms = ["!room"]',
        'type = "ntfy"\ntopic = "nobody-guesses-this"',
        'type = "apprise"\nurls = ["json://localhost"]',
        'type = "files"',
    ],
)
def test_the_shortest_table_of_each_type_is_enough(toml: str) -> None:
    assert made(toml).retry.waits


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        (
            "colour = 1",
            "config/chipwatch.toml:1: channels.team.type: type is missing; known are: email, slack",
        ),
        ('type = "slak"', ':2: channels.team.type: unknown channel type "slak"; did you mean "slack"?'),
        ('type = ["slack"]', ":2: channels.team.type: unknown channel type"),
        (
            'type = "files"\nfoldr = "x"',
            ':3: channels.team.foldr: unknown key "foldr"; did you mean "folder"?',
        ),
        ('type = "files"\nformats = ["pdf"]', ":3: channels.team.formats[0]: "),
        ('type = "files"\nformats = []', ":3: channels.team.formats: name at least one of"),
        ('type = "slack"', ":1: channels.team.url: is missing"),
        ('type = "slack"\nurl = "hook-secret"', ":3: channels.team.url: write a whole web address"),
        ('type = "email"\nto = []', ":3: channels.team.to: name at least one"),
        ('type = "email"\nto = ["ann"]', ":3: channels.team.to: write a mail address"),
        ('type = "email"\nto = ["a@b.c"]\nsender = "x <y"', ":4: channels.team.sender: write a mail address"),
        (
            'type = "webhook"\nurl = "https://e.org"\nsecret = "short"',
            ":4: channels.team.secret: write whsec_",
        ),
        ('type = "webhook"\nurl = "https://e.org"\nsecret = ""', ":4: channels.team.secret: is empty"),
    ],
)
def test_mistakes_are_named_where_they_stand(toml: str, said: str) -> None:
    text = str(mistake(toml))
    assert said in text
    assert "hook-secret" not in text
    assert '"short"' not in text


@pytest.mark.parametrize(
    ("smtp", "said"),
    [
        (SmtpServer(sender="bot@example.org"), "set host in [smtp]"),
        (SmtpServer(host="mail.example.org"), "set sender here or in [smtp]"),
        (SmtpServer(host="mail.example.org", sender="nobody"), "in [smtp]: write a mail address"),
        (SmtpServer(host="mail.example.org", sender="b@e.org", security="plain"), "would send in the clear"),
    ],
)
def test_mail_needs_a_server_a_sender_and_a_line_that_nobody_reads(smtp: SmtpServer, said: str) -> None:
    assert said in str(mistake('type = "email"\nto = ["ann@example.org"]', smtp))


def test_mail_in_the_clear_goes_to_this_machine_or_where_it_is_allowed() -> None:
    here = SmtpServer(host="localhost", sender="b@e.org", security="plain")
    allowed = SmtpServer(host="mail.example.org", sender="b@e.org", security="plain", allow_plain=True)
    for smtp in (here, allowed):
        assert made('type = "email"\nto = ["ann@example.org"]', smtp)


def test_a_slip_in_the_word_type_is_named_where_it_stands() -> None:
    problem = mistake('tpye = "files"')
    assert (problem.key, problem.line) == ("channels.team.tpye", 2)
    assert problem.problem == 'unknown key "tpye"; did you mean "type"?'


def test_a_template_that_cannot_be_read_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "digest.txt.j2").write_text("fine\n{% if %}\n")
    problem = mistake('type = "files"', templates=tmp_path)
    assert str(problem.file) == str(tmp_path / "digest.txt.j2")
    assert problem.line == 2


def test_the_register_is_light_to_import() -> None:
    """``chipwatch --help`` must not wait for what only sending needs."""
    heavy = ("httpx", "jinja2", "css_inline", "smtplib", "ssl")
    code = f"import sys, bot.channels; print([name for name in {heavy!r} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_every_option_says_what_it_is() -> None:
    for kind in CHANNELS.values():
        assert kind.options.__doc__
        for field in kind.options.model_fields.values():
            assert field.description
