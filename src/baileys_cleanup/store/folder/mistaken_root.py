"""Folders that somebody took for the sessions root: the folder of one bot, one of the system, one of other names."""

import os

from baileys_cleanup.decision.names import COMPANY_PREFIX
from baileys_cleanup.output.text import few, shown
from baileys_cleanup.store.folder.beside import holds_creds, passed_over

_OF_THE_SYSTEM = (
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/home",
    "/lib",
    "/lib64",
    "/proc",
    "/run",
    "/sbin",
    "/sys",
    "/usr",
    "/var",
    "/var/lib",
    "/var/log",
)


def why_mistaken(folder: int, path: str) -> str | None:
    """Return in words what an open folder is instead of a sessions root, and what was probably meant; None if nothing.

    What cannot be listed is not told apart here: whoever lists its companies says why.
    """
    if any(_same(folder, system) for system in _OF_THE_SYSTEM):
        return "is a folder of the system"
    try:
        if holds_creds(folder):
            return _as_a_bot(folder, path)
        bots = [] if _has_companies(folder) else [each.name for each in passed_over(folder) if each.keys]
    except OSError:
        return None
    if not bots:
        return None
    first = shown(bots[0])
    return (
        f"holds no {COMPANY_PREFIX}<id> folder, but others with a creds.json: {few(bots)}; call each"
        f" {COMPANY_PREFIX}<id> ({COMPANY_PREFIX}{first}, say), or name the folder in which they are called so"
    )


def _as_a_bot(folder: int, path: str) -> str:
    """Return what is to be said of a folder that holds a `creds.json` of its own."""
    if _has_companies(folder):
        return f"holds a creds.json beside its {COMPANY_PREFIX}<id> folders: some bot writes here; move its files away"
    above, name = os.path.split(os.path.realpath(path))
    meant = f"probably {shown(above)} is meant"
    if not name.startswith(COMPANY_PREFIX):
        meant += f", in which this folder has to be called {COMPANY_PREFIX}<id>"
    return f"is the folder of one bot: it holds a creds.json; {meant}"


def _has_companies(folder: int) -> bool:
    with os.scandir(folder) as entries:
        return any(entry.name.startswith(COMPANY_PREFIX) for entry in entries)


def _same(folder: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(folder), os.stat(path))
    except OSError:
        return False
