"""`removal`: what the hand refuses, what it holds, and that nothing is ever overwritten."""

import errno
import json
import os
import re

import pytest

from baileys_cleanup.decision.names import Kind
from baileys_cleanup.decision.verdict import AuthFile, Rule, Verdict
from baileys_cleanup.errors import ProtectedFile
from baileys_cleanup.store.folder import renaming
from baileys_cleanup.store.folder.audit import open_audit
from baileys_cleanup.store.folder.purge import purge, settle
from baileys_cleanup.store.folder.put_back import put_back
from baileys_cleanup.store.folder.runs import read_runs, write_run
from baileys_cleanup.store.remover import DryRun, Outcome, refuse_protected
from baileys_cleanup.store.runs import ENDED, RUNNING, SETTLED

from ...helpers import NOW, names, put
from .hands import RUN, Hands, rewritten_while_moved

NEVER = ["creds.json", "app-state-sync-key-A.json", "app-state-sync-version-regular.json", "app-state-sync-x"]
NEVER += [
    "lid-mapping-1.json",
    "device-list-1.json",
    "tctoken-1.json",
    "identity-key-1.0.json",
    "session-1.0.json.tmp",
    "x",
]


@pytest.fixture
def hands(root, tool, place):
    """Give a company and its hand."""
    return Hands(root, tool, place)


@pytest.mark.parametrize("name", NEVER)
def test_a_name_without_a_rule_is_refused(name):
    """What is protected, has no rule or is unknown raises, whoever asks."""
    with pytest.raises(ProtectedFile, match=re.escape(name)):
        refuse_protected(name)


@pytest.mark.parametrize(
    "name", ["session-1.0.json", "sender-key-x.json", "sender-key-memory-x.json", "pre-key-1.json"]
)
def test_a_name_with_a_rule_is_not_refused(name):
    """The four kinds with a rule may be removed, and a dry run knows nothing that keeps them."""
    refuse_protected(name)
    verdict = Verdict(AuthFile(name, Kind.SESSION), True, Rule.SESSION_AGE, "")
    assert [] == list(DryRun().remove([verdict], lambda: False))


@pytest.mark.parametrize("name", NEVER)
def test_a_plan_made_by_hand_reaches_no_protected_file(hands, name):
    """Both removers raise at a plan that names such a file as a session, and the file stays."""
    put(hands.folder, name)
    verdicts = [verdict._replace(file=verdict.file._replace(kind=Kind.SESSION)) for verdict in hands.plan(name)]
    with pytest.raises(ProtectedFile):
        list(DryRun().remove(verdicts, lambda: False))
    with pytest.raises(ProtectedFile):
        hands.remove(verdicts)
    assert [name] == names(hands.folder)


def test_a_removal_is_a_rename_that_keeps_all(hands):
    """What is removed lies in the quarantine with its content and date, and the run is recorded as settled."""
    path = put(hands.folder, "session-1.0.json", b"12345", age=20)
    before = path.stat()
    assert [Outcome.REMOVED] == hands.remove(hands.plan("session-1.0.json"))
    after = (hands.kept / "session-1.0.json").stat()
    assert (before.st_ino, before.st_mtime_ns, 5) == (after.st_ino, after.st_mtime_ns, after.st_size)
    assert [] == names(hands.folder)
    assert [RUN._replace(state=ENDED)] == read_runs(hands.tool)[0]


@pytest.mark.parametrize("undo_days", [0, 7])
def test_who_truncates_late_gets_the_file_back(root, tool, place, undo_days):
    """A bot that found the file before the rename writes to it where it arrived: it goes back, and nothing is lost."""
    hands = Hands(root, tool, place, RUN._replace(undo_days=undo_days))
    path = put(hands.folder, "session-1.0.json", b"old", age=20)
    with path.open("r+b") as bot:

        def write_late():
            bot.truncate(0)
            bot.write(b"the newest ratchet")
            bot.flush()

        hands.remove(hands.plan("session-1.0.json"), write_late)
    assert (["session-1.0.json"], b"the newest ratchet") == (hands.revised, path.read_bytes())


@pytest.mark.parametrize("days", [7, 0])
@pytest.mark.parametrize("rewritten", ["session-1.0.json", "session-1.0.json.bak"])
def test_a_file_and_its_copy_go_back_together(root, tool, place, days, rewritten):
    """Whichever of the two is rewritten where it arrived, both go back: never one alone."""
    hands = Hands(root, tool, place, RUN._replace(undo_days=days))
    verdicts = hands.plan_with_copy("session-1.0.json")
    with (hands.folder / rewritten).open("r+b") as bot:

        def write_late():
            bot.write(b'{"newer": true}')
            bot.flush()

        hands.remove(verdicts, write_late)
    both = ["session-1.0.json", "session-1.0.json.bak"]
    assert both == sorted(hands.revised)
    assert both == names(hands.folder)


def test_what_cannot_be_deleted_is_told(root, tool, place, monkeypatch):
    """With no days to undo, a deletion that fails is a problem of its file, which lies in the quarantine."""
    hands = Hands(root, tool, place, RUN._replace(undo_days=0))
    put(hands.folder, "session-1.0.json")
    verdicts = hands.plan("session-1.0.json")

    def refuse(name, **_):
        raise OSError(errno.EIO, os.strerror(errno.EIO), name)

    def break_the_disk():
        monkeypatch.setattr(os, "unlink", refuse)

    hands.remove(verdicts, break_the_disk)
    (revision,) = hands.revisions
    assert "could not be deleted (Input/output error); the next run deletes it" in revision.problem
    assert ["session-1.0.json"] == names(hands.kept)
    assert ("not_deleted", "session-1.0.json", "Input/output error") == hands.audited[-1]


def test_without_days_it_is_deleted_at_once(root, tool, place):
    """With no days to undo, nothing of the run stays."""
    hands = Hands(root, tool, place, RUN._replace(undo_days=0))
    put(hands.folder, "session-1.0.json")
    assert [Outcome.REMOVED] == hands.remove(hands.plan("session-1.0.json"))
    assert ([], []) == (names(hands.folder), read_runs(tool)[0])
    assert [] == names(place / ".baileys-cleanup" / "quarantine")


@pytest.mark.parametrize("how", ["touch", "rewrite", "replace", "link", "hard link"])
def test_what_changed_since_the_look_stays(hands, how, tmp_path):
    """Another date, content, file or link count than planned: the file stays where it is."""
    path = put(hands.folder, "session-1.0.json", b"old", age=20)
    verdicts = hands.plan("session-1.0.json")
    if how == "touch":
        os.utime(path)
    elif how == "rewrite":
        put(hands.folder, "session-1.0.json", b"newer", age=20)
    elif how == "replace":
        put(hands.folder, "other", b"old", age=20).replace(path)
    elif how == "link":
        path.unlink()
        path.symlink_to(tmp_path)
    else:
        os.link(path, tmp_path / "second")
    assert [Outcome.CHANGED] == hands.remove(verdicts)
    assert ["session-1.0.json"] == names(hands.folder)


def test_what_vanished_is_told(hands):
    """A file that is gone by itself is no failure."""
    put(hands.folder, "session-1.0.json")
    verdicts = hands.plan("session-1.0.json")
    (hands.folder / "session-1.0.json").unlink()
    assert [Outcome.VANISHED] == hands.remove(verdicts)


def test_what_was_rewritten_while_it_moved_goes_back(hands, monkeypatch):
    """A rewrite that the first look could not see is seen by the second: the file goes back with it."""
    put(hands.folder, "session-1.0.json", b"old", age=20)
    verdicts = hands.plan("session-1.0.json")
    rewritten_while_moved(monkeypatch)
    assert [Outcome.CHANGED] == hands.remove(verdicts)
    assert b"newest" == (hands.folder / "session-1.0.json").read_bytes()
    assert not hands.kept.exists()


@pytest.mark.parametrize("by_link", [False, True])
def test_going_back_never_overwrites(hands, monkeypatch, by_link):
    """A file that was written anew meanwhile wins; what was moved stays out."""
    if by_link:
        monkeypatch.setattr(renaming, "_renameat2", lambda: None)
    put(hands.folder, "session-1.0.json", b"old", age=20)
    verdicts = hands.plan("session-1.0.json")
    rewritten_while_moved(monkeypatch, lambda: put(hands.folder, "session-1.0.json", b"written anew"))
    assert [Outcome.CHANGED] == hands.remove(verdicts)
    assert b"written anew" == (hands.folder / "session-1.0.json").read_bytes()
    assert b"newest" == (hands.kept / "session-1.0.json").read_bytes()
    events = [("remove",), ("put_back",), ("not_put_back", "a newer one is there")]
    assert [(event, "session-1.0.json", *why) for event, *why in events] == hands.audited


@pytest.mark.parametrize("by_link", [False, True])
def test_put_back_moves_and_never_overwrites(tmp_path, monkeypatch, by_link):
    """With the kernel's rename or with a hard link, an existing file is never replaced."""
    if by_link:
        monkeypatch.setattr(renaming, "_renameat2", lambda: None)
    put(tmp_path / "from", "a", b"a")
    put(tmp_path / "from", "b", b"old b")
    put(tmp_path / "to", "b", b"new b")
    source, target = (os.open(tmp_path / name, os.O_RDONLY) for name in ("from", "to"))
    try:
        put_back("a", source, target)
        with pytest.raises(FileExistsError):
            put_back("b", source, target)
    finally:
        os.close(source)
        os.close(target)
    assert (b"a", b"new b") == ((tmp_path / "to" / "a").read_bytes(), (tmp_path / "to" / "b").read_bytes())
    assert ["b"] == names(tmp_path / "from")


def test_nothing_goes_where_nothing_could_come_back(hands, monkeypatch):
    """A file system that knows neither way back loses no file."""

    def fail(*_args, **_how):
        raise PermissionError(1, "Operation not permitted")

    put(hands.folder, "session-1.0.json", age=20)
    verdicts = hands.plan("session-1.0.json")
    monkeypatch.setattr(renaming, "_renameat2", lambda: None)
    monkeypatch.setattr(os, "link", fail)
    assert [Outcome.FAILED] == hands.remove(verdicts)
    assert "nothing is removed" in str(hands.problems)
    assert ["session-1.0.json"] == names(hands.folder)
    assert ([], []) == (read_runs(hands.tool)[0], hands.audited)


def test_a_file_that_stays_keeps_its_copy(hands):
    """A file that was written since the plan stays, and its copy, which went right before it, comes back."""
    verdicts = hands.plan_with_copy("session-1.0.json")
    put(hands.folder, "session-1.0.json", b"rewritten")
    assert [Outcome.REMOVED, Outcome.CHANGED] == hands.remove(verdicts)
    assert ["session-1.0.json.bak"] == hands.revised
    assert ["session-1.0.json", "session-1.0.json.bak"] == names(hands.folder)


def test_a_pair_with_a_copy_keeps_no_other_file(hands):
    """A file that has no copy goes beside one that has."""
    verdicts = hands.plan_with_copy("session-1.0.json")
    put(hands.folder, "session-2.0.json", age=20)
    assert [Outcome.REMOVED] * 3 == hands.remove([*verdicts, *hands.plan("session-2.0.json")])
    assert ([], []) == (hands.revised, names(hands.folder))


def test_what_cannot_go_back_is_named_with_its_place(hands, monkeypatch):
    """It was rewritten while it moved, and the disk fails: the sentence says where it lies, and the next run tries."""

    def fail(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    put(hands.folder, "session-1.0.json", b"old", age=20)
    verdicts = hands.plan("session-1.0.json")
    rewritten_while_moved(monkeypatch)
    monkeypatch.setattr("baileys_cleanup.store.folder.company_quarantine.put_back", fail)
    assert [Outcome.FAILED] == hands.remove(verdicts)
    (problem,) = hands.problems
    assert problem.startswith("session-1.0.json changed while it was moved and cannot be put back (Input/output error)")
    assert str(hands.kept) in problem
    assert ("not_put_back", "session-1.0.json", "Input/output error") == hands.audited[-1]
    assert [RUNNING] == [run.state for run in read_runs(hands.tool)[0]]
    assert b"newest" == (hands.kept / "session-1.0.json").read_bytes()


def test_a_file_waits_for_its_copy(hands):
    """A file whose copy did not go is held; once the copy is gone it follows."""
    of_copy, of_file = hands.plan_with_copy("session-1.0.json")
    put(hands.folder, "session-1.0.json.bak", b"rewritten")
    assert [Outcome.CHANGED, Outcome.HELD] == hands.remove([of_copy, of_file])
    assert ["session-1.0.json", "session-1.0.json.bak"] == names(hands.folder)
    copy = hands.plan("session-1.0.json.bak", rule=Rule.SECOND_NAME)
    assert [Outcome.REMOVED, Outcome.REMOVED] == hands.remove([*copy, of_file])
    assert [] == names(hands.folder)


def test_a_copy_whose_file_vanished_goes(hands):
    """Where the bot deleted the file meanwhile, its copy goes all the same: it would come to life."""
    verdicts = hands.plan_with_copy("session-1.0.json")
    (hands.folder / "session-1.0.json").unlink()
    assert [Outcome.REMOVED, Outcome.VANISHED] == hands.remove(verdicts)
    assert [] == names(hands.folder)


SESSIONS = [f"session-{number}.0.json" for number in (1, 2, 3)]
ALL_ANNOUNCED = [("remove", name) for name in SESSIONS]


@pytest.fixture
def three(hands):
    """Give a plan of three sessions."""
    for name in SESSIONS:
        put(hands.folder, name, age=20)
    return sorted(hands.plan(*SESSIONS))


@pytest.fixture
def order(monkeypatch):
    """Give the order in which files are renamed and lines are written; the lines of one write as one text."""
    happened = []
    rename, write = os.rename, os.write

    def renames(name, *args, **how):
        happened.append(name)
        rename(name, *args, **how)

    def writes(fd, data):
        if b'"event"' in data:
            happened.append(bytes(data).decode())
        return write(fd, data)

    monkeypatch.setattr(os, "rename", renames)
    monkeypatch.setattr(os, "write", writes)
    return happened


def test_one_write_holds_the_lines_of_all_and_comes_first(hands, three, order):
    """Before the first file of a company goes, one write tells of all; what goes as told needs no further line."""
    assert [Outcome.REMOVED] * 3 == hands.remove(three)
    lines, *renamed = [each for each in order if each in SESSIONS or "event" in each]
    assert SESSIONS == renamed
    assert SESSIONS == [json.loads(line)["file"] for line in lines.splitlines()]
    assert ALL_ANNOUNCED == hands.audited


def refuse(_fd, _data):
    """Take nothing."""
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def tear(fd, data, write=os.write):
    """Take half of it."""
    return write(fd, data[: len(data) // 2])


@pytest.mark.parametrize("broken", [refuse, tear])
def test_without_the_lines_of_all_none_goes(hands, three, monkeypatch, broken):
    """Lines that are refused, or that do not all fit, stop the company: no file moves, and each is told as failed."""
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: (broken if b'"remove"' in data else real)(fd, data))
    assert [Outcome.FAILED] * 3 == hands.remove(three)
    assert "the audit log takes no lines, so nothing is removed" in str(hands.problems)
    assert SESSIONS == names(hands.folder)
    log = (hands.kept.parents[2] / "audit.log").read_text()
    assert SESSIONS == [json.loads(line)["file"] for line in log.splitlines() if "not_removed" in line]


def test_what_is_known_before_is_not_announced(hands, three):
    """A file that changed or vanished before the first one went has no line: nothing was said of it."""
    put(hands.folder, SESSIONS[0], b"rewritten")
    (hands.folder / SESSIONS[1]).unlink()
    assert [Outcome.CHANGED, Outcome.VANISHED, Outcome.REMOVED] == hands.remove(three)
    assert ALL_ANNOUNCED[2:] == hands.audited


def test_nothing_to_announce_is_no_line(hands, three):
    """Where all has changed since the look, the log is as it was, and no run is kept."""
    for name in SESSIONS:
        put(hands.folder, name, b"rewritten")
    assert [Outcome.CHANGED] * 3 == hands.remove(three)
    assert ([], []) == (hands.audited, read_runs(hands.tool)[0])


@pytest.mark.parametrize("why", ["changed", "vanished"])
def test_what_stays_after_all_has_a_line_of_its_own(hands, three, monkeypatch, why):
    """A file that was announced and did not go is told, with what kept it."""
    real = os.rename

    def rename(name, *args, **how):
        real(name, *args, **how)
        if name == SESSIONS[0]:
            (hands.folder / SESSIONS[1]).unlink()
            if why == "changed":
                put(hands.folder, SESSIONS[1], b"rewritten")

    monkeypatch.setattr(os, "rename", rename)
    assert [Outcome.REMOVED, Outcome(why), Outcome.REMOVED] == hands.remove(three)
    assert [*ALL_ANNOUNCED, ("not_removed", SESSIONS[1], why)] == hands.audited


def test_where_the_run_stops_shows_in_the_log(hands, three):
    """What was announced and not reached before the run was told to stop has its line."""
    asked = iter([False, True, True])
    assert [Outcome.REMOVED, Outcome.STOPPED, Outcome.STOPPED] == hands.remove(three, stopping=lambda: next(asked))
    assert [*ALL_ANNOUNCED, *(("not_removed", name, "stopped") for name in SESSIONS[1:])] == hands.audited


def test_what_fails_shows_in_the_log(hands, three, monkeypatch):
    """A rename that fails is told of its file, and the others go."""
    real = os.rename

    def rename(name, *args, **how):
        if name == SESSIONS[1]:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(name, *args, **how)

    monkeypatch.setattr(os, "rename", rename)
    assert [Outcome.REMOVED, Outcome.FAILED, Outcome.REMOVED] == hands.remove(three)
    assert [*ALL_ANNOUNCED, ("not_removed", SESSIONS[1], "failed")] == hands.audited


def test_a_held_file_shows_in_the_log(hands, monkeypatch):
    """A file whose copy went back stays: the copy's way back and the file's stay have a line each."""
    copy, file = f"{SESSIONS[0]}.bak", SESSIONS[0]
    verdicts = hands.plan_with_copy(file)
    rewritten_while_moved(monkeypatch)
    assert [Outcome.CHANGED, Outcome.HELD] == hands.remove(verdicts)
    told = [("remove", copy), ("remove", file), ("put_back", copy), ("not_removed", file, "held")]
    assert told == hands.audited


def test_what_the_last_look_sends_back_shows_in_the_log(hands, three):
    """A file that goes back after the last look has its line."""
    with (hands.folder / SESSIONS[1]).open("r+b") as bot:

        def write_late():
            bot.write(b"the newest ratchet")
            bot.flush()

        hands.remove(three, write_late)
    assert [*ALL_ANNOUNCED, ("put_back", SESSIONS[1])] == hands.audited


def test_a_plan_with_a_protected_name_moves_nothing(hands, three):
    """A plan that names one protected file is refused as a whole, wherever in it that stands."""
    put(hands.folder, "creds.json")
    with pytest.raises(ProtectedFile):
        hands.remove([*three, *hands.plan("creds.json")])
    assert (["creds.json", *SESSIONS], []) == (names(hands.folder), hands.audited)


def test_a_purge_deletes_one_run_for_good(hands, place):
    """A purge deletes its own run's files, tells how many, forgets the record, and touches no other run."""
    put(hands.folder, "session-1.0.json", b"12345", age=20)
    hands.remove(hands.plan("session-1.0.json"))
    other = place / ".baileys-cleanup" / "quarantine" / "20260101T000000Z-0000" / "company_7"
    other.mkdir(parents=True)
    put(other, "session-2.0.json")
    with open_audit(hands.tool, lambda: NOW) as audit:
        assert (1, 5, []) == purge(hands.tool, RUN, audit, lambda: False)
    assert ([], ["session-2.0.json"]) == (read_runs(hands.tool)[0], names(other))


def test_a_purge_that_is_told_to_stop_stops(hands):
    """A purge stops between two files and keeps the record, so that the next run goes on."""
    put(hands.folder, "session-1.0.json", age=20)
    hands.remove(hands.plan("session-1.0.json"))
    with open_audit(hands.tool, lambda: NOW) as audit:
        assert (0, 0, []) == purge(hands.tool, RUN, audit, lambda: True)
    assert ["session-1.0.json"] == names(hands.kept)
    assert [RUN._replace(state=ENDED)] == read_runs(hands.tool)[0]


def test_what_is_written_after_the_last_look_goes_back_with_the_next_run(hands):
    """Whoever found a file before it was moved writes into it in the quarantine: it returns, unless a newer is there."""
    for number in (1, 2, 3):
        put(hands.folder, f"session-{number}.0.json", b"old", age=20)
    hands.remove(hands.plan(*(f"session-{number}.0.json" for number in (1, 2, 3))))
    put(hands.kept, "session-1.0.json", b"late", age=-1)
    put(hands.kept, "session-2.0.json", b"late", age=-1)
    put(hands.folder, "session-2.0.json", b"newer still")
    (run,) = read_runs(hands.tool)[0]
    assert settle(hands.root, hands.tool, run)
    assert ["session-1.0.json", "session-2.0.json"] == names(hands.folder)
    assert b"late" == (hands.folder / "session-1.0.json").read_bytes()
    assert b"newer still" == (hands.folder / "session-2.0.json").read_bytes()
    (run,) = read_runs(hands.tool)[0]
    assert SETTLED == run.state


def test_a_date_in_the_future_is_no_sign_of_a_write(hands):
    """A pre-key that was dated an hour ahead when it went stays away."""
    put(hands.folder, "pre-key-1.json", age=-1 / 24)
    hands.remove(hands.plan("pre-key-1.json"))
    (run,) = read_runs(hands.tool)[0]
    assert settle(hands.root, hands.tool, run)
    assert ([], ["pre-key-1.json"]) == (names(hands.folder), names(hands.kept))


def test_settling_leaves_every_file_in_one_place(hands):
    """After a run that was killed, a file in both places is let go of, a rewritten one goes back, the rest stays."""
    hands.kept.mkdir(parents=True)
    os.link(put(hands.folder, "session-1.0.json", b"both"), hands.kept / "session-1.0.json")
    put(hands.kept, "session-2.0.json", b"rewritten", age=-1)
    put(hands.kept, "session-3.0.json", b"removed", age=20)
    put(hands.kept, "session-4.0.json", b"rewritten", age=-1)
    put(hands.folder, "session-4.0.json", b"newer still")
    write_run(hands.tool, RUN._replace(state=RUNNING))
    settle(hands.root, hands.tool, RUN._replace(state=RUNNING))
    assert [f"session-{number}.0.json" for number in (1, 2, 4)] == names(hands.folder)
    assert ["session-3.0.json", "session-4.0.json"] == names(hands.kept)
    assert b"newer still" == (hands.folder / "session-4.0.json").read_bytes()
    assert [RUN] == read_runs(hands.tool)[0]
