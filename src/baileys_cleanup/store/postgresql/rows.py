"""Writes keys into the bot's own tables, under the names and in the form of the layout, with their dates."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from baileys_cleanup.decision.names import CREDS_NAME
from baileys_cleanup.decision.policy import SECOND
from baileys_cleanup.errors import CompanyProblem
from baileys_cleanup.output.text import few
from baileys_cleanup.store.buffer_json import as_listed
from baileys_cleanup.store.key_names import END, read_file_name
from baileys_cleanup.store.postgresql import ledger
from baileys_cleanup.store.postgresql.database import Database
from baileys_cleanup.store.postgresql.layouts import CREDS_KEY, JOINED_CREDS, Form, Table
from baileys_cleanup.store.postgresql.stamp import Stamp


class Value(NamedTuple):
    """A key as a file has it: its content, and when it was written, in nanoseconds since the epoch."""

    content: bytes
    modified: int


_INSERT = sql.SQL(
    "insert into {table} as r ({columns}) select {values}"
    " from unnest(%(types)s::text[], %(ids)s::text[], %(values)s::{array}[], %(dates)s::float8[]) n(t, i, v, d)"
    " where not exists (select from {table} o where {same}) on conflict do nothing"
    " returning {name}, r.ctid::text, r.xmin::text"
)


def without_place(database: Database, names: Sequence[str]) -> list[str]:
    """Return the names that the layout has no place for: what no file of the library is called."""
    layout = database.layout
    if layout.form is Form.FILE:
        return [name for name in names if not name.endswith(END)]
    return [name for name in names if name != CREDS_NAME and read_file_name(name) is None]


class RowWriter:
    """Writes keys of one company where none of the same name is."""

    def __init__(self, database: Database, company_id: str) -> None:
        self._database = database
        self._raw_id = database.raw_id(company_id)

    def insert(self, cursor: "psycopg.Cursor[tuple[Any, ...]]", values: Mapping[str, Value]) -> set[str]:
        """Insert keys, and return the names of those that are in; the others are there already.

        Raises CompanyProblem for a name without a place, psycopg.Error for what the server refuses.
        """
        lost = without_place(self._database, list(values))
        if lost:
            raise CompanyProblem(f"these have no place in the layout {self._database.layout.name}: {few(lost)}")
        rest = dict(values)
        layout = self._database.layout
        done: set[str] = set()
        if layout.creds is not None and CREDS_NAME in rest:
            value = rest.pop(CREDS_NAME)
            done |= self._insert_creds(cursor, layout.creds, value)
        return done | (self._insert_keys(cursor, rest) if rest else set())

    def _insert_creds(self, cursor: "psycopg.Cursor[tuple[Any, ...]]", table: Table, value: Value) -> set[str]:
        layout = self._database.layout
        columns = {layout.creds_company: "%(company)s::text::{}", layout.creds_value: "%(value)s::{}"}
        column = layout.updated or ""
        if table.columns.get(column, "").startswith("timestamp"):
            columns[column] = "to_timestamp(%(when)s)::{}"
        statement = sql.SQL(
            "insert into {} ({}) select {} where not exists (select from {} r where {}) on conflict do nothing"
        )
        query = statement.format(
            table.identifier,
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join(sql.SQL(each).format(sql.SQL(table.columns[name])) for name, each in columns.items()),
            table.identifier,
            sql.SQL("r.{} = %(company)s::text::{}").format(
                sql.Identifier(layout.creds_company), sql.SQL(table.columns[layout.creds_company])
            ),
        )
        content = _content(value.content, table.columns[layout.creds_value])
        cursor.execute(query, {"company": self._raw_id, "value": content, "when": value.modified / SECOND})
        return {CREDS_NAME} if cursor.rowcount else set()

    def _insert_keys(self, cursor: "psycopg.Cursor[tuple[Any, ...]]", values: Mapping[str, Value]) -> set[str]:
        layout = self._database.layout
        keys = {name: self._key(name) for name in values}
        joined = layout.form is Form.JOINED
        kind = layout.keys.columns[layout.value]
        contents = [_content(as_listed(each.content) if joined else each.content, kind) for each in values.values()]
        expressions: dict[str, sql.Composable] = {layout.key_id: self._cast(layout.key_id, "n.i")}
        if not joined:
            expressions[layout.company] = self._cast(layout.company, "%(company)s::text")
        if layout.key_type is not None:
            expressions[layout.key_type] = self._cast(layout.key_type, "n.t")
        same = sql.SQL(" and ").join(
            sql.SQL("o.{} = {}").format(sql.Identifier(name), value) for name, value in expressions.items()
        )
        expressions[layout.value] = self._cast(layout.value, "n.v")
        if layout.updated is not None:
            zone = " at time zone 'UTC'" if layout.keys.columns[layout.updated].endswith("without time zone") else ""
            expressions[layout.updated] = sql.SQL(f"(to_timestamp(n.d){zone})")
        query = _INSERT.format(
            table=layout.keys.identifier,
            columns=sql.SQL(", ").join(map(sql.Identifier, expressions)),
            values=sql.SQL(", ").join(expressions.values()),
            array=sql.SQL("bytea" if kind == "bytea" else "text"),
            same=same,
            name=sql.SQL("{}, {}").format(self._database.statements.key_type, self._database.statements.key_id),
        )
        parameters = {
            "company": self._raw_id,
            "types": [key[0] for key in keys.values()],
            "ids": [key[1] for key in keys.values()],
            "values": contents,
            "dates": [each.modified / SECOND for each in values.values()],
        }
        stamps = [Stamp(*row) for row in cursor.execute(query, parameters)]
        done = {layout.file_name(stamp.key_type, stamp.key_id): stamp for stamp in stamps}
        if self._database.dates.uses_ledger:
            dates = [values[name].modified for name in done]
            ledger.remember(cursor, self._raw_id, done.values(), dates)
        return set(done)

    def _cast(self, column: str, value: str) -> sql.Composable:
        return sql.SQL("{}::{}").format(sql.SQL(value), sql.SQL(self._database.layout.keys.columns[column]))

    def _key(self, name: str) -> tuple[str, str]:
        form = self._database.layout.form
        if form is Form.FILE:
            return "", name[: -len(END)]
        if name == CREDS_NAME:
            word = JOINED_CREDS if form is Form.JOINED else CREDS_KEY
        else:
            raw = read_file_name(name)
            assert raw is not None, "who inserts has looked"
            if form is Form.SPLIT:
                return raw
            word = "-".join(raw)
        return "", f"{self._raw_id}:{word}" if form is Form.JOINED else word


def _content(content: bytes, kind: str) -> bytes | str:
    """Return a value as the column takes it. Raises CompanyProblem for what is no text."""
    if kind == "bytea":
        return content
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise CompanyProblem("a value is no UTF-8 text, and the column takes nothing else") from None
    if "\0" in text:
        raise CompanyProblem("a value holds a NUL, which PostgreSQL does not take in a text")
    return text
