"""What is wrong with a database as a store of keys, whatever a cleanup does. No value leaves the server for it."""

from psycopg import sql

from baileys_cleanup.store.faults import INDEXED_BYTES, indexed_keys
from baileys_cleanup.store.postgresql.connection import Connection
from baileys_cleanup.store.postgresql.layouts import Form, Layout
from baileys_cleanup.store.postgresql.statements import Statements

_INDEXED = sql.SQL(
    "select {company}, count(*) from {keys} r where {is_identity_key} and {text} ~ {indexed} group by 1 order by 1"
)


def find_faults(connection: Connection, layout: Layout, parts: Statements) -> list[str]:
    """Return what is wrong, a sentence each with what to do. Raises psycopg.Error."""
    if layout.form is Form.SPLIT:
        is_identity_key = sql.SQL("{} = 'identity-key'").format(parts.key_type)
    elif layout.form is Form.JOINED:  # also where the id of a company looks like one
        is_identity_key = sql.SQL("strpos({}, ':identity-key-') > 0").format(
            sql.SQL("r.{}").format(sql.Identifier(layout.key_id))
        )
    else:
        is_identity_key = sql.SQL("starts_with({}, 'identity-key-')").format(parts.key_id)
    value = sql.SQL("r.{}").format(sql.Identifier(layout.value))
    if layout.keys.columns[layout.value] == "bytea":
        text = sql.SQL("convert_from(substr({}, 1, 16), 'LATIN1')").format(value)
    else:
        text = sql.SQL("left({}::text, 16)").format(value)
    query = _INDEXED.format(
        company=parts.company,
        keys=layout.keys.identifier,
        is_identity_key=is_identity_key,
        text=text,
        indexed=sql.Literal(INDEXED_BYTES),
    )
    found = {company: number for company, number in connection.rows(query) if company is not None}
    return [indexed_keys(found)] if found else []
