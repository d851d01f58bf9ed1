"""Items that still have what retention takes away, so that it need not look at all others.

Frozen: a migration says what was, so it imports nothing from ``bot``.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # All rows that are there may still have something; retention finds out.
    with op.batch_alter_table("items") as items:
        items.add_column(sa.Column("kept", sa.Boolean(), nullable=False, server_default=sa.true()))
    with op.batch_alter_table("items") as items:
        items.alter_column("kept", server_default=None)
    op.create_index(
        "ix_items_kept",
        "items",
        ["seen_at"],
        sqlite_where=sa.text("kept = 1 AND judged_at IS NOT NULL"),
        postgresql_where=sa.text("kept AND judged_at IS NOT NULL"),
    )
