"""Addresses of articles: made absolute and harmless for people, made canonical for identity."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import SplitResult, quote, urljoin, urlsplit, urlunsplit

import idna

from bot.core.addresses import is_public_name, literal
from bot.core.text import safe

LONGEST = 8_000
"""Characters of the longest address handed on; a longer one is no link that anything opens."""

_SCHEMES = ("http", "https")
# What browsers strip: controls and blanks at the ends, tabs and line breaks anywhere (WHATWG URL, 4.4).
_ENDS = "".join(map(chr, range(0x21))) + "\x7f\u00a0\u3000\ufeff"
_INSIDE = re.compile(r"[\t\r\n]")
_HOST = re.compile(r"[^\s/?#@\\<>\"'`{}|^%\x00-\x20\x7f]+")
# Characters that end an address in HTML, mail or chat markup, written as references instead.
_UNWISE = re.compile(r"[\x00-\x20\x7f\"<>\\^`{|}\u0080-\u00a0\u2028\u2029]")
_TRIPLET = re.compile(r"%([0-9a-fA-F]{2})")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_LONE_PERCENT = re.compile(r"%(?![0-9a-fA-F]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

# Parameters that say where a click came from, never which article it is (documented by the advertising,
# mail and analytics products that add them).
_TRACKING = re.compile(
    r"(?:utm_.*|ga_.*|hsa_.*|mtm_.*|pk_.*|piwik_.*|matomo_.*|at_(?:medium|campaign|custom\d*|link_.*|bbc_.*|format|ptr_name)"
    r"|ns_(?:mchannel|source|campaign|linkname|fee)|fbclid|gclid|gclsrc|dclid|gbraid|wbraid|msclkid|yclid"
    r"|twclid|ttclid|epik|li_fat_id|igshid?|srsltid|mc_[ce]id|ml_subscriber(?:_hash)?|mkt_tok|_hsenc|_hsmi"
    r"|__hs[a-z]+|hsctatracking|vero_(?:id|conv)|oly_(?:enc|anon)_id|_openstat|rb_clickid|s_cid|wickedid"
    r"|_branch_match_id|guce_.*|guccounter|__twitter_impression|xtor|wt\.mc_id|wt_mc|cmpid|feed(?:type|name)"
    r"|spm|_ga|_gl|ref_src|ref_url|ftag|trk(?:campaign|info)?|ocid|smid|sr_share|share_id|echobox)",
    re.IGNORECASE,
)
# Ordinary words that are tracking only when their value says so: ``?ref=rss``, ``?partner=feedburner``.
_AMBIGUOUS = frozenset(
    {"ref", "source", "src", "from", "partner", "emc", "cid", "cmp", "mod", "via", "medium", "campaign"}
)
_SYNDICATION = re.compile(
    r"(?:^|[^a-z])(?:rss|feed|feedburner|atom|newsletter)(?:$|[^a-z])|^rss", re.IGNORECASE
)


def absolute(link: str, base: str = "") -> str | None:
    """A publisher's link as an absolute http or https address, or ``None`` where it isn't one.

    User name and password are dropped; characters that could end the address inside a message are
    written as references. ``base`` is the address of the document.
    """
    cleaned = safe(_INSIDE.sub("", link.strip(_ENDS)))
    if not cleaned or len(cleaned) > LONGEST:
        return None
    try:
        parts = urlsplit(urljoin(base, cleaned) if not _absolute_already(cleaned) else cleaned)
        return _rebuilt(parts)
    except ValueError:  # a port that is no number, an unclosed bracket
        return None


def _absolute_already(link: str) -> bool:
    return link[:8].lower().startswith(("http://", "https://"))


def _rebuilt(parts: SplitResult) -> str | None:
    scheme, name = parts.scheme.lower(), parts.hostname or ""
    if scheme not in _SCHEMES or not _HOST.fullmatch(name) or len(name) > 253:
        return None
    bracketed = f"[{name}]" if ":" in name else name
    netloc = bracketed if parts.port is None else f"{bracketed}:{parts.port}"
    path = _quoted(parts.path)
    return urlunsplit((scheme, netloc, path, _quoted(parts.query), _quoted(parts.fragment)))


def _quoted(part: str) -> str:
    return _UNWISE.sub(lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), part)


def host(url: str) -> str:
    """The host name of an address in lower case, without port; empty where it has none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def public(url: str, base: str = "") -> bool:
    """Whether a link may be shown: it points at a public host, or at the host the document came from."""
    name = host(url)
    return is_public_name(name) or (bool(name) and name == host(base))


def is_front_page(url: str) -> bool:
    """Whether an address names a whole site, so that it can't identify one article."""
    parts = urlsplit(url)
    return parts.path in ("", "/") and not parts.query


def canonical(url: str) -> str:
    """One spelling for all addresses of an article; identity only, not for people to open.

    http counts as https; host in lower case and ASCII, no default port; references decoded where they
    need not be; dot segments, fragment and tracking parameters dropped; a slash at the end of the path
    dropped, the root's kept. The order of the query is kept, as it may matter. Applying it twice changes
    nothing. Expects what :func:`absolute` returned; gives anything else back unchanged.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return url
    if parts.scheme not in _SCHEMES or not parts.hostname:
        return url
    name = _ascii_host(parts.hostname)
    netloc = name if port in (None, 80, 443) else f"{name}:{port}"
    path = _without_dots(_normal_escapes(parts.path)).rstrip("/") or "/"
    query = "&".join(
        pair for pair in _normal_escapes(parts.query).split("&") if pair and not _is_tracking(pair)
    )
    return urlunsplit(("https", netloc, path, query, ""))


def untracked(url: str) -> str:
    """An address without its tracking parameters, for people to open; otherwise as it was."""
    address, mark, fragment = url.partition("#")
    address, _, query = address.partition("?")
    pairs = query.split("&")
    kept = [pair for pair in pairs if not _is_tracking(_normal_escapes(pair))]
    if len(kept) == len(pairs):
        return url
    return "?".join(part for part in (address, "&".join(kept)) if part) + mark + fragment


@lru_cache(maxsize=4096)
def _ascii_host(name: str) -> str:
    bare = name.rstrip(".").lower()
    if (address := literal(bare)) is not None:
        return f"[{address}]" if address.version == 6 else str(address)
    if bare.isascii():
        return bare
    try:
        return idna.encode(bare, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return bare


def _normal_escapes(part: str) -> str:
    """Percent references in capitals, none where the character needs none, non-ASCII always as references."""

    def plain_or_upper(match: re.Match[str]) -> str:
        character = chr(int(match[1], 16))
        return character if character in _UNRESERVED else match[0].upper()

    escaped = _NOT_ASCII.sub(lambda match: quote(match[0], errors="replace"), part)
    return _TRIPLET.sub(plain_or_upper, _LONE_PERCENT.sub("%25", escaped))


def _without_dots(path: str) -> str:
    """RFC 3986, 5.2.4, on a path that starts with a slash."""
    kept: list[str] = []
    for segment in path.split("/")[1:]:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    return "/" + "/".join(kept)


def _is_tracking(pair: str) -> bool:
    name, _, value = pair.partition("=")
    if _TRACKING.fullmatch(name):
        return True
    return name.lower() in _AMBIGUOUS and _SYNDICATION.search(value) is not None
