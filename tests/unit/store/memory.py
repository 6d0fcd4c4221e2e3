"""A store made of dictionaries: what shows that nothing above the door knows of folders.

`COMPANIES` holds, by id, the files of each company: name to content and modification time (nanoseconds). All that the
tool keeps beside them lies in `KEPT`.
"""

from contextlib import contextmanager
from dataclasses import dataclass, field

from baileys_cleanup.decision.account import ABSENT, read_account
from baileys_cleanup.decision.names import CREDS_NAME
from baileys_cleanup.decision.verdict import AuthFile
from baileys_cleanup.errors import CompanyProblem, UsageProblem
from baileys_cleanup.store.company import Listing, Look
from baileys_cleanup.store.remover import Outcome, Removal, refuse_protected
from baileys_cleanup.store.returning import one_by_one
from baileys_cleanup.store.store import Purged, Quarantined, Space

COMPANIES = {}


@dataclass
class Kept:
    """The tool's own part."""

    records: dict = field(default_factory=dict)
    runs: dict = field(default_factory=dict)
    quarantine: dict = field(default_factory=dict)
    pairings: dict = field(default_factory=dict)
    rules: dict = field(default_factory=dict)
    audit: list = field(default_factory=list)
    last: int | None = None


KEPT = Kept()


def empty():
    """Forget everything."""
    COMPANIES.clear()
    KEPT.__dict__.update(Kept().__dict__)


@contextmanager
def open_store(place, exclude=()):
    """Open the one store there is."""
    yield MemoryStore(place.where)


class MemoryStore:
    """All companies."""

    was_link = False
    forkable = False

    def __init__(self, url):
        self.path = self.asked = url

    def company_ids(self):
        return sorted(COMPANIES), []

    def has(self, company_id):
        return company_id in COMPANIES

    def passed_over(self):
        return []

    def select(self, wanted):
        ids = [text.removeprefix("company_") for text in wanted]
        for company_id in ids:
            if company_id not in COMPANIES:
                raise UsageProblem(f"there is no company {company_id} in {self.path}")
        return ids

    @contextmanager
    def company(self, company_id, *, anywhere=False):
        if company_id not in COMPANIES:
            raise CompanyProblem("it is gone")
        yield MemoryCompany(company_id, COMPANIES[company_id])

    def expect(self, ids):
        pass

    def faults(self):
        return []

    def has_room(self, files):
        return True

    def place_of(self, company_id):
        return f"{self.path}/{company_id}"

    def dangers(self):
        return []

    def remarks(self):
        return []

    def other_layout(self):
        """There is one."""

    def unseen(self):
        return None

    def uncleared(self):
        return None

    def cramped(self):
        return None

    def space(self):
        return Space(1, 0, 0)

    @contextmanager
    def workspace(self, *, create):
        yield MemoryWorkspace() if create or KEPT.runs else None


class MemoryCompany:
    """One company."""

    def __init__(self, company_id, files):
        self.id, self.files = company_id, files

    def names(self):
        return Listing(list(self.files), [])

    def deeper(self, strangers):
        return []

    def look(self, files, wanted):
        dated = {file.name for file in wanted}
        return Look([self._dated(file) if file.name in dated else file for file in files], [], {})

    def look_beyond(self, kind, names, young):
        files = [self._dated(AuthFile(name, kind)) for name in names]
        return Look([file for file in files if not (young and young.after < file.modified <= young.upto)], [], {})

    def _dated(self, file):
        content, modified = self.files[file.name]
        return file._replace(modified=modified, size=len(content), stamp=self.files[file.name])

    def account(self, wait):
        return read_account(self.files[CREDS_NAME][0]) if CREDS_NAME in self.files else ABSENT

    def written_since(self, moment):
        return any(modified > moment for _, modified in self.files.values())

    def lid_of(self, mapping):
        return None

    def require_mount(self):
        """Require nothing: there is one place only."""

    def doubt(self):
        return None


class MemoryRecords:
    """Small records."""

    def where(self, part="", name=""):
        return "/".join(filter(None, ["memory", part, name]))

    def names(self, part):
        return sorted(KEPT.records.get(part, {}))

    def read(self, part, name):
        if name not in KEPT.records.get(part, {}):
            raise FileNotFoundError(name)
        return KEPT.records[part][name]

    def write(self, part, name, record, *, durable=True):
        KEPT.records.setdefault(part, {})[name] = record


class MemoryFolders:
    """There are no whole folders here."""

    def settle_all(self):
        return []

    def try_owners(self, company):
        """Require nothing: a dictionary has no owner."""


class MemoryLog:
    """The audit log."""

    def write(self, event, **fields):
        KEPT.audit.append((event, fields))


class MemoryWorkspace:
    """What the tool keeps."""

    path = "memory"

    @contextmanager
    def hold(self, name="lock", *, shared=False):
        yield

    def has(self, name):
        return name in KEPT.records

    def records(self):
        return MemoryRecords()

    @contextmanager
    def audit_log(self, clock):
        yield MemoryLog()

    def whole_folders(self):
        return MemoryFolders()

    def pairing_of(self, run_id, company_id):
        return KEPT.pairings.get((run_id, company_id))

    def rules_of(self, run_id, company_id):
        return KEPT.rules.get((run_id, company_id), {})

    def runs(self):
        return [KEPT.runs[run_id] for run_id in sorted(KEPT.runs)], []

    def record_run(self, run):
        KEPT.runs[run.run_id] = run

    def last_start(self):
        return KEPT.last

    def record_start(self, now):
        KEPT.last = now

    def tidy_up(self):
        pass

    def settle(self, run):
        return True

    def purge(self, run, clock, stopping, takes):
        gone = KEPT.quarantine.pop(run.run_id, {})
        del KEPT.runs[run.run_id]
        return Purged(sum(map(len, gone.values())), 0, [])

    def forget_empty(self, run):
        pass

    def unrecorded(self):
        return []

    @contextmanager
    def remover(self, run, clock):
        yield MemoryRemover(run)

    def take_all(self, run, company, removals, pairing):
        left = [each.file.name for each in removals if company.files.get(each.file.name) != each.file.stamp]
        if not left:
            with MemoryRemover(run).company(company, pairing) as at_work:
                list(at_work.remove(removals, lambda: False))
            KEPT.rules[run.run_id, company.id] = {each.file.name: each.rule.value for each in removals}
        return left

    def quarantined(self, run):
        held = KEPT.quarantine.get(run.run_id, {})
        return {name: Quarantined(len(files), 0) for name, files in held.items() if files}

    def holds(self, run, company_id):
        return bool(KEPT.quarantine.get(run.run_id, {}).get(company_id))

    @contextmanager
    def returning(self, run, company_id):
        held = KEPT.quarantine.get(run.run_id, {})
        if company_id not in held:
            raise FileNotFoundError(company_id)
        yield MemoryReturning(held[company_id])

    def set_aside(self):
        return []

    def switch_set_aside(self, folder, wait):
        raise CompanyProblem("nothing lies aside")


class MemoryRemover:
    """Moves what is still as planned from one dictionary into another."""

    later = None

    def __init__(self, run):
        self.run = run

    def doubt(self, company):
        return None

    @contextmanager
    def company(self, company, pairing=None):
        self.files = company.files
        KEPT.pairings[self.run.run_id, company.id] = pairing
        self.into = KEPT.quarantine.setdefault(self.run.run_id, {}).setdefault(company.id, {})
        KEPT.runs[self.run.run_id] = replace_state(self.run)
        yield self

    def remove(self, removals, stopping):
        for verdict in removals:
            name = verdict.file.name
            refuse_protected(name)
            if stopping():
                yield Removal(verdict, Outcome.STOPPED)
            elif self.files.get(name) != verdict.file.stamp:
                yield Removal(verdict, Outcome.CHANGED)
            else:
                self.into[name] = self.files.pop(name)
                yield Removal(verdict, Outcome.REMOVED)

    def confirm(self):
        return []


def replace_state(run):
    """Give a run that is over."""
    return run._replace(state="settled")


class MemoryReturning:
    """The way back."""

    def __init__(self, held):
        self.held = held

    def names(self):
        return sorted(self.held)

    def require_same_place(self, company):
        """Require nothing: there is one place only."""

    def put_back(self, company, names, stopping):
        return one_by_one(lambda name: self._put_back(company, name), names, stopping)

    def _put_back(self, company, name):
        if name in company.files:
            raise FileExistsError(name)
        company.files[name] = self.held.pop(name)
