"""E-mail over SMTP: one message a recipient, text and HTML, with the headers of a well-behaved list."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote

from pydantic import field_validator

from bot.channels.context import LOOPBACK, ChannelOptions, Context, OptionError, policy
from bot.channels.dkim import SigningError, check, sign
from bot.channels.templates import Footer, environment, html_page, text_page
from bot.channels.unsubscribe import link, token, unsubscribe_key
from bot.core.letters import address_of
from bot.core.render import Cut, clean, fit
from bot.core.text import digest as text_hash
from bot.core.views import view
from bot.model import Digest, Message, Rendered, RetryPolicy, SendResult

# Gmail cuts HTML off at about 102 kB and hides the rest behind a link.
MAX_HTML = 90_000
# Greylisting lets a message in after some minutes; a full mailbox takes longer.
RETRY = RetryPolicy(
    waits=(timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4)),
    give_up=timedelta(days=2),
    resend_unanswered=True,
)
MAX_MAILBOX = 320
_MAILBOX = re.compile(
    r"(?:[^<>\r\n]*<)?[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?>?"
)


def _mailbox(value: str) -> str:
    if value and not (
        len(value) <= MAX_MAILBOX and _MAILBOX.fullmatch(value.strip()) and ("<" in value) == (">" in value)
    ):
        raise ValueError("write a mail address: ann@example.org or Ann <ann@example.org>")
    return value.strip()


class EmailOptions(ChannelOptions):
    """Send each digest by mail, through the server of the ``[smtp]`` table."""

    to: tuple[str, ...]
    """Recipients; each gets a message of their own."""
    sender: str = ""
    """Address in From, in place of the ``[smtp]`` one."""
    reply_to: str = ""
    """Mailbox that is read, in place of the ``[smtp]`` one."""
    unsubscribe: str = ""
    """Mail address that takes unsubscriptions; without one, answers' address or the sender's."""

    @field_validator("to")
    @classmethod
    def _check_recipients(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or not all(value):
            raise ValueError("name at least one mail address, and no empty one")
        return tuple(dict.fromkeys(_mailbox(mailbox) for mailbox in value))

    _check_mailboxes = field_validator("sender", "reply_to", "unsubscribe")(_mailbox)


def make_email(name: str, options: EmailOptions, context: Context) -> EmailChannel:
    smtp = context.smtp
    sender = options.sender or smtp.sender
    if not smtp.host:
        raise OptionError("needs a mail server; set host in [smtp]")
    if not sender:
        raise OptionError("needs an address to send from; set sender here or in [smtp]")
    if smtp.security == "plain" and smtp.host not in LOOPBACK and not smtp.allow_plain:
        raise OptionError(
            'would send in the clear; set security to "starttls" or "implicit" in [smtp], or allow_plain'
        )
    try:
        mailboxes = [_mailbox(mailbox) for mailbox in (sender, options.reply_to or smtp.reply_to)]
    except ValueError as error:
        raise OptionError(f"sender or reply_to in [smtp]: {error}") from error
    environment(context.templates)
    if smtp.dkim.domain:
        try:
            check(smtp.dkim)
        except SigningError as error:
            raise OptionError(f"[smtp.dkim]: {error}") from error
    return EmailChannel(
        name=name, options=options, context=context, sender=mailboxes[0], reply_to=mailboxes[1]
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class EmailChannel:
    name: str
    options: EmailOptions
    context: Context
    sender: str
    reply_to: str

    @property
    def retry(self) -> RetryPolicy:
        return policy(RETRY, self.options)

    def render(self, digest: Digest, key: str) -> Sequence[Rendered]:
        digest = clean(digest)
        longest = max(self.options.to, key=len)

        tokens = {recipient: token for token, recipient in self.tokens().items()}

        def fits(cut: Cut) -> bool:
            footer = self._footer(digest, longest, key * 2, tokens.get(longest, ""))
            return len(html_page(self.context.templates, view(cut), footer).encode()) <= MAX_HTML

        cut = fit(digest, fits)
        return [self._letter(cut, recipient, key, tokens.get(recipient, "")) for recipient in self.options.to]

    def tokens(self) -> Mapping[str, str]:
        """Token of an unsubscribe link → the recipient whose letters have it; none without a public URL."""
        if not self.context.public_url:
            return {}
        key = unsubscribe_key(self.context.data)
        return {token(key, self.name, address_of(recipient)): recipient for recipient in self.options.to}

    def _letter(self, cut: Cut, recipient: str, digest_key: str, token: str) -> Rendered:
        from bot.channels.mime import Letter, compose

        key = text_hash((digest_key, self.name, recipient), size=16)
        told = view(cut)
        footer = self._footer(cut.digest, recipient, key, token)
        stories = cut.digest.stories
        letter = Letter(
            sender=self.sender,
            recipient=recipient,
            reply_to=self.reply_to,
            subject=told.subject,
            date=cut.digest.window.end,
            key=key,
            digest_name=cut.digest.name,
            channel=self.name,
            kind=told.kind,
            story_id=stories[0].id if told.kind == "alert" and len(stories) == 1 else "",
            unsubscribe=self._unsubscribe_by_mail(cut.digest),
            one_click=footer.unsubscribe if token else "",
            text=text_page(self.context.templates, told, footer),
            html=html_page(self.context.templates, told, footer),
        )
        body = compose(letter)
        if self.context.smtp.dkim.domain:
            body = sign(body, self.context.smtp.dkim)
        message = Message(subject=told.subject, content_type="message/rfc822", body=body)
        return Rendered(recipient=recipient, key=key, message=message, stories=cut.shown)

    def _footer(self, digest: Digest, recipient: str, key: str, token: str) -> Footer:
        table = {"alert": "[[alerts]]", "alarm": "[alarms]"}.get(digest.kind, f"[digests.{digest.name}]")
        by_click = link(self.context.public_url, token) if token else ""
        return Footer(
            digest_id=key,
            reason=f"Sent to {address_of(recipient)}, a recipient of the channel “{self.name}”.",
            change=f"Change or pause it in chipwatch.toml: {table} and [channels.{self.name}].",
            unsubscribe=by_click or self._unsubscribe_by_mail(digest),
        )

    def _unsubscribe_by_mail(self, digest: Digest) -> str:
        mailbox = address_of(self.options.unsubscribe or self.reply_to or self.sender)
        return f"mailto:{mailbox}?subject={quote(f'unsubscribe {digest.name}')}"

    def send(self, message: Message, recipient: str, key: str) -> SendResult:  # noqa: ARG002 - the bytes hold it
        from bot.channels.smtp import hand_in

        return hand_in(message.body, self.sender, recipient, self.context.smtp)
