"""Telegram through a bot, in its HTML.

The token is part of every address, so no address is ever told. Telegram drops no repeats: a request without
an answer is held. Updates of a story answer its first alert.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any, TypeAlias
from urllib.parse import urlencode

from pydantic import SecretStr, field_validator

from bot.channels import checking, http, posting
from bot.channels.context import ChannelOptions, Context, policy
from bot.channels.plain import NEAR_MISSES, closing, headline, label, reasons, subtitle
from bot.channels.tags import asked, link, sources, tag, text, titled
from bot.core.render import Cut, utf16
from bot.core.views import DigestView, StoryView, view
from bot.model import Digest, Finding, Message, Refused, Rendered, RetryPolicy, SendResult, Sent, Unanswered

# core.telegram.org/bots/api: 1 to 4096 UTF-16 code units once the tags are read, and 100 entities, which are
# our tags and whatever it takes for an address, a #tag or a $TICKER. A reserve for those.
MAX_TEXT = 3_900
MAX_ENTITIES = 80
MAX_FOOT = 1_200
MAX_PARTS = 5
# 20 messages a minute in a group.
RETRY = replace(posting.RETRY, pace=timedelta(seconds=3))
# 404 is the answer to a token that is none; 403 is about the chat.
_DISABLING, _PUT_OUT = frozenset({401, 404}), 403
_CHAT = re.compile(r"-?[0-9]{1,19}|@[A-Za-z0-9_]{4,32}")
_TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{1,100}")
_RECEIPT = re.compile(r"(?P<message>[0-9]+)(?: in (?P<chat>-?[0-9]+))?")
_TAG = re.compile(r"<(/?)([a-z]+)(?: href=\"([^\"]*)\")?>")

Json: TypeAlias = dict[str, Any]


class TelegramOptions(ChannelOptions):
    """Post into Telegram chats as a bot."""

    token: SecretStr
    """The bot's token, ``123456:ABC…``, as BotFather gave it."""
    chats: tuple[int | str, ...]
    """Ids of chats (``-1001234567890``) or names of public channels (``@name``); each gets a message."""
    api: str = "https://api.telegram.org"
    """Another address for a Bot API server of your own."""

    @field_validator("token")
    @classmethod
    def _check_token(cls, value: SecretStr) -> SecretStr:
        if not _TOKEN.fullmatch(value.get_secret_value()):
            raise ValueError("is not the token of a bot, which is digits, a colon and letters")
        return value

    @field_validator("chats")
    @classmethod
    def _check_chats(cls, value: tuple[int | str, ...]) -> tuple[str, ...]:
        chats = tuple(map(str, value))
        if not chats or not all(map(_CHAT.fullmatch, chats)):
            raise ValueError("name at least one chat by its id, or a public channel as @name")
        return tuple(dict.fromkeys(chats))

    @field_validator("api")
    @classmethod
    def _check_api(cls, value: str) -> str:
        http.web_address(SecretStr(value))
        return value.rstrip("/")


def make_telegram(name: str, options: TelegramOptions, context: Context) -> TelegramChannel:
    return TelegramChannel(name=name, options=options, context=context)


@dataclass(frozen=True, kw_only=True, slots=True)
class TelegramChannel:
    name: str
    options: TelegramOptions
    context: Context

    @property
    def retry(self) -> RetryPolicy:
        return policy(RETRY, self.options)

    def render(self, digest: Digest, key: str) -> Sequence[Rendered]:
        return [
            rendered
            for chat in map(str, self.options.chats)
            for rendered in posting.in_parts(
                digest,
                key,
                channel=self.name,
                recipient=chat,
                fits=_fits,
                payload=partial(_payload, chat=chat, first=digest.thread.get(chat, "")),
                most=MAX_PARTS,
            )
        ]

    def send(self, message: Message, recipient: str, key: str) -> SendResult:  # noqa: ARG002 - no id in Telegram
        """One attempt, of up to three requests: a refusal may say where the chat went, or mind the markup."""
        payload: Json = json.loads(message.body)
        result = self._request(message.body)
        moved = _parameter(result, "migrate_to_chat_id")
        if isinstance(moved, int):
            payload = _moved(payload, moved)
            result = self._request(_bytes(payload))
        if isinstance(result, http.Answer) and "can't parse entities" in _description(result):
            result = self._request(_bytes(_unmarked(payload)))
        if not isinstance(result, http.Answer):
            return result
        if result.ok:
            return Sent(receipt=_receipt(result, moved if isinstance(moved, int) else None))
        return result.refused(
            words=_description(result),
            disabling=_DISABLING | ({_PUT_OUT} if len(self.options.chats) == 1 else set()),
            retry_after=http.seconds(_parameter(result, "retry_after")),
        )

    def check(self) -> Sequence[Finding]:
        """Who the bot is, and whether it sees each of its chats."""
        answer = self._look("getMe")
        if isinstance(answer, Finding):
            return [answer]
        if not answer.ok:
            remedy = f"write the token that BotFather gives into [channels.{self.name}] token"
            return [checking.unwell(answer, SecretStr(self.options.api), remedy, _description(answer))]
        return [self._check_chat(chat) for chat in map(str, self.options.chats)]

    def _check_chat(self, chat: str) -> Finding:
        answer, api = self._look("getChat?" + urlencode({"chat_id": chat})), SecretStr(self.options.api)
        if isinstance(answer, Finding):
            return answer
        if answer.ok:
            return checking.well(answer, api, f"the bot sees chat {chat}", self.context)
        remedy = f"add the bot to chat {chat}, or correct [channels.{self.name}] chats"
        return checking.unwell(answer, api, remedy, _description(answer), about=f"for chat {chat}")

    def _look(self, method: str) -> http.Answer | Finding:
        url = SecretStr(f"{self.options.api}/bot{self.options.token.get_secret_value()}/{method}")
        return checking.ask(url, self.context, f"[channels.{self.name}] api")

    def _request(self, content: bytes) -> http.Answer | Refused | Unanswered:
        url = SecretStr(f"{self.options.api}/bot{self.options.token.get_secret_value()}/sendMessage")
        return posting.post(url, content, self.context)


# ── answers ──────────────────────────────────────────────────────────────────────────────────────


def _description(answer: http.Answer) -> str:
    return str(answer.json().get("description", ""))


def _parameter(result: object, name: str) -> object:
    """What an error says besides its words: ``retry_after`` or ``migrate_to_chat_id``."""
    parameters = result.json().get("parameters") if isinstance(result, http.Answer) else None
    return parameters.get(name) if isinstance(parameters, dict) else None


def _receipt(answer: http.Answer, moved: int | None) -> str:
    """The message's number; ``81 in -100123: …`` where the chat got a new id that the settings lack."""
    result = answer.json().get("result")
    number = str(result.get("message_id", "")) if isinstance(result, dict) else ""
    return f"{number} in {moved}: the chat's new id, write it in chats" if moved else number


def _moved(payload: Mapping[str, Any], chat: int) -> Json:
    """The same for a group that became a supergroup; messages of the old one can't be answered there."""
    there = {name: value for name, value in payload.items() if name != "reply_parameters"}
    answered = payload.get("reply_parameters", {})
    if answered.get("chat_id") == chat:
        there["reply_parameters"] = answered
    return there | {"chat_id": chat}


def _unmarked(payload: Mapping[str, Any]) -> Json:
    """The same as plain text, with addresses after their words as long as they fit."""
    page = payload["text"]
    links = re.sub(r'<a href="([^"]*)">(.*?)</a>', r"\2 (\1)", page)
    plain = [html.unescape(_TAG.sub("", each)) for each in (links, page)]
    shown = next((each for each in plain if utf16(each) <= MAX_TEXT), plain[-1])
    return {name: value for name, value in payload.items() if name != "parse_mode"} | {"text": shown}


# ── messages ─────────────────────────────────────────────────────────────────────────────────────


def _payload(cut: Cut, chat: str, first: str) -> Json:
    payload: Json = {
        "chat_id": chat if chat.startswith("@") else int(chat),
        "text": _page(view(cut)),
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
    }
    if answered := _RECEIPT.match(first):
        parameters = {"message_id": int(answered["message"]), "allow_sending_without_reply": True}
        there = {"chat_id": int(answered["chat"])} if answered["chat"] else {}
        payload["reply_parameters"] = parameters | there
    return payload


def _bytes(payload: Mapping[str, Any]) -> bytes:
    return posting.as_json(payload).encode()


def _fits(cut: Cut) -> bool:
    page = _page(view(cut))
    read = html.unescape(_TAG.sub("", page))
    return utf16(read) <= MAX_TEXT and len(_TAG.findall(page)) // 2 <= MAX_ENTITIES


def _page(told: DigestView) -> str:
    blocks = []
    if not told.single:
        blocks = ["\n".join(filter(None, (tag("b", text(headline(told))), text(subtitle(told)))))]
    for section in told.sections:
        blocks += [] if told.single else [tag("u", text(section.title))]
        blocks += map(_story, section.stories)
    if told.also_seen:
        blocks.append(_list("Also seen", map(titled, told.also_seen)))
    if told.near_misses:
        blocks.append(_list(NEAR_MISSES, map(asked, told.near_misses)))
    blocks.append(text("\n".join(closing(told, MAX_FOOT))))
    return "\n\n".join(filter(None, blocks))


def _story(story: StoryView) -> str:
    lines = [
        f"{tag('b', text(label(story)))} · {link(story.url, story.title)}",
        text(story.lead),
        *(f"{tag('b', name + ':')} {text(value)}" for name, value in story.facts),
        *([_list(story.news_since, map(text, story.news))] if story.news else []),
        sources(story),
        *([tag("i", text("\n".join(reasons(story))))] if reasons(story) else []),
    ]
    return "\n".join(filter(None, lines))


def _list(title: str, lines: Iterable[str]) -> str:
    return "\n".join([tag("b", text(title)), *(f"• {line}" for line in lines)])
