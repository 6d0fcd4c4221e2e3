"""A run of one shard, with others beside it: what it holds alone, and what all of them have in common.

The run lock is shared among shards. Each run and each company has a lock of its own while it is worked on, and the
records of all runs are held for a moment by the shard that begins or ends. Without a shard the run lock is enough.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext

from baileys_cleanup.cleaning.company import failed
from baileys_cleanup.cleaning.look import Terms
from baileys_cleanup.cleaning.world import CleanOne
from baileys_cleanup.decision.outcome import CompanyOutcome
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.errors import LockHeld
from baileys_cleanup.store.remover import Remover
from baileys_cleanup.store.runs import Run
from baileys_cleanup.store.store import RUN_RECORDS, Store, Workspace, company_lock, run_lock
from baileys_cleanup.store.waiting import hold_soon


def hold_run(stack: ExitStack, workspace: Workspace, run: Run) -> None:
    """Hold what a run needs for as long as it is at work. Raises LockHeld where another one is in the way."""
    stack.enter_context(workspace.hold(shared=bool(run.shard)))
    if run.shard:
        stack.enter_context(workspace.hold(run_lock(run.run_id)))


def hold_records(workspace: Workspace, run: Run, stopping: Callable[[], bool]) -> AbstractContextManager[None]:
    """Hold the records that all runs have in common, as soon as no other shard does. Raises LockHeld."""
    return hold_soon(lambda: workspace.hold(RUN_RECORDS), stopping) if run.shard else nullcontext()


def is_at_work(workspace: Workspace, other: Run, run: Run) -> bool:
    """Tell whether another run is still at work beside this one, a shard like it."""
    if not run.shard or not other.shard:
        return False
    try:
        with workspace.hold(run_lock(other.run_id)):
            return False
    except LockHeld:
        return True


def one_at_a_time(workspace: Workspace | None, clean_one: CleanOne, run: Run, *, dry_run: bool) -> CleanOne:
    """Return what cleans a company while nobody else does: shards of another number may run into this one.

    A company that is taken comes after the others, once more. Without a shard, the run lock is enough.
    """
    if workspace is None or not run.shard or dry_run:
        return clean_one

    def clean_alone(
        store: Store, company_id: str, policy: Policy, terms: Terms, remover: Remover, *, detail: bool
    ) -> CompanyOutcome:
        with ExitStack() as stack:
            try:
                stack.enter_context(workspace.hold(company_lock(company_id)))
            except LockHeld:
                terms.wait()
                return failed(company_id, "another run is cleaning it at this moment; left alone")
            return clean_one(store, company_id, policy, terms, remover, detail=detail)

    return clean_alone
