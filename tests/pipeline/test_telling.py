from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from bot.model import (
    Digest,
    Rendered,
)
from bot.pipeline.deps import Deps
from bot.pipeline.digest import compose, compose_due
from bot.runtime.local import guard
from tests.fakes import RecordingChannel
from tests.pipeline.conftest import Bot
from tests.pipeline.test_digest import CHIP, DEAL, outbox, take_in, told


class BrokenChannel(RecordingChannel):
    """Stands in for a renderer, or a user's template, that one story brings down."""

    def render(self, digest: Digest, key: str) -> Sequence[Rendered]:
        if any("Fjell" in story.title for story in digest.stories):
            raise ZeroDivisionError
        return super().render(digest, key)


class NarrowChannel(RecordingChannel):
    """Has room for one story."""

    def render(self, digest: Digest, key: str) -> Sequence[Rendered]:
        return [
            replace(each, key=f"{each.key}.", stories=each.stories[:1])
            for each in super().render(digest, key)
        ]


def with_channel(bot: Bot, channel: RecordingChannel) -> Deps:
    specs = {**bot.deps.digests, "other": replace(bot.deps.digests["daily"], name="other", channels=("odd",))}
    return replace(bot.deps, digests=specs, channels={**bot.deps.channels, "odd": channel}, guard=guard)


def test_a_story_that_can_not_be_rendered_stops_no_other_story_and_no_other_channel(bot: Bot) -> None:
    broken = BrokenChannel()
    deps = with_channel(bot, broken)
    take_in(bot, CHIP, DEAL)
    compose_due(deps)
    bot.clock.pass_by(timedelta(hours=1))
    assert compose_due(deps) == 2
    assert [delivery.stories for delivery in outbox(bot)] != []
    assert {len(delivery.stories) for delivery in outbox(bot)} == {1, 2}
    # Untold, it comes again once the fault is mended.
    bot.clock.pass_by(timedelta(days=1))
    assert compose_due(with_channel(bot, RecordingChannel())) == 1
    assert "Fjell" in told(bot)[-1]


def test_what_a_message_has_no_room_for_is_told_by_the_next(bot: Bot) -> None:
    deps = with_channel(bot, NarrowChannel())
    take_in(bot, CHIP, DEAL)
    first = compose(deps, deps.digests["other"], bot.clock.now())
    bot.clock.pass_by(timedelta(days=1))
    second = compose(deps, deps.digests["other"], bot.clock.now())
    bot.clock.pass_by(timedelta(days=1))
    assert (first, second, compose(deps, deps.digests["other"], bot.clock.now())) == (1, 1, 0)
    stories = [story for delivery in outbox(bot) for story in delivery.stories]
    assert len(stories) == len(set(stories)) == 2
