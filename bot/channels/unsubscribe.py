"""The links by which a mail's reader unsubscribes with one click (RFC 8058).

A link says nothing of whom it is for: its token is a keyed hash of channel and address, which only this
installation can make and knows again. So a token needs no table, and stays the same in every letter.
"""

from __future__ import annotations

import hmac
import os
import tempfile
from base64 import urlsafe_b64encode
from pathlib import Path

from bot.errors import ChipwatchError

KEY_FILE = "unsubscribe.key"
PATH = "/u/"
_KEY_BYTES = 32
_TOKEN_BYTES = 24


def link(public_url: str, token: str) -> str:
    return f"{public_url.rstrip('/')}{PATH}{token}"


def token(key: bytes, channel: str, address: str) -> str:
    """32 characters that can stand in a path."""
    digest = hmac.digest(key, f"{channel}\0{address.casefold()}".encode(), "sha256")
    return urlsafe_b64encode(digest[:_TOKEN_BYTES]).decode()


def unsubscribe_key(data: Path) -> bytes:
    """The key in the data folder; made when it is first needed, and never changed.

    Raises ChipwatchError where it can't be made, or where the file holds something else.
    """
    path = data / KEY_FILE
    try:
        if not path.exists():
            _make(path)
        key = path.read_bytes()
    except OSError as error:
        raise ChipwatchError(f"{path}, the key of unsubscribe links: {error.strerror}") from error
    if len(key) != _KEY_BYTES:
        raise ChipwatchError(
            f"{path} is not the key that was written; put it back from a backup, or remove it"
        )
    return key


def _make(path: Path) -> None:
    """Whole or not at all, and by the first one only: half a key could be guessed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(os.urandom(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        os.link(beside, path)
    except FileExistsError:
        return
    finally:
        Path(beside).unlink(missing_ok=True)
