"""The end of earlier runs: what was cut short is settled, and what is due is deleted for good."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress

from baileys_cleanup.decision.names import COMPANY_PREFIX
from baileys_cleanup.errors import CompanyProblem, LockHeld
from baileys_cleanup.store.folder.audit import Audit, Removals
from baileys_cleanup.store.folder.company import Company
from baileys_cleanup.store.folder.pairings import PAIRINGS
from baileys_cleanup.store.folder.put_back import forget_probes, put_back, remove_if_empty
from baileys_cleanup.store.folder.quarantined import (
    GONE,
    open_quarantined,
    quarantined,
    quarantined_companies,
    run_exists,
)
from baileys_cleanup.store.folder.records import TEMPORARY
from baileys_cleanup.store.folder.root import Root
from baileys_cleanup.store.folder.runs import write_run
from baileys_cleanup.store.folder.tool_folder import ToolFolder
from baileys_cleanup.store.runs import SETTLED, UNDOING, Run
from baileys_cleanup.store.store import Purged

STAGING = "restoring"
"""Where a restore makes files whole before they go into a company's folder."""


def purge(
    tool: ToolFolder,
    run: Run,
    audit: Audit,
    stopping: Callable[[], bool],
    takes: Callable[[str], bool] = lambda _: True,
) -> Purged:
    """Delete for good what one run left in the quarantine of the companies that this one takes.

    Stops between two files when told to. What another one deletes meanwhile is gone, and not counted.
    """
    with suppress(OSError):  # on a full disk this is what makes room for the next line
        audit.write("purge", run=run.run_id)
    files = size = 0
    errors: list[str] = []
    try:
        with suppress(FileNotFoundError), open_quarantined(tool.quarantine, run.run_id) as run_fd:
            for company in sorted(os.listdir(run_fd)):
                if not takes(company.removeprefix(COMPANY_PREFIX)):
                    continue
                with suppress(FileNotFoundError), open_quarantined(run_fd, company) as fd:
                    for name in os.listdir(fd):
                        if stopping():
                            return Purged(files, size, errors)
                        with suppress(FileNotFoundError):
                            length = os.stat(name, dir_fd=fd, follow_symlinks=False).st_size
                            os.unlink(name, dir_fd=fd)
                            files += 1
                            size += length
        tidy(tool, run)
    except OSError as error:
        if error.errno not in GONE:
            errors.append(f"run {run.run_id} could not be purged: {error.strerror}: {error.filename!r}")
    return Purged(files, size, errors)


def _alone(company_id: str) -> AbstractContextManager[None]:  # noqa: ARG001 - the shape of a lock
    return nullcontext()


def settle(
    root: Root, tool: ToolFolder, run: Run, hold: Callable[[str], AbstractContextManager[None]] = _alone
) -> bool:
    """End what a killed run or undo left half done, so that every file is in one place; tell whether that is so.

    A put-back by hard link that was cut in two left the file in both places: the quarantine lets go of it.
    A file that was rewritten after the run began goes back unless a newer one exists: somebody found it before it was
    moved, and wrote into it where it was by then, on NFS much later.
    Where that cannot be done now the run stays unsettled, and nothing of it may be purged. `hold` holds a company by
    its id while it is worked on.
    """
    settled = _return_changed(root, tool, run, hold)
    tidy(tool, run)
    if settled and run_exists(tool, run):
        with suppress(OSError):  # on a full disk the next run looks once more; what is due may go, and makes room
            write_run(tool, run._replace(state=SETTLED))
    return settled


def _return_changed(
    root: Root, tool: ToolFolder, run: Run, hold: Callable[[str], AbstractContextManager[None]]
) -> bool:
    """Put back what was written since a run moved it; False when some company could not be worked on."""
    whole, told = True, Removals(tool, run.run_id)
    for company_id in quarantined_companies(tool, run):
        try:
            if root.has(company_id):
                with (
                    hold(company_id),
                    root.company(company_id) as company,
                    quarantined(tool, run, company_id) as fd,
                ):
                    _return_changed_of(told, company, fd, run)
        except (CompanyProblem, LockHeld, OSError):
            whole = False
    return whole


def _return_changed_of(told: Removals, company: Company, fd: int, run: Run) -> None:
    planned: dict[str, int] | None = None
    returned = False
    for name in os.listdir(fd):
        status = os.stat(name, dir_fd=fd, follow_symlinks=False)
        if status.st_nlink > 1 and _same_file(company.fd, name, status):
            os.unlink(name, dir_fd=fd)
        elif run.state != UNDOING and status.st_mtime_ns > run.started:
            planned = told.dates_of(company.id) if planned is None else planned
            if planned.get(name) != status.st_mtime_ns:  # a date in the future is no sign of a write
                with suppress(FileExistsError):
                    put_back(name, fd, company.fd)
                    returned = True
    if returned:  # before the run counts as settled: then what lies there may be purged
        os.fsync(fd)


def tidy(tool: ToolFolder, run: Run) -> None:
    """Remove the empty folders of a run, and its record with the last one."""
    with suppress(FileNotFoundError), open_quarantined(tool.quarantine, run.run_id) as fd:
        for company in os.listdir(fd):
            remove_if_empty(fd, company)
    if remove_if_empty(tool.quarantine, run.run_id) or not run_exists(tool, run):
        forget_record(tool, run.run_id)


def forget_leftovers(tool: ToolFolder) -> None:
    """Remove the temporary files that a killed run left in the tool's own folder."""
    forget_probes(tool.fd)
    forget_staged(tool)
    names = set(os.listdir(tool.runs_fd))
    for name in names:
        without_record = name.endswith(PAIRINGS) and f"{name.removesuffix(PAIRINGS)}.json" not in names
        if name.endswith(TEMPORARY) or without_record:
            os.unlink(name, dir_fd=tool.runs_fd)


def forget_staged(tool: ToolFolder) -> None:
    """Remove what a killed restore left in the tool's own folder, on its way into a company's."""
    with suppress(FileNotFoundError), tool.part(STAGING, create=False) as staging:
        for name in os.listdir(staging):
            os.unlink(name, dir_fd=staging)


def unrecorded(tool: ToolFolder) -> list[str]:
    """Return what lies in the quarantine under no name of a run in `runs`; an empty folder just goes."""
    records = {name.removesuffix(".json") for name in os.listdir(tool.runs_fd)}
    return [
        name
        for name in sorted(os.listdir(tool.quarantine))
        if name not in records and not remove_if_empty(tool.quarantine, name)
    ]


def _same_file(folder: int, name: str, status: os.stat_result) -> bool:
    try:
        other = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return (other.st_dev, other.st_ino) == (status.st_dev, status.st_ino)


def forget_record(tool: ToolFolder, run_id: str) -> None:
    """Remove the record of a run of which nothing is left; its pairings first, nobody would find them without it."""
    with suppress(OSError):  # a record of nothing does no harm, and the next run forgets it
        os.fsync(tool.quarantine)  # files without a record could not be brought back
        with suppress(FileNotFoundError):
            os.unlink(run_id + PAIRINGS, dir_fd=tool.runs_fd)
        os.unlink(f"{run_id}.json", dir_fd=tool.runs_fd)
