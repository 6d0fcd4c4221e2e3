"""What becomes of a file on its way back from the quarantine, in every store."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol


class Vanished(OSError):
    """It lies in the quarantine no more, though it did when the way back was opened."""


class Returned(NamedTuple):
    """A file that is back, or why it is not: FileExistsError where the name is taken by now, else another OSError."""

    name: str
    problem: OSError | None = None


class Returning(Protocol):
    """What a run took from one company, on its way back. Nothing that exists by now is replaced."""

    def names(self) -> list[str]:
        """Return what still lies in the quarantine, by name."""

    def require_same_place(self, company: Any) -> None:  # noqa: ANN401 - as the same store opened it
        """Raise CompanyProblem where it was taken from another place than the settings name for this company now."""

    def put_back(
        self,
        company: Any,  # noqa: ANN401 - as the same store opened it
        names: Sequence[str],
        stopping: Callable[[], bool],
    ) -> Iterator[Returned]:
        """Put files back, and tell of each what became of it; of those that are left when told to stop nothing.

        Raises OSError where nobody can be asked any more: what was not told of is back or in the quarantine.
        """


def one_by_one(
    put_back: Callable[[str], object], names: Sequence[str], stopping: Callable[[], bool]
) -> Iterator[Returned]:
    """Put each file back by itself; `stopping` is asked before each."""
    for name in names:
        if stopping():
            return
        try:
            put_back(name)
        except OSError as error:
            yield Returned(name, error)
        else:
            yield Returned(name)
