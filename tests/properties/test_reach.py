"""Promise 17: settings never reach further than they say; a wider limit never removes more."""

from dataclasses import fields, replace

from hypothesis import find, given
from hypothesis import strategies as st

from baileys_cleanup.decision.plan import plan
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.settings.values import Settings

from . import oracle
from .worlds import NOW, accounts, folders, groups, policies

companies = st.one_of(folders(), groups())
KINDS_OF = {
    "preset": {"session", "sender_key", "sender_key_memory", "pre_key"},
    "session_max_age_days": {"session"},
    "sender_key_max_age_days": {"sender_key", "sender_key_memory"},
    "max_pre_keys": {"pre_key"},
    "min_pre_keys": {"pre_key"},
    "keep_advertised_pre_keys": {"pre_key"},
    "keep_own_sessions": {"session"},
    "former_pairing_days": {"pre_key"},
}


def removed(files, policy, account):
    """Give the names that the planner lets go."""
    return {verdict.file.name for verdict in plan(files, policy, account, NOW).removals}


def test_every_setting_is_tried():
    """The properties speak of a setting only where the worlds have it in more than one value."""
    assert KINDS_OF.keys() == {field.name for field in fields(Policy)}
    for name in KINDS_OF:
        find(policies(), lambda policy, name=name: getattr(policy, name) != getattr(Policy(), name))


@given(companies, policies(), policies(), accounts, st.sampled_from(sorted(KINDS_OF)))
def test_a_setting_moves_only_the_kinds_it_speaks_of(files, policy, other, account, name):
    """One setting changed to any other value changes nothing for the kinds it does not name, and their copies."""
    changed = replace(policy, **{name: getattr(other, name)})
    differing = removed(files, policy, account) ^ removed(files, changed, account)
    assert {oracle.kind(file.removesuffix(".bak")) for file in differing} <= KINDS_OF[name]


@given(companies, policies(), accounts, st.integers(0, 400), st.integers(0, 400))
def test_a_longer_age_removes_no_more(files, policy, account, sessions, sender_keys):
    """With longer ages, what goes is among what went before."""
    wider = replace(
        policy,
        session_max_age_days=policy.session_max_age_days + sessions,
        sender_key_max_age_days=policy.sender_key_max_age_days + sender_keys,
    )
    assert removed(files, wider, account) <= removed(files, policy, account)


@given(companies, policies(), accounts, st.integers(0, 60), st.integers(0, 60))
def test_a_higher_cap_or_floor_removes_no_more(files, policy, account, cap, floor):
    """With a higher cap and floor, and no batch to guard, what goes is among what went before."""
    policy = replace(policy, keep_advertised_pre_keys=False)
    wider = replace(policy, max_pre_keys=policy.max_pre_keys + cap, min_pre_keys=policy.min_pre_keys + floor)
    assert removed(files, wider, account) <= removed(files, policy, account)


@given(companies, policies(), accounts)
def test_a_guard_only_ever_keeps(files, policy, account):
    """Each guard switched on removes a part of what goes with it off, never anything else."""
    for name in ("keep_advertised_pre_keys", "keep_own_sessions"):
        on, off = replace(policy, **{name: True}), replace(policy, **{name: False})
        assert removed(files, on, account) <= removed(files, off, account)


@given(st.dictionaries(st.sampled_from("abc"), policies(), max_size=3), policies())
def test_a_company_override_reaches_that_company_only(own, everyone):
    """Each company has its own values where it has some, and the global ones otherwise."""
    values = {company: {"max_pre_keys": policy.max_pre_keys} for company, policy in own.items()}
    settings = Settings(retention=everyone, companies=values)
    for company in "abcd":
        expected = replace(everyone, max_pre_keys=own[company].max_pre_keys) if company in own else everyone
        assert expected == settings.policy_for(company)
