"""How each chat service takes, refuses and answers: one file a service, and one line here."""

from __future__ import annotations

from collections.abc import Mapping

from tests.channels.chat import Service
from tests.channels.services import (
    discord,
    googlechat,
    matrix,
    mattermost,
    ntfy,
    slack,
    teams,
    telegram,
    webhook,
)

SERVICES: Mapping[str, Service] = {
    "discord": discord.SERVICE,
    "mattermost": mattermost.SERVICE,
    "googlechat": googlechat.SERVICE,
    "matrix": matrix.SERVICE,
    "ntfy": ntfy.SERVICE,
    "slack": slack.SERVICE,
    "teams": teams.SERVICE,
    "telegram": telegram.SERVICE,
    "webhook": webhook.SERVICE,
}
