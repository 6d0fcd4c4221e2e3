"""The columns of a table that a row can be written into: all but those that the server computes."""

from typing import Any

import psycopg

from baileys_cleanup.store.postgresql.layouts import Table

_COLUMNS = (
    "select attname::text from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped"
    " and attgenerated = '' order by attnum"
)


def insertable(cursor: "psycopg.Cursor[tuple[Any, ...]]", table: Table) -> list[str]:
    """Return the names of the columns. Raises psycopg.Error."""
    return [row[0] for row in cursor.execute(_COLUMNS, [table.identifier.as_string()])]
