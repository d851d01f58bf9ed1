"""What an examination of the world finds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Level(StrEnum):
    """How much of a finding a person has to do something about."""

    FINE = "fine"
    WARNING = "warning"
    """It works, and somebody should look."""
    FAULT = "fault"
    """Something does not work."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that was looked at. Texts are for people and hold no secret."""

    level: Level
    found: str
    remedy: str = ""
    """What to do about it; empty where all is fine."""
    host: str = ""
    """Who was asked over the network; empty where nobody was."""
    unreached: bool = False
    """The network did not get as far as that host: no address for its name, or no way to it."""
    ahead: timedelta | None = None
    """How far that host's clock is ahead of ours, as far as it told the time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A finding in its place: ``part`` is one of the doctor's parts, ``name`` what of it was looked at."""

    part: str
    name: str
    finding: Finding


@dataclass(frozen=True, kw_only=True, slots=True)
class Unreached:
    """Why a host gave no answer."""

    kind: str
    """``dns``, ``no-way``, ``refused``, ``timeout``, ``tls-expired``, ``tls-name``, ``tls-unknown``, ``tls``,
    ``cut`` or ``address``."""
    detail: str
