"""What the e-mail channel adds to the suite: one message a recipient, its headers, the size of its HTML."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

from bot.channels import SmtpServer
from bot.channels.email import MAX_HTML
from bot.model import Digest, Section
from tests.channels.worlds import make
from tests.digests import digest, story

SMTP = SmtpServer(host="mail.example.org", sender="Chip watch <bot@example.org>", reply_to="desk@example.org")


def messages(of: Digest, **options: object) -> list[EmailMessage]:
    table = {"type": "email", "to": ["Ann <ann@example.org>", "bob@example.org"], **options}
    rendered = make("mail", table, Path(), SMTP).render(of, "key")
    read = [email.message_from_bytes(each.message.body, policy=email.policy.default) for each in rendered]
    return [message for message in read if isinstance(message, EmailMessage)]


def test_each_recipient_gets_a_message_of_their_own() -> None:
    ann, bob = messages(digest(2))
    assert (ann["To"], bob["To"]) == ("Ann <ann@example.org>", "bob@example.org")
    assert ann["Message-ID"] != bob["Message-ID"]
    assert "bob" not in str(ann)
    assert "Sent to ann@example.org" in str(ann.get_body(("plain",)))


def test_a_recipient_named_twice_gets_one() -> None:
    assert len(messages(digest(1), to=["ann@example.org", "ann@example.org"])) == 1


def test_the_channel_may_have_a_sender_and_mailboxes_of_its_own() -> None:
    standard = messages(digest(1))[0]
    own = messages(
        digest(1), sender="own@other.example", reply_to="r@other.example", unsubscribe="u@other.example"
    )[0]
    assert (standard["From"], standard["Reply-To"]) == ("Chip watch <bot@example.org>", "desk@example.org")
    assert standard["List-Unsubscribe"] == "<mailto:desk@example.org?subject=unsubscribe%20daily>"
    assert (own["From"], own["Reply-To"]) == ("own@other.example", "r@other.example")
    assert own["List-Unsubscribe"] == "<mailto:u@other.example?subject=unsubscribe%20daily>"
    assert own["Message-ID"].endswith("@other.example>")


def test_the_date_is_the_end_of_the_window() -> None:
    assert messages(digest(1))[0]["Date"] == "Sun, 22 Nov 2026 07:00:00 +0000"


def test_updates_of_a_story_thread_with_its_first_alert() -> None:
    first = digest(1, kind="alert")
    renamed = replace(story(1, status="UPDATED", revision=2), title="Another headline altogether")
    later = replace(first, sections=(Section(title="Halcyon chips", stories=(renamed,)),))
    old, new = messages(first)[0], messages(later)[0]
    assert old["References"] == new["References"] == "<story.story1@example.org>"
    assert old["Subject"] == new["Subject"]
    assert "Another headline altogether" in str(new.get_body(("plain",)))


def test_digests_and_alerts_on_several_stories_stand_alone() -> None:
    assert messages(digest(1))[0]["References"] is None
    assert messages(digest(2, kind="alert"))[0]["References"] is None


def test_a_very_long_digest_stays_under_what_gmail_cuts() -> None:
    page = messages(digest(300))[0].get_body(("html",))
    assert page is not None
    size = len(page.get_content().encode())
    assert MAX_HTML * 0.8 < size <= MAX_HTML * 1.02  # get_content writes CRLF
