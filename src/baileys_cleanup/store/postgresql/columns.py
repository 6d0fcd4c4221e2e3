"""The columns of a table that a row can be written into: all but those that the server computes.

A row is kept as JSON, which has one null for that of SQL and for that of JSON. So which columns held the one of JSON is
noted in it, under a name that is no column. It has no bounds of a list either: one that begins elsewhere than at 1 is
kept as a text, which the server takes as well. A value of type `json` is kept letter by letter, also where nobody can
read it: what keeps the server from that is put aside on the way back.
"""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from baileys_cleanup.errors import CompanyProblem
from baileys_cleanup.output.text import few
from baileys_cleanup.store.postgresql import escapes
from baileys_cleanup.store.postgresql.layouts import BASE_TYPE, Table

NULLS = "baileys_cleanup_nulls"
"""Under which a kept row names its columns that take both nulls and held the one of JSON."""
ROW = "baileys_cleanup_row"
"""What the kept row itself is called beside the columns that were made of it."""
_COLUMNS = (
    "select a.attname::text,"  # noqa: S608 - ours
    " case b.oid when 'json'::regtype then 'json' when 'jsonb'::regtype then 'jsonb' end, not a.attnotnull,"
    " exists (select from pg_type e where e.typarray = b.oid)"
    f" from pg_attribute a join lateral {BASE_TYPE} b on true"
    " where a.attrelid = %s::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' order by a.attnum"
)


_ROW = sql.SQL("row_to_json({})")
_SAYING_MORE = sql.SQL(
    "case when {any} then (select row_to_json(baileys_cleanup_kept) from (select {r}.*, {more}) baileys_cleanup_kept)"
    " else {row} end"
)
_NOTE = sql.SQL("array_remove(array[{names}], null) as {nulls}")
_OWN_BOUNDS = sql.SQL("array_dims({}) ~ '[[](?!1:)'")
_BOUNDED = sql.SQL("case when {own} then to_json({value}::text) else to_json({value}) end as {name}")
"""A second time under its name: of two, who reads JSON takes the later."""
_READABLE = sql.SQL(
    "case when {may_be} then (select case when exists (select from json_each(w.w) e"
    " where e.key = any(array[{others}]::text[]) and {were}) then {row} else w.w end"
    " from (select {without} offset 0) w(w)) else {row} end"
)
"""What a column has lost its type for since could not come back as it was: there the server is left to refuse it."""
_NOTED = sql.SQL("case when ({a}.{row}->{nulls})::jsonb ? {name} then 'null'::{json} else {value} end")


def _identifier(name: str) -> sql.Composable:
    """Return a name for a statement with parameters, in which one percent sign is written as two."""
    return sql.SQL(sql.Identifier(name).as_string().replace("%", "%%"))  # a quoted name


def _text(name: str) -> sql.Composable:
    """Return the same as a text."""
    return sql.SQL(sql.Literal(name).as_string().replace("%", "%%"))  # a quoted text


class Column(NamedTuple):
    """A column. `json` is its type where that is one of JSON; if not `nullable`, its null is that of JSON."""

    name: str
    json: str | None
    nullable: bool
    is_list: bool

    def of(self, alias: str) -> sql.Composable:
        """Return it as a column of a row."""
        return sql.SQL("{}.{}").format(sql.Identifier(alias), _identifier(self.name))

    @property
    def takes_both(self) -> bool:
        """Whether a null in a kept row may be that of SQL or that of JSON."""
        return self.json is not None and self.nullable

    def holds_null(self, alias: str) -> sql.Composable:
        """Return that it holds the null of JSON."""
        assert self.json is not None, "only a column of JSON is asked"
        return sql.SQL("{}_typeof({}) = 'null'").format(sql.SQL(self.json), self.of(alias))

    def has_own_bounds(self, alias: str) -> sql.Composable:
        """Return that it holds a list that begins elsewhere than at 1."""
        return _OWN_BOUNDS.format(self.of(alias))

    def taken_from(self, alias: str) -> sql.Composable:
        """Return its value in a row that was made of a kept one, which is there as `ROW`."""
        value = self.of(alias)
        if self.json is None:
            return value
        if self.json == "json":
            value = sql.SQL("{}::json").format(escapes.restored(value))
        if not self.takes_both:
            return value if self.nullable else sql.SQL("coalesce({}, 'null'::{})").format(value, sql.SQL(self.json))
        return _NOTED.format(
            a=sql.Identifier(alias),
            row=sql.Identifier(ROW),
            nulls=sql.Literal(NULLS),
            name=_text(self.name),
            json=sql.SQL(self.json),
            value=value,
        )


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


def kept_row(columns: Sequence[Column], alias: str) -> sql.Composable:
    """Return a row of the table as it is kept: as JSON, with more where that would say too little of it."""
    row = _ROW.format(sql.Identifier(alias))
    where: list[sql.Composable] = []
    more: list[sql.Composable] = []
    for column in (column for column in columns if column.is_list):
        where.append(column.has_own_bounds(alias))
        more.append(_BOUNDED.format(own=where[-1], value=column.of(alias), name=_identifier(column.name)))
    both = [column for column in columns if column.takes_both]
    if both:
        where += [column.holds_null(alias) for column in both]
        noted = sql.SQL("case when {} then {}::text end")
        names = [noted.format(column.holds_null(alias), _text(column.name)) for column in both]
        more.append(_NOTE.format(names=sql.SQL(", ").join(names), nulls=sql.Identifier(NULLS)))
    if not more:
        return row
    return _SAYING_MORE.format(
        any=sql.SQL(" or ").join(where), r=sql.Identifier(alias), more=sql.SQL(", ").join(more), row=row
    )


def readable(columns: Sequence[Column], row: sql.Composable) -> sql.Composable:
    """Return a kept row as the server can make one of the table of it; `taken_from` has its values as they were."""
    others = [column for column in columns if column.json != "json"]
    if len(others) == len(columns):
        return row
    return _READABLE.format(
        may_be=escapes.may_be_in(row),
        without=escapes.without(row),
        others=sql.SQL(", ").join([_text(column.name) for column in others]),
        were=escapes.were_in(sql.SQL("e.value")),
        row=row,
    )


def named(columns: Sequence[Column]) -> sql.Composable:
    """Return the names of columns, as a list of a statement."""
    return sql.SQL(", ").join([_identifier(column.name) for column in columns])


def taken_from(columns: Sequence[Column], alias: str) -> sql.Composable:
    """Return the values of columns in a row that was made of a kept one, as a list of a statement."""
    return sql.SQL(", ").join([column.taken_from(alias) for column in columns])
