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
        app()
    except (ConfigError, ConfigErrors, QueryError, UsageError) as error:
        return _tell(error, WRONG_CALL)
    except ChipwatchError as error:
        return _tell(error, FAILED)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # The reader of our pipe (head, less) has had enough; Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else DONE
    return DONE


def _tell(error: ChipwatchError, status: int) -> int:
    for line in str(error).splitlines():
        print(f"chipwatch: {line}", file=sys.stderr)  # noqa: T201 - the command line's own voice
    return status
