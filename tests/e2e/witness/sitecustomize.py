"""Writes down, beside itself, which files and addresses Python processes open (audit events, PEP 578).

Python imports a module of this name at its start; a test puts a copy of it on the path.
"""

import os
import sys
from pathlib import Path

_LOG = os.open(Path(__file__).with_name("witness.log"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def _witness(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open":
        what = arguments[0]
    elif event == "socket.connect":
        what = arguments[1]
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "urllib.Request"):
        what = arguments[0]
    else:
        return
    os.write(_LOG, f"{os.getpid()}\t{event}\t{what!r}\n".encode())


sys.addaudithook(_witness)
