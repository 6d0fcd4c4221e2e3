"""Killed anywhere, failing anywhere: nothing is lost, and the next run ends where an undisturbed one would.

A sweep runs the tool again and again, and lets it come one call to the operating system further each time before
it is killed (or that call fails). What is on the disk between two calls does not change, so "before each call"
is every moment there is.
"""

import errno
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from baileys_cleanup.errors import CleanupError, UsageProblem

from .faults import Call, failing, kill, nothing, watched
from .runner import LAZY, Ran, clean, days_ago, in_child, undo
from .sweep import killed_everywhere
from .trees import (
    GROUP,
    MEMORY,
    NUMBER,
    OTHER_GROUP,
    OWN_KEY,
    TOOL,
    Place,
    audited,
    census,
    company,
    leftovers,
    quarantined,
    remembered,
    rewrite,
    sessions,
    snapshot,
    survivors,
    write,
)

SESSION, OTHER_SESSION = sessions(range(2))
PRE_KEYS = [f"pre-key-{number}.json" for number in (1, 2, 3)]
OTHERS_KEY = f"sender-key-{OTHER_GROUP}--15551000000--0.json"
NEWER = b"written at the last moment"
A_SECOND = 10**9

both_undo_days = pytest.mark.parametrize("undo_days", [7, 0])
both_ways_back = pytest.mark.parametrize("way_back", ["renameat2", "hard link"])
slow = pytest.mark.slow
a_link_only = pytest.mark.parametrize("way_back", ["hard link", pytest.param("renameat2", marks=slow)])
a_rename_only = pytest.mark.parametrize("way_back", ["renameat2", pytest.param("hard link", marks=slow)])
"""Some sweeps of one way back are quick enough for every day, all others are for the slow layer."""
each_way = pytest.mark.parametrize(
    ("way_back", "undo_days"),
    [
        ("renameat2", 7),
        pytest.param("hard link", 0, marks=slow),
        pytest.param("renameat2", 0, marks=slow),
        pytest.param("hard link", 7, marks=slow),
    ],
)
changing_and_all = pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.slow)])


def plant(root: Path) -> None:
    """Make three companies that have something to remove of every kind; without `creds.json` no session goes."""
    company(root, "1", MEMORY, OWN_KEY, *PRE_KEYS, SESSION)
    write(root / "company_1" / "session-15551009999.0.json", 1)
    company(root, "2", SESSION, OTHER_SESSION, f"sender-key-{GROUP}--15551000000--0.json")
    company(root, "3", OTHERS_KEY, SESSION)
    (root / "company_3" / "creds.json").unlink()


GOING = {
    *(("company_1", name) for name in (MEMORY, PRE_KEYS[0], SESSION)),
    *(("company_2", name) for name in (SESSION, OTHER_SESSION, f"sender-key-{GROUP}--15551000000--0.json")),
    ("company_3", OTHERS_KEY),
}
TOUCHED = ("company_2", OTHER_SESSION)


def with_a_due_run(root: Path) -> None:
    """Make companies, and an earlier run that is due to be deleted for good."""
    company(root, "1", *sessions(range(100, 103)), age=60)
    company(root, "2", *sessions(range(100, 102)), age=60)
    clean(root, now=days_ago(10))
    for number in ("1", "2"):
        (root / f"company_{number}" / "creds.json").unlink()
        (root / f"company_{number}").rmdir()
    plant(root)


class Meddler:
    """Rewrites one file right before the tool moves it, as the bot would."""

    def __init__(self, root: Path) -> None:
        self.path = root.joinpath(*TOUCHED)

    def __call__(self, call: Call) -> None:
        """Write when it is time."""
        if call.moves(TOUCHED[1]):
            rewrite(self.path, NEWER)


def run_clean(root: Path, undo_days: int = 7) -> Ran:
    """Clean; the run begins a second ago, so that what is written now is newer by any clock."""
    return clean(root, now=days_ago(0) - A_SECOND, undo_days=undo_days)


def check_once(root: Path, before: dict[tuple[str, str], list[Place]], may_go: set[tuple[str, str]]) -> None:
    """Assert that every file is in one place, whole and dated as before; `may_go` are the exceptions.

    A put-back by hard link has the file in both places for a moment; that is still one file.
    """
    found = census(root)
    assert set(found) <= set(before)
    for key, (place,) in before.items():
        places = found.get(key, [])
        if not places:
            assert key in may_go, f"{key} is lost"
            continue
        assert len({each.fact.inode for each in places}) == 1, f"{key} is there twice"
        fact = places[0].fact
        if key == TOUCHED and fact.content == NEWER:
            assert fact.modified > place.fact.modified
        else:
            assert (place.fact.content, place.fact.modified) == (fact.content, fact.modified), key


def check_audited(root: Path, before: dict[tuple[str, str], list[Place]]) -> None:
    """Assert that a line stands in the audit log for every file that is not in its folder any more."""
    noted = {(f"company_{line['company']}", line["file"]) for line in audited(root) if line["event"] == "remove"}
    gone = set(before) - set(survivors(root))
    assert gone <= noted


def check_pair(root: Path) -> None:
    """Assert that no memory is left without its key: the group could not read the next message.

    Where the memory is gone, that is remembered, so that the key waits.
    """
    here = survivors(root)
    if ("company_1", MEMORY) in here:
        assert ("company_1", OWN_KEY) in here
    elif ("company_1", OWN_KEY) in here:
        assert OWN_KEY in remembered(root, "1")


def check_forgotten_when_due(root: Path) -> None:
    """Assert that a run in which everything is due leaves nothing behind."""
    later = clean(root, now=days_ago(-8), policy=LAZY, accept_clock=True)
    assert later.run is not None
    assert [] == [text for text in later.run.warnings if "record" in text]
    assert set() == quarantined(root)
    assert set() == leftovers(root)


# --- killed ---------------------------------------------------------------------------------------------


@changing_and_all
@each_way
def test_killed_anywhere_the_next_run_converges(root: Path, way_back: str, undo_days: int, *, every: bool) -> None:
    """At every moment each file is in one place with its line in the audit log; the next run ends as if undisturbed."""
    calm = root / "calm"
    calm.mkdir()
    plant(calm)
    before = census(calm)
    with watched(Meddler(calm), way_back=way_back):
        run_clean(calm, undo_days)
    the_end = survivors(calm)
    assert the_end[TOUCHED] == NEWER
    assert set(before) - set(the_end) == GOING - {TOUCHED}

    def work(here: Path) -> None:
        run_clean(here, undo_days)

    for moment in killed_everywhere(root, plant, work, Meddler, way_back, every=every):
        here = moment.root
        check_once(here, before, GOING - {TOUCHED} if undo_days == 0 else set())
        check_audited(here, before)
        check_pair(here)
        with watched(nothing if survivors(here).get(TOUCHED) == NEWER else Meddler(here), way_back=way_back):
            run_clean(here, undo_days)
        assert the_end == survivors(here), moment
        assert set() == leftovers(here), moment
        if undo_days:
            assert GOING - {TOUCHED} == quarantined(here), moment
        again = run_clean(here, undo_days)
        assert (0, 0, 0) == (again.total.removed, again.total.failed, again.total.changed)
        assert set() == leftovers(here), moment
        if undo_days == 0:
            assert set() == quarantined(here), "what a killed run moved is deleted by the next"


@slow
@changing_and_all
@each_way
def test_killed_anywhere_the_key_follows_its_memory(root: Path, way_back: str, undo_days: int, *, every: bool) -> None:
    """The later run, in which the key goes, is killed: the key is in one place, and the next run takes it, once."""

    def build(here: Path) -> None:
        plant(here)
        before[here.name] = census(here)
        clean(here, now=days_ago(0.3))
        assert GOING == quarantined(here)

    def work(here: Path) -> None:
        run_clean(here, undo_days)

    before: dict[str, dict[tuple[str, str], list[Place]]] = {}
    key = ("company_1", OWN_KEY)
    for moment in killed_everywhere(root, build, work, lambda _: nothing, way_back, every=every):
        here = moment.root
        check_once(here, before[here.name], {key} if undo_days == 0 else set())
        check_audited(here, before[here.name])
        check_pair(here)
        with watched(way_back=way_back):
            run_clean(here, undo_days)
        assert set(before[here.name]) - set(survivors(here)) == GOING | {key}, moment
        assert set() == leftovers(here), moment
        run_clean(here, undo_days)
        assert (GOING | {key} if undo_days else GOING) == quarantined(here), moment


@changing_and_all
@a_link_only
def test_undo_killed_anywhere_can_be_taken_up_again(root: Path, way_back: str, *, every: bool) -> None:
    """An undo that was killed is completed by the next one: every file is back, with its date, once."""

    def build(here: Path) -> None:
        plant(here)
        originals[here.name] = snapshot(here)
        clean(here)

    originals: dict[str, dict[str, object]] = {}
    for moment in killed_everywhere(root, build, undo, lambda _: nothing, way_back, every=every):
        here = moment.root
        before = {key: [place] for key, (place,) in census_of(originals[here.name]).items()}
        check_once(here, before, set())
        check_pair(here)
        with watched(way_back=way_back):
            if quarantined(here):
                assert undo(here)["status"] == "done"
            else:
                with pytest.raises(UsageProblem, match=r"no run|nothing to undo"):
                    undo(here)
        assert files_of(originals[here.name]) == files_of(snapshot(here, without=TOOL)), moment
        assert set() == quarantined(here)
        clean(here, policy=LAZY)
        assert set() == leftovers(here), moment


@pytest.mark.slow
@both_ways_back
def test_a_clean_after_a_killed_undo_removes_the_rest_again(root: Path, way_back: str) -> None:
    """Cleaned instead of undone again: the same files are out, once, and both runs can be undone."""

    def build(here: Path) -> None:
        plant(here)
        clean(here)

    for moment in killed_everywhere(root, build, undo, lambda _: nothing, way_back, every=True):
        here = moment.root
        runs = {place.run for places in census(here).values() for place in places if place.run}
        with watched(way_back=way_back):
            clean(here)
        assert GOING == quarantined(here), moment
        assert all(len(places) == 1 for places in census(here).values()), moment
        assert set() == leftovers(here), moment
        later = {place.run for places in census(here).values() for place in places if place.run} - runs
        for run_id in (*runs, *later, *runs):
            if run_id and (here / TOOL / "quarantine" / run_id).exists():
                undo(here, run_id)
                check_pair(here)
        assert set() == quarantined(here), moment


@slow
@changing_and_all
@a_rename_only
def test_a_purge_killed_anywhere_is_finished_by_the_next_run(root: Path, way_back: str, *, every: bool) -> None:
    """What is due is gone in the end, what is not due stays in its one place, and no empty folder is left."""
    calm = root / "calm"
    calm.mkdir()
    with_a_due_run(calm)
    due = quarantined(calm)
    assert len(due) == 5
    before = census(calm)
    run_clean(calm)
    the_end = survivors(calm)

    for moment in killed_everywhere(root, with_a_due_run, run_clean, lambda _: nothing, way_back, every=every):
        here = moment.root
        check_once(here, before, due)
        check_audited(here, before)
        run_clean(here)
        assert the_end == survivors(here), moment
        assert GOING == quarantined(here), moment
        assert set() == leftovers(here), moment


def census_of(picture: dict[str, object]) -> dict[tuple[str, str], list[Place]]:
    """Turn a picture of an untouched root into a census."""
    return {
        (name.partition("/")[0], name.partition("/")[2]): [Place(None, fact)]  # type: ignore[arg-type]
        for name, fact in picture.items()
        if "/" in name
    }


def files_of(picture: dict[str, object]) -> dict[str, object]:
    """Leave the folders out of a picture: their own dates move with each rename."""
    return {name: fact for name, fact in picture.items() if "/" in name}


def test_right_after_the_audit_line_the_file_is_still_there(root: Path) -> None:
    """The line comes first: killed right after it, the file it speaks of lies where it lay."""
    company(root, "1", SESSION)

    def after(call: Call) -> None:
        if call.name == "write" and b'"remove"' in call.args[1]:
            kill()

    def child() -> None:
        with watched(after=after):
            clean(root)

    died, _ = in_child(child)
    assert died == -9
    (line,) = [line for line in audited(root) if line["event"] == "remove"]
    assert (SESSION, "1", "session_age") == (line["file"], line["company"], line["rule"])
    assert ("company_1", SESSION) in survivors(root)
    assert clean(root).total.removed == 1


def test_right_after_the_rename_the_line_is_there(root: Path) -> None:
    """Killed right after the rename, the audit log already tells of it, and undo brings the file back."""
    here = company(root, "1", SESSION)
    before = snapshot(here)

    def after(call: Call) -> None:
        if call.moves(SESSION):
            kill()

    def child() -> None:
        with watched(after=after):
            clean(root)

    died, _ = in_child(child)
    assert died == -9
    assert [SESSION] == [line["file"] for line in audited(root) if line["event"] == "remove"]
    assert {("company_1", SESSION)} == quarantined(root)
    assert undo(root)["totals"] == {"restored": 1, "stayed": 0}
    assert before == snapshot(here)


@both_undo_days
@both_ways_back
def test_killed_between_the_rename_and_the_second_look(root: Path, way_back: str, undo_days: int) -> None:
    """A file that changed while it was moved by a run that died is put back by the next run, not purged."""
    here = company(root, "1", SESSION)

    def before(call: Call) -> None:
        if call.moves(SESSION):
            rewrite(here / SESSION, NEWER)

    def after(call: Call) -> None:
        if call.moves(SESSION):
            kill()

    def child() -> None:
        with watched(before, after, way_back):
            run_clean(root, undo_days)

    died, _ = in_child(child)
    assert died == -9
    assert not (here / SESSION).exists()
    with watched(way_back=way_back):
        run_clean(root, undo_days)
    assert NEWER == (here / SESSION).read_bytes()
    assert set() == leftovers(root)


@both_undo_days
def test_killed_with_a_changed_file_and_its_company_cannot_be_opened(root: Path, undo_days: int) -> None:
    """As long as the changed file cannot go back (its company cannot be opened just now) it is not purged."""
    here = company(root, "1", SESSION)

    def before(call: Call) -> None:
        if call.moves(SESSION):
            rewrite(here / SESSION, NEWER)

    def after(call: Call) -> None:
        if call.moves(SESSION):
            kill()

    def child() -> None:
        with watched(before, after):
            run_clean(root, undo_days)

    assert in_child(child)[0] == -9
    act, hit = failing(1, errno.EIO, lambda call: call.name == "open" and call.args[0] == "company_1")
    with watched(act):
        run_clean(root, undo_days)
    assert hit
    run_clean(root, undo_days)
    assert [NEWER] == [place.fact.content for place in census(root).get(("company_1", SESSION), [])]


# --- failing --------------------------------------------------------------------------------------------

# A close that fails is left out: Linux has let go of the descriptor by then, and nothing is written through
# any that the tool would have to know about.
BREAKABLE = frozenset(
    {
        "stat",
        "fstat",
        "listdir",
        "scandir",
        "read",
        "open",
        "write",
        "pwrite",
        "fsync",
        "mkdir",
        "rename",
        "replace",
        "link",
        "unlink",
        "rmdir",
        "renameat2",
    }
)


def breakable(call: Call) -> bool:
    """Tell whether a call of this kind can fail on a bad disk."""
    return call.name in BREAKABLE


def failed_everywhere(
    room: Path, build: Callable[[Path], object], work: Callable[[Path, Ran], object], code: int, way_back: str
) -> Iterator[tuple[Path, Call, Ran, CleanupError | OSError | None]]:
    """Build and work with one call failing, a later one each time; anything but a CleanupError goes through."""
    number = 0
    while True:
        number += 1
        root = room / f"run{number}"
        root.mkdir()
        build(root)
        act, hit = failing(number, code, breakable)
        ran, problem = Ran(), None
        meddler = Meddler(root)

        def both(call: Call, act: Callable[[Call], object] = act, meddler: Callable[[Call], object] = meddler) -> None:
            act(call)
            meddler(call)

        with watched(both, way_back=way_back):
            try:
                work(root, ran)
            except (CleanupError, OSError) as error:
                problem = error
        if not hit:
            break
        yield root, hit[0], ran, problem
    assert number > 60, f"only {number} moments: the sweep met nothing"


@slow
@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EACCES])
@each_way
def test_failing_anywhere_loses_nothing(root: Path, way_back: str, undo_days: int, code: int) -> None:
    """Any one call fails: a sentence or a counted failure, no lost file, the others go on, the next run converges."""
    calm = root / "calm"
    calm.mkdir()
    plant(calm)
    before = census(calm)
    with watched(Meddler(calm), way_back=way_back):
        run_clean(calm, undo_days)
    the_end = survivors(calm)

    def work(here: Path, ran: Ran) -> None:
        clean(here, now=days_ago(0) - A_SECOND, undo_days=undo_days, ran=ran)

    for here, call, ran, problem in failed_everywhere(root, plant, work, code, way_back):
        check_once(here, before, GOING - {TOUCHED} if undo_days == 0 else set())
        check_audited(here, before)
        check_pair(here)
        ran.check_accounts()
        if problem is not None:
            assert isinstance(problem, OSError) or problem.status in {2, 4}, call
            assert not ran.companies, f"{call}: after the first company nothing may end the run"
            assert set(before) == set(survivors(here)), "nothing was touched"
        else:
            assert ran.closed, "without its end the summary is no summary"
            assert len(ran.companies) == 3
            troubled = [each for each in ran.companies.values() if each.status.value != "cleaned"]
            assert len(troubled) <= 1, f"{call}: {troubled}"
            for each in ran.companies.values():
                if each not in troubled and not each.warnings:
                    planned = {name for folder, name in GOING if folder == f"company_{each.company_id}"}
                    assert len(planned) == each.total.removed + each.total.changed, call
        with watched(nothing if survivors(here).get(TOUCHED) == NEWER else Meddler(here), way_back=way_back):
            run_clean(here, undo_days)
        if undo_days == 0:
            run_clean(here, undo_days)
            assert set() == quarantined(here), call
        assert the_end == survivors(here), call
        check_forgotten_when_due(here)
        assert all(len(places) == 1 for places in census(here).values()), call


@slow
@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC])
@a_link_only
def test_undo_failing_anywhere_loses_nothing(root: Path, way_back: str, code: int) -> None:
    """Any one call of an undo fails: what could not come back is named, and the next undo brings it."""
    originals: dict[str, dict[str, object]] = {}

    def build(here: Path) -> None:
        plant(here)
        originals[here.name] = snapshot(here)
        clean(here)

    def work(here: Path, _: Ran) -> None:
        said.clear()
        said.update(undo(here))

    said: dict[str, object] = {}
    for here, call, _, problem in failed_everywhere(root, build, work, code, way_back):
        before = census_of(originals[here.name])
        check_once(here, before, set())
        check_pair(here)
        if problem is None and quarantined(here) and said.get("status") == "done":
            raise AssertionError(f"{call}: something stayed, and undo says it is done")
        with watched(way_back=way_back):
            if quarantined(here):
                undo(here)
        assert files_of(originals[here.name]) == files_of(snapshot(here, without=TOOL)), call
        assert set() == quarantined(here), call
        check_forgotten_when_due(here)


@slow
@a_link_only
def test_a_purge_failing_anywhere_never_stops_the_cleaning_for_good(root: Path, way_back: str) -> None:
    """Any one call fails while an earlier run is due: nothing that is not due is lost, the next run finishes."""
    calm = root / "calm"
    calm.mkdir()
    with_a_due_run(calm)
    due = quarantined(calm)
    before = census(calm)
    run_clean(calm)
    the_end = survivors(calm)

    def work(here: Path, ran: Ran) -> None:
        clean(here, now=days_ago(0) - A_SECOND, ran=ran)

    for here, call, _, _problem in failed_everywhere(root, with_a_due_run, work, errno.EIO, way_back):
        check_once(here, before, due)
        run_clean(here)
        survived = survivors(here)
        assert set(the_end) - {TOUCHED} == set(survived) - {TOUCHED}, call
        assert due.isdisjoint(quarantined(here)), call
        check_forgotten_when_due(here)


@both_undo_days
def test_a_company_that_fails_does_not_stop_the_others(root: Path, undo_days: int) -> None:
    """Whatever fails again and again in one company (its folder, its list, each move), the others are cleaned."""
    for name, argument in [("open", "company_1"), ("rename", MEMORY), ("stat", MEMORY), ("scandir", None)]:
        for code in (errno.EIO, errno.EACCES, errno.ENOSPC, errno.EROFS, errno.ESTALE):
            here = root / f"{name}{code}"
            here.mkdir()
            plant(here)

            def aimed(call: Call, name: str = name, argument: str | None = argument) -> bool:
                return call.name == name and argument in {None, call.args[0]}

            # The first three lists are of the root: whether it is one, its companies, what lies beside them.
            act, hit = failing(4 if name == "scandir" else 1, code, aimed)
            with watched(act):
                ran = clean(here, undo_days=undo_days)
            assert hit, name
            assert ran.companies["1"].status.value == "failed"
            assert (3, 1) == (ran.companies["2"].total.removed, ran.companies["3"].total.removed)
            assert ran.run is not None
            assert ran.run.exit_status == 1
            assert ("company_1", OWN_KEY) in survivors(here)
            clean(here, undo_days=undo_days)
            assert GOING.isdisjoint(survivors(here)), "the next run finds nothing in the way"


@pytest.mark.parametrize("first", ["the run of the memory", "the run of the key"])
def test_a_memory_never_comes_back_alone(root: Path, first: str) -> None:
    """The memory goes in one run and the key in a later one: undo brings no memory without its key."""
    company(root, "1", MEMORY, OWN_KEY)
    one = clean(root, now=days_ago(0.3))
    assert {("company_1", MEMORY)} == quarantined(root)
    two = clean(root)
    assert one.run is not None
    assert two.run is not None
    assert (1, 1) == (one.total.removed, two.total.removed)
    order = [one.run.run_id, two.run.run_id]
    for run_id in order if first == "the run of the memory" else order[::-1]:
        undo(root, run_id)
        check_pair(root)
    assert ("company_1", OWN_KEY) in survivors(root)
    assert (("company_1", MEMORY) in survivors(root)) == (first == "the run of the key")


def test_the_account_is_the_one_of_these_names() -> None:
    """The own key of these tests belongs to the account their `creds.json` names."""
    assert NUMBER in OWN_KEY
