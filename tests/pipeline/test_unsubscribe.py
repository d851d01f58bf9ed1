"""A wish to get no more: written down by token, honoured in composing, taken back by address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from email.utils import format_datetime

import pytest

from bot.errors import ChipwatchError
from bot.model import DeliveryState, Unsubscription
from bot.pipeline.alert import alert
from bot.pipeline.deps import Deps
from bot.pipeline.poll import poll
from bot.pipeline.triage import triage
from bot.pipeline.unsubscribe import resubscribe, subscriber, unsubscribe
from tests.fakes import RecordingChannel
from tests.pipeline.conftest import Bot, entry

ANN, BOB = "Ann <Ann@Example.org>", "bob@example.org"

NEWS = (
    "",
    "Norvik unveils its accelerator",
    "Bakery chain in Ostren buys silicon ovens",
    "Castellan lays off chip designers",
    "Ministry taxes imported silicon",
)


@dataclass
class LinkedChannel(RecordingChannel):
    """A channel with links; ``broken``: whose tokens can't be told."""

    broken: bool = False

    def tokens(self) -> Mapping[str, str]:
        if self.broken:
            raise ChipwatchError("the key can't be read")
        return {"t-ann": ANN, "t-bob": BOB}


@pytest.fixture
def deps(bot: Bot) -> Deps:
    return replace(bot.deps, channels={"chat": LinkedChannel(recipients=(ANN, BOB))})


def tell(bot: Bot, deps: Deps, number: int) -> list[str]:
    """Recipients of the alert on a new story."""
    bot.clock.pass_by(timedelta(hours=26))
    bot.publish(entry(str(number), NEWS[number], published=format_datetime(bot.clock.now())))
    list(poll(deps))
    triage(deps)
    alert(deps)
    with bot.store.begin() as tx:
        waiting = tx.outbox.deliveries(state=DeliveryState.PENDING, limit=100)
    latest = [each.recipient for each in waiting if each.created_at == bot.clock.now()]
    return sorted(latest)


def test_who_unsubscribed_gets_no_message_until_it_is_taken_back(bot: Bot, deps: Deps) -> None:
    assert tell(bot, deps, 1) == [ANN, BOB]
    wish = Unsubscription(channel="chat", address="ann@example.org", at=bot.clock.now())
    assert subscriber(deps, "t-ann") == wish
    assert tell(bot, deps, 2) == [ANN, BOB], "asking changes nothing"
    assert unsubscribe(deps, "t-ann") == unsubscribe(deps, "t-ann")
    assert tell(bot, deps, 3) == [BOB]
    assert resubscribe(deps, "Ann <ANN@example.org>") == 1
    assert resubscribe(deps, "ann@example.org") == 0
    assert tell(bot, deps, 4) == [ANN, BOB]


def test_what_nobody_wanted_is_told_to_nobody_later(bot: Bot, deps: Deps) -> None:
    unsubscribe(deps, "t-ann")
    unsubscribe(deps, "t-bob")
    assert tell(bot, deps, 1) == []
    resubscribe(deps, BOB)
    assert alert(deps) == 0


@pytest.mark.parametrize("token", ["", "t-eve", "t-ann "])
def test_a_strange_token_does_nothing(bot: Bot, deps: Deps, token: str) -> None:
    assert subscriber(deps, token) is None
    assert unsubscribe(deps, token) is None
    with bot.store.read() as tx:
        assert tx.unsubscriptions.all() == []


def test_a_channel_without_links_has_no_tokens(bot: Bot) -> None:
    assert subscriber(bot.deps, "t-ann") is None


def test_tokens_that_cannot_be_told_are_trouble_and_no_stranger(bot: Bot, deps: Deps) -> None:
    broken = replace(deps, channels={"chat": LinkedChannel(broken=True)})
    with pytest.raises(ChipwatchError):
        unsubscribe(broken, "t-ann")
