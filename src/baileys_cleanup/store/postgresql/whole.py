"""Whole companies in a database: nothing is built beside a live one yet, and nothing waits to be switched."""

from baileys_cleanup.store.postgresql.database import Database


class PostgresqlWhole:
    """No whole company is ever half switched here."""

    def __init__(self, store: Database) -> None:
        self._store = store

    def settle_all(self) -> list[str]:
        """End nothing: there is nothing to end."""
        return []
