"""What the running daemon says of itself at ``/readyz``."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping

_WITHIN = 2.0
"""Seconds: it answers at once or is stuck."""
_LONGEST = 100_000


def readiness(bind: str, within: float = _WITHIN) -> Mapping[str, str] | None:
    """What keeps the daemon at ``bind`` from being ready, by part; ``None`` where none answers as it does."""
    host, _, port = bind.rpartition(":")
    host = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)  # noqa: S104 - asked, not bound
    try:
        connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=within)
        try:
            connection.request("GET", "/readyz")
            told = json.loads(connection.getresponse().read(_LONGEST))
        finally:
            connection.close()
    except (OSError, ValueError, http.client.HTTPException):
        return None
    troubles = told.get("troubles") if isinstance(told, dict) else None
    return {str(part): str(why) for part, why in troubles.items()} if isinstance(troubles, dict) else None
