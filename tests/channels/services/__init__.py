"""How each chat service takes, refuses and answers: one file a service, and one line here."""

from __future__ import annotations

from collections.abc import Mapping

from tests.channels.chat import Service
from tests.channels.services import slack, webhook

SERVICES: Mapping[str, Service] = {
    "slack": slack.SERVICE,
    "webhook": webhook.SERVICE,
}
