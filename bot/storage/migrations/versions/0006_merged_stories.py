"""Stories that become part of others, and what people did to stories.

What grouping remembers is made anew from the items, so its tables are too.
Frozen: a migration says what was, so it imports nothing from ``bot``.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("stories", sa.Column("muted_at", sa.DateTime(timezone=True)))
    op.add_column("placements", sa.Column("merges", sa.JSON()))
    op.add_column("placements", sa.Column("placed_in", sa.Text()))
    op.create_table(
        "redirects",
        sa.Column("story_id", sa.Text(), nullable=False),
        sa.Column("survivor", sa.Text(), nullable=False),
        sa.Column("texts", sa.Integer(), nullable=False),
        sa.Column("survivor_texts", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["story_id"], ["stories.id"], name=op.f("fk_redirects_story_id")),
        sa.ForeignKeyConstraint(["survivor"], ["stories.id"], name=op.f("fk_redirects_survivor")),
        sa.PrimaryKeyConstraint("story_id", name=op.f("pk_redirects")),
    )
    op.create_index(op.f("ix_redirects_survivor"), "redirects", ["survivor"])
    op.create_table(
        "story_edits",
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("story_id", sa.Text(), nullable=False),
        sa.Column("other", sa.Text(), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_story_edits")),
    )
    op.create_index(op.f("ix_story_edits_story_id"), "story_edits", ["story_id"])
    op.create_index(op.f("ix_story_edits_other"), "story_edits", ["other"])
    op.create_table(
        "kept_apart",
        sa.Column("story_id", sa.Text(), nullable=False),
        sa.Column("other", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["story_id"], ["stories.id"], name=op.f("fk_kept_apart_story_id")),
        sa.ForeignKeyConstraint(["other"], ["stories.id"], name=op.f("fk_kept_apart_other")),
        sa.PrimaryKeyConstraint("story_id", "other", name=op.f("pk_kept_apart")),
    )
    op.create_index(op.f("ix_kept_apart_other"), "kept_apart", ["other"])
    _make_grouping_anew()


def _make_grouping_anew() -> None:
    op.execute("DELETE FROM traces")
    op.execute("DELETE FROM open_stories")
    op.execute("DELETE FROM words")
    op.execute("DELETE FROM grouping")
    with op.batch_alter_table("grouping") as grouping:
        grouping.add_column(sa.Column("opened", sa.Integer(), nullable=False))
    with op.batch_alter_table("open_stories") as open_stories:
        open_stories.add_column(sa.Column("opened", sa.Integer(), nullable=False))
