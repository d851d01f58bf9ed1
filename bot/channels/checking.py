"""Trying a service without sending it anything: only GET, HEAD and OPTIONS, by the same way as a message."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr

from bot.channels import http
from bot.channels.context import Context
from bot.core.findings import certified, fault, fine, unreached, warning
from bot.model import Finding

_WITHIN = timedelta(seconds=8)
"""A doctor's check may take twenty seconds, and some of them ask twice."""
_PASSING = "try again; if it stays, look whether the service is well"


def ask(
    url: SecretStr,
    context: Context,
    setting: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] = MappingProxyType({}),
) -> http.Answer | Finding:
    """One harmless request; the finding where nobody answered. ``setting``: where the address stands."""
    headers = {"user-agent": context.user_agent, **headers}
    answer = http.ask(url, headers, context.now(), method=method, timeout=min(_WITHIN, context.timeout))
    return answer if isinstance(answer, http.Answer) else unreached(answer, http.host_of(url), setting)


def well(answer: http.Answer, url: SecretStr, found: str, context: Context) -> Finding:
    """A service that answered as it should, with what its answer tells by the way."""
    finding = replace(fine(found, host=http.host_of(url)), ahead=answer.ahead)
    return certified(finding, answer.certified_until, context.now())


def unwell(answer: http.Answer, url: SecretStr, remedy: str, words: str = "", *, about: str = "") -> Finding:
    """A service that answered with an error; ``words`` are its own. One that may pass is a warning."""
    refused = answer.refused(words=words)
    found = f"{http.host_of(url)} answered {about and f'{about}: '}{refused.reason}"
    made = fault(found, remedy) if refused.permanent else warning(found, _PASSING)
    return replace(made, host=http.host_of(url), ahead=answer.ahead)


def reached(url: SecretStr, context: Context, setting: str) -> Sequence[Finding]:
    """For a service that has nothing harmless to ask: whether its host answers at all.

    Its front page is asked for and not the secret address; whatever comes back is an answer.
    """
    parts = urlsplit(url.get_secret_value())
    front = SecretStr(urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], "/", "", "")))
    answer = ask(front, context, setting, method="HEAD")
    if isinstance(answer, Finding):
        return [answer]
    found = f"{http.host_of(url)} answers; whether it takes the address can't be asked without posting"
    return [well(answer, url, found, context)]


def writable(folder: Path) -> OSError | None:
    """Why nothing can be written into a folder, or into the nearest one above it that is there."""
    there = next((each for each in (folder, *folder.absolute().parents) if each.exists()), folder)
    try:
        # It has no name where the system knows how, and is gone when it is closed.
        with tempfile.TemporaryFile(dir=there):
            return None
    except OSError as error:
        return error
