"""A run or an undo of one shard, with others beside it: what it holds alone, and what all of them have in common.

The run lock is shared among shards. Each run and each company has a lock of its own while it is worked on, and the
records of all runs are held for a moment by the shard that begins or ends. Without a shard the run lock is enough.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext

from baileys_cleanup.cleaning.company import failed
from baileys_cleanup.cleaning.look import Terms
from baileys_cleanup.cleaning.world import CleanOne
from baileys_cleanup.decision.outcome import CompanyOutcome, Reasons
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.decision.shards import Shard
from baileys_cleanup.errors import CompanyProblem, LockHeld, UsageProblem
from baileys_cleanup.output.sentences import unwritten
from baileys_cleanup.store.remover import Remover
from baileys_cleanup.store.runs import UNDOING, Run
from baileys_cleanup.store.store import RUN_RECORDS, Store, Workspace, company_lock, run_lock
from baileys_cleanup.store.waiting import hold_among_others, hold_soon


def hold_run(stack: ExitStack, workspace: Workspace, run: Run) -> None:
    """Hold what a run needs for as long as it is at work. Raises LockHeld where another one is in the way."""
    stack.enter_context(workspace.hold(shared=bool(run.shard)))
    if run.shard:
        stack.enter_context(workspace.hold(run_lock(run.run_id)))


def hold_records(workspace: Workspace, run: Run, stopping: Callable[[], bool]) -> AbstractContextManager[None]:
    """Hold the records that all runs have in common, as soon as no other shard does. Raises LockHeld."""
    return hold_common(workspace, stopping) if run.shard else nullcontext()


def hold_common(workspace: Workspace, stopping: Callable[[], bool]) -> AbstractContextManager[None]:
    """Hold what all shards have in common, as soon as no other one does. Raises LockHeld."""
    return hold_soon(lambda: workspace.hold(RUN_RECORDS), stopping)


def is_at_work(workspace: Workspace, other: Run, run: Run) -> bool:
    """Tell whether another run is still at work beside this one, a shard like it."""
    return bool(run.shard) and _somebody_holds(workspace, other)


def _somebody_holds(workspace: Workspace, run: Run) -> bool:
    try:
        with workspace.hold(run_lock(run.run_id)):
            return False
    except LockHeld:
        return True


@contextmanager
def undoing(workspace: Workspace, run: Run, shard: Shard | None, stopping: Callable[[], bool]) -> Iterator[None]:
    """Hold a run while what it removed comes back, on record; it is settled before, and again after that.

    Shards undo a run together: each does so only while it is alone with it, and so the last one does it for all. Raises
    LockHeld where the run itself is still at work, UsageProblem where nothing can be recorded.
    """
    with ExitStack() as held:
        with _alone_with_records(workspace, shard, stopping):
            if shard is None or not _somebody_holds(workspace, run):
                workspace.settle(run)
            if shard is not None:
                held.enter_context(workspace.hold(run_lock(run.run_id), shared=True))
            try:
                workspace.record_run(run._replace(state=UNDOING))
            except OSError as error:
                raise UsageProblem(unwritten(error, workspace.path)) from None
        yield
    with _alone_with_records(workspace, shard, stopping):
        if shard is None or not _somebody_holds(workspace, run):
            workspace.settle(run._replace(state=UNDOING))
            workspace.forget_empty(run)


def _alone_with_records(
    workspace: Workspace, shard: Shard | None, stopping: Callable[[], bool]
) -> AbstractContextManager[None]:
    return nullcontext() if shard is None else hold_common(workspace, stopping)


def hold_company(workspace: Workspace, company_id: str, shard: Shard | None) -> AbstractContextManager[None]:
    """Hold a company while a shard works on it; without a shard the run lock is enough.

    Raises LockHeld, and CompanyProblem where nobody can ask for the lock.
    """
    return nullcontext() if shard is None else _hold_one(workspace, company_id)


def _hold_one(workspace: Workspace, company_id: str) -> AbstractContextManager[None]:
    return hold_among_others(lambda: workspace.hold(company_lock(company_id)))


def one_at_a_time(workspace: Workspace | None, clean_one: CleanOne, run: Run, *, dry_run: bool) -> CleanOne:
    """Return what cleans a company while nobody else does: shards of another number may run into this one.

    A company that is taken comes after the others, once more. Without a shard, the run lock is enough.
    """
    if workspace is None or not run.shard or dry_run:
        return clean_one

    def clean_alone(
        store: Store, company_id: str, policy: Policy, terms: Terms, remover: Remover, *, detail: Reasons
    ) -> CompanyOutcome:
        with ExitStack() as stack:
            try:
                stack.enter_context(_hold_one(workspace, company_id))
            except LockHeld:
                terms.wait()
                return failed(company_id, "another run is cleaning it at this moment; left alone")
            except CompanyProblem as problem:
                return failed(company_id, str(problem))
            return clean_one(store, company_id, policy, terms, remover, detail=detail)

    return clean_alone
