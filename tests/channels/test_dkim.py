"""Signatures that dkimpy finds good with a key from a made-up DNS, and that the smallest change breaks."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from pydantic import SecretStr

from bot.channels.dkim import SIGNED, Signer, SigningError, check, sign
from bot.channels.mime import compose
from tests.channels.test_mime import LETTER

LETTERS = {
    "digest": LETTER,
    "alert": replace(LETTER, story_id="ab12", subject="Größere Chips bestellt", kind="alert"),
    "one click": replace(LETTER, one_click="https://news.example.org/u/" + "t" * 32),
}


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey, *, old: bool = False) -> str:
    shape = serialization.PrivateFormat.TraditionalOpenSSL if old else serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, shape, serialization.NoEncryption()).decode()


@pytest.fixture
def signer(key: rsa.RSAPrivateKey) -> Signer:
    return Signer(domain="chipwatch.example", selector="s2026", private_key=SecretStr(pem(key)))


@pytest.fixture
def dns(key: rsa.RSAPrivateKey) -> Callable[..., bytes]:
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )

    def look_up(name: bytes, timeout: int = 5) -> bytes:
        assert name == b"s2026._domainkey.chipwatch.example."
        return b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)

    return look_up


@pytest.mark.parametrize("name", LETTERS)
def test_a_signed_letter_verifies_and_is_otherwise_unchanged(
    name: str, signer: Signer, dns: Callable[..., bytes]
) -> None:
    letter = compose(LETTERS[name])
    signed = sign(letter, signer)
    assert dkim.verify(signed, dnsfunc=dns)
    assert signed.endswith(letter)
    header = signed.removesuffix(letter)
    assert header.startswith(b"DKIM-Signature: ")
    assert max(map(len, header.split(b"\r\n"))) <= 78
    assert b"c=relaxed/relaxed" in header
    assert b"t=" not in re.split(rb"; *", re.sub(rb"\s+", b" ", header))[:9]


def test_the_same_letter_gives_the_same_bytes(signer: Signer) -> None:
    letter = compose(LETTER)
    assert sign(letter, signer) == sign(letter, signer)


@pytest.mark.parametrize("name", LETTERS)
def test_every_header_that_counts_is_covered(name: str, signer: Signer, dns: Callable[..., bytes]) -> None:
    letter = compose(LETTERS[name])
    signed = sign(letter, signer)
    head = letter.split(b"\r\n\r\n", 1)[0].decode()
    present = set(re.findall(r"(?m)^([\w-]+):", head))
    assert present - set(SIGNED) == {"X-Auto-Response-Suppress", "X-Digest-Id"}
    for header in present & set(SIGNED):
        changed = re.sub(rb"(?m)^" + header.encode() + rb": ", header.encode() + b": x", signed, count=1)
        assert changed != signed
        assert not dkim.verify(changed, dnsfunc=dns), header
    assert not dkim.verify(signed.replace(b"From here", b"From there"), dnsfunc=dns)


@pytest.mark.parametrize("header", ["From", "To", "Subject", "Date"])
def test_a_second_header_breaks_the_signature(header: str, signer: Signer, dns: Callable[..., bytes]) -> None:
    signed = sign(compose(LETTER), signer)
    assert not dkim.verify(f"{header}: somebody else\r\n".encode() + signed, dnsfunc=dns)


def test_what_a_relay_does_leaves_the_signature_whole(signer: Signer, dns: Callable[..., bytes]) -> None:
    signed = sign(compose(LETTER), signer)
    relayed = b"Received: from a by b; Sun, 22 Nov 2026 07:00:01 +0000\r\n" + signed
    refolded = relayed.replace(b"\r\nSubject: Norvik orders", b"\r\nsubject:   Norvik\r\n orders")
    assert refolded != relayed
    assert dkim.verify(refolded, dnsfunc=dns)


def test_keys_as_openssl_writes_them(
    key: rsa.RSAPrivateKey, signer: Signer, dns: Callable[..., bytes]
) -> None:
    for text in (pem(key, old=True), pem(key).replace("\n", "\r\n"), pem(key).strip()):
        signed = sign(compose(LETTER), replace(signer, private_key=SecretStr(text)))
        assert dkim.verify(signed, dnsfunc=dns)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "garbage",
        "-----BEGIN RSA PRIVATE KEY-----\n!\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----\nAAA\n-----END RSA PRIVATE KEY-----",
        pem(ed25519.Ed25519PrivateKey.generate()),
    ],
)
def test_what_is_no_rsa_key_is_told_without_its_text(text: str, signer: Signer) -> None:
    with pytest.raises(SigningError, match="private_key is no RSA key in PEM") as caught:
        check(replace(signer, private_key=SecretStr(text)))
    assert not text or text not in str(caught.value)


def test_a_missing_package_is_named_with_what_installs_it(tmp_path: Path) -> None:
    (tmp_path / "dkim.py").write_text("raise ImportError('not installed')")
    code = (
        "from bot.channels.dkim import Signer, check\n"
        "try: check(Signer(domain='example.org', selector='s'))\n"
        "except ValueError as error: print(error)"
    )
    told = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(tmp_path)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert told.stdout == 'signing with DKIM needs a further package: pip install "chipwatch[dkim]"\n'
