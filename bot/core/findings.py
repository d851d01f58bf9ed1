"""What a finding says and what to do about it, where more than one check needs the words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.amounts import plural
from bot.model import Finding, Level, Unreached

RENEW_WITHIN = timedelta(days=14)
"""Let's Encrypt's clients renew a month before the end: with half of that gone, something hinders them."""

_UNREACHED = frozenset({"dns", "no-way"})
_CHECK_CLOCK = "; if it is not old, this machine's clock is wrong"
REMEDIES: Mapping[str, str] = {
    "dns": "look for a slip in the name ({setting}), or whether this machine's DNS answers",
    "no-way": "look at this machine's network, and at a firewall that lets nothing out",
    "refused": "start what should listen there, or correct host and port ({setting})",
    "timeout": "try again; if it stays, look for a firewall between, or a wrong port ({setting})",
    "tls-expired": "have the certificate of {host} renewed" + _CHECK_CLOCK,
    "tls-name": "write the name that the certificate is for ({setting}), or have one made for {host}",
    "tls-unknown": "have {host} send its whole chain, or let this machine trust its authority: {authority}",
    "tls": "look whether {host} speaks TLS at that port ({setting})",
    "cut": "try again; if it stays, look at what is between this machine and {host}, and at its log",
    "address": "write a whole web address ({setting})",
}
"""What to do about each kind of :class:`~bot.model.Unreached`."""


def fine(found: str, *, host: str = "") -> Finding:
    return Finding(level=Level.FINE, found=found, host=host)


def warning(found: str, remedy: str, *, host: str = "") -> Finding:
    return Finding(level=Level.WARNING, found=found, remedy=remedy, host=host)


def fault(found: str, remedy: str, *, host: str = "") -> Finding:
    return Finding(level=Level.FAULT, found=found, remedy=remedy, host=host)


def unreached(
    why: Unreached, host: str, setting: str, *, authority: str = "SSL_CERT_FILE names its certificate"
) -> Finding:
    """A host that gave no answer. ``setting``: where its address is configured, ``[smtp] host``."""
    remedy = REMEDIES[why.kind].format(host=host, setting=setting, authority=authority)
    return replace(fault(f"{host}: {why.detail}", remedy, host=host), unreached=why.kind in _UNREACHED)


def certified(finding: Finding, until: datetime | None, now: datetime) -> Finding:
    """The same, unless it was fine and its host's certificate ends soon."""
    if finding.level is not Level.FINE or until is None or until - now > RENEW_WITHIN:
        return finding
    days = max((until - now).days, 0)
    return replace(
        finding,
        level=Level.WARNING,
        found=f"{finding.found}; its certificate ends in {plural(days, 'day')}, on {until:%Y-%m-%d}",
        remedy=f"have the certificate of {finding.host} renewed: nothing is sent there once it has ended",
    )
