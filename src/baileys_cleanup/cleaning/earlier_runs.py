"""The end of earlier runs: what was cut short is settled, and what is due is deleted for good."""

from collections.abc import Callable

from baileys_cleanup.cleaning.shards import hold_records, is_at_work
from baileys_cleanup.cleaning.world import World
from baileys_cleanup.decision.outcome import RunOutcome
from baileys_cleanup.errors import in_words
from baileys_cleanup.output.text import count, few, size
from baileys_cleanup.store.runs import SETTLED, Run
from baileys_cleanup.store.store import Workspace


def end_earlier_runs(
    workspace: Workspace, run: Run, outcome: RunOutcome, world: World, takes: Callable[[str], bool]
) -> None:
    """Settle what was cut short, and delete what is due of the companies that this run takes.

    Trouble here never stops the cleaning. A shard that is at work beside this one is no earlier run. Raises LockHeld
    where the records cannot be had.
    """
    with hold_records(workspace, run, world.stopping):
        settled = _settle(workspace, run, outcome)
    for earlier in settled:
        if earlier.due > world.now or world.stopping():
            continue
        try:
            purged = workspace.purge(earlier, world.clock, world.stopping, takes)
        except OSError as error:
            outcome.errors.append(_not_ended(earlier, error))
            continue
        outcome.errors += purged.errors
        if purged.files:
            outcome.notes.append(
                f"deleted for good: {count(purged.files, 'file')} ({size(purged.size)}) that run {earlier.run_id}"
                " removed"
            )


def _settle(workspace: Workspace, run: Run, outcome: RunOutcome) -> list[Run]:
    """Return the earlier runs of which every file is in one place."""
    outcome.errors += workspace.whole_folders().settle_all()
    runs, broken = workspace.runs()
    settled: list[Run] = []
    for earlier in runs:
        try:
            if is_at_work(workspace, earlier, run):
                continue
            if earlier.state != SETTLED and not workspace.settle(earlier):
                outcome.warnings.append(
                    f"the earlier run {earlier.run_id} left files that cannot be put back yet; they are kept"
                )
                continue
        except OSError as error:
            outcome.errors.append(_not_ended(earlier, error))
            continue
        settled.append(earlier)
    known = {earlier.run_id for earlier in runs}
    lost = [name for name in workspace.unrecorded() if name not in known]
    if broken or lost:
        outcome.warnings.append(
            f"{workspace.path} holds runs whose record cannot be read; they are kept: {few([*broken, *lost])}"
        )
    return settled


def _not_ended(earlier: Run, error: OSError) -> str:
    return f"the earlier run {earlier.run_id} could not be ended: {in_words(error)}"
