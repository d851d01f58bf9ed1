"""An e-mail as bytes that are the same every time: RFC 5322 headers around a text and an HTML part."""

from __future__ import annotations

import base64
import re
import textwrap
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import parseaddr
from typing import Any

from bot.core.letters import address_of
from bot.core.text import digest as text_hash
from bot.core.text import one_line

# Headers made of addresses and ids in angle brackets. The stock policy would fold or encode a long one
# (=?utf-8?q?…?=), and then nobody can unsubscribe or thread by it.
_BRACKETED = frozenset({
    "list-unsubscribe", "list-help", "list-archive", "list-post", "list-owner", "message-id", "in-reply-to",
    "references",
})  # fmt: skip
# 75 characters less "=?utf-8?b?" and "?=", three bytes to four characters.
_WORD_BYTES = (75 - 12) // 4 * 3
_LINE = 78 - len("Subject: ")
_ID = re.compile(r"[A-Za-z0-9-]+")


class DigestPolicy(EmailPolicy):
    """SMTP line ends; bracketed addresses stay whole; a subject in encoded words that are never too long."""

    def fold(self, name: str, value: Any) -> str:
        if name.lower() in _BRACKETED:
            pieces = re.findall(r"<[^>]*>", str(value))
            between = "," if name.lower().startswith("list-") else ""
        elif name.lower() == "subject":
            pieces, between = _subject_lines(str(value)), ""
        else:
            folded: str = super().fold(name, value)
            return folded
        return f"{name}: " + f"{between}{self.linesep} ".join(pieces) + self.linesep

    def fold_binary(self, name: str, value: Any) -> bytes:
        return self.fold(name, value).encode("ascii", "surrogateescape")


def _subject_lines(text: str) -> list[str]:
    """Lines of at most 78 characters, or encoded words (RFC 2047) of at most 75, cut between characters.

    The standard library makes some encoded words longer than the 75 that are allowed.
    """
    if text.isascii() and "=?" not in text and max(map(len, text.split()), default=0) <= _LINE:
        return textwrap.wrap(text, _LINE, break_on_hyphens=False)
    chunks = [b""]
    for character in text:
        encoded = character.encode()
        if len(chunks[-1]) + len(encoded) > _WORD_BYTES:
            chunks.append(b"")
        chunks[-1] += encoded
    return [f"=?utf-8?b?{base64.b64encode(chunk).decode()}?=" for chunk in chunks]


POLICY = DigestPolicy(linesep="\r\n")


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """Everything in one message to one recipient."""

    sender: str
    recipient: str
    reply_to: str
    subject: str
    date: datetime
    key: str
    """Delivery key: names the message, so that a repeat is known as one."""
    digest_name: str
    story_id: str
    """Story whose mail thread this joins; empty for a digest."""
    unsubscribe: str
    """``mailto:`` address."""
    one_click: str
    """``https:`` address that takes an unsubscription by POST (RFC 8058), or nothing."""
    channel: str
    kind: str
    """digest, alert or alarm"""
    text: str
    html: str


def compose(letter: Letter) -> bytes:
    """The whole message. The order of headers is fixed, and so is the boundary."""
    domain = address_of(letter.sender).rpartition("@")[2]
    message = EmailMessage(policy=POLICY)
    message["From"] = _address(letter.sender)
    message["To"] = _address(letter.recipient)
    if letter.reply_to:
        message["Reply-To"] = _address(letter.reply_to)
    message["Subject"] = one_line(letter.subject)
    message["Date"] = letter.date.astimezone(UTC)
    message["Message-ID"] = f"<digest.{letter.key}@{domain}>"
    if letter.story_id:
        # Gmail threads by References and an equal subject; the root itself was never sent.
        root = f"<story.{_id(letter.story_id)}@{domain}>"
        message["In-Reply-To"] = root
        message["References"] = root
    message["List-Id"] = _list_id(letter.digest_name, domain)
    if letter.one_click:
        message["List-Unsubscribe"] = f"<{letter.one_click}>, <{letter.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    else:
        message["List-Unsubscribe"] = f"<{letter.unsubscribe}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message["Feedback-ID"] = _feedback_id(letter)
    message["X-Digest-Id"] = letter.key
    message["MIME-Version"] = "1.0"
    message.make_alternative()
    for subtype, content in (("plain", letter.text), ("html", letter.html)):
        part = EmailMessage(policy=POLICY)
        # Quoted-printable: a relay that rewrites 8-bit lines would break a DKIM signature.
        part.set_content(content, subtype=subtype, charset="utf-8", cte="quoted-printable")
        del part["MIME-Version"]
        message.attach(part)
    message.set_boundary(f"=_{letter.key}")
    return message.as_bytes(policy=POLICY)


def _address(mailbox: str) -> Address:
    name, address = parseaddr(mailbox)
    return Address(display_name=one_line(name), addr_spec=address)


def _list_id(name: str, domain: str) -> str:
    phrase = f"chipwatch {one_line(name)} " if re.fullmatch(r"[A-Za-z0-9 _-]+", name) else ""
    return f"{phrase}<{_id(name).lower()}.{domain}>"


def _feedback_id(letter: Letter) -> str:
    """What large receivers sort complaints by: which list, which channel, digest or alert, and who sends."""
    return ":".join((_id(letter.digest_name), _id(letter.channel), _id(letter.kind), "chipwatch"))


def _id(text: str) -> str:
    """A piece of a Message-ID or List-Id: the text itself where it is plain, else its hash."""
    return text if _ID.fullmatch(text) else text_hash((text,))
