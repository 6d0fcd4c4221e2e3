"""Whether the dates of a company's files tell an age at all. Pure."""

import math
from bisect import bisect_left
from collections.abc import Iterable
from typing import NamedTuple

from baileys_cleanup.decision.ages import EARLIEST
from baileys_cleanup.decision.names import Kind
from baileys_cleanup.decision.policy import SECOND
from baileys_cleanup.decision.verdict import AuthFile

AT_ONCE = 60 * SECOND
"""`cp -r`, unzip, git and COPY write a whole folder within such a time."""
ENOUGH = 10
"""Fewer files may well be written at once by a bot."""
NEARLY_ALL = 9 / 10
_AGEING = {Kind.SESSION, Kind.SENDER_KEY, Kind.SENDER_KEY_MEMORY}


class OneMoment(NamedTuple):
    """So many `files` of those that age and are `dated` were written at one moment (nanoseconds, the first of them)."""

    moment: int
    files: int
    dated: int


def one_moment(files: Iterable[AuthFile], others: Iterable[int] = ()) -> OneMoment | None:
    """Return the moment from which nearly all dates of a company are, None where they differ, or are impossible.

    `others` are dates (nanoseconds) of more files of kinds that age.
    """
    found = [file.modified for file in files if file.modified is not None and file.kind in _AGEING]
    found += others
    if len(found) < ENOUGH:
        return None
    found.sort()
    del found[: bisect_left(found, EARLIEST)]
    most_apart = math.ceil(NEARLY_ALL * len(found)) - 1
    pairs = zip(found, found[most_apart:], strict=False)
    if len(found) < ENOUGH or not any(last - first <= AT_ONCE for first, last in pairs):
        return None
    most, begin, first = 0, found[0], 0
    for last, moment in enumerate(found):
        while moment - found[first] > AT_ONCE:
            first += 1
        if last - first + 1 > most:
            most, begin = last - first + 1, found[first]
    return OneMoment(begin, most, len(found)) if most >= NEARLY_ALL * len(found) else None
