"""The whole folders that lie aside: a list of them, and the switch of one, as the door wants them."""

import os
from collections.abc import Callable
from contextlib import suppress

from baileys_cleanup.errors import CompanyProblem
from baileys_cleanup.store.folder.company import Company
from baileys_cleanup.store.folder.late import bring_late, list_live
from baileys_cleanup.store.folder.root import Root
from baileys_cleanup.store.folder.set_aside import is_live, open_aside, read_asides, switch, switch_back
from baileys_cleanup.store.folder.tool_folder import ToolFolder
from baileys_cleanup.store.store import SetAside
from baileys_cleanup.store.whole_folders import Late


def list_set_aside(tool: ToolFolder) -> list[SetAside]:
    """Return the whole folders that lie aside, newest first; what never was live is none of them."""
    found: list[SetAside] = []
    for aside in reversed(read_asides(tool)):
        try:
            with open_aside(tool, aside) as fd, os.scandir(fd) as entries:
                sizes = [entry.stat(follow_symlinks=False).st_size for entry in entries]
                former = os.fstat(fd).st_ino != aside.built
                pairing = _pairing_in(aside.company_id, fd) or (aside.pairing if former else None)
        except FileNotFoundError:
            continue  # there was none before, or somebody deleted it
        if aside.lived or former:
            numbers = (aside.started, len(sizes), sum(sizes))
            found.append(SetAside(aside.run_id, aside.company_id, aside.why, *numbers, former, pairing))
    return found


def _pairing_in(company_id: str, fd: int) -> str | None:
    """Return the pairing of the folder that lies aside now; what was noted is that of the one that did so first."""
    with suppress(CompanyProblem):
        pairing = Company(company_id, fd).account(lambda: None).pairing
        return str(pairing) if pairing else None
    return None


def switch_set_aside(root: Root, tool: ToolFolder, folder: SetAside, wait: Callable[[], object]) -> Late:
    """Let a folder that lies aside go live; the present one lies in its place. Raises CompanyProblem when it cannot.

    Returns what was written into the present one meanwhile; `wait` is called before the two are compared again.
    """
    wanted = (folder.run_id, folder.company_id)
    aside = next((each for each in read_asides(tool) if (each.run_id, each.company_id) == wanted), None)
    if aside is None:
        raise CompanyProblem(f"the folder that run {folder.run_id} set aside is no longer there")
    seen = list_live(root, folder.company_id)
    turn = switch_back if folder.former or is_live(root, aside) else switch
    aside = turn(root, tool, aside)
    return bring_late(root, tool, aside, seen, wait) if seen else Late([], [])
