"""The names of archives: `company_<id>-20261122T030000Z.tar.gz`, `.tar.gz.age` where one is encrypted.

What has another name is not ours.
"""

import re
from datetime import UTC, datetime
from typing import NamedTuple

from baileys_cleanup.decision.names import COMPANY_PREFIX
from baileys_cleanup.decision.policy import SECOND

_NAME = re.compile(rf"{COMPANY_PREFIX}(?P<id>.+)-(?P<time>[0-9]{{8}}T[0-9]{{6}}Z)\.tar\.gz(?:\.age)?", re.DOTALL)
_TIME = "%Y%m%dT%H%M%SZ"


class Named(NamedTuple):
    """What an archive's name says; `made` is in nanoseconds since the epoch, in whole seconds."""

    company_id: str
    made: int


def archive_name(company_id: str, made: int, *, sealed: bool = False) -> str:
    """Return the name of an archive that was made at a moment, in nanoseconds since the epoch; `sealed`: encrypted."""
    name = f"{COMPANY_PREFIX}{company_id}-{datetime.fromtimestamp(made // SECOND, UTC):{_TIME}}.tar.gz"
    return f"{name}.age" if sealed else name


def read_archive_name(name: str) -> Named | None:
    """Return what a name says, None for a name that is no archive's."""
    found = _NAME.fullmatch(name)
    if found is None or "/" in name:
        return None
    try:
        made = datetime.fromisoformat(found["time"])
    except ValueError:
        return None
    return Named(found["id"], int(made.timestamp()) * SECOND)
