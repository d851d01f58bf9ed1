"""How each chat service takes, refuses and answers: one file a service, and one line here."""

from __future__ import annotations

from collections.abc import Mapping

from tests.channels.chat import Service
from tests.channels.services import discord, mattermost, slack, teams, webhook

SERVICES: Mapping[str, Service] = {
    "discord": discord.SERVICE,
    "mattermost": mattermost.SERVICE,
    "slack": slack.SERVICE,
    "teams": teams.SERVICE,
    "webhook": webhook.SERVICE,
}
