"""A company of a server, whose keys are all dated in the one look that lists them: later looks ask for nothing more."""

from abc import ABC, abstractmethod
from array import array
from collections.abc import Iterable, Sequence
from itertools import islice

from baileys_cleanup.decision.ages import Young
from baileys_cleanup.decision.names import Kind
from baileys_cleanup.decision.policy import HOUR
from baileys_cleanup.decision.verdict import AuthFile
from baileys_cleanup.store.company import Look

_AT_A_TIME = 10_000
"""Files that are dated at a time: a company may have a million, and their dates take more room than their names."""
_NO_DATE = -(2**63)
"""A date that is not young."""


TWICE = "there twice, as two keys of one name,"
"""What is odd about the strangers of a server."""
_SKEW = HOUR
"""How far a server's clock, which dates the ledger, may be from this machine's."""


def saw_since(known: Iterable[int], moment: int) -> bool:
    """Tell whether a ledger saw its company after a moment, as far as what it noted then tells (all in nanoseconds).

    What it does not know as it is was written later than that, and one that did not look then can tell nothing: what is
    new to it may be older.
    """
    return max(known, default=0) > moment - _SKEW


class ListedCompany(ABC):
    """One company, as its last listing found it."""

    def __init__(self, company_id: str) -> None:
        self.id = company_id

    @abstractmethod
    def file(self, name: str) -> AuthFile:
        """Return one of the listed files, dated. Raises KeyError for another name."""

    @abstractmethod
    def has_listed(self, name: str) -> bool:
        """Tell whether the last listing had this name, once."""

    @abstractmethod
    def modified(self, names: Sequence[str]) -> list[int | None]:
        """Return when listed files were written, in nanoseconds since the epoch; None where nobody can tell."""

    @abstractmethod
    def written_since(self, moment: int) -> bool:
        """Tell whether anything here was certainly written after a moment, in nanoseconds since the epoch."""

    @abstractmethod
    def why_not_writable(self) -> str | None:
        """Return what would keep the tool from removing here. Raises CompanyProblem."""

    def deeper(self, strangers: Iterable[str]) -> list[str]:  # noqa: ARG002 - the same shape as a folder
        """Return nothing: a server holds no folders."""
        return []

    def look(self, files: Iterable[AuthFile], wanted: Iterable[AuthFile]) -> Look:  # noqa: ARG002 - the listing dated all
        """Pass the files on: they were dated when they were listed."""
        return Look([self.file(file.name) if self.has_listed(file.name) else file for file in files], [], {})

    def look_beyond(self, kind: Kind, names: Iterable[str], young: Young | None) -> Look:  # noqa: ARG002 - the names tell
        """Pass on those of the listed files that are not `young`."""
        if young is None:
            return Look([self.file(name) for name in names], [], {})
        passed = array("q")
        files: list[AuthFile] = []
        after, upto = young.after, young.upto
        coming = iter(names)
        while some := list(islice(coming, _AT_A_TIME)):
            dates = [_NO_DATE if each is None else each for each in self.modified(some)]
            old = [name for name, date in zip(some, dates, strict=True) if not after < date <= upto]
            files += map(self.file, old)
            passed.extend([date for date in dates if after < date <= upto] if old else dates)
        return Look(files, [], {}, passed)

    def require_mount(self) -> None:  # noqa: B027 - all of them are so
        """Require nothing: a server is one place."""

    def doubt(self) -> str | None:
        """Return why nothing could be removed here, where that shows without trying."""
        why = self.why_not_writable()
        return f"a real run would remove nothing here: {why}" if why else None
