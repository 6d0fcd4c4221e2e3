"""Whole companies: one is built beside, and goes live in one step; a hash that was live until then lies aside."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import redis
from baileys_cleanup.decision.names import CREDS_NAME
from baileys_cleanup.decision.verdict import AuthFile
from baileys_cleanup.errors import CompanyProblem
from baileys_cleanup.output.text import few
from baileys_cleanup.store.buffer_json import is_same_json
from baileys_cleanup.store.company import Company
from baileys_cleanup.store.redis.aside import FOREIGN, LACKING, Asides, Built
from baileys_cleanup.store.redis.company import mark_of
from baileys_cleanup.store.redis.database import Database, beside
from baileys_cleanup.store.redis.scripts import BEGIN_WHOLE
from baileys_cleanup.store.redis.trouble import as_company_problem, as_os_error
from baileys_cleanup.store.store import SetAside
from baileys_cleanup.store.whole_folders import Aside, Late

_NOT_REPLACED = (
    "the company is there already, and of strings none is replaced as a whole: no single step could set them all aside;"
    " remove its keys first"
)
_CREDS_APART = (
    "the company is there already, and its creds lie elsewhere, where they are only read: keys of another moment do not"
    " belong to them"
)
_WHY_NOT = {
    FOREIGN: "a key of that name is there, and it is no hash: nothing was changed",
    LACKING: "the server has dropped some of what was written beside the company (is its memory full?); nothing was"
    " changed",
}
_SECONDS_TO_BUILD = 3600
"""After these a hash that is not live yet ends: who built it was killed."""
_NO_ROTATION = "a rotation works on folders"


class _Writer:
    """Keys on their way into a company."""

    def __init__(self, store: Database, company_id: str) -> None:
        self.store, self.company_id = store, company_id
        self.values: dict[str, tuple[bytes, int]] = {}

    def write(self, name: str, content: Iterable[bytes], modified: int, like: Any = None) -> None:  # noqa: ANN401, ARG002 - opaque
        """Write one key with its date, in nanoseconds. Raises CompanyProblem for a name without a place.

        Creds that lie elsewhere are not written, and have to be there already.
        """
        apart = self.store.creds_apart
        if name == CREDS_NAME and apart is not None:
            there = apart.read(self.store.raw_id(self.company_id))
            if there is None or not is_same_json(there, b"".join(content)):
                raise CompanyProblem(
                    f"its creds belong into {apart.shown}, which is only read, and they are not there: write them there"
                    " first"
                )
            return
        field = self.store.layout.field(name)
        if field is None:
            raise CompanyProblem(f"this has no place in Redis: {few([name])}")
        self.values[field] = (b"".join(content), modified)

    def insert(self, name: str) -> None:
        """Let a key appear. Raises FileExistsError where one of that name is: it is never replaced."""
        field = self.store.layout.field(name) or ""
        value, modified = self.values.pop(field)
        key = self.store.key(self.company_id)
        with as_os_error(self.store.path):
            if self.store.layout.is_hash:
                done = self.store.server.call("HSETNX", key, field, value)
            else:
                done = self.store.server.call("SETNX", key + field, value)
        if not done:
            raise FileExistsError(name)
        _date(self.store, self.company_id, {field: (value, modified)})
        self.store.know_strings(self.company_id, [field])


def _date(store: Database, company_id: str, values: Mapping[str, tuple[bytes, int]]) -> None:
    """Let the ledger know since when keys are what is written: each date is of this very value, and of no other."""
    with as_company_problem():
        store.server.set_fields(store.ledger(company_id), _lines(values))


def _lines(values: Mapping[str, tuple[bytes, int]]) -> list[tuple[str, str]]:
    return [(field, f"{mark_of(value)} {modified}") for field, (value, modified) in values.items()]


class RedisWhole:
    """Builds whole companies."""

    def __init__(self, store: Database) -> None:
        self._store = store
        self._asides = Asides(store)
        self._built: dict[tuple[str, str], _Writer] = {}

    def settle_all(self) -> list[str]:
        """End nothing: nothing is ever half over."""
        return []

    def begin(self, company_id: str, run_id: str, *, why: str, now: int) -> Aside:
        """Begin an empty company to be filled."""
        self._built[run_id, company_id] = _Writer(self._store, company_id)
        return Aside(run_id, company_id, why, now, 0)

    @contextmanager
    def fill(self, aside: Aside) -> Iterator[_Writer]:
        """Fill a company that was begun."""
        yield self._built[aside.run_id, aside.company_id]

    def discard(self, aside: Aside) -> None:
        """Forget a company that was never live."""
        self._built.pop((aside.run_id, aside.company_id), None)

    def switch(self, aside: Aside) -> Aside:
        """Let the built company go live; of hashes the former one lies aside. Raises CompanyProblem where none may."""
        built = self._built.pop((aside.run_id, aside.company_id))
        if not built.values:
            return aside._replace(lived=True)
        put = self._put_hash if self._store.layout.is_hash else self._put_strings
        with as_company_problem():
            done = put(aside, built.values)
        if not done:
            raise CompanyProblem(_NOT_REPLACED if self._store.creds_apart is None else _CREDS_APART)
        self._store.know_strings(aside.company_id, built.values)
        return aside._replace(lived=True)

    def _put_strings(self, aside: Aside, values: Mapping[str, tuple[bytes, int]]) -> bool:
        server, key = self._store.server, self._store.key(aside.company_id)
        if server.call("EXISTS", *(key + field for field in values)):
            return False
        # Before they are there: who is killed in between must not leave a company behind whose dates are lost.
        _date(self._store, aside.company_id, values)
        words = (word for field, (value, _) in values.items() for word in (key + field, value))
        return bool(server.call("MSETNX", *words))

    def _put_hash(self, aside: Aside, values: Mapping[str, tuple[bytes, int]]) -> bool:
        server, key = self._store.server, self._store.key(aside.company_id)
        built = Built(beside("new", aside.run_id, key), beside("new-ledger", aside.run_id, key), len(values))
        # Creds that lie elsewhere would stay as they are, and the keys would be of another moment.
        why = aside.why if self._store.creds_apart is None else ""
        done = -1
        try:
            self._build(built.key, [(field, value) for field, (value, _) in values.items()])
            self._build(built.dates, _lines(values))
            done = self._asides.put(built, aside.run_id, aside.company_id, why=why, started=aside.started)
        finally:
            if done < 0:
                with suppress(redis.RedisError):
                    server.call("UNLINK", built.key, built.dates)
        if done in _WHY_NOT:
            raise CompanyProblem(_WHY_NOT[done])
        return done >= 0

    def _build(self, key: str, fields: Sequence[tuple[str, Any]]) -> None:
        """Write a hash that ends by itself unless it goes live."""
        server = self._store.server
        server.call("UNLINK", key)
        server.script(BEGIN_WHOLE, [key], [*fields[0], _SECONDS_TO_BUILD])
        server.set_fields(key, fields[1:])

    def bring_late(self, aside: Aside, seen: Iterable[AuthFile], wait: Callable[[], object]) -> Late:  # noqa: ARG002 - nothing comes later
        """Bring over nothing: what was there at the switch is aside as a whole; what nobody had seen is named."""
        known = {file.name for file in seen}
        with as_company_problem():
            there = set(self._asides.names(aside.run_id, aside.company_id))
        return Late([], sorted(there - known))

    def listed(self) -> Sequence[SetAside]:
        """Return the whole companies that lie aside, newest first."""
        with as_os_error(self._store.path):
            self._store.meet()
            return self._asides.listed()

    def switch_set_aside(self, folder: SetAside) -> Late:
        """Let a company that lies aside go live; the present one takes its place. Raises CompanyProblem."""
        with as_company_problem():
            if not self._asides.swap(folder.run_id, folder.company_id):
                raise CompanyProblem("nothing of it lies aside any more")
        return Late([], [])

    def where(self, aside: Aside) -> str:
        """Return where the company that is not live lies, for people."""
        return f"{self._store.path}, key {beside('aside', aside.run_id, self._store.key(aside.company_id))}"

    def forget_former(self, company_id: str) -> None:
        """Forget nothing: nothing is in front of a company here."""

    @contextmanager
    def insertion(self, company_id: str) -> Iterator[_Writer]:
        """Begin to put keys into a company that is live."""
        yield _Writer(self._store, company_id)

    def shrunk(self, aside: Aside) -> list[str]:  # noqa: ARG002 - keys have no owners
        """Return nothing: keys have no owners."""
        return []

    def find(self, run_id: str, company_id: str) -> Aside | None:  # noqa: ARG002 - the same shape
        """Return nothing: no company is ever half switched."""
        return None

    def is_live(self, aside: Aside) -> bool:
        """Tell whether the built company is the live one."""
        return aside.lived

    def copy(self, company: Company, aside: Aside, files: Iterable[AuthFile]) -> bool:  # noqa: ARG002 - the same shape
        """Raise CompanyProblem: a rotation works on folders."""
        raise CompanyProblem(_NO_ROTATION)

    def differences(self, aside: Aside, files: Iterable[AuthFile]) -> list[str]:  # noqa: ARG002 - the same shape
        """Raise CompanyProblem: a rotation works on folders."""
        raise CompanyProblem(_NO_ROTATION)

    def switch_back(self, aside: Aside, wait: Callable[[], object]) -> Late:  # noqa: ARG002 - the same shape
        """Raise CompanyProblem: a rotation works on folders."""
        raise CompanyProblem(_NO_ROTATION)

    def try_owners(self, company: Company) -> None:
        """Require nothing: keys have no owners."""

    def give_to_bot(self, aside: Aside, company: Company) -> list[str]:  # noqa: ARG002 - keys have no owners
        """Give nothing: keys have no owners."""
        return []
