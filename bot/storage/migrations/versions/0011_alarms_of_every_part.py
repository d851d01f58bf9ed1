"""Alarms about every part of the bot, not channels alone.

Frozen: a migration says what was, so it imports nothing from ``bot``.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A key that changes means a new table: SQLite can't alter one.
    op.create_table(
        "part_alarms",
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True)),
        sa.Column("over_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("part", "subject", "cause", name=op.f("pk_part_alarms")),
    )
    op.execute(
        "INSERT INTO part_alarms (part, subject, cause, text, raised_at, told_at, over_at) "
        "SELECT 'channel', channel, cause, text, raised_at, told_at, over_at FROM alarms"
    )
    op.drop_table("alarms")
