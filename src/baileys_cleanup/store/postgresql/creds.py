"""Where creds lie in a layout, and what is asked of them: only what `decision/account.py` reads leaves the server."""

from collections.abc import Sequence
from typing import NamedTuple

from psycopg import sql

from baileys_cleanup.decision.names import CREDS_LIMIT
from baileys_cleanup.store.postgresql import escapes
from baileys_cleanup.store.postgresql.dates import Dates
from baileys_cleanup.store.postgresql.layouts import CREDS_KEY, JOINED_CREDS, Form, Layout, Table
from baileys_cleanup.store.postgresql.statements import JSON, Statements, among, is_company, moment, updated

_PUBLIC = (
    "(select case jsonb_typeof(c.v) when 'object' then jsonb_build_object("
    "'me', case when jsonb_typeof(c.v->'me') = 'object'"
    " then jsonb_build_object('id', c.v#>'{{me,id}}', 'lid', c.v#>'{{me,lid}}') else c.v->'me' end,"
    " 'nextPreKeyId', c.v->'nextPreKeyId', 'firstUnuploadedPreKeyId', c.v->'firstUnuploadedPreKeyId',"
    " 'signedIdentityKey', jsonb_build_object('public', c.v#>'{{signedIdentityKey,public}}'))::text"
    " when 'string' then c.v#>>'{{}}' else case when c.v is not null then 'null' end end"
    " from (select {value} as v) c)"
)


class CredsPlace(NamedTuple):
    """The table and column of creds, over a row `r`. `key` is what they are called among the keys.

    `is_company` takes the parameters `company` and `creds` (`key`), `among` takes `companies` and `creds_of` (`keys`).
    """

    table: Table
    key: str
    company: sql.Composable
    is_company: sql.Composable
    among: sql.Composable
    value: sql.Composable
    kind: str
    written: sql.Composable

    @property
    def is_json(self) -> bool:
        """Whether the server can take the value apart."""
        return self.kind in JSON

    @property
    def fits(self) -> sql.Composable:
        """That the value is not too long to be creds."""
        if self.is_json:
            return sql.SQL("true")
        return sql.SQL("octet_length({}) <= {}").format(self.value, sql.Literal(CREDS_LIMIT))

    @property
    def said(self) -> sql.Composable:
        """The public part where the server can tell it, else the whole."""
        if not self.is_json:
            return self.value
        # A `json` may hold what a `jsonb` does not take, half an emoji in a name; no public part does.
        value = self.value if self.kind == "jsonb" else escapes.without(self.value, "jsonb")
        return sql.SQL(_PUBLIC).format(value=value)

    def keys(self, raw_ids: Sequence[str]) -> list[str]:
        """Return what the creds of companies are called where their ids stand before it."""
        return [f"{raw_id}:{self.key}" for raw_id in raw_ids]


def creds_place(layout: Layout, parts: Statements, dates: Dates) -> CredsPlace:
    """Return where creds lie in a layout; `written` is null where nobody can tell it of a table of their own."""
    table = layout.creds or layout.keys
    column = layout.creds_value if layout.creds else layout.value
    key = JOINED_CREDS if layout.form is Form.JOINED else CREDS_KEY
    company = parts.company
    if layout.creds is not None:
        company = sql.SQL("r.{}::text").format(sql.Identifier(layout.creds_company))
        one: sql.Composable = is_company(layout.creds, "r", layout.creds_company)
        several: sql.Composable = among(layout.creds, "r", layout.creds_company)
    elif layout.form is Form.JOINED:
        one = sql.SQL("r.{} = %(company)s || ':' || %(creds)s").format(sql.Identifier(layout.key_id))
        several = sql.SQL("r.{} = any(%(creds_of)s::text[])").format(sql.Identifier(layout.key_id))
    else:
        one = sql.SQL("{} and {} = %(creds)s").format(parts.is_company, parts.key_id)
        several = sql.SQL("{} and {} = {}").format(parts.among, parts.key_id, sql.Literal(key))
    written: sql.Composable = sql.SQL("null::bigint")
    if layout.updated is not None and table.columns.get(layout.updated, "").startswith("timestamp"):
        written = moment(updated(table, layout.updated))
    elif dates.tracked:
        written = moment(sql.SQL("pg_xact_commit_timestamp(r.xmin)"))
    value = sql.SQL("r.{}").format(sql.Identifier(column))
    return CredsPlace(table, key, company, one, several, value, table.columns[column], written)
