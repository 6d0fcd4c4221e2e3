"""Reads a company for a backup: all its rows as they were at one moment, which the server itself keeps still."""

import hashlib
from collections.abc import Sequence
from typing import BinaryIO

from psycopg import sql

from baileys_cleanup.decision.names import CREDS_LIMIT, CREDS_NAME, kind_of
from baileys_cleanup.errors import CompanyProblem
from baileys_cleanup.store.buffer_json import as_in_files
from baileys_cleanup.store.postgresql.company import PostgresqlCompany
from baileys_cleanup.store.postgresql.database import Database
from baileys_cleanup.store.postgresql.layouts import BESIDE, CREDS_KEY, Table
from baileys_cleanup.store.postgresql.rows import without_place
from baileys_cleanup.store.postgresql.statements import is_json
from baileys_cleanup.store.postgresql.trouble import as_company_problem
from baileys_cleanup.store.snapshots import (
    BEYOND_FILES,
    MOST_BYTES,
    MOST_FILES,
    MOST_OF_A_FILE,
    NO_NAME,
    UNDATED,
    Clock,
    Entry,
    Snapshot,
    Source,
    is_bare,
    is_json_text,
)

_Stamp = tuple[str, str]
"""Where a row lies, and the transaction that wrote it."""
_VALUES = sql.SQL(
    "select {key_type}, {key_id}, r.ctid::text, r.xmin::text, {value} from {keys} r"
    " where {is_company} and {key_type} is not null and {key_id} is not null"
)
"""A row without a name is nobody's: no bot can ask for it."""
_CREDS = sql.SQL("select r.ctid::text, r.xmin::text, {value} from {creds} r where {where}")


class PostgresqlSnapshots:
    """Reads the companies of a database."""

    def __init__(self, store: Database) -> None:
        self._store = store

    def has(self, company_id: str) -> bool:
        """Tell whether there is anything by the name of this company. Raises CompanyProblem where none can have it."""
        there = self._store.has(company_id)
        if not there:
            self._store.require_own_form(self._store.raw_id(company_id))
        return there

    def take(self, company_id: str, contents: BinaryIO, clock: Clock, *, own_only: bool = False) -> Snapshot:  # noqa: ARG002 - all rows are the bot's
        """Read all keys of a company into `contents`."""
        with as_company_problem():
            return _Reading(PostgresqlCompany(self._store, company_id), Snapshot(contents), clock).take()

    def without_place(self, names: Sequence[str]) -> list[str]:
        """Return the names of files that no row is called like."""
        return without_place(self._store, names)

    def is_unchanged(self, company_id: str, shot: Snapshot) -> bool:
        """Tell whether the company still has the very rows that the snapshot was taken of."""
        company = PostgresqlCompany(self._store, company_id)
        company.names()
        listed = (file for file in company.listed() if file.stamp and file.name not in shot.left)
        there = {file.name: (file.stamp.place, file.stamp.xmin) for file in listed}
        apart = self._store.layout.creds is not None
        return there == {name: each.stamp for name, each in shot.files.items() if not (apart and name == CREDS_NAME)}


class _Reading:
    """One company on its way into a snapshot."""

    def __init__(self, company: PostgresqlCompany, shot: Snapshot, clock: Clock) -> None:
        self._company = company
        self._shot = shot
        self._dates: dict[str, tuple[int, _Stamp | None]] = {}
        self._clock = clock
        self._found: dict[str, Source] = {}
        self._names: set[str] = set()
        self._double: set[str] = set()

    def take(self) -> Snapshot:
        store, company, shot = self._company.store, self._company, self._shot
        company.names()
        for file in company.listed():
            if not file.first_seen and file.modified is not None and abs(file.modified) < BEYOND_FILES:
                seen = (file.stamp.place, file.stamp.xmin) if file.stamp else None
                self._dates[file.name] = (file.modified, seen)
        layout, parts = store.layout, store.statements
        values = {"company": company.raw_id, "creds": store.creds.key}
        question = _VALUES.format(
            key_type=parts.key_type,
            key_id=parts.key_id,
            value=_text(layout.keys, layout.value),
            keys=layout.keys.identifier,
            is_company=parts.is_company,
        )
        apart = layout.creds and _CREDS.format(
            value=_text(layout.creds, layout.creds_value), creds=layout.creds.identifier, where=store.creds.is_company
        )
        with store.connection.still() as connection:
            for place, xmin, value in connection.stream(apart, values) if apart else ():
                self._add(CREDS_NAME, (place, xmin), value)
            for key_type, key_id, place, xmin, value in connection.stream(question, values):
                name = layout.file_name(key_type, key_id)
                if apart and name == CREDS_NAME:
                    shot.left[CREDS_KEY] = f"is {BESIDE}"
                    continue
                self._add(name, (place, xmin), value)
        for name in self._double:
            self._found.pop(name, None)
            shot.left.pop(name, None)
        shot.doubles = sorted(self._double)
        shot.files = {
            name: self._found[name] for name in sorted(self._found, key=lambda each: (each != CREDS_NAME, each))
        }
        shot.read_creds()
        return shot

    def _add(self, name: str, stamp: _Stamp, value: bytes | str | None) -> None:
        if not is_bare(name):
            self._shot.left[name] = NO_NAME
            return
        if name in self._names:
            self._double.add(name)
            return
        self._names.add(name)
        data = as_in_files(value if isinstance(value, bytes) else (value or "").encode("utf-8", "surrogatepass"))
        limit = CREDS_LIMIT if name == CREDS_NAME else MOST_OF_A_FILE
        if len(data) > limit:
            self._shot.left[name] = f"is larger than {limit // 1024**2} MiB"
            return
        offset = self._shot.contents.seek(0, 2)
        if len(self._found) >= MOST_FILES or offset + len(data) > MOST_BYTES:
            raise CompanyProblem("it holds more than a company can: that is none")
        self._shot.contents.write(data)
        # The dates are of the look before: what the bot has written since is not as old as that.
        modified, seen = self._dates.get(name, (self._clock.now - UNDATED, None))
        if seen not in {None, stamp}:
            modified = self._clock.now - UNDATED
        entry = Entry(name, kind_of(name), len(data), hashlib.sha256(data).hexdigest(), modified)
        self._found[name] = Source(entry, stamp, offset, is_json_text(data))


def _text(table: Table, column: str) -> sql.Composable:
    """Return a value as bytes or text: of a JSON type the server writes its text."""
    value = sql.SQL("r.{}").format(sql.Identifier(column))
    return sql.SQL("{}::text").format(value) if is_json(table, column) else value
