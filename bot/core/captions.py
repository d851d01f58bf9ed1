"""What a message is called: its subject, its counts, and what an inbox shows beside them."""

from __future__ import annotations

from bot.core.amounts import plural
from bot.core.render import TITLE, by_prominence
from bot.core.text import one_line, shorten
from bot.model import Digest, ToldStory

SUBJECT = 64
PREHEADER = 100


def _ranked(digest: Digest) -> list[ToldStory]:
    return [digest.stories[at] for at in by_prominence(digest.stories)]


def subject(digest: Digest) -> str:
    """Top story first, then how many more. An alert on one story keeps its first title, for threading."""
    if digest.kind == "alarm":
        return _short(digest.title, SUBJECT)
    stories = _ranked(digest)
    if not stories:
        return _short(f"{digest.title}: nothing new", SUBJECT)
    top = stories[0]
    if len(stories) == 1:
        title = (top.first_title or top.title) if digest.kind == "alert" else top.title
        return _short(title, TITLE if digest.kind == "alert" else SUBJECT) or "(no title)"
    rest = f" + {plural(len(stories) - 1, 'story')}"
    return _short(top.title, SUBJECT - len(rest)) + rest


def summary(digest: Digest) -> str:
    """``7 stories · 2 updated · 31 sources``; of an alarm ``1 notice``, ``more than 7 notices``."""
    if digest.kind == "alarm":
        more = sum(notice.kind == "more" for notice in digest.notices)
        return f"{'more than ' * more}{plural(len(digest.notices) - more, 'notice')}"
    stories = digest.stories
    if not stories:
        return "nothing new"
    updated = sum(story.revision > 1 for story in stories)
    told = [plural(len(stories), "story")]
    if updated:
        told.append(f"{updated} updated")
    told.append(plural(sum(len(story.sources) for story in stories), "source"))
    return " · ".join(told)


def preheader(digest: Digest) -> str:
    """What an inbox shows after the subject: the next stories and the counts, or the lead of a single one.

    Of an alarm, its latest notice.
    """
    stories = _ranked(digest)
    if digest.kind == "alarm" and digest.notices:
        return _short(digest.notices[-1].text, PREHEADER) or summary(digest)
    if len(stories) == 1:
        return _short(stories[0].lead or summary(digest), PREHEADER)
    tail = summary(digest)
    others = [_short(story.title, (PREHEADER - len(tail)) // 2 - 3) for story in stories[1:3]]
    return " · ".join([*others, tail])


def _short(text: str, limit: int) -> str:
    return shorten(one_line(text), limit)
