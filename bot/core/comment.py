"""Texts about a story rather than of it: markets, analysts, round-ups, questions. They add no facts.

Known by cue words of an English headline; a headline in another language counts as a report.
"""

from __future__ import annotations

import re

_MOVES = (
    r"up|down|at|jump\w*|r[io]se\w*|f[ae]ll\w*|gain\w*|los\w+|add\w*|slip\w*|slid\w*|soar\w*|surg\w+|climb\w*|drop\w*"
    r"|hold\w*|rall\w+|sink\w*|plung\w+|tumbl\w+|steady|higher|lower|record"
)
_MARKETS = (
    rf"shares (?:\S+ ){{0,3}}?(?:{_MOVES})|shares of|stocks?|analysts?|price targets?|investors?"
    r"|(?:lifts?|raises?|cuts?|keeps?|trims?|lowers?) (?:\S+ ){0,3}?target|upgrades?|downgrades?|outperforms?"
    r"|market (?:value|cap\w*)|gains after|gives up gains"
)
_ROUND_UPS = (
    r"(?:the|this|last|my) week|weekly|(?:day|month|year) in|round-?ups?|recaps?|in brief|briefing|newsletter"
    r"|digest|what to (?:know|watch)|(?:morning|evening) (?:call|wrap|news|bid)"
    r"|(?:things|takeaways|stories|lessons) (?:\S+ ){0,3}?(?:learned|know|watch|week|today|month)"
)
_COMMENT = re.compile(rf"\b(?:{_MARKETS}|{_ROUND_UPS})\b|[?？]", re.IGNORECASE)


def is_comment(title: str) -> bool:
    """Whether the headline stands over a comment, a market note or a round-up."""
    return _COMMENT.search(title) is not None
