"""`watch.emergency`: the settings of the second run, and the words for what was done."""

import errno
import os
import shlex
from dataclasses import replace

import pytest

from baileys_cleanup.cleaning.company import left_alone
from baileys_cleanup.decision.policy import HOUR, SECOND, Policy
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.watch.emergency import EmergencyCleanup, clean_critical, lowered

from ..helpers import GROUP, LID, NOW, names, put
from .helpers import WORLD, company


def test_only_the_cap_is_lowered_and_only_for_the_named(place):
    """The floor is the company's own; all other settings, and all other companies, stay as they are."""
    own = {"7": {"session_max_age_days": 30, "min_pre_keys": 40}}
    settings = Settings(companies=own, retention=Policy(max_pre_keys=90))
    floor = lowered(settings, ["7", "8"])
    assert Policy(session_max_age_days=30, max_pre_keys=40, min_pre_keys=40) == floor.policy_for("7")
    assert Policy(max_pre_keys=30) == floor.policy_for("8")
    assert settings.policy_for("9") == floor.policy_for("9")


def test_an_advertised_batch_stays_also_in_an_emergency(root, place, settings):
    """Guard 2 holds: pre-keys that WhatsApp hands out are not taken to make room."""
    company(place, "7", 190, pre_keys=160, made=900)
    assert (0, [], None) == _told(clean_critical(root, settings, ["7"], WORLD)["7"])
    assert 160 == len(list((place / "company_7").glob("pre-key-*")))


def test_a_broken_creds_guards_its_batch_also_in_an_emergency(root, place, settings):
    """With an unreadable creds.json the highest number stands in, and the batch stays."""
    folder = company(place, "7", 190, pre_keys=160, made=900)
    put(folder, "creds.json", b"{")
    clean_critical(root, settings, ["7"], WORLD)
    assert 160 == len(list(folder.glob("pre-key-*")))


@pytest.mark.parametrize("undo_days", [7, 0])
def test_an_emergency_never_takes_memory_and_key_within_six_hours(root, place, settings, undo_days):
    """Two runs in one look, a look every few minutes, nothing to undo: the key goes six hours after its memory."""
    folder = company(place, "7", 190, pre_keys=100, old=20)
    key, memory = f"sender-key-{GROUP}--{LID}_1--7.json", f"sender-key-memory-{GROUP}.json"
    for name in (key, memory):
        put(folder, name, age=10)
    settings = replace(settings, undo_days=undo_days)

    def left(later):
        now = NOW + later
        clean_critical(root, settings, ["7"], WORLD._replace(now=now, clock=lambda: now))
        return [name for name in (key, memory) if name in names(folder)]

    looks = [0, 0, 1, 5 * 60 * SECOND, 6 * HOUR - 1]
    assert [[key]] * len(looks) == [left(later) for later in looks]
    assert [] == left(6 * HOUR)


def _told(cleanup):
    return cleanup.files, cleanup.runs, cleanup.problem


def test_a_company_that_went_is_told(root, place, settings):
    """One that disappeared before its cleanup has nothing to take."""
    assert (0, [], None) == _told(clean_critical(root, settings, ["7"], WORLD)["7"])


def test_told_to_stop_no_run_is_begun(root, place, settings):
    """After a signal nothing is removed any more."""
    folder = company(place, "7", 100, old=100)
    clean_critical(root, settings, ["7"], WORLD._replace(stopping=lambda: True))
    assert 200 == len(list(folder.iterdir()))


def test_a_file_that_cannot_go_does_not_keep_the_pre_keys_from_going(root, place, settings, monkeypatch):
    """The ordinary rules leave it critical for one file's sake: the pre-keys still go down to the floor."""
    folder = company(place, "7", 140, old=10, pre_keys=60)
    stuck = "session-15560000003.0.json"
    real = os.rename

    def rename(source, target, **where):
        if source == stuck:
            raise PermissionError(errno.EPERM, "Operation not permitted")
        real(source, target, **where)

    monkeypatch.setattr(os, "rename", rename)
    cleanup = clean_critical(root, settings, ["7"], WORLD)["7"]
    assert (9 + 10 + 20, 2) == (cleanup.files, len(cleanup.runs))
    assert 30 == len(list(folder.glob("pre-key-*")))
    assert f"it could not do all: {stuck}: this user may not move it" in cleanup.in_words()
    assert "could not be done" not in cleanup.in_words()


def test_what_holds_the_whole_company_back_bars_the_second_run(root, place):
    """A refused company, or one whose bot could not be stopped, is left alone: once is enough."""
    company(place, "7", 170, old=5, pre_keys=60)
    cleanup = clean_critical(root, Settings(sessions_root=str(place), max_removals=1), ["7"], WORLD)["7"]
    assert (0, 15) == (cleanup.files, int(cleanup.problem.split()[2]))
    asked = []

    def unstoppable(_root, company_id, *_args, **_how):
        asked.append(company_id)
        return left_alone(company_id, "no")

    cleanup = clean_critical(root, Settings(sessions_root=str(place)), ["7"], WORLD, unstoppable)["7"]
    assert (["7"], 0) == (asked, cleanup.files)


def test_the_words_say_what_was_done():
    """Files, bytes, how to undo both runs in their order, and what failed."""
    cleanup = EmergencyCleanup(20, 2048, ["first", "second"], ["undo first", "undo second"])
    assert (
        "an emergency cleanup removed 20 files (2.0 KiB); to take it back: undo second, then undo first"
    ) == cleanup.in_words()
    assert "could not be done: closed" in EmergencyCleanup(problem="closed").in_words()
    assert "postponed to the next look: busy" in EmergencyCleanup(problem="busy", later=True).in_words()
    assert "no rule takes any" in EmergencyCleanup().in_words()


def test_only_what_was_changed_has_to_be_told():
    """What was removed and what was rotated; what could not be done is tried again anyway."""
    cleanup = EmergencyCleanup(1, 5, rotation="a rotation", problem="closed", unrotated="busy")
    assert ["an emergency cleanup removed 1 file (5 B); deleted for good, because undo_days is 0", "a rotation"] == (
        cleanup.actions
    )
    assert [] == EmergencyCleanup(problem="closed", unrotated="busy").actions


def test_the_command_to_take_it_back_works_as_it_stands(root, place, settings):
    """It names run, company and place, each quoted for a shell: pasted there, nothing but undo gets it."""
    company(place, "a b;c", 100, old=90)
    cleanup = clean_critical(root, settings, ["a b;c"], WORLD._replace(again=" --config '/x y'"))["a b;c"]
    command = cleanup.in_words().partition("to take it back: ")[2]
    expected = ["baileys-cleanup", "undo", cleanup.runs[0], "--company", "a b;c", "--config", "/x y"]
    assert expected == shlex.split(command)


def test_what_was_deleted_for_good_names_no_way_back(root, place):
    """With `undo_days = 0` there is nothing to undo, and the words say so."""
    company(place, "7", 100, old=90)
    words = clean_critical(root, Settings(sessions_root=str(place), undo_days=0), ["7"], WORLD)["7"].in_words()
    assert "removed 90 files (450 B); deleted for good, because undo_days is 0" in words
    assert "baileys-cleanup undo" not in words
