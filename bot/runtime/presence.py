"""Whether a daemon runs on a data folder, asked by others without getting into its way."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

LOCK = "chipwatch.lock"
"""What :func:`bot.runtime.lifecycle.single_instance` holds."""


def is_running(data: Path) -> bool | None:
    """Whether a process holds the data folder's lock; ``None`` where this user may not look.

    The lock is asked for as a reader, and let go of at once: nothing is made and nothing is written.
    """
    try:
        file = os.open(data / LOCK, os.O_RDONLY)
    except FileNotFoundError:
        return False
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return None
    finally:
        os.close(file)
    return False
