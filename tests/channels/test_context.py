"""The surroundings of channels keep in step with the settings they come from."""

from __future__ import annotations

from dataclasses import fields

from bot.channels.context import SmtpServer
from bot.settings import Smtp


def test_a_mail_server_is_the_smtp_table_field_by_field() -> None:
    assert {field.name for field in fields(SmtpServer)} == set(Smtp.model_fields)
    assert SmtpServer(**dict(Smtp(host="mail.example.org", port=465))).port == 465
    assert SmtpServer() == SmtpServer(**dict(Smtp()))


def test_the_password_shows_nowhere() -> None:
    server = SmtpServer(**dict(Smtp.model_validate({"password": "hunter2"})))
    assert "hunter2" not in repr(server)
    assert server.password.get_secret_value() == "hunter2"
