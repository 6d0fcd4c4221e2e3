"""What becomes of a file on its way back from the quarantine, in every store."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple


class Returned(NamedTuple):
    """A file that is back, or why it is not: FileExistsError where the name is taken by now, else another OSError."""

    name: str
    problem: OSError | None = None


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
