"""What carries a plan out: the protocol, and the one for a dry run, which touches nothing."""

import errno
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from enum import StrEnum
from typing import NamedTuple, Protocol

from baileys_cleanup.decision.names import PROTECTED, REMOVABLE, kind_of
from baileys_cleanup.decision.verdict import Verdict
from baileys_cleanup.errors import ProtectedFile, in_words
from baileys_cleanup.store.folder.company import Company


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
