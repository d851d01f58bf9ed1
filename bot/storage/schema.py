"""The tables that several stores use; one that a single store uses stands beside it.

A change needs a migration: ``tests/storage/test_schema.py`` compares the two on both engines.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    and_,
    literal_column,
)

from bot.storage.columns import (
    Duration,
    Frozen,
    Utc,
    Words,
    thaw_facts,
    thaw_hints,
    thaw_moments,
    thaw_nearest,
    thaw_shares,
    thaw_spans,
)

REVISIONS = tuple(f"{number:04}" for number in range(1, 16))
"""Every migration this code knows, oldest first. Alembic knows them too, but takes 0.2 s to import."""

# Names for every constraint: a migration can only change what it can name.
metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

feeds = Table(
    "feeds",
    metadata,
    Column("feed_id", Words, primary_key=True),
    # From the configuration, as of the last sync. A feed that left keeps its row: it may come back.
    Column("title", Words, nullable=False),
    Column("tags", Frozen(tuple), nullable=False),
    Column("configured_url", Words, nullable=False),
    Column("configured", Boolean, nullable=False),
    Column("enabled", Boolean, nullable=False),
    # What the bot remembers between two polls.
    Column("url", Words, nullable=False),
    Column("next_poll_at", Utc, nullable=False),
    Column("etag", Words),
    Column("modified", Words),
    Column("body_hash", Words),
    Column("rhythm", Duration),
    Column("failures", Integer, nullable=False),
    Column("failing_since", Utc),
    Column("last_polled_at", Utc),
    Column("last_ok_at", Utc),
    Column("last_full_at", Utc),
    Column("last_new_at", Utc),
    Column("last_result", Words, nullable=False),
    Column("disabled", Words),
    Column("seen", LargeBinary, nullable=False),
    Column("read_whole", Boolean, nullable=False),
    Column("published", Frozen(thaw_moments), nullable=False),
    Column("hints", Frozen(thaw_hints), nullable=False),
    Column("quiet", Integer, nullable=False),
    Column("moving_to", Words),
    Column("moving_since", Utc),
    Column("trouble", Words, nullable=False),
    Column("trouble_since", Utc),
    Column("leased_until", Utc),
    # Or when it came back; unknown of feeds that were there before this was kept.
    Column("added_at", Utc),
)

POLLED = and_(feeds.c.configured, feeds.c.enabled, feeds.c.disabled.is_(None))
"""Which feeds are polled by themselves; spelled the same in the index and in the query that it serves."""
# Only of those: what is switched off or gone would pile up at its head, always due.
Index("ix_feeds_due", feeds.c.next_poll_at, sqlite_where=POLLED, postgresql_where=POLLED)

# What people should know of feeds, in the order in which it came to pass.
notices = Table(
    "notices",
    metadata,
    Column("position", Integer, primary_key=True),
    # No foreign key: it stays true when the feed is gone.
    Column("feed_id", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("text", Words, nullable=False),
    Column("at", Utc, nullable=False, index=True),
)

items = Table(
    "items",
    metadata,
    Column("id", Words, primary_key=True),
    # No foreign key: an item outlives the subscription it came from.
    Column("feed_id", Words, nullable=False),
    # Not indexed: PostgreSQL refuses entries beyond 2,704 bytes and addresses go up to 8,000.
    Column("url", Words, nullable=False),
    Column("canonical_url", Words, nullable=False),
    Column("title", Words, nullable=False),
    Column("summary", Words, nullable=False),
    Column("body", Words, nullable=False),
    Column("author", Words, nullable=False),
    Column("language", Words),
    Column("published", Utc),
    Column("seen_at", Utc, nullable=False),
    Column("content_hash", Words, nullable=False),
    Column("keys", Frozen(tuple), nullable=False),
    Column("baseline", Boolean, nullable=False),
    # Title and summary, folded: SQLite's LOWER knows ASCII only, PostgreSQL's depends on the locale.
    Column("folded", Words, nullable=False),
    Column("revised", Integer, nullable=False),
    Column("judged_at", Utc, index=True),
    # Its text and its verdicts that did not match are still there.
    Column("kept", Boolean, nullable=False),
    # With all that detection latency is counted from: rows with a text are slow to go through.
    Index(None, "seen_at", "baseline", "published"),
)

KEPT = and_(items.c.kept, items.c.judged_at.is_not(None))
"""What retention looks at; spelled the same in the index and in the query that it serves."""
Index("ix_items_kept", items.c.seen_at, sqlite_where=KEPT, postgresql_where=KEPT)

# Remembered longer than an item's text, so nothing here goes away with it: retention empties the text
# columns and keeps the row, and the missing ON DELETE refuses whoever tries otherwise.
identities = Table(
    "identities",
    metadata,
    Column("key", Words, primary_key=True),
    Column("item_id", Words, ForeignKey("items.id"), nullable=False),
    Column("last_seen_at", Utc, nullable=False),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("item_id", Words, ForeignKey("items.id", ondelete="CASCADE"), primary_key=True),
    Column("topic_id", Words, primary_key=True),
    Column("score", Double, nullable=False),
    Column("matched", Boolean, nullable=False),
    Column("threshold", Double, nullable=False),
    Column("shares", Frozen(thaw_shares), nullable=False),
    Column("nearest", Frozen(thaw_nearest)),
    Column("spans", Frozen(thaw_spans), nullable=False),
    Column("profile_version", Words, nullable=False),
    Column("judged_at", Utc, nullable=False),
    Index(None, "topic_id", "matched", "judged_at"),
)

stories = Table(
    "stories",
    metadata,
    Column("id", Words, primary_key=True),
    Column("first_seen", Utc, nullable=False),
    Column("last_seen", Utc, nullable=False, index=True),
    Column("muted_at", Utc),
)

# Where stories went that became part of others: one step, however often that happened. Their rows in
# `stories` stay, without items.
redirects = Table(
    "redirects",
    metadata,
    Column("story_id", Words, ForeignKey("stories.id"), primary_key=True),
    Column("survivor", Words, ForeignKey("stories.id"), nullable=False, index=True),
    # Texts that each of the two had by itself then: see `core.parts`.
    Column("texts", Integer, nullable=False),
    Column("survivor_texts", Integer, nullable=False),
    Column("at", Utc, nullable=False),
)

# What people did to stories, and what of it grouping did by itself. No foreign keys: it stays true.
story_edits = Table(
    "story_edits",
    metadata,
    Column("position", Integer, primary_key=True),
    Column("kind", Words, nullable=False),
    Column("story_id", Words, nullable=False, index=True),
    Column("other", Words, nullable=False, index=True),
    Column("items", Frozen(tuple), nullable=False),
    Column("at", Utc, nullable=False),
    Column("by", Words, nullable=False),
    Column("because", Words, nullable=False),
)

# Stories that a person split: each pair both ways.
kept_apart = Table(
    "kept_apart",
    metadata,
    Column("story_id", Words, ForeignKey("stories.id"), primary_key=True),
    Column("other", Words, ForeignKey("stories.id"), primary_key=True, index=True),
)

placements = Table(
    "placements",
    metadata,
    # Counted by the engine: the order in which items were placed, which times can't give.
    Column("position", Integer, primary_key=True),
    Column("item_id", Words, ForeignKey("items.id"), nullable=False, unique=True),
    Column("story_id", Words, ForeignKey("stories.id"), nullable=False, index=True),
    Column("opens", Boolean, nullable=False),
    Column("copy_of", Words),
    Column("similarity", Double, nullable=False),
    Column("because", Words, nullable=False),
    Column("merges", Frozen(tuple)),
    Column("placed_at", Utc, nullable=False),
    # The story that it was placed in, where it is in another one now.
    Column("placed_in", Words),
)

deliveries = Table(
    "deliveries",
    metadata,
    # The order of composing: the parts of a long digest leave in it.
    Column("position", Integer, primary_key=True),
    Column("key", Words, nullable=False, unique=True),
    Column("channel", Words, nullable=False),
    Column("recipient", Words, nullable=False),
    Column("origin", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("subject", Words, nullable=False),
    Column("content_type", Words, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("body_hash", Words, nullable=False),
    Column("stories", Frozen(tuple), nullable=False),
    Column("created_at", Utc, nullable=False, index=True),
    Column("due_at", Utc, nullable=False),
    Column("state", Words, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("unanswered", Boolean, nullable=False),
    Column("note", Words, nullable=False),
    Column("sent_at", Utc),
    Index(None, "state", "due_at"),
)

OPEN = deliveries.c.state.in_([literal_column("'pending'"), literal_column("'sending'")])
"""What is still to be sent; with literals, because SQLite finds no partial index by a parameter."""
# A queue a channel, of a few rows beside all that were ever sent.
Index(
    "ix_deliveries_open",
    deliveries.c.channel,
    deliveries.c.position,
    sqlite_where=OPEN,
    postgresql_where=OPEN,
)

# Channels that are served just now, or that something keeps waiting.
destinations = Table(
    "destinations",
    metadata,
    Column("channel", Words, primary_key=True),
    Column("leased_until", Utc),
    Column("disabled_at", Utc),
    Column("disabled_why", Words, nullable=False),
    Column("fingerprint", Words, nullable=False),
    Column("paused_until", Utc),
    Column("paused_why", Words, nullable=False),
)

alarms = Table(
    "part_alarms",
    metadata,
    Column("part", Words, primary_key=True),
    Column("subject", Words, primary_key=True),
    Column("cause", Words, primary_key=True),
    Column("text", Words, nullable=False),
    Column("raised_at", Utc, nullable=False),
    Column("told_at", Utc),
    Column("over_at", Utc),
)

# The stories of a delivery once more, so that "what was sent of this story" needs no scan of the outbox.
delivered_stories = Table(
    "delivered_stories",
    metadata,
    Column("story_id", Words, primary_key=True),
    Column(
        "delivery_key",
        Words,
        ForeignKey("deliveries.key", ondelete="CASCADE"),
        primary_key=True,
        index=True,
    ),
)

# No foreign key to stories: what was told is remembered longer than what it was about.
tellings = Table(
    "tellings",
    metadata,
    Column("channel", Words, primary_key=True),
    Column("story_id", Words, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("told_at", Utc, nullable=False),
    Column("origin", Words, nullable=False),
    Column("title", Words, nullable=False),
    Column("sources", Integer, nullable=False),
    Column("facts", Frozen(thaw_facts), nullable=False),
    Index(None, "channel", "origin", "told_at"),
)

slots = Table(
    "slots",
    metadata,
    Column("digest", Words, primary_key=True),
    Column("at", Utc, primary_key=True),
    Column("taken_at", Utc, nullable=False),
    # By the wall clock of the digest's zone: the same slot, also where its moment has become another one.
    Column("time_of_day", Words),
    Index(None, "digest", "time_of_day", unique=True),
)
