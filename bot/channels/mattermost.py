"""Mattermost through an incoming webhook, in its Markdown.

A post has no switch for mentions: text from feeds is escaped and its calls are parted. Mattermost gives no id
back and drops no repeats, so a request without an answer is held and not sent again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr, field_validator

from bot.channels import checking, http, markdown, posting
from bot.channels.context import ChannelOptions, Context, policy
from bot.channels.plain import NEAR_MISSES, closing, headline, label, reasons, subtitle
from bot.core.render import Cut, utf16
from bot.core.views import DigestView, SectionView, StoryView, view
from bot.model import Digest, Finding, Message, Rendered, RetryPolicy, SendResult, Sent

# server/public/model/post.go, PostMessageMaxRunesV2. What is longer the server would cut into posts anywhere.
MAX_POST = 16_383
_RESERVE = 0.95
# Ours: what one story and what the foot may take, so that a post always has room for what it is about.
_STORY, _FOOT = 6000, 3000
MAX_PARTS = 4

# The webhook or its channel is gone, or may not post any more.
DISABLING = frozenset({401, 403, 404, 410})
# A webhook that was deleted is answered with 400 like any wrong request, and known by this id.
_INVALID = "web.incoming_webhook.invalid.app_error"


class MattermostOptions(ChannelOptions):
    """Post to one Mattermost channel."""

    url: SecretStr
    """The address of the incoming webhook, ``https://HOST/hooks/…``."""

    _check_url = field_validator("url")(http.web_address)


def make_mattermost(name: str, options: MattermostOptions, context: Context) -> MattermostChannel:
    return MattermostChannel(name=name, options=options, context=context)


@dataclass(frozen=True, kw_only=True, slots=True)
class MattermostChannel:
    name: str
    options: MattermostOptions
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

    def send(self, message: Message, recipient: str, key: str) -> SendResult:  # noqa: ARG002 - no id in Mattermost
        result = posting.post(self.options.url, message.body, self.context)
        if not isinstance(result, http.Answer):
            return result
        if result.ok:
            return Sent(receipt=result.text)
        body = result.json()
        disabling = {result.status} if body.get("id") == _INVALID else DISABLING
        return result.refused(words=_words(body), disabling=disabling)

    def check(self) -> Sequence[Finding]:
        return checking.reached(self.options.url, self.context, f"[channels.{self.name}] url")


def _words(body: Mapping[str, Any]) -> str:
    """``Couldn't find the channel. (web.incoming_webhook.channel.app_error)``."""
    return f"{body['message']} ({body.get('id', '')})" if "message" in body else ""


# ── the post ─────────────────────────────────────────────────────────────────────────────────────


def _payload(cut: Cut) -> Mapping[str, Any]:
    return {"text": _post(view(cut))}


def _fits(cut: Cut) -> bool:
    return utf16(_post(view(cut))) <= MAX_POST * _RESERVE


def escape(text: str) -> str:
    """Mattermost reads entities, and translates Slack's ``<!channel>``: angle brackets must be none."""
    return markdown.escape(text.replace("&", "&amp;").replace("<", "&lt;"))


def _post(told: DigestView) -> str:
    blocks = [] if told.single else ["\n".join(_heading(told))]
    for section in told.sections:
        blocks += _section(section, told.single)
    if told.also_seen:
        # In full: what is dropped here would be neither shown nor counted.
        blocks.append("\n".join(["**Also seen**", *markdown.named(told.also_seen, escape)]))
    if told.near_misses:
        misses = [f"**{escape(NEAR_MISSES)}**", *markdown.asked(told.near_misses, escape)]
        blocks.append(markdown.lines(misses, _FOOT))
    foot = markdown.lines(map(escape, closing(told, _FOOT // 2)), _FOOT)
    return "\n\n".join(filter(None, [*blocks, foot])) or escape(told.summary)


def _heading(told: DigestView) -> Iterator[str]:
    yield f"### {escape(headline(told))}"
    if subtitle(told):
        yield escape(subtitle(told))


def _section(section: SectionView, single: bool) -> list[str]:
    heading = [] if single else [f"#### {escape(section.title)}"]
    return [*heading, *(markdown.lines(_story(story), _STORY) for story in section.stories)]


def _story(story: StoryView) -> Iterator[str]:
    title = markdown.link(story.title, story.url, escape)
    yield f"**{escape(label(story))}** · **{title}** · {escape(story.when)}"
    if story.lead:
        yield escape(story.lead)
    if story.news:
        yield f"\n**{escape(story.news_since)}**"
        yield from (f"• {escape(line)}" for line in story.news)
    facts = [f"**{escape(name)}:** {escape(value)}" for name, value in story.facts]
    sources = ", ".join(markdown.cited(source, escape) for source in story.sources)
    told = f"**{escape(story.sources_count)}:** {sources} {escape(story.more_sources)}".rstrip()
    # A blank line before, so that facts and sources stand apart from what is told.
    first, *rest = [*facts, told]
    yield from (f"\n{first}", *rest)
    yield from (f"*{escape(line)}*" for line in reasons(story))
