"""The only room that renames or unlinks: takes auth files out, puts them back, deletes what is due.

Baileys rewrites files in place and no lock keeps it out. So a file is moved into the quarantine by one rename
and looked at again where it arrived: whoever opened it before the rename has already changed its date or size.
What is not as planned goes back, and never over a newer file.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from baileys_cleanup.decision.names import PROTECTED, REMOVABLE, kind_of
from baileys_cleanup.decision.plan import Verdict
from baileys_cleanup.errors import CompanyProblem, ProtectedFile, in_words
from baileys_cleanup.output.text import shown
from baileys_cleanup.store.folder.audit import Audit
from baileys_cleanup.store.folder.quarantined import open_quarantined, quarantined, quarantined_companies, run_exists
from baileys_cleanup.store.folder.records import TEMPORARY
from baileys_cleanup.store.folder.renaming import rename_without_replacing
from baileys_cleanup.store.folder.root import OPEN_FOLDER, Company, Root, Stamp
from baileys_cleanup.store.folder.runs import RUNNING, SETTLED, Run, write_run
from baileys_cleanup.store.folder.tool_folder import ToolFolder, make_folder

STAGING = "restoring"
"""Where a restore makes files whole before they go into a company's folder."""
_PROBES = (".way-back", ".way-back.returned")


class Outcome(StrEnum):
    """What became of one planned removal."""

    REMOVED = "removed"
    CHANGED = "changed"
    VANISHED = "vanished"
    HELD = "held"


class Revision(NamedTuple):
    """A removal that the last look undid: the file went back, or `problem` says why it lies in the quarantine."""

    verdict: Verdict
    problem: str | None = None


class Hand(Protocol):
    """Removes files of one company, one at a time."""

    def remove(self, verdict: Verdict) -> Outcome:
        """Carry out one planned removal. Raises OSError when the file could not go, and is still there."""

    def confirm(self) -> "list[Revision]":
        """Look a last time at all that was removed, and return what did not stay so."""


class Remover(Protocol):
    """What carries a plan out: for real, or in words only."""

    def doubt(self, company: Company) -> str | None:
        """Return why removals in this company will fail, where that shows before the first one."""

    def company(self, company: Company) -> AbstractContextManager[Hand]:
        """Return the hand for one company."""


def refuse_protected(name: str) -> None:
    """Raise ProtectedFile for a name no plan may hold: the second check, beside the planner's."""
    kind = kind_of(name)
    if kind in PROTECTED or kind not in REMOVABLE:
        raise ProtectedFile(f"{name!r} is of kind {kind} and is never removed")


# --- a dry run ------------------------------------------------------------------------------------------


class DryRun:
    """The remover without hands: says what the other would do, and touches nothing."""

    def doubt(self, company: Company) -> str | None:
        """Return what would keep the other from removing: no right to write in the company's folder."""
        if os.access(".", os.W_OK | os.X_OK, dir_fd=company.fd, effective_ids=True):
            return None
        read_only = os.fstatvfs(company.fd).f_flag & os.ST_RDONLY
        why = in_words(OSError(errno.EROFS if read_only else errno.EACCES, ""))
        return f"a real run would remove nothing here: {why}"

    @contextmanager
    def company(self, company: Company) -> Iterator[Hand]:  # noqa: ARG002 - the same shape as the real one
        """Return a hand that only says yes."""
        yield self

    def confirm(self) -> list[Revision]:
        """Look at nothing: nothing was moved."""
        return []

    def remove(self, verdict: Verdict) -> Outcome:
        """Say that the file would be removed."""
        refuse_protected(verdict.file.name)
        return Outcome.REMOVED


# --- the real one ---------------------------------------------------------------------------------------


class Quarantine:
    """Moves files into the quarantine of one run, or deletes them at once after the same look.

    The run's folder and record are made with its first removal.
    """

    def __init__(self, tool: ToolFolder, run: Run, audit: Audit) -> None:
        self._tool = tool
        self._run = run
        self._audit = audit
        self._fd: int | None = None
        self._by_link = False
        self._settled = True

    def doubt(self, company: Company) -> str | None:  # noqa: ARG002 - the same shape as the dry one
        """Doubt nothing: a removal that fails says so itself."""
        return None

    @contextmanager
    def company(self, company: Company) -> Iterator[Hand]:
        """Return the hand for one company; its part of the quarantine is made with the first removal."""
        hand = _QuarantineHand(self, company)
        try:
            yield hand
        finally:
            hand.close()

    def close(self) -> None:
        """End the run: forget what stayed empty, and mark the rest as settled."""
        if self._fd is None:
            return
        os.close(self._fd)
        self._fd = None
        if _remove_if_empty(self._tool.quarantine, self._run.run_id):
            _forget_record(self._tool, self._run.run_id)
        elif self._settled:
            # A record that cannot be written stays as it was, and the next run settles this one.
            with suppress(OSError):
                write_run(self._tool, self._run._replace(state=SETTLED))

    @property
    def deletes(self) -> bool:
        """Tell whether files are deleted after the last look (`--undo-days 0`)."""
        return self._run.undo_days == 0

    def leave_unsettled(self) -> None:
        """Leave it to the next run to put back what could not be put back now; nothing is purged before that."""
        self._settled = False

    def folder(self) -> int:
        """Return the run's quarantine folder; the first call makes it and tries whether files can return."""
        if self._fd is None:
            write_run(self._tool, self._run._replace(state=RUNNING))
            make_folder(self._tool.quarantine, self._run.run_id)
            fd = os.open(self._run.run_id, OPEN_FOLDER, dir_fd=self._tool.quarantine)
            try:
                self._by_link = _try_way_back(self._tool.fd)
            except BaseException:
                os.close(fd)
                tidy(self._tool, self._run)
                raise
            self._fd = fd
        return self._fd

    def may_return(self, owner: int) -> bool:
        """Tell whether a file of this owner (a uid) could be put back by the user who runs this.

        The kernel lets only the owner make a hard link (`fs.protected_hardlinks`); a rename asks for nothing.
        """
        return not self._by_link or os.geteuid() in {0, owner}

    def note(self, event: str, company: Company, verdict: Verdict) -> None:
        """Write the audit line of what is about to happen to a file."""
        self._audit.write(
            event,
            run=self._run.run_id,
            company=company.id,
            file=verdict.file.name,
            rule=verdict.rule.value,
            size=verdict.file.size,
            modified=verdict.file.modified,
        )

    def where(self, company: Company) -> str:
        """Return where this run keeps what it took from a company, for people."""
        return f"{self._tool.path}/quarantine/{self._run.run_id}/{company.folder_name}"


class _QuarantineHand:
    """Takes files of one company out, each by its bare name and an open folder."""

    def __init__(self, quarantine: Quarantine, company: Company) -> None:
        self._quarantine = quarantine
        self._company = company
        self._gone: set[str] = set()
        self._moved: list[Verdict] = []
        self._fd: int | None = None

    def remove(self, verdict: Verdict) -> Outcome:
        """Look, note, move, look again; put back what is not as planned."""
        file = verdict.file
        refuse_protected(file.name)
        if verdict.memory is not None and verdict.memory not in self._gone:
            return Outcome.HELD
        outcome = self._take(verdict, file.name, file.stamp)
        if outcome in {Outcome.REMOVED, Outcome.VANISHED}:
            self._gone.add(file.name)
        return outcome

    def _take(self, verdict: Verdict, name: str, planned: Any) -> Outcome:  # noqa: ANN401 - the store's own
        try:
            status = os.stat(name, dir_fd=self._company.fd, follow_symlinks=False)
        except FileNotFoundError:
            return Outcome.VANISHED
        if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1 or Stamp.of(status) != planned:
            return Outcome.CHANGED
        into = self._folder()
        if not self._quarantine.may_return(status.st_uid):
            raise OSError(errno.EPERM, f"it belongs to uid {status.st_uid} and could not be put back: run as its owner")
        self._quarantine.note("remove", self._company, verdict)
        try:
            os.rename(name, name, src_dir_fd=self._company.fd, dst_dir_fd=into)
        except FileNotFoundError:
            return Outcome.VANISHED
        trouble: OSError | None = None
        try:
            as_planned = Stamp.of(os.stat(name, dir_fd=into, follow_symlinks=False)) == planned
        except OSError as error:
            as_planned, trouble = False, error  # not to be told: back with it
        if as_planned:
            self._moved.append(verdict)
            return Outcome.REMOVED
        self._put_back(verdict, into)
        if trouble is not None:
            raise trouble
        return Outcome.CHANGED

    def confirm(self) -> list[Revision]:
        """Look a last time, put back what changed after all, and delete the rest where nothing is to be undone.

        Opening a file to truncate it takes the kernel two steps: who found it before the rename may truncate it
        after the look that followed. A memory that goes back takes the keys that went with it along.
        """
        if self._fd is None:
            return []
        into = self._fd
        changed = {verdict.file.name for verdict in self._moved if not self._is_as_planned(verdict, into)}
        revisions: list[Revision] = []
        for verdict in self._moved:
            if verdict.file.name in changed or verdict.memory in changed:
                try:
                    self._put_back(verdict, into)
                except CompanyProblem as problem:
                    revisions.append(Revision(verdict, str(problem)))
                else:
                    revisions.append(Revision(verdict))
            elif self._quarantine.deletes:
                try:
                    os.unlink(verdict.file.name, dir_fd=into)
                except OSError as error:
                    sentence = f"moved out, and could not be deleted ({in_words(error)}); the next run deletes it"
                    revisions.append(Revision(verdict, sentence))
        self._moved.clear()
        return revisions

    def _is_as_planned(self, verdict: Verdict, into: int) -> bool:
        try:
            return bool(Stamp.of(os.stat(verdict.file.name, dir_fd=into, follow_symlinks=False)) == verdict.file.stamp)
        except OSError:
            return False  # not to be told: back with it

    def _put_back(self, verdict: Verdict, into: int) -> None:
        name = verdict.file.name
        with suppress(OSError):  # what goes back is no removal: it goes back with or without its line
            self._quarantine.note("put_back", self._company, verdict)
        try:
            put_back(name, into, self._company.fd)
        except FileExistsError:
            pass  # what exists by now is newer, and what was moved is an older state of it: that stays out
        except OSError as error:
            self._quarantine.leave_unsettled()
            raise CompanyProblem(
                f"{shown(name)} changed while it was moved and cannot be put back ({error.strerror}); it lies in"
                f" {self._quarantine.where(self._company)}; the next run tries again, and so does undo"
            ) from None

    def _folder(self) -> int:
        if self._fd is None:
            parent = self._quarantine.folder()
            make_folder(parent, self._company.folder_name)
            self._fd = os.open(self._company.folder_name, OPEN_FOLDER, dir_fd=parent)
        return self._fd

    def close(self) -> None:
        """Let go of the folder; an empty one disappears."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
            _remove_if_empty(self._quarantine.folder(), self._company.folder_name)


def put_back(name: str, source: int, target: int) -> None:
    """Move a file from one open folder to another under the same name, never over an existing file.

    Raises FileExistsError when there is one, OSError when it cannot be done.
    """
    if not rename_without_replacing(name, name, source, target):
        os.link(name, name, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
        os.unlink(name, dir_fd=source)


def _try_way_back(folder: int) -> bool:
    """Try on a file of our own how files can return: True by hard link only, False by rename.

    Raises CompanyProblem when this file system knows neither; then nothing may be removed at all.
    """
    names = _PROBES
    _forget_probes(folder)
    fd = os.open(names[0], os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=folder)
    os.close(fd)
    try:
        if rename_without_replacing(*names, folder, folder):
            return False
        try:
            os.link(*names, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
        except OSError as error:
            raise CompanyProblem(
                f"this file system cannot put a file back without overwriting ({error.strerror}), so nothing is removed"
            ) from None
        return True
    finally:
        _forget_probes(folder)


def _forget_probes(folder: int) -> None:
    for name in _PROBES:
        with suppress(OSError):  # what cannot go now goes before the next probe
            os.unlink(name, dir_fd=folder)


# --- what lies in the quarantine ------------------------------------------------------------------------


class Purged(NamedTuple):
    """What a purge deleted for good, and what it could not delete."""

    files: int
    size: int
    errors: list[str]


def purge(tool: ToolFolder, run: Run, audit: Audit, stopping: Callable[[], bool]) -> Purged:
    """Delete for good what one run left in the quarantine; stops between two files when told to."""
    with suppress(OSError):  # on a full disk this is what makes room for the next line
        audit.write("purge", run=run.run_id)
    files = size = 0
    errors: list[str] = []
    try:
        with open_quarantined(tool.quarantine, run.run_id) as run_fd:
            for company in sorted(os.listdir(run_fd)):
                with open_quarantined(run_fd, company) as fd, os.scandir(fd) as entries:
                    for entry in entries:
                        if stopping():
                            return Purged(files, size, errors)
                        length = entry.stat(follow_symlinks=False).st_size
                        os.unlink(entry.name, dir_fd=fd)
                        files += 1
                        size += length
                _remove_if_empty(run_fd, company)
    except FileNotFoundError:
        pass  # gone already, by an earlier purge that was stopped
    except OSError as error:
        errors.append(f"run {run.run_id} could not be purged: {error.strerror}: {error.filename!r}")
        return Purged(files, size, errors)
    tidy(tool, run)
    return Purged(files, size, errors)


def settle(root: Root, tool: ToolFolder, run: Run) -> bool:
    """End what a killed run or undo left half done, so that every file is in one place; tell whether that is so.

    A put-back by hard link that was cut in two left the file in both places: the quarantine lets go of it.
    A file that was rewritten after the run began, while it was being moved, goes back unless a newer one exists.
    Where that cannot be done now the run stays unsettled, and nothing of it may be purged.
    """
    settled = _return_changed(root, tool, run)
    tidy(tool, run)
    if settled and run_exists(tool, run):
        write_run(tool, run._replace(state=SETTLED))
    return settled


def _return_changed(root: Root, tool: ToolFolder, run: Run) -> bool:
    """Put back what changed while a run moved it; False when some company could not be worked on."""
    whole = True
    for company_id in quarantined_companies(tool, run):
        try:
            if root.has(company_id):
                with root.company(company_id) as company, quarantined(tool, run, company_id) as fd:
                    _return_changed_of(company, fd, run)
        except (CompanyProblem, OSError):
            whole = False
    return whole


def _return_changed_of(company: Company, fd: int, run: Run) -> None:
    for name in os.listdir(fd):
        status = os.stat(name, dir_fd=fd, follow_symlinks=False)
        if status.st_nlink > 1 and _same_file(company.fd, name, status):
            os.unlink(name, dir_fd=fd)
        elif run.state == RUNNING and status.st_mtime_ns > run.started:
            with suppress(FileExistsError):
                put_back(name, fd, company.fd)


def tidy(tool: ToolFolder, run: Run) -> None:
    """Remove the empty folders of a run, and its record with the last one."""
    with suppress(FileNotFoundError), open_quarantined(tool.quarantine, run.run_id) as fd:
        for company in os.listdir(fd):
            _remove_if_empty(fd, company)
    if _remove_if_empty(tool.quarantine, run.run_id) or not run_exists(tool, run):
        _forget_record(tool, run.run_id)


def forget_leftovers(tool: ToolFolder) -> None:
    """Remove the temporary files that a killed run left in the tool's own folder."""
    _forget_probes(tool.fd)
    forget_staged(tool)
    for name in os.listdir(tool.runs):
        if name.endswith(TEMPORARY):
            os.unlink(name, dir_fd=tool.runs)


def forget_staged(tool: ToolFolder) -> None:
    """Remove what a killed restore left in the tool's own folder, on its way into a company's."""
    with suppress(FileNotFoundError), tool.part(STAGING, create=False) as staging:
        for name in os.listdir(staging):
            os.unlink(name, dir_fd=staging)


def unrecorded(tool: ToolFolder) -> list[str]:
    """Return what lies in the quarantine under no name of a run in `runs`; an empty folder just goes."""
    records = {name.removesuffix(".json") for name in os.listdir(tool.runs)}
    return [
        name
        for name in sorted(os.listdir(tool.quarantine))
        if name not in records and not _remove_if_empty(tool.quarantine, name)
    ]


def _same_file(folder: int, name: str, status: os.stat_result) -> bool:
    try:
        other = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return (other.st_dev, other.st_ino) == (status.st_dev, status.st_ino)


def _remove_if_empty(parent: int, name: str) -> bool:
    try:
        os.rmdir(name, dir_fd=parent)
    except OSError:
        return False
    return True


def _forget_record(tool: ToolFolder, run_id: str) -> None:
    with suppress(OSError):  # a record of nothing does no harm, and the next run forgets it
        os.unlink(f"{run_id}.json", dir_fd=tool.runs)
