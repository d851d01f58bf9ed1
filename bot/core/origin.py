"""Who said it first: the origin of each text of a story, and who only tells what another outlet reported.

Chosen by evidence that does not change with the order in which feeds were asked: a party to the event before
others, who is credited before who credits, text before a bare headline, then the earlier date and a byline.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from bot.core import text
from bot.model import Item, Member, Story

_BEHIND_A_DASH = re.compile(r"(.*\S)\s+[-–—|·]\s+(\S[^|]{1,40})")
_CREDIT = re.compile(
    r"\b(?:report(?:s|ed|ing)?|according|cit(?:es|ed|ing)|told|first|via|source|said|says|wrote|writes)\b"
    r"|\([^()]{3,40}\)",
    re.IGNORECASE,
)
_SHORTEST_NAME = 5
"""Letters of an outlet's name that is looked for in texts: shorter ones are words."""
_LONGEST_NAME = 4
"""Words."""
_LONGEST_SUFFIX = 3
"""Letters of ``co`` and ``com`` in ``co.uk`` and ``com.au``."""
_READ = 1500


def published(item: Item) -> datetime:
    """When an article appeared: its own date, where that is not after our first sight of it."""
    return min(item.published, item.seen_at) if item.published else item.seen_at


def texts(story: Story) -> list[list[Member]]:
    """The members by text, each text's origin first; the text that appeared first comes first."""
    by_text: dict[str, list[Member]] = defaultdict(list)
    for member in story.members:
        by_text[member.placement.copy_of or member.item.id].append(member)
    found = [_by_evidence(members) for members in by_text.values()]
    return sorted(found, key=lambda members: (published(members[0].item), members[0].item.id))


def citing(story: Story) -> Mapping[str, Collection[str]]:
    """Item id → the other outlets of the story whose report it says it repeats."""
    names = _outlets(story.members)
    return {
        member.item.id: cited
        for member in story.members
        if (cited := _credited(member, names) - {member.source})
    }


def without_outlet(title: str, source: str) -> str:
    """A headline without the outlet's name that search feeds put behind it.

    Only what spells a part of the publisher's host name is taken off: ``… - The Fab Floor`` of
    fabfloor.example.
    """
    found = _BEHIND_A_DASH.fullmatch(title)
    if found and _letters(found[2]) in {_letters(label) for label in source.split(".")}:
        return found[1]
    return title


def _by_evidence(members: Sequence[Member]) -> list[Member]:
    if len(members) == 1:
        return [*members]
    names = _outlets(members)
    credits = {member.item.id: _credited(member, names) - {member.source} for member in members}
    named = {source for cited in credits.values() for source in cited}

    def evidence(member: Member) -> tuple[bool, bool, bool, bool, bool, datetime, bool, str]:
        item = member.item
        return (
            not member.primary,
            bool(credits[item.id]),
            member.source not in named,
            not (item.summary or item.body),
            item.published is None,
            published(item),
            not item.author,
            item.id,
        )

    return sorted(members, key=evidence)


def _credited(member: Member, names: Mapping[str, str]) -> set[str]:
    """The outlets that a text names as where its news is from: behind the headline, or near such a word."""
    item = member.item
    title = text.one_line(item.title)
    behind = _BEHIND_A_DASH.fullmatch(title)
    cited = {names[name]} if behind and (name := _letters(behind[2])) in names else set()
    for sentence in text.sentences(f"{title}\n{item.author}\n{(item.summary or item.body)[:_READ]}"):
        if _CREDIT.search(sentence):
            cited |= {names[name] for name in _runs(sentence) if name in names}
    if item.author and (name := _letters(item.author)) in names:
        cited.add(names[name])
    return cited


def _runs(sentence: str) -> set[str]:
    """Up to four words in a row, written as one: ``harbourwire`` of "Harbour Wire reported"."""
    words = text.words(sentence)
    return {
        "".join(words[start : start + count]).removeprefix("the")
        for count in range(1, _LONGEST_NAME + 1)
        for start in range(len(words) - count + 1)
    }


def _outlets(members: Sequence[Member]) -> Mapping[str, str]:
    """Name as it is looked for → source; two sources of one name go by the first of the alphabet."""
    named = sorted(((_name(source), source) for source in {each.source for each in members}), reverse=True)
    return {name: source for name, source in named if len(name) >= _SHORTEST_NAME}


def _name(source: str) -> str:
    """The part of a host name that names the outlet: ``yahoo`` of finance.yahoo.com, ``bbc`` of bbc.co.uk."""
    labels = source.split(".")[:-1]
    while len(labels) > 1 and len(labels[-1]) <= _LONGEST_SUFFIX:
        labels.pop()
    return _letters(labels[-1]) if labels else ""


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold())).removeprefix("the")
