"""What receipts count from: pauses, feeds' first days, and indexes that hold what is counted.

Frozen: a migration says what was, so it imports nothing from ``bot``.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Of feeds that are there nobody knows since when: long enough.
    op.add_column("feeds", sa.Column("added_at", sa.DateTime(timezone=True)))
    op.create_table(
        "pauses",
        sa.Column("start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("start", name=op.f("pk_pauses")),
    )
    op.drop_index("ix_items_seen_at", "items")
    op.create_index("ix_items_seen_at_baseline_published", "items", ["seen_at", "baseline", "published"])
    op.drop_index("ix_verdicts_topic_id_matched", "verdicts")
    op.create_index(
        "ix_verdicts_topic_id_matched_judged_at", "verdicts", ["topic_id", "matched", "judged_at"]
    )
