"""One queue a destination: leases, pauses and troubles of channels in place of leases of messages.

Frozen: a migration says what was, so it imports nothing from ``bot``.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_OPEN = sa.text("state IN ('pending', 'sending')")


def upgrade() -> None:
    with op.batch_alter_table("deliveries") as deliveries:
        deliveries.drop_column("leased_until")
        # Rows that are there need a value; the default is taken away again below.
        deliveries.add_column(sa.Column("kind", sa.Text(), nullable=False, server_default="alert"))
        deliveries.add_column(
            sa.Column("unanswered", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    with op.batch_alter_table("deliveries") as deliveries:
        for name in ("kind", "unanswered"):
            deliveries.alter_column(name, server_default=None)
    op.execute("UPDATE deliveries SET kind = 'digest' WHERE origin IN (SELECT digest FROM slots)")
    # How their earlier attempts ended is known no more: better no second telling.
    op.execute("UPDATE deliveries SET unanswered = TRUE WHERE attempt > 0 AND state <> 'sent'")
    op.create_index(
        "ix_deliveries_open",
        "deliveries",
        ["channel", "position"],
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.create_table(
        "destinations",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True)),
        sa.Column("disabled_at", sa.DateTime(timezone=True)),
        sa.Column("disabled_why", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("paused_until", sa.DateTime(timezone=True)),
        sa.Column("paused_why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_destinations")),
    )
    op.create_table(
        "alarms",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True)),
        sa.Column("over_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("channel", "cause", name=op.f("pk_alarms")),
    )
