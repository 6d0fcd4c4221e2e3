"""What can be undone: the runs whose files lie in the quarantine, and the folders that were set aside."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from baileys_cleanup.cleaning.shards import hold_common
from baileys_cleanup.decision.policy import DAY
from baileys_cleanup.decision.shards import Shard
from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.output.text import argument, few, shown
from baileys_cleanup.store.runs import ENDED, SETTLED, Run, is_run_id
from baileys_cleanup.store.store import Quarantined, SetAside, Workspace, run_lock
from baileys_cleanup.store.whole_folders import RESTORE


class Undoable(NamedTuple):
    """A run as `undo` lists it: what of it is still in the quarantine, by company."""

    run: Run
    companies: dict[str, Quarantined]

    @property
    def files(self) -> int:
        """How many files could come back."""
        return sum(company.files for company in self.companies.values())

    @property
    def size(self) -> int:
        """Their bytes."""
        return sum(company.size for company in self.companies.values())


def undoable_runs(workspace: Workspace) -> tuple[list[Undoable], list[str]]:
    """Return the runs that can be undone, newest first, and the names of records that cannot be read."""
    runs, broken = workspace.runs()
    held = ((run, workspace.quarantined(run)) for run in reversed(runs))
    return [Undoable(run, companies) for run, companies in held if companies], broken


def other_shards(workspace: Workspace, run: Run) -> list[str]:
    """Return the ids of the runs that other shards of the same number made within half a day, newest first.

    None where the runs cannot be read: what came back of this one is told all the same.
    """
    number = run.shard.rpartition("/")[2]
    try:
        runs = workspace.runs()[0]
    except UsageProblem:
        return []
    return [
        other.run_id
        for other in reversed(runs)
        if other.run_id != run.run_id
        and number
        and other.shard.rpartition("/")[2] == number
        and abs(other.started - run.started) < DAY // 2
    ]


def emptied_runs(workspace: Workspace, undoable: Iterable[Undoable]) -> list[str]:
    """Return the ids of runs on record of which nothing is left, though no undo and no purge took it: newest first.

    `undoable` are those of which something is left.
    """
    left = {entry.run.run_id for entry in undoable}
    ended = [run.run_id for run in reversed(workspace.runs()[0]) if run.state in {ENDED, SETTLED}]
    return [run_id for run_id in ended if run_id not in left]


def told_of_emptied(run_ids: Sequence[str]) -> str:
    """Return the sentence about runs that something else has emptied."""
    return (
        f"all that was removed by {few(run_ids)} is gone from the quarantine, and not by this tool: does another job,"
        " an old `find -delete` in a crontab say, delete in the sessions root? Take it out"
    )


def choose_set_aside(workspace: Workspace, run_id: str, wanted: Iterable[str], again: str = "") -> list[SetAside]:
    """Return the folders that a run set aside, of the wanted companies or all; nothing when it set none aside.

    "latest" is the newest run that can be undone, of either sort. `again` are the options that a later command needs
    to find the same sessions root. Raises UsageProblem for a company without one, and
    for a rotation: that is taken back by `rotate` itself, which keeps the journal and starts the bot.
    """
    folders = workspace.set_aside()
    restored = [folder for folder in folders if folder.why == RESTORE]
    if run_id == "latest" and restored:
        runs, _ = undoable_runs(workspace)
        if not runs or restored[0].started > runs[0].run.started:
            run_id = restored[0].run_id
    chosen = [folder for folder in folders if folder.run_id == run_id]
    rotated = next((folder for folder in chosen if folder.why != RESTORE), None)
    if rotated is not None:
        raise UsageProblem(
            f"run {shown(run_id)} is a rotation; what takes it back is: baileys-cleanup rotate --company"
            f" {argument(rotated.company_id)} --rollback{again}"
        )
    ids = {text.removeprefix("company_") for text in wanted}
    missing = ids - {folder.company_id for folder in chosen}
    if chosen and missing:
        raise UsageProblem(
            f"run {shown(run_id)} set no folder of company {', '.join(map(shown, sorted(missing)))} aside"
        )
    return [folder for folder in chosen if not ids or folder.company_id in ids]


def choose_of_shard(
    workspace: Workspace, run_id: str, shard: Shard, stopping: Callable[[], bool]
) -> tuple[Run, list[str]] | None:
    """Return the run and the ids of its companies that fall to a shard; "latest" is the newest that has any.

    None where nothing of the shard is to be brought back: another shard may have brought back the last of the run by
    now. Raises UsageProblem for what is no run, and for one that set whole folders aside: those have no shards.
    Raises LockHeld for a run that is still at work.
    """
    if run_id != "latest" and not is_run_id(run_id):
        raise UsageProblem(f"{shown(run_id)!r} is no run; `baileys-cleanup undo` lists those that are")
    if run_id != "latest":
        # With the records: a shard that looks whether it is the last one with the run holds both for a moment.
        with hold_common(workspace, stopping), workspace.hold(run_lock(run_id), shared=True):
            pass  # it removes no more
    aside = {folder.run_id for folder in workspace.set_aside()}
    if run_id in aside:
        raise UsageProblem(f"run {shown(run_id)} set whole folders aside: undo it without --shard")
    found, broken = undoable_runs(workspace)
    if f"{run_id}.json" in broken:
        raise _unreadable(workspace, run_id)
    for entry in found:
        ids = sorted(filter(shard.has, entry.companies))
        if ids and run_id in {entry.run.run_id, "latest"}:
            return entry.run, ids
    return None


def _unreadable(workspace: Workspace, run_id: str) -> UsageProblem:
    return UsageProblem(
        f"the record of run {shown(run_id)} cannot be read; its files are kept in {shown(workspace.path)}/quarantine"
    )


def choose_run(workspace: Workspace, run_id: str, wanted: Iterable[str]) -> tuple[Run, list[str]]:
    """Return the run and the ids of the companies to undo; all of the run's when none is wanted.

    Raises UsageProblem for a run that is not there, or that took nothing from a wanted company.
    """
    found, broken = undoable_runs(workspace)
    if f"{run_id}.json" in broken:
        raise _unreadable(workspace, run_id)
    chosen = next((entry for entry in found if run_id in {entry.run.run_id, "latest"}), None)
    gone = [name for name in emptied_runs(workspace, found) if run_id == name or not found]
    if gone and chosen is None:
        raise UsageProblem(told_of_emptied(gone))
    if not found:
        raise UsageProblem(f"there is nothing to undo under {shown(workspace.path)}")
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
