"""The names of archives: `company_<id>-20261122T030000Z.tar.gz`, `.tar.gz.age` where one is encrypted.

What has another name is not ours.
"""

import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple

from baileys_cleanup.decision.names import COMPANY_PREFIX
from baileys_cleanup.decision.policy import SECOND
from baileys_cleanup.errors import CompanyProblem
from baileys_cleanup.store.snapshots import why_not_bare

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


def is_of(name: str, company_id: str | None) -> bool:
    """Tell whether a name is that of an archive of a company; of any one where None is given."""
    named = read_archive_name(name)
    return named is not None and company_id in {None, named.company_id}


def company_prefix(company_id: str) -> str:
    """Return where the archives of a company lie below a prefix: `ab/company_<id>/`.

    The two hex digits, the first of the SHA-256 of the id, spread many companies evenly.
    """
    digest = sha256(company_id.encode("utf-8", "surrogateescape")).hexdigest()
    return f"{digest[:2]}/{COMPANY_PREFIX}{company_id}/"


def require_short(company_id: str) -> None:
    """Raise CompanyProblem where no archive could say whose it is: none that does is read back."""
    why = why_not_bare(company_id)
    if why is not None:
        raise CompanyProblem(f"its id cannot stand in an archive: {why}")
