"""What grouping remembers of open stories, so that it need not read them again.

Frozen: a migration says what was, so it imports nothing from ``bot``.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "grouping",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("format", sa.Integer(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("articles", sa.Integer(), nullable=False),
        sa.Column("clock", sa.Double()),
        sa.Column("latest", sa.Double()),
        sa.Column("newest", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grouping")),
    )
    op.create_table(
        "words",
        sa.Column("key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("found_in", sa.Integer(), nullable=False),
        sa.Column("capital", sa.Integer(), nullable=False),
        sa.Column("small", sa.Integer(), nullable=False),
        sa.Column("holders", sa.Text(), nullable=False),
        sa.Column("last", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_words")),
    )
    op.create_table(
        "open_stories",
        sa.Column("story_id", sa.Text(), nullable=False),
        sa.Column("first", sa.Double(), nullable=False),
        sa.Column("last", sa.Double(), nullable=False),
        sa.Column("grown", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["story_id"], ["stories.id"], name=op.f("fk_open_stories_story_id")),
        sa.PrimaryKeyConstraint("story_id", name=op.f("pk_open_stories")),
    )
    op.create_table(
        "traces",
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("story_id", sa.Text(), nullable=False),
        sa.Column("trace", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_traces_item_id")),
        sa.ForeignKeyConstraint(
            ["story_id"],
            ["open_stories.story_id"],
            name=op.f("fk_traces_story_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_traces")),
        sa.UniqueConstraint("item_id", name=op.f("uq_traces_item_id")),
    )
    op.create_index(op.f("ix_traces_story_id"), "traces", ["story_id"])
