"""What is watched that no step stumbles over: room on disks, and how many feeds can be read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """The disk that a folder is on."""

    folder: str
    free: int
    """Bytes that this process may still write."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """Of the feeds that are polled, and were polled at least once, how many can't be read just now."""

    polled: int
    failing: int
    lasting: int
    """Of those failing, how many have been for a while."""
