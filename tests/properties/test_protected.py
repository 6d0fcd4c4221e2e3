"""Promise 2: the never-list outranks every policy, every account and every time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baileys_cleanup.decision.names import Kind
from baileys_cleanup.decision.plan import plan
from baileys_cleanup.decision.verdict import AuthFile, Rule, Verdict
from baileys_cleanup.errors import ProtectedFile
from baileys_cleanup.store.remover import DryRun

from . import oracle
from .worlds import DAY, NOW, accounts, dated, folders, policies, protected_names


@given(folders(), policies(), accounts, st.integers(-(10**20), 10**20))
def test_no_plan_ever_removes_a_protected_name(files, policy, account, shift):
    """Whatever the policy, the account and the clock, a protected name is among the keeps."""
    creds = dated([("creds.json", 5000 * DAY)])
    decided = plan([*files, *creds], policy, account, NOW + shift)
    assert [] == [verdict.file.name for verdict in decided.removals if oracle.protected(verdict.file.name)]
    assert "creds.json" in {verdict.file.name for verdict in decided.keeps}


@given(protected_names, st.sampled_from(Kind), st.sampled_from(Rule))
def test_a_plan_made_by_hand_stops_at_the_remover(name, kind, rule):
    """A verdict that removes a protected name is a bug and raises, under whatever kind and rule it comes."""
    file = AuthFile(name, kind, NOW - 5000 * DAY)
    with pytest.raises(ProtectedFile):
        list(DryRun().remove([Verdict(file, True, rule, "by hand")], lambda: False))
