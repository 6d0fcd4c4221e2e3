"""Whole hashes that lie aside: where, since when, and the way back. Strings are never replaced as a whole.

All that is kept of one lies in the slot of the company's own hash, so that one script sees to it.
"""

from collections.abc import Iterator
from typing import NamedTuple

from baileys_cleanup.store.redis.company import hash_marks
from baileys_cleanup.store.redis.database import Database, beside
from baileys_cleanup.store.redis.layout import OWN, file_name
from baileys_cleanup.store.redis.scripts import PUT_WHOLE, SWAP_WHOLE
from baileys_cleanup.store.redis.server import decoded
from baileys_cleanup.store.store import SetAside

_ALL = f"{OWN}aside"
"""A hash with a field for each run and company, noted before anything is set aside."""
FOREIGN = -2
"""What `put` says where the place is taken by a key that is no hash."""
LACKING = -3
"""What it says where the built hash has not all of its fields any more."""


class Built(NamedTuple):
    """A hash that was built beside: its key, that of its dates, and how many fields it has."""

    key: str
    dates: str
    fields: int


class Asides:
    """The hashes that lie aside in one store."""

    def __init__(self, store: Database) -> None:
        self._store = store

    def key(self, run_id: str, company_id: str) -> str:
        """Return the key of what a run set aside of a company."""
        return beside("aside", run_id, self._live(run_id, company_id))

    def _live(self, run_id: str, company_id: str) -> str:
        """Return the key that the company had then: the settings may name another one by now."""
        return self._store.noted_key(company_id, self._store.server.call("HGET", _ALL, f"{run_id} {company_id}"))

    def _note(self, run_id: str, company_id: str) -> str:
        return beside("aside-note", run_id, self._live(run_id, company_id))

    def put(self, built: Built, run_id: str, company_id: str, *, why: str, started: int) -> int:
        """Let a built hash go live, and return 1 where another one lies aside for it, 0 where none was.

        -1: there is one that may not be replaced; FOREIGN: the place is taken by something else; LACKING: it is not
        whole any more. Raises redis.RedisError.
        """
        server, live, field = self._store.server, self._store.key(company_id), f"{run_id} {company_id}"
        server.set_fields(_ALL, [(field, self._store.note(company_id))])
        keys = [built.key, live, self.key(run_id, company_id), self._note(run_id, company_id)]
        keys += [built.dates, self._store.ledger(company_id)]
        done = int(server.script(PUT_WHOLE, keys, [why, str(started), built.fields]))
        if done < 1:
            server.forget_fields(_ALL, [field])
        return done

    def swap(self, run_id: str, company_id: str) -> bool:
        """Let what lies aside and what is live change places; False where nothing does. Raises redis.RedisError."""
        aside, note = self.key(run_id, company_id), self._note(run_id, company_id)
        live = self._live(run_id, company_id)
        return bool(self._store.server.script(SWAP_WHOLE, [live, aside, note, beside("between", run_id, live)]))

    def names(self, run_id: str, company_id: str) -> Iterator[str]:
        """Give the names, as files have them, of what lies aside. Raises redis.RedisError."""
        for field, _, _ in hash_marks(self._store.server, self.key(run_id, company_id)):
            yield file_name(field)

    def listed(self) -> list[SetAside]:
        """Return all that lies aside, newest first. Raises redis.RedisError."""
        found: list[SetAside] = []
        server = self._store.server
        for field, _ in server.fields(_ALL):
            run_id, _, company_id = field.partition(" ")
            note = {name: decoded(told) for name, told in server.fields(self._note(run_id, company_id))}
            sizes = [size for _, _, size in hash_marks(server, self.key(run_id, company_id))]
            if note and sizes:
                former, started = note["former"] == "1", int(note["started"])
                found.append(SetAside(run_id, company_id, note["why"], started, len(sizes), sum(sizes), former))
        return sorted(found, key=lambda each: (-each.started, each.run_id, each.company_id))
