"""One company in Redis: its keys by the names of files, since when they are what they are, and who it belongs to."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from baileys_cleanup.decision.account import ABSENT, Account, read_account, unreadable
from baileys_cleanup.decision.names import Kind, kind_of
from baileys_cleanup.decision.verdict import AuthFile
from baileys_cleanup.errors import CompanyProblem, CredsUnreadable
from baileys_cleanup.store.company import Listing
from baileys_cleanup.store.key_names import END
from baileys_cleanup.store.listed_company import TWICE, ListedCompany, saw_since
from baileys_cleanup.store.redis.database import Database
from baileys_cleanup.store.redis.layout import CREDS, file_name
from baileys_cleanup.store.redis.scripts import CHUNK, MARKS_OF_HASH, MARKS_OF_STRINGS
from baileys_cleanup.store.redis.server import Server, decoded, encoded
from baileys_cleanup.store.redis.trouble import as_company_problem


class Stamp(NamedTuple):
    """A key as it was seen: its field, and the hash of its value."""

    field: str
    mark: str


def mark_of(value: bytes) -> str:
    """Return the hash of a value, as the server computes it."""
    return hashlib.sha1(value, usedforsecurity=False).hexdigest()


def hash_marks(server: Server, key: str) -> Iterator[tuple[str, str, int]]:
    """Give the fields of a hash with the hash and the size of each value, each at least once.

    Raises redis.RedisError.
    """
    cursor: bytes = b"0"
    while True:
        cursor, *told = server.script(MARKS_OF_HASH, [key], [cursor, CHUNK])
        for number in range(0, len(told), 3):
            yield decoded(told[number]), told[number + 1].decode("ascii"), int(told[number + 2])
        if cursor == b"0":
            return


class RedisCompany(ListedCompany):
    """One company. `seen` are its keys as the last listing found them.

    `remembered` tells since when (nanoseconds since the epoch) its ledger knows each field.
    """

    def __init__(self, store: Database, company_id: str) -> None:
        super().__init__(company_id)
        self.store = store
        self.seen: dict[str, AuthFile] = {}
        self.remembered: dict[str, int] = {}

    @property
    def key(self) -> str:
        """Its hash, or the beginning of its strings."""
        return self.store.key(self.id)

    def names(self) -> Listing:
        """List the keys with the hashes of their values, which the server computes, and their dates by the ledger."""
        with as_company_problem():
            since = dict(self._ledger())
            self.remembered = {field: known for field, (_, known) in since.items()}
            found = {field: (mark, size) for field, mark, size in self.marks()}
        files = [self._file(field, mark, size, since.get(field)) for field, (mark, size) in sorted(found.items())]
        times = Counter(file.name for file in files)
        double = sorted(name for name, number in times.items() if number > 1)
        self.seen = {file.name: file for file in files if times[file.name] == 1}
        return Listing(list(self.seen), double, TWICE)

    def marks(self) -> Iterator[tuple[str, str, int]]:
        """Give the fields that are there with the hash and the size of each value. Raises redis.RedisError."""
        server = self.store.server
        if self.store.layout.is_hash:
            yield from hash_marks(server, self.key)
            return
        fields = self.store.strings(self.id)
        for number in range(0, len(fields), CHUNK):
            part = fields[number : number + CHUNK]
            told = server.script(MARKS_OF_STRINGS, [self.key + field for field in part])
            for place, field in enumerate(part):
                if told[2 * place]:
                    yield field, told[2 * place].decode("ascii"), int(told[2 * place + 1])

    def _ledger(self) -> Iterator[tuple[str, tuple[str, int]]]:
        if self.store.made:
            for field, told in self.store.server.fields(self.store.ledger(self.id)):
                mark, _, since = told.decode("ascii", "replace").partition(" ")
                with suppress(ValueError):
                    yield field, (mark, int(since))

    def _file(self, field: str, mark: str, size: int, known: tuple[str, int] | None) -> AuthFile:
        name = file_name(field)
        kind = kind_of(name)
        first_seen = known is None or known[0] != mark
        modified: int | None = self.store.now if known is None or first_seen else known[1]
        if kind is Kind.SENDER_KEY_MEMORY:
            modified = None  # written anew with the same value by each group send: nobody can tell how old it is
        return AuthFile(name, kind, modified, size, True, Stamp(field, mark), first_seen)

    def file(self, name: str) -> AuthFile:
        """Return one of the listed files, dated. Raises KeyError for another name."""
        return self.seen[name]

    def has_listed(self, name: str) -> bool:
        """Tell whether the last listing had this name, once."""
        return name in self.seen

    def modified(self, names: Sequence[str]) -> list[int | None]:
        """Return since when listed files are what they are, in nanoseconds since the epoch; None: unknown."""
        return [self.seen[name].modified for name in names]

    def account(self, wait: Callable[[], object]) -> Account:
        """Read who owns the company; a value that does not parse is read once more after `wait`.

        Raises CompanyProblem where keys were listed and no creds are in sight.
        """
        with as_company_problem():
            try:
                data = self.value(CREDS)
                if data is None and self.seen:
                    raise CompanyProblem(self._no_creds())
                if data is None:
                    return ABSENT
                try:
                    return read_account(data)
                except CredsUnreadable:
                    wait()
                    return read_account(self.value(CREDS) or b"")
            except CredsUnreadable as problem:
                return unreadable(str(problem))

    def _no_creds(self) -> str:
        """Return why nothing is done here: a folder would be broken, here a setting is wrong."""
        apart = self.store.creds_apart
        if apart is not None:
            return f"its keys are there and its creds are not in {apart.shown}: nobody can tell which keys are of use"
        return (
            "its keys are there and no creds in sight, so nobody can tell which of them are of use; where they lie in"
            " PostgreSQL, as Evolution API keeps them, the setting redis.creds names it"
        )

    def value(self, field: str) -> bytes | None:
        """Return one value. Raises redis.RedisError, and CompanyProblem where creds that lie apart cannot be read."""
        if field == CREDS and self.store.creds_apart is not None:
            return self.store.creds_apart.read(self.store.raw_id(self.id))
        if self.store.layout.is_hash:
            found = self.store.server.call("HGET", self.key, field)
        else:
            found = self.store.server.call("GET", self.key + field)
        return bytes(found) if found is not None else None

    def values(self, fields: Sequence[str]) -> list[bytes | None]:
        """Return some values, None for what is gone. Raises redis.RedisError."""
        if self.store.layout.is_hash:
            found = self.store.server.call("HMGET", self.key, *map(encoded, fields))
        else:
            found = self.store.server.call("MGET", *(encoded(self.key + field) for field in fields))
        return list(found)

    def written_since(self, moment: int) -> bool:
        """Tell whether a key was certainly written after a moment: it is not what the ledger saw then.

        No memory tells that: the ledger has none.
        """
        self.names()
        is_new = any(file.first_seen and file.modified is not None for file in self.seen.values())
        return is_new and saw_since(self.remembered.values(), moment)

    def lid_of(self, mapping: str) -> str | None:
        """Return the LID user that a `lid-mapping-<number>.json` names, None where it names none. It is no key."""
        with as_company_problem():
            value = self.value(mapping.removesuffix(END))
        try:
            said = json.loads(value or b"null")
        except ValueError:
            return None
        return said if isinstance(said, str) else None

    def why_not_writable(self) -> str | None:
        """Return what would keep the tool from removing here. Raises CompanyProblem."""
        with as_company_problem():
            return self.store.why_it_cannot_write()
