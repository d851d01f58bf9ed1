"""What polling remembers of a feed's entries, rhythm and troubles; notices for people.

Frozen: a migration says what was, so it imports nothing from ``bot``.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_NOTHING = '{"ttl": null, "skip_hours": [], "skip_days": []}'


def upgrade() -> None:
    with op.batch_alter_table("feeds") as feeds:
        feeds.add_column(sa.Column("last_new_at", sa.DateTime(timezone=True)))
        feeds.add_column(sa.Column("moving_to", sa.Text()))
        feeds.add_column(sa.Column("moving_since", sa.DateTime(timezone=True)))
        feeds.add_column(sa.Column("trouble_since", sa.DateTime(timezone=True)))
        # Rows that are there need a value; the default is taken away again below.
        feeds.add_column(sa.Column("seen", sa.LargeBinary(), nullable=False, server_default=""))
        feeds.add_column(sa.Column("read_whole", sa.Boolean(), nullable=False, server_default=sa.false()))
        feeds.add_column(sa.Column("published", sa.JSON(), nullable=False, server_default="[]"))
        feeds.add_column(sa.Column("hints", sa.JSON(), nullable=False, server_default=_NOTHING))
        feeds.add_column(sa.Column("quiet", sa.Integer(), nullable=False, server_default="0"))
        feeds.add_column(sa.Column("trouble", sa.Text(), nullable=False, server_default=""))
    with op.batch_alter_table("feeds") as feeds:
        for name in ("seen", "read_whole", "published", "hints", "quiet", "trouble"):
            feeds.alter_column(name, server_default=None)
    # What was read before had its baseline; without this its next items would be taken for old ones.
    op.execute("UPDATE feeds SET last_new_at = last_full_at")
    op.drop_index(op.f("ix_feeds_next_poll_at"), "feeds")
    op.create_index(
        "ix_feeds_due",
        "feeds",
        ["next_poll_at"],
        sqlite_where=sa.text("configured = 1 AND enabled = 1 AND disabled IS NULL"),
        postgresql_where=sa.text("configured AND enabled AND disabled IS NULL"),
    )
    op.create_table(
        "notices",
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("feed_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_notices")),
    )
    op.create_index(op.f("ix_notices_at"), "notices", ["at"])
