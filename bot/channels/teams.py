"""Microsoft Teams through a webhook of Workflows, as an Adaptive Card.

Text from feeds stands in TextRun elements, which read no Markdown; the values of the fact table, which do,
are escaped. Workflows only queues what it takes and drops no repeats: a request without an answer is held.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeAlias

from pydantic import SecretStr, field_validator

from bot.channels import checking, http, markdown, posting
from bot.channels.context import ChannelOptions, Context, policy
from bot.channels.plain import NEAR_MISSES, closing, headline, label, notification, reasons, subtitle
from bot.channels.posting import as_json
from bot.core.render import Cut
from bot.core.views import DigestView, SourceView, StoryView, view
from bot.model import Digest, Finding, Message, Refused, Rendered, RetryPolicy, SendResult, Sent

# Teams refuses a message that it stores as more than 28,672 bytes, which is more than was sent: 24,453 bytes
# became 28,897 (public issue threads). No document says how much it adds.
MAX_BODY = 20_000
_RESERVE = 0.95
# Ours, in bytes: what the parts around the stories may take.
_MISSES, _FOOT = 5000, 3000
MAX_PARTS = 4
# 1.5 adds tables, which phones show unevenly.
VERSION = "1.4"

# A webhook took four a second and a hundred an hour in the days of connectors; nothing newer is known.
RETRY = replace(
    posting.RETRY,
    waits=(timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2)),
    pace=timedelta(seconds=2),
)
# The flow is gone, switched off, or its address was made anew.
DISABLING = frozenset({401, 403, 404, 410})
_WRAPPED = re.compile(r"HTTP error (?P<status>\d{3})|HTTP error")
_COLOURS = {"new": "Good", "updated": "Warning", "late": "Default"}

Json: TypeAlias = dict[str, Any]


class TeamsOptions(ChannelOptions):
    """Post to one channel or chat of Microsoft Teams."""

    url: SecretStr
    """The address of the workflow "Post to a channel when a webhook request is received"."""

    _check_url = field_validator("url")(http.web_address)


def make_teams(name: str, options: TeamsOptions, context: Context) -> TeamsChannel:
    return TeamsChannel(name=name, options=options, context=context)


@dataclass(frozen=True, kw_only=True, slots=True)
class TeamsChannel:
    name: str
    options: TeamsOptions
    context: Context

    @property
    def retry(self) -> RetryPolicy:
        return policy(RETRY, self.options)

    def render(self, digest: Digest, key: str) -> Sequence[Rendered]:
        return posting.in_parts(
            digest,
            key,
            channel=self.name,
            recipient=http.host_of(self.options.url),
            fits=_fits,
            payload=_payload,
            most=MAX_PARTS,
        )

    def send(self, message: Message, recipient: str, key: str) -> SendResult:  # noqa: ARG002 - no key in Teams
        result = posting.post(self.options.url, message.body, self.context)
        if not isinstance(result, http.Answer):
            return result
        return _accepted(result) if result.ok else result.refused(words=_words(result), disabling=DISABLING)

    def check(self) -> Sequence[Finding]:
        return checking.reached(self.options.url, self.context, f"[channels.{self.name}] url")


def _accepted(answer: http.Answer) -> Sent | Refused:
    """Success is only that the flow was started; the connectors of old told of failures in a 200."""
    wrapped = _WRAPPED.search(answer.text)
    if wrapped is None:
        return Sent(receipt="queued by Workflows, not proven to be posted")
    status = int(wrapped["status"] or 500)
    return http.Answer(status=status, text=answer.text, retry_after=answer.retry_after).refused()


def _words(answer: http.Answer) -> str:
    """``DirectApiAuthorizationRequired: The OAuth authorization …``."""
    error = answer.json().get("error")
    if not isinstance(error, dict):
        return ""
    return f"{error.get('code', '')}: {error.get('message', '')}".strip(": ")


# ── the card ─────────────────────────────────────────────────────────────────────────────────────


def _payload(cut: Cut) -> Json:
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": _card(view(cut)),
    }
    return {"type": "message", "attachments": [attachment]}


def _fits(cut: Cut) -> bool:
    return len(as_json(_payload(cut)).encode()) <= MAX_BODY * _RESERVE


def _card(told: DigestView) -> Json:
    body = [] if told.single else [_heading(told)]
    for section in told.sections:
        if not told.single:
            body.append(_rich(_run(section.title, weight="Bolder", size="Medium"), spacing="Large"))
        body += [_story(story, parted=not told.single) for story in section.stories]
    if told.also_seen:
        # In full: what is dropped here would be neither shown nor counted.
        body.append(_listed("Also seen", map(_named, told.also_seen)))
    if told.near_misses:
        body.append(_listed(NEAR_MISSES, _within(map(_asked, told.near_misses), _MISSES)))
    body += _closing(told)
    return {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": VERSION,
        "lang": "en",
        "fallbackText": notification(told),
        "msteams": {"width": "Full"},
        "body": body or [_rich(_run(told.summary))],
        **({"actions": actions} if (actions := _actions(told)) else {}),
    }


def _actions(told: DigestView) -> list[Json]:
    """A button below an alert: some phones open no link inside a text."""
    urls = [story.url for section in told.sections for story in section.stories] if told.single else []
    return [{"type": "Action.OpenUrl", "title": "Open the article", "url": url} for url in urls if url]


def _heading(told: DigestView) -> Json:
    title = _rich(_run(headline(told), weight="Bolder", size="Large"))
    style = "attention" if told.kind == "alarm" else "emphasis"
    lines = [_rich(_run(subtitle(told), isSubtle=True), spacing="Small")] if subtitle(told) else []
    return {"type": "Container", "style": style, "bleed": True, "items": [title, *lines]}


def _closing(told: DigestView) -> list[Json]:
    # What an alarm has to say is no small print.
    looks = {} if told.kind == "alarm" else {"isSubtle": True, "size": "Small"}
    lines = [_rich(_run(line, **looks), spacing="Small") for line in closing(told, _FOOT)]
    return [{"type": "Container", "separator": True, "spacing": "Large", "items": lines}] if lines else []


def _story(story: StoryView, *, parted: bool) -> Json:
    items = [
        _rich(
            _run(f"{label(story)}  ", weight="Bolder", color=_COLOURS[story.status]),
            _run(story.when, isSubtle=True),
        ),
        _rich(_link(story.title, story.url, weight="Bolder", size="Medium"), spacing="None"),
    ]
    if story.lead:
        items.append(_rich(_run(story.lead), spacing="Small"))
    if story.facts:
        facts = [{"title": name, "value": markdown.escape(value)} for name, value in story.facts]
        items.append({"type": "FactSet", "facts": facts})
    if story.news:
        items.append(_listed(story.news_since, ([_run(line)] for line in story.news)))
    items.append(_sources(story))
    items += [_rich(_run(line, isSubtle=True, size="Small"), spacing="Small") for line in reasons(story)]
    return {"type": "Container", **({"separator": True} if parted else {}), "items": items}


def _sources(story: StoryView) -> Json:
    runs = [_run(f"{story.sources_count}: ", weight="Bolder")]
    for at, source in enumerate(story.sources):
        comma = ", " if at + 1 < len(story.sources) else ""
        note = f" ({source.note})" if source.note else ""
        runs += [_link(source.name, source.url), *([_run(note + comma)] if note + comma else [])]
    if story.more_sources:
        runs.append(_run(f" {story.more_sources}"))
    return _rich(*runs)


def _named(source: SourceView) -> list[Json]:
    return [_link(source.title, source.url), *([_run(f" · {source.name}")] if source.name else [])]


def _asked(source: SourceView) -> list[Json]:
    return [*_named(source), _run(f" · {source.note}")]


# ── elements ─────────────────────────────────────────────────────────────────────────────────────


def _rich(*runs: Json, **looks: object) -> Json:
    return {"type": "RichTextBlock", **looks, "inlines": list(runs)}


def _run(text: str, **looks: object) -> Json:
    return {"type": "TextRun", "text": text, **looks}


def _link(text: str, url: str, **looks: object) -> Json:
    """A run that opens ``url``, or only its text where there is no safe address."""
    if not url:
        return _run(text, **looks)
    return _run(text, **looks, color="Accent", selectAction={"type": "Action.OpenUrl", "url": url})


def _listed(title: str, lines: Iterable[Sequence[Json]]) -> Json:
    rows = [_rich(_run("• "), *line, spacing="None") for line in lines]
    return {"type": "Container", "items": [_rich(_run(title, weight="Bolder")), *rows]}


def _within(lines: Iterable[Sequence[Json]], limit: int) -> list[Sequence[Json]]:
    """The first of the lines that come to at most ``limit`` bytes."""
    kept: list[Sequence[Json]] = []
    for line in lines:
        limit -= len(as_json(line).encode()) + 60
        if limit < 0:
            return [*kept, [_run("…")]]
        kept.append(line)
    return kept
