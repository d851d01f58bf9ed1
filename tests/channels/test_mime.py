"""Mail bytes that repeat, that old mail programs read, and that no headline can add a header to."""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.mime import Letter, compose
from bot.core.text import one_line
from tests.digests import words

LETTER = Letter(
    sender="Chip watch <bot@chipwatch.example>",
    recipient="Ann <ann@example.org>",
    reply_to="desk@chipwatch.example",
    subject="Norvik orders 2 GW + 3 stories",
    date=datetime(2026, 11, 22, 7, 0, tzinfo=UTC),
    key="0123456789abcdef0123456789abcdef",
    digest_name="daily",
    channel="mail",
    kind="digest",
    story_id="",
    unsubscribe="mailto:desk@chipwatch.example?subject=unsubscribe%20daily",
    one_click="",
    text="Grüße\n.\nFrom here\n",
    html="<p>Grüße</p>\n",
)


def read(letter: Letter) -> EmailMessage:
    message = email.message_from_bytes(compose(letter), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_headers_of_a_digest_and_their_order() -> None:
    message = read(LETTER)
    assert message.items()[:-1] == [
        ("From", "Chip watch <bot@chipwatch.example>"),
        ("To", "Ann <ann@example.org>"),
        ("Reply-To", "desk@chipwatch.example"),
        ("Subject", "Norvik orders 2 GW + 3 stories"),
        ("Date", "Sun, 22 Nov 2026 07:00:00 +0000"),
        ("Message-ID", "<digest.0123456789abcdef0123456789abcdef@chipwatch.example>"),
        ("List-Id", "chipwatch daily <daily.chipwatch.example>"),
        ("List-Unsubscribe", "<mailto:desk@chipwatch.example?subject=unsubscribe%20daily>"),
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
        ("Feedback-ID", "daily:mail:digest:chipwatch"),
        ("X-Digest-Id", "0123456789abcdef0123456789abcdef"),
        ("MIME-Version", "1.0"),
    ]
    assert message.get_content_type() == "multipart/alternative"
    assert message.defects == []


def test_two_parts_plain_first_both_quoted_printable_and_without_a_version_of_their_own() -> None:
    plain, html = read(LETTER).iter_parts()
    assert [part.get_content_type() for part in (plain, html)] == ["text/plain", "text/html"]
    for part in (plain, html):
        assert part["Content-Transfer-Encoding"] == "quoted-printable"
        assert part["MIME-Version"] is None
    assert plain.get_content().replace("\r\n", "\n") == LETTER.text
    assert html.get_content().replace("\r\n", "\n") == LETTER.html


def test_an_alert_joins_the_thread_of_its_story() -> None:
    message = read(replace(LETTER, story_id="ab12"))
    assert message["In-Reply-To"] == message["References"] == "<story.ab12@chipwatch.example>"
    odd = read(replace(LETTER, story_id="a b>\r\nBcc: x@y"))
    assert re.fullmatch(r"<story\.[0-9a-f]{16}@chipwatch\.example>", odd["References"])
    assert odd["Bcc"] is None


def test_long_addresses_and_ids_stand_on_one_line_as_they_are() -> None:
    domain = "mail." + "very-long-name." * 4 + "example"
    unsubscribe = f"mailto:{'unsubscribe-' * 6}@{domain}?subject={'x' * 80}"
    raw = compose(
        replace(LETTER, sender=f"bot@{domain}", unsubscribe=unsubscribe, story_id="5" * 40)
    ).decode()
    assert f"List-Unsubscribe: <{unsubscribe}>\r\n" in raw
    assert f"Message-ID: <digest.{LETTER.key}@{domain}>\r\n" in raw
    assert f"References: <story.{'5' * 40}@{domain}>\r\n" in raw


def test_a_public_address_comes_first_and_says_that_one_click_is_enough() -> None:
    token = "https://news.example.org/" + "path-" * 20 + "/u/" + "t" * 32
    raw = compose(replace(LETTER, one_click=token)).decode()
    both = f"List-Unsubscribe: <{token}>,\r\n <mailto:desk@chipwatch.example?subject=unsubscribe%20daily>\r\n"
    assert both + "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw


@pytest.mark.parametrize("name", ["Über uns", "a:b:c", ""])
def test_a_feedback_id_has_four_fields_whatever_things_are_called(name: str) -> None:
    value = read(replace(LETTER, digest_name=name, channel=name))["Feedback-ID"]
    assert re.fullmatch(r"[0-9a-f]{16}:[0-9a-f]{16}:digest:chipwatch", value)


@pytest.mark.parametrize("name", ["Über uns", "weekly digest", "a.b", "."])
def test_a_list_id_is_a_dot_atom_whatever_the_digest_is_called(name: str) -> None:
    value = read(replace(LETTER, digest_name=name))["List-Id"]
    assert re.search(r"<[a-z0-9-]+\.chipwatch\.example>$", value)


@given(words, words, st.text(max_size=300))
@settings(max_examples=40, deadline=None)
def test_no_text_breaks_the_message(subject: str, name: str, body: str) -> None:
    body = one_line(body)
    letter = replace(
        LETTER, subject=subject, sender=f'"{address_safe(name)}" <bot@chipwatch.example>', text=body
    )
    raw = compose(letter)
    assert raw == compose(letter)
    assert raw.isascii()
    assert b"\x00" not in raw
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", raw)
    lines = raw.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    words_of_subject = re.search(rb"\r\nSubject: (.*?)\r\nDate", raw, re.DOTALL)
    assert words_of_subject is not None
    assert all(len(word) <= 75 for word in words_of_subject[1].split() if word.startswith(b"=?"))
    message = read(letter)
    assert message["Bcc"] is None
    assert message.keys()[0:3] == ["From", "To", "Reply-To"]
    assert "".join(str(message["Subject"]).split()) == "".join(one_line(subject).split())
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


def address_safe(name: str) -> str:
    return re.sub(r'["\\]', "", one_line(name))[:60]
