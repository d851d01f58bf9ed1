"""The register of channels: one file a channel, one line here.

A channel is its options, how a digest looks in it, and one attempt to send. To add one, write
``channels/x.py`` and name it in CHANNELS; the conformance suite takes it from there.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from bot.channels.apprise import AppriseOptions, make_apprise
from bot.channels.context import Context, OptionError, SmtpServer
from bot.channels.discord import DiscordOptions, make_discord
from bot.channels.email import EmailOptions, make_email
from bot.channels.files import FilesOptions, make_files
from bot.channels.googlechat import GoogleChatOptions, make_googlechat
from bot.channels.matrix import MatrixOptions, make_matrix
from bot.channels.mattermost import MattermostOptions, make_mattermost
from bot.channels.ntfy import NtfyOptions, make_ntfy
from bot.channels.slack import SlackOptions, make_slack
from bot.channels.teams import TeamsOptions, make_teams
from bot.channels.telegram import TelegramOptions, make_telegram
from bot.channels.webhook import WebhookOptions, make_webhook
from bot.documents import Strict, TomlDocument, unknown, validate
from bot.errors import ConfigErrors
from bot.ports import Channel


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelType:
    """A kind of channel: the keys its table may hold, and how it is made (name, options, context)."""

    options: type[Strict]
    make: Callable[[str, Any, Context], Channel]


CHANNELS: Mapping[str, ChannelType] = MappingProxyType(
    {
        "email": ChannelType(options=EmailOptions, make=make_email),
        "slack": ChannelType(options=SlackOptions, make=make_slack),
        "discord": ChannelType(options=DiscordOptions, make=make_discord),
        "teams": ChannelType(options=TeamsOptions, make=make_teams),
        "mattermost": ChannelType(options=MattermostOptions, make=make_mattermost),
        "googlechat": ChannelType(options=GoogleChatOptions, make=make_googlechat),
        "telegram": ChannelType(options=TelegramOptions, make=make_telegram),
        "matrix": ChannelType(options=MatrixOptions, make=make_matrix),
        "ntfy": ChannelType(options=NtfyOptions, make=make_ntfy),
        "webhook": ChannelType(options=WebhookOptions, make=make_webhook),
        "files": ChannelType(options=FilesOptions, make=make_files),
        "apprise": ChannelType(options=AppriseOptions, make=make_apprise),
    }
)


def build(name: str, table: Mapping[str, Any], context: Context, document: TomlDocument) -> Channel:
    """Make the channel of one ``[channels.NAME]`` table of ``document``. Opens no connection.

    Raises ConfigErrors for a missing or unknown type, for wrong options and for templates that can't be read.
    """
    at = ("channels", name)
    if "type" not in table:
        for slip in difflib.get_close_matches("type", table, n=1, cutoff=0.5):
            raise ConfigErrors([document.error(unknown("key", slip, ["type"]), (*at, slip))])
        known = ", ".join(CHANNELS)
        raise ConfigErrors([document.error(f"type is missing; known are: {known}", (*at, "type"))])
    kind = str(table["type"])
    if kind not in CHANNELS:
        problem = unknown("channel type", kind, list(CHANNELS))
        raise ConfigErrors([document.error(problem, (*at, "type"))])
    values = {key: value for key, value in table.items() if key != "type"}
    options = validate(document, CHANNELS[kind].options, values, at)
    try:
        return CHANNELS[kind].make(name, options, context)
    except OptionError as error:
        raise ConfigErrors([document.error(error.problem, (*at, *error.path))]) from error


__all__ = ["CHANNELS", "ChannelType", "Context", "SmtpServer", "build"]
