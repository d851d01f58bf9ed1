"""DKIM (RFC 6376): a signature over a finished letter, so that a receiver knows which domain answers for it.

Most people sign at their relay; this is for those who have none that does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

EXTRA = 'pip install "chipwatch[dkim]"'
# What a reader is shown and what a mail program acts on. RFC 8058, 4 asks for both List-Unsubscribe headers.
SIGNED = (
    "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "List-Id",
    "List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted", "Feedback-ID", "MIME-Version",
    "Content-Type",
)  # fmt: skip
# Named once more than they stand there: adding a second one breaks the signature (RFC 6376, 8.15).
_SEALED = ("From", "To", "Subject", "Date")


class SigningError(ValueError):
    """Why nothing can be signed, in words for who configures it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Signer:
    """Whose signature: ``SELECTOR._domainkey.DOMAIN`` in the DNS holds the public key. No domain, none."""

    domain: str = ""
    selector: str = ""
    private_key: SecretStr = field(default_factory=lambda: SecretStr(""))
    """RSA, in PEM."""


def check(signer: Signer) -> None:
    """Raises SigningError where the package is missing or the key can't be read."""
    sign(b"From: a@example.org\r\n\r\n", signer)


def sign(letter: bytes, signer: Signer) -> bytes:
    """The letter under its signature header, relaxed/relaxed. The same letter gives the same bytes."""
    try:
        import dkim
    except ImportError as error:
        raise SigningError(f"signing with DKIM needs a further package: {EXTRA}") from error

    class Undated(dkim.DKIM):  # type: ignore[misc]
        """Without ``t=``, which is optional and would be another one each time."""

        def gen_header(self, fields: list[tuple[bytes, bytes]], *rest: Any) -> bytes:
            kept = [(name, value) for name, value in fields if name != b"t"]
            made: bytes = super().gen_header(kept, *rest)
            return made

    try:
        there = Undated(letter, linesep=b"\r\n")
        present = {name.lower() for name, _ in there.headers}
        covered = [name for name in SIGNED if name.lower().encode() in present]
        header: bytes = there.sign(
            signer.selector.encode("idna"),
            signer.domain.encode("idna"),
            "\n".join(signer.private_key.get_secret_value().split("\r\n")).encode(),
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=[*covered, *_SEALED],
        )
    except (dkim.DKIMException, ValueError) as error:
        # Never the words of the library: they could quote the key.
        raise SigningError("private_key is no RSA key in PEM, or an encrypted one") from error
    return header + letter
