"""Letters and mailboxes as mail writes them: what a person reads of a letter, the address in a mailbox."""

from __future__ import annotations

from collections.abc import Mapping
from email import message_from_bytes, policy
from email.utils import parseaddr

_SUFFIXES = {"text/html": ".html", "text/plain": ".txt"}


def readable_parts(letter: bytes) -> Mapping[str, bytes]:
    """Suffix → content of the text and HTML parts, decoded, in UTF-8."""
    message = message_from_bytes(letter, policy=policy.default)
    return {
        _SUFFIXES[part.get_content_type()]: part.get_content().encode()
        for part in message.walk()
        if part.get_content_type() in _SUFFIXES
    }


def address_of(mailbox: str) -> str:
    """``Ann <ann@example.org>`` → ``ann@example.org``."""
    return parseaddr(mailbox)[1]
