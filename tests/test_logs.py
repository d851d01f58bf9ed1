"""Lines of the log: who hears what, and what no line holds."""

from __future__ import annotations

import ast
import io
import json
import logging
import re
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog

from bot import logs
from bot.daemon.steps import EVERY
from bot.errors import FeedError, StoreError, said, traced

ROOT = Path(__file__).resolve().parent.parent
CANARY = "Kestrel-Canary-41"


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Logging as it was: what is set up here would be heard by other tests."""
    root, hooks = logging.getLogger(), (threading.excepthook, sys.excepthook)
    before = (list(root.handlers), root.level)
    yield
    root.handlers, (threading.excepthook, sys.excepthook) = before[0], hooks
    root.setLevel(before[1])
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


@contextmanager
def told(level: str = "info", form: str = "json", **further: Any) -> Iterator[list[Any]]:
    """The lines that were logged meanwhile, read when the block ends."""
    stream = io.StringIO()
    logs.configure(level, form, stream, **further)
    lines: list[Any] = []
    yield lines
    lines += [json.loads(line) if form == "json" else line for line in stream.getvalue().splitlines()]


def test_a_machine_reads_one_object_a_line() -> None:
    stream = io.StringIO()
    logs.configure("info", "auto", stream)
    structlog.get_logger().info("polled", feed="harbor", new=3)
    structlog.get_logger().debug("not told")
    line = json.loads(stream.getvalue())
    assert (line["event"], line["feed"], line["new"], line["level"]) == ("polled", "harbor", 3, "info")


def test_a_person_reads_text() -> None:
    stream = io.StringIO()
    logs.configure("debug", "text", stream)
    structlog.get_logger().debug("polled", feed="harbor")
    assert "polled" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


def test_a_command_hears_of_trouble_on_standard_error() -> None:
    code = "from bot.logs import log; log().info('well'); log().error('set aside', what='reading')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert "set aside" in done.stderr
    assert "well" not in done.stderr


# ── parts ────────────────────────────────────────────────────────────────────────────────────────


def test_every_part_has_a_level_of_its_own() -> None:
    with told(levels={"poll": "debug", "deliver": "error"}) as lines:
        log = structlog.get_logger()
        with structlog.contextvars.bound_contextvars(part="poll"):
            log.debug("polled")
        log.warning("not delivered", part="deliver")
        log.error("channel disabled", part="deliver")
        log.info("started")
        log.debug("nobody asked")
    assert [(line["event"], line["part"]) for line in lines] == [
        ("polled", "poll"),
        ("channel disabled", "deliver"),
        ("started", "daemon"),
    ]


def test_it_may_be_set_up_anew_while_it_runs() -> None:
    with told("error"):
        pass
    with told("debug") as lines:
        structlog.get_logger().debug("heard")
        logging.getLogger("somebody").warning("heard once")
    assert [line["event"] for line in lines] == ["heard", "heard once"]


def events() -> Iterator[str]:
    """Every event that the code names."""
    for path in (ROOT / "bot").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
                continue
            called = ast.unparse(node.func)
            said = re.search(r"log(?:ger)?(?:\(\))?\.(?:debug|info|warning|error|exception)$", called)
            if said or called.endswith("attempted"):
                yield str(node.args[0].value)


def test_every_event_is_told_in_the_docs() -> None:
    named = set(events())
    assert {"started", "set aside", "step failed", "notice", "unsubscribed"} <= named
    told = set(re.findall(r"`([^`\n]+)`", (ROOT / "docs" / "metrics.md").read_text()))
    assert named | {"polled", "alarm", "alarm is over", *EVERY} <= told


# ── what others say ──────────────────────────────────────────────────────────────────────────────


def test_libraries_are_heard_in_lines_like_ours_without_the_values_they_speak_of() -> None:
    with told() as lines:
        chatty = logging.getLogger("a.library")
        chatty.setLevel(logging.DEBUG)
        chatty.info("GET https://example.org/%s", CANARY)
        chatty.warning("can't take %s\nbecause of it", CANARY)
        chatty.log(35, "a level between")
        try:
            raise ValueError(CANARY)
        except ValueError as error:
            chatty.exception(error)
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn(CANARY, stacklevel=1)
    assert [(line["level"], line["event"]) for line in lines[:3]] == [
        ("warning", "can't take %s"),
        ("warning", "a level between"),
        ("error", "ValueError"),
    ]
    assert "test_libraries_are_heard" in lines[2]["exception"]
    assert lines[3]["event"].endswith(": UserWarning")
    assert {line["part"] for line in lines} == {"libraries"}
    assert CANARY not in json.dumps([{**line, "exception": ""} for line in lines])


def test_libraries_may_be_silenced() -> None:
    with told(levels={"libraries": "error"}) as lines:
        logging.getLogger("a.library").warning("well, well")
        logging.getLogger("a.library").error("oh")
    assert [line["event"] for line in lines] == ["oh"]


def test_a_thread_that_dies_is_a_line_too() -> None:
    with told() as lines:
        logs.tell_the_last()
        dying = threading.Thread(target=lambda: dict[str, int]()[CANARY], name="worker")
        dying.start()
        dying.join()
    (line,) = lines
    assert (line["event"], line["thread"], line["level"]) == ("thread ended", "worker", "error")
    assert line["exception"].endswith("KeyError")


def test_what_ends_the_process_is_one_line_without_words() -> None:
    code = (
        "from bot import logs; logs.configure('info', 'json'); logs.tell_the_last();"
        f"raise ValueError('{CANARY}'[::1])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert (json.loads(line)["event"], json.loads(line)["level"]) == ("process ended", "error")
    assert json.loads(line)["exception"].endswith("ValueError")
    assert CANARY not in line


# ── what no line holds ───────────────────────────────────────────────────────────────────────────


def fail() -> None:
    """A fault whose words are a document's, found while another one was handled."""
    document = CANARY
    try:
        int(document)
    except ValueError as error:
        raise KeyError(document) from error


@pytest.mark.parametrize("form", ["json", "text"])
def test_an_exception_is_one_field_with_its_places_and_none_of_its_words(form: str) -> None:
    with told(form=form) as lines:
        try:
            fail()
        except KeyError:
            structlog.get_logger().exception("set aside", what="reading")
    trace = lines[0]["exception"] if form == "json" else "\n".join(lines)
    assert trace.index("ValueError") < trace.index("direct cause") < trace.index("KeyError")
    assert "raise KeyError(document) from error" in trace
    assert CANARY not in trace


def test_our_own_words_and_those_of_the_system_are_told() -> None:
    assert said(StoreError("the disk is full; free some")) == "StoreError: the disk is full; free some"
    assert said(FeedError("binary data, not a feed")) == "FeedError: binary data, not a feed"
    assert said(ValueError(CANARY)) == "ValueError"
    with pytest.raises(OSError) as caught:
        Path(f"/nowhere/{CANARY}").read_text()
    assert said(caught.value) == "FileNotFoundError: No such file or directory"
    assert said(OSError(CANARY)) == "OSError"


def test_a_trace_ends_although_causes_go_round_in_a_circle() -> None:
    one, other = ValueError(CANARY), KeyError(CANARY)
    one.__cause__, other.__cause__ = other, one
    together = ExceptionGroup(CANARY, [one, TypeError(CANARY)])
    trace = traced(together)
    assert CANARY not in trace
    assert [line for line in trace.splitlines() if line.endswith("Error") or line == "ExceptionGroup"] == [
        "ExceptionGroup",
        "KeyError",
        "ValueError",
        "TypeError",
    ]


def test_a_secret_is_in_no_line_wherever_somebody_put_it() -> None:
    secret = 'hunter"2 \\ pass'
    with told(secrets=[secret, "pass", "err"]) as lines:
        log = structlog.get_logger()
        log.error(f"refused {secret}", note=f"<{secret}>", tries=3, more={"a": [("b", secret)]}, at=None)
        try:
            raise StoreError(f"no login with {secret}")
        except StoreError:
            log.exception("set aside")
    (line, other) = lines
    assert (line["event"], line["note"], line["tries"], line["at"]) == ("refused …", "<…>", 3, None)
    assert line["more"] == {"a": [["b", "…"]]}
    assert line["level"] == "error"
    assert other["exception"].endswith("StoreError: no login with …")
