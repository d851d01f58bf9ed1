from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon.house import House
from tests.http_server import http_server


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with http_server() as web:
        yield House(config=tmp_path / "config", data=tmp_path / "data", web=web)
