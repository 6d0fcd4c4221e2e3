"""`watch.look`: see, clean what is critical, tell, remember; and what goes wrong is in the report."""

import errno
import os
import shutil
from contextlib import ExitStack
from dataclasses import replace

import pytest

from baileys_cleanup.cleaning.company import clean_company
from baileys_cleanup.decision.levels import Level, Levels
from baileys_cleanup.decision.shards import Shard
from baileys_cleanup.errors import CleanupError, Refused, UsageProblem
from baileys_cleanup.settings.values import Alerts, Monitor, Settings
from baileys_cleanup.store.folder import small_records
from baileys_cleanup.store.folder.lock import hold_lock
from baileys_cleanup.store.selection import Selection
from baileys_cleanup.store.store import MONITOR_LOCK
from baileys_cleanup.watch.look import look
from baileys_cleanup.watch.remember.alerts_sent import read_memory
from baileys_cleanup.watch.response import Response, RotationAnswer
from baileys_cleanup.watch.result import Depth
from baileys_cleanup.watch.tell.alerts import HOUR

from ..helpers import NOW, creds, names, put
from .helpers import MINUTE, WORLD, Postbox, company, looked


def test_what_is_well_is_silence(place, settings):
    """A look over healthy companies sends nothing, removes nothing and has nothing to say."""
    company(place, "7", 150)
    box = Postbox()
    seen = looked(settings, box)
    assert ([], [], [], {}) == (box.heard, seen.warnings, seen.problems, seen.emergencies)
    assert [("7", 150, Level.NORMAL)] == [(view.company_id, view.counted, view.level) for view in seen.views]
    assert 0 == seen.exit_status


def test_a_company_is_told_of_once_per_level_and_once_when_it_falls(place, settings):
    """Above 150, above 170, down again: one message each; looks in between are silent."""
    folder = company(place, "7", 150, old=1)
    box = Postbox()
    for minute, size in enumerate([151, 160, 171, 175, 160, 160, 120, 120]):
        resize(folder, size)
        looked(settings, box, after=minute * MINUTE)
    expected = ["7: attention, 151 files", "7: warning, 171 files", "7: down to attention, 160 files"]
    assert [*expected, "7: down to normal, 120 files"] == box.titles


def resize(folder, files):
    """Make the company one of that many files."""
    for path in folder.glob("device-list-*"):
        path.unlink()
    for number in range(files - len(names(folder))):
        (folder / f"device-list-{number}.json").write_text("[]")


def test_while_it_lasts_it_is_told_again_after_the_hours(place, settings):
    """After `alerts.repeat_hours`, not before; each look reads its memory from the disk."""
    company(place, "7", 159, old=1)
    box = Postbox()
    often = Settings(sessions_root=str(place), alerts=Alerts(repeat_hours=2))
    for after in (0, 2 * HOUR - 1, 2 * HOUR, 4 * HOUR - 1, 4 * HOUR):
        looked(often, box, after=after)
    assert 3 == len(box.heard)


def test_what_could_not_be_delivered_comes_at_the_next_look_and_only_there(place, settings):
    """One service down: the other hears it once, the one that was down once it is back, and the look fails."""
    company(place, "7", 160)
    up, down = Postbox("up"), Postbox("down", "closed")
    first = looked(settings, up, down)
    again = looked(settings, up, down, after=MINUTE)
    assert [{2: "closed"}, {2: "closed"}] == [seen.alerts[0].failures for seen in (first, again)]
    assert [1, 1] == [first.exit_status, again.exit_status]
    down.problem = None
    assert 0 == looked(settings, up, down, after=2 * MINUTE).exit_status
    looked(settings, up, down, after=3 * MINUTE)
    assert (["7: attention, 160 files"], ["7: attention, 160 files"]) == (up.titles, down.titles)


def test_a_service_that_is_added_hears_of_what_lasts(place, settings):
    """And nobody else hears it again; of what is well it hears nothing."""
    first, second = Postbox("first"), Postbox("second")
    company(place, "1", 176)
    put(company(place, "2", 4), "creds.json", b"")
    company(place, "3", 20)
    looked(settings, first)
    heard = list(first.heard)
    looked(settings, first, second, after=1)
    assert (heard, 1) == (first.heard, len(second.heard))
    told = [line.partition(";")[0] for line in second.heard[0][1].splitlines() if line[:2] in {"1:", "2:", "3:"}]
    assert ["2: its pairing is dead", "1: warning, 176 files"] == told
    looked(settings, first, second, after=2)
    assert (heard, 1) == (first.heard, len(second.heard))


def test_several_companies_are_one_message_to_each_service(place, settings):
    """Four companies to tell of and a service that hangs: it is asked once per look, and then hears of all in one."""
    for number in range(4):
        company(place, str(number), 151)
    down = Postbox("down", "it hangs")
    looked(settings, down)
    assert 1 == down.asked
    down.problem = None
    looked(settings, down, after=MINUTE)
    ((title, text),) = down.heard
    assert "Baileys: 4 companies, the worst 0: attention, 151 files" == title
    assert [f"{number}: attention, 151 files" for number in range(4)] == text.splitlines()[:4]


def test_an_alert_names_the_real_path(place, monkeypatch):
    """Whoever reads it elsewhere knows the folder, however it was typed where the monitor was started."""
    company(place, "7", 160)
    monkeypatch.chdir(place.parent)
    box = Postbox()
    looked(Settings(sessions_root=place.name), box)
    assert box.heard[0][1].endswith(f"Sessions root: {place.resolve()} on host")


def test_a_critical_company_is_cleaned_by_the_ordinary_rules_first(place, settings):
    """What the ordinary rules take is enough: the pre-keys stay at their cap, and it can be undone."""
    folder = company(place, "7", 100, old=60, pre_keys=50)
    box = Postbox()
    seen = looked(settings, box)
    cleanup = seen.emergencies["7"]
    assert (60, 1, None) == (cleanup.files, len(cleanup.runs), cleanup.problem)
    assert (150, Level.NORMAL) == (seen.views[0].counted, seen.views[0].level)
    assert 50 == sum(name.startswith("pre-key") for name in names(folder))
    assert 60 == len(names(place / ".baileys-cleanup" / "quarantine" / cleanup.runs[0] / "company_7"))
    (text,) = [body for _, body in box.heard]
    assert f"removed 60 files (300 B); to take it back: baileys-cleanup undo {cleanup.runs[0]} --company 7" in text
    assert "Now it has 150 counted files: level normal" in text


def test_where_that_is_not_enough_pre_keys_go_down_to_the_floor(place, settings):
    """Still critical: the lowest pre-keys go, 30 stay; everything else is as ever."""
    folder = company(place, "7", 170, old=5, pre_keys=60)
    seen = looked(settings)
    cleanup = seen.emergencies["7"]
    assert (5 + 10 + 20, 2) == (cleanup.files, len(cleanup.runs))
    kept = sorted(int(name[8:-5]) for name in names(folder) if name.startswith("pre-key"))
    assert list(range(31, 61)) == kept
    assert Level.CRITICAL is seen.views[0].level
    undo = [f"baileys-cleanup undo {run_id} --company 7" for run_id in cleanup.runs]
    assert f"{undo[1]}, then {undo[0]}" in cleanup.in_words()


def test_an_emergency_never_takes_what_may_not_go(place, settings):
    """A folder full of what no rule takes is left alone, without a run, and the message says so."""
    folder = company(place, "7", 200)
    before = names(folder)
    box = Postbox()
    seen = looked(settings, box)
    assert (before, ["monitor.json", "monitor.lock", "quarantine", "runs"]) == (
        names(folder),
        names(place / ".baileys-cleanup"),
    )
    assert 0 == seen.exit_status
    assert "no rule takes any of its files" in box.heard[0][1]
    assert "A cleanup can free nothing: kinds that no rule takes (199 device lists, creds.json)." in box.heard[0][1]
    assert "Next: a cleanup does not help here" in box.heard[0][1]


def test_what_no_cleanup_can_help_is_told_again_only_when_it_grows_by_a_tenth(place, settings):
    """Not when the level rises by a few files, not every day; at a tenth more, and once when it falls."""
    folder = company(place, "7", 170)
    box = Postbox()
    for day, size in enumerate([170, 181, 181, 186, 187, 187, 205, 206, 160, 120]):
        resize(folder, size)
        looked(settings, box, after=day * 24 * HOUR)
    expected = ["attention, 170", "critical, 187", "critical, 206", "down to normal, 120"]
    assert [f"7: {each} files" for each in expected] == box.titles


def test_an_emergency_leaves_the_others_alone(place, settings):
    """Only the critical company is cleaned; one that is only full is not."""
    company(place, "7", 150, old=60)
    other = company(place, "8", 150, old=20)
    looked(settings)
    assert 170 == len(names(other))


def test_the_emergency_cleanup_can_be_switched_off(place):
    """With `monitor.emergency_cleanup = false` nothing is removed, and the message says why."""
    folder = company(place, "7", 150, old=60)
    box = Postbox()
    seen = looked(Settings(sessions_root=str(place), monitor=Monitor(emergency_cleanup=False)), box)
    assert ({}, 210) == (seen.emergencies, len(names(folder)))
    assert "the emergency cleanup is switched off" in box.heard[0][1]


def test_a_cleanup_comes_before_any_message(place, settings):
    """When the first service is asked, the files are gone already: no service can hold a cleanup up."""
    folder = company(place, "7", 100, old=100)
    there = []

    class Late(Postbox):
        def deliver(self, *args):
            there.append(len(names(folder)))
            return super().deliver(*args)

    looked(settings, Late(problem="it hangs"))
    assert [100] == there


def test_while_another_run_is_at_work_the_emergency_waits(place, settings, tool):
    """The lock is held: nothing is removed, it is told and no failure, and the next look cleans."""
    folder = company(place, "7", 100, old=100)
    with hold_lock(tool):
        seen = looked(settings)
    assert (200, True, 0) == (len(names(folder)), seen.emergencies["7"].later, seen.exit_status)
    assert "another run is at work" in seen.emergencies["7"].problem
    looked(settings, after=MINUTE)
    assert 100 == len(names(folder))


def test_what_was_done_reaches_a_service_that_was_down_with_the_all_clear(place, settings):
    """Down while the company was critical: the all-clear brings what was removed and the way back, once, and only there."""
    company(place, "7", 120, old=80)
    up, down = Postbox("up"), Postbox("down", "closed")
    (run_id,) = looked(settings, up, down).emergencies["7"].runs
    down.problem = None
    for minute in (1, 2):
        looked(settings, up, down, after=minute * MINUTE)
    assert ["7: down to normal, 120 files"] == down.titles
    told = (
        f"Done earlier: an emergency cleanup removed 80 files (400 B); to take it back: baileys-cleanup undo {run_id}"
    )
    assert told in down.heard[0][1]
    assert [True, False] == [run_id in text for _, text in up.heard]


def test_what_was_postponed_is_told_when_it_is_done(place, settings, tool):
    """First another run is at work, then the company is cleaned at the same level: that is told at once, and once."""
    company(place, "7", 120, old=80)
    box = Postbox()
    with hold_lock(tool):
        looked(settings, box)
    for minute in (1, 2, 3):
        looked(settings, box, after=minute * MINUTE)
    assert ["7: critical, 200 files", "7: critical, 200 files", "7: down to normal, 120 files"] == box.titles
    assert ["postponed to the next look" in text for _, text in box.heard] == [True, False, False]
    assert ["removed 80 files" in text for _, text in box.heard] == [False, True, False]


def test_what_was_done_before_a_signal_is_told_at_the_next_look(place, settings):
    """Told to stop between two companies: what the first one lost is remembered, and told of once."""
    company(place, "7", 120, old=80)
    other = company(place, "8", 120, old=80)
    cleaned = []

    def clean_one(root, company_id, *args, **how):
        outcome = clean_company(root, company_id, *args, **how)
        cleaned.append(company_id)
        return outcome

    box = Postbox()
    seen = looked(settings, box, world=WORLD._replace(stopping=lambda: bool(cleaned)), clean_one=clean_one)
    assert ([], ["7"], 200) == (box.heard, cleaned, len(names(other)))
    for minute in (1, 2):
        looked(settings, box, after=minute * MINUTE)
    assert ["Baileys: 2 companies, the worst 8: critical, 200 files", "8: down to normal, 120 files"] == box.titles
    told = f"7: down to normal, 120 files; done earlier: {seen.emergencies['7'].in_words()}\n"
    assert [told in text for _, text in box.heard] == [True, False]


def test_what_was_done_waits_for_a_monitor_that_tells(place, settings, tool):
    """The other monitor cannot know of it; one that never ends is a problem of the look, and the log has it."""
    company(place, "7", 120, old=80)
    box = Postbox()
    with ExitStack() as other:
        other.enter_context(hold_lock(tool, MONITOR_LOCK))
        looked(settings, box, world=WORLD._replace(wait=other.close))
    assert "removed 80 files" in box.heard[0][1]
    company(place, "8", 120, old=80)
    with hold_lock(tool, MONITOR_LOCK):
        seen = looked(settings, box, after=MINUTE)
    assert (["no alert tells what was done about 8: another monitor is at work"], 1) == (
        seen.problems,
        seen.exit_status,
    )


def test_an_emergency_heeds_the_fuse(place):
    """`max_removals` holds the company back, as in every run, with the status of a guard."""
    folder = company(place, "7", 100, old=100)
    seen = looked(Settings(sessions_root=str(place), max_removals=10))
    assert 200 == len(names(folder))
    assert "max_removals allows 10" in seen.emergencies["7"].problem
    assert 4 == seen.exit_status


def test_an_emergency_heeds_the_clock(place, settings):
    """A clock that stands years ahead removes nothing, with the status of a guard, and the way on is a command."""
    company(place, "7", 100, old=100)
    looked(settings)
    folder = company(place, "9", 100, old=100)
    seen = looked(settings, Postbox(problem="closed"), after=3 * 365 * 24 * HOUR)
    assert (200, 4) == (len(names(folder)), seen.exit_status)
    assert "the clock stands more than a year after" in seen.emergencies["9"].problem
    assert "`baileys-cleanup clean --accept-clock` goes on" in seen.emergencies["9"].problem


def test_trends_are_since_the_last_look(place, settings):
    """More, fewer, the same; a new company has none."""
    for number, size in (("7", 10), ("8", 10), ("9", 10)):
        company(place, number, size)
    assert {} == looked(settings).trends
    resize(place / "company_7", 13)
    resize(place / "company_8", 8)
    company(place, "10", 5)
    assert {"7": 3, "8": -2, "9": 0} == looked(settings, after=MINUTE).trends


def test_what_goes_away_is_forgotten_but_not_when_all_go(place, settings, tool):
    """A company that went is forgotten; an empty root, a disk that is not mounted, forgets nobody."""
    company(place, "7", 160)
    company(place, "8", 160)
    looked(settings)
    os.rename(place / "company_8", place.parent / "gone_8")
    looked(settings, after=MINUTE)
    assert ["7"] == list(read_memory(tool)[0])
    os.rename(place / "company_7", place.parent / "gone_7")
    seen = looked(settings, after=2 * MINUTE)
    assert ["is the right disk mounted" in text for text in seen.warnings] == [True]
    os.rename(place.parent / "gone_7", place / "company_7")
    box = Postbox()
    looked(settings, box, after=3 * MINUTE)
    assert [] == box.heard


def test_a_look_at_one_company_forgets_no_other(place, settings, tool):
    """`--company` looks at that one, and the memory of the rest stays."""
    company(place, "7", 160)
    company(place, "8", 160)
    looked(settings)
    seen = looked(settings, wanted=["8"], after=MINUTE)
    assert (["8"], ["7", "8"]) == ([view.company_id for view in seen.views], sorted(read_memory(tool)[0]))


def test_a_company_that_cannot_be_looked_at_is_remembered_and_fails(place, settings, tool, monkeypatch):
    """What cannot be opened is told, the look fails, and what was told of it before is not forgotten."""
    company(place, "7", 2)
    company(place, "8", 160)
    looked(settings)
    real = os.open

    def closed(path, *args, **where):
        if path == "company_8":
            raise PermissionError(13, "Permission denied")
        return real(path, *args, **where)

    monkeypatch.setattr(os, "open", closed)
    seen = looked(settings, after=MINUTE)
    monkeypatch.undo()
    assert ([("8", "its folder cannot be opened: Permission denied")], 1) == (seen.unreadable, seen.exit_status)
    box = Postbox()
    looked(settings, box, after=2 * MINUTE)
    assert [] == box.heard


def test_two_monitors_do_not_tell_twice(place, settings, tool):
    """While another monitor tells, this one leaves it to that, and says so."""
    company(place, "7", 160)
    box = Postbox()
    with hold_lock(tool, MONITOR_LOCK):
        seen = looked(settings, box)
    assert ([], 0) == (box.heard, seen.exit_status)
    assert "another monitor" in seen.warnings[0]
    looked(settings, box)
    assert 1 == len(box.heard)


def test_monitors_of_shards_work_beside_each_other(place, settings, tool):
    """Each cleans and tells of its own companies while another shard is at work, and forgets nobody else's."""
    for company_id in ("1", "2"):  # shards 1 and 0 of 2
        company(place, company_id, 160, old=30)
    box = Postbox()
    with hold_lock(tool, shared=True):
        for index in (0, 1):
            seen = looked(settings, box, shard=Shard(index, 2))
            assert [30] == [cleanup.files for cleanup in seen.emergencies.values()]
            assert ([], []) == (seen.warnings, seen.problems)
    assert ["2: critical, 190 files", "1: critical, 190 files"] == [title.split(";")[0] for title in box.titles]
    assert {"1", "2"} == set(read_memory(tool)[0])


def test_a_monitor_of_a_shard_waits_for_another_that_tells(place, settings, tool):
    """That one knows nothing of these companies: so this one waits, and says when it was in vain."""
    company(place, "1", 160)
    box, waits = Postbox(), []
    with ExitStack() as stack:
        stack.enter_context(hold_lock(tool, MONITOR_LOCK))
        world = WORLD._replace(wait=lambda: waits.append(1) or (len(waits) == 3 and stack.close()))
        assert [] == looked(settings, box, shard=Shard(1, 2), world=world).warnings
    assert (3, 1) == (len(waits), len(box.heard))
    company(place, "3", 160)
    with hold_lock(tool, MONITOR_LOCK):
        seen = looked(settings, box, shard=Shard(1, 2))
    assert ["another monitor tells of other companies at this moment; the next look tries again"] == seen.warnings
    looked(settings, box, shard=Shard(1, 2))
    assert "3: attention, 160 files" in box.titles


def test_of_two_looks_that_overlap_one_tells(place, settings):
    """The second to tell began before the first had told, so what was told lies in its future: that is no set-back."""
    company(place, "7", 160)
    box = Postbox()
    looked(settings, box, after=5)
    looked(settings, box)
    assert 1 == len(box.heard)


def test_a_company_that_goes_before_its_cleanup_stops_no_other(place, settings):
    """Gone between the look and the cleanup: the others are cleaned, and of it nothing is told, listed or remembered."""
    for number in "789":
        put(company(place, number, 140, pre_keys=120), "creds.json", b"{")
    waits = iter(range(100))

    def wait():
        if next(waits) == 1:  # the look is over, and the cleanup of company 7 looks at its creds.json again
            shutil.rmtree(place / "company_7")

    box = Postbox()
    seen = looked(settings, box, world=WORLD._replace(wait=wait))
    assert [170, 170] == [len(names(place / f"company_{number}")) for number in "89"]
    assert (["8", "9"], ["8", "9"], 0) == (
        sorted(seen.emergencies),
        [v.company_id for v in seen.views],
        seen.exit_status,
    )
    assert ["Baileys: 2 companies, the worst 8: its pairing is dead"] == box.titles


def test_a_memory_that_cannot_be_written_is_a_problem(place, settings, tool):
    """What lies in the way of the memory is told; the message went out, and the look fails."""
    company(place, "7", 160)
    (place / ".baileys-cleanup" / "monitor.json.new").mkdir()
    box = Postbox()
    seen = looked(settings, box)
    assert (1, 1) == (len(box.heard), seen.exit_status)
    assert "cannot be remembered" in seen.problems[0]


def test_a_memory_that_cannot_be_read_is_told_again_and_stays(place, settings, tool, monkeypatch):
    """Twice is better than never: the message goes out, the look fails and says why, and what was known is kept."""
    company(place, "7", 160)
    looked(settings, Postbox())
    path = place / ".baileys-cleanup" / "monitor.json"
    before = path.read_bytes()

    def read(_folder, _name):
        raise OSError(errno.EIO, "another session holds a lock")

    with monkeypatch.context() as patch:
        patch.setattr(small_records, "read_record", read)
        box, told = Postbox(), {}
        seen = looked(settings, box, after=MINUTE, told=told)
        assert [] == looked(settings, box, after=2 * MINUTE, told=told).alerts, "the same process has told it"
    assert (1, 1, before) == (len(box.heard), seen.exit_status, path.read_bytes())
    assert "the next look tells it again: " in seen.problems[0]
    assert "monitor.json cannot be read, and stays as it is: another session holds a lock" in seen.problems[0]
    assert [] == looked(settings, box, after=3 * MINUTE).alerts


def test_a_lock_that_cannot_be_had_hides_no_cleanup(place, settings, tool):
    """Nothing can be told; what was removed is in the report all the same, and the look fails."""
    company(place, "7", 120, old=80)
    (place / ".baileys-cleanup" / "monitor.lock").mkdir()
    seen = looked(settings)
    assert (80, 1) == (seen.emergencies["7"].files, seen.exit_status)
    assert "monitor.lock cannot be opened" in seen.problems[0]


def test_told_to_stop_it_tells_and_remembers_nothing(place, settings):
    """A look that is cut short leaves the memory as it was: the next one tells."""
    company(place, "7", 160)
    company(place, "8", 160)
    box = Postbox()
    answers = iter([False, True, True, True, True])
    seen = looked(settings, box, world=WORLD._replace(stopping=lambda: next(answers)))
    assert ((), []) == (seen.found, box.heard)
    looked(settings, box)
    assert ["Baileys: 2 companies, the worst 7: attention, 160 files"] == box.titles


def test_without_a_root_there_is_no_look(place):
    """A root that is gone ends the look with a sentence."""
    with pytest.raises(UsageProblem, match="cannot be opened"):
        looked(Settings(sessions_root=str(place / "gone")))


def test_facts_come_when_asked_for(place, settings):
    """Only the deepest look counts the quarantine and the disk."""
    company(place, "7", 100, old=100)
    assert looked(settings, depth=Depth.FILES).facts is None
    facts = looked(settings, after=MINUTE, depth=Depth.FACTS).facts
    assert (100, 500) == facts.quarantine
    assert [True] == [run.emergency for run in facts.history.runs]
    assert facts.space.free_bytes > 0


def test_a_file_that_changes_meanwhile_goes_back_also_in_an_emergency(place, settings, monkeypatch):
    """The bot writes while the file is moved: it stays in its folder, as in every run."""
    folder = company(place, "7", 170, old=20)
    real = os.rename

    def meddling(source, target, **where):
        if source == "session-15560000003.0.json":
            (folder / source).write_bytes(b"newer")
        real(source, target, **where)

    monkeypatch.setattr(os, "rename", meddling)
    looked(settings)
    monkeypatch.undo()
    assert b"newer" == (folder / "session-15560000003.0.json").read_bytes()
    assert 19 == sum(len(files) for _, _, files in os.walk(place / ".baileys-cleanup" / "quarantine"))


def test_what_stays_full_after_a_cleanup_may_be_rotated(place, settings):
    """Only a company that was critical is offered, with its count after the cleanup; what was done is in the alert."""
    company(place, "7", 175, old=10)
    company(place, "8", 160)
    offered = []

    def rotate(company_id, counted):
        offered.append((company_id, counted))
        return RotationAnswer("a rotation gave it a new folder")

    box = Postbox()
    seen = looked(settings, box, rotate=rotate)
    assert ([("7", 175)], 0) == (offered, seen.exit_status)
    ((_, text),) = box.heard
    assert ["a rotation gave it a new folder" in line for line in text.splitlines()[:2]] == [True, False]


def test_a_rotation_that_fails_fails_the_look(place, settings):
    """It is told, in the alert and as a problem of the look, and the other companies are looked at."""
    company(place, "7", 200)

    def rotate(_company_id, _counted):
        raise CleanupError("the bot could not be stopped")

    box = Postbox()
    seen = looked(settings, box, rotate=rotate)
    assert (1, 1) == (seen.exit_status, len(seen.problems))
    assert "a rotation could not be done: the bot could not be stopped" in box.heard[0][1]


def test_a_rotation_that_a_guard_refuses_has_the_status_of_a_guard(place, settings):
    """4 beats 1, as everywhere."""
    company(place, "7", 200)

    def rotate(_company_id, _counted):
        raise Refused("creds.json cannot be read")

    assert 4 == looked(settings, rotate=rotate).exit_status


def test_an_emergency_cleanup_cleans_as_clean_does(place, settings):
    """What stops the bots around a cleaning is asked for each company here, too."""
    company(place, "7", 175, old=10)
    asked = []

    def clean_one(root, company_id, *args, **how):
        asked.append(company_id)
        return clean_company(root, company_id, *args, **how)

    looked(settings, clean_one=clean_one)
    assert ["7"] == asked


def test_a_dead_pairing_is_told_whatever_the_count(place, settings):
    """Four files, and creds.json is empty: it is told as critical with the command that helps, and once when it is whole."""
    folder = company(place, "7", 4)
    put(folder, "creds.json", b"")
    box = Postbox()
    for hour in (0, 1, 23, 24):
        looked(settings, box, after=hour * HOUR)
    assert ["7: its pairing is dead"] * 2 == box.titles
    assert "creds.json is empty: the pairing is broken, and the bot will not come back by itself" in box.heard[0][1]
    assert "Next: stop the bot and put back" in box.heard[0][1]
    assert "baileys-cleanup restore latest --replace --company 7" in box.heard[0][1]
    put(folder, "creds.json", creds())
    looked(settings, box, after=25 * HOUR)
    looked(settings, box, after=26 * HOUR)
    assert "7: whole again, excellent, 4 files" == box.titles[-1]
    assert 3 == len(box.heard)


def test_a_digest_names_ten_and_the_number_of_the_rest(place, settings):
    """Forty critical companies: one message, the worst first, ten lines, how many more, and the way back for all."""
    for number in range(40):
        company(place, f"t{number:02}", 3, old=3 + number)
    box = Postbox()
    settings = replace(settings, levels=Levels(2, 4, 5, 6))
    seen = looked(settings, box)
    ((title, text),) = box.heard
    lines = text.splitlines()
    assert "Baileys: 40 companies, the worst t39: critical, 45 files" == title
    assert [f"t{number}: critical, {6 + number} files" for number in range(39, 29, -1)] == [
        line.partition(";")[0] for line in lines[:10]
    ]
    (run_id,) = {run_id for cleanup in seen.emergencies.values() for run_id in cleanup.runs}
    assert "and 30 more: baileys-cleanup check" == lines[10]
    removed = sum(3 + number for number in range(40))
    way_back = f"to take all of it back: baileys-cleanup undo {run_id}"
    assert f"Emergency cleanups of this look removed {removed:,} files of 40 companies; {way_back}" == lines[11]
    assert 13 == len(lines)
    looked(settings, box, after=MINUTE)
    assert "Baileys: 40 companies, the worst" in box.titles[1]


def test_a_hundred_broken_pairings_cost_one_second(place, settings):
    """Each gets its second look, after all others and after one wait."""
    for number in range(100):
        put(company(place, str(number), 2), "creds.json", b"{")
    waits = []
    seen = looked(settings, world=WORLD._replace(wait=lambda: waits.append(1)))
    assert (1, 100) == (len(waits), seen.pairings_dead)


def test_what_was_broken_for_a_moment_is_not_told(place, settings):
    """Whole at the second look, as when Baileys was writing it: nobody hears of anything."""
    folder = company(place, "7", 4)
    put(folder, "creds.json", b"{")
    company(place, "8", 4)
    box = Postbox()
    seen = looked(settings, box, world=WORLD._replace(wait=lambda: put(folder, "creds.json", creds())))
    assert ([], 0, ["7", "8"]) == (box.heard, seen.pairings_dead, sorted(view.company_id for view in seen.views))


def test_a_look_is_published_before_anything_is_done_about_it(place, settings):
    """At once with nobody seen, then with all, and only then the cleanup: a page has its answer from the first second."""
    folder = company(place, "7", 100, old=100)
    company(place, "8", 4)
    heard = []
    world = WORLD._replace(clock=lambda: NOW)

    def publish(facts):
        heard.append((len(facts.seen), facts.waiting, len(names(folder))))

    look(settings, Selection(), world, Response((), "host"), Depth.FACTS, publish=publish)
    assert [(0, 2, 200), (2, 0, 200)] == heard
    assert 100 == len(names(folder))


def test_a_rotation_of_no_use_is_told_and_no_failure(place, settings):
    """Why none was made stands in the alert, and the look did its work."""
    company(place, "7", 200)
    box = Postbox()
    answer = RotationAnswer(of_no_use="the new folder would still have 200 counted files")
    seen = looked(settings, box, rotate=lambda _company_id, _counted: answer)
    assert 0 == seen.exit_status
    assert "no rotation: the new folder would still have 200 counted files" in box.heard[0][1]
