"""Whom the bot speaks to besides feeds: channels, the mail server, an advisor, its own public address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from urllib.parse import urlsplit

from pydantic import SecretStr

from bot.channels import SmtpServer, http
from bot.channels.dkim import Signer
from bot.channels.dkimrecord import check_dkim
from bot.channels.login import check_login
from bot.configuration import Configuration, user_agent
from bot.core.findings import certified, fault, fine, unreached, warning
from bot.doctor.together import Check
from bot.model import Destination, Finding, Level
from bot.ports import Channel, Checkable
from bot.tables import Advisor

MAIL, CHANNELS, SERVICES = "mail", "channels", "services"
_COMPLETIONS = "/chat/completions"
_SHUT_OUT = frozenset({401, 403})
_UNKNOWN_LINK = b"This link is not known"
"""What :mod:`bot.server.unsubscribe` says to a token that is none of ours."""


def checks(
    configuration: Configuration, destinations: Mapping[str, Destination], now: datetime
) -> list[Check]:
    """All that can be asked over the network and is no feed; nothing is sent by any of them."""
    settings, made = configuration.settings, []
    if settings.smtp.host:
        smtp = SmtpServer(**dict(settings.smtp) | {"dkim": Signer(**dict(settings.smtp.dkim))})
        made.append(Check(part=MAIL, name="login", run=lambda: [check_login(smtp, now)]))
        if smtp.dkim.domain:
            made.append(Check(part=MAIL, name="DKIM", run=lambda: [check_dkim(smtp.dkim)]))
    for name, channel in configuration.channels.items():
        state = destinations.get(name)
        if state and state.disabled_at and state.fingerprint != configuration.fingerprint(name):
            # Its options are others now: the next round sends to it again.
            state = None
        run = partial(check_channel, channel, state)
        made.append(Check(part=CHANNELS, name=name, run=run))
    agent = user_agent(settings)
    if settings.judging.advisor.url:
        advisor = partial(check_advisor, settings.judging.advisor, agent, now)
        made.append(Check(part=SERVICES, name="advisor", run=advisor))
    if settings.server.public_url:
        public = partial(check_public, settings.server.public_url, agent, now)
        made.append(Check(part=SERVICES, name="public address", run=public))
    return made


def check_channel(channel: Channel, state: Destination | None) -> Sequence[Finding]:
    """``state``: how the outbox stands to it."""
    found = channel.check() if isinstance(channel, Checkable) else [fine("goes through the mail server")]
    if state is None or state.disabled_at is None:
        return found
    again = f"chipwatch deliveries enable {state.channel}"
    if any(each.level is Level.FAULT for each in found):
        return [replace(each, remedy=f"{each.remedy}; then {again}") for each in found]
    why = f"disabled since {state.disabled_at:%Y-%m-%d %H:%M} UTC: {state.disabled_why}"
    return [warning(why, f"when its cause is mended: {again}")]


def check_advisor(advisor: Advisor, agent: str, now: datetime) -> Sequence[Finding]:
    """Its list of models, which costs nothing; not every server has one."""
    asked = advisor.url.removesuffix("/").removesuffix(_COMPLETIONS) + "/models"
    host, key = urlsplit(advisor.url).hostname or "", advisor.api_key.get_secret_value()
    headers = {"user-agent": agent} | ({"authorization": f"Bearer {key}"} if key else {})
    answer = http.ask(SecretStr(asked), headers, now)
    if not isinstance(answer, http.Answer):
        # Judging goes on without it: docs/judging.md.
        missing = unreached(answer, host, "[judging.advisor] url")
        return [replace(missing, level=Level.WARNING, found=f"{missing.found}; items are judged without it")]
    if answer.status in _SHUT_OUT:
        remedy = "correct api_key in [judging.advisor]; items are judged without the advisor until then"
        return [fault(f"{host} refuses the key: {answer.status}", remedy, host=host)]
    if answer.ok and (names := _models(answer)) and advisor.model not in names:
        remedy = f"correct model in [judging.advisor]; {host} has {', '.join(names[:5])}"
        return [fault(f"{host} has no model {advisor.model}", remedy, host=host)]
    found = fine(f"{host} answers", host=host)
    return [certified(replace(found, ahead=answer.ahead), answer.certified_until, now)]


def _models(answer: http.Answer) -> list[str]:
    listed = answer.json().get("data")
    entries = listed if isinstance(listed, list) else []
    return [str(each["id"])[:60] for each in entries if isinstance(each, dict) and "id" in each]


def check_public(public_url: str, agent: str, now: datetime) -> Sequence[Finding]:
    """Whether a link of a letter leads to our server: a link that is none gets our own page."""
    host, setting = urlsplit(public_url).hostname or "", "[server] public_url"
    answer = http.ask(SecretStr(f"{public_url}/u/x"), {"user-agent": agent}, now)
    if not isinstance(answer, http.Answer):
        return [unreached(answer, host, setting)]
    if answer.status == 404 and _UNKNOWN_LINK in answer.body:
        found = replace(fine(f"{host} leads to our server", host=host), ahead=answer.ahead)
        return [certified(found, answer.certified_until, now)]
    remedy = (
        f"have the proxy hand what begins with {public_url}/u/ to [server] bind, and look whether the daemon "
        "runs: unsubscribe links in letters lead nowhere until then"
    )
    return [fault(f"{host} answers {answer.status}, and not as our server does", remedy, host=host)]
