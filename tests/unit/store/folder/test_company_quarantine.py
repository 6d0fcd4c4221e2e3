"""`company_quarantine`: what is met on the way out of a folder, file by file, and what people read of it."""

import errno
import os
from contextlib import closing
from types import SimpleNamespace

import pytest

from baileys_cleanup.decision.names import Kind
from baileys_cleanup.decision.verdict import AuthFile, Rule, Verdict
from baileys_cleanup.errors import NO_INODES, CompanyProblem
from baileys_cleanup.store.folder import renaming
from baileys_cleanup.store.folder.audit import open_audit
from baileys_cleanup.store.folder.company_quarantine import one_by_one
from baileys_cleanup.store.folder.pairings import NotedPairings
from baileys_cleanup.store.folder.quarantine import Quarantine
from baileys_cleanup.store.folder.runs import read_runs
from baileys_cleanup.store.remover import Outcome
from baileys_cleanup.store.runs import RUNNING

from ...helpers import NOW, names, put
from .hands import RUN, Hands, rewritten_while_moved

SESSIONS = ["session-1.0.json", "session-2.0.json", "session-3.0.json"]
SESSION = SESSIONS[0]
PLAN = [Verdict(AuthFile(name, Kind.SESSION), True, Rule.SESSION_AGE, "") for name in SESSIONS]
BROKEN = OSError(errno.EIO, os.strerror(errno.EIO))


@pytest.fixture
def hands(root, tool, place):
    """Give a company and its hand."""
    return Hands(root, tool, place)


@pytest.fixture
def planned(hands):
    """Give the plan of one old session."""
    put(hands.folder, SESSION, b"old", age=20)
    return hands.plan(SESSION)


def told(error):
    """Give what is told of three files where the first one meets an error, and how many were tried."""
    tried = []

    def remove_one(verdict):
        tried.append(verdict)
        if len(tried) == 1:
            raise error
        return Outcome.REMOVED

    said = [(outcome, problem) for _, outcome, problem in one_by_one(remove_one, PLAN, lambda: False)]
    return said, len(tried)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [(OSError(errno.ENOSPC, "No space left on device"), "the disk is full"), (CompanyProblem("gone"), "gone")],
)
def test_what_all_would_meet_is_said_of_each(error, sentence):
    """A full disk or a company that cannot be worked on: one file is tried, and each has the sentence."""
    assert ([(Outcome.FAILED, sentence)] * 3, 1) == told(error)


def test_what_one_file_meets_is_said_of_it_alone():
    """Another error has its words, and the others go."""
    assert ([(Outcome.FAILED, "Input/output error")], 3) == told(BROKEN)


def test_whose_keys_were_taken_is_noted(hands, planned):
    """Undo asks for the pairing that the company had then; it stands by its id."""
    hands.remove(planned, pairing="15550000001:7")
    noted = NotedPairings(hands.tool)
    assert ("15550000001:7", None) == (noted.of(RUN.run_id, "7"), noted.of(RUN.run_id, "8"))


def test_a_run_that_breaks_off_leaves_no_empty_folder(hands, planned, monkeypatch):
    """Its first file vanished at the last moment, and then the run was interrupted: no trace of it in the quarantine."""

    def vanished(name, *_args, **_how):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)

    def interrupted():
        if os.rename is vanished and hands.kept.exists():
            raise KeyboardInterrupt
        return False

    put(hands.folder, SESSIONS[1], age=20)
    monkeypatch.setattr(os, "rename", vanished)
    with pytest.raises(KeyboardInterrupt):
        hands.remove([*planned, *hands.plan(SESSIONS[1])], stopping=interrupted)
    assert ([], []) == (names(hands.kept.parents[1]), read_runs(hands.tool)[0])


def test_a_link_to_the_very_file_is_not_even_announced(hands, planned, tmp_path):
    """Somebody moved the file away and left a link: nothing of it is touched, and the log says nothing."""
    (hands.folder / SESSION).rename(tmp_path / "moved")
    (hands.folder / SESSION).symlink_to(tmp_path / "moved")
    assert [Outcome.CHANGED] == hands.remove(planned)
    assert ([], True) == (hands.audited, (hands.folder / SESSION).is_symlink())


def test_a_link_that_came_at_the_last_moment_goes_back(hands, planned, monkeypatch, tmp_path):
    """Between look and rename a link to the very file took its place: it is looked at itself, and returned."""
    real = os.rename

    def rename(name, *args, **how):
        real(hands.folder / name, tmp_path / "moved")
        (hands.folder / name).symlink_to(tmp_path / "moved")
        real(name, *args, **how)

    monkeypatch.setattr(os, "rename", rename)
    assert [Outcome.CHANGED] == hands.remove(planned)
    assert (hands.folder / SESSION).is_symlink()
    assert not hands.kept.exists()


def test_a_link_that_came_in_the_quarantine_goes_back(hands, planned, tmp_path):
    """The last look sees a link itself as well, not what it leads to."""

    def linked():
        (hands.kept / SESSION).rename(tmp_path / "moved")
        (hands.kept / SESSION).symlink_to(tmp_path / "moved")

    hands.remove(planned, linked)
    assert ([SESSION], True) == (hands.revised, (hands.folder / SESSION).is_symlink())


def test_a_file_that_could_not_be_put_back_is_not_taken(hands, planned, monkeypatch):
    """Where only a hard link brings files back, one of another user stays, and the sentence says whose it is."""
    monkeypatch.setattr(renaming, "_renameat2", lambda: None)
    owner = os.geteuid() or 1000
    os.chown(hands.folder / SESSION, owner, -1)
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    assert [Outcome.FAILED] == hands.remove(planned)
    assert {f"it belongs to uid {owner} and could not be put back: run as its owner"} == hands.problems
    assert ([SESSION], []) == (names(hands.folder), hands.audited)
    monkeypatch.setattr(os, "geteuid", lambda: owner)
    assert [Outcome.REMOVED] == hands.remove(planned)


def looks_fail(monkeypatch, *, after):
    """Let looks at the session fail, so many later."""
    real, looked = os.stat, []

    def stat(name, **how):
        if name == SESSION:
            looked.append(name)
            if len(looked) > after:
                raise BROKEN
        return real(name, **how)

    monkeypatch.setattr(os, "stat", stat)


def test_what_cannot_be_looked_at_where_it_arrived_goes_back(hands, planned, monkeypatch):
    """Nobody can tell whether it is the planned one: it returns, and the error is told."""
    looks_fail(monkeypatch, after=1)
    assert [Outcome.FAILED] == hands.remove(planned)
    assert ({"Input/output error"}, [SESSION]) == (hands.problems, names(hands.folder))
    assert [("remove", SESSION), ("put_back", SESSION)] == hands.audited


def test_what_cannot_be_looked_at_a_last_time_goes_back(hands, planned, monkeypatch):
    """The look at the end fails: it returns, and does not count as removed; the others are gone."""
    put(hands.folder, SESSIONS[1], age=20)
    verdicts = [*planned, *hands.plan(SESSIONS[1])]
    looks_fail(monkeypatch, after=2)
    assert [Outcome.REMOVED] * 2 == hands.remove(verdicts)
    assert ([SESSION], [SESSION]) == (hands.revised, names(hands.folder))


def test_a_full_disk_says_that_inodes_are_meant(hands, planned, monkeypatch):
    """The company's folder takes no entry more: the sentence names inodes, where its disk has none left."""

    def full(name, *_args, **_how):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), name)

    def disk(fd):
        assert os.readlink(f"/proc/self/fd/{fd}") == str(hands.folder)
        return SimpleNamespace(f_files=10, f_favail=0, f_bavail=10)

    monkeypatch.setattr(os, "rename", full)
    monkeypatch.setattr(os, "fstatvfs", disk)
    assert [Outcome.FAILED] == hands.remove(planned)
    assert {NO_INODES} == hands.problems


def test_a_log_that_takes_no_lines_says_why(hands, planned, monkeypatch):
    """What the disk said stands in the sentence."""
    real = os.write

    def write(fd, data):
        if b'"remove"' in data:
            raise BROKEN
        return real(fd, data)

    monkeypatch.setattr(os, "write", write)
    assert [Outcome.FAILED] == hands.remove(planned)
    assert {"the audit log takes no lines, so nothing is removed: Input/output error"} == hands.problems


def test_without_its_line_a_file_goes_back_all_the_same(hands, planned, monkeypatch):
    """The log takes no more lines once the file has moved: that keeps no newer state away from the bot."""
    real = os.write

    def write(fd, data):
        if b'"put_back"' in data:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(fd, data)

    monkeypatch.setattr(os, "write", write)
    rewritten_while_moved(monkeypatch)
    assert [Outcome.CHANGED] == hands.remove(planned)
    assert b"newest" == (hands.folder / SESSION).read_bytes()


def test_what_the_last_look_cannot_send_back_is_named(hands, planned, monkeypatch):
    """It was rewritten where it lies, and the disk fails: its file, what happened, and the next run tries again."""

    def fail(*_):
        raise BROKEN

    def late():
        put(hands.kept, SESSION, b"newest")
        monkeypatch.setattr("baileys_cleanup.store.folder.company_quarantine.put_back", fail)

    hands.remove(planned, late)
    ((verdict, problem),) = hands.revisions
    assert SESSION == verdict.file.name
    assert "cannot be put back (Input/output error)" in problem
    assert [RUNNING] == [run.state for run in read_runs(hands.tool)[0]]
    assert [SESSION] == names(hands.kept)


def test_a_deletion_that_fails_names_its_file(root, tool, place, monkeypatch):
    """With no days to undo, who reads the problem reads which file it is of."""
    hands = Hands(root, tool, place, RUN._replace(undo_days=0))
    put(hands.folder, SESSION)

    def fail(*_args, **_how):
        raise BROKEN

    hands.remove(hands.plan(SESSION), lambda: monkeypatch.setattr(os, "unlink", fail))
    assert [SESSION] == hands.revised


def test_a_hand_lets_go_of_its_folder_once(hands, planned):
    """Closed a second time, it closes nobody else's descriptor."""
    with (
        open_audit(hands.tool, lambda: NOW) as audit,
        closing(Quarantine(hands.tool, RUN, audit)) as remover,
        hands.root.company("7") as company,
        remover.company(company) as hand,
    ):
        assert [] == list(hand.remove(planned, lambda: False))
        assert [] == hand.confirm()
        hand.close()
        other = os.open(hands.folder, os.O_RDONLY)
        hand.close()
        os.close(other)
