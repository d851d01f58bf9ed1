"""Google Chat through an incoming webhook, in cards.

The delivery key is the request's id, and Google Chat answers a repeat with the first message: a request
without an answer is sent again. Alerts of one story share a thread, which its id names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeAlias
from urllib.parse import urlencode, urlsplit

from pydantic import SecretStr, field_validator

from bot.channels import checking, http, posting
from bot.channels.context import ChannelOptions, Context, policy
from bot.channels.plain import NEAR_MISSES, closing, headline, inert, label, notification, reasons, subtitle
from bot.channels.tags import asked, link, sources, tag, text, titled
from bot.core.render import Cut, clip
from bot.core.views import DigestView, StoryView, view
from bot.model import Digest, Finding, Message, Rendered, RetryPolicy, SendResult, Sent

# developers.google.com/workspace/chat: 32,000 bytes a message; widgets beyond 100 of a card are not shown.
MAX_BODY = 30_000
MAX_WIDGETS = 95
MAX_FOOT = 4_000
MAX_PARTS = 4
# 60 a minute for all that write into a space.
RETRY = replace(posting.RETRY, pace=timedelta(seconds=2), resend_unanswered=True)
# The webhook or its space is gone, and only a person can bring it back.
_DISABLING = frozenset({401, 403, 404})
# Fields that are not said to be HTML get no character that could be a tag or a call like <users/all>.
_NO_TAGS = str.maketrans("<>", "‹›")

Json: TypeAlias = dict[str, Any]


class GoogleChatOptions(ChannelOptions):
    """Post to one Google Chat space."""

    url: SecretStr
    """The address of the incoming webhook, ``https://chat.googleapis.com/v1/spaces/…``."""

    _check_url = field_validator("url")(http.web_address)


def make_googlechat(name: str, options: GoogleChatOptions, context: Context) -> GoogleChatChannel:
    return GoogleChatChannel(name=name, options=options, context=context)


@dataclass(frozen=True, kw_only=True, slots=True)
class GoogleChatChannel:
    name: str
    options: GoogleChatOptions
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

    def send(self, message: Message, recipient: str, key: str) -> SendResult:  # noqa: ARG002 - one space
        result = posting.post(self._address(key), message.body, self.context)
        if not isinstance(result, http.Answer):
            return result
        said = result.json()
        if result.ok:
            return Sent(receipt=str(said.get("name", "")))
        error = said.get("error")
        words = f"{error.get('status', '')} {error.get('message', '')}" if isinstance(error, dict) else ""
        return result.refused(words=words, disabling=_DISABLING)

    def _address(self, key: str) -> SecretStr:
        address = self.options.url.get_secret_value()
        asked_for = urlencode(
            {"requestId": key, "messageReplyOption": "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"}
        )
        return SecretStr(f"{address}{'&' if urlsplit(address).query else '?'}{asked_for}")

    def check(self) -> Sequence[Finding]:
        return checking.reached(self.options.url, self.context, f"[channels.{self.name}] url")


def _payload(cut: Cut) -> Json:
    told = view(cut)
    payload: Json = {
        "fallbackText": _bare(notification(told)),
        "cardsV2": [{"cardId": "digest", "card": _card(told)}],
    }
    if told.single:
        payload["thread"] = {"threadKey": cut.digest.stories[0].id}
    return payload


def _fits(cut: Cut) -> bool:
    widgets = sum(len(section["widgets"]) for section in _card(view(cut))["sections"])
    return widgets <= MAX_WIDGETS and len(posting.as_json(_payload(cut)).encode()) <= MAX_BODY


# ── cards ────────────────────────────────────────────────────────────────────────────────────────


def _card(told: DigestView) -> Json:
    sections: list[Json] = []
    for section in told.sections:
        stories = [_story(story, folded=not told.single) for story in section.stories]
        sections += stories if told.single else [{"header": text(section.title)} | stories[0], *stories[1:]]
    if told.also_seen:
        sections.append(_section("Also seen", "<br>".join(f"• {titled(each)}" for each in told.also_seen)))
    if told.near_misses:
        sections.append(_section(NEAR_MISSES, "<br>".join(f"• {asked(each)}" for each in told.near_misses)))
    if foot := closing(told, MAX_FOOT):
        sections.append({"widgets": [_paragraph("<br>".join(map(text, foot)))]})
    if told.single:
        return {"sections": sections}
    # A card without a section is none.
    return {"header": _header(told), "sections": sections or [_section("", text(told.summary))]}


def _header(told: DigestView) -> Json:
    header = {"title": _bare(headline(told))}
    return header | {"subtitle": _bare(subtitle(told))} if subtitle(told) else header


def _story(story: StoryView, *, folded: bool) -> Json:
    """A section of the card; in a digest, sources and reasons unfold on a click."""
    first: Json = {"topLabel": _bare(f"{label(story)} · {story.when}"), "wrapText": True}
    widgets: list[Json] = [{"decoratedText": first | {"text": tag("b", link(story.url, story.title))}}]
    facts = "<br>".join(f"{tag('b', name + ':')} {text(value)}" for name, value in story.facts)
    news = [tag("b", text(story.news_since)), *(f"• {text(line)}" for line in story.news)]
    above = [text(story.lead), facts, "<br>".join(news) if story.news else ""]
    widgets += [_paragraph(words) for words in above if words]
    shown = len(widgets)
    below = [sources(story), *(tag("i", text(line)) for line in reasons(story))]
    widgets.append(_paragraph("<br>".join(below)))
    fold = {"collapsible": True, "uncollapsibleWidgetsCount": shown} if folded else {}
    return {**fold, "widgets": widgets}


def _section(header: str, words: str) -> Json:
    return ({"header": header} if header else {}) | {"widgets": [_paragraph(words)]}


def _paragraph(words: str) -> Json:
    return {"textParagraph": {"text": words}}


def _bare(words: str) -> str:
    return clip(inert(words).translate(_NO_TAGS), 400)
