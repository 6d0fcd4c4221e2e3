"""The small records and the audit log, as rows of the tool's own schema."""

import json
from typing import Any

from psycopg import sql

from baileys_cleanup.store.postgresql.connection import Connection
from baileys_cleanup.store.postgresql.trouble import as_os_error

_NAMES = sql.SQL("select name from baileys_cleanup.records where part = %s order by name")
_READ = sql.SQL("select record::text from baileys_cleanup.records where part = %s and name = %s")
WRITE = sql.SQL(
    "insert into baileys_cleanup.records (part, name, record) values (%s, %s, %s)"
    " on conflict (part, name) do update set record = excluded.record"
)
_RULES = sql.SQL(
    "select name, rule from baileys_cleanup.quarantine where run_id = %(run)s and company = %(company)s"
    " union select name, rule from baileys_cleanup.audit"
    " where event = 'remove' and run_id = %(run)s and company = %(company)s"
)
_LINE = sql.SQL(
    "insert into baileys_cleanup.audit (event, run_id, company, name, rule, size, modified, more)"
    " values (%s, %s, %s, %s, %s, %s, %s, %s)"
)
_COLUMNS = ("run", "company", "file", "rule", "size", "modified")


class PostgresqlRecords:
    """Records of JSON by part and name."""

    def __init__(self, connection: Connection, place: str) -> None:
        self._connection = connection
        self._place = place

    def where(self, part: str = "", name: str = "") -> str:
        """Return where the records of a part lie, or one of them, for people."""
        named = {"part": part, "name": name}
        return ", ".join([self._place, "table records", *(f"{what} {word!r}" for what, word in named.items() if word)])

    def names(self, part: str) -> list[str]:
        """Return the names of all records of a part, sorted."""
        with as_os_error():
            return [row[0] for row in self._connection.rows(_NAMES, [part])]

    def read(self, part: str, name: str) -> dict[str, Any]:
        """Return a record; empty where it is JSON, but no object."""
        with as_os_error():
            rows = self._connection.rows(_READ, [part, name])
        if not rows:
            raise FileNotFoundError(name)
        said = json.loads(rows[0][0])
        return said if isinstance(said, dict) else {}

    def write(self, part: str, name: str, record: dict[str, Any], *, durable: bool = True) -> None:  # noqa: ARG002 - it always is
        """Write a record in one step."""
        with as_os_error():
            self._connection.write(WRITE, [part, name, json.dumps(record)])


class PostgresqlAudit:
    """The audit log. What a removal says of itself is written with it, in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def write(self, event: str, **fields: str | int | None) -> None:
        """Write one line. Raises OSError when it could not be written: then nothing may follow."""
        known = [fields.pop(name, None) for name in _COLUMNS]
        with as_os_error():
            self._connection.write(_LINE, [event, *known, json.dumps(fields) if fields else None])


def rules_of(connection: Connection, run_id: str, company_id: str) -> dict[str, str]:
    """Return by which rule a run removed each key of a company."""
    return dict(connection.rows(_RULES, {"run": run_id, "company": company_id}))
