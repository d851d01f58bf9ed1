"""Where tests find the data sets that live beside the checkout and are not part of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parent.parent


def shared_path(name: str) -> Path:
    """The path of a shared data file or folder.

    Skips the test where it is absent, unless ``CHIPWATCH_SHARED_REQUIRED=1`` makes that a failure.
    """
    path = Path(os.environ.get("CHIPWATCH_SHARED", _ROOT.parent / "shared")) / name
    if not path.exists():
        reason = f"{name} is not here: set CHIPWATCH_SHARED to the folder of the shared data sets"
        if os.environ.get("CHIPWATCH_SHARED_REQUIRED") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return path
