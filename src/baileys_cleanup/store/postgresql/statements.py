"""The parts of statements that hang on the layout: names of columns, and what they have to be equal to."""

from typing import NamedTuple

from psycopg import sql

from baileys_cleanup.store.key_names import TYPES
from baileys_cleanup.store.postgresql.layouts import JOINED_CREDS, Form, Layout, Table

_TEXT = ("text", "character varying")
_JSON = ("json", "jsonb")
# The company is what stands before the first type that is known: its own id may hold a colon.
_JOINED = rf"^(.*?):({JOINED_CREDS}|(?:{'|'.join(TYPES)})-.*)$"


class Statements(NamedTuple):
    """Expressions over a row `r` of the keys. `is_company` takes the company's id as its one parameter."""

    company: sql.Composable
    key_type: sql.Composable
    key_id: sql.Composable
    is_company: sql.Composable


def statements(layout: Layout) -> Statements:
    """Return the expressions of a layout."""
    if layout.form is Form.JOINED:
        column = _column("r", layout.company)
        match = sql.SQL("regexp_match({}, {})").format(column, sql.Literal(_JOINED))
        company = sql.SQL("({})[1]").format(match)
        return Statements(
            company,
            sql.Literal(""),
            sql.SQL("({})[2]").format(match),
            # No range: under an ICU collation one finds nothing.
            sql.SQL("({c} = %(company)s and starts_with({r}, %(company)s || ':'))").format(c=company, r=column),
        )
    text = sql.SQL("{}::text")
    return Statements(
        text.format(_column("r", layout.company)),
        text.format(_column("r", layout.key_type)) if layout.key_type else sql.Literal(""),
        text.format(_column("r", layout.key_id)),
        is_company(layout.keys, "r", layout.company),
    )


def is_company(table: Table, alias: str, column: str) -> sql.Composable:
    """Return that a column is the company's id, in the column's own type: so that an index serves."""
    kind = table.columns[column]
    value: sql.Composable = sql.SQL("%(company)s")
    if not kind.startswith(_TEXT):
        value = sql.SQL("%(company)s::text::{}").format(sql.SQL(kind))  # from the catalog
    return sql.SQL("{} = {}").format(_column(alias, column), value)


def is_json(table: Table, column: str) -> bool:
    """Tell whether a column is of a JSON type, so that the server can take it apart."""
    return table.columns[column] in _JSON


def moment(expression: sql.Composable) -> sql.Composable:
    """Return a moment in nanoseconds since the epoch, null where it is none."""
    return sql.SQL("case when isfinite({0}) then (extract(epoch from {0}) * 1000000)::bigint * 1000 end").format(
        expression
    )


def updated(table: Table, name: str) -> sql.Composable:
    """Return when a row was updated by its own column. Without a zone it may be of UTC or the server's: the later."""
    column = _column("r", name)
    if table.columns[name].endswith("without time zone"):
        return sql.SQL("greatest({0} at time zone 'UTC', {0} at time zone current_setting('TimeZone'))").format(column)
    return column


def _column(alias: str, name: str) -> sql.Composable:
    return sql.SQL("{}.{}").format(sql.Identifier(alias), sql.Identifier(name))
