"""A sweep: some work is done again and again, and killed one call to the operating system later each time."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from .faults import Call, kill, nothing, watched
from .runner import in_child


class Clock(NamedTuple):
    """Where a sweep stands: the call before which the tool was stopped, and the call itself."""

    number: int
    root: Path


def killed_everywhere(
    room: Path,
    build: Callable[[Path], object],
    work: Callable[[Path], object],
    meddle: Callable[[Path], Callable[[Call], object]] = lambda _: nothing,
    way_back: str = "renameat2",
    *,
    every: bool,
) -> Iterator[Clock]:
    """Build, work and kill, one call later each time; yields after each death, and ends when nobody died.

    `meddle` may act before each call; with `every`, also between calls that only look.
    """
    number = 0
    while True:
        number += 1
        root = room / f"run{number}"
        root.mkdir()
        build(root)
        meddler = meddle(root)
        left = number

        def act(call: Call, meddler: Callable[[Call], object] = meddler) -> None:
            nonlocal left
            left -= every or call.changes
            if left == 0:
                kill()
            meddler(call)

        def child(root: Path = root, act: Callable[[Call], None] = act) -> None:
            with watched(act, way_back=way_back):
                work(root)

        died, _ = in_child(child)
        if not died:
            break
        yield Clock(number, root)
    assert number > 15, f"only {number} moments: the sweep met nothing"
