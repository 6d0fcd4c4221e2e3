"""`purge`: what is due is deleted and counted, what was cut short is settled, and nothing else is touched."""

import errno
import json
import os
from contextlib import nullcontext

import pytest

from baileys_cleanup.store.folder import purge as room
from baileys_cleanup.store.folder.audit import open_audit
from baileys_cleanup.store.folder.purge import forget_leftovers, purge, settle, tidy, unrecorded
from baileys_cleanup.store.folder.runs import read_runs, write_run
from baileys_cleanup.store.runs import RUNNING, SETTLED, UNDOING, Run

from ...helpers import DAY, NOW, names, put

RUN = Run("20261122T030000Z-4f1c", NOW, 7, state=SETTLED)
SESSION = "session-1.0.json"


@pytest.fixture
def quarantine(tool, place):
    """Give the quarantine folder of a recorded run."""
    write_run(tool, RUN)
    folder = place / ".baileys-cleanup" / "quarantine" / RUN.run_id
    folder.mkdir()
    return folder


def purged(tool, stopping=lambda: False, **how):
    """Purge the run, and give what came of it."""
    with open_audit(tool, lambda: NOW) as audit:
        return purge(tool, RUN, audit, stopping, **how)


def test_all_of_a_run_is_deleted_counted_and_logged(tool, place, quarantine):
    """Files and bytes of all its companies; folder, record and pairings go with the last one."""
    put(quarantine / "company_7", SESSION, b"123")
    put(quarantine / "company_7", "session-2.0.json", b"12345")
    put(quarantine / "company_8", SESSION, b"1")
    runs = place / ".baileys-cleanup" / "runs"
    put(runs, f"{RUN.run_id}.pairings")
    assert (3, 9, []) == purged(tool)
    assert ([], []) == (names(quarantine.parent), names(runs))
    assert ([], []) == read_runs(tool)
    (line,) = (place / ".baileys-cleanup" / "audit.log").read_text().splitlines()
    said = json.loads(line)
    assert ("purge", RUN.run_id) == (said["event"], said["run"])


def test_a_quarantine_that_is_gone_is_no_failure(tool):
    """Another shard was faster: nothing is counted, and nothing is wrong."""
    assert (0, 0, []) == purged(tool)


def test_the_companies_of_others_stay(tool, quarantine):
    """Of several shards each purges its own companies, whatever stands between them."""
    for name in ("company_1", "company_2", "company_3"):
        put(quarantine / name, SESSION)
    asked = []
    assert (2, 4, []) == purged(tool, takes=lambda company: asked.append(company) or company != "2")
    assert ["1", "2", "3"] == asked
    assert ["company_2"] == names(quarantine)
    assert [RUN] == read_runs(tool)[0]


def test_a_link_goes_itself(tool, quarantine, tmp_path):
    """Whatever it points to is neither measured nor touched, and one that points nowhere goes as well."""
    precious = put(tmp_path / "elsewhere", "creds.json", b"x" * 1000)
    (quarantine / "company_7").mkdir()
    (quarantine / "company_7" / SESSION).symlink_to(precious)
    (quarantine / "company_7" / "session-2.0.json").symlink_to("nowhere")
    files, size, errors = purged(tool)
    assert (2, []) == (files, errors)
    assert size == len(str(precious)) + len("nowhere")
    assert 1000 == precious.stat().st_size


def test_a_full_disk_keeps_no_purge_from_making_room(tool, quarantine):
    """The line in the log cannot be written: what is due goes all the same."""
    put(quarantine / "company_7", SESSION)

    class Full:
        def write(self, *_args, **_fields):
            raise OSError(errno.ENOSPC, "No space left on device")

    assert (1, 2, []) == purge(tool, RUN, Full(), lambda: False)


def test_what_cannot_be_deleted_names_the_run_and_the_place(tool, quarantine):
    """Somebody made a folder there: one sentence, and the run is kept."""
    (quarantine / "company_7" / "folder").mkdir(parents=True)
    files, _, (error,) = purged(tool)
    assert 0 == files
    assert RUN.run_id in error
    assert "'folder'" in error
    assert [RUN] == read_runs(tool)[0]


@pytest.mark.parametrize("number", [errno.ENOENT, errno.ESTALE])
def test_what_another_shard_deleted_is_no_error(tool, quarantine, monkeypatch, number):
    """It is gone; on NFS the handle is stale."""
    put(quarantine / "company_7", SESSION)

    def gone(*_args, **_how):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(room, "tidy", gone)
    assert (1, 2, []) == purged(tool)


def test_a_file_that_another_one_deletes_meanwhile_is_not_counted(tool, quarantine, monkeypatch):
    """Between the list and the deletion it went by itself: the others are deleted and counted."""
    put(quarantine / "company_7", SESSION)
    real = os.listdir
    monkeypatch.setattr(
        os, "listdir", lambda folder: ["a-ghost", *real(folder)] if SESSION in real(folder) else real(folder)
    )
    assert (1, 2, []) == purged(tool)


def test_a_company_that_another_one_deletes_meanwhile_is_passed_over(tool, quarantine, monkeypatch):
    """The same one floor higher."""
    put(quarantine / "company_7", SESSION)
    real = os.listdir
    monkeypatch.setattr(
        os, "listdir", lambda folder: ["company_0", *real(folder)] if "company_7" in real(folder) else real(folder)
    )
    assert (1, 2, []) == purged(tool)


def test_it_stops_between_two_files(tool, quarantine):
    """What was deleted by then is counted; the rest waits for the next run."""
    for name in ("session-1.0.json", "session-2.0.json", "session-3.0.json"):
        put(quarantine / "company_7", name)
    asked = iter([False, True])
    assert (1, 2, []) == purged(tool, stopping=lambda: next(asked))
    assert 2 == len(names(quarantine / "company_7"))


# --- settle -----------------------------------------------------------------------------------------------


@pytest.fixture
def cut_short(quarantine, place):
    """Give the live folder of company 7 and what a killed run took from it, with a date from before the run."""
    (place / "company_7").mkdir()
    put(quarantine / "company_7", SESSION, b"old", age=20)
    return place / "company_7", quarantine / "company_7" / SESSION


def test_a_company_that_cannot_be_worked_on_leaves_its_run_unsettled(root, tool, place, quarantine):
    """Its lock cannot be had: the record stays as it was, and so nothing may be purged."""
    put(quarantine / "company_7", SESSION, b"old", age=20)
    (place / "company_7").mkdir()
    run = RUN._replace(state=RUNNING)
    write_run(tool, run)

    def held(_):
        raise OSError(errno.EIO, "Input/output error")

    assert not settle(root, tool, run, held)
    assert [run] == read_runs(tool)[0]


def test_a_company_is_held_by_its_id_while_it_is_settled(root, tool, cut_short):
    """Beside shards each company has a lock of its own."""
    held = []
    assert settle(root, tool, RUN._replace(state=RUNNING), lambda company: held.append(company) or nullcontext())
    assert ["7"] == held
    assert [RUN] == read_runs(tool)[0]
    assert cut_short[1].exists()


def test_a_full_disk_settles_all_the_same(root, tool, cut_short, monkeypatch):
    """That it is settled cannot be written: the next run looks once more."""

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(room, "write_run", full)
    assert settle(root, tool, RUN._replace(state=RUNNING))
    assert cut_short[1].exists()


def test_a_put_back_that_was_cut_in_two_is_ended(root, tool, cut_short):
    """By hard link it is in both places: the quarantine lets go of it."""
    live, taken = cut_short
    os.link(taken, live / SESSION)
    assert settle(root, tool, RUN._replace(state=UNDOING))
    assert not taken.exists()
    assert b"old" == (live / SESSION).read_bytes()


@pytest.mark.parametrize("beside", ["nothing", "link", "another"])
def test_a_second_link_elsewhere_is_no_second_place(root, tool, cut_short, tmp_path, beside):
    """Only the very file in its own folder counts: a link that leads to the quarantine does not, nor another file."""
    live, taken = cut_short
    os.link(taken, tmp_path / "a backup by hard links")
    if beside == "link":
        (live / SESSION).symlink_to(taken)
    elif beside == "another":
        put(live, SESSION, b"newer")
    settle(root, tool, RUN._replace(state=RUNNING))
    assert b"old" == taken.read_bytes()


def test_what_was_written_since_the_run_began_goes_back(root, tool, cut_short):
    """Who found it before it was moved wrote into it; a date of before the run is no sign of that, nor one at its start."""
    live, taken = cut_short
    os.utime(taken, ns=(NOW, NOW))
    settle(root, tool, RUN._replace(state=RUNNING))
    assert ([], True) == (names(live), taken.exists())
    os.utime(taken, ns=(NOW + 1, NOW + 1))
    settle(root, tool, RUN._replace(state=RUNNING))
    assert ([SESSION], False) == (names(live), taken.exists())


def test_what_went_back_is_durable_before_its_run_is_settled(root, tool, cut_short, monkeypatch):
    """A power cut in between must not leave it in the quarantine of a run that may be purged; no more is flushed."""
    live, taken = cut_short
    done = []
    real = os.fsync

    def sync(fd):
        done.append(os.readlink(f"/proc/self/fd/{fd}"))
        real(fd)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(room, "write_run", lambda _, run: done.append(run.state))
    assert settle(root, tool, RUN._replace(state=RUNNING))
    assert [SETTLED] == done
    os.utime(taken, ns=(NOW + 1, NOW + 1))
    put(taken.parent, "session-2.0.json", age=20)
    done.clear()
    assert settle(root, tool, RUN._replace(state=RUNNING))
    assert [str(taken.parent), SETTLED] == done
    assert [SESSION] == names(live)


def test_a_link_that_leads_nowhere_keeps_no_run_open(root, tool, cut_short):
    """What lies in the quarantine is looked at itself: a link there is old or new by its own date."""
    live, taken = cut_short
    taken.unlink()
    taken.symlink_to("nowhere")
    os.utime(taken, ns=(NOW - DAY, NOW - DAY), follow_symlinks=False)
    assert settle(root, tool, RUN._replace(state=RUNNING))
    assert ([], True) == (names(live), taken.is_symlink())


def test_what_undo_left_goes_back_with_nobody(root, tool, cut_short):
    """While an undo was under way what stayed in the quarantine stayed for a reason."""
    live, taken = cut_short
    os.utime(taken, ns=(NOW + DAY, NOW + DAY))
    settle(root, tool, RUN._replace(state=UNDOING))
    assert ([], True) == (names(live), taken.exists())


def test_a_run_of_which_nothing_is_left_is_forgotten(tool, quarantine):
    """Empty folders of companies go, then the run's own, then its record; one file keeps them."""
    put(quarantine / "company_7", SESSION)
    (quarantine / "company_8").mkdir()
    tidy(tool, RUN)
    assert (["company_7"], [RUN]) == (names(quarantine), read_runs(tool)[0])
    (quarantine / "company_7" / SESSION).unlink()
    tidy(tool, RUN)
    assert ([], []) == (names(quarantine.parent), read_runs(tool)[0])


def test_a_record_without_a_quarantine_is_forgotten(tool):
    """Killed between the folder and the record: nothing is left that it could tell of."""
    write_run(tool, RUN)
    tidy(tool, RUN)
    assert [] == read_runs(tool)[0]


# --- unrecorded -------------------------------------------------------------------------------------------


def test_what_no_record_tells_of_is_named_and_what_is_empty_goes(tool, quarantine):
    """Sorted; the folder of a recorded run is none of them, empty or not."""
    put(quarantine / "company_7", SESSION)
    for name in ("20261121T030000Z-bbbb", "20261121T030000Z-aaaa"):
        put(quarantine.parent / name, "left")
    (quarantine.parent / "20261120T030000Z-cccc").mkdir()
    (quarantine.parent / "20261120T030000Z-dddd").mkdir()
    write_run(tool, RUN._replace(run_id="20261120T030000Z-dddd"))
    assert ["20261121T030000Z-aaaa", "20261121T030000Z-bbbb"] == unrecorded(tool)
    left = ["20261120T030000Z-dddd", "20261121T030000Z-aaaa", "20261121T030000Z-bbbb", RUN.run_id]
    assert left == names(quarantine.parent)


# --- what a killed run leaves in the tool's own folder ------------------------------------------------------


def test_what_a_killed_run_left_in_the_tools_folder_goes(tool, place, quarantine):
    """What was not whole, pairings without a record, probes, files on their way into a company; nothing else."""
    ours = place / ".baileys-cleanup"
    put(ours / "runs", f"{RUN.run_id}.pairings")  # an undo asks whose keys these were
    put(ours / "runs", "20261121T030000Z-4f1c.pairings")
    put(ours / "runs", "half.json.new")
    put(ours, ".way-back")
    put(ours / "restoring", SESSION)
    put(quarantine / "company_7", SESSION)
    forget_leftovers(tool)
    assert [f"{RUN.run_id}.json", f"{RUN.run_id}.pairings"] == names(ours / "runs")
    assert (False, []) == ((ours / ".way-back").exists(), names(ours / "restoring"))
    assert [SESSION] == names(quarantine / "company_7")


def test_where_nothing_was_left_nothing_is_made(tool, place):
    """Tidying up on a full disk, or on a root without any restore, needs no room."""
    there = sorted(path.name for path in (place / ".baileys-cleanup").iterdir())
    forget_leftovers(tool)
    assert there == sorted(path.name for path in (place / ".baileys-cleanup").iterdir())
