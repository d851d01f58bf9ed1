"""What the C library keeps of memory that was given back to it.

A step works in whatever thread is free, and the GNU library gives threads heaps of their own: each grows to
what the largest step ever needed, in pieces too scattered to go back to the system by themselves.
"""

from __future__ import annotations

import ctypes

_ARENA_MAX = -8
"""``M_ARENA_MAX`` of malloc.h."""
_ARENAS = 2


def share_heaps() -> bool:
    """Have threads that begin from now on share few heaps. ``False`` where the C library can't."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and mallopt(_ARENA_MAX, _ARENAS) == 1


def give_back() -> bool:
    """Return to the system what is free. ``False`` where there was nothing, or the C library can't."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return trim is not None and trim(0) == 1
