"""What was stored, for commands that do without a whole configuration."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

NEWEST = 2000
"""Stored items that are looked at."""


def stored_texts(config: Path, data: Path) -> list[tuple[str, str]]:
    """Headline and text of the newest stored items; none where nothing was stored. Writes nothing.

    A topic is written before the alerts and digests that name it fit, so no other file is asked.
    Raises ConfigErrors and StoreError.
    """
    from bot.errors import StoreVersion
    from bot.settings import load_settings
    from bot.storage.engine import check_version, open_store

    url = load_settings(config)[0].storage.url
    if url == "sqlite":
        url = f"sqlite:///{quote(str(data / 'chipwatch.db'))}"
    try:
        check_version(url)
    except StoreVersion:
        return []
    store = open_store(url)
    try:
        with store.read() as tx:
            found = tx.items.search(topic=None, since=None, words=(), limit=NEWEST)
    finally:
        store.close()
    return [(item.title, f"{item.summary}\n{item.body}".strip()) for item, _ in found]
