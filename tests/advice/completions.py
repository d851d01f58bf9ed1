"""What a server of language models answers, well and badly."""

from __future__ import annotations

import json
from typing import Any

from tests.http_server import Answer


def completion(text: str) -> bytes:
    """A chat completion that says ``text``."""
    message = {"role": "assistant", "content": text}
    return json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}).encode()


def opinion(match: object = True, confidence: object = 0.9, reason: object = "It names the chip.") -> str:
    return json.dumps({"match": match, "confidence": confidence, "reason": reason})


def says(text: str, **how: Any) -> Answer:
    return Answer(body=completion(text), headers={"Content-Type": "application/json"}, **how)


YES = says(opinion())
NO = says(opinion(match=False, reason="It is about the weather."))

WRONG = {
    "no JSON": Answer(body=b"<html>It works!</html>"),
    "no completion": Answer(body=b'{"id": 7}'),
    "no choices": Answer(body=b'{"choices": []}'),
    "no text": Answer(body=b'{"choices": [{"message": {"content": null}}]}'),
    "prose": says("Yes, it is on topic."),
    "prose around it": says("Sure! " + opinion()),
    "a list": says("[true, 0.9]"),
    "a word for a truth": says(opinion(match="true")),
    "a number for a truth": says(opinion(match=1)),
    "too sure": says(opinion(confidence=1000)),
    "below nothing": says(opinion(confidence=-0.5)),
    "a truth for a number": says(opinion(confidence=True)),
    "a word for a number": says(opinion(confidence="0.9")),
    "no number": says('{"match": true, "confidence": NaN, "reason": ""}'),
    "infinite": says('{"match": true, "confidence": Infinity, "reason": ""}'),
    "no reason": says('{"match": true, "confidence": 0.9}'),
    "a list for a reason": says(opinion(reason=["a"])),
    "deep": says("[" * 30_000),
    "deep outside": Answer(body=b"[" * 60_000),
    "a long number": says('{"match": true, "confidence": ' + "9" * 9_000 + ', "reason": ""}'),
    "half a pair": Answer(body=b'\xff\xfe{"choices": []}'),
    "endless": Answer(body=b"{" * 10_000, endless=True),
    "packed": Answer(body=b"\x1f\x8b" + b"\0" * 100, headers={"Content-Encoding": "gzip"}),
}
"""Answers from which nothing can be taken."""
