"""Logging: one structured line a unit of work; text for people, JSON for machines."""

from __future__ import annotations

import logging
import sys
from typing import Any, TextIO

import structlog


def log() -> Any:
    """The log, for what commands run too: those set none up, and hear of trouble on standard error."""
    if not structlog.is_configured():
        configure("warning", "text")
    return structlog.get_logger()


def configure(level: str, form: str, stream: TextIO | None = None) -> None:
    """Set logging up once for the process. ``form``: auto, text or json."""
    target = stream or sys.stderr
    as_text = form == "text" or (form == "auto" and target.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer(colors=target.isatty())]
        if as_text
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    )
    structlog.configure(
        processors=[*shared, *renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(target),
        cache_logger_on_first_use=False,
    )
    # Libraries that log in the standard way are heard only when something is wrong.
    logging.basicConfig(level=logging.WARNING, stream=target, format="%(levelname)s %(name)s %(message)s")
    # A tick that finds its step still running is meant: a round of polling may last for many ticks.
    logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
