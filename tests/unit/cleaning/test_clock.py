"""`cleaning.clock`: time that has passed leaves traces."""

import pytest

from baileys_cleanup.cleaning.clock import check_clock, check_trace
from baileys_cleanup.errors import (
    CompanyProblem,
    CompanyUnreachable,
    CompanyUntold,
    Refused,
    ServerGone,
    ServerProblem,
    UsageProblem,
)
from baileys_cleanup.store.folder.company import Company

from ..helpers import DAY, NOW, creds, put


@pytest.fixture
def idle(place, tool):
    """Give a company whose newest file was written before the last run."""
    tool.record_start(NOW)
    path = place / "company_7"
    put(path, "creds.json", creds(), age=1)
    put(path, "session-15550000002.0.json", age=2)
    return path


@pytest.mark.parametrize(("later", "refused"), [(3 * DAY, False), (3 * DAY + 1, True), (40 * DAY, True)])
def test_more_than_three_days_without_a_trace_are_refused(root, tool, idle, later, refused):
    """Up to three days nothing is asked; after that one file written since the last run has to be there."""
    if not refused:
        check_trace(root, tool, ["7"], NOW + later)
        return
    with pytest.raises(Refused, match="--accept-clock"):
        check_trace(root, tool, ["7"], NOW + later)


@pytest.mark.parametrize("name", ["creds.json", "session-15550000003.0.json", "device-list-1.json"])
def test_one_file_of_any_company_is_a_trace(root, tool, idle, place, name):
    """Whatever was written in whichever company: a bot lives, so time has passed."""
    put(place / "company_8", name, creds(), age=-0.1)
    check_trace(root, tool, ["7", "8"], NOW + 40 * DAY)


def test_a_first_run_and_an_empty_root_have_nothing_to_compare(root, tool, place):
    """Without a last run, or without a company, nobody is refused."""
    check_trace(root, tool, ["7"], NOW)
    tool.record_start(NOW)
    check_trace(root, tool, [], NOW + 40 * DAY)


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (CompanyUnreachable("the server went away"), "company 7 cannot be looked at: the server went away"),
        (CompanyUntold("another session holds a lock"), "another session holds a lock; nothing was touched"),
        (ServerGone(5, "the server went away"), "the server went away; nothing was touched"),
        (CompanyProblem("it is a link"), None),
        (OSError(5, "Input/output error"), None),
    ],
)
def test_what_a_server_does_not_tell_now_is_no_doubt_of_the_clock(root, tool, monkeypatch, trouble, said):
    """A server that went away, a lock, a timeout: the reason, and no advice to go on; what is odd leaves no trace."""

    def fail(_self, _moment):
        raise trouble

    monkeypatch.setattr(Company, "written_since", fail)
    with pytest.raises(UsageProblem if said else Refused, match=said or "--accept-clock") as raised:
        check_trace(root, tool, ["7"], NOW + 40 * DAY)
    assert ("--accept-clock" in str(raised.value)) is (said is None)


def test_a_trace_of_another_company_is_one_whatever_a_server_does_not_tell(root, tool, idle, place, monkeypatch):
    """A company too large for a time limit keeps nobody from being cleaned."""
    put(place / "company_8", "creds.json", creds(), age=-0.1)
    since = Company.written_since

    def fail(self, moment):
        if self.id == "7":
            raise CompanyUntold("the server ended it: statement_timeout")
        return since(self, moment)

    monkeypatch.setattr(Company, "written_since", fail)
    check_trace(root, tool, ["7", "8"], NOW + 40 * DAY)


def test_a_record_that_cannot_be_read_any_more_vouches_for_nothing(root, tool, idle, monkeypatch):
    """A server may go between the two checks: the second is not left out for that."""

    def gone(_):
        raise OSError(5, "the connection broke")

    monkeypatch.setattr(type(tool), "last_start", gone)
    with pytest.raises(Refused, match="the connection broke"):
        check_trace(root, tool, ["7"], NOW + 40 * DAY)


@pytest.mark.parametrize(
    ("trouble", "error", "said"),
    [
        (ServerProblem(5, "another session holds a lock on the table"), UsageProblem, "read: another session holds"),
        (ValueError("torn"), Refused, "--accept-clock"),
        (OSError(5, "Input/output error"), Refused, "--accept-clock"),
    ],
)
def test_a_record_that_a_server_does_not_tell_now_is_no_doubt_of_the_clock(tool, monkeypatch, trouble, error, said):
    """A lock or an outage passes, and nobody is asked to go on without the check; a record that is torn stays so."""

    def fail(_self):
        raise trouble

    monkeypatch.setattr(type(tool), "last_start", fail)
    with pytest.raises(error, match=said) as raised:
        check_clock(tool, NOW)
    assert ("--accept-clock" in str(raised.value)) is (error is Refused)
