"""Letters through real mail servers: Postfix and Dovecot on loopback, and what SpamAssassin makes of them."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

from bot.channels import Context, SmtpServer, build
from bot.channels.dkim import Signer
from bot.channels.smtp import hand_in
from bot.demo import show
from bot.documents import parse_toml
from bot.model import Digest, Refused, Rendered, Sent
from bot.ports import Channel
from tests.channels.worlds import NOW
from tests.digests import digest, story
from tests.realserver.mailhost import DOMAIN, PASSWORD, MailHost, mail_host, trace_headers

pytestmark = pytest.mark.realserver

ANN = f"Ann Äpfel <ann@{DOMAIN}>"
SENDER = f"Chip watch <bot@{DOMAIN}>"


@pytest.fixture(scope="module")
def host() -> Iterator[MailHost]:
    with mail_host() as running:
        yield running


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def signer(key: rsa.RSAPrivateKey) -> Signer:
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Signer(domain=DOMAIN, selector="chipwatch", private_key=SecretStr(pem.decode()))


@pytest.fixture(scope="module")
def dns(key: rsa.RSAPrivateKey) -> Callable[..., bytes]:
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return lambda name, timeout=5: b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)


def server(host: MailHost, **changes: object) -> SmtpServer:
    standard = SmtpServer(
        host="localhost",
        port=host.starttls,
        username=f"bot@{DOMAIN}",
        password=SecretStr(PASSWORD),
        sender=SENDER,
        ca_file=str(host.ca_file),
    )
    return replace(standard, **changes)  # type: ignore[arg-type]


def channel(smtp: SmtpServer, data: Path) -> Channel:
    context = Context(
        data=data, now=lambda: NOW, smtp=smtp, public_url="https://news.mailhost.example/chipwatch"
    )
    return build("mail", {"type": "email", "to": [ANN]}, context, parse_toml("", Path("chipwatch.toml")))


def letter(of: Digest, smtp: SmtpServer, data: Path) -> Rendered:
    (rendered,) = channel(smtp, data).render(of, "key")
    return rendered


@pytest.mark.parametrize("security", ["starttls", "implicit"])
def test_a_letter_arrives_byte_for_byte_and_its_signature_verifies(
    host: MailHost, signer: Signer, dns: Callable[..., bytes], tmp_path: Path, security: str
) -> None:
    port = host.starttls if security == "starttls" else host.implicit
    smtp = server(host, security=security, port=port, dkim=signer)
    before = len(host.letters(f"ann@{DOMAIN}", 0))
    told = [digest(3), digest(1, kind="alert"), digest(100), replace(digest(2), title=".a dot\n.another")]
    sent = [letter(each, smtp, tmp_path / str(number)) for number, each in enumerate(told)]
    for each in sent:
        result = channel(smtp, tmp_path).send(each.message, each.recipient, each.key)
        assert isinstance(result, Sent), result
        assert "queued as" in result.receipt
    arrived = host.letters(f"ann@{DOMAIN}", before + len(told))[before:]
    assert len(arrived) == len(told)
    for each in sent:
        (found,) = [read for read in arrived if read.endswith(each.message.body)]
        on_the_way = found.removesuffix(each.message.body)
        assert trace_headers(on_the_way) <= {"return-path", "delivered-to", "received"}
        assert dkim.verify(found, dnsfunc=dns)
        assert not dkim.verify(found.replace(b"Norvik", b"Nervik", 1), dnsfunc=dns)


def test_nothing_is_taken_without_tls_or_with_another_certificate(host: MailHost, tmp_path: Path) -> None:
    strange = hand_in(b"x\r\n", SENDER, ANN, server(host, ca_file=""))
    assert isinstance(strange, Refused)
    assert "certificate" in strange.reason
    plain = hand_in(b"x\r\n", SENDER, ANN, server(host, security="plain", username=""))
    assert isinstance(plain, Refused)
    assert (plain.permanent, plain.disables) == (True, True)
    assert "530" in plain.reason


def test_a_wrong_password_disables(host: MailHost) -> None:
    result = hand_in(b"x\r\n", SENDER, ANN, server(host, password=SecretStr("another")))
    assert isinstance(result, Refused)
    assert (result.permanent, result.disables) == (True, True)
    assert "535" in result.reason


def test_an_unknown_recipient_is_refused_for_good(host: MailHost) -> None:
    result = hand_in(b"x\r\n", SENDER, f"nobody@{DOMAIN}", server(host))
    assert isinstance(result, Refused)
    assert (result.permanent, result.disables) == (True, False)
    assert f"recipient nobody@{DOMAIN} refused: 550" in result.reason


def test_the_announced_size_is_kept(host: MailHost) -> None:
    result = hand_in(b"x" * 76 + b"\r\n" * 200_000, SENDER, ANN, server(host))
    assert isinstance(result, Refused)
    assert result.permanent
    assert "the server takes 300,000" in result.reason


# ── what a filter makes of it ────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def demo_letters(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    folder = tmp_path_factory.mktemp("demo") / "out"
    show(folder)
    return [path.read_bytes() for path in sorted(folder.glob("mail-*.eml"))]


def score(message: bytes, home: Path) -> tuple[float, str]:
    """SpamAssassin's points by its local rules, with its report. 5 are spam."""
    program = shutil.which("spamassassin")
    if program is None:
        pytest.skip("spamassassin not installed; as root, make test-realserver installs what it needs")
    done = subprocess.run(
        [program, "--local", "--test-mode", f"--prefspath={home / 'user_prefs'}"],
        input=message,
        capture_output=True,
        check=True,
        env={"PATH": "/usr/bin:/bin", "HOME": str(home)},
        timeout=60,
    )
    report = done.stdout.decode(errors="replace")
    found = re.search(r"(?m)^Content analysis details:\s+\((-?[\d.]+) points", report)
    assert found, report[-2000:]
    return float(found[1]), report[found.start() :]


def test_the_demos_letters_are_no_spam(demo_letters: list[bytes], tmp_path: Path) -> None:
    assert demo_letters
    for message in demo_letters:
        points, report = score(message, tmp_path)
        assert 0.0 <= points <= 0.5, report


@pytest.mark.parametrize(
    "of",
    [
        digest(0),
        digest(1, kind="alert"),
        digest(100),
        replace(digest(3), also_seen=tuple(story(number) for number in range(50, 70))),
    ],
    ids=["empty", "alert", "100 stories", "also seen"],
)
@pytest.mark.parametrize("signed", [False, True])
def test_no_letter_looks_like_spam(of: Digest, signed: bool, signer: Signer, tmp_path: Path) -> None:
    smtp = SmtpServer(host="mail.example", sender=SENDER, dkim=signer if signed else Signer())
    points, report = score(letter(of, smtp, tmp_path).message.body, tmp_path)
    assert 0.0 <= points <= 0.5, report
