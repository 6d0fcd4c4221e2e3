"""`company`: look, plan, remove, collect; with hands that fail on command."""

import errno
from contextlib import contextmanager

import pytest

from baileys_cleanup.cleaning.company import clean_company
from baileys_cleanup.cleaning.look import Terms
from baileys_cleanup.decision.levels import Level, Levels
from baileys_cleanup.decision.names import Kind
from baileys_cleanup.decision.outcome import CompanyStatus, Reasons, Tally
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.decision.verdict import Rule
from baileys_cleanup.errors import CompanyProblem
from baileys_cleanup.store.company import Look
from baileys_cleanup.store.folder.company_quarantine import one_by_one
from baileys_cleanup.store.remover import DryRun, Outcome

from ..helpers import NOW, creds, put

TERMS = Terms(NOW, Levels(), None, lambda: None, lambda: False)
SESSIONS = [f"session-1555000001{number}.0.json" for number in range(4)]


class Scripted:
    """A remover that does to each name what it was told, and remembers what it was asked."""

    def __init__(self, **script):
        self.script = {name.replace("_", "-"): what for name, what in script.items()}
        self.asked = []

    def doubt(self, company):
        """Have no doubt, or the one that it was told."""
        return self.script.get("doubt")

    @contextmanager
    def company(self, company, pairing=None):
        """Be the hand as well."""
        yield self

    def confirm(self):
        """Find everything as it was moved."""
        return []

    def remove(self, removals, stopping):
        """Answer as told, one after the other."""
        return one_by_one(self._answer, removals, stopping)

    def _answer(self, verdict):
        self.asked.append(verdict.file.name)
        what = self.script.get(verdict.file.name, self.script.get("all", Outcome.REMOVED))
        if isinstance(what, Exception):
            raise what
        return what


@pytest.fixture
def folder(place):
    """Give a healthy company with four old sessions and one young."""
    path = place / "company_7"
    put(path, "creds.json", creds())
    for name in SESSIONS:
        put(path, name, b"12345", age=20)
    put(path, "session-15550000019.0.json", age=1)
    return path


def clean(root, remover=None, terms=TERMS, policy=None):
    """Clean the company with details."""
    return clean_company(root, "7", policy or Policy(), terms, remover or DryRun(), detail=Reasons.ALL)


def test_a_dry_run_counts_what_would_go(root, folder):
    """Every file is counted once by kind; bytes, verdicts and level are of what would go and stay."""
    outcome = clean(root)
    assert {Kind.CREDS: Tally(1, 0, 1), Kind.SESSION: Tally(5, 4, 1)} == outcome.kinds
    assert (20, 2, Level.EXCELLENT, CompanyStatus.CLEANED) == (
        outcome.size,
        outcome.counted,
        outcome.level,
        outcome.status,
    )
    assert SESSIONS == [verdict.file.name for verdict in outcome.removed]
    assert ["creds.json", "session-15550000019.0.json"] == [verdict.file.name for verdict in outcome.kept]


def test_each_outcome_has_its_count(root, folder):
    """Removed, changed, vanished and failed files are told apart, and they add up."""
    remover = Scripted()
    remover.script = dict(
        zip(SESSIONS[1:], [Outcome.CHANGED, Outcome.VANISHED, OSError(errno.EPERM, "no")], strict=True)
    )
    outcome = clean(root, remover)
    assert Tally(5, 1, 1, 1, 2) == outcome.kinds[Kind.SESSION]
    assert (4, CompanyStatus.FAILED, 5) == (outcome.counted, outcome.status, outcome.size)
    assert [SESSIONS[3]] == [problem.file for problem in outcome.errors]


def test_a_held_key_is_kept_with_its_reason(root, folder):
    """A key that had to wait for its memory is kept by the pair's rule."""
    outcome = clean(root, Scripted(all=Outcome.HELD))
    assert Tally(5, 0, 5) == outcome.kinds[Kind.SESSION]
    assert {Rule.SENDER_KEY_PAIR} == {verdict.rule for verdict in outcome.kept if verdict.file.name in SESSIONS}


@pytest.mark.parametrize("code", [errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EXDEV])
def test_an_error_of_the_folder_is_met_once(root, folder, code):
    """What one file met and all others would meet is tried once, and every file is told as failed."""
    remover = Scripted(all=OSError(code, "no"))
    outcome = clean(root, remover)
    assert (SESSIONS[:1], Tally(5, 0, 1, 4)) == (remover.asked, outcome.kinds[Kind.SESSION])


def test_an_error_of_one_file_does_not_stop_the_others(root, folder):
    """What only one file met leaves the others their chance."""
    remover = Scripted(all=OSError(errno.EPERM, "no"))
    assert 4 == clean(root, remover).total.failed
    assert SESSIONS == remover.asked


def test_a_problem_of_the_company_is_met_once(root, folder):
    """A sentence about the whole company ends its removals."""
    remover = Scripted(all=CompanyProblem("cannot be put back"))
    outcome = clean(root, remover)
    assert (SESSIONS[:1], 4, CompanyStatus.FAILED) == (remover.asked, outcome.total.failed, outcome.status)


@pytest.mark.parametrize(("limit", "removed"), [(4, 4), (3, 0), (0, 0), (None, 4)])
def test_the_fuse_blows_before_the_first_removal(root, folder, limit, removed):
    """Promise 12: a company with more planned than the limit is left alone as a whole."""
    remover = Scripted()
    outcome = clean(root, remover, TERMS._replace(max_removals=limit))
    assert removed == len(remover.asked) == outcome.total.removed
    assert (CompanyStatus.CLEANED if removed else CompanyStatus.REFUSED) is outcome.status
    assert 6 == outcome.counted + removed


def test_a_stop_is_heard_between_two_files(root, folder):
    """After a signal the file at hand is done, and the rest is kept."""
    remover = Scripted()
    outcome = clean(root, remover, TERMS._replace(stopping=lambda: len(remover.asked) == 2))
    assert (CompanyStatus.STOPPED, Tally(5, 2, 3)) == (outcome.status, outcome.kinds[Kind.SESSION])


def test_a_company_that_cannot_be_opened_failed(root):
    """Nothing is known of a folder that is not there, and the outcome says so."""
    outcome = clean(root)
    assert (CompanyStatus.FAILED, None, None, Tally()) == (
        outcome.status,
        outcome.level,
        outcome.counted,
        outcome.total,
    )
    assert [None] == [problem.file for problem in outcome.errors]


def test_an_error_while_listing_stays_in_the_company(root, folder, monkeypatch):
    """An input error of the disk is this company's alone."""

    def fail(_company):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("baileys_cleanup.store.folder.root.Company.names", fail)
    outcome = clean(root)
    assert CompanyStatus.FAILED is outcome.status
    assert "Input/output error" in outcome.errors[0].error


def test_a_file_that_cannot_be_dated_failed(root, folder, monkeypatch):
    """A file whose date cannot be read is failed, not kept in silence."""
    monkeypatch.setattr(
        "baileys_cleanup.store.folder.root.Company.look",
        lambda _self, files, wanted: Look(list(files), [], {SESSIONS[0]: "its date could not be read: no"}),
    )
    outcome = clean(root)
    assert (1, CompanyStatus.FAILED, [SESSIONS[0]]) == (
        outcome.total.failed,
        outcome.status,
        [problem.file for problem in outcome.errors],
    )


def test_advertised_pre_keys_are_not_counted(root, place):
    """A fresh pairing of over 800 files is excellent: the batch above the cap is not counted, and said."""
    path = place / "company_7"
    put(path, "creds.json", creds(813))
    for number in range(1, 201):
        put(path, f"pre-key-{number}.json", age=1)
    outcome = clean(root)
    assert (150, 51, Level.EXCELLENT, []) == (outcome.advertised, outcome.counted, outcome.level, outcome.warnings)
    assert "150 pre-keys above the cap of 50" in outcome.notes[0]


def test_more_than_150_is_a_warning(root, place):
    """Above 150 counted files there is a warning with the level; at 150 there is none."""
    path = place / "company_7"
    put(path, "creds.json", creds())
    for number in range(149):
        put(path, f"device-list-{number}.json")
    assert (150, []) == (clean(root).counted, clean(root).warnings)
    put(path, "device-list-200.json")
    (warning,) = clean(root).warnings
    assert warning.startswith("151 files counted: level attention; a cleanup can free nothing: kinds that no rule")


def test_what_is_odd_is_told(root, folder):
    """Strangers, a broken creds.json and hard links are named."""
    (folder / "sub").mkdir()
    (folder / "second").hardlink_to(folder / SESSIONS[0])
    put(folder, "creds.json", b"{")
    outcome = clean(root)
    said = " ".join([*outcome.warnings, *outcome.notes])
    assert [] == [part for part in ("sub", "creds.json is not valid JSON") if part not in said]
    put(folder, "creds.json", creds())
    assert SESSIONS[0] in " ".join(clean(root).notes)


def test_a_doubt_is_a_warning_where_there_is_something_to_remove(root, place):
    """What a dry run sees coming is told, and only where it matters."""
    put(place / "company_7", "creds.json", creds())
    remover = Scripted(doubt="no right to write")
    assert [] == clean_company(root, "7", Policy(), TERMS, remover, detail=Reasons.NONE).warnings
    put(place / "company_7", SESSIONS[0], age=20)
    assert ["no right to write"] == clean_company(root, "7", Policy(), TERMS, remover, detail=Reasons.NONE).warnings
