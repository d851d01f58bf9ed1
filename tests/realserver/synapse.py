"""A Synapse homeserver on loopback, from the environment that ``make synapse`` installs."""

from __future__ import annotations

import hashlib
import hmac
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

PYTHON = Path(__file__).resolve().parents[2] / ".cache" / "synapse" / "bin" / "python"
_SECRET = "only for tests"
_START = 60.0
_CONFIG = """
server_name: hs.example
pid_file: {folder}/pid
listeners:
  - port: {port}
    type: http
    tls: false
    bind_addresses: ["127.0.0.1"]
    resources: [{{names: [client], compress: false}}]
database: {{name: sqlite3, args: {{database: {folder}/homeserver.db}}}}
media_store_path: {folder}/media
signing_key_path: {folder}/signing.key
log_config: {folder}/log.yaml
registration_shared_secret: "{secret}"
macaroon_secret_key: "{secret}"
form_secret: "{secret}"
trusted_key_servers: []
federation_domain_whitelist: []
report_stats: false
rc_message: {{per_second: {per_second}, burst_count: {burst}}}
"""
_LOG = "version: 1\nroot: {level: WARNING}\ndisable_existing_loggers: false\n"


@dataclass(kw_only=True)
class Synapse:
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=20, trust_env=False))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.process = self._run()
        until = time.monotonic() + _START
        while time.monotonic() < until and self.process.poll() is None:
            try:
                if self.client.get(f"{self.url}/health").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        pytest.fail(f"Synapse did not start: {self._log().read_text()[-2000:]}")

    def generate_keys(self) -> None:
        process = self._run("--generate-keys")
        assert process.wait(_START) == 0, self._log().read_text()[-2000:]

    def kill(self) -> None:
        """As when the power fails: no time to say or write anything."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def call(self, method: str, path: str, token: str = "", **body: Any) -> Any:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        answer = self.client.request(
            method, f"{self.url}{path}", headers=headers, json=body if method != "GET" else None
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def register(self, name: str) -> str:
        """An account's access token."""
        path = "/_synapse/admin/v1/register"
        nonce = self.call("GET", path)["nonce"]
        signed = "\0".join((nonce, name, "a password", "notadmin")).encode()
        mac = hmac.new(_SECRET.encode(), signed, hashlib.sha1).hexdigest()
        account = {"nonce": nonce, "username": name, "password": "a password", "admin": False, "mac": mac}
        return str(self.call("POST", path, **account)["access_token"])

    def messages(self, room: str, token: str) -> list[Any]:
        """The messages of a room, oldest first."""
        path = f"/_matrix/client/v3/rooms/{room.replace('!', '%21')}/messages?dir=b&limit=100"
        events = self.call("GET", path, token)["chunk"]
        return [event for event in reversed(events) if event["type"] == "m.room.message"]

    def _run(self, *arguments: str) -> subprocess.Popen[bytes]:
        config = str(self.folder / "hs.yaml")
        command = [str(PYTHON), "-m", "synapse.app.homeserver", "-c", config, *arguments]
        with self._log().open("ab") as log:
            return subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log, env=_environment())

    def _log(self) -> Path:
        return self.folder / "synapse.log"


def _environment() -> dict[str, str]:
    """Without what this process's own Python is told."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


@contextmanager
def synapse(folder: Path, *, per_second: float = 1000.0, burst: int = 1000) -> Iterator[Synapse]:
    """A running homeserver that takes so many messages a second. Skips where Synapse is not installed."""
    if not PYTHON.exists():
        pytest.skip("Synapse is not here: make synapse installs it")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = _CONFIG.format(folder=folder, port=port, secret=_SECRET, per_second=per_second, burst=burst)
    (folder / "hs.yaml").write_text(config)
    (folder / "log.yaml").write_text(_LOG)
    server = Synapse(folder=folder, port=port)
    server.generate_keys()
    server.start()
    try:
        yield server
    finally:
        server.kill()
        server.client.close()
