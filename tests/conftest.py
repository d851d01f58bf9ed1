"""What every test shares."""

import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

# The suite runs beside itself on two cores: a slow example says more of the machine than of the code.
settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """No test hears what another one configured."""
    root = logging.getLogger()
    handlers, level = [*root.handlers], root.level
    yield
    structlog.reset_defaults()
    root.handlers = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
