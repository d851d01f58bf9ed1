"""Indexes by which upkeep finds what is old, and items whose folded text outlived their text.

Frozen: a migration says what was, so it imports nothing from ``bot``.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_deliveries_created_at", "deliveries", ["created_at"])
    # Without it every message that is dropped has all rows looked through for its stories.
    op.create_index("ix_delivered_stories_delivery_key", "delivered_stories", ["delivery_key"])
    # Folded headline, a line break, folded summary, which retention forgot to forget: it looks at them again.
    still_there = sa.text("UPDATE items SET kept = :kept WHERE kept <> :kept AND folded NOT LIKE :bare")
    op.get_bind().execute(still_there.bindparams(kept=True, bare="%\n"))
