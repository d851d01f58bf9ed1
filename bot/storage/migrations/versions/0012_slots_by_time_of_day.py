"""Slots known by their time of day as well: it stays the same when its moment moves.

Frozen: a migration says what was, so it imports nothing from ``bot``.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Rows that are there have none: which zone they were for is written nowhere.
    op.add_column("slots", sa.Column("time_of_day", sa.Text()))
    op.create_index("ix_slots_digest_time_of_day", "slots", ["digest", "time_of_day"], unique=True)
