"""Takes auth files out of one company folder, into the quarantine of a run, or for good where nothing is to be undone.

Baileys rewrites files in place and no lock keeps it out. So a file is moved into the quarantine by one rename
and looked at again where it arrived: whoever opened it before the rename has already changed its date or size.
What is not as planned goes back, and never over a newer file.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice

from baileys_cleanup.decision.names import first_name
from baileys_cleanup.decision.verdict import Rule, Verdict
from baileys_cleanup.errors import CompanyProblem, in_words
from baileys_cleanup.output.text import shown
from baileys_cleanup.store.folder.company import OPEN_FOLDER, Company, stamp_of
from baileys_cleanup.store.folder.placed import name_inodes
from baileys_cleanup.store.folder.put_back import put_back, remove_if_empty
from baileys_cleanup.store.folder.run_quarantine import RunQuarantine
from baileys_cleanup.store.folder.tool_folder import make_folder
from baileys_cleanup.store.remover import Outcome, Removal, Revision, refuse_protected_among

_HOPELESS = {errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EXDEV, errno.EAGAIN}
"""Errors of a whole folder: what one file met, all others of the company would meet as well."""


def one_by_one(
    remove_one: Callable[[Verdict], Outcome], removals: Sequence[Verdict], stopping: Callable[[], bool]
) -> Iterator[Removal]:
    """Carry out planned removals; after what meets the whole folder no other file is tried.

    Tells of those that were not removed.
    """
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
            if outcome is not Outcome.REMOVED:
                yield Removal(verdict, outcome)


class CompanyQuarantine:
    """Takes files of one company out, each by its bare name and an open folder."""

    def __init__(self, quarantine: RunQuarantine, company: Company, pairing: str | None) -> None:
        self._quarantine = quarantine
        self._company = company
        self._pairing = pairing
        self._planned: Sequence[Verdict] = ()
        self._announced = False
        self._paired: frozenset[str] = frozenset()
        self._gone: set[str] = set()
        self._moved: list[Verdict] = []
        self._sent_back: set[str] = set()
        self._holds = False
        self._fd: int | None = None

    def remove(self, removals: Sequence[Verdict], stopping: Callable[[], bool]) -> Iterator[Removal]:
        """Remove one file after the other; the lines of all stand in the audit log before the first one goes.

        Raises ProtectedFile before anything is done, when the plan names such a file.
        """
        refuse_protected_among(verdict.file.name for verdict in removals)
        self._planned, self._announced = removals, False
        self._paired = frozenset(name for each in removals if each.second for name in (each.second, each.file.name))
        remove_one = self._remove_with_copy if self._paired else self._take
        for removal in one_by_one(remove_one, removals, stopping):
            verdict, outcome, _ = removal
            if self._announced and verdict.file.name not in self._sent_back:
                self._tell("not_removed", verdict, outcome.value)
            yield removal

    def _remove_with_copy(self, verdict: Verdict) -> Outcome:
        """Remove a file only after its copy under a second name."""
        if verdict.second is not None and verdict.second not in self._gone:
            return Outcome.HELD
        outcome = self._take(verdict)
        if verdict.file.name in self._paired and outcome in {Outcome.REMOVED, Outcome.VANISHED}:
            self._gone.add(verdict.file.name)
        return outcome

    def _take(self, verdict: Verdict) -> Outcome:
        """Look, move, look again; put back what is not as planned. Raises OSError when it could not go."""
        name, _, _, _, _, planned, _ = verdict.file
        here = self._company.fd
        try:
            try:
                status = os.stat(name, dir_fd=here, follow_symlinks=False)
            except FileNotFoundError:
                return Outcome.VANISHED
            if stamp_of(status) != planned or status.st_nlink != 1 or not stat.S_ISREG(status.st_mode):
                return Outcome.CHANGED
            into = self._fd if self._fd is not None else self._folder()
            if not self._quarantine.may_return(status.st_uid):
                raise _not_ours(status.st_uid)
            if not self._announced:
                self._announce(verdict)
            try:
                os.rename(name, name, src_dir_fd=here, dst_dir_fd=into)
            except FileNotFoundError:
                return Outcome.VANISHED
            try:
                trouble, as_planned = None, stamp_of(os.stat(name, dir_fd=into, follow_symlinks=False)) == planned
            except OSError as error:
                trouble, as_planned = error, False  # not to be told: back with it
            if as_planned:
                self._moved.append(verdict)
                return Outcome.REMOVED
            self._put_back(verdict, into)
            if trouble is not None:
                raise trouble
        except OSError as error:
            name_inodes(error, here)
            raise
        return Outcome.CHANGED

    def _announce(self, first: Verdict) -> None:
        """Write the lines of the first one to go and of all after it. Raises CompanyProblem when they are not whole."""
        begun = next(number for number, verdict in enumerate(self._planned) if verdict is first)
        self._announced = True  # a part of the lines may stand there by then
        try:
            self._quarantine.note("remove", self._company, islice(self._planned, begun, None))
        except OSError as error:
            name_inodes(error, self._quarantine.tool.records_fd)
            raise CompanyProblem(f"the audit log takes no lines, so nothing is removed: {in_words(error)}") from None

    def _tell(self, event: str, verdict: Verdict, why: str | None = None) -> None:
        """Write the line of what did not go as announced: no removal, so it happens with or without its line."""
        with suppress(OSError):
            self._quarantine.note(event, self._company, [verdict], why)

    def confirm(self) -> list[Revision]:
        """Look a last time, put back what changed after all, and delete the rest where nothing is to be undone.

        Opening a file to truncate it takes the kernel two steps: who found it before the rename may truncate it
        after the look that followed. A copy that goes back takes its file along, and a file that stays its copy.
        """
        if self._fd is None:
            return []
        stays = self._changed(self._fd)
        if self._paired:
            stays |= {name for name in map(_file_of, self._moved) if name and name not in self._gone}
        deletes = self._quarantine.deletes
        revisions: list[Revision] = []
        for verdict in self._moved if stays or deletes else ():
            if not stays.isdisjoint({verdict.file.name, verdict.second, _file_of(verdict)}):
                try:
                    self._put_back(verdict, self._fd)
                except CompanyProblem as problem:
                    revisions.append(Revision(verdict, str(problem)))
                else:
                    revisions.append(Revision(verdict))
            elif deletes:
                try:
                    os.unlink(verdict.file.name, dir_fd=self._fd)
                except OSError as error:
                    self._tell("not_deleted", verdict, error.strerror or str(error))
                    sentence = f"moved out, and could not be deleted ({in_words(error)}); the next run deletes it"
                    revisions.append(Revision(verdict, sentence))
        self._holds = not deletes and len(self._moved) > len(revisions)
        self._moved.clear()
        return revisions

    def _changed(self, into: int) -> set[str]:
        """Return the names of what was moved and is not as planned any more."""
        changed: set[str] = set()
        for verdict in self._moved:
            name, _, _, _, _, planned, _ = verdict.file
            try:
                if stamp_of(os.stat(name, dir_fd=into, follow_symlinks=False)) != planned:
                    changed.add(name)
            except OSError:
                changed.add(name)  # not to be told: back with it
        return changed

    def _put_back(self, verdict: Verdict, into: int) -> None:
        name = verdict.file.name
        self._sent_back.add(name)
        self._tell("put_back", verdict)
        try:
            put_back(name, into, self._company.fd)
        except FileExistsError:
            # What exists by now is newer, and what was moved is an older state of it: that stays out.
            self._tell("not_put_back", verdict, "a newer one is there")
        except OSError as error:
            self._tell("not_put_back", verdict, error.strerror or str(error))
            self._quarantine.leave_unsettled()
            raise CompanyProblem(
                f"{shown(name)} changed while it was moved and cannot be put back ({error.strerror}); it lies in"
                f" {self._quarantine.where(self._company)}; the next run tries again, and so does undo"
            ) from None

    def _folder(self) -> int:
        if self._fd is None:
            self._company.require_mount()
            parent = self._quarantine.folder()
            self._quarantine.note_pairing(self._company.id, self._pairing)
            make_folder(parent, self._company.folder_name)
            self._fd = os.open(self._company.folder_name, OPEN_FOLDER, dir_fd=parent)
        return self._fd

    def close(self) -> None:
        """Let go of the folder; an empty one disappears."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
            if not self._holds:
                remove_if_empty(self._quarantine.folder(), self._company.folder_name)


def _not_ours(owner: int) -> OSError:
    # Without an errno: a sentence of this one's own is what people read then.
    return PermissionError(f"it belongs to uid {owner} and could not be put back: run as its owner")


def _file_of(verdict: Verdict) -> str | None:
    """Return the name of the file that a removal goes with as its copy, None for any other removal."""
    return first_name(verdict.file.name) if verdict.rule is Rule.SECOND_NAME else None
