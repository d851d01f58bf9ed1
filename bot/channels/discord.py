"""Discord through a webhook: an embed a story.

Mentions are off, and text from feeds is escaped. Discord takes a message without an answer's proof unless
asked to wait, and drops no repeats: we ask, and a request without an answer is held and not sent again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pydantic import SecretStr, field_validator

from bot.channels import checking, http, posting
from bot.channels.context import ChannelOptions, Context, policy
from bot.channels.markdown import asked, cited, clip, escape, lines, link, named
from bot.channels.plain import NEAR_MISSES, closing, headline, label, subtitle
from bot.core.render import Cut, utf16
from bot.core.render import clip as shorten
from bot.core.views import DigestView, SourceView, StoryView, view
from bot.model import Digest, Finding, Message, Rendered, RetryPolicy, SendResult, Sent

# docs.discord.com, "Message Resource", limits of embeds; characters are UTF-16 code units.
MAX_EMBEDS = 10
MAX_EMBEDS_TEXT = 6000
MAX_CONTENT = 2000
MAX_TITLE = MAX_AUTHOR = 256
MAX_DESCRIPTION = 4096
_RESERVE = 0.95
# Ours: what the parts of a story may take, so that a message always has room for the one that it is about.
_TOLD, _SOURCES, _WHY, _VALUE = 1600, 970, 450, 300
_FOOT = 1000
MAX_PARTS = 5
_COLOURS = {"new": 0x1F883D, "updated": 0xBF8700, "late": 0x6E7781}
_ALARM = 0xCF222E

# A token that is wrong, a webhook that is gone. Whoever keeps asking is shut out (10,000 such answers).
DISABLING = frozenset({401, 404})

Json: TypeAlias = dict[str, Any]


class DiscordOptions(ChannelOptions):
    """Post to one Discord channel."""

    url: SecretStr
    """The address of the webhook, ``https://discord.com/api/webhooks/…``; ``?thread_id=…`` may follow."""

    _check_url = field_validator("url")(http.web_address)


def make_discord(name: str, options: DiscordOptions, context: Context) -> DiscordChannel:
    return DiscordChannel(name=name, options=options, context=context)


@dataclass(frozen=True, kw_only=True, slots=True)
class DiscordChannel:
    name: str
    options: DiscordOptions
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

    def send(self, message: Message, recipient: str, key: str) -> SendResult:  # noqa: ARG002 - no key in Discord
        result = posting.post(_waiting(self.options.url), message.body, self.context)
        if not isinstance(result, http.Answer):
            return result
        if result.ok:
            return Sent(receipt=str(result.json().get("id", "")) or str(result.status))
        return result.refused(words=_words(result.json()), disabling=DISABLING, retry_after=_wait(result))

    def check(self) -> Sequence[Finding]:
        """Discord tells of a webhook whoever knows its address, and posts nothing."""
        parts = urlsplit(self.options.url.get_secret_value())
        url = SecretStr(urlunsplit(parts._replace(query="")))
        answer = checking.ask(url, self.context, f"[channels.{self.name}] url")
        if isinstance(answer, Finding):
            return [answer]
        if answer.ok:
            return [checking.well(answer, url, "the webhook is there", self.context)]
        remedy = f"make a new webhook in Discord and write its address into [channels.{self.name}] url"
        return [checking.unwell(answer, url, remedy, _words(answer.json()))]


def _waiting(url: SecretStr) -> SecretStr:
    """The address with ``wait=true``: only then does an answer mean that the message stands there."""
    parts = urlsplit(url.get_secret_value())
    query = [pair for pair in parse_qsl(parts.query) if pair[0] != "wait"]
    return SecretStr(urlunsplit(parts._replace(query=urlencode([*query, ("wait", "true")]))))


def _wait(answer: http.Answer) -> timedelta | None:
    """What a 429 asks for: a broken number of seconds in the body, or the time until the bucket is full."""
    if answer.status != 429:
        return None
    told = (answer.json().get("retry_after"), answer.headers.get("x-ratelimit-reset-after"))
    return max((wait for wait in map(http.seconds, told) if wait is not None), default=None)


def _words(body: Mapping[str, Any]) -> str:
    """``50035 Invalid Form Body: embeds.0.title: Must be 256 or fewer in length.``"""
    if "message" not in body:
        return ""
    words = f"{body.get('code', '')} {body['message']}".strip()
    return "; ".join([words, *_faults(body.get("errors"))])


def _faults(errors: object, path: str = "") -> Iterator[str]:
    if not isinstance(errors, dict):
        return
    for name, inner in errors.items():
        if name != "_errors":
            yield from _faults(inner, f"{path}.{name}".lstrip("."))
            continue
        for fault in inner if isinstance(inner, list) else ():
            yield f"{path}: {fault.get('message') if isinstance(fault, dict) else fault}"


# ── the message ──────────────────────────────────────────────────────────────────────────────────


def _payload(cut: Cut) -> Json:
    told = view(cut)
    return {"content": _content(told), "embeds": _embeds(told), "allowed_mentions": {"parse": []}}


def _fits(cut: Cut) -> bool:
    embeds = _embeds(view(cut))
    return (
        len(embeds) <= MAX_EMBEDS
        and sum(map(_size, embeds)) <= MAX_EMBEDS_TEXT * _RESERVE
        and all(utf16(embed.get("description", "")) <= MAX_DESCRIPTION * _RESERVE for embed in embeds)
    )


def _size(embed: Json) -> int:
    """The characters of an embed that count toward the sum over all."""
    texts = [embed.get("title", ""), embed.get("description", "")]
    texts += [embed.get("author", {}).get("name", ""), embed.get("footer", {}).get("text", "")]
    texts += [field[part] for field in embed.get("fields", ()) for part in ("name", "value")]
    return sum(map(utf16, texts))


def _content(told: DigestView) -> str:
    if told.single:
        return ""
    return lines([f"**{escape(headline(told))}**", *filter(None, [escape(subtitle(told))])], MAX_CONTENT)


def _embeds(told: DigestView) -> list[Json]:
    """Embeds with one address are shown as one: each has its own, or none."""
    embeds: list[Json] = []
    linked: set[str] = {""}
    for section in told.sections:
        for story in section.stories:
            embeds.append(_story(story, section.title, story.url not in linked))
            linked.add(story.url)
    if told.also_seen:
        # In full: what is dropped here would be neither shown nor counted.
        embeds.append({"title": "Also seen", "description": "\n".join(named(told.also_seen))})
    if told.near_misses:
        embeds.append({"title": NEAR_MISSES, "description": lines(asked(told.near_misses), _FOOT)})
    foot = lines(map(escape, closing(told, _FOOT // 2)), _FOOT)
    if foot:
        embeds.append({"description": foot, **({"color": _ALARM} if told.kind == "alarm" else {})})
    return embeds or ([{"description": escape(told.summary)}] if told.single else [])


def _story(story: StoryView, section: str, linked: bool) -> Json:
    facts = [{"name": name, "value": clip(value, _VALUE), "inline": True} for name, value in story.facts]
    sources = [*map(_source, story.sources), *([escape(story.more_sources)] if story.more_sources else [])]
    why = [escape(line) for line in (story.relation, *story.because) if line]
    told = lines(_told(story, linked), _TOLD)
    return {
        "author": {"name": shorten(f"{label(story)} · {section}", MAX_AUTHOR)},
        "title": clip(story.title, MAX_TITLE),
        **({"url": story.url} if linked else {}),
        "color": _COLOURS[story.status],
        **({"description": told} if told else {}),
        "fields": [
            *facts,
            *([{"name": story.sources_count, "value": lines(sources, _SOURCES)}] if sources else []),
            *([{"name": "Why", "value": lines(why, _WHY)}] if why else []),
        ],
        "footer": {"text": story.when},
    }


def _told(story: StoryView, linked: bool) -> Iterator[str]:
    if story.lead:
        yield escape(story.lead)
    if story.url and not linked:
        yield link("Read it", story.url)
    if story.news:
        yield f"\n**{escape(story.news_since)}**"
        yield from (f"• {escape(line)}" for line in story.news)


def _source(source: SourceView) -> str:
    """A line of its own; a name alone where its address would take the room of the others."""
    told = cited(source)
    return f"• {told if utf16(told) <= _SOURCES // 2 else escape(source.name)}"
