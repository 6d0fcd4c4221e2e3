"""`outcome`: counts that add up, and the word and status of a run."""

import pytest

from baileys_cleanup.decision.names import Kind
from baileys_cleanup.decision.outcome import CompanyOutcome, CompanyStatus, RunOutcome, RunStatus, Tally


def run(**more):
    """Give the outcome of a run."""
    return RunOutcome("20261122T030000Z-4f1c", False, "/srv/sessions", 0, 7, **more)


def test_tallies_add_up():
    """The sum of two tallies is the sum of each count."""
    assert Tally(11, 22, 33, 44, 55) == Tally(1, 2, 3, 4, 5).plus(Tally(10, 20, 30, 40, 50))


def test_a_company_totals_its_kinds():
    """A company's total is the sum over its kinds, and nothing for an empty folder."""
    kinds = {Kind.SESSION: Tally(3, 2, 1), Kind.PRE_KEY: Tally(4, 0, 3, 0, 1)}
    assert Tally(7, 2, 4, 0, 1) == CompanyOutcome("7", kinds=kinds).total
    assert Tally() == CompanyOutcome("7").total


def test_a_run_counts_its_companies_in():
    """Totals, bytes and the companies that failed, were refused or have warnings are counted."""
    outcome = run()
    kinds = {Kind.SESSION: Tally(3, 2, 1)}
    outcome.add(CompanyOutcome("1", kinds=kinds, size=100))
    outcome.add(CompanyOutcome("2", CompanyStatus.FAILED, kinds, 10, warnings=["x", "y"]))
    outcome.add(CompanyOutcome("3", CompanyStatus.REFUSED))
    outcome.add(CompanyOutcome("4", CompanyStatus.STOPPED))
    assert (4, 1, 1, 1) == (
        outcome.companies,
        outcome.companies_failed,
        outcome.companies_refused,
        outcome.companies_warned,
    )
    assert (Tally(6, 4, 2), 110, {Kind.SESSION: 4}) == (outcome.total, outcome.size, outcome.removed)


@pytest.mark.parametrize(
    ("state", "status", "exit_status"),
    [
        ({}, RunStatus.DONE, 0),
        ({"warnings": ["x"], "companies_warned": 3}, RunStatus.DONE, 0),
        ({"companies_failed": 1}, RunStatus.PARTIAL, 1),
        ({"errors": ["x"]}, RunStatus.PARTIAL, 1),
        ({"companies_refused": 1}, RunStatus.REFUSED, 4),
        ({"companies_refused": 1, "companies_failed": 1}, RunStatus.REFUSED, 4),
        ({"stopped": True, "companies_refused": 1, "companies_failed": 1}, RunStatus.STOPPED, 0),
    ],
)
def test_the_worst_gives_the_word(state, status, exit_status):
    """Stopped outranks refused, refused outranks partial; the number of a signal is the caller's to add."""
    assert (status, exit_status) == (run(**state).status, run(**state).exit_status)
