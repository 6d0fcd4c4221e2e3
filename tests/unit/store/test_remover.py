"""`remover`: the second check of every name, and the remover of a dry run."""

import pytest

from baileys_cleanup.decision.names import kind_of
from baileys_cleanup.decision.verdict import Rule, Verdict
from baileys_cleanup.errors import ProtectedFile
from baileys_cleanup.store.remover import DryRun, Outcome, Removal, refuse_protected, refuse_protected_among

from ..helpers import auth_file

MAY_GO = ["session-1.0.json", "session-1.0.json.bak", "pre-key-1.json", "sender-key-memory-1@g.us.json"]
NEVER = [
    "creds.json",
    "creds.json.bak",
    "lid-mapping-1.json",
    "lid-mapping-1.json.bak",
    "app-state-sync-key-A.json",
    "device-list-1.json",
    "session-1\x1b.json",
    "x",
]


def removals(*names):
    """Give planned removals, as a plan would hold them if it were wrong."""
    return [Verdict(auth_file(name), True, Rule.SESSION_AGE, "by hand") for name in names]


@pytest.mark.parametrize("name", NEVER)
def test_a_name_that_no_rule_removes_stops_the_run(name):
    """Whatever a plan says: alone, among many that may go, and in a dry run, which has to show it; it names the file."""
    told = f"{name!r} is of kind {kind_of(name)} and is never removed"
    with pytest.raises(ProtectedFile) as alone:
        refuse_protected(name)
    with pytest.raises(ProtectedFile) as among:
        refuse_protected_among([*MAY_GO, name])
    with pytest.raises(ProtectedFile) as dry:
        list(DryRun().remove(removals(*MAY_GO, name), lambda: False))
    assert [told] * 3 == [str(alone.value), str(among.value), str(dry.value)]


def test_names_that_a_rule_may_remove_pass():
    """A copy beside a file that may go passes as well."""
    for name in MAY_GO:
        refuse_protected(name)
    refuse_protected_among(MAY_GO)


def test_a_dry_run_tells_only_of_what_a_stop_keeps():
    """It says nothing of what would go; told to stop between two files, it says so of all that follow."""
    planned = removals(*MAY_GO)
    answers = iter([False, False, True, True])
    dry = DryRun()
    with dry.company(None) as hand:
        assert [] == list(hand.remove(planned, lambda: False))
        told = list(hand.remove(planned, lambda: next(answers)))
        assert [] == hand.confirm()
    assert [Removal(verdict, Outcome.STOPPED, None) for verdict in planned[2:]] == told
    assert dry.settled is True


class Doubtful:
    """A company in which nothing could be removed."""

    id = "1"

    def doubt(self):
        """Say why."""
        return "the file system is read-only"


def test_a_dry_run_says_what_would_keep_the_other_from_removing():
    """Nobody learns only at night that the folder cannot be written to."""
    assert "the file system is read-only" == DryRun().doubt(Doubtful())


def test_a_dry_run_asks_once_for_what_would_not_be_gone():
    """A cache that does not answer holds up each question for seconds."""

    class Fine(Doubtful):
        def doubt(self):
            return None

    dry = DryRun(lambda: "the cache cannot be reached")
    assert ["the cache cannot be reached", None] == [dry.doubt(Fine()) for _ in range(2)]
