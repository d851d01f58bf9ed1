"""A folder as a receiver: whole files, the same ones again, and no way out of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bot.channels.event import event
from bot.core.render import Cut, clean
from bot.model import Refused, Sent
from tests.channels.worlds import make
from tests.digests import digest


def test_the_three_formats_and_their_names(tmp_path: Path) -> None:
    channel = make("archive", {"type": "files"}, tmp_path)
    for each in channel.render(replace(digest(2), name="Über/../uns"), "key"):
        assert isinstance(channel.send(each.message, each.recipient, each.key), Sent)
    names = sorted(path.name for path in (tmp_path / "digests").iterdir())
    stem = names[0].removesuffix(".html")
    assert names == [f"{stem}.html", f"{stem}.json", f"{stem}.txt"]
    assert stem.startswith("20261122T070000Z-ber-uns-")
    assert (tmp_path / "digests" / f"{stem}.json").read_text() == event(
        Cut(digest=clean(replace(digest(2), name="Über/../uns")))
    )


def test_sending_again_writes_the_same_file_and_leaves_no_other(tmp_path: Path) -> None:
    channel = make("archive", {"type": "files", "folder": "out", "formats": ["txt"]}, tmp_path)
    each = channel.render(digest(1), "key")[0]
    for _ in range(3):
        channel.send(each.message, each.recipient, each.key)
    assert [path.read_bytes() for path in (tmp_path / "out").iterdir()] == [each.message.body]


def test_another_digest_is_another_file() -> None:
    channel = make("archive", {"type": "files"}, Path())
    one, other = (channel.render(digest(1), key)[0] for key in ("one", "other"))
    assert one.recipient != other.recipient


def test_a_folder_may_be_anywhere_but_a_file_only_in_it(tmp_path: Path) -> None:
    channel = make("archive", {"type": "files", "folder": str(tmp_path / "far")}, Path("elsewhere"))
    each = channel.render(digest(1), "key")[0]
    outside = channel.send(each.message, "../near.html", each.key)
    assert isinstance(outside, Refused)
    assert outside.permanent
    assert isinstance(channel.send(each.message, each.recipient, each.key), Sent)
    assert (tmp_path / "far" / each.recipient).is_file()
    assert not (tmp_path / "near.html").exists()


def test_a_folder_that_cannot_be_written_is_tried_again_and_nothing_half_is_left(tmp_path: Path) -> None:
    channel = make("archive", {"type": "files", "folder": "out"}, tmp_path)
    each = channel.render(digest(1), "key")[0]
    (tmp_path / "out" / each.recipient).mkdir(parents=True)
    result = channel.send(each.message, each.recipient, each.key)
    assert isinstance(result, Refused)
    assert not result.permanent
    assert [path.name for path in (tmp_path / "out").iterdir()] == [each.recipient]
