"""Whether the dates of a company's files tell an age at all. Pure."""

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


def one_moment(files: Iterable[AuthFile]) -> OneMoment | None:
    """Return the moment from which nearly all dates of a company are, None where they differ, or are impossible."""
    found = sorted(
        file.modified
        for file in files
        if file.kind in _AGEING and file.modified is not None and file.modified >= EARLIEST
    )
    if len(found) < ENOUGH:
        return None
    most, begin, first = 0, found[0], 0
    for last, moment in enumerate(found):
        while moment - found[first] > AT_ONCE:
            first += 1
        if last - first + 1 > most:
            most, begin = last - first + 1, found[first]
    return OneMoment(begin, most, len(found)) if most >= NEARLY_ALL * len(found) else None
