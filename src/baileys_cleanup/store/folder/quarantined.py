"""What lies in the quarantine, to look at: `quarantine/<run_id>/company_<id>/<file>`."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from baileys_cleanup.decision.names import COMPANY_PREFIX
from baileys_cleanup.store.folder.company import OPEN_FOLDER
from baileys_cleanup.store.folder.opening import open_to_look
from baileys_cleanup.store.folder.tool_folder import ToolFolder
from baileys_cleanup.store.runs import Run
from baileys_cleanup.store.store import Quarantined

GONE = frozenset({errno.ENOENT, errno.ESTALE})
"""Another shard was faster; the second is how NFS says it."""


@contextmanager
def open_quarantined(parent: int, name: str) -> Iterator[int]:
    """Open a folder by its bare name, for as long as it is needed."""
    fd = open_to_look(name, OPEN_FOLDER, parent)
    try:
        yield fd
    finally:
        os.close(fd)


def run_exists(tool: ToolFolder, run: Run) -> bool:
    """Tell whether the quarantine still holds anything of a run."""
    try:
        os.stat(run.run_id, dir_fd=tool.quarantine, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def holds_company(tool: ToolFolder, run: Run, company_id: str) -> bool:
    """Tell whether the quarantine still holds anything that a run took from a company."""
    try:
        with open_quarantined(tool.quarantine, run.run_id) as fd:
            os.stat(COMPANY_PREFIX + company_id, dir_fd=fd, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def quarantined_companies(tool: ToolFolder, run: Run) -> list[str]:
    """Return the ids of the companies that a run took files from and that are still in the quarantine."""
    try:
        with open_quarantined(tool.quarantine, run.run_id) as fd:
            return sorted(name[len(COMPANY_PREFIX) :] for name in os.listdir(fd) if name.startswith(COMPANY_PREFIX))
    except FileNotFoundError:
        return []


@contextmanager
def quarantined(tool: ToolFolder, run: Run, company_id: str) -> Iterator[int]:
    """Open what a run took from one company."""
    with (
        open_quarantined(tool.quarantine, run.run_id) as run_fd,
        open_quarantined(run_fd, COMPANY_PREFIX + company_id) as fd,
    ):
        yield fd


@contextmanager
def _passing_over_gone() -> Iterator[None]:
    """Let pass that another one took something away meanwhile."""
    try:
        yield
    except OSError as error:
        if error.errno not in GONE:
            raise


def all_of(tool: ToolFolder, run: Run) -> dict[str, Quarantined]:
    """Return what of a run still lies in the quarantine, by company; those of which nothing is left are left out.

    What another shard takes back or deletes meanwhile is left out as well.
    """
    found: dict[str, Quarantined] = {}
    for company_id in quarantined_companies(tool, run):
        sizes: list[int] = []
        with _passing_over_gone(), quarantined(tool, run, company_id) as fd, os.scandir(fd) as entries:
            for entry in entries:
                with _passing_over_gone():
                    sizes.append(entry.stat(follow_symlinks=False).st_size)
        if sizes:
            found[company_id] = Quarantined(len(sizes), sum(sizes))
    return found
