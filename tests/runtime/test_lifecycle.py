import os
import resource
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from bot.errors import ChipwatchError
from bot.runtime import lifecycle, local
from bot.runtime.steps import Heartbeat, Step


@pytest.fixture
def restored_signals() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_one_process_a_data_folder(tmp_path: Path) -> None:
    with (
        lifecycle.single_instance(tmp_path),
        pytest.raises(ChipwatchError, match="another chipwatch is running"),
        lifecycle.single_instance(tmp_path),
    ):
        pass
    with lifecycle.single_instance(tmp_path):
        pass


def test_one_command_delivers_at_a_time_and_beside_the_daemon(tmp_path: Path) -> None:
    with lifecycle.single_instance(tmp_path), lifecycle.delivering(tmp_path):
        assert lifecycle.delivers(tmp_path)
        with pytest.raises(ChipwatchError, match="wait for it"), lifecycle.delivering(tmp_path):
            pass
    assert not lifecycle.delivers(tmp_path)


def test_sigterm_asks_for_an_orderly_end(restored_signals: None) -> None:
    asked = lifecycle.Signals()
    os.kill(os.getpid(), signal.SIGTERM)
    assert asked.wait() == "SIGTERM"


def test_a_signal_that_comes_while_nobody_waits_is_not_lost(restored_signals: None) -> None:
    asked = lifecycle.Signals()
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    assert asked.wait() == "SIGINT"


@pytest.mark.parametrize(("seconds", "in_time"), [(0.05, True), (30.0, False)])
def test_draining_waits_for_running_steps_but_not_for_ever(seconds: float, in_time: bool) -> None:
    running, release = threading.Event(), threading.Event()

    def work() -> Mapping[str, object]:
        running.set()
        release.wait(seconds)
        return {}

    step = Step(name="work", every=timedelta(hours=1), run=work)
    scheduler = local.start([step], Heartbeat(limits={}))
    assert running.wait(5)
    began = time.monotonic()
    assert lifecycle.drain(scheduler, timedelta(seconds=1)) is in_time
    assert time.monotonic() - began < 5
    release.set()


def test_sighup_is_told_and_asks_for_no_end(restored_signals: None) -> None:
    asked = lifecycle.Signals()
    os.kill(os.getpid(), signal.SIGHUP)
    assert asked.wait() == "SIGHUP"
    assert not asked.ending


@pytest.mark.parametrize("wanted", [10, 5000, 10**9])
def test_more_files_are_allowed_up_to_what_the_system_allows(wanted: int) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = before[1] if before[1] != resource.RLIM_INFINITY else 2**20
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, most), most))
        allowed = lifecycle.allow_files(wanted)
        assert allowed == max(min(wanted, most), min(1024, most))
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == allowed
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(before[0], most), most))


def test_a_thread_that_the_interpreter_would_wait_for_is_waited_for_and_not_for_ever() -> None:
    release = threading.Event()
    lasting = threading.Thread(target=release.wait, args=(20,))
    lasting.start()
    assert not lifecycle.all_ended(timedelta(seconds=0.1))
    release.set()
    lasting.join()
    assert not [each for each in threading.enumerate() if each is lasting]
