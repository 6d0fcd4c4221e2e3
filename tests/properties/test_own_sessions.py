"""Guard 4: the sessions of this account's own devices stay while the setting is on."""

from dataclasses import replace

from hypothesis import given

from baileys_cleanup.decision.account import ABSENT, Account, unreadable
from baileys_cleanup.decision.plan import plan
from baileys_cleanup.decision.policy import Preset
from baileys_cleanup.decision.verdict import Rule

from . import oracle
from .worlds import DAY, LID, NOW, OWN, PN, accounts, dated, devices, domains, folders, policies
from .worlds import st as strategies


@given(folders(), policies(), accounts)
def test_no_own_session_goes_while_the_setting_is_on(files, policy, account):
    """Whatever the limits, a session with a user of this account is kept."""
    decided = plan(files, replace(policy, keep_own_sessions=True), account, NOW)
    users = {user for user, _ in account.devices}
    assert [] == [
        verdict.file.name
        for verdict in decided.removals
        if verdict.file.kind == "session" and oracle.session_user(verdict.file.name) in users
    ]


@given(strategies.sampled_from([PN, LID]), domains, devices, policies())
def test_own_sessions_follow_the_rule_when_the_setting_is_off(user, domain, device, policy):
    """With the setting off an own session goes at its limit; with it on it stays, under every domain and device."""
    name = f"session-{user}{domain}.{device}.json"
    policy = replace(policy, preset=Preset.STANDARD, session_max_age_days=min(policy.session_max_age_days, 30))
    files = dated([(name, policy.session_max_age_days * DAY)])
    account = Account(True, OWN, 1, 1)
    for keep, rule in ((True, Rule.OWN_SESSION), (False, Rule.SESSION_AGE)):
        decided = plan(files, replace(policy, keep_own_sessions=keep), account, NOW)
        assert [(name, rule)] == [(verdict.file.name, verdict.rule) for verdict in [*decided.removals, *decided.keeps]]


@given(folders(), policies(), strategies.sampled_from([ABSENT, unreadable("is empty")]))
def test_no_session_goes_where_nobody_can_tell_whose_it_is(files, policy, account):
    """Where creds.json is missing or broken every session stays, whatever the policy and the age."""
    decided = plan(files, policy, account, NOW)
    assert [] == [verdict.file.name for verdict in decided.removals if verdict.file.kind == "session"]
