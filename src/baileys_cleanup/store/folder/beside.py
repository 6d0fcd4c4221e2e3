"""What lies beside and inside the company folders and is none: looked at by name, never entered, never by a link."""

import os
import stat
from collections.abc import Iterable

from baileys_cleanup.decision.names import COMPANY_PREFIX, CREDS_NAME
from baileys_cleanup.store.folder.opening import open_to_look
from baileys_cleanup.store.passed_over import PassedOver

_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


def passed_over(root: int) -> list[PassedOver]:
    """Return what an open sessions root holds beside its companies, by name: links and folders of other names.

    Files, and folders whose name begins with a dot, are nobody's bot. Raises OSError where it cannot be listed.
    """
    links: list[str] = []
    folders: list[str] = []
    with os.scandir(root) as entries:
        for entry in entries:
            is_company = entry.name.startswith(COMPANY_PREFIX) and entry.name != COMPANY_PREFIX
            if is_company and entry.is_symlink():
                links.append(entry.name)
            elif not is_company and not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
    found = [PassedOver(name, "a link, and links are never followed", keys=True) for name in links]
    paired = set(with_creds(root, folders))
    found += [
        PassedOver(name, "it holds a creds.json, but its name is not company_<id>", keys=True)
        if name in paired
        else PassedOver(name, "its name is not company_<id>", keys=False)
        for name in folders
    ]
    return sorted(found)


def with_creds(folder: int, names: Iterable[str]) -> list[str]:
    """Return those of the names in an open folder that are folders and hold a `creds.json`, sorted."""
    return sorted(name for name in names if _holds_creds(folder, name))


def holds_creds(folder: int) -> bool:
    """Tell whether an open folder has a `creds.json` of its own."""
    try:
        return stat.S_ISREG(os.stat(CREDS_NAME, dir_fd=folder, follow_symlinks=False).st_mode)
    except OSError:
        return False


def _holds_creds(folder: int, name: str) -> bool:
    try:
        fd = open_to_look(name, _OPEN_FOLDER, folder)
    except OSError:  # no folder, a link, or not for this user
        return False
    try:
        return holds_creds(fd)
    finally:
        os.close(fd)
