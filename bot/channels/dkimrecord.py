"""Whether the DNS holds the public key that belongs to ours (RFC 6376, 3.6.1)."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.channels.dkim import Signer
from bot.core.findings import fault, fine, warning
from bot.model import Finding

# RFC 8301, 3.2: signers use at least the first, and should use at least the second.
LEAST_BITS, GOOD_BITS = 1024, 2048
_WITHIN = timedelta(seconds=8)
_LONGER = "make a key of 2048 bits, publish it under a new selector, then write both into [smtp.dkim]"


def check_dkim(signer: Signer, within: timedelta = _WITHIN) -> Finding:
    """Look the record up with this machine's resolver and compare it."""
    import dns.exception
    import dns.resolver

    name = f"{signer.selector}._domainkey.{signer.domain}"
    try:
        answer = dns.resolver.resolve(name, "TXT", lifetime=within.total_seconds())
        records = [b"".join(each.strings) for each in answer]
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        records = []
    except dns.exception.DNSException as error:
        remedy = "run the doctor again where the DNS can be asked"
        found = f"{name} could not be looked up ({type(error).__name__})"
        return replace(warning(found, remedy, host=signer.domain), unreached=True)
    return compare(signer, name, records)


def compare(signer: Signer, name: str, records: Sequence[bytes]) -> Finding:
    """``records``: the texts at ``name``, each whole."""
    own = _own(signer)
    publish = f"publish it there as one TXT record: v=DKIM1; k=rsa; p={_public(own)}"
    if not records:
        return fault(f"there is no DKIM key at {name}", publish)
    if len(records) > 1:
        return fault(f"there are {len(records)} TXT records at {name}; receivers take none or any", publish)
    tags = _tags(records[0])
    if problem := _unusable(tags):
        return fault(f"the DKIM record at {name} {problem}", publish)
    published = _published(tags)
    if published is None:
        return fault(f"the DKIM record at {name} holds no RSA key that can be read", publish)
    if published != (own["modulus"], own["publicExponent"]):
        remedy = f"{publish}; or write the selector of our key into [smtp.dkim]"
        return fault(f"the DKIM key at {name} is not the one that belongs to private_key", remedy)
    bits = own["modulus"].bit_length()
    if bits < LEAST_BITS:
        return fault(f"the DKIM key has {bits} bits; receivers take no signature of less than 1024", _LONGER)
    if bits < GOOD_BITS:
        return warning(f"the DKIM key has {bits} bits", _LONGER)
    if "y" in tags.get("t", "").split(":"):
        remedy = "take t=y out of the record: receivers treat such letters as if they were not signed"
        return warning(f"the DKIM record at {name} is marked as a test", remedy)
    return fine(f"{name} holds our public key, {bits} bits")


def _unusable(tags: dict[str, str]) -> str:
    """Why receivers will not take a record; empty where nothing speaks against it."""
    if tags.get("v", "DKIM1") != "DKIM1":
        return f"is of version {tags['v'][:20]}"
    if tags.get("k", "rsa") != "rsa":
        return f"is for keys of another kind ({tags['k'][:20]})"
    if "h" in tags and "sha256" not in tags["h"].split(":"):
        return "does not allow sha256, by which we sign"
    if not {"*", "email"} & set(tags.get("s", "*").split(":")):
        return "is not for mail"
    if not tags.get("p"):
        return "is revoked: it has no key"
    return ""


def _tags(record: bytes) -> dict[str, str]:
    """``k=rsa; p=…`` as a mapping, without any blanks (RFC 6376, 3.2)."""
    pairs = (part.partition("=") for part in "".join(record.decode("ascii", "replace").split()).split(";"))
    return {name: value for name, _, value in pairs if name}


def _published(tags: dict[str, str]) -> tuple[int, int] | None:
    from dkim.asn1 import ASN1FormatError
    from dkim.crypto import UnparsableKeyError, parse_public_key

    try:
        key = parse_public_key(base64.b64decode(tags["p"], validate=True))
    except (ValueError, ASN1FormatError, UnparsableKeyError, IndexError, TypeError):
        return None
    return key["modulus"], key["publicExponent"]


def _own(signer: Signer) -> dict[str, Any]:
    """The numbers of the private key, which the configuration was found to hold."""
    from dkim.crypto import parse_pem_private_key

    pem = "\n".join(signer.private_key.get_secret_value().split("\r\n"))
    key: dict[str, Any] = parse_pem_private_key(pem.encode())
    return key


def _public(own: dict[str, Any]) -> str:
    """The public half as a record holds it: SubjectPublicKeyInfo (RFC 5280, 4.1) in base64."""
    numbers = _der(0x30, _integer(own["modulus"]) + _integer(own["publicExponent"]))
    rsa = bytes.fromhex("300d06092a864886f70d0101010500")
    return base64.b64encode(_der(0x30, rsa + _der(0x03, b"\0" + numbers))).decode()


def _integer(value: int) -> bytes:
    return _der(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _der(tag: int, content: bytes) -> bytes:
    """One value of the distinguished encoding rules (X.690, 8.1.3 and 10.1)."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content
