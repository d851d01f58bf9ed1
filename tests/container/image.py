"""Builds the image as its Dockerfile says, and runs it as a hardened container is run.

Needs root, Buildah, and debootstrap for a base of Debian's own packages (or an image that
``CHIPWATCH_BASE_IMAGE`` names). What runs is confined as by ``docker run --read-only --tmpfs /tmp --cap-drop
ALL --security-opt no-new-privileges --user UID:0``: by namespaces, without resource limits and seccomp.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "container"
SUITE = "bookworm"
NEEDED = ("buildah", "debootstrap", "unshare", "setpriv")
USER = 123456
"""No user of the image's: platforms choose one at random."""
_BUILDAH = (
    "buildah",
    "--storage-driver",
    "vfs",
    "--root",
    str(CACHE / "storage"),
    "--runroot",
    str(CACHE / "run"),
)
# How packages are installed on the machine at hand: where from, and whom to trust.
_BORROWED = ("/etc/pip.conf", "/etc/ssl/certs")


def missing() -> str:
    """Why it can't be done here; empty where it can."""
    if os.geteuid() != 0:
        return "needs root"
    absent = [name for name in NEEDED if shutil.which(name) is None]
    return f"needs {', '.join(absent)} (make container-tools)" if absent else ""


def call(*arguments: str | Path) -> str:
    """Run a program to its end; its output."""
    done = subprocess.run([*map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{arguments[0]}: {(done.stdout + done.stderr)[-4000:]}"
    return done.stdout


def built() -> Path:
    """Build the image from the files that Git knows; gives the folder of its root."""
    base = os.environ.get("CHIPWATCH_BASE_IMAGE") or _base()
    source = CACHE / "source"
    shutil.rmtree(source, ignore_errors=True)
    for name in call("git", "-C", ROOT, "ls-files", "-z").split("\0"):
        if name and (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, source / name)
    borrowed = [f"--volume={path}:{path}:ro" for path in _BORROWED if Path(path).exists()]
    image = "localhost/chipwatch"
    call(
        *_BUILDAH, "bud", "--isolation", "chroot", f"--build-arg=BASE={base}", *borrowed, "-t", image, source
    )
    container = call(*_BUILDAH, "from", "--pull-never", image).strip()
    return Path(call(*_BUILDAH, "mount", container).strip())


def _base() -> str:
    """An image of Debian's packages with Python in it."""
    name = "localhost/python-base"
    if name in call(*_BUILDAH, "images", "--format", "{{.Name}}"):
        return name
    folder = CACHE / "debian"
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    packages = "python3,python3-venv,ca-certificates"
    call("debootstrap", "--variant=minbase", f"--include={packages}", SUITE, folder)
    container = call(*_BUILDAH, "from", "scratch").strip()
    call(*_BUILDAH, "add", container, folder, "/")
    call(*_BUILDAH, "commit", "--rm", container, name)
    shutil.rmtree(folder)
    return name


def settings_of_image() -> Mapping[str, object]:
    """What the Dockerfile says about running it."""
    found = json.loads(call(*_BUILDAH, "inspect", "--type", "image", "localhost/chipwatch"))
    settings: Mapping[str, object] = found["OCIv1"]["config"]
    return settings


@dataclass
class Container:
    """One root, one user, its volumes."""

    root: Path
    volumes: Mapping[str, Path]
    """Folder of the image → folder of the machine."""
    variables: Mapping[str, str] = field(default_factory=dict)
    user: int = USER

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One command to its end."""
        return subprocess.run(
            self._confined(arguments), capture_output=True, text=True, check=False, timeout=120
        )

    @contextmanager
    def running(self, *arguments: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
        """A command that goes on, as process 1 of its own; killed if the block leaves it running."""
        with log.open("wb") as opened:
            process = subprocess.Popen(self._confined(arguments), stdout=opened, stderr=opened)
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            process.wait()

    def send(self, process: subprocess.Popen[bytes], number: signal.Signals) -> None:
        """To the command itself, which ``unshare`` keeps as its only child."""
        (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(child), number)

    def _confined(self, arguments: tuple[str, ...]) -> list[str]:
        root = self.root
        mounts = [f"mount --bind {root} {root}", f"mount -o remount,ro,bind {root}"]
        mounts += [f"mount --bind {folder} {root}{place}" for place, folder in self.volumes.items()]
        mounts += [f"mount -t tmpfs tmpfs {root}/tmp", f"mount -t proc proc {root}/proc"]
        mounts += [f"mount --bind /dev {root}/dev"]
        variables = " ".join(f"{name}={value}" for name, value in self.variables.items())
        inside = (
            "exec setpriv --no-new-privs --bounding-set=-all,+sys_chroot,+setuid,+setgid --inh-caps=-all "
            f"chroot --userspec={self.user}:0 --groups=0 {root} env -i {variables} {' '.join(arguments)}"
        )
        script = " && ".join([*mounts, inside])
        return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script]


def wait_for(log: Path, text: str, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    """Until a line of the log holds the text."""
    until = time.monotonic() + seconds
    while text not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.1)
