"""The tool's own schema beside the bot's tables: what it remembers, and what it removed and may bring back.

The bot's own tables are never altered.
"""

from psycopg import sql

from baileys_cleanup.errors import NotWritable
from baileys_cleanup.store.postgresql.connection import Connection
from baileys_cleanup.store.postgresql.trouble import as_not_writable

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


def exists(connection: Connection) -> bool:
    """Tell whether the tool's own schema is there, whole. Raises psycopg.Error."""
    question = sql.SQL(
        "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname = %s and c.relkind = 'r' and c.relname = any(%s)"
    )
    return bool(connection.rows(question, [SCHEMA, list(TABLES)])[0][0] == len(TABLES))


def prepare(connection: Connection) -> None:
    """Make the tool's own schema where it is missing. Raises NotWritable where this role may not."""
    with as_not_writable(
        f"the schema {SCHEMA} cannot be made; `baileys-cleanup migrate --prepare` makes it as a role that may"
    ):
        if connection.state().replica:
            raise NotWritable("the server is a replica, and takes no writes: name the primary")
        if exists(connection):
            return
        with connection.transaction(writes=True) as cursor:
            # Two that begin at once would both find it missing.
            cursor.execute("select pg_advisory_xact_lock(hashtextextended('baileys_cleanup schema', 0))")
            cursor.execute(f"create schema if not exists {SCHEMA}")
            for name, columns in TABLES.items():
                cursor.execute(f"create table if not exists {SCHEMA}.{name} ({columns})")
