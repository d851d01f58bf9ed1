"""Alembic's entry: run the scripts on the connection that ``bot.storage.engine.upgrade`` hands over.

The connection is inside a transaction already, which Alembic leaves to whoever began it: SQLite takes
back a change of tables as well as PostgreSQL does, so a migration that fails leaves nothing behind.
"""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
