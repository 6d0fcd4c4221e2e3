"""What stands in the way of a removal: rights that are missing, and tables of which rows would not come back whole."""

from psycopg import sql

from baileys_cleanup.output.text import few, shown
from baileys_cleanup.store.postgresql import schema
from baileys_cleanup.store.postgresql.connection import Connection, ServerState
from baileys_cleanup.store.postgresql.layouts import Layout, Table

_RIGHTS = sql.SQL(
    "select coalesce(string_agg(p, ', '), '') from unnest(array['SELECT', 'UPDATE', 'DELETE', 'INSERT']) p"
    " where not has_table_privilege(%s::regclass, p)"
)
_MAY_MAKE = sql.SQL("select has_database_privilege(current_database(), 'CREATE')")
_DRAGGED = sql.SQL(
    "select c.conname::text, c.conrelid::regclass::text from pg_constraint c"
    " where c.contype = 'f' and c.confrelid = %(table)s::regclass and c.confdeltype in ('c', 'n', 'd')"
    " and c.conrelid <> all(select relid from pg_partition_tree(%(but)s::regclass) union select %(but)s::regclass)"
    " order by 2, 1 limit 1"
)
_HEIRS = sql.SQL(
    "select i.inhrelid::regclass::text from pg_inherits i join pg_class c on c.oid = i.inhparent"
    " where i.inhparent = %s::regclass and c.relkind = 'r' order by 1"
)
_POLICIES = sql.SQL(
    "select coalesce(string_agg(w.name, ', ' order by w.name), '')"
    " from (values ('w', 'UPDATE'), ('d', 'DELETE'), ('a', 'INSERT')) w(command, name)"
    " where row_security_active(%(table)s::regclass) and not exists (select from pg_policy p"
    " where p.polrelid = %(table)s::regclass and p.polpermissive and p.polcmd in ('*', w.command::\"char\")"
    " and (0 = any(p.polroles) or exists (select from unnest(p.polroles) r where pg_has_role(r, 'usage'))))"
)


def why_no_rights(connection: Connection, server: ServerState, layout: Layout, access: schema.Access) -> str | None:
    """Return why this role may not remove. Raises psycopg.Error."""
    name = layout.keys.identifier.as_string()
    missing = connection.rows(_RIGHTS, [name])[0][0]
    if missing:
        return f"the role {shown(server.role)} lacks the right to {missing} on the table {name}"
    if access.there:
        return None if access.writes else schema.lacking(server.role, writes=True)
    if not connection.rows(_MAY_MAKE)[0][0]:
        return f"the role {shown(server.role)} may not make the schema {schema.SCHEMA}: {schema.to_make(server)}"
    return None


def why_not_whole(connection: Connection, table: Table, but: Table) -> str | None:
    """Return why rows of a table may not go: more would go with them than could come back, or less than it seems.

    `but` is a table that is emptied before, and so may refer to this one. Raises psycopg.Error.
    """
    name = table.identifier.as_string()
    values = {"table": name, "but": but.identifier.as_string()}
    dragged = connection.rows(_DRAGGED, values)
    if dragged:
        constraint, other = dragged[0]
        return (
            f"the table {shown(other)} refers to {name} by the foreign key {shown(constraint)}, which deletes or"
            " changes rows there with each row that goes, and nothing could bring those back; allowed: a foreign key"
            " without ON DELETE CASCADE, SET NULL or SET DEFAULT"
        )
    heirs = [row[0] for row in connection.rows(_HEIRS, [name])]
    if heirs:
        return (
            f"tables inherit from {name} ({few(heirs)}), and their rows could not come back to where they were;"
            " allowed: a table of its own, or one with partitions"
        )
    hidden = connection.rows(_POLICIES, values)[0][0]
    if hidden:
        return f"the row security of the table {name} has no policy that lets this role {hidden} rows there"
    return None
