"""What `undo` says without a run: which can be undone."""

from collections.abc import Callable, Sequence
from typing import Any

from baileys_cleanup.cleaning.undoable import Undoable, emptied_runs, told_of_emptied, undoable_runs
from baileys_cleanup.commands.options import width_of_stdout
from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.output.document import place_fields, print_json
from baileys_cleanup.output.table import cell, plain, table
from baileys_cleanup.output.text import few, shown, size
from baileys_cleanup.output.timestamp import timestamp
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.open import open_to_look
from baileys_cleanup.store.store import SetAside
from baileys_cleanup.store.whole_folders import RESTORE


def list_runs(settings: Settings, write: Callable[[str], object], *, again: str = "", as_json: bool) -> int:
    """List the runs that can be undone, newest first. Returns the exit status.

    `again` are the options that a later command needs to find the same sessions root.
    """
    with open_to_look(settings.place, settings.exclude) as store, store.workspace(create=False) as workspace:
        unseen = None if workspace else store.unseen()
        if unseen:
            raise UsageProblem(unseen)
        found, broken = undoable_runs(workspace) if workspace else ([], [])
        folders = workspace.set_aside() if workspace else []
        emptied = emptied_runs(workspace, found) if workspace else []
    if as_json:
        runs = [_run_fields(entry) for entry in found]
        aside = [_folder_fields(folder) for folder in folders]
        lists = {"runs": runs, "set_aside": aside, "unreadable_records": [shown(name) for name in broken]}
        lists |= {"emptied_by_others": emptied}
        print_json(write, {**place_fields(store.path), **lists})
        return int(bool(emptied))
    if not found and not folders:
        write(f"Nothing to undo under {shown(store.path)}.\n")
    elif found:
        shards = any(entry.run.shard for entry in found)
        rows = [
            [
                entry.run.run_id,
                *([entry.run.shard or "-"] if shards else []),
                timestamp(entry.run.started),
                str(len(entry.companies)),
                str(entry.files),
                size(entry.size),
                timestamp(entry.run.due),
            ]
            for entry in found
        ]
        head = ["RUN", *(["SHARD"] if shards else []), "STARTED", "COMPANIES", "FILES", "SIZE"]
        spare = [{1}, {2, 4}] if not shards else [{2}, {3, 5}]
        for line in table(
            [[*head, "DELETED FOR GOOD AFTER"], *rows], plain, None, width=width_of_stdout(), spare=spare
        ):
            write(line + "\n")
        write(f"\nTo bring back what a run removed: baileys-cleanup undo RUN [--company ID]{again}\n")
        if shards:
            write(f"Each shard is a run of its own; all of a night: baileys-cleanup undo RUN RUN RUN{again}\n")
        write("\n" if folders else "")
    _list_folders(folders, write, again)
    if emptied:
        write(f"error: {told_of_emptied(emptied)}\n")
    if broken:
        write(f"warning: records that cannot be read, their files are kept: {few(broken)}\n")
    return int(bool(emptied))


def _list_folders(folders: Sequence[SetAside], write: Callable[[str], object], again: str) -> None:
    if not folders:
        return
    write("Whole folders that were set aside; nothing deletes them:\n")
    rows = [
        [
            folder.run_id,
            cell(folder.company_id),
            folder.why if folder.former else f"{folder.why}, taken back",
            str(folder.files),
            size(folder.size),
        ]
        for folder in folders
    ]
    for line in table(
        [["RUN", "COMPANY", "WHY", "FILES", "SIZE"], *rows], plain, None, width=width_of_stdout(), spare=[{4}, {2}]
    ):
        write(line + "\n")
    whys = {folder.why for folder in folders}
    if RESTORE in whys:
        write(f"\nTo switch one with the present folder, which then lies aside: baileys-cleanup undo RUN{again}\n")
    if whys - {RESTORE}:
        write(f"\nTo take a rotation back: baileys-cleanup rotate --company ID --rollback{again}\n")


def _folder_fields(folder: SetAside) -> dict[str, Any]:
    return {
        "run_id": folder.run_id,
        "company_id": shown(folder.company_id),
        "why": folder.why,
        "started_at": timestamp(folder.started),
        "files": {"seen": folder.files},
        "bytes": folder.size,
        "taken_back": not folder.former,
    }


def _run_fields(entry: Undoable) -> dict[str, Any]:
    return {
        "run_id": entry.run.run_id,
        "shard": entry.run.shard or None,
        "started_at": timestamp(entry.run.started),
        "undo_days": entry.run.undo_days,
        "deleted_after": timestamp(entry.run.due),
        "files": {"removed": entry.files},
        "bytes": entry.size,
        "companies": [
            {"company_id": shown(company_id), "files": {"removed": held.files}, "bytes": held.size}
            for company_id, held in entry.companies.items()
        ],
    }
