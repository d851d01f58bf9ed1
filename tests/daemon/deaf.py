"""The daemon on a machine whose resolver never answers.

python -m tests.daemon.deaf --config CONFIG --data DATA
"""

from __future__ import annotations

import socket
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

from bot import daemon
from bot.configuration import read_configuration


def main() -> None:
    _, config, _, data = map(Path, sys.argv[1:])

    def hang(*_: Any, **__: Any) -> NoReturn:
        (data / "asked").touch()
        while True:
            time.sleep(60)

    configuration = read_configuration(config, data)
    socket.getaddrinfo = hang
    daemon.serve(configuration)


if __name__ == "__main__":
    main()
