from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from bot.model import (
    Digest,
    Rendered,
)
from bot.pipeline.deps import Deps
from bot.pipeline.digest import compose, compose_due, preview_digest
from bot.runtime.local import guard
from tests.fakes import RecordingChannel
from tests.pipeline.conftest import Bot, entry
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


TALKS = entry("7", "Norvik in talks to sell its Fjell accelerator", "The price is $400 million.")
RAISED = entry("8", "Norvik sells Fjell accelerator for $600 million", "The price is $600 million.")


def test_a_decision_about_news_is_written_with_the_message_and_once(bot: Bot) -> None:
    take_in(bot, TALKS)
    compose(bot.deps, bot.deps.digests["daily"], bot.clock.now())
    bot.clock.pass_by(timedelta(days=1))
    take_in(bot, RAISED, TALKS)
    preview_digest(bot.deps, bot.deps.digests["daily"], bot.clock.now())
    for _ in range(3):
        bot.clock.pass_by(timedelta(minutes=5))
        compose(bot.deps, bot.deps.digests["daily"], bot.clock.now())
    with bot.store.read() as tx:
        (story,) = tx.stories.search(topic="chips", since=None, words=["fjell"], limit=9)
        (decision,) = tx.updates.of_story(story.id)
    assert (decision.channel, decision.revision, decision.material) == ("chat", 1, True)
    assert "value: $600 million (was $400 million)" in decision.reasons


def test_an_old_event_that_comes_again_is_late_and_named(bot: Bot) -> None:
    """Told stories are found by the rare words of their headlines; each channel has a memory of its own."""
    text = (
        "Cows in the dairy barns of Kvitvatn are counted by the Fjell accelerator since the spring, and the "
        "farmers say that they sleep better at night."
    )
    take_in(bot, entry("1", "Kvitvatn puts Fjell accelerator into dairy barns", text))
    compose(bot.deps, bot.deps.digests["daily"], bot.clock.now())
    bot.clock.pass_by(timedelta(days=50))
    fresh = "Wed, 05 Aug 2026 06:00:00 GMT"
    weather = [entry(f"w{day}", f"Rain on day {day}", published=fresh) for day in range(3)]
    take_in(bot, *weather)
    take_in(bot, entry("2", "Fjell accelerator in the barns of Kvitvatn", text, fresh), *weather)
    other = RecordingChannel()
    deps = replace(with_channel(bot, other), alerts=())
    assert compose(deps, deps.digests["daily"], bot.clock.now()) == 1
    (again,) = bot.channel.digests[-1].stories
    assert again.earlier
    assert (again.status, again.earlier.words) == ("LATE", "same event as")
    assert again.earlier.title == "Kvitvatn puts Fjell accelerator into dairy barns"
    compose(deps, deps.digests["other"], bot.clock.now())
    assert all(story.earlier is None for story in other.digests[-1].stories)
