"""Takes auth files out of a company folder: into the quarantine of a run, or for good where nothing is to be undone.

Baileys rewrites files in place and no lock keeps it out. So a file is moved into the quarantine by one rename
and looked at again where it arrived: whoever opened it before the rename has already changed its date or size.
What is not as planned goes back, and never over a newer file.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any

from baileys_cleanup.decision.names import first_name
from baileys_cleanup.decision.verdict import Rule, Verdict
from baileys_cleanup.errors import CompanyProblem, LockHeld, in_words
from baileys_cleanup.output.text import shown
from baileys_cleanup.store.folder.audit import Audit
from baileys_cleanup.store.folder.company import OPEN_FOLDER, Company, Stamp
from baileys_cleanup.store.folder.pairings import note_pairing
from baileys_cleanup.store.folder.placed import placed
from baileys_cleanup.store.folder.purge import forget_record, tidy
from baileys_cleanup.store.folder.put_back import put_back, remove_if_empty, try_way_back
from baileys_cleanup.store.folder.runs import write_run
from baileys_cleanup.store.folder.tool_folder import ToolFolder, make_folder
from baileys_cleanup.store.remover import CompanyRemover, Outcome, Removal, Revision, refuse_protected
from baileys_cleanup.store.runs import RUNNING, SETTLED, Run

_HOPELESS = {errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EXDEV, errno.EAGAIN}
"""Errors of a whole folder: what one file met, all others of the company would meet as well."""


def one_by_one(
    remove_one: Callable[[Verdict], Outcome], removals: Sequence[Verdict], stopping: Callable[[], bool]
) -> Iterator[Removal]:
    """Carry out planned removals; after what meets the whole folder no other file is tried."""
    hopeless: str | None = None
    for verdict in removals:
        if hopeless is not None:
            yield Removal(verdict, Outcome.FAILED, hopeless)
            continue
        if stopping():
            yield Removal(verdict, Outcome.STOPPED)
            continue
        try:
            outcome = remove_one(verdict)
        except CompanyProblem as problem:
            hopeless = str(problem)
            yield Removal(verdict, Outcome.FAILED, hopeless)
        except OSError as error:
            if error.errno in _HOPELESS:
                hopeless = in_words(error)
            yield Removal(verdict, Outcome.FAILED, in_words(error))
        else:
            yield Removal(verdict, outcome)


class Quarantine:
    """Moves files into the quarantine of one run, or deletes them at once after the same look.

    The run's folder and record are made with its first removal. `hold_records` keeps others from the records of runs
    meanwhile: where shards are beside this one, one that begins must not take a folder without a record for a leftover.
    """

    def __init__(
        self,
        tool: ToolFolder,
        run: Run,
        audit: Audit,
        hold_records: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._tool = tool
        self._hold_records = hold_records
        self._run = run
        self._audit = audit
        self._fd: int | None = None
        self._by_link = False
        self._settled = True

    def doubt(self, company: Company) -> str | None:  # noqa: ARG002 - the same shape as the dry one
        """Doubt nothing: a removal that fails says so itself."""
        return None

    @contextmanager
    def company(self, company: Company, pairing: str | None = None) -> Iterator[CompanyRemover]:
        """Return the remover for one company; its part of the quarantine is made with the first removal."""
        remover = _CompanyQuarantine(self, company, pairing)
        try:
            yield remover
        finally:
            remover.close()

    def close(self) -> None:
        """End the run: forget what stayed empty, and mark the rest as settled."""
        if self._fd is None:
            return
        os.close(self._fd)
        self._fd = None
        # A record that cannot be written stays as it was, and the next run settles this one.
        with suppress(OSError, LockHeld), self._hold_records():
            if remove_if_empty(self._tool.quarantine, self._run.run_id):
                forget_record(self._tool, self._run.run_id)
            elif self._settled:
                write_run(self._tool, self._run._replace(state=SETTLED))

    @property
    def tool(self) -> ToolFolder:
        """The tool's own folder."""
        return self._tool

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return self._run.run_id

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
            try:
                with self._hold_records():
                    self._fd = self._make_folder()
            except LockHeld as held:
                raise CompanyProblem(str(held)) from None
        return self._fd

    def _make_folder(self) -> int:
        write_run(self._tool, self._run._replace(state=RUNNING))
        make_folder(self._tool.quarantine, self._run.run_id)
        fd = os.open(self._run.run_id, OPEN_FOLDER, dir_fd=self._tool.quarantine)
        try:
            self._by_link = try_way_back(self._tool.fd)
        except BaseException:
            os.close(fd)
            tidy(self._tool, self._run)
            raise
        return fd

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


class _CompanyQuarantine:
    """Takes files of one company out, each by its bare name and an open folder."""

    def __init__(self, quarantine: Quarantine, company: Company, pairing: str | None) -> None:
        self._quarantine = quarantine
        self._company = company
        self._pairing = pairing
        self._gone: set[str] = set()
        self._moved: list[Verdict] = []
        self._fd: int | None = None

    def remove(self, removals: Sequence[Verdict], stopping: Callable[[], bool]) -> Iterator[Removal]:
        """Remove one file after the other."""
        return one_by_one(self.remove_one, removals, stopping)

    def remove_one(self, verdict: Verdict) -> Outcome:
        """Look, note, move, look again; put back what is not as planned. Raises OSError when it could not go."""
        file = verdict.file
        refuse_protected(file.name)
        if verdict.second is not None and verdict.second not in self._gone:
            return Outcome.HELD
        with placed(self._company.folder_name, self._company.fd):
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
        after the look that followed. A copy that goes back takes its file along, and a file that stays its copy.
        """
        if self._fd is None:
            return []
        into = self._fd
        changed = {verdict.file.name for verdict in self._moved if not self._is_as_planned(verdict, into)}
        stays = changed | {name for name in map(_file_of, self._moved) if name and name not in self._gone}
        revisions: list[Revision] = []
        for verdict in self._moved:
            if not stays.isdisjoint({verdict.file.name, verdict.second, _file_of(verdict)}):
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
            self._company.require_mount()
            parent = self._quarantine.folder()
            note_pairing(self._quarantine.tool, self._quarantine.run_id, self._company.id, self._pairing)
            make_folder(parent, self._company.folder_name)
            self._fd = os.open(self._company.folder_name, OPEN_FOLDER, dir_fd=parent)
        return self._fd

    def close(self) -> None:
        """Let go of the folder; an empty one disappears."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
            remove_if_empty(self._quarantine.folder(), self._company.folder_name)


def _file_of(verdict: Verdict) -> str | None:
    """Return the name of the file that a removal goes with as its copy, None for any other removal."""
    return first_name(verdict.file.name) if verdict.rule is Rule.SECOND_NAME else None
