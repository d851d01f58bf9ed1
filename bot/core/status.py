"""How sure a story is: from a rumour to a deal that is closed or cancelled.

A status comes from cue words of English. A text in another language states none, and then none is news.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from bot.core import text

# The strongest first: within a sentence a hedge outweighs the statement it hedges. Judging reads them too
# (``traits.py``), so a change here changes scores; what stories need beyond them stands below.
_CUES: Mapping[str, str] = {
    "cancelled": r"cancel(?:s|led|ed|ling|ing)|scrap(?:s|ped|ping)|call(?:s|ed) off|walk(?:s|ed) away"
    r"|abandon(?:s|ed|ing)|terminat(?:es|ed)|pull(?:s|ed) out|fall(?:s|en)? through|fell through",
    "denied": r"den(?:y|ies|ied)|refut(?:es|ed)|no plans to|not in talks|dismiss(?:es|ed) (?:the )?reports?",
    "completed": r"complet(?:es|ed) (?:the |its )?(?:\S+ )?(?:acquisition|purchase|deal|takeover|merger)"
    r"|clos(?:es|ed) (?:the |its )?(?:\S+ )?(?:acquisition|purchase|deal|takeover)|finali[sz](?:es|ed)",
    "reported": r"reportedly|people (?:familiar|with knowledge|briefed)|sources (?:said|say|told)"
    r"|according to (?:people|sources|a person)|(?:in|holds?|held) (?:\S+ )?talks|negotiat(?:es|ing|ions)"
    r"|nears|close to (?:a|signing)|report(?:s|ed)? (?:said|says)",
    "rumoured": r"rumou?r(?:s|ed)?|speculation|considers?|considering|weigh(?:s|ing)|mull(?:s|ing)"
    r"|leak(?:s|ed)?|might|(?:may|could) (?:buy|sell|use|sign|order|switch)",
    "confirmed": r"announc(?:es|ed|ing)|confirm(?:s|ed)|sign(?:s|ed)|inks?|inked|agree(?:s|d)"
    r"|unveil(?:s|ed)|select(?:s|ed)|award(?:s|ed)|orders|ordered|buys|bought|acquires|acquired|wins|won",
}
_DEAL = r"(?:acquisition|purchase|deal|takeover|merger|agreement|transaction|contract|order|sale|investment)"
_WORDS = r"(?:[\w$€£.,’'-]+ ){0,4}?"
_MORE: Mapping[str, str] = {
    "denied": r"reject(?:s|ed) (?:the |a )?(?:media )?reports?|den(?:ial|ying)",
    "completed": rf"complet(?:e|es|ed|ing|ion of) {_WORDS}{_DEAL}|clos(?:e|es|ed|ing of) {_WORDS}{_DEAL}"
    rf"|{_DEAL} (?:\S+ ){{0,4}}?(?:(?:has|had|have|is|was) (?:now )?)(?:closed|completed?)",
    "reported": r"reported to be|(?:is|are|was|were) said to|said to (?:be|court|want|plan)",
}


def _compiled(cues: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(cues)})\b", re.IGNORECASE)


_JUDGED = {status: _compiled([cues]) for status, cues in _CUES.items()}
_ANY_JUDGED = _compiled(_CUES.values())
_TOLD = {status: _compiled(filter(None, (cues, _MORE.get(status)))) for status, cues in _CUES.items()}
_OFFICIAL = re.compile(
    r"\b(?:announc(?:es|ed|ing|ement)|confirm(?:s|ed|ing)|in a (?:joint )?(?:statement|filing|press release)"
    r"|press release|(?:company|companies|both) said)\b",
    re.IGNORECASE,
)
"""Words of a party that speaks for itself; verbs like "buys" and "signs" stand over reports as well."""
_LEAD_SENTENCES = 2

HEDGED = frozenset({"rumoured", "reported"})
ENDED = frozenset({"denied", "completed", "cancelled"})
"""What is news also where no status was stated before."""
OPEN = HEDGED | {""}
"""While nobody has spoken officially: then another outlet's own report is news."""
_NEXT: Mapping[str, frozenset[str]] = {
    "": frozenset(_CUES),
    "rumoured": frozenset({"reported", "confirmed", "denied", "completed", "cancelled"}),
    "reported": frozenset({"confirmed", "denied", "completed", "cancelled"}),
    "confirmed": frozenset({"denied", "completed", "cancelled"}),
    "denied": frozenset({"confirmed", "completed", "cancelled"}),
    "completed": frozenset({"cancelled"}),
    "cancelled": frozenset({"confirmed", "completed"}),
}
"""What may follow a status. A weaker word in a later text ("reportedly") changes nothing."""


def first_status(source: str) -> str:
    """The status of the first sentence that gives one; the headline is the first."""
    if not _ANY_JUDGED.search(source):
        return ""
    for sentence in text.sentences(source):
        if status := _cue(sentence, _JUDGED):
            return status
    return ""


def status_of(title: str, lead: str) -> str:
    """The status that an article gives its event, by its headline and the first two sentences under it.

    A headline that states what the lead hedges ("Norvik buys chips" over "people familiar said") is a
    report, unless a party is quoted as confirming it.
    """
    above = _cue(title, _TOLD)
    begins = text.sentences(lead)
    begins = [each for each in begins if text.words(each) != text.words(title)][:_LEAD_SENTENCES]
    below = [status for sentence in begins if (status := _cue(sentence, _TOLD))]
    if above == "confirmed" and not _OFFICIAL.search(title):
        official = any(_OFFICIAL.search(sentence) for sentence in begins)
        hedges = [status for status in below if status in HEDGED]
        return hedges[0] if hedges and not official else above
    return above or next(iter(below), "")


def headline_status(title: str) -> str:
    """The status that the headline alone gives."""
    return _cue(title, _TOLD)


def follows(before: str, after: str) -> bool:
    """Whether a story of one status can turn to the other: what is weaker or the same can't."""
    return after in _NEXT.get(before, frozenset())


def progress(statuses: Iterable[str]) -> str:
    """Where a story stands after these statuses, in the order of publication.

    None is taken twice: that a denied deal was "confirmed last week" is background.
    """
    status, passed = "", {""}
    for each in statuses:
        if each not in passed and follows(status, each):
            status = each
            passed.add(each)
    return status


def _cue(sentence: str, cues: Mapping[str, re.Pattern[str]]) -> str:
    return next((status for status, pattern in cues.items() if pattern.search(sentence)), "")
