"""What advisors were asked about verdicts in question, and what they said.

Frozen: a migration says what was, so it imports nothing from ``bot``.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "advice",
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("profile_version", sa.Text(), nullable=False),
        sa.Column("advisor", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("on_topic", sa.Boolean()),
        sa.Column("confidence", sa.Double()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_advice")),
    )
    op.create_index(op.f("ix_advice_asked_at"), "advice", ["asked_at"])
    op.create_index(op.f("ix_advice_content_hash_profile_version"), "advice", ["content_hash", "profile_version"])
