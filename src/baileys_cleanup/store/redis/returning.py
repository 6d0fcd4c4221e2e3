"""The way back from the quarantine: keys go in where nothing is, a chunk in one script."""

from collections.abc import Callable, Iterator, Sequence

from baileys_cleanup.errors import CompanyProblem
from baileys_cleanup.output.text import shown
from baileys_cleanup.store.redis import runs
from baileys_cleanup.store.redis.company import RedisCompany
from baileys_cleanup.store.redis.database import Database, beside
from baileys_cleanup.store.redis.layout import file_name
from baileys_cleanup.store.redis.scripts import CHUNK, PUT_BACK
from baileys_cleanup.store.redis.server import decoded
from baileys_cleanup.store.redis.trouble import as_os_error
from baileys_cleanup.store.returning import Returned, Vanished


class RedisReturning:
    """What a run took from one company, on its way back."""

    def __init__(self, store: Database, run_id: str, company_id: str) -> None:
        self._store = store
        self._of = (run_id, company_id)
        with as_os_error(self._store.path):
            self._from = runs.key_of(store, run_id, company_id)
            self._key = beside("quarantine", run_id, self._from)
            store.know_raw(company_id, self._from)
            self._held = {file_name(field): (field, note) for field, note in runs.held(store, run_id, company_id)}

    def names(self) -> list[str]:
        """Return what still lies in the quarantine, by name."""
        return sorted(self._held)

    def require_same_place(self, company: RedisCompany) -> None:
        """Raise CompanyProblem where it was taken from another key than the settings name for this company now.

        Likewise where it lies among what was taken from another company.
        """
        shared = self._store.why_shared(company.id)
        if shared is not None:
            raise CompanyProblem(shared)
        if company.key != self._from:
            raise CompanyProblem(f"it was taken from {shown(self._from)}, and redis.key names another place")

    def put_back(self, company: RedisCompany, names: Sequence[str], stopping: Callable[[], bool]) -> Iterator[Returned]:
        """Put keys back, and tell of each what became of it; of those that are left when told to stop nothing."""
        for number in range(0, len(names), CHUNK):
            if stopping():
                return
            part = names[number : number + CHUNK]
            problem: OSError | None = None
            self._store.know_strings(company.id, [self._held[name][0] for name in part])
            try:
                with as_os_error(self._store.path):
                    back, vanished = self._put_back(company, part)
            except OSError as error:
                problem = error
                back, vanished = self._look(company, part)
            for name in part:
                if name in back:
                    del self._held[name]
                    yield Returned(name)
                elif name in vanished:
                    yield Returned(name, Vanished(name))
                else:
                    yield Returned(name, problem or FileExistsError(name))

    def _put_back(self, company: RedisCompany, names: Sequence[str]) -> tuple[set[str], set[str]]:
        """Return those that are back, and those that lie in the quarantine no more."""
        server = self._store.server
        fields = {self._held[name][0]: name for name in names}
        told = server.script(PUT_BACK, [company.key, self._key], [self._store.layout.kind, *fields])
        back, vanished = ({fields[decoded(field)] for field in each} for each in told)
        notes = [self._held[name] for name in sorted(back)]
        dated = [(field, note) for field, note in notes if note.mark and note.modified is not None]
        lines = [(field, f"{note.mark} {note.modified}") for field, note in dated]
        server.set_fields(self._store.ledger(company.id), lines)
        return back, vanished

    def _look(self, company: RedisCompany, names: Sequence[str]) -> tuple[set[str], set[str]]:
        """Return the same where the answer was lost: a server may come back without what it had."""
        with as_os_error(self._store.path):
            left = {file_name(field) for field, _ in runs.held(self._store, *self._of)}
        gone = set(names).difference(left)
        there = gone.intersection(company.names().names) if gone else gone
        return there, gone - there
