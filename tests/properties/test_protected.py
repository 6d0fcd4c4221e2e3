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
from .worlds import DAY, NOW, PROTECTED_NAMES, accounts, companies, dated, names, policies, protected_names


@given(
    companies(),
    policies(),
    accounts,
    st.one_of(st.integers(-400 * DAY, 4000 * DAY), st.integers(-(10**20), 10**20)),
    st.fixed_dictionaries(
        {"strangers": st.sets(names, max_size=4), "mappings": st.sets(st.one_of(protected_names, names), max_size=4)}
    ),
)
def test_no_plan_ever_removes_a_protected_name(company, policy, account, shift, beside):
    """Whatever the policy, the account, the clock and what lies beside the files, a protected name is among the keeps."""
    files, waiting = company
    others = [file for file in files if file.name not in PROTECTED_NAMES]
    protected = dated((name, 500 * DAY) for name in PROTECTED_NAMES)
    removals, keeps, _ = plan([*others, *protected], policy, account, NOW + shift, waiting=waiting, **beside)
    assert [] == [verdict.file.name for verdict in removals if oracle.protected(verdict.file.name)]
    assert set(PROTECTED_NAMES) <= {verdict.file.name for verdict in keeps}


@given(protected_names, st.sampled_from(Kind), st.sampled_from(Rule))
def test_a_plan_made_by_hand_stops_at_the_remover(name, kind, rule):
    """A verdict that removes a protected name is a bug and raises, under whatever kind and rule it comes."""
    file = AuthFile(name, kind, NOW - 5000 * DAY)
    with pytest.raises(ProtectedFile):
        list(DryRun().remove([Verdict(file, True, rule, "by hand")], lambda: False))
