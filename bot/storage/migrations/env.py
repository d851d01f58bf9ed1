"""Alembic's entry: run the scripts on the connection that ``bot.storage.engine.upgrade`` hands over.

The connection is inside a transaction already. SQLite takes back a change of tables as well as
PostgreSQL does; Alembic is told so, because by default it commits between steps there.
"""

from __future__ import annotations

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=None,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
