"""What can be undone: the runs whose files lie in the quarantine, and the folders that were set aside."""

import os
from collections.abc import Iterable
from typing import NamedTuple

from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.output.text import argument, shown
from baileys_cleanup.store.folder.quarantined import quarantined, quarantined_companies
from baileys_cleanup.store.folder.runs import Run, read_runs
from baileys_cleanup.store.folder.set_aside import RESTORE, Aside, open_aside, read_asides
from baileys_cleanup.store.folder.tool_folder import ToolFolder


class Undoable(NamedTuple):
    """A run as `undo` lists it: what of it is still in the quarantine. `size` is in bytes."""

    run: Run
    companies: dict[str, int]
    size: int

    @property
    def files(self) -> int:
        """How many files could come back."""
        return sum(self.companies.values())


class SetAside(NamedTuple):
    """A whole folder that lies aside. `size` is in bytes; `former` is False for one that was switched back already."""

    aside: Aside
    files: int
    size: int
    former: bool


def undoable_runs(tool: ToolFolder) -> tuple[list[Undoable], list[str]]:
    """Return the runs that can be undone, newest first, and the names of records that cannot be read."""
    found: list[Undoable] = []
    runs, broken = read_runs(tool)
    for run in reversed(runs):
        companies: dict[str, int] = {}
        size = 0
        for company_id in quarantined_companies(tool, run):
            with quarantined(tool, run, company_id) as fd, os.scandir(fd) as entries:
                sizes = [entry.stat(follow_symlinks=False).st_size for entry in entries]
            if sizes:
                companies[company_id] = len(sizes)
                size += sum(sizes)
        if companies:
            found.append(Undoable(run, companies, size))
    return found, broken


def set_aside_folders(tool: ToolFolder) -> list[SetAside]:
    """Return the whole folders that lie aside, newest first; what never was live is none of them."""
    found: list[SetAside] = []
    for aside in reversed(read_asides(tool)):
        try:
            with open_aside(tool, aside) as fd, os.scandir(fd) as entries:
                sizes = [entry.stat(follow_symlinks=False).st_size for entry in entries]
                former = os.fstat(fd).st_ino != aside.built
        except FileNotFoundError:
            continue  # there was none before, or somebody deleted it
        if not aside.lived and not former:
            continue
        found.append(SetAside(aside, len(sizes), sum(sizes), former))
    return found


def choose_set_aside(tool: ToolFolder, run_id: str, wanted: Iterable[str], again: str = "") -> list[SetAside]:
    """Return the folders that a run set aside, of the wanted companies or all; nothing when it set none aside.

    "latest" is the newest run that can be undone, of either sort. `again` are the options that a later command needs
    to find the same sessions root. Raises UsageProblem for a company without one, and
    for a rotation: that is taken back by `rotate` itself, which keeps the journal and starts the bot.
    """
    folders = set_aside_folders(tool)
    restored = [folder for folder in folders if folder.aside.why == RESTORE]
    if run_id == "latest" and restored:
        runs, _ = undoable_runs(tool)
        if not runs or restored[0].aside.started > runs[0].run.started:
            run_id = restored[0].aside.run_id
    chosen = [folder for folder in folders if folder.aside.run_id == run_id]
    rotated = next((folder.aside for folder in chosen if folder.aside.why != RESTORE), None)
    if rotated is not None:
        raise UsageProblem(
            f"run {shown(run_id)} is a rotation; what takes it back is: baileys-cleanup rotate --company"
            f" {argument(rotated.company_id)} --rollback{again}"
        )
    ids = {text.removeprefix("company_") for text in wanted}
    missing = ids - {folder.aside.company_id for folder in chosen}
    if chosen and missing:
        raise UsageProblem(
            f"run {shown(run_id)} set no folder of company {', '.join(map(shown, sorted(missing)))} aside"
        )
    return [folder for folder in chosen if not ids or folder.aside.company_id in ids]


def choose_run(tool: ToolFolder, run_id: str, wanted: Iterable[str]) -> tuple[Run, list[str]]:
    """Return the run and the ids of the companies to undo; all of the run's when none is wanted.

    Raises UsageProblem for a run that is not there, or that took nothing from a wanted company.
    """
    found, broken = undoable_runs(tool)
    if f"{run_id}.json" in broken:
        raise UsageProblem(
            f"the record of run {shown(run_id)} cannot be read; its files are kept in {shown(tool.path)}/quarantine"
        )
    chosen = next((entry for entry in found if run_id in {entry.run.run_id, "latest"}), None)
    if not found:
        raise UsageProblem(f"there is nothing to undo under {shown(tool.path)}")
    if chosen is None:
        known = ", ".join(entry.run.run_id for entry in found[:3]) or "none"
        raise UsageProblem(
            f"there is no run {shown(run_id)!r} to undo; `baileys-cleanup undo` lists those that are (newest: {known})"
        )
    ids = list(dict.fromkeys(text.removeprefix("company_") for text in wanted))
    for company_id in ids:
        if company_id not in chosen.companies:
            raise UsageProblem(
                f"run {chosen.run.run_id} has nothing of company {shown(company_id)!r};"
                f" it has {', '.join(map(shown, sorted(chosen.companies)))}"
            )
    return chosen.run, ids or sorted(chosen.companies)
