"""What the daemon is made of, inside the test's process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bot import app
from bot.configuration import Configuration, read_configuration
from bot.daemon.answering import Answering
from bot.daemon.current import Current
from bot.daemon.reload import Reload
from bot.runtime.steps import Heartbeat
from bot.server.meters import Meters
from tests.daemon.house import House


@dataclass(frozen=True)
class Parts:
    current: Current
    heartbeat: Heartbeat
    answering: Answering
    taken: list[Configuration] = field(default_factory=list)
    """What was set up for the process, one a reload."""

    def reload(self) -> None:
        Reload(self.current, self.answering, self.taken.append)()


@contextmanager
def parts(house: House, heartbeat: Heartbeat | None = None) -> Iterator[Parts]:
    """All but the steps, on the house's configuration, which has to be written already."""
    configuration = read_configuration(house.config, house.data)
    with app.opened(configuration) as application:
        application.subscribe()
        current = Current(application, lambda: False)
        heartbeat = heartbeat or Heartbeat(limits={})
        answering = Answering(current, heartbeat, Meters())
        with answering.at(configuration.settings.server.bind):
            yield Parts(current, heartbeat, answering)
