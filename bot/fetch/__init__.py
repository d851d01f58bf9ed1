"""The network: conditional GET with bounds, a gate that lets only public addresses through, and manners."""

from __future__ import annotations

FAILURES = {
    "timeout": "the server was too slow: to connect, between two bytes, or for the whole answer",
    "dns": "the host name has no address",
    "connect": "no connection to the server, or it was cut",
    "tls": "the server's certificate or handshake is not to be trusted",
    "refused": "we refuse it: a private address, a scheme other than http and https, a broken address",
    "redirect": "too many redirects, or one without a target",
    "too-large": "the body is larger than allowed, as sent or as unpacked",
    "encoding": "the body's compression is damaged or none that was asked for",
    "protocol": "the answer is no valid HTTP",
    "blocked": "a bot wall answered in place of the site; the publisher can let feed readers in",
    "status": "the server answered with an error",
    "throttled": "the server asks for fewer requests (429, or 503 with Retry-After)",
    "gone": "410 Gone: the publisher took the feed down for good",
    "not-a-feed": "the answer is no feed document",
    "fault": "a fault of ours, told in full in the log",
}
"""Kinds of :class:`~bot.model.FetchFailed`, in words for people."""
