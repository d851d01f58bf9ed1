"""A folder as a channel: each digest as HTML, plain text and JSON, for archives, pages and scripts."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from bot.channels import checking
from bot.channels.context import ChannelOptions, Context, policy
from bot.channels.event import event
from bot.channels.templates import Footer, environment, html_page, text_page
from bot.core.findings import fault, fine
from bot.core.render import Cut, clean
from bot.core.text import digest as text_hash
from bot.core.views import view
from bot.model import Digest, Finding, Message, Refused, Rendered, RetryPolicy, SendResult, Sent

RETRY = RetryPolicy(
    waits=(timedelta(minutes=1), timedelta(minutes=5), timedelta(hours=1)),
    give_up=timedelta(days=7),
    resend_unanswered=True,
)
_TYPES = {"html": "text/html", "txt": "text/plain", "json": "application/json"}


class FilesOptions(ChannelOptions):
    """Write each digest into a folder."""

    folder: str = Field(default="digests", min_length=1)
    """Where the files go; a relative folder stands in the data folder."""
    formats: tuple[Literal["html", "txt", "json"], ...] = ("html", "txt", "json")
    """Which files are written for each digest."""

    @field_validator("formats")
    @classmethod
    def _check_formats(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("name at least one of html, txt, json")
        return tuple(dict.fromkeys(value))


def make_files(name: str, options: FilesOptions, context: Context) -> FilesChannel:
    environment(context.templates)
    return FilesChannel(name=name, options=options, context=context)


@dataclass(frozen=True, kw_only=True, slots=True)
class FilesChannel:
    """Recipients are file names; the same key writes the same file again, whole or not at all."""

    name: str
    options: FilesOptions
    context: Context

    @property
    def retry(self) -> RetryPolicy:
        return policy(RETRY, self.options)

    def render(self, digest: Digest, key: str) -> Sequence[Rendered]:
        cut = Cut(digest=clean(digest))
        stem = f"{digest.window.end:%Y%m%dT%H%M%SZ}-{_file_name(digest.name)}-{text_hash((key,), size=4)}"
        return [
            Rendered(
                recipient=f"{stem}.{kind}",
                key=text_hash((key, self.name, kind), size=16),
                message=self._message(kind, cut, key),
                stories=cut.shown,
                alternative=kind != self.options.formats[0],
            )
            for kind in self.options.formats
        ]

    def _message(self, kind: str, cut: Cut, key: str) -> Message:
        told = view(cut)
        footer = Footer(digest_id=key)
        match kind:
            case "html":
                page = html_page(self.context.templates, told, footer)
            case "txt":
                page = text_page(self.context.templates, told, footer)
            case _:
                page = event(cut)
        return Message(subject=told.subject, content_type=_TYPES[kind], body=page.encode())

    def send(self, message: Message, recipient: str, key: str) -> SendResult:  # noqa: ARG002
        folder = self.context.data / self.options.folder
        target = folder / recipient
        if target.parent != folder:
            return Refused(reason=f"{recipient!r} is not a file name", permanent=True)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _replace(target, message.body)
        except OSError as error:
            return Refused(reason=f"{target}: {error.strerror}")
        return Sent(receipt=str(target))

    def check(self) -> Sequence[Finding]:
        folder = self.context.data / self.options.folder
        if error := checking.writable(folder):
            remedy = f"give this user write access, or name another [channels.{self.name}] folder"
            return [fault(f"{folder} can't be written: {error.strerror}", remedy)]
        return [fine(f"{folder} can be written")]


def _replace(target: Path, body: bytes) -> None:
    """Write beside the target and rename, so that nobody ever reads half a file."""
    handle, beside = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        Path(beside).chmod(0o644)
        Path(beside).replace(target)
    except OSError:
        Path(beside).unlink(missing_ok=True)
        raise


def _file_name(name: str) -> str:
    """A digest's name with nothing in it that a file system minds."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:60] or "digest"
