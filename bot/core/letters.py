"""Letters and mailboxes as mail writes them: what a person reads of a letter, the address in a mailbox."""

from __future__ import annotations

import json
from collections.abc import Mapping
from email import message_from_bytes, policy
from email.utils import parseaddr

from bot.model import Message

_SUFFIXES = {"text/html": ".html", "text/plain": ".txt"}


def readable_parts(letter: bytes) -> Mapping[str, bytes]:
    """Suffix → content of the text and HTML parts, decoded, in UTF-8."""
    message = message_from_bytes(letter, policy=policy.default)
    return {
        _SUFFIXES[part.get_content_type()]: part.get_content().encode()
        for part in message.walk()
        if part.get_content_type() in _SUFFIXES
    }


def in_words(message: Message) -> tuple[Mapping[str, str], str]:
    """A message as a person reads it: the headers of a letter, and the text."""
    match message.content_type.split(";")[0].strip():
        case "message/rfc822":
            headers = message_from_bytes(message.body, policy=policy.default).items()
            text = readable_parts(message.body).get(".txt", b"")
            return {name: str(value) for name, value in headers}, text.decode()
        case "application/json":
            return {}, json.dumps(json.loads(message.body), ensure_ascii=False, indent=2)
    return {}, message.body.decode("utf-8", "replace")


def address_of(mailbox: str) -> str:
    """``Ann <ann@example.org>`` → ``ann@example.org``."""
    return parseaddr(mailbox)[1]
