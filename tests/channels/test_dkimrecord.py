"""The record of the DNS compared with our key, as other programs make both."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.channels.dkim import Signer
from bot.channels.dkimrecord import check_dkim, compare
from bot.model import Level
from tests.channels.test_dkim import pem
from tests.doctor.worlds import name_server, quoted

NAME = "s._domainkey.example.org"


def made(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


KEY, OTHER = made(), made()


def signer(key: rsa.RSAPrivateKey = KEY) -> Signer:
    return Signer(domain="example.org", selector="s", private_key=SecretStr(pem(key)))


def public(key: rsa.RSAPrivateKey = KEY, *, bare: bool = False) -> str:
    shape = serialization.PublicFormat.PKCS1 if bare else serialization.PublicFormat.SubjectPublicKeyInfo
    return base64.b64encode(key.public_key().public_bytes(serialization.Encoding.DER, shape)).decode()


@pytest.mark.parametrize(
    "record",
    [
        f"v=DKIM1; k=rsa; p={public()}",
        f"p={public()}",
        f"v=DKIM1; p={public(bare=True)}",
        f"v = DKIM1 ; h=sha1:sha256; s=email; n=a note; p= {public()[:70]} {public()[70:]} ;",
        f"v=DKIM1; s=*; t=s; p={public()}",
    ],
)
def test_records_that_receivers_take(record: str) -> None:
    finding = compare(signer(), NAME, [record.encode()])
    assert (finding.level, finding.found) == (Level.FINE, f"{NAME} holds our public key, 2048 bits")


@pytest.mark.parametrize(
    ("record", "found"),
    [
        (f"v=DKIM1; p={public(OTHER)}", "not the one that belongs to private_key"),
        ("v=DKIM1; p=", "is revoked"),
        ("v=DKIM1", "is revoked"),
        (f"v=DKIM2; p={public()}", "is of version DKIM2"),
        (f"v=DKIM1; k=ed25519; p={public()}", "of another kind (ed25519)"),
        (f"v=DKIM1; h=sha1; p={public()}", "does not allow sha256"),
        (f"v=DKIM1; s=other; p={public()}", "is not for mail"),
        (f"v=DKIM1; p={public()[:-30]}", "no RSA key that can be read"),
        ("v=DKIM1; p=!!!!", "no RSA key that can be read"),
        ("v=spf1 -all", "is of version spf1-all"),
    ],
)
def test_records_that_receivers_refuse_and_the_one_to_publish(record: str, found: str) -> None:
    finding = compare(signer(), NAME, [record.encode()])
    assert finding.level is Level.FAULT
    assert found in finding.found
    # Byte for byte what OpenSSL makes of the key.
    assert f"v=DKIM1; k=rsa; p={public()}" in finding.remedy
    assert "PRIVATE" not in finding.remedy


@given(st.binary(max_size=300))
def test_any_record_is_a_finding(record: bytes) -> None:
    for key in (record, base64.b64encode(record), base64.b64encode(b"\x30" + record)):
        assert compare(signer(), NAME, [b"v=DKIM1; p=" + key]).level is Level.FAULT


def test_no_record_two_of_them_and_a_test() -> None:
    record = f"v=DKIM1; p={public()}".encode()
    assert "there is no DKIM key" in compare(signer(), NAME, []).found
    assert "there are 2 TXT records" in compare(signer(), NAME, [record, record]).found
    testing = compare(signer(), NAME, [record + b"; t=y:s"])
    assert (testing.level, "marked as a test" in testing.found) == (Level.WARNING, True)


def test_short_keys() -> None:
    short = made(1024)
    finding = compare(signer(short), NAME, [f"p={public(short)}".encode()])
    assert (finding.level, finding.found) == (Level.WARNING, "the DKIM key has 1024 bits")


def test_it_is_asked_of_the_resolver_of_this_machine() -> None:
    with name_server({f"{NAME}.": quoted(f"v=DKIM1; k=rsa; p={public()}")}) as resolver:
        assert check_dkim(signer()).level is Level.FINE
        assert "there is no DKIM key" in check_dkim(replace(signer(), selector="t")).found
        # Nobody answers there.
        resolver.port = 9
        lost = check_dkim(signer(), timedelta(seconds=0.2))
    assert (lost.level, lost.unreached, lost.host) == (Level.WARNING, True, "example.org")
    assert "could not be looked up" in lost.found
