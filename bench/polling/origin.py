"""The server that feeds are fetched from: nginx where it is installed, else a small one of ours.

Both listen on every address of 127.0.0.0/8 and serve what lies in the folder named like the address asked.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.polling import slow
from bench.polling.feeds import FILE, address

_UP_WITHIN = 10.0
_DATES_DIFFER = 1.1
"""Seconds: HTTP dates are whole ones."""
_NGINX = """
{user}
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  types {{ text/xml xml; }}
  sendfile on;
  tcp_nopush on;
  gzip_static on;
  open_file_cache off;
  client_body_temp_path {folder}/nginx-body;
  proxy_temp_path {folder}/nginx-proxy;
  fastcgi_temp_path {folder}/nginx-fastcgi;
  uwsgi_temp_path {folder}/nginx-uwsgi;
  scgi_temp_path {folder}/nginx-scgi;
  server {{
    listen 0.0.0.0:{port} backlog=1024;
    root {tree}/$server_addr;
    {validators}
  }}
}}
"""
# As RFC 9110 has it; nginx's own default wants the very date back.
_KEPT = "if_modified_since before;"
_NONE_KEPT = 'etag off; if_modified_since off; add_header Last-Modified "";'


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """How a scenario wants to be served."""

    edition: int = 0
    validators: bool = True
    latency: float = 0.0
    sick: bool = False


@dataclass
class Served:
    """What the origin saw; filled in when it ends."""

    by: str
    healthy_at: float = 0.0
    """When the last healthy feed had its answer, by the monotonic clock; only of our own origin."""


class Origin:
    def __init__(self, folder: Path, editions: Path) -> None:
        self._folder = folder
        self._editions = editions
        self._nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
        self._port = _free_port()
        self._edition: int | None = None

    @property
    def name(self) -> str:
        if self._nginx is None:
            return "our own asyncio origin (nginx is not installed: apt-get install nginx-light)"
        said = subprocess.run([self._nginx, "-v"], capture_output=True, text=True, check=True).stderr
        return said.strip().removeprefix("nginx version: ")

    def url(self, number: int) -> str:
        return f"http://{address(number)}:{self._port}/{FILE}"

    @contextmanager
    def serving(self, wanted: Wanted) -> Iterator[Served]:
        """The origin, up for the time of the block."""
        self._publish(wanted.edition)
        plain = self._nginx is not None and not (wanted.latency or wanted.sick)
        served = Served(by="nginx" if plain else "own")
        command = self._nginx_command(wanted) if plain else self._own_command(wanted)
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                self._wait_for(process)
                yield served
            finally:
                process.send_signal(signal.SIGTERM)
                said, _ = process.communicate()
        if not plain:
            served.healthy_at = json.loads(said)["healthy_at"]

    def _publish(self, edition: int) -> None:
        """Date what another edition changes as changed now, after all fetches before it, as publishers do."""
        if edition == self._edition:
            return
        time.sleep(_DATES_DIFFER)
        shown = _inodes(self._editions / str(self._edition))
        for path, inode in _inodes(self._editions / str(edition)).items():
            if shown.get(path) != inode:
                os.utime(self._editions / str(edition) / path)
        self._edition = edition

    def _nginx_command(self, wanted: Wanted) -> list[str]:
        configuration = self._folder / "nginx.conf"
        configuration.write_text(
            _NGINX.format(
                user="user root;" if os.geteuid() == 0 else "",
                folder=self._folder,
                tree=self._editions / str(wanted.edition),
                port=self._port,
                validators=_KEPT if wanted.validators else _NONE_KEPT,
            )
        )
        log = str(self._folder / "nginx.log")
        return [str(self._nginx), "-p", str(self._folder), "-c", str(configuration), "-e", log]

    def _own_command(self, wanted: Wanted) -> list[str]:
        command = [sys.executable, slow.__file__, str(self._editions / str(wanted.edition)), str(self._port)]
        command += ["--latency", str(wanted.latency)]
        command += [] if wanted.validators else ["--no-validators"]
        return command + (["--sick"] if wanted.sick else [])

    def _wait_for(self, process: subprocess.Popen[str]) -> None:
        deadline = time.monotonic() + _UP_WITHIN
        while time.monotonic() < deadline and process.poll() is None:
            with closing(socket.socket()) as probe:
                if probe.connect_ex((address(0), self._port)) == 0:
                    return
            time.sleep(0.02)
        raise SystemExit(f"the origin did not come up; see {self._folder}")


def _inodes(tree: Path) -> dict[Path, int]:
    return {path.relative_to(tree): path.stat().st_ino for path in tree.glob("*/*")}


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
