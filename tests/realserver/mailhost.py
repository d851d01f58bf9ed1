"""A mail host on loopback: Postfix takes letters in, Dovecot knows the users, keeps and shows the letters.

Both run from a configuration of their own in a temporary folder. Nothing can leave the machine: Postfix has
no transport but the one to Dovecot.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from imaplib import IMAP4
from pathlib import Path

import pytest
import trustme

DOMAIN = "mailhost.example"
PASSWORD = "p,ss-phrase"
_STARTED_WITHIN = 20.0
_DAEMONS = Path("/usr/lib/postfix/sbin")

_MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/postfix-data
command_directory = /usr/sbin
daemon_directory = {daemons}
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = localhost
mydestination =
alias_maps =
local_recipient_maps =
virtual_mailbox_domains = {domain}
virtual_mailbox_maps = inline:{{ {{ ann@{domain} = ann }} }}
virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
default_transport = error:5.4.4 nothing leaves this host
relay_transport = error:5.4.4 nothing leaves this host
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
smtpd_sender_restrictions = permit_sasl_authenticated, reject
smtpd_tls_cert_file = {folder}/host.pem
smtpd_tls_key_file = {folder}/host.pem
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{auth}
message_size_limit = 300000
"""
_MASTER = """\
127.0.0.1:{starttls} inet n - n - - smtpd -o smtpd_tls_security_level=encrypt
127.0.0.1:{implicit} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
postlog unix-dgram n - n - 1 postlogd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
"""
_DOVECOT = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = required
ssl_cert = <{folder}/host.pem
ssl_key = <{folder}/host.pem
auth_mechanisms = plain login
mail_location = maildir:{folder}/mail/%u
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={folder}/mail/%u allow_all_users=yes
}}
service auth {{
  inet_listener {{
    address = 127.0.0.1
    port = {auth}
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
service imap-login {{
  inet_listener imap {{
    address = 127.0.0.1
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"""


@dataclass(frozen=True, kw_only=True)
class MailHost:
    """Ports on 127.0.0.1, and the authority that signed their certificate for ``localhost``."""

    starttls: int
    implicit: int
    imap: int
    ca_file: Path

    def letters(self, user: str, expected: int) -> list[bytes]:
        """Every letter in a user's box, as IMAP shows it, once there are so many."""
        found: list[bytes] = []

        def arrived() -> bool:
            found[:] = self._fetch(user)
            return len(found) >= expected

        wait_until(arrived, f"{expected} letters for {user}")
        return found

    def _fetch(self, user: str) -> list[bytes]:
        with IMAP4("localhost", self.imap, timeout=10) as box:
            box.starttls(ssl.create_default_context(cafile=str(self.ca_file)))
            box.login(user, PASSWORD)
            box.select(readonly=True)
            _, (numbers,) = box.search(None, "ALL")
            return [self._body(box, number) for number in numbers.split()]

    @staticmethod
    def _body(box: IMAP4, number: bytes) -> bytes:
        _, answer = box.fetch(number.decode(), "(BODY.PEEK[])")
        assert isinstance(answer[0], tuple)
        return answer[0][1]


def missing() -> str:
    """Why there can be no mail host here, or nothing."""
    absent = [name for name in ("postfix", "dovecot") if not shutil.which(name, path=_path())]
    if absent:
        return f"{' and '.join(absent)} not installed; as root, make test-realserver installs what it needs"
    if os.geteuid() != 0:
        return "Postfix and Dovecot start as root only"
    command = ["dovecot", "--version"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env={"PATH": _path()})
    version = done.stdout.strip()
    return "" if version.startswith("2.3.") else f"written for Dovecot 2.3, not {version}"


def _path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


@contextmanager
def mail_host() -> Iterator[MailHost]:
    if reason := missing():
        pytest.skip(reason)
    # Not pytest's own folder: the servers give up root, and must get at their files then.
    folder = Path(tempfile.mkdtemp(prefix="mailhost-"))
    try:
        ports = dict(zip(("starttls", "implicit", "imap", "lmtp", "auth"), _free_ports(5), strict=True))
        _configure(folder, ports)
        with (
            _running(
                ["dovecot", "-c", f"{folder}/dovecot.conf", "-F"],
                ["doveadm", "-c", f"{folder}/dovecot.conf", "stop"],
            ),
            _running(
                ["postfix", "-c", f"{folder}/postfix", "start-fg"],
                ["postfix", "-c", f"{folder}/postfix", "abort"],
            ),
        ):
            for name, port in ports.items():
                wait_until(partial(_answers, port), f"{name} on port {port}")
            yield MailHost(
                starttls=ports["starttls"],
                implicit=ports["implicit"],
                imap=ports["imap"],
                ca_file=folder / "ca.pem",
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _configure(folder: Path, ports: dict[str, int]) -> None:
    folder.chmod(0o755)
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(folder / "host.pem"))
    for name, owner in {
        "queue": "root",
        "postfix-data": "postfix",
        "postfix": "root",
        "mail": "nobody",
    }.items():
        (folder / name).mkdir()
        os.chown(folder / name, pwd.getpwnam(owner).pw_uid, -1)
    values = {"folder": folder, "daemons": _DAEMONS, "domain": DOMAIN, "password": PASSWORD, **ports}
    (folder / "postfix/main.cf").write_text(_MAIN.format(**values))
    (folder / "postfix/master.cf").write_text(_MASTER.format(**values))
    (folder / "dovecot.conf").write_text(_DOVECOT.format(**values))


@contextmanager
def _running(start: list[str], stop: list[str]) -> Iterator[None]:
    """Run until stopped by a command of its own: the process that we start is not the one that serves."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": {"PATH": _path()}}
    server = subprocess.Popen(start, **quiet)  # type: ignore[call-overload]
    try:
        yield
    finally:
        subprocess.run(stop, check=False, timeout=20, **quiet)  # type: ignore[call-overload]
        server.wait(20)


def _free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(each.getsockname()[1]) for each in held]
    for each in held:
        each.close()
    return ports


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def wait_until(done: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _STARTED_WITHIN
    while not done():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.1)


def trace_headers(before: bytes) -> set[str]:
    """Names of the headers that the hosts on the way put in front of a letter."""
    return {name.lower() for name in re.findall(r"(?m)^([\w-]+):", before.decode())}
