"""Asking the running daemon what it says of itself at ``/readyz``, with nothing that takes long to import."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping

from bot.errors import ChipwatchError

_WITHIN = 2.0
"""Seconds: it answers at once or is stuck."""
_LONGEST = 100_000
"""Bytes that are read of an answer."""
_HERE = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - asked, not bound
"""Where a server that listens everywhere can be asked."""


def readiness(bind: str, within: float = _WITHIN) -> Mapping[str, str]:
    """What keeps the daemon at ``bind`` from being ready, by part; empty where it is.

    ``within``: seconds. Raises ChipwatchError where nobody answers, or somebody else does.
    """
    host, _, port = bind.rpartition(":")
    connection = http.client.HTTPConnection(_HERE.get(host, host).strip("[]"), int(port), timeout=within)
    try:
        connection.request("GET", "/readyz")
        told = connection.getresponse().read(_LONGEST)
    except (OSError, http.client.HTTPException) as error:
        raise ChipwatchError(f"no answer at {bind}; is chipwatch run running?") from error
    finally:
        connection.close()
    try:
        return {str(part): str(why) for part, why in json.loads(told)["troubles"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ChipwatchError(f"what answers at {bind} is not chipwatch run") from error


def troubles(bind: str) -> Mapping[str, str] | None:
    """As ``readiness``; ``None`` where no daemon answers."""
    try:
        return readiness(bind)
    except ChipwatchError:
        return None
