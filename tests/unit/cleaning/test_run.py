"""`cleaning.run`: the order of companies, and what is told of the root."""

import errno

import pytest

from baileys_cleanup.cleaning.request import Request, Told
from baileys_cleanup.cleaning.run import clean
from baileys_cleanup.cleaning.world import World
from baileys_cleanup.errors import ServerGone, UsageProblem
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.selection import Selection

from ..helpers import NOW, creds, names, put


class Heard:
    """A report that remembers."""

    def __init__(self, _run):
        self.companies = []

    def company(self, outcome):
        """Hear of one company."""
        self.companies.append(outcome)

    def close(self, run):
        """Hear the end."""


@pytest.fixture
def run(place):
    """Give a function that cleans; it gives the outcome, what was heard of each company, and how often it waited."""

    def call(settings=None, *, dry_run=True, wait=lambda: None, stopping=lambda: False):
        waits, reports = [], []
        world = World(NOW, lambda: NOW, lambda: (waits.append(1), wait()), stopping, lambda: 0.0, " --again")
        settings = settings or Settings(sessions_root=str(place))

        def report_for(outcome):
            reports.append(Heard(outcome))
            return reports[0]

        outcome = clean(Request(settings, Selection(), dry_run), world, Told(report_for))
        return outcome, reports[0].companies, len(waits)

    return call


def test_a_hundred_broken_pairings_cost_one_second(place, run):
    """Each is read once more, after all others and after one wait, and each is told of with the command that helps."""
    for number in range(100):
        put(place / f"company_{number}", "creds.json", b"{")
    put(place / "company_well", "creds.json", creds())
    outcome, companies, waits = run()
    assert (1, 101, 100) == (waits, outcome.companies, outcome.pairings_dead)
    assert "well" == companies[0].company_id
    command = "baileys-cleanup restore latest --replace --company 0 --again"
    assert [command in text for text in companies[1].warnings] == [True]


def test_what_was_being_written_is_cleaned_as_the_others(place, run):
    """Whole at the second look: its own sessions stay, the old ones go, and nothing is told of its creds.json."""
    folder = place / "company_7"
    put(folder, "creds.json", b"{")
    put(folder, "session-15559999999.0.json", age=20)
    outcome, (company,), _ = run(dry_run=False, wait=lambda: put(folder, "creds.json", creds()))
    assert (1, [], 0) == (company.total.removed, company.warnings, outcome.pairings_dead)
    assert ["creds.json"] == names(folder)


def test_told_to_stop_no_company_is_begun(place, run):
    """Neither at the first look nor at the second."""
    put(place / "company_7", "creds.json", b"{")
    outcome, companies, _ = run(stopping=lambda: True)
    assert ([], True) == (companies, outcome.stopped)


def test_what_is_passed_over_is_a_warning_where_keys_may_lie_there(place, run):
    """Links and bots of other names are warnings, other folders a note."""
    put(place / "company_7", "creds.json", creds())
    put(place / "5511", "creds.json", creds())
    (place / "company_x").symlink_to("company_7")
    (place / "backups").mkdir()
    outcome, _, _ = run()
    assert ["5511", "company_x"] == [text.split(": ")[1] for text in outcome.warnings]
    assert ["passed over: backups: its name is not company_<id>"] == outcome.notes


@pytest.mark.parametrize("dry_run", [False, True])
def test_what_cannot_be_read_before_any_company_is_a_problem_of_the_environment(place, run, monkeypatch, dry_run):
    """A store that breaks there has lost nothing: the run may be repeated, and it is said which store and why."""
    put(place / "company_7", "creds.json", creds())

    def gone(*_words):
        raise ServerGone(errno.EIO, "the connection broke")

    run()
    monkeypatch.setattr("baileys_cleanup.cleaning.run.waiting_keys", gone)
    with pytest.raises(UsageProblem, match=rf"left in {place}\S* cannot be read: the connection broke; nothing was"):
        run(dry_run=dry_run)
