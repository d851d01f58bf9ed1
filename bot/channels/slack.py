"""Slack through an incoming webhook, in Block Kit.

Text from feeds stands only in ``rich_text`` and ``plain_text``, which Slack does not parse: no mention, no
markup and no link of theirs comes to life. Slack gives no id back and drops no repeats, so a request
without an answer is held and not sent again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from pydantic import SecretStr, field_validator

from bot.channels import checking, http, posting
from bot.channels.context import ChannelOptions, Context, policy
from bot.channels.plain import NEAR_MISSES, closing, headline, inert, label, notification, reasons, subtitle
from bot.channels.posting import as_json
from bot.core.render import Cut, clip, utf16
from bot.core.views import DigestView, SourceView, StoryView, view
from bot.model import Digest, Finding, Message, Rendered, RetryPolicy, SendResult, Sent

# docs.slack.dev, "Block Kit" reference; characters are UTF-16 code units.
MAX_BLOCKS = 50
MAX_HEADER = 150
MAX_TEXT = 3000
# Not documented: a message whose blocks come to about 13,200 characters is answered msg_blocks_too_long
# (slackapi/bolt-js issue 2509). Counted over the JSON of the blocks, which is the stricter reading.
MAX_BLOCKS_TEXT = 12_000
# Ours, in bytes: what the lines below the stories may take.
_FOOT = 2900
# More messages than this at once are noise; what is beyond is counted in the last one.
MAX_PARTS = 4

# action_prohibited, invalid_token; channel_not_found, no_service; channel_is_archived: the webhook or its
# channel is gone, and only a person can bring it back.
DISABLING = frozenset({403, 404, 410})

Json: TypeAlias = dict[str, Any]


class SlackOptions(ChannelOptions):
    """Post to one Slack channel."""

    url: SecretStr
    """The address of the incoming webhook, ``https://hooks.slack.com/services/…``."""

    _check_url = field_validator("url")(http.web_address)


def make_slack(name: str, options: SlackOptions, context: Context) -> SlackChannel:
    return SlackChannel(name=name, options=options, context=context)


@dataclass(frozen=True, kw_only=True, slots=True)
class SlackChannel:
    name: str
    options: SlackOptions
    context: Context

    @property
    def retry(self) -> RetryPolicy:
        return policy(posting.RETRY, self.options)

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

    def send(self, message: Message, recipient: str, key: str) -> SendResult:  # noqa: ARG002 - no id in Slack
        result = posting.post(self.options.url, message.body, self.context)
        if not isinstance(result, http.Answer):
            return result
        if result.ok:
            return Sent(receipt=result.text)
        return result.refused(disabling=DISABLING)

    def check(self) -> Sequence[Finding]:
        return checking.reached(self.options.url, self.context, f"[channels.{self.name}] url")


def _payload(cut: Cut) -> Json:
    told = view(cut)
    return {
        "text": _fallback(told),
        "blocks": _blocks(told),
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _fits(cut: Cut) -> bool:
    blocks = _blocks(view(cut))
    size = utf16(as_json(blocks))
    return len(blocks) <= MAX_BLOCKS and size <= MAX_BLOCKS_TEXT * 0.95


def _fallback(told: DigestView) -> str:
    """The notification and what a screen reader says. The only text that Slack parses: escaped."""
    text = clip(inert(notification(told)), MAX_TEXT // 6)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


# ── blocks ───────────────────────────────────────────────────────────────────────────────────────


def _blocks(told: DigestView) -> list[Json]:
    blocks = [] if told.single else _heading(told)
    for section in told.sections:
        if not told.single:
            blocks += [{"type": "divider"}, _rich(_section(_text(section.title, bold=True)))]
        blocks += [_story(story) for story in section.stories]
    if told.also_seen:
        blocks += [_rich(_section(_text("Also seen", bold=True)), _list(map(_named, told.also_seen)))]
    if told.near_misses:
        asked = _section(_text(NEAR_MISSES, bold=True))
        blocks += [_rich(asked, _list(map(_asked, told.near_misses)))]
    blocks += _closing(told)
    # Slack refuses a message without blocks.
    return blocks or [_context(told.summary)]


def _heading(told: DigestView) -> list[Json]:
    title = {"type": "plain_text", "text": clip(headline(told), MAX_HEADER), "emoji": False}
    return [{"type": "header", "text": title}, *([_context(subtitle(told))] if subtitle(told) else [])]


def _story(story: StoryView) -> Json:
    first = [
        _text(f"{label(story)}  ", bold=True),
        _link(story.url, story.title, bold=True),
        *([_text(f"\n{story.lead}")] if story.lead else []),
    ]
    for name, value in story.facts:
        first += [_text(f"\n{name}: ", bold=True), _text(value)]
    parts = [_section(*first)]
    if story.news:
        parts += [
            _section(_text(story.news_since, bold=True)),
            _list([_text(line)] for line in story.news),
        ]
    parts.append(_section(*_sources(story)))
    parts += [_section(_text(line, italic=True)) for line in reasons(story)]
    return _rich(*parts)


def _sources(story: StoryView) -> list[Json]:
    elements = [_text(f"{story.sources_count}: ", bold=True)]
    for at, source in enumerate(story.sources):
        elements.append(_link(source.url, source.name))
        note = f" ({source.note})" if source.note else ""
        after = note + (", " if at + 1 < len(story.sources) else "")
        elements += [_text(after)] if after else []
    if story.more_sources:
        elements.append(_text(f" {story.more_sources}"))
    return elements


def _named(source: SourceView) -> list[Json]:
    return [_link(source.url, source.title), *([_text(f" · {source.name}")] if source.name else [])]


def _asked(source: SourceView) -> list[Json]:
    return [*_named(source), _text(f" · {source.note}")]


def _closing(told: DigestView) -> list[Json]:
    lines = closing(told, _FOOT)
    if not lines:
        return []
    if told.kind == "alarm":  # what it has to say is no small print
        return [_rich(_section(_text("\n\n".join(lines))))]
    return [_context("\n".join(lines))]


# ── elements ─────────────────────────────────────────────────────────────────────────────────────


def _context(text: str) -> Json:
    element = {"type": "plain_text", "text": clip(text, MAX_TEXT), "emoji": False}
    return {"type": "context", "elements": [element]}


def _rich(*elements: Json) -> Json:
    return {"type": "rich_text", "elements": list(elements)}


def _section(*elements: Json) -> Json:
    return {"type": "rich_text_section", "elements": list(elements)}


def _list(lines: Any) -> Json:
    return {
        "type": "rich_text_list",
        "style": "bullet",
        "elements": [_section(*line) for line in lines],
    }


def _text(text: str, **style: bool) -> Json:
    return {"type": "text", "text": text, **({"style": style} if style else {})}


def _link(url: str, text: str, **style: bool) -> Json:
    """A link, or only its text where there is no safe address."""
    return {"type": "link", "url": url, **_tail(text, style)} if url else _text(text, **style)


def _tail(text: str, style: Mapping[str, bool]) -> Json:
    return {"text": text, **({"style": dict(style)} if style else {})}
