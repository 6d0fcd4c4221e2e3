"""The columns of a table that a row can be written into: all but those that the server computes."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from baileys_cleanup.errors import CompanyProblem
from baileys_cleanup.output.text import few
from baileys_cleanup.store.postgresql.layouts import Table

_COLUMNS = (
    "select attname::text, case when attnotnull and atttypid in ('json'::regtype, 'jsonb'::regtype)"
    " then atttypid::regtype::text end"
    " from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped"
    " and attgenerated = '' order by attnum"
)


class Column(NamedTuple):
    """A column. `holds` is its JSON type where it takes no SQL null, and so a null in a row is the one of JSON."""

    name: str
    holds: str | None

    def taken_from(self, alias: str) -> sql.Composable:
        """Return its value in a row that was made of JSON, which has one null for both."""
        value = sql.SQL("{}.{}").format(sql.Identifier(alias), sql.Identifier(self.name))
        if self.holds is None:
            return value
        return sql.SQL("coalesce({}, 'null'::{})").format(value, sql.SQL(self.holds))


def insertable(cursor: "psycopg.Cursor[tuple[Any, ...]]", table: Table) -> list[Column]:
    """Return the columns. Raises psycopg.Error."""
    return [Column(*row) for row in cursor.execute(_COLUMNS, [table.identifier.as_string()])]


def kept_in(columns: Sequence[Column], kept: Collection[str], needed: Collection[str]) -> list[Column]:
    """Return those of a table's columns that rows were kept with; a column that came later has its own default.

    Raises CompanyProblem where one of those `needed` is not among them: the table was changed since.
    """
    missing = sorted(set(needed) - set(kept)) if kept else []
    if missing:
        raise CompanyProblem(f"the table was changed since: what was kept of it has no column {few(missing)}")
    return [column for column in columns if column.name in kept]


def named(columns: Sequence[Column]) -> sql.Composable:
    """Return the names of columns, as a list of a statement."""
    return sql.SQL(", ").join([sql.Identifier(column.name) for column in columns])


def taken_from(columns: Sequence[Column], alias: str) -> sql.Composable:
    """Return the values of columns in a row that was made of JSON, as a list of a statement."""
    return sql.SQL(", ").join([column.taken_from(alias) for column in columns])
