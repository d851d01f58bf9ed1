"""Text of a feed in a mail and a webhook as they arrive: it stays text, and no header line is the feed's."""

from __future__ import annotations

import email
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from bot.pipeline.alert import alert
from bot.pipeline.deliver import deliver
from bot.pipeline.digest import compose
from bot.pipeline.triage import triage
from tests.e2e.captures import hostile, page
from tests.e2e.laboratory import feed_at, laboratory
from tests.e2e.origin import Page, serving_pages
from tests.e2e.world import HOST, World, serving

MOMENT = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
"""Two hours after the hostile items were published: they are news."""
HARMLESS = (
    b"<rss version='2.0'><channel><title>Harbour wire</title><link>https://harbour.example/</link>"
    b"<item><title>Story of a quiet day</title><link>https://harbour.example/1</link><guid>q-1</guid>"
    b"<pubDate>Tue, 03 Mar 2026 10:00:00 GMT</pubDate><description>Body text</description></item>"
    b"</channel></rss>"
)
SETTINGS = """
[http]
allow_networks = ["127.0.0.0/8"]
[schedule]
baseline_age = "10000d"
[smtp]
host = "{host}"
port = {smtp}
security = "plain"
sender = "chipwatch@example.org"
[channels.mail]
type = "email"
to = ["one@example.org"]
[channels.hook]
type = "webhook"
url = "http://{host}:{http}/hook"
secret = "whsec_dGhpcyBpcyBubyBzZWNyZXQgYXQgYWxsISEhISE="
[channels.daily-mail]
type = "email"
to = ["one@example.org"]
[channels.daily-hook]
type = "webhook"
url = "http://{host}:{http}/hook"
secret = "whsec_dGhpcyBpcyBubyBzZWNyZXQgYXQgYWxsISEhISE="
[[alerts]]
topics = ["all"]
channels = ["mail", "hook"]
max_age = "10000d"
budget = 1000
[digests.daily]
topics = ["all"]
channels = ["daily-mail", "daily-hook"]
schedule = "0 7 * * *"
max_stories = 200
"""
TOPIC = 'title = "All"\nquery = "story OR body OR text"\nthreshold = 0.0001\n'


def told(folder: Path, told_page: Page) -> World:
    """Poll one document, judge, compose and deliver; what arrived."""
    world = World(feeds=0)
    config = folder / "config"
    (config / "topics").mkdir(parents=True)
    (config / "topics/all.toml").write_text(TOPIC)
    with (
        serving(world) as ports,
        serving_pages([told_page]) as origin,
        laboratory(folder, SETTINGS.format(host=HOST, **ports)) as lab,
        lab.visitor(feed_at(origin.addresses[0])) as visitor,
    ):
        lab.clock.at = MOMENT
        visitor.poll()
        triage(visitor.deps)
        assert alert(visitor.deps)
        assert compose(visitor.deps, visitor.deps.digests["daily"], MOMENT)
        while settled := deliver(visitor.deps):
            assert {each.state for each in settled} == {"sent"}
        return world


@pytest.fixture(scope="module")
def harmless(tmp_path_factory: pytest.TempPathFactory) -> World:
    return told(tmp_path_factory.mktemp("harmless"), Page(body=HARMLESS))


@pytest.fixture(scope="module")
def injected(tmp_path_factory: pytest.TempPathFactory) -> Sequence[World]:
    rows = [row for row in hostile() if "no_header_injection" in row["expect"]["must"]]
    return [told(tmp_path_factory.mktemp("injected"), page(row)) for row in rows]


def letter(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=default)


def headers(raw: bytes) -> Counter[str]:
    """Names of a letter's header lines and of all its parts', as a mail server splits them."""
    return Counter(name.lower() for part in letter(raw).walk() for name in part)


def test_a_letter_has_the_same_headers_whatever_a_feed_holds(
    harmless: World, injected: Sequence[World]
) -> None:
    usual = {frozenset(headers(raw).items()) for raw in harmless.letters}
    letters = [raw for world in injected for raw in world.letters]
    assert len(letters) >= 12
    for raw in letters:
        assert frozenset(headers(raw).items()) in usual
        assert letter(raw)["To"] == "one@example.org"
        # Not even a reader that takes a lone CR or LF for the end of a line sees another header.
        head = raw.split(b"\r\n\r\n", 1)[0].replace(b"\r\n", b"")
        assert b"\r" not in head
        assert b"\n" not in head


def test_a_headline_that_would_be_a_header_is_told_as_a_headline(injected: Sequence[World]) -> None:
    subjects = [letter(raw)["Subject"] for world in injected for raw in world.letters]
    assert any("Subject: injected" in subject for subject in subjects)


def test_a_webhook_has_the_same_headers_whatever_a_feed_holds(
    harmless: World, injected: Sequence[World]
) -> None:
    usual = {tuple(sorted(names)) for names in harmless.hook_headers}
    assert len(usual) == 1
    sent = [names for world in injected for names in world.hook_headers]
    assert len(sent) >= 12
    assert {tuple(sorted(names)) for names in sent} == usual
