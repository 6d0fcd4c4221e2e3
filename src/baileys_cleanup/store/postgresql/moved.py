"""What was taken from another table than the settings name now: a bot's of its own, or the same under another name."""

from collections.abc import Collection

from psycopg import sql

from baileys_cleanup.output.text import shown
from baileys_cleanup.store.postgresql.connection import Connection

AND = " and "
"""Between the names of two tables, for people and to be told again."""
_THERE = sql.SQL(
    "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace"
    " where c.relkind in ('r', 'p') and n.nspname || '.' || c.relname = any(%s)"
)


def why_not_here(connection: Connection, taken_from: str, named: str, renaming: str) -> str:
    """Return why what was taken from tables does not come into those that the settings name, and the way on.

    Where the former are not there any more, `renaming` is the statement that says that these are the same. Raises
    psycopg.Error.
    """
    former: Collection[str] = taken_from.split(AND)
    there = connection.rows(_THERE, [list(former)])[0][0]
    names = f"it was taken from {shown(taken_from)}, and the settings name {shown(named)}"
    if there == len(former):
        return f"{names}: name what it was taken from"
    return (
        f"{names}; {shown(taken_from)} is not there any more: where it was renamed or moved, and is what the settings"
        f" name now, this says so: {shown(renaming)}"
    )
