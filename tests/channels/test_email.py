"""What the e-mail channel adds to the suite: one message a recipient, its headers, the size of its HTML."""

from __future__ import annotations

import base64
import email
import email.policy
import re
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

from bot.channels import Context, SmtpServer, build
from bot.channels.dkim import Signer
from bot.channels.email import MAX_HTML
from bot.documents import parse_toml
from bot.errors import ConfigErrors
from bot.model import Digest, Section
from bot.ports import Channel, Linked
from tests.channels.worlds import NOW
from tests.digests import digest, story

SMTP = SmtpServer(host="mail.example.org", sender="Chip watch <bot@example.org>", reply_to="desk@example.org")


PUBLIC = "https://news.example.org/chipwatch"


def channel(smtp: SmtpServer = SMTP, data: Path = Path(), public_url: str = "", **options: object) -> Channel:
    table = {"type": "email", "to": ["Ann <ann@example.org>", "bob@example.org"], **options}
    context = Context(data=data, now=lambda: NOW, smtp=smtp, public_url=public_url)
    return build("mail", table, context, parse_toml("", Path("chipwatch.toml")))


def messages(of: Digest, made: Channel | None = None, **options: object) -> list[EmailMessage]:
    rendered = (made or channel(**options)).render(of, "key")  # type: ignore[arg-type]
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


@pytest.mark.parametrize("of", [digest(0), digest(3), digest(1, kind="alert"), digest(60)])
def test_lines_are_as_long_as_every_relay_takes(of: Digest, tmp_path: Path) -> None:
    for each in channel(data=tmp_path, public_url=PUBLIC).render(of, "key"):
        head, body = each.message.body.split(b"\r\n\r\n", 1)
        long = [line for line in head.split(b"\r\n") if len(line) > 78]
        # An address is never broken: it stands alone on its line.
        assert all(re.match(rb"(List-Unsubscribe:)? <[^ ]+>,?$", line) for line in long)
        assert max(map(len, body.split(b"\r\n"))) <= 78


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


def test_with_a_public_address_a_click_unsubscribes_and_the_reader_sees_the_same_link(tmp_path: Path) -> None:
    made = channel(data=tmp_path, public_url=PUBLIC)
    ann, bob = messages(digest(1), made)
    assert isinstance(made, Linked)
    tokens = {recipient: token for token, recipient in made.tokens().items()}
    for letter, recipient in ((ann, "Ann <ann@example.org>"), (bob, "bob@example.org")):
        link = f"{PUBLIC}/u/{tokens[recipient]}"
        assert (
            letter["List-Unsubscribe"] == f"<{link}>, <mailto:desk@example.org?subject=unsubscribe%20daily>"
        )
        assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        for kind in ("plain", "html"):
            part = letter.get_body((kind,))
            assert part is not None
            assert link in part.get_content()
    assert messages(digest(1), made)[0]["List-Unsubscribe"] == ann["List-Unsubscribe"]


def test_without_a_public_address_there_is_no_token_and_no_key(tmp_path: Path) -> None:
    made = channel(data=tmp_path)
    assert messages(digest(1), made)[0]["List-Unsubscribe-Post"] is None
    assert isinstance(made, Linked)
    assert made.tokens() == {}
    assert list(tmp_path.iterdir()) == []


def test_letters_are_signed_where_that_is_configured(tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    signer = Signer(domain="example.org", selector="s", private_key=SecretStr(pem.decode()))
    made = channel(replace(SMTP, dkim=signer), tmp_path, PUBLIC)
    rendered = made.render(digest(2), "key")
    assert list(rendered) == list(made.render(digest(2), "key"))
    for each in rendered:
        assert dkim.verify(
            each.message.body, dnsfunc=lambda name, timeout=5: b"v=DKIM1; p=" + base64.b64encode(public)
        )
        covered = re.search(rb"\sh=([^;]*);", each.message.body)
        assert covered is not None
        assert {b"list-unsubscribe", b"list-unsubscribe-post"} <= set(re.split(rb"[\s:]+", covered[1]))


def test_a_key_that_cannot_sign_is_a_mistake_in_the_configuration() -> None:
    signer = Signer(domain="example.org", selector="s", private_key=SecretStr("nonsense"))
    with pytest.raises(ConfigErrors, match=r"\[smtp\.dkim\]: private_key is no RSA key in PEM") as caught:
        channel(replace(SMTP, dkim=signer))
    assert "nonsense" not in str(caught.value)


def test_a_very_long_digest_stays_under_what_gmail_cuts() -> None:
    page = messages(digest(300))[0].get_body(("html",))
    assert page is not None
    size = len(page.get_content().encode())
    assert MAX_HTML * 0.8 < size <= MAX_HTML * 1.02  # get_content writes CRLF
