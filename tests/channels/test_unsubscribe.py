"""Tokens that nobody can guess, that stay the same, and that say nothing of whom they are for."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.channels.unsubscribe import KEY_FILE, link, token, unsubscribe_key
from bot.errors import ChipwatchError

KEY = bytes(range(32))


def test_a_token_is_the_same_for_ever_and_another_for_anybody_else() -> None:
    mine = token(KEY, "mail", "ann@example.org")
    assert mine == "wwvQrJaVmf-n8Kju0QveS9ShtxHganjh"
    assert mine == token(KEY, "mail", "Ann@Example.org")
    others = {
        token(KEY, "mail", "bob@example.org"),
        token(KEY, "mail2", "ann@example.org"),
        token(KEY, "mailann", "@example.org"),
        token(bytes(32), "mail", "ann@example.org"),
    }
    assert len(others | {mine}) == 5


def test_a_link_is_below_the_public_address() -> None:
    assert link("https://example.org/chipwatch/", "abc") == "https://example.org/chipwatch/u/abc"


def test_the_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    first = unsubscribe_key(tmp_path / "data")
    assert (len(first), unsubscribe_key(tmp_path / "data")) == (32, first)
    path = tmp_path / "data" / KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == [KEY_FILE]


def test_two_that_make_it_at_once_have_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(lambda _: unsubscribe_key(tmp_path), range(32)))
    assert len(keys) == 1


def test_half_a_key_is_none(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).write_bytes(b"short")
    with pytest.raises(ChipwatchError, match=KEY_FILE):
        unsubscribe_key(tmp_path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file in the way")
    with pytest.raises(ChipwatchError, match=KEY_FILE):
        unsubscribe_key(tmp_path / "data")
