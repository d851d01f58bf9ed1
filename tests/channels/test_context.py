"""The surroundings of channels keep in step with the settings they come from."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta

import pytest

from bot.channels.context import ChannelOptions, SmtpServer, policy
from bot.channels.dkim import Signer
from bot.model import RetryPolicy
from bot.tables import Dkim, Smtp


def test_a_mail_server_is_the_smtp_table_field_by_field() -> None:
    assert {field.name for field in fields(SmtpServer)} == set(Smtp.model_fields)
    assert SmtpServer(**dict(Smtp(host="mail.example.org", port=465))).port == 465
    assert SmtpServer() == SmtpServer(**dict(Smtp()) | {"dkim": Signer(**dict(Smtp().dkim))})
    assert {field.name for field in fields(Signer)} == set(Dkim.model_fields)


def test_the_password_shows_nowhere() -> None:
    server = SmtpServer(**dict(Smtp.model_validate({"password": "hunter2"})))
    assert "hunter2" not in repr(server)
    assert server.password.get_secret_value() == "hunter2"


@pytest.mark.parametrize("default", [True, False])
def test_what_a_table_says_of_requests_without_an_answer_wins_over_the_channel(default: bool) -> None:
    own = RetryPolicy(waits=(timedelta(minutes=1),), give_up=timedelta(hours=1), resend_unanswered=default)
    assert policy(own, ChannelOptions()) == own
    assert not policy(own, ChannelOptions(on_unknown="hold")).resend_unanswered
    assert policy(own, ChannelOptions(on_unknown="resend")).resend_unanswered
