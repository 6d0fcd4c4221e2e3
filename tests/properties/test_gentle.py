"""The preset gentle: it takes less than standard, and nothing that anybody would miss."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from baileys_cleanup.decision.plan import plan, undated
from baileys_cleanup.decision.policy import Preset
from baileys_cleanup.decision.verdict import Rule

from . import oracle
from .worlds import NOW, accounts, folders, groups, policies

companies = st.one_of(folders(), groups())


def decided(files, policy, account, preset):
    """Give the plan under a preset."""
    return plan(files, replace(policy, preset=preset), account, NOW)


def names(verdicts):
    """Give the names of verdicts."""
    return {verdict.file.name for verdict in verdicts}


@given(companies, policies(), accounts)
def test_it_removes_nothing_that_standard_keeps(files, policy, account):
    """With the same settings, what goes under gentle goes under standard too, and for the same reason."""
    standard, gentle = (decided(files, policy, account, preset) for preset in (Preset.STANDARD, Preset.GENTLE))
    reasons = {verdict.file.name: (verdict.rule, verdict.reason) for verdict in standard.removals}
    for verdict in gentle.removals:
        assert reasons[verdict.file.name] == (verdict.rule, verdict.reason)


@given(companies, policies(), accounts)
def test_nobody_misses_what_it_removes(files, policy, account):
    """No pre-key, no session that is still loaded, and no sender key but this account's own ever goes."""
    gone = names(decided(files, policy, account, Preset.GENTLE).removals)
    assert set() == gone & oracle.missed(files, account)


@given(companies, policies(), accounts)
def test_what_it_spares_is_what_standard_decides_over(files, policy, account):
    """Beside what it spares, every verdict is the one of standard."""
    standard, gentle = (decided(files, policy, account, preset) for preset in (Preset.STANDARD, Preset.GENTLE))
    spared = {verdict.file.name for verdict in gentle.keeps if verdict.rule is Rule.COSTS_RETRY}
    assert names(standard.removals) - names(gentle.removals) <= spared | copies(standard)
    assert gentle.advertised == standard.advertised


def copies(plan_made):
    """Give the names that go only as copies of what goes."""
    return names(v for v in plan_made.removals if v.rule is Rule.SECOND_NAME)


@given(companies, policies(), accounts)
def test_it_looks_at_no_more_files(files, policy, account):
    """What gentle spares by its name is not looked at."""
    looked = {preset: undated(files, replace(policy, preset=preset), account) for preset in Preset}
    assert {file.name for file in looked[Preset.GENTLE]} <= {file.name for file in looked[Preset.STANDARD]}
    assert set() == {
        file.name
        for file in looked[Preset.GENTLE]
        if (file.kind == "session" or (file.kind == "sender_key" and oracle.binding(file.name, account) is None))
        and file.name in oracle.missed(files, account)
        and oracle.session_user(file.name) not in {user for user, _ in account.devices}
    }
