"""A body → its header, and the items that were not seen before: what a worker does beside the process."""

from __future__ import annotations

from dataclasses import replace

from bot.core.normalise import normalise
from bot.core.parse import parse_unseen
from bot.core.seen import Request, hashes_in
from bot.model import Reading, ReadTask


def read(task: ReadTask) -> Reading:
    """Read what is new of a feed document. Raises FeedError with what the bytes are instead of a feed.

    The items are those that reading the whole document would give, without those of entries in
    ``task.seen``. Where all entries were seen the header is not read: the document is empty then, but for its
    hints.
    """
    request = Request(
        base_url=task.base_url,
        language=task.language or "",
        max_entries=task.max_entries,
        seen=hashes_in(task.seen),
    )
    parsed = parse_unseen(task.body, task.content_type, request)
    document = replace(parsed.document, language=parsed.document.language or task.language)
    return Reading(
        document=document,
        items=normalise(document, task.feed_id, task.base_url, task.now),
        seen=parsed.seen,
        skipped=parsed.skipped,
        whole=parsed.whole,
    )
