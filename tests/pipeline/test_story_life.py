"""Any sequence of reports, edits, alerts, digests and restarts: nothing told twice, nothing lost.

The real steps on a real database. What a channel hears is read from the messages that it gets.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from bot.model import Story, ToldStory
from bot.pipeline.alert import alert
from bot.pipeline.digest import compose, compose_due
from bot.pipeline.editing import merge, mute, split
from bot.pipeline.poll import poll
from bot.pipeline.triage import triage
from bot.storage.engine import open_store
from tests.fakes import RecordingChannel
from tests.pipeline.conftest import FEED, entry, opened_bot
from tests.pipeline.test_outbox_life import migrated

EVENTS = (
    (
        "Norvik tapes out its chip",
        "Norvik has sent a chip to the foundry in Ostren, people there said.",
    ),
    (
        "Halcyon shows Kestrel accelerator in Bergen",
        "Halcyon has shown an accelerator, the Kestrel.",
    ),
    ("Tern orders silicon wafers from Castellan", "Tern has ordered silicon from Castellan, its old rival."),
    (
        "Fjell fire stops chip packaging line",
        "A fire at Fjell has stopped a line that packs chips.",
    ),
)
MORE = ("", "The order is worth $4 billion.", "It may be worth $9 billion.", "Some 40,000 chips are due.")
CHANNELS = ("chat", "mail")
_FIGURE = re.compile(r"(?:value|volume): (.*?)(?: \(was .*)?")


class StoryLife(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="chipwatch-life-"))
        (self.folder / "chipwatch.db").write_bytes(migrated())
        self.stack = ExitStack()
        bot = self.stack.enter_context(opened_bot(self.folder))
        self.bot, self.store = bot, bot.store
        self.channels = {name: RecordingChannel() for name in CHANNELS}
        daily = bot.deps.digests["daily"]
        self.deps = replace(
            bot.deps, channels=self.channels, digests={"daily": replace(daily, channels=CHANNELS)}
        )
        self.entries: list[str] = []
        self.read = dict.fromkeys(CHANNELS, 0)
        self.heard: dict[str, dict[str, set[str]]] = {name: defaultdict(set) for name in CHANNELS}
        """Channel → item → the figures told of its story. Items that a wrong story hid are left out."""
        compose_due(self.deps)

    def teardown(self) -> None:
        try:
            self.all_is_told_in_the_end()
        finally:
            self.stack.close()
            shutil.rmtree(self.folder)

    # ── what happens ─────────────────────────────────────────────────────────────────────────────

    @rule(event=st.sampled_from(EVENTS), more=st.sampled_from(MORE))
    def report(self, event: tuple[str, str], more: str) -> None:
        title, text = event
        number = len(self.entries)
        at = f"{self.bot.clock.now():%a, %d %b %Y %H:%M:%S GMT}"
        self.entries.append(entry(str(number), title, f"{text} {more} Part {number}.", at))
        self.bot.publish(*self.entries)
        list(poll(self.deps, [FEED.id]))
        triage(self.deps)

    @rule()
    def alerts(self) -> None:
        alert(self.deps)
        self.listen()

    @rule()
    def digest(self) -> None:
        self.bot.clock.pass_by(timedelta(minutes=1))
        compose(self.deps, self.deps.digests["daily"], self.bot.clock.now())
        self.listen()

    @rule(hours=st.sampled_from([1, 20, 30 * 24]))
    def time_passes(self, hours: int) -> None:
        self.bot.clock.pass_by(timedelta(hours=hours))

    @rule()
    def restart(self) -> None:
        self.store.close()
        self.store = open_store(f"sqlite:///{self.folder / 'chipwatch.db'}")
        self.stack.callback(self.store.close)
        self.deps = replace(self.deps, store=self.store)

    @precondition(lambda self: len(self.stories()) > 1)
    @rule(data=st.data())
    def put_together(self, data: st.DataObject) -> None:
        into, *others = data.draw(
            st.lists(st.sampled_from(sorted(self.stories())), min_size=2, max_size=3, unique=True)
        )
        self.merge(into, *others)

    @precondition(lambda self: any(len(story.members) > 1 for story in self.stories().values()))
    @rule(data=st.data(), told=st.booleans())
    def take_apart(self, data: st.DataObject, told: bool) -> None:
        several = [story_id for story_id, story in self.stories().items() if len(story.members) > 1]
        story = self.stories()[data.draw(st.sampled_from(sorted(several)))]
        items = sorted(member.item.id for member in story.members)
        some = data.draw(st.lists(st.sampled_from(items), min_size=1, max_size=len(items) - 1, unique=True))
        self.split(story.id, some, told=told)

    @precondition(lambda self: len(self.stories()) > 1)
    @rule(data=st.data(), first=st.booleans())
    def put_together_and_think_again(self, data: st.DataObject, first: bool) -> None:
        """Whichever half is split off: each has what was told of it before."""
        two = data.draw(
            st.lists(st.sampled_from(sorted(self.stories())), min_size=2, max_size=2, unique=True)
        )
        halves = [frozenset(member.item.id for member in self.stories()[each].members) for each in two]
        before = [self.told(half) for half in halves]
        self.merge(*two)
        (whole,) = {self.story_of(item) for half in halves for item in half}
        self.split(whole, halves[not first])
        assert [self.told(half) for half in halves] == before

    @precondition(lambda self: self.stories())
    @rule(data=st.data(), muted=st.booleans())
    def silence(self, data: st.DataObject, muted: bool) -> None:
        story = self.stories()[data.draw(st.sampled_from(sorted(self.stories())))]
        with self.store.begin() as tx:
            mute(self.deps, tx, story, muted=muted, by="Ada")

    # ── what must hold ───────────────────────────────────────────────────────────────────────────

    def listen(self) -> None:
        """Read the new messages of each channel."""
        stories = self.stories()
        for name, channel in self.channels.items():
            for composed in channel.digests[self.read[name] :]:
                for told in composed.stories:
                    self.hear(name, told, stories[told.id])
            self.read[name] = len(channel.digests)

    def hear(self, channel: str, told: ToldStory, story: Story) -> None:
        heard = self.heard[channel]
        items = [member.item.id for member in story.members]
        assert not story.muted
        assert told.revision > 1 or not [item for item in items if item in heard], "told twice"
        assert told.revision == 1 or told.news, "told again without news"
        known = set().union(*(heard[item] for item in items if item in heard))
        assert not {found[1] for line in told.news if (found := _FIGURE.fullmatch(line))} & known
        for item in items:
            heard[item] |= known | {*told.facts.figures}

    def all_is_told_in_the_end(self) -> None:
        for story in self.stories().values():
            if story.muted:
                with self.store.begin() as tx:
                    mute(self.deps, tx, story, muted=False, by="Ada")
        self.digest()
        for story_id in self.stories():
            items = frozenset(member.item.id for member in self.stories()[story_id].members)
            assert self.told(items).keys() == {*CHANNELS}, "lost"
        messages = sum(len(channel.digests) for channel in self.channels.values())
        self.alerts()
        self.digest()
        assert messages == sum(len(channel.digests) for channel in self.channels.values())

    # ── the database ─────────────────────────────────────────────────────────────────────────────

    def merge(self, into: str, *others: str) -> None:
        stories = self.stories()
        with self.store.begin() as tx:
            merge(self.deps, tx, stories[into], [stories[other] for other in others], by="Ada")

    def split(self, story_id: str, items: object, *, told: bool = False) -> None:
        before = self.stories()[story_id]
        with self.store.begin() as tx:
            split(self.deps, tx, before, frozenset(items), by="Ada", told=told)  # type: ignore[call-overload]
        # What was hidden by the wrong story may be told for itself.
        for channel in CHANNELS:
            for now in {self.story_of(member.item.id) for member in before.members}:
                members = self.stories()[now].members
                if channel not in self.told(frozenset(member.item.id for member in members)):
                    for member in members:
                        self.heard[channel].pop(member.item.id, None)

    def stories(self) -> Mapping[str, Story]:
        with self.store.read() as tx:
            found = tx.stories.search(topic=None, since=None, words=(), limit=1000)
        return {story.id: story for story in found}

    def story_of(self, item_id: str) -> str:
        with self.store.read() as tx:
            placement = tx.stories.placement(item_id)
        assert placement is not None
        return placement.story_id

    def told(self, items: frozenset[str]) -> Mapping[str, int]:
        """Channel → how often it was told of the story of these items; those that were not are absent."""
        (story_id,) = {self.story_of(item) for item in items}
        with self.store.begin() as tx:
            each = {name: tx.outbox.told(name, [story_id]).get(story_id) for name in CHANNELS}
        return {name: told.revision for name, told in each.items() if told}


TestStoryLife = StoryLife.TestCase
TestStoryLife.settings = settings(
    max_examples=15, stateful_step_count=20, suppress_health_check=[HealthCheck.too_slow]
)
