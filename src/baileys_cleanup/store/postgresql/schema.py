"""The tool's own schema beside the bot's tables: what it remembers, and what it removed and may bring back.

The bot's own tables are never altered.
"""

from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from baileys_cleanup.errors import LockHeld, NotWritable
from baileys_cleanup.output.text import shown
from baileys_cleanup.store.postgresql.connection import Connection, ServerState
from baileys_cleanup.store.postgresql.trouble import as_not_writable, in_words

SCHEMA = "baileys_cleanup"
TABLES = {
    "records": "part text, name text, record json not null, primary key (part, name)",
    "runs": "run_id text primary key, started bigint not null, undo_days integer not null, state text not null,"
    " shard text not null default ''",
    "quarantine": "run_id text, company text, name text, source text not null, row json not null,"
    " size bigint not null, modified bigint, pairing text, rule text not null,"
    " taken_at timestamptz not null default clock_timestamp(), primary key (run_id, company, name)",
    "audit": "number bigserial primary key, at timestamptz not null default clock_timestamp(), event text not null,"
    " run_id text, company text, name text, rule text, size bigint, modified bigint, more json",
    "ledger": "company text, key_type text, key_id text, mark text not null, since timestamptz not null,"
    " primary key (company, key_type, key_id)",
    "aside": "run_id text, company text, why text not null, started bigint not null, former boolean not null,"
    " primary key (run_id, company)",
    "set_aside": "number bigserial primary key, run_id text not null, company text not null, part text not null,"
    " row json not null, size bigint not null",
    "lease": "name text primary key, token text not null, holder text not null, pid integer,"
    " until timestamptz not null",
}
"""What the tool keeps. A row goes into the quarantine as `json`, which keeps the text of a value as it is."""


_ACCESS = sql.SQL(
    "select count(*) filter (where c.relkind = 'r' and c.relname = any(%s)) = %s,"
    " bool_and(usage and (c.relkind <> 'r' or has_table_privilege(c.oid, 'select'))),"
    " bool_and(usage and case c.relkind when 'S' then has_sequence_privilege(c.oid, 'usage') when 'r' then"
    " (select bool_and(has_table_privilege(c.oid, p)) from unnest(array['select', 'insert', 'update', 'delete']) p)"
    " else true end) from pg_class c join pg_namespace n on n.oid = c.relnamespace,"
    " lateral has_schema_privilege(n.oid, 'usage') usage where n.nspname = %s"
)


class Access(NamedTuple):
    """Whether the tool's own schema is there, whole, and what this role may do in all of it."""

    there: bool
    reads: bool
    writes: bool


def access(connection: Connection) -> Access:
    """Return what there is of the tool's own schema for this role. Raises psycopg.Error."""
    there, reads, writes = connection.rows(_ACCESS, [list(TABLES), len(TABLES), SCHEMA])[0]
    return Access(there, bool(there and reads), bool(there and writes))


def lacking(role: str, *, writes: bool) -> str:
    """Return in words that a role may not work in the schema that another one made, and the statements that let it."""
    rights = "SELECT, INSERT, UPDATE, DELETE" if writes else "SELECT"
    name = sql.Identifier(role).as_string()
    return (
        f"the role {shown(role)} lacks rights in the schema {SCHEMA}, which another role made: GRANT USAGE ON SCHEMA"
        f" {SCHEMA} TO {shown(name)}; GRANT {rights} ON ALL TABLES IN SCHEMA {SCHEMA} TO {shown(name)}"
        + (f"; GRANT USAGE ON ALL SEQUENCES IN SCHEMA {SCHEMA} TO {shown(name)}" if writes else "")
    )


def to_make(server: ServerState) -> str:
    """Return what lets this role make the schema, or another one make it for this."""
    database, role = (sql.Identifier(name).as_string() for name in (server.database, server.role))
    return (
        f"GRANT CREATE ON DATABASE {shown(database)} TO {shown(role)}, or let `baileys-cleanup migrate --prepare` make"
        " it as a role that may"
    )


def _wait_for_others(cursor: "psycopg.Cursor[tuple[Any, ...]]") -> None:
    """Let one after the other make the schema: two that begin at once would both find it missing."""
    try:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('baileys_cleanup schema', 0))")
    except psycopg.errors.LockNotAvailable:
        raise LockHeld(f"another run is making the schema {SCHEMA}; nothing was touched") from None


def prepare(connection: Connection) -> None:
    """Make the tool's own schema where it is missing.

    Raises NotWritable where this role may not, LockHeld where another run is held up in making it.
    """
    what = f"the schema {SCHEMA} cannot be made in {connection.shown}"
    with as_not_writable(what):
        server, found = connection.state(), access(connection)
        if server.replica:
            raise NotWritable("the server is a replica, and takes no writes: name the primary")
        if found.there and not found.writes:
            raise NotWritable(lacking(server.role, writes=True))
        if found.there:
            return
        try:
            with connection.transaction(writes=True) as cursor:
                _wait_for_others(cursor)
                cursor.execute(f"create schema if not exists {SCHEMA}")
                for name, columns in TABLES.items():
                    cursor.execute(f"create table if not exists {SCHEMA}.{name} ({columns})")
        except psycopg.errors.InsufficientPrivilege as error:
            raise NotWritable(f"{what}: {in_words(error)}: {to_make(server)}") from None
