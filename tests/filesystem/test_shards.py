"""Shards beside each other, one call at a time: what one begins at any moment of another, and what a kill leaves."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from baileys_cleanup.decision.shards import Shard
from baileys_cleanup.errors import LockHeld
from baileys_cleanup.store import waiting
from baileys_cleanup.store.folder import audit
from baileys_cleanup.store.folder.folder_store import open_store
from baileys_cleanup.store.store import RUN_RECORDS, run_lock

from .faults import Call, watched
from .runner import LAZY, Ran, clean, days_ago, in_child, undo
from .sweep import killed_everywhere
from .trees import MEMORY, OWN_KEY, TOOL, census, company, leftovers, quarantined, sessions, survivors, write

FIRST, SECOND = Shard(0, 2), Shard(1, 2)
MINE, THEIRS = ("2", "8"), ("1", "3")
"""Companies of the first shard, and of the second."""
PRE_KEYS = [f"pre-key-{number}.json" for number in (1, 2, 3)]
BUSY = "another run is cleaning it at this moment; left alone"

both_undo_days = pytest.mark.parametrize("undo_days", [7, 0])


def plant(root: Path) -> None:
    """Make companies of both shards with something to remove, and earlier runs: one that is due, one that was cut."""
    for company_id in (*MINE, *THEIRS):
        company(root, company_id, *sessions(range(100, 102)), age=60)
    assert clean(root, now=days_ago(10)).total.removed == 8
    for company_id in (*MINE, *THEIRS):
        for name in (MEMORY, OWN_KEY, *PRE_KEYS, *sessions(range(2))):
            write(root / f"company_{company_id}" / name, 20)


def test_the_companies_are_those_of_the_shards() -> None:
    """What the tests below take for granted."""
    assert all(FIRST.has(company_id) and not SECOND.has(company_id) for company_id in MINE)
    assert all(SECOND.has(company_id) for company_id in THEIRS)


def run(root: Path, shard: Shard | None, undo_days: int = 7, policy: object = None) -> Ran:
    """Clean one shard; it begins a second ago, so that what is written now is newer by any clock."""
    more = {} if policy is None else {"policy": policy}
    return clean(root, now=days_ago(0) - 10**9, undo_days=undo_days, shard=shard, **more)  # type: ignore[arg-type]


def calm_end(root: Path, undo_days: int) -> tuple[object, object]:
    """Return what one undisturbed run leaves: in the companies, and in the quarantine."""
    calm = root / "calm"
    calm.mkdir()
    plant(calm)
    run(calm, None, undo_days)
    return survivors(calm), quarantined(calm)


@pytest.mark.slow
@both_undo_days
def test_another_shard_may_run_at_any_moment_of_this_one(
    root: Path, undo_days: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From its first call to its last one, before any of them, a whole run of the other shard: both do their part.

    Where this one holds, for that very call, what all have in common, the other one goes away, and harms nothing.
    """
    the_end = calm_end(root, undo_days)
    monkeypatch.setattr(audit, "_TIMEOUT", 0.0)
    monkeypatch.setattr(waiting.hold_soon.__wrapped__, "__defaults__", (lambda: False, 0.0))
    moment, went_on, refused = 0, True, 0
    while went_on:
        moment += 1
        here = root / f"run{moment}"
        here.mkdir()
        plant(here)
        left = moment
        inside = False

        def meet(call: Call, here: Path = here) -> None:
            nonlocal left, inside, refused
            left -= not inside and call.changes
            if left == 0 and not inside:
                left, inside = -1, True
                refused += in_child(lambda: other(here))[1]

        def other(here: Path) -> int:
            try:
                ran = run(here, SECOND, undo_days)
            except LockHeld:
                return 1
            assert ran.run is not None
            problems = [*ran.run.errors, *(text for text in ran.run.warnings if "record" in text)]
            assert all("holds" in text for text in problems), problems
            return 0

        with watched(meet):
            first = run(here, FIRST, undo_days)
        went_on = left < 0
        assert first.run is not None
        assert ([], 0) == (first.run.errors, first.total.failed), moment
        assert [] == [text for text in first.run.warnings if "record" in text or "put back" in text], moment
        run(here, SECOND, undo_days)
        assert the_end == (survivors(here), quarantined(here)), moment
        assert all(len(places) == 1 for places in census(here).values()), moment
        assert set() == leftovers(here), moment
        assert [] == list((here / TOOL / "runs").glob("*.new")), moment
    assert moment > 30, f"only {moment} moments: the sweep met nothing"
    assert 0 < refused < moment / 2, "it is refused only where this one begins or ends"


@pytest.mark.slow
@both_undo_days
@pytest.mark.parametrize("beside", ["before", "after"])
def test_a_shard_killed_anywhere_and_repeated_converges(root: Path, undo_days: int, beside: str) -> None:
    """Whether the other shard comes before the next try or after it: in the end the tree is that of one run."""
    the_end = calm_end(root, undo_days)

    def work(here: Path) -> None:
        run(here, FIRST, undo_days)

    for moment in killed_everywhere(root, plant, work, every=False):
        here = moment.root
        for shard in (SECOND, FIRST) if beside == "before" else (FIRST, SECOND):
            ran = run(here, shard, undo_days)
            assert ran.run is not None
            assert ([], []) == (ran.run.errors, ran.run.warnings), moment
        assert the_end == (survivors(here), quarantined(here)), moment
        assert set() == leftovers(here), moment
        again = run(here, None, undo_days)
        assert (0, 0, 0) == (again.total.removed, again.total.failed, again.total.changed)


@pytest.mark.slow
def test_an_undo_of_a_shard_killed_anywhere_and_repeated_converges(root: Path) -> None:
    """The other shard does its part, the killed one is tried again, and again: all is back, in one place, and no trace left."""
    run_id = ""

    def plant_night(here: Path) -> None:
        for company_id in (*MINE, *THEIRS):
            company(here, company_id, *sessions(range(2)), age=60)
        clean(here, now=days_ago(1))

    def work(here: Path) -> None:
        undo(here, run_of(here), shard=FIRST)

    def run_of(here: Path) -> str:
        nonlocal run_id
        run_id = next((path.stem for path in (here / TOOL / "runs").glob("*.json")), run_id)
        return run_id

    before = {(f"company_{company_id}", name) for company_id in (*MINE, *THEIRS) for name in sessions(range(2))}
    for moment in killed_everywhere(root, plant_night, work, every=False):
        here = moment.root
        for shard in (SECOND, FIRST, FIRST):
            assert undo(here, run_of(here), shard=shard)["status"] == "done", moment
        assert before <= set(survivors(here)), moment
        assert all(len(places) == 1 for places in census(here).values()), moment
        assert set() == quarantined(here), moment
        assert set() == leftovers(here), moment


def test_an_undo_waits_while_another_shard_looks_whether_it_is_the_last(root: Path) -> None:
    """For that look the other one has the run and the records for itself, for a moment: no reason to give up."""
    company(root, MINE[0], *sessions(range(3)), age=60)
    before = survivors(root)
    clean(root)
    (run_id,) = (path.stem for path in (root / TOOL / "runs").glob("*-*[0-9a-f].json"))
    with ThreadPoolExecutor() as pool, open_store(str(root)) as store, store.workspace(create=False) as workspace:
        assert workspace is not None
        with workspace.hold(RUN_RECORDS), workspace.hold(run_lock(run_id)):
            undone = pool.submit(undo, root, run_id, shard=FIRST)
            with pytest.raises(TimeoutError):
                undone.result(timeout=0.3)
        assert undone.result()["status"] == "done"
    assert before == survivors(root)


def test_a_purge_is_shared_among_shards(root: Path) -> None:
    """Each deletes what is due of its own companies; the run is forgotten with the last."""
    company(root, MINE[0], *sessions(range(3)), age=60)
    company(root, THEIRS[0], *sessions(range(3)), age=60)
    clean(root, now=days_ago(10))
    run(root, FIRST)
    assert {f"company_{THEIRS[0]}"} == {name for name, _ in quarantined(root)}
    run(root, SECOND)
    assert set() == quarantined(root)
    assert set() == leftovers(root)


def test_what_another_one_deletes_meanwhile_is_no_error(root: Path) -> None:
    """A file that a shard of another number deletes right before this one would: the rest goes, and all is well."""
    company(root, MINE[0], *sessions(range(3)), age=60)
    clean(root, now=days_ago(10))
    (faster,) = (root / TOOL / "quarantine").glob(f"*/*/{sessions(range(2))[1]}")

    def meet(call: Call) -> None:
        if call.name == "unlink" and call.args[0] == faster.name:
            faster.unlink()

    with watched(meet):
        ran = run(root, FIRST, policy=LAZY)
    assert ran.run is not None
    assert [] == ran.run.errors
    assert set() == quarantined(root)
    assert set() == leftovers(root)


@pytest.mark.slow
def test_a_company_is_cleaned_by_one_at_a_time(root: Path) -> None:
    """In the middle of a company a shard of another number comes by: it leaves that company alone, and says so."""
    company(root, MINE[0], *sessions(range(3)))
    company(root, MINE[1], *sessions(range(3)))
    seen: list[dict[str, list[str]]] = []

    def other() -> dict[str, list[str]]:
        ran = run(root, Shard(0, 1))
        return {name: [problem.error for problem in outcome.errors] for name, outcome in ran.companies.items()}

    def meet(call: Call) -> None:
        if call.name == "stat" and str(call.args[0]).startswith("session-") and not seen:
            seen.append({})
            seen[0] = in_child(other)[1]

    with watched(meet):
        ran = run(root, FIRST)
    assert seen == [{MINE[0]: [BUSY], MINE[1]: []}]
    assert ran.companies[MINE[0]].total.removed == 3
    assert ran.companies[MINE[1]].total.removed == 0, "the other one was there before"
    assert set() == leftovers(root)
