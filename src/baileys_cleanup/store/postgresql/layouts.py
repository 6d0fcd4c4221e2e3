"""How keys lie in a database: which tables and columns, found out by the columns, never by a table's name alone."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any, NamedTuple

from psycopg import sql

from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.output.text import few, shown
from baileys_cleanup.store.key_names import END, file_name, fixed
from baileys_cleanup.store.place import Postgresql
from baileys_cleanup.store.postgresql.connection import Connection
from baileys_cleanup.store.postgresql.trouble import as_usage_problem

CREDS_KEY = "creds"
"""The id of `creds` where it lies among the keys."""
BESIDE = "called creds among the keys, while creds lie in a table of their own"
"""What is said of such a row: no bot reads it."""
JOINED_CREDS = "auth_creds"
"""Likewise in the layout postgres-baileys."""


class Form(StrEnum):
    """How a row says which key it is: type and id apart, as a file's name, as one word, or after the company's id."""

    SPLIT = "split"
    FILE = "file"
    WORD = "word"
    JOINED = "joined"


class Table(NamedTuple):
    """A table that was found: its name as the server knows it, and the types of its columns."""

    name: tuple[str, ...]
    columns: Mapping[str, str]

    @property
    def identifier(self) -> sql.Identifier:
        """The name for a statement."""
        return sql.Identifier(*self.name)


class Layout(NamedTuple):
    """A layout with the tables of one database. `creds` is None where creds lie among the keys."""

    name: str
    form: Form
    keys: Table
    company: str
    key_type: str | None
    key_id: str
    value: str
    updated: str | None
    creds: Table | None
    creds_company: str = ""
    creds_value: str = ""

    @property
    def has_typed_creds(self) -> bool:
        """Tell whether creds lie among keys that have a type in a column of its own."""
        return self.form is Form.SPLIT and self.creds is None

    def file_name(self, key_type: str, key_id: str) -> str:
        """Return the file name of a row. Creds that lie among keys with types are so by their id, whatever the type."""
        if self.has_typed_creds and key_id == CREDS_KEY:
            return CREDS_KEY + END
        if self.form is Form.SPLIT:
            return file_name(key_type, key_id)
        if self.form is Form.JOINED and key_id == JOINED_CREDS:
            return CREDS_KEY + END
        return (key_id if self.form is Form.FILE else fixed(key_id)) + END


_KNOWN = {
    "split": Postgresql(
        "split", "whatsapp_auth", "whatsapp_keys", "company_id", "key_type", "key_id", "value", "creds", "updated_at"
    ),
    "prisma": Postgresql("prisma", None, "Session", "sessionId", None, "id", "data", ids="file"),
    "postgres-baileys": Postgresql("postgres-baileys", None, "auth_data", "session_key", None, "session_key", "data"),
}
_FORMS = {"prisma": Form.FILE, "postgres-baileys": Form.JOINED, "split": Form.SPLIT}
BASE_TYPE = (
    "(with recursive d(oid, mod) as (select a.atttypid, a.atttypmod union all"
    " select t.typbasetype, t.typtypmod from d join pg_type t using (oid) where t.typtype = 'd')"
    " select d.oid, d.mod from d join pg_type t using (oid) where t.typtype <> 'd')"
)
"""The type of a column `a` of `pg_attribute`, or where that is a domain the type that it is made of."""
_TABLE = sql.SQL(
    "select n.nspname::text, c.relname::text, a.attname::text,"  # noqa: S608 - ours
    " case when t.typnamespace = 'pg_catalog'::regnamespace and t.typname <> 'char'"
    " then replace(f.name, '\"', '') else f.name end"
    " from pg_class c join pg_namespace n on n.oid = c.relnamespace"
    " join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped"
    f" join lateral {BASE_TYPE} b on true join pg_type t on t.oid = b.oid, format_type(b.oid, b.mod) f(name)"
    " where c.relkind in ('r', 'p') and {} order by a.attnum"
)
"""The server puts quotes around the names of its own types where `quote_all_identifiers` is on; `"char"` needs them."""
_SEEN = sql.SQL("c.relname = %s and pg_table_is_visible(c.oid)")
_QUALIFIED = sql.SQL("n.nspname = %s and c.relname = %s")
_KINDS = {"v": "a view", "m": "a materialized view", "f": "a foreign table"}
_KIND = sql.SQL("select c.relkind::text from pg_class c join pg_namespace n on n.oid = c.relnamespace where {}")
_ELSEWHERE = sql.SQL(
    "select n.nspname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace"
    " where c.relkind in ('r', 'p') and c.relname = %s and not pg_table_is_visible(c.oid) order by 1"
)
_ALL = sql.SQL("n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast', 'baileys_cleanup')")


def find_layout(connection: Connection, asked: Postgresql) -> Layout:
    """Return the layout that was asked for, as it lies in this database.

    Raises UsageProblem, naming the columns that are there, where it does not fit.
    """
    known = _KNOWN.get(asked.layout, Postgresql(asked.layout))
    given = {name: value for name in Postgresql.__slots__ if (value := getattr(asked, name)) is not None}
    wanted = replace(known, **given)
    assert wanted.keys_table, "settings/together.py has looked"
    assert wanted.company, "likewise"
    assert wanted.id, "likewise"
    assert wanted.value, "likewise"
    with as_usage_problem(f"the tables of the store {connection.shown} cannot be looked at"):
        keys = _table(connection, wanted.keys_table)
        creds = _table(connection, wanted.creds_table) if wanted.creds_table else None
    if keys is None:
        raise UsageProblem(_no_table(connection, wanted, "keys_table"))
    needed = (wanted.company, wanted.type, wanted.id, wanted.value, wanted.updated if asked.updated else None)
    columns = [name for name in needed if name]
    _require(connection, wanted, keys, columns)
    creds_value = wanted.creds or "creds"
    if wanted.creds_table:
        if creds is None:
            raise UsageProblem(_no_table(connection, wanted, "creds_table"))
        _require(connection, wanted, creds, [wanted.company, creds_value])
    updated = wanted.updated if wanted.updated in keys.columns else None
    if updated and not keys.columns[updated].startswith("timestamp"):
        raise UsageProblem(
            f"the column {shown(updated)} of the table {_name(keys)} is of type {keys.columns[updated]}; allowed for"
            " postgresql.updated: timestamp with or without time zone"
        )
    return Layout(
        wanted.layout,
        _form(wanted),
        keys,
        wanted.company,
        wanted.type,
        wanted.id,
        wanted.value,
        updated,
        creds,
        wanted.company,
        creds_value,
    )


def _form(wanted: Postgresql) -> Form:
    if wanted.layout in _FORMS:
        return _FORMS[wanted.layout]
    if wanted.type is not None:
        return Form.SPLIT
    return Form.FILE if wanted.ids == "file" else Form.WORD


def _table(connection: Connection, name: str) -> Table | None:
    rows = _asked(connection, _TABLE, name)
    return Table((rows[0][0], rows[0][1]), {column: kind for _, _, column, kind in rows}) if rows else None


def _require(connection: Connection, wanted: Postgresql, table: Table, columns: Sequence[str]) -> None:
    """Raise UsageProblem, naming what is there, where a table lacks a column."""
    missing = [column for column in columns if column not in table.columns]
    if not missing:
        return
    of_keys = wanted.id in columns
    raise UsageProblem(
        f"the table {_name(table)} does not fit the layout {wanted.layout}: it has the columns"
        f" {few(table.columns, 20)}, and lacks {few(missing)}{_in_one_value(wanted, table) if of_keys else ''}"
        f"{_fitting(connection, wanted)}"
    )


def _in_one_value(wanted: Postgresql, table: Table) -> str:
    """Tell where no column could name a key: then they lie in one value, and none can be taken out alone."""
    others = set(table.columns) - {wanted.company, "created_at", "updated_at", "createdAt", "updatedAt"}
    names_keys = {name for name in others if table.columns[name].startswith(("text", "character")) and name != "creds"}
    if names_keys - {wanted.value}:
        return ""
    return "; the keys of a company seem to lie in a single value there, and such a store cannot be cleaned key by key"


def _asked(connection: Connection, question: sql.SQL, name: str) -> list[tuple[Any, ...]]:
    parts = tuple(name.split("."))
    return connection.rows(question.format(_SEEN if len(parts) == 1 else _QUALIFIED), parts)


def _no_table(connection: Connection, wanted: Postgresql, setting: str) -> str:
    name: str = getattr(wanted, setting)
    for (kind,) in _asked(connection, _KIND, name):
        if kind in _KINDS:
            return f"{shown(name)} is {_KINDS[kind]}; allowed for postgresql.{setting}: a table of this database"
    schemas = [] if "." in name else [f"{schema}.{name}" for (schema,) in connection.rows(_ELSEWHERE, [name])]
    if schemas:
        others = f" (also there: {few(schemas[1:])})" if schemas[1:] else ""
        return (
            f"the table {shown(name)} lies in a schema that the search path leaves out:"
            f' postgresql.{setting} = "{shown(schemas[0])}"{others}'
        )
    rows = connection.rows(_TABLE.format(_ALL))
    there = list(dict.fromkeys(row[1] for row in rows))
    return (
        f"there is no table {shown(name)} in this database for the layout {wanted.layout}; it has"
        f" {few(there) or 'no table that this role may see'}{_fitting(connection, wanted)}"
    )


def _fitting(connection: Connection, wanted: Postgresql) -> str:
    """Return the way on where tables have the columns of a layout that we know: what is to be set beside what is."""
    tables: dict[str, set[str]] = {}
    for _, table, column, _ in connection.rows(_TABLE.format(_ALL)):
        tables.setdefault(table, set()).add(column)
    for name, layout in _KNOWN.items():
        keys_set = _set(wanted, layout, "keys_table")
        keys = _having(tables, {layout.company, layout.type, layout.id, layout.value}, keys_set)
        if keys is None:
            continue
        ways = [] if name == wanted.layout else [f'postgresql.layout = "{name}"']
        ways += [] if keys == keys_set else [f'postgresql.keys_table = "{shown(keys)}"']
        fits = f"the table {shown(keys)} has the columns of the layout {name}: " if ways else ""
        ways += _creds_way(tables, layout, _set(wanted, layout, "creds_table"))
        if ways:
            return f"; {fits}{' and '.join(ways)}"
    return ""


def _creds_way(tables: Mapping[str, set[str]], layout: Postgresql, creds_set: str | None) -> list[str]:
    """Return what is to be set for the table of creds of a layout, nothing where the one in force is right."""
    if creds_set is None or layout.creds_table is None:
        return []
    creds = _having(tables, {layout.company, layout.creds}, creds_set)
    if creds is None:
        return [f"postgresql.creds_table names a table with the columns {layout.company} and {layout.creds}"]
    return [] if creds == creds_set else [f'postgresql.creds_table = "{shown(creds)}"']


def _having(tables: Mapping[str, set[str]], columns: set[str | None], preferred: str | None) -> str | None:
    """Return a table that has these columns, the preferred one where it does, None where none has."""
    fitting = [table for table, there in tables.items() if columns - {None} <= there]
    named = [table for table in fitting if preferred is not None and table == preferred.rpartition(".")[2]]
    return preferred if named else next(iter(fitting), None)


def _set(wanted: Postgresql, layout: Postgresql, setting: str) -> str | None:
    """Return what a setting would be in a layout: as it was given, else as the layout has it."""
    given = getattr(wanted, setting)
    default = getattr(_KNOWN.get(wanted.layout, Postgresql()), setting)
    found: str | None = given if given != default else getattr(layout, setting)
    return found


def _name(table: Table) -> str:
    return shown(".".join(table.name))
