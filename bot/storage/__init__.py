"""Storage: one set of tables over SQLAlchemy Core, for SQLite and PostgreSQL alike.

``engine`` opens and migrates a database, ``store`` gives transactions over it, and ``feeds``, ``items``,
``stories`` and ``outbox`` implement one port each. Nothing is imported here: SQLAlchemy takes a while,
and a command that needs no database should not wait for it.
"""
