"""Writes keys into the bot's own tables, under the names and in the form of the layout, with their dates."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
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
from baileys_cleanup.store.postgresql.statements import has_zone, without_zone


class Value(NamedTuple):
    """A key as a file has it: its content, and when it was written, in nanoseconds since the epoch."""

    content: bytes
    modified: int


_INSERT = sql.SQL(
    "insert into {table} as r ({columns}) select {values}"
    " from unnest(%(types)s::text[], %(ids)s::text[], %(values)s::{array}[], %(dates)s::float8[]) n(t, i, v, d)"
    " where not exists (select from {table} o where {same}) on conflict do nothing"
    " returning {name}, '', pg_current_xact_id()::xid::text"
)
"""What the ledger marks them by is asked of the transaction: a table with partitions returns no `xmin` here."""
_COPY = sql.SQL("copy {table} ({columns}) from stdin")
_COPIED = sql.SQL(
    "select {name}, r.ctid::text, r.xmin::text from unnest(%(types)s::text[], %(ids)s::text[]) n(t, i)"
    " join {table} r on {same}"
)
_WITHOUT_ZONE = sql.SQL("select ({})::text from unnest(%s::timestamptz[]) with ordinality n(d, i) order by i").format(
    without_zone(sql.SQL("n.d"))
)
_TAKES_NO_COPY = "select row_security_active(%s::regclass)"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
        self._creds_type = database.creds_type(self._raw_id)

    def insert(self, cursor: "psycopg.Cursor[tuple[Any, ...]]", values: Mapping[str, Value]) -> set[str]:
        """Insert keys, and return the names of those that are in; the others are there already.

        Raises CompanyProblem for a name without a place, psycopg.Error for what the server refuses.
        """
        return self._write(cursor, values, self._insert_keys)

    def fill(self, cursor: "psycopg.Cursor[tuple[Any, ...]]", values: Mapping[str, Value]) -> bool:
        """Write all keys of a company that has none; tell whether that is so, and each of them is there once.

        Raises the same; also psycopg.errors.UniqueViolation where one of the names came meanwhile.
        """
        table = self._database.layout.keys.identifier.as_string()
        ((takes_none,),) = cursor.execute(_TAKES_NO_COPY, [table]).fetchall()  # where rows have rights of their own
        return len(self._write(cursor, values, self._insert_keys if takes_none else self._copy_keys)) == len(values)

    def _write(
        self,
        cursor: "psycopg.Cursor[tuple[Any, ...]]",
        values: Mapping[str, Value],
        write_keys: "Callable[[psycopg.Cursor[tuple[Any, ...]], Mapping[str, Value]], set[str]]",
    ) -> set[str]:
        lost = without_place(self._database, list(values))
        if lost:
            raise CompanyProblem(f"these have no place in the layout {self._database.layout.name}: {few(lost)}")
        rest = dict(values)
        layout = self._database.layout
        done: set[str] = set()
        if layout.creds is not None and CREDS_NAME in rest:
            value = rest.pop(CREDS_NAME)
            done |= self._insert_creds(cursor, layout.creds, value)
        return done | (write_keys(cursor, rest) if rest else set())

    def _insert_creds(self, cursor: "psycopg.Cursor[tuple[Any, ...]]", table: Table, value: Value) -> set[str]:
        layout = self._database.layout
        columns = {layout.creds_company: "%(company)s::text::{}", layout.creds_value: "%(value)s::{}"}
        company = sql.SQL("%(company)s::text::{}").format(sql.SQL(table.columns[layout.creds_company]))
        expressions: dict[str, sql.Composable] = {
            name: sql.SQL(each).format(sql.SQL(table.columns[name])) for name, each in columns.items()
        }
        if layout.updated is not None and table.columns.get(layout.updated, "").startswith("timestamp"):
            expressions[layout.updated] = _as_held(table, layout.updated, sql.SQL("to_timestamp(%(when)s)"))
        statement = sql.SQL(
            "insert into {} ({}) select {} where not exists (select from {} r where {}) on conflict do nothing"
        )
        query = statement.format(
            table.identifier,
            sql.SQL(", ").join(map(sql.Identifier, expressions)),
            sql.SQL(", ").join(expressions.values()),
            table.identifier,
            _all_equal("r", {layout.creds_company: company}),
        )
        content = _content(CREDS_NAME, value.content, table.columns[layout.creds_value])
        with _naming([CREDS_NAME]):
            cursor.execute(query, {"company": self._raw_id, "value": content, "when": value.modified / SECOND})
        return {CREDS_NAME} if cursor.rowcount else set()

    def _insert_keys(self, cursor: "psycopg.Cursor[tuple[Any, ...]]", values: Mapping[str, Value]) -> set[str]:
        layout = self._database.layout
        keys = [self._key(name) for name in values]
        expressions = self._key_expressions()
        same = _all_equal("o", expressions)
        expressions[layout.value] = self._cast(layout.value, "n.v")
        if layout.updated is not None:
            expressions[layout.updated] = _as_held(layout.keys, layout.updated, sql.SQL("to_timestamp(n.d)"))
        query = _INSERT.format(
            table=layout.keys.identifier,
            columns=sql.SQL(", ").join(map(sql.Identifier, expressions)),
            values=sql.SQL(", ").join(expressions.values()),
            array=sql.SQL("bytea" if self._kind == "bytea" else "text"),
            same=same,
            name=self._name,
        )
        parameters = {
            "company": self._raw_id,
            "types": [key[0] for key in keys],
            "ids": [key[1] for key in keys],
            "values": [self._content(name, each) for name, each in values.items()],
            "dates": [each.modified / SECOND for each in values.values()],
        }
        with _naming(list(values)):
            return self._dated(cursor, values, [Stamp(*row) for row in cursor.execute(query, parameters)])

    def _copy_keys(self, cursor: "psycopg.Cursor[tuple[Any, ...]]", values: Mapping[str, Value]) -> set[str]:
        """Write all keys in one COPY, and return the names of those that are there once: a bot may have come between.

        A unique index refuses the second of a name; where there is none, whoever looks after it finds two.
        """
        layout = self._database.layout
        keys = [self._key(name) for name in values]
        table, expressions = layout.keys.identifier, self._key_expressions()
        columns = [*expressions, layout.value, *([layout.updated] if layout.updated else [])]
        of_type = {layout.key_type: 0, layout.key_id: 1} if layout.key_type else {layout.key_id: 1}
        places = [of_type.get(column) for column in expressions]
        dates = self._dates(cursor, values.values()) if layout.updated else [""] * len(values)
        query = _COPY.format(table=table, columns=sql.SQL(", ").join(map(sql.Identifier, columns)))
        with _naming(list(values)), cursor.copy(query) as copy:
            for key, date, (name, each) in zip(keys, dates, values.items(), strict=True):
                row: list[Any] = [self._raw_id if place is None else key[place] for place in places]
                row.append(self._content(name, each))
                if layout.updated is not None:
                    row.append(date)
                copy.write_row(row)
        query = _COPIED.format(name=self._name, table=table, same=_all_equal("r", expressions))
        parameters = {"company": self._raw_id, "types": [key[0] for key in keys], "ids": [key[1] for key in keys]}
        stamps = [Stamp(*row) for row in cursor.execute(query, parameters)]
        return self._dated(cursor, values, stamps) if len(stamps) == len(keys) else set()

    def _key_expressions(self) -> dict[str, sql.Composable]:
        """Return the columns that say which key a row is, each with what it is over the rows `n`."""
        layout = self._database.layout
        expressions: dict[str, sql.Composable] = {layout.key_id: self._cast(layout.key_id, "n.i")}
        if layout.form is not Form.JOINED:
            expressions[layout.company] = self._cast(layout.company, "%(company)s::text")
        if layout.key_type is not None:
            expressions[layout.key_type] = self._cast(layout.key_type, "n.t")
        return expressions

    def _dated(
        self, cursor: "psycopg.Cursor[tuple[Any, ...]]", values: Mapping[str, Value], stamps: Sequence[Stamp]
    ) -> set[str]:
        """Let the ledger know the dates of rows that are in, where it is asked for them; return their names."""
        layout = self._database.layout
        done = {layout.file_name(stamp.key_type, stamp.key_id): stamp for stamp in stamps}
        if self._database.dates.uses_ledger:
            dates = [values[name].modified for name in done]
            ledger.remember(cursor, self._raw_id, done.values(), dates)
        return set(done)

    @property
    def _kind(self) -> str:
        return self._database.layout.keys.columns[self._database.layout.value]

    @property
    def _name(self) -> sql.Composable:
        return sql.SQL("{}, {}").format(self._database.statements.key_type, self._database.statements.key_id)

    def _dates(
        self, cursor: "psycopg.Cursor[tuple[Any, ...]]", values: Iterable[Value]
    ) -> Sequence[datetime] | Sequence[str]:
        """Return dates as the column of update times takes them; of zones the server alone knows."""
        layout = self._database.layout
        moments = [_EPOCH + timedelta(microseconds=each.modified // 1_000) for each in values]
        if layout.updated is None or has_zone(layout.keys, layout.updated):
            return moments
        return [row[0] for row in cursor.execute(_WITHOUT_ZONE, [moments])]

    def _content(self, name: str, value: Value) -> bytes | str:
        joined = self._database.layout.form is Form.JOINED
        return _content(name, as_listed(value.content) if joined else value.content, self._kind)

    def _cast(self, column: str, value: str) -> sql.Composable:
        return sql.SQL("{}::{}").format(sql.SQL(value), sql.SQL(self._database.layout.keys.columns[column]))

    def _key(self, name: str) -> tuple[str, str]:
        form = self._database.layout.form
        if form is Form.FILE:
            return "", name[: -len(END)]
        if name == CREDS_NAME and form is Form.SPLIT:
            if self._creds_type is None:
                raise CompanyProblem(
                    "the creds there have no type (it is NULL), and nobody can tell which to write anew"
                )
            return self._creds_type, CREDS_KEY
        if name == CREDS_NAME:
            word = JOINED_CREDS if form is Form.JOINED else CREDS_KEY
        else:
            raw = read_file_name(name)
            assert raw is not None, "who inserts has looked"
            if form is Form.SPLIT:
                return raw
            word = "-".join(raw)
        return "", f"{self._raw_id}:{word}" if form is Form.JOINED else word


def _as_held(table: Table, column: str, moment: sql.Composable) -> sql.Composable:
    """Return a moment as a column of update times takes it."""
    return moment if has_zone(table, column) else without_zone(moment)


def _all_equal(alias: str, expressions: Mapping[str, sql.Composable]) -> sql.Composable:
    """Return that a row is of the key that these columns name, to the byte, whatever their collations think."""
    equal = sql.SQL('{0}.{1} = {2} and {0}.{1}::text = ({2})::text collate "C"')
    same = [equal.format(sql.SQL(alias), sql.Identifier(name), each) for name, each in expressions.items()]
    return sql.SQL(" and ").join(same)


@contextmanager
def _naming(names: Sequence[str]) -> Iterator[None]:
    """Raise CompanyProblem with the name of the key whose value the server refuses; a COPY tells its number."""
    try:
        yield
    except psycopg.DataError as error:
        line = re.search(r"^COPY .*, line ([0-9]+)", error.diag.context or "", re.MULTILINE)
        refused = names[int(line[1]) - 1 :][:1] if line else names
        whose = refused[0] if len(refused) == 1 else "one of its keys"
        said = str(error.diag.message_primary).partition(":")[0]  # what follows may be the value
        raise CompanyProblem(f"{whose}: the column does not take it: {said}") from None


def _content(name: str, content: bytes, kind: str) -> bytes | str:
    """Return a value as the column takes it. Raises CompanyProblem for what is no text."""
    if kind == "bytea":
        return content
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise CompanyProblem(f"{name}: it is no UTF-8 text, and the column takes nothing else") from None
    if "\0" in text:
        raise CompanyProblem(f"{name}: it holds a NUL, which PostgreSQL does not take in a text")
    return text
