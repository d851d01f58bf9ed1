"""The PostgreSQL server of the storage tests, for the whole job."""

from tests.storage.conftest import new_database

__all__ = ["new_database"]
