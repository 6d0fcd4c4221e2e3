"""Promise 1: what is not known is kept. Only a name that fits a removable pattern as a whole may ever go."""

import pytest
from hypothesis import example, given

from baileys_cleanup.decision.account import ABSENT
from baileys_cleanup.decision.names import PROTECTED, REMOVABLE, Kind, kind_of
from baileys_cleanup.decision.plan import plan
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.errors import ProtectedFile
from baileys_cleanup.store.remover import refuse_protected

from . import oracle
from .worlds import DAY, NOW, dated, names, wild_names


@given(names)
@example("session-.json")
@example("session-1.0.json\n")
@example("session-\n.json")
@example("session-\udcff.json")
@example("session-\x85.json")
@example("session-1.0.json.tmp")
@example("Session-1.0.json")
@example("sender-key-memory-.json")
@example("pre-key-0.json")
@example("pre-key-01.json")
@example("pre-key-١٢.json")
@example("pre-key--1.json")
@example("creds.json.bak")
@example("")
def test_the_kind_of_a_name_is_that_of_the_whole_name(name):
    """Any text has the kind that an independent reading of the patterns gives it."""
    assert oracle.kind(name) == kind_of(name).value


@given(wild_names)
def test_only_a_name_that_fits_as_a_whole_is_ever_removable(name):
    """A name has a rule exactly when the whole of it fits a removable pattern, and never when it is protected."""
    assert oracle.removable(name) == (kind_of(name) in REMOVABLE)
    assert oracle.protected(name) == (kind_of(name) in PROTECTED)


@given(wild_names)
def test_a_wild_name_stays_however_old_it_is(name):
    """A file that nobody touched for a century goes only under a name that fits a removable pattern."""
    decided = plan(dated([(name, 36_500 * DAY)]), Policy(), ABSENT, NOW)
    gone = [verdict.file.name for verdict in decided.removals]
    assert gone in ([], [name])
    assert oracle.removable(name) or gone == []


@given(wild_names)
def test_the_remover_looks_at_the_name_again(name):
    """The remover refuses every name that no rule can remove, and that is no copy of one, whatever a plan said of it."""
    if oracle.removable(name) or (name.endswith(".json.bak") and oracle.removable(name.removesuffix(".bak"))):
        refuse_protected(name)
    else:
        with pytest.raises(ProtectedFile):
            refuse_protected(name)


def test_the_oracle_knows_every_kind():
    """The judge can tell each kind that the program knows, or it would never have judged it."""
    witnesses = {
        "creds.json",
        "app-state-sync-key-A.json",
        "app-state-sync-x",
        "lid-mapping-1.json",
        "pre-key-1.json",
        "session-x.json",
        "sender-key-x.json",
        "sender-key-memory-x.json",
        "device-list-1.json",
        "tctoken-1.json",
        "identity-key-1.json",
        "x",
    }
    assert {kind.value for kind in Kind} == {oracle.kind(name) for name in witnesses}
