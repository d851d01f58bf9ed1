"""The well world, for tests of the doctor and of its command."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.channels.servers import smtp_server
from tests.doctor.worlds import (
    DOMAIN,
    FEED,
    SELECTOR,
    Mailbox,
    World,
    certificate,
    name_server,
    play_feed,
    play_services,
    quoted,
)
from tests.http_server import http_server


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA(key_type=trustme.KeyType.ECDSA)


@pytest.fixture(scope="session")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture(scope="session")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def pem(key: rsa.RSAPrivateKey) -> str:
    shape = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, shape, serialization.NoEncryption()).decode()


@pytest.fixture(scope="session")
def record(key: rsa.RSAPrivateKey) -> str:
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"


@pytest.fixture
def names(record: str) -> Iterator[dict[str, list[str]]]:
    """The TXT records of the world; a test may change them."""
    texts = {f"{SELECTOR}._domainkey.{DOMAIN}.": quoted(record)}
    with name_server(texts):
        yield texts


@pytest.fixture
def mail_tls(authority: trustme.CA) -> ssl.SSLContext:
    """What the mail server shows; a test may load another certificate into it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate(authority, "localhost").configure_cert(context)
    return context


@pytest.fixture
def world(
    tmp_path: Path, ca_file: Path, pem: str, names: dict[str, list[str]], mail_tls: ssl.SSLContext
) -> Iterator[World]:
    """Everything is well. At the end nothing may have been sent or posted, whatever was spoilt."""
    with http_server() as web, smtp_server(Mailbox(), tls=mail_tls, login=True) as mail:
        assert isinstance(mail, Mailbox)
        play_services(web)
        play_feed(web)
        place = World(
            config=tmp_path / "config", data=tmp_path / "data", web=web, mail=mail, ca_file=ca_file, key=pem
        )
        place.configure(FEED)
        yield place
    assert {request.method for request in web.requests} <= {"GET", "HEAD", "OPTIONS"}
    assert all(request.body == b"" for request in web.requests)
    assert (mail.senders, mail.messages) == ([], [])
