"""One company in the database: its rows by the names of files, their dates, and who it belongs to."""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

import psycopg
from psycopg import sql

from baileys_cleanup.decision.account import ABSENT, Account, read_account, unreadable
from baileys_cleanup.decision.ages import Young
from baileys_cleanup.decision.names import CREDS_LIMIT, CREDS_NAME, Kind, kind_of
from baileys_cleanup.decision.verdict import AuthFile
from baileys_cleanup.errors import CredsUnreadable
from baileys_cleanup.output.text import size
from baileys_cleanup.store.company import Listing, Look
from baileys_cleanup.store.key_names import read_file_name
from baileys_cleanup.store.postgresql.database import Database
from baileys_cleanup.store.postgresql.layouts import CREDS_KEY, JOINED_CREDS, Form, Table
from baileys_cleanup.store.postgresql.stamp import Stamp
from baileys_cleanup.store.postgresql.statements import is_company, is_json, moment, updated
from baileys_cleanup.store.postgresql.trouble import as_company_problem

_ROWS = sql.SQL(
    "select {key_type}, {key_id}, r.tableoid::bigint::text, r.ctid::text, r.xmin::text, pg_column_size(r.{value}),"
    " {date} from {keys} r {ledger} where {is_company}"
)
_LEDGER = sql.SQL(
    "left join baileys_cleanup.ledger l on l.company = %(company)s"
    " and l.key_type = {key_type} and l.key_id = {key_id} and l.mark = r.xmin::text"
)
# Only what `decision/account.py` reads: no private key leaves the server.
_PUBLIC = sql.SQL(
    "case jsonb_typeof(c.v) when 'object' then jsonb_build_object("
    "'me', case when jsonb_typeof(c.v->'me') = 'object'"
    " then jsonb_build_object('id', c.v#>'{me,id}', 'lid', c.v#>'{me,lid}') else c.v->'me' end,"
    " 'nextPreKeyId', c.v->'nextPreKeyId', 'firstUnuploadedPreKeyId', c.v->'firstUnuploadedPreKeyId',"
    " 'signedIdentityKey', jsonb_build_object('public', c.v#>'{signedIdentityKey,public}'))::text"
    " when 'string' then c.v#>>'{}' else jsonb_typeof(c.v) end"
)


class PostgresqlCompany:
    """One company. `seen` are its rows as the last listing found them."""

    def __init__(self, store: Database, company_id: str) -> None:
        self.id = company_id
        self.store = store
        self.seen: dict[str, AuthFile] = {}

    @property
    def raw_id(self) -> str:
        """The id as the database has it."""
        return self.store.raw_id(self.id)

    def names(self) -> Listing:
        """List the keys, dated in the same look: names, places and times alone, batch by batch."""
        with as_company_problem():
            found = [self._file(row) for row in self.store.connection.stream(self._rows, {"company": self.raw_id})]
            if self.store.layout.creds is not None:
                found += self._creds_file(self.store.layout.creds)
        times = Counter(file.name for file in found)
        # Two rows that would be one file: nobody can tell which of them the bot reads.
        double = sorted(name for name, number in times.items() if number > 1)
        self.seen = {file.name: file for file in found if times[file.name] == 1}
        return Listing(list(self.seen), double)

    @cached_property
    def _rows(self) -> sql.Composed:
        parts, layout, dates = self.store.statements, self.store.layout, self.store.dates
        ledger = _LEDGER.format(key_type=parts.key_type, key_id=parts.key_id) if dates.uses_ledger else sql.SQL("")
        if layout.updated is not None:
            date = moment(updated(layout.keys, layout.updated))
        elif dates.tracked:
            since = sql.SQL("pg_xact_commit_timestamp(r.xmin)")
            date = moment(sql.SQL("least({}, l.since)").format(since) if dates.uses_ledger else since)
        else:
            date = moment(sql.SQL("l.since")) if dates.uses_ledger else sql.SQL("null::bigint")
        return _ROWS.format(
            key_type=parts.key_type,
            key_id=parts.key_id,
            value=sql.Identifier(layout.value),
            date=date,
            keys=layout.keys.identifier,
            ledger=ledger,
            is_company=parts.is_company,
        )

    def _file(self, row: tuple[Any, ...]) -> AuthFile:
        key_type, key_id, table, place, xmin, held, when = row
        name = self.store.layout.file_name(key_type, key_id)
        by_column = self.store.layout.updated is not None
        in_ledger = when is None and not by_column
        # What nothing is known of is seen for the first time, and as young as that.
        modified = self.store.dates.now if in_ledger else when
        stamp = Stamp(key_type, key_id, (table, place), xmin, in_ledger)
        return AuthFile(name, kind_of(name), modified, held or 0, True, stamp, in_ledger)

    def _creds_file(self, table: Table) -> list[AuthFile]:
        """Return the row of creds as a file, dated where that can be told; nothing where there is none."""
        column = self.store.layout.updated
        if column is not None and table.columns.get(column, "").startswith("timestamp"):
            date = moment(updated(table, column))
        elif self.store.dates.tracked:
            date = moment(sql.SQL("pg_xact_commit_timestamp(r.xmin)"))
        else:
            date = sql.SQL("null::bigint")
        query = sql.SQL("select {} from {} r where {} limit 1").format(date, table.identifier, self.where_creds())
        rows = self.store.connection.rows(query, {"company": self.raw_id, "creds": self.creds_key})
        return [AuthFile(CREDS_NAME, kind_of(CREDS_NAME), row[0]) for row in rows]

    def deeper(self, strangers: Iterable[str]) -> list[str]:  # noqa: ARG002 - a table holds no folders
        """Return nothing: rows hold no companies."""
        return []

    def look(self, files: Iterable[AuthFile], wanted: Iterable[AuthFile]) -> Look:  # noqa: ARG002 - the listing dated all
        """Pass the files on: they were dated when they were listed."""
        return Look([self.seen.get(file.name, file) for file in files], [], {})

    def look_beyond(self, kind: Kind, names: Iterable[str], young: Young | None) -> Look:  # noqa: ARG002 - the names tell
        """Pass on those of the listed files that are not `young`."""
        passed: list[int] = []
        look = Look([], [], {}, passed)
        for name in names:
            file = self.seen[name]
            if young is not None and file.modified is not None and young.after < file.modified <= young.upto:
                passed.append(file.modified)
            else:
                look.files.append(file)
        return look

    def account(self, wait: Callable[[], object]) -> Account:
        """Read who owns the company; a value that does not parse is read once more after `wait`."""
        with as_company_problem():
            try:
                data = self._creds()
                try:
                    return ABSENT if data is None else read_account(data)
                except CredsUnreadable:
                    wait()
                    data = self._creds()
                    return ABSENT if data is None else read_account(data)
            except CredsUnreadable as problem:
                return unreadable(str(problem))
            except psycopg.DataError:
                return unreadable("is not valid JSON")

    def _creds(self) -> bytes | None:
        """Return the public part of creds where the server can tell it, else the whole; None where there is none."""
        layout = self.store.layout
        table, column = layout.creds or layout.keys, layout.creds_value if layout.creds else layout.value
        value = sql.SQL("r.{}").format(sql.Identifier(column))
        if is_json(table, column):
            question = sql.SQL("select {public} from (select {value}::jsonb as v from {table} r where {where}) c")
        else:
            question = sql.SQL("select {value} from {table} r where {where} and octet_length({value}) <= {limit}")
        where = self.where_creds()
        query = question.format(
            public=_PUBLIC,
            value=value,
            table=table.identifier,
            where=where,
            limit=sql.Literal(CREDS_LIMIT),
        )
        rows = self.store.connection.rows(query, {"company": self.raw_id, "creds": self.creds_key})
        if not rows and not is_json(table, column) and self._has_creds():
            raise CredsUnreadable(f"is larger than {size(CREDS_LIMIT)}")
        if len(rows) > 1:
            raise CredsUnreadable(f"is there in {len(rows)} rows")
        if not rows:
            return None
        said = rows[0][0]
        if said is None:
            raise CredsUnreadable("is empty")
        return said if isinstance(said, bytes) else str(said).encode("utf-8", "surrogatepass")

    def where_creds(self) -> sql.Composable:
        """Return what tells the row of creds, of the parameters `company` and `creds`."""
        layout = self.store.layout
        if layout.creds is not None:
            return is_company(layout.creds, "r", layout.creds_company)
        if layout.form is Form.JOINED:
            return sql.SQL("r.{} = %(company)s || ':' || %(creds)s").format(sql.Identifier(layout.key_id))
        return sql.SQL("{} and {} = %(creds)s").format(self.store.statements.is_company, self.store.statements.key_id)

    @property
    def creds_key(self) -> str:
        """The id of creds among the keys."""
        return JOINED_CREDS if self.store.layout.form is Form.JOINED else CREDS_KEY

    def _has_creds(self) -> bool:
        layout = self.store.layout
        query = sql.SQL("select exists (select from {} r where {})").format(
            (layout.creds or layout.keys).identifier, self.where_creds()
        )
        return bool(self.store.connection.rows(query, {"company": self.raw_id, "creds": self.creds_key})[0][0])

    def lid_of(self, mapping: str) -> str | None:
        """Return the LID user that a `lid-mapping-<number>.json` names, None where it names none. It is no key."""
        parts, layout = self.store.statements, self.store.layout
        raw = read_file_name(mapping)
        if raw is None:
            return None
        key_type, key_id = raw if layout.form is Form.SPLIT else ("", "-".join(raw))
        query = sql.SQL("select r.{}::text from {} r where {} and {} = %(type)s and {} = %(id)s").format(
            sql.Identifier(layout.value), layout.keys.identifier, parts.is_company, parts.key_type, parts.key_id
        )
        try:
            rows = self.store.connection.rows(query, {"company": self.raw_id, "type": key_type, "id": key_id})
            said: Any = json.loads(rows[0][0]) if rows else None
        except (psycopg.Error, ValueError, TypeError):
            return None
        return said if isinstance(said, str) else None

    def require_mount(self) -> None:
        """Require nothing: a database is one place."""

    def doubt(self) -> str | None:
        """Return why nothing could be removed here, where that shows without trying."""
        why = self.store.why_it_cannot_write()
        return f"a real run would remove nothing here: {why}" if why else None
