"""One company in the database: its rows by the names of files, their dates, and who it belongs to."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg
from psycopg import sql

from baileys_cleanup.decision.account import ABSENT, Account, read_account, unreadable
from baileys_cleanup.decision.names import CREDS_LIMIT, CREDS_NAME, kind_of
from baileys_cleanup.decision.verdict import AuthFile
from baileys_cleanup.errors import CredsUnreadable
from baileys_cleanup.output.text import size
from baileys_cleanup.store.company import Listing
from baileys_cleanup.store.key_names import read_file_name
from baileys_cleanup.store.listed_company import TWICE, ListedCompany, saw_since
from baileys_cleanup.store.postgresql.ahead import Creds
from baileys_cleanup.store.postgresql.database import Database
from baileys_cleanup.store.postgresql.layouts import BESIDE, CREDS_KEY, Form
from baileys_cleanup.store.postgresql.ledger import remembered
from baileys_cleanup.store.postgresql.listed_rows import ListedRows
from baileys_cleanup.store.postgresql.stamp import Stamp
from baileys_cleanup.store.postgresql.trouble import as_company_problem

_MICRO = 1_000


class PostgresqlCompany(ListedCompany):
    """One company."""

    def __init__(self, store: Database, company_id: str) -> None:
        super().__init__(company_id)
        self.store = store
        self._rows = ListedRows(store.layout)
        self._creds_row: Creds | None = None
        self._said: str | bytes | None = None

    @property
    def raw_id(self) -> str:
        """The id as the database has it."""
        return self.store.raw_id(self.id)

    def names(self) -> Listing:
        """List the keys, dated in the same look: names, places and times alone, batch by batch."""
        with as_company_problem():
            seen = self.store.ahead.look(self.raw_id)
        rows = self._rows = seen.rows
        self._creds_row, self._said = None, seen.creds[0].said if len(seen.creds) == 1 else None
        if self.store.layout.creds is not None and seen.creds:
            self._creds_row = seen.creds[0]
        double = set(rows.double)
        beside = self.store.layout.creds is not None and CREDS_NAME in rows
        if beside:  # once or twice, no bot looks for them here
            rows.drop(CREDS_NAME)
            double.discard(CREDS_NAME)
        # Two rows that would be one file: nobody can tell which of them the bot reads.
        for name in double:
            rows.drop(name)
        there = list(rows)
        if self._creds_row is not None:
            there.append(CREDS_NAME)
        if beside and not double:
            return Listing(there, [CREDS_KEY], f"{BESIDE},")
        return Listing(there, sorted(double), TWICE)

    def listed(self) -> Iterator[AuthFile]:
        """Give all files of the last listing."""
        yield from map(self.file, self._rows)
        if self._creds_row is not None:
            yield self.file(CREDS_NAME)

    def has_listed(self, name: str) -> bool:
        """Tell whether the last listing had this name, once."""
        return name in self._rows or (name == CREDS_NAME and self._creds_row is not None)

    def modified(self, names: Sequence[str]) -> list[int | None]:
        """Return when listed files were written, in nanoseconds since the epoch; None where nobody can tell."""
        now = self._first_seen
        return [now if micros is None else micros * _MICRO for micros in self._rows.all_written(names)]

    @property
    def _first_seen(self) -> int | None:
        """The date of a row of which nothing is known: it is seen for the first time, and as young as that."""
        return None if self.store.layout.updated is not None else self.store.dates.now

    def file(self, name: str) -> AuthFile:
        """Return one of the listed files, dated. Raises KeyError for another name."""
        if self._creds_row is not None and name == CREDS_NAME:
            micros = self._creds_row.micros
            return AuthFile(name, kind_of(name), None if micros is None else micros * _MICRO)
        stamp, micros = self.stamp(name), self._rows.written(name)
        modified = self._first_seen if micros is None else micros * _MICRO
        return AuthFile(name, kind_of(name), modified, self._rows.size(name), True, stamp, stamp.in_ledger)

    def stamp(self, name: str) -> Stamp:
        """Return what tells a listed row again. Raises KeyError for another name."""
        unknown = self._rows.written(name) is None and self.store.layout.updated is None
        return self._rows.stamp(name, in_ledger=unknown)

    @property
    def listed_rows(self) -> int:
        """How many rows the last listing had."""
        return len(self._rows)

    def stamps(self) -> Iterator[Stamp]:
        """Give what tells each listed row again."""
        return map(self.stamp, self._rows)

    def unremembered(self) -> Iterator[Stamp]:
        """Give what tells each listed row again of which the ledger does not know since when it is so."""
        names = list(self._rows)
        written = self._rows.all_written(names)
        return (self.stamp(name) for name, when in zip(names, written, strict=True) if when is None)

    def account(self, wait: Callable[[], object]) -> Account:
        """Read who owns the company; a value that does not parse is read once more after `wait`."""
        said, self._said = self._said, None
        if said is not None:
            try:
                return read_account(_as_bytes(said))
            except CredsUnreadable:
                pass  # it is read anew
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
        place = self.store.creds
        query = sql.SQL("select {}, case when {} then {} end from {} r where {}").format(
            place.fits, place.fits, place.said, place.table.identifier, place.is_company
        )
        rows = self.store.connection.rows(query, {"company": self.raw_id, "creds": place.key})
        if len(rows) > 1:
            raise CredsUnreadable(f"is there in {len(rows)} rows")
        if not rows:
            return None
        fits, said = rows[0]
        if fits is False:
            raise CredsUnreadable(f"is larger than {size(CREDS_LIMIT)}")
        if said is None:
            raise CredsUnreadable("is empty")
        return _as_bytes(said)

    def written_since(self, moment: int) -> bool:
        """Tell whether a row was certainly written after a moment. A date of the ledger is none of a write.

        Where the ledger alone tells, a row that it does not know as it is was written since it last saw the company.
        """
        self.names()
        names, creds = list(self._rows), self._creds_row
        if creds is not None and creds.micros is not None and creds.micros * _MICRO > moment:
            return True
        dates = self._rows.all_written(names)
        newer = [
            name for name, micros in zip(names, dates, strict=True) if micros is not None and micros * _MICRO > moment
        ]
        if not self.store.dates.uses_ledger:
            return bool(newer)
        with as_company_problem():
            known = remembered(self.store.connection, self.raw_id)
        marks = [(stamp.key_type, stamp.key_id, stamp.xmin) for stamp in map(self.stamp, newer)]
        if any(mark not in known for mark in marks):
            return True
        return not self.store.dates.tracked and None in dates and saw_since(known.values(), moment)

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
        with as_company_problem():
            rows = self.store.connection.rows(query, {"company": self.raw_id, "type": key_type, "id": key_id})
        try:
            said: Any = json.loads(rows[0][0]) if rows else None
        except (ValueError, TypeError):
            return None
        return said if isinstance(said, str) else None

    def why_not_writable(self) -> str | None:
        """Return what would keep the tool from removing here. Raises CompanyProblem."""
        return self.store.why_it_cannot_write()


def _as_bytes(said: str | bytes) -> bytes:
    return said if isinstance(said, bytes) else said.encode("utf-8", "surrogatepass")
