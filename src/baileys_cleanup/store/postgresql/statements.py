"""The parts of statements that hang on the layout: names of columns, and what they have to be equal to."""

import re
from typing import NamedTuple

from psycopg import sql

from baileys_cleanup.store.key_names import TYPES
from baileys_cleanup.store.postgresql.layouts import CREDS_KEY, JOINED_CREDS, Form, Layout, Table

_TEXT = ("text", "character varying")
JSON = ("json", "jsonb")
"""The types that the server can take apart."""
# The company is what stands before the first type that is known: its own id may hold a colon.
_JOINED = rf"^(.*?):({JOINED_CREDS}|(?:{'|'.join(TYPES)})-.*)$"


_LIKE = [*(f"{key_type}-_%%" for key_type in TYPES), JOINED_CREDS.replace("_", r"\_")]
"""How what follows the company begins. The percent sign is doubled: these stand in statements with parameters."""


class Statements(NamedTuple):
    """Expressions over a row `r` of the keys.

    `is_company` takes a company's id as the parameter `company`, `among` several ids as `companies`.
    """

    company: sql.Composable
    key_type: sql.Composable
    key_id: sql.Composable
    is_company: sql.Composable
    among: sql.Composable


def statements(layout: Layout) -> Statements:
    """Return the expressions of a layout."""
    if layout.form is Form.JOINED:
        return _joined(_column("r", layout.company))
    text = sql.SQL("{}::text")
    return Statements(
        text.format(_column("r", layout.company)),
        _key_type(layout),
        text.format(_column("r", layout.key_id)),
        is_company(layout.keys, "r", layout.company),
        among(layout.keys, "r", layout.company),
    )


def _key_type(layout: Layout) -> sql.Composable:
    """Return the type of a key: that of creds among keys with types may be none at all, because no bot asks for it."""
    if layout.key_type is None:
        return sql.Literal("")
    own = sql.SQL("{}::text").format(_column("r", layout.key_type))
    if not layout.has_typed_creds:
        return own
    return sql.SQL("case when {} = {} then coalesce({own}, '') else {own} end").format(
        sql.SQL("{}::text").format(_column("r", layout.key_id)), sql.Literal(CREDS_KEY), own=own
    )


def read_as(raw_id: str) -> str | None:
    """Return whose keys those after an id would be taken for, where ids stand before keys; None: for its own."""
    found = re.search(rf":(?:{'|'.join(TYPES)})-", raw_id)
    return raw_id[: found.start()] if found else None


def _joined(column: sql.Composable) -> Statements:
    """Return the expressions of a key that begins with its company's id.

    The first colon ends the id of nearly every company, and that is cheap to see; the expression that goes by the types
    takes a hundred times as long. No range over the column: under an ICU collation one finds nothing.
    """
    plain = sql.SQL("strpos({0}, ':') > 0 and substr({0}, strpos({0}, ':') + 1) like any ({1})").format(
        column, sql.Literal(_LIKE)
    )
    match = sql.SQL("regexp_match({}, {})").format(column, sql.Literal(_JOINED))
    either = sql.SQL("case when {plain} then {cheap} else ({match})[{part}] end")
    company = either.format(
        plain=plain, cheap=sql.SQL("split_part({}, ':', 1)").format(column), match=match, part=sql.Literal(1)
    )
    key_id = either.format(
        plain=plain,
        cheap=sql.SQL("substr({0}, strpos({0}, ':') + 1)").format(column),
        match=match,
        part=sql.Literal(2),
    )
    return Statements(
        company,
        sql.Literal(""),
        key_id,
        sql.SQL("(starts_with({r}, %(company)s || ':') and {c} = %(company)s)").format(c=company, r=column),
        sql.SQL("{} = any(%(companies)s::text[])").format(company),
    )


def is_company(table: Table, alias: str, column: str) -> sql.Composable:
    """Return that a column is the company's id: in the column's own type, so that an index serves, and to the byte.

    A type or a collation that takes two ids for one would bring another company's rows.
    """
    kind = table.columns[column]
    value: sql.Composable = sql.SQL("%(company)s")
    if not kind.startswith(_TEXT):
        value = sql.SQL("%(company)s::text::{}").format(sql.SQL(kind))  # from the catalog
    return sql.SQL('({0} = {1} and {0}::text = %(company)s collate "C")').format(_column(alias, column), value)


def among(table: Table, alias: str, column: str) -> sql.Composable:
    """Return that a column is one of several companies' ids, in the column's own type."""
    kind = table.columns[column]
    value: sql.Composable = sql.SQL("%(companies)s::text[]")
    if not kind.startswith(_TEXT):
        value += sql.SQL("::") + sql.SQL(kind) + sql.SQL("[]")
    return sql.SQL("{} = any({})").format(_column(alias, column), value)


def is_json(table: Table, column: str) -> bool:
    """Tell whether a column is of a JSON type, so that the server can take it apart."""
    return table.columns[column] in JSON


def moment(expression: sql.Composable) -> sql.Composable:
    """Return a moment in microseconds since the epoch, null where it is none.

    As a double it is exact to the microsecond until the year 2100; as a numeric it costs more than all else of a row.
    """
    return sql.SQL("case when isfinite({0}) then (date_part('epoch', {0}) * 1000000)::bigint end").format(expression)


def has_zone(table: Table, name: str) -> bool:
    """Tell whether a column of moments has a time zone."""
    return not table.columns[name].endswith("without time zone")


def updated(table: Table, name: str) -> sql.Composable:
    """Return when a row was updated by its own column. Without a zone it may be of UTC or the server's: the later."""
    column = _column("r", name)
    if has_zone(table, name):
        return column
    return sql.SQL("greatest({0} at time zone 'UTC', {0} at time zone current_setting('TimeZone'))").format(column)


def without_zone(moment: sql.Composable) -> sql.Composable:
    """Return a moment as a column without a zone has to hold it, so that `updated` reads that very moment."""
    return sql.SQL("least({0} at time zone 'UTC', {0} at time zone current_setting('TimeZone'))").format(moment)


def _column(alias: str, name: str) -> sql.Composable:
    return sql.SQL("{}.{}").format(sql.Identifier(alias), sql.Identifier(name))
