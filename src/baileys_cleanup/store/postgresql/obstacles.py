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
_UNFAITHFUL = sql.SQL(
    "with recursive t(name, own, oid, inside) as ("
    "select a.attname::text, format_type(a.atttypid, a.atttypmod), a.atttypid, false from pg_attribute a"
    " where a.attrelid = %s::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''"
    " union select t.name, t.own, n.oid, t.inside or n.inside from t join pg_type p using (oid), lateral ("
    "select p.typbasetype, false where p.typtype = 'd'"
    " union all select p.typelem, true where p.typcategory = 'A'"
    " union all select a.atttypid, true from pg_attribute a"
    " where p.typtype = 'c' and a.attrelid = p.typrelid and a.attnum > 0 and not a.attisdropped) n(oid, inside))"
    " select name, own from (select t.name, t.own, t.inside, t.oid in ('json'::regtype, 'jsonb'::regtype) as is_json,"
    " p.typtype = 'd' and p.typnotnull as demands, exists (select from pg_cast c where c.castsource = t.oid"
    " and c.casttarget = 'json'::regtype and c.oid >= 16384) as is_cast from t join pg_type p using (oid)) k"
    " group by name, own"
    " having bool_or(is_json and inside) or bool_or(is_cast) or (bool_or(is_json) and bool_or(demands)) order by name"
)
"""Columns of which a row that is kept as JSON says too little: the null of JSON in a list, or in a domain that takes no
other; and what has a form of its own in JSON."""
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
    unfaithful = connection.rows(_UNFAITHFUL, [name])
    if unfaithful:
        column, kind = unfaithful[0]
        return (
            f"the column {shown(column)} of the table {name} is of type {shown(kind)}, of which not every value could"
            " come back as it was; allowed: what has no JSON inside of a list or a composite, no cast to json of its"
            " own, and is no domain over JSON that is NOT NULL"
        )
    hidden = connection.rows(_POLICIES, values)[0][0]
    if hidden:
        return f"the row security of the table {name} has no policy that lets this role {hidden} rows there"
    return None
