"""Exit statuses in one place: 0 done; 1 something failed and was named; 2 call or configuration wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from bot.errors import ChipwatchError, ConfigError, ConfigErrors, QueryError, UsageError

DONE, FAILED, WRONG_CALL = 0, 1, 2
_INTERRUPTED = 130


def guarded(app: Callable[[], object]) -> int:
    """Run the app; what a user can mend is told in a few lines, never as a traceback."""
    try:
        status = _status_of(app)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of our pipe (head, less) has had enough; Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except (ConfigError, ConfigErrors, QueryError, UsageError) as error:
        return _tell(str(error), WRONG_CALL)
    except ChipwatchError as error:
        return _tell(str(error), FAILED)
    except OSError as error:
        # A full disk, a folder that may not be written: trouble of this machine, and no fault of the program.
        return _tell(f"{error.filename or 'this machine'}: {error.strerror or error}", FAILED)
    except KeyboardInterrupt:
        return _INTERRUPTED
    return status


def _status_of(app: Callable[[], object]) -> int:
    """The exit status an app ends with, if it ends."""
    try:
        app()
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # typer makes a failure of it
            raise end.__context__ from None
        return end.code if isinstance(end.code, int) else DONE
    return DONE


def _tell(problem: str, status: int) -> int:
    for line in problem.splitlines():
        print(f"chipwatch: {line}", file=sys.stderr)  # noqa: T201 - the command line's own voice
    return status
