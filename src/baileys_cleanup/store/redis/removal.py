"""Takes keys out of a company: compared and moved into the quarantine by one script for each chunk."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import redis
from baileys_cleanup.decision.policy import SECOND
from baileys_cleanup.decision.verdict import Verdict
from baileys_cleanup.errors import CompanyProblem
from baileys_cleanup.output.timestamp import timestamp
from baileys_cleanup.store.redis.company import RedisCompany
from baileys_cleanup.store.redis.database import Database, beside
from baileys_cleanup.store.redis.runs import AUDIT, RUNS, forget_empty, note_company, write_run
from baileys_cleanup.store.redis.scripts import CHUNK, MOVE
from baileys_cleanup.store.redis.server import decoded
from baileys_cleanup.store.redis.trouble import in_words
from baileys_cleanup.store.remover import CompanyRemover, Outcome, Removal, Revision, refuse_protected_among
from baileys_cleanup.store.runs import RUNNING, SETTLED, Run

_UNKNOWN = "whether it was removed nobody can tell"


class RedisRemover:
    """Removes for one run; its record is made before its first removal."""

    def __init__(self, store: Database, run: Run) -> None:
        self.store = store
        self.run = run
        self.recorded = False
        self.settled = True
        self.later = None

    def leave_unsettled(self) -> None:
        """Leave nothing: what a script did stands, or nothing was done."""

    def begin(self) -> None:
        """Begin nothing: a connection is not shared among processes."""

    def doubt(self, company: RedisCompany) -> str | None:  # noqa: ARG002 - the same shape as the dry one
        """Doubt nothing: a removal that fails says so itself."""
        return None

    def take_all(self, company: RedisCompany, removals: Sequence[Verdict], pairing: str | None) -> list[str]:
        """Remove keys of one company, all of them or none, in one script; return the names of all where none went.

        Raises CompanyProblem where the server cannot be asked.
        """
        with self.company(company, pairing):
            return _CompanyRemover(self, company, pairing).take_all(removals)

    @contextmanager
    def company(self, company: RedisCompany, pairing: str | None = None) -> Iterator[CompanyRemover]:
        """Return the remover for one company. The ledger remembers what was seen of it."""
        try:
            self._remember(company)
        except redis.RedisError as error:
            raise CompanyProblem(f"what was seen of it cannot be remembered: {in_words(error)}") from None
        yield _CompanyRemover(self, company, pairing)

    def _remember(self, company: RedisCompany) -> None:
        key, server = self.store.ledger(company.id), self.store.server
        files = company.seen.values()
        # The others are in the ledger with the very mark that they have.
        lines = [
            (file.stamp.field, f"{file.stamp.mark} {file.modified}")
            for file in files
            if file.first_seen and file.modified is not None
        ]
        server.set_fields(key, lines)
        server.forget_fields(key, sorted(company.remembered.keys() - {file.stamp.field for file in files}))

    def close(self) -> None:
        """End the run: forget one that has nothing in the quarantine, and mark any other as settled."""
        if self.recorded:
            with suppress(redis.RedisError):
                write_run(self.store.server, self.run._replace(state=SETTLED))
                forget_empty(self.store, self.run)


class _CompanyRemover:
    """Removes keys of one company, chunk after chunk."""

    def __init__(self, remover: RedisRemover, company: RedisCompany, pairing: str | None) -> None:
        self._remover = remover
        self._company = company
        self._pairing = pairing

    def remove(self, removals: Sequence[Verdict], stopping: Callable[[], bool]) -> Iterator[Removal]:
        """Carry out the planned removals; `stopping` is asked between two chunks."""
        refuse_protected_among(verdict.file.name for verdict in removals)
        trouble: str | None = None
        for number in range(0, len(removals), CHUNK):
            part = removals[number : number + CHUNK]
            if trouble is None and stopping():
                yield from (Removal(verdict, Outcome.STOPPED) for verdict in part)
                continue
            gone: set[str] | None = set()
            if trouble is None:
                mine = [verdict for verdict in part if verdict.second is None]
                try:
                    gone = self._take(mine)
                except redis.RedisError as error:
                    trouble = in_words(error)
                    gone = self._arrived(mine)
            for verdict in part:
                if gone is not None and verdict.file.name in gone:
                    yield Removal(verdict, Outcome.REMOVED)
                elif trouble is not None:
                    yield Removal(verdict, Outcome.FAILED, trouble if gone is not None else f"{trouble}; {_UNKNOWN}")
                else:
                    yield Removal(verdict, Outcome.HELD if verdict.second else Outcome.CHANGED)

    def take_all(self, removals: Sequence[Verdict]) -> list[str]:
        """Remove all of these or none; return the names of all where none went."""
        names = [verdict.file.name for verdict in removals]
        refuse_protected_among(names)
        try:
            gone = self._take(removals, which="all")
        except redis.RedisError as error:
            arrived = self._arrived(removals)
            if arrived is None or len(arrived) < len(names):
                raise CompanyProblem(in_words(error)) from None
            gone = arrived
        return [] if len(gone) == len(names) else names

    def _take(self, removals: Sequence[Verdict], *, which: str = "each") -> set[str]:
        store, run, company = self._remover.store, self._remover.run, self._company
        if not self._remover.recorded and run.undo_days:
            store.server.call("HDEL", RUNS, "")  # who may not forget a run would leave the record of an empty one
            write_run(store.server, run._replace(state=RUNNING))
            self._remover.recorded = True
        if run.undo_days:
            note_company(store, run, company.id)
        now = timestamp(time.time_ns() // SECOND * SECOND)
        names: dict[str, str] = {}
        words: list[str] = []
        lines: list[str] = []
        for verdict in removals:
            file = verdict.file
            names[file.stamp.field] = file.name
            fields = {"file": file.name, "rule": verdict.rule.value, "size": file.size, "modified": file.modified}
            words += [
                file.stamp.field,
                file.stamp.mark,
                json.dumps({**fields, "mark": file.stamp.mark, "pairing": self._pairing}),
            ]
            lines.append(
                json.dumps({"time": now, "event": "remove", "run": run.run_id, "company": company.id, **fields})
            )
        if not removals:
            return set()
        store.server.call("RPUSH", AUDIT, *lines)
        kind = store.layout.kind
        keys = [company.key, beside("quarantine", run.run_id, company.key)]
        moved = store.server.script(MOVE, keys, [kind, str(run.undo_days), which, *words])
        return {names[decoded(field)] for field in moved}

    def _arrived(self, removals: Sequence[Verdict]) -> set[str] | None:
        """Return what a script took whose answer was lost: what lies in the quarantine, without one what is not there.

        None where the server does not tell.
        """
        store, run = self._remover.store, self._remover.run
        try:
            if not run.undo_days:
                there = {field for field, _, _ in self._company.marks()}
                return {verdict.file.name for verdict in removals if verdict.file.stamp.field not in there}
            fields = {field for field, _ in store.server.fields(beside("quarantine", run.run_id, self._company.key))}
            return {verdict.file.name for verdict in removals if f"v:{verdict.file.stamp.field}" in fields}
        except redis.RedisError:
            return None

    def confirm(self) -> list[Revision]:
        """Look at nothing again: a script is over when it is over."""
        return []
