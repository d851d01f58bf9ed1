"""This machine: folders, the daemon, the disk, the time zones. Nothing here needs a network."""

from __future__ import annotations

import shutil
import socket
import zoneinfo
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bot.channels.checking import writable
from bot.core.ailments import disk_finding, zones_finding
from bot.core.findings import fault, fine, warning
from bot.model import Finding
from bot.runtime.presence import is_running
from bot.server.readiness import troubles

_LOOK = "look at its log; docs/operations.md tells what each part means"
_VERSION_LINE = "# version "


def check_data(data: Path) -> list[Finding]:
    if error := writable(data):
        remedy = "give this user write access to it, or name another folder with --data (or CHIPWATCH_DATA)"
        return [fault(f"{data} can't be written: {error.strerror}", remedy)]
    return [fine(f"{data} can be written" if data.exists() else f"{data} will be made")]


def check_disk(data: Path, least: int) -> list[Finding]:
    """``least``: bytes that should be free."""
    there = next((each for each in (data, *data.absolute().parents) if each.is_dir()), Path("/"))
    usage = shutil.disk_usage(there)
    return [disk_finding(usage.free, usage.total, least)]


def check_zones(now: datetime) -> list[Finding]:
    return [zones_finding(zones_version(), now.date())]


def zones_version() -> str:
    """The release of the time-zone database that is in use: the system's, else the package's."""
    for folder in map(Path, zoneinfo.TZPATH):
        if (folder / "UTC").exists():
            return _system_version(folder)
    try:
        # 2026.1 of the package is 2026a of the database.
        return version("tzdata")
    except PackageNotFoundError:
        return ""


def _system_version(folder: Path) -> str:
    try:
        with (folder / "tzdata.zi").open(encoding="utf-8") as lines:
            first = lines.readline()
    except OSError:
        return ""
    return first.removeprefix(_VERSION_LINE).strip() if first.startswith(_VERSION_LINE) else ""


# ── the daemon ───────────────────────────────────────────────────────────────────────────────────


def check_daemon(data: Path, bind: str) -> list[Finding]:
    """Whether one runs on this data folder, and is ready. ``bind`` is ``[server] bind``."""
    found = troubles(bind) if bind else None
    if not is_running(data):
        if found is None:
            return [_startable(bind)]
        remedy = "look whether --data is the folder of that daemon; two need two ports ([server] bind)"
        return [warning(f"a daemon of another data folder answers at {bind}", remedy)]
    if not bind:
        return [fine("running; whether it is ready can't be asked, as [server] bind is empty")]
    if found is None:
        return [fault(f"running, and nothing answers at {bind}", f"{_LOOK}, then start it anew")]
    if found:
        told = "; ".join(f"{part}: {trouble}" for part, trouble in found.items())
        return [fault(f"running, and not ready: {told}", _LOOK)]
    return [fine("running and ready")]


def _startable(bind: str) -> Finding:
    """Whether a daemon that does not run could listen where it is to."""
    if bind and (why := _taken(bind)):
        remedy = (
            "end what listens there, or write another address in [server] bind: chipwatch run can't begin "
            "until then"
        )
        return fault(f"not running, and can't listen on {bind}: {why}", remedy)
    return fine("not running; chipwatch run starts it")


def _taken(bind: str) -> str:
    """Why the address can't be had; empty where it can. It is let go of at once."""
    host, _, port = bind.rpartition(":")
    try:
        asked = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
        for family, kind, protocol, _, address in asked:
            with socket.socket(family, kind, protocol) as line:
                # As the server does: what ended a minute ago holds no port.
                line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    line.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                line.bind(address)
    except OSError as error:
        return error.strerror or str(error)
    return ""
