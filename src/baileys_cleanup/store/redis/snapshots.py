"""Reads a company of Redis for a backup: part by part, and again until the hashes of all values hold still."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from baileys_cleanup.decision.names import CREDS_LIMIT, CREDS_NAME, kind_of
from baileys_cleanup.decision.verdict import AuthFile
from baileys_cleanup.errors import CompanyProblem
from baileys_cleanup.store.buffer_json import as_in_files
from baileys_cleanup.store.redis.company import RedisCompany, mark_of
from baileys_cleanup.store.redis.database import Database
from baileys_cleanup.store.redis.layout import CREDS
from baileys_cleanup.store.redis.scripts import CHUNK
from baileys_cleanup.store.redis.trouble import as_company_problem
from baileys_cleanup.store.snapshots import (
    MOST_BYTES,
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

_TRIES = 5


class RedisSnapshots:
    """Reads the companies of a server."""

    def __init__(self, store: Database) -> None:
        self._store = store

    def has(self, company_id: str) -> bool:
        """Tell whether there is anything by the name of this company."""
        return self._store.has(company_id)

    def take(self, company_id: str, contents: BinaryIO, clock: Clock, *, own_only: bool = False) -> Snapshot:  # noqa: ARG002 - all keys are the bot's
        """Read all keys of a company into `contents`."""
        self._store.meet()
        company = RedisCompany(self._store, company_id)
        for number in range(_TRIES):
            if number:
                clock.wait()
            shot = Snapshot(contents)
            if self._read(company, shot, clock):
                shot.read_creds()
                return shot
        raise CompanyProblem("its keys kept changing while they were read; stop the bot, or try later")

    def _read(self, company: RedisCompany, shot: Snapshot, clock: Clock) -> bool:
        """Read every value once; tell whether each is what its hash said before."""
        listing = company.names()
        shot.doubles = listing.strangers
        if self._store.creds_apart is not None:
            value = company.value(CREDS)
            if value is not None:
                _add(shot, CREDS_NAME, value, clock.now - UNDATED)
        files = sorted(self._read_here(company), key=lambda each: (each.name != CREDS_NAME, each.name))
        for file, value in _with_values(company, files):
            if value is None or mark_of(value) != file.stamp.mark:
                return False
            known = file.modified is not None and not file.first_seen
            modified = file.modified if file.modified is not None and known else clock.now - UNDATED
            _add(shot, file.name, value, modified)
        return True

    def _read_here(self, company: RedisCompany) -> Iterator[AuthFile]:
        """Give the files whose values are read here: where creds lie elsewhere, what is called so here is none."""
        apart = self._store.creds_apart is not None
        return (file for file in company.seen.values() if not (apart and file.name == CREDS_NAME))

    def without_place(self, names: Sequence[str]) -> list[str]:
        """Return the names of files that no key is called like."""
        return [name for name in names if self._store.layout.field(name) is None]

    def is_unchanged(self, company_id: str, shot: Snapshot) -> bool:
        """Tell whether the company still has the very values that the snapshot was taken of."""
        self._store.look_for_strings()
        company = RedisCompany(self._store, company_id)
        company.names()
        seen = (file for file in self._read_here(company) if file.name not in shot.left)
        return {file.name: file.stamp.mark for file in seen} == {
            name: each.stamp
            for name, each in shot.files.items()
            if name != CREDS_NAME or self._store.creds_apart is None
        }


def _with_values(company: RedisCompany, files: Sequence[AuthFile]) -> Iterator[tuple[AuthFile, bytes | None]]:
    """Give each file with its value, a chunk at a time."""
    for number in range(0, len(files), CHUNK):
        part = files[number : number + CHUNK]
        with as_company_problem():
            values = company.values([file.stamp.field for file in part])
        yield from zip(part, values, strict=True)


def _add(shot: Snapshot, name: str, value: bytes, modified: int) -> None:
    if not is_bare(name):
        shot.left[name] = NO_NAME
        return
    data = as_in_files(value)
    limit = CREDS_LIMIT if name == CREDS_NAME else MOST_OF_A_FILE
    if len(data) > limit:
        shot.left[name] = f"is larger than {limit // 1024**2} MiB"
        return
    offset = shot.contents.seek(0, 2)
    if offset + len(data) > MOST_BYTES:
        raise CompanyProblem("it holds more than a company can: that is none")
    shot.contents.write(data)
    entry = Entry(name, kind_of(name), len(data), hashlib.sha256(data).hexdigest(), modified)
    mark = mark_of(value)
    shot.files[name] = Source(entry, mark, offset, is_json_text(data))
