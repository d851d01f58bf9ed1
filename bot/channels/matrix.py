"""Matrix: one notice a room, sent as a bot through the client-server API.

The delivery key is the transaction id of the request, and a homeserver answers a repeat with the event that
it made before: a request without an answer is sent again. Updates of a story go into the thread of its first
alert.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias
from urllib.parse import quote

from pydantic import SecretStr, field_validator

from bot.channels import checking, http, posting
from bot.channels.context import ChannelOptions, Context, policy
from bot.channels.plain import NEAR_MISSES, closing, headline, label, plain, reasons, subtitle
from bot.channels.tags import asked, link, sources, tag, text, titled
from bot.core.findings import fault
from bot.core.render import Cut
from bot.core.views import DigestView, StoryView, view
from bot.model import Digest, Finding, Message, Rendered, RetryPolicy, SendResult, Sent

# A whole event is at most 65,536 bytes (spec.matrix.org, "Size limits"), of which servers add some.
MAX_CONTENT = 57_000
MAX_FOOT = 4_000
MAX_PARTS = 4
# Synapse forgets transaction ids after a day, four times as long as we try.
RETRY = replace(posting.RETRY, resend_unanswered=True)
# 401: the token is not valid any more. 403: the account is not in this room.
_DISABLING, _PUT_OUT = frozenset({401}), 403

Json: TypeAlias = dict[str, Any]


class MatrixOptions(ChannelOptions):
    """Post into Matrix rooms."""

    homeserver: str
    """Address of the homeserver, ``https://matrix.example.org``."""
    token: SecretStr
    """Access token of the bot's account."""
    rooms: tuple[str, ...]
    """Ids of rooms in which the account is, ``!…``; each gets a message of its own."""

    @field_validator("homeserver")
    @classmethod
    def _check_homeserver(cls, value: str) -> str:
        http.web_address(SecretStr(value))
        return value.rstrip("/")

    @field_validator("rooms")
    @classmethod
    def _check_rooms(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        # From room version 12 on, ids have no server after a colon.
        if not value or not all(room.startswith("!") and len(room.encode()) <= 255 for room in value):
            raise ValueError("name at least one room by its id, which begins with ! (an alias won't do)")
        return tuple(dict.fromkeys(value))

    _check_token = field_validator("token")(http.access_token)


def make_matrix(name: str, options: MatrixOptions, context: Context) -> MatrixChannel:
    return MatrixChannel(name=name, options=options, context=context)


@dataclass(frozen=True, kw_only=True, slots=True)
class MatrixChannel:
    name: str
    options: MatrixOptions
    context: Context

    @property
    def retry(self) -> RetryPolicy:
        return policy(RETRY, self.options)

    def render(self, digest: Digest, key: str) -> Sequence[Rendered]:
        return [
            rendered
            for room in self.options.rooms
            for rendered in posting.in_parts(
                digest,
                key,
                channel=self.name,
                recipient=room,
                fits=_fits,
                payload=partial(_content, root=digest.thread.get(room, "")),
                most=MAX_PARTS,
            )
        ]

    def send(self, message: Message, recipient: str, key: str) -> SendResult:
        path = f"rooms/{quote(recipient, safe='')}/send/m.room.message/{quote(key, safe='')}"
        headers = {"authorization": f"Bearer {self.options.token.get_secret_value()}"}
        url = SecretStr(f"{self.options.homeserver}/_matrix/client/v3/{path}")
        result = posting.post(url, message.body, self.context, method="PUT", headers=headers)
        if not isinstance(result, http.Answer):
            return result
        said = result.json()
        if result.ok:
            return Sent(receipt=str(said.get("event_id", "")))
        wait = said.get("retry_after_ms")
        return result.refused(
            words=_words(said),
            disabling=_DISABLING | ({_PUT_OUT} if len(self.options.rooms) == 1 else set()),
            retry_after=http.seconds(wait / 1000) if isinstance(wait, int | float) else None,
        )

    def check(self) -> Sequence[Finding]:
        """Who the account is, and whether it is in each of its rooms."""
        home, setting = SecretStr(self.options.homeserver), f"[channels.{self.name}]"
        answer = self._look("account/whoami")
        if isinstance(answer, Finding):
            return [answer]
        if not answer.ok:
            remedy = f"log in as the bot's account anew and write its access token into {setting} token"
            return [checking.unwell(answer, home, remedy, _words(answer.json()))]
        rooms = self._look("joined_rooms")
        if isinstance(rooms, Finding):
            return [rooms]
        joined, account = rooms.json().get("joined_rooms", ()), answer.json().get("user_id", "the account")
        return [
            checking.well(answer, home, f"{account} is in room {room}", self.context)
            if room in joined
            else fault(
                f"{account} is not in room {room}",
                f"invite it there and join as it, or correct {setting} rooms",
                host=http.host_of(home),
            )
            for room in self.options.rooms
        ]

    def _look(self, path: str) -> http.Answer | Finding:
        url = SecretStr(f"{self.options.homeserver}/_matrix/client/v3/{path}")
        headers = {"authorization": f"Bearer {self.options.token.get_secret_value()}"}
        return checking.ask(url, self.context, f"[channels.{self.name}] homeserver", headers=headers)


def _words(said: Mapping[str, Any]) -> str:
    return f"{said.get('errcode', '')} {said.get('error', '')}".strip()


def _content(cut: Cut, root: str) -> Json:
    told = view(cut)
    content = {
        "msgtype": "m.notice",
        "body": plain(told, MAX_FOOT),
        "format": "org.matrix.custom.html",
        "formatted_body": _page(told),
        "m.mentions": {},
    }
    return content | {"m.relates_to": _thread(root)} if root else content


def _thread(root: str) -> Json:
    """In the thread that begins with the event ``root``; an answer to it where threads aren't shown."""
    return {
        "rel_type": "m.thread",
        "event_id": root,
        "is_falling_back": True,
        "m.in_reply_to": {"event_id": root},
    }


def _fits(cut: Cut) -> bool:
    return len(posting.as_json(_content(cut, "$" + "x" * 254)).encode()) <= MAX_CONTENT


# ── HTML of the tags that the specification lets clients show ────────────────────────────────────


def _page(told: DigestView) -> str:
    parts = []
    if not told.single:
        parts = [tag("h3", text(headline(told)))]
        parts += [tag("p", text(subtitle(told)))] if subtitle(told) else []
    for section in told.sections:
        parts += [] if told.single else [tag("h4", text(section.title))]
        parts += map(_story, section.stories)
    if told.also_seen:
        parts += [tag("h4", "Also seen"), _list(map(titled, told.also_seen))]
    if told.near_misses:
        parts += [tag("h4", NEAR_MISSES), _list(map(asked, told.near_misses))]
    if foot := closing(told, MAX_FOOT):
        parts.append(tag("p", "<br>".join(map(text, foot))))
    return "".join(parts)


def _story(story: StoryView) -> str:
    head = f"{tag('b', text(label(story)))} · {tag('b', link(story.url, story.title))}"
    parts = [tag("p", "<br>".join(filter(None, (head, text(story.lead)))))]
    if story.facts:
        parts.append(_list(f"{tag('b', name + ':')} {text(value)}" for name, value in story.facts))
    if story.news:
        parts += [tag("p", tag("b", text(story.news_since))), _list(map(text, story.news))]
    below = [sources(story), *(tag("i", text(line)) for line in reasons(story))]
    parts.append(tag("p", "<br>".join(below)))
    return "".join(parts)


def _list(lines: Iterable[str]) -> str:
    return tag("ul", "".join(tag("li", line) for line in lines))
