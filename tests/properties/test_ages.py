"""Promise 10: nothing younger than its limit goes, ever; limits are exact to the nanosecond."""

from hypothesis import given
from hypothesis import strategies as st

from baileys_cleanup.decision.account import ABSENT
from baileys_cleanup.decision.plan import plan
from baileys_cleanup.decision.policy import Policy, Preset
from baileys_cleanup.decision.verdict import Rule

from . import oracle
from .worlds import DAY, NOW, accounts, dated, folders, groups, loose_names, policies, sender_keys, sessions


@given(st.one_of(folders(), groups()), policies(), accounts)
def test_nothing_younger_than_its_limit_goes(files, policy, account):
    """Only a group's memory goes young, and only with a key of that group that has reached the limit."""
    limits = {
        "session": policy.session_max_age_days,
        "sender_key": policy.sender_key_max_age_days,
        "sender_key_memory": policy.sender_key_max_age_days,
    }
    removals = plan(files, policy, account, NOW).removals
    gone = {verdict.file.name for verdict in removals}
    for file, _, rule, _, _ in removals:
        word = oracle.kind(file.name)
        if word not in limits or NOW - file.modified >= limits[word] * DAY:
            continue
        assert (word, rule) == ("sender_key_memory", Rule.MEMORY_GOES_WITH_KEY)
        assert not account.devices
        keys = {other.name for other in files if memory_of(oracle.binding(other.name, account)) == file.name}
        assert keys & gone


def memory_of(group):
    """Give the name of a group's memory."""
    return f"sender-key-memory-{group}.json"


@given(st.one_of(sessions, loose_names, sender_keys), policies(Preset.STANDARD), st.integers(0, 10**21))
def test_a_limit_is_exact_to_the_nanosecond(name, policy, now):
    """At its limit a file goes; one nanosecond earlier it stays."""
    days = policy.session_max_age_days if name.startswith("session-") else policy.sender_key_max_age_days
    for age, expected in ((days * DAY, [name]), (days * DAY - 1, [])):
        decided = plan(dated([(name, age)], now), policy, ABSENT, now)
        assert expected == [verdict.file.name for verdict in decided.removals]


@given(folders(), policies(), accounts, st.integers(1, 10**20))
def test_a_date_in_the_future_is_young(files, policy, account, ahead):
    """No session, sender key or memory with a date after now goes but by the memory's own guard."""
    decided = plan([file._replace(modified=NOW + ahead) for file in files], policy, account, NOW)
    assert all(verdict.rule is Rule.PRE_KEY_CAP for verdict in decided.removals)


@given(folders(), policies(), accounts, st.integers(0, 400 * DAY))
def test_time_only_ever_adds_removals(files, policy, account, later):
    """What goes today would also go at any later time: a limit is passed once."""
    today, tomorrow = (plan(files, policy, account, now).removals for now in (NOW, NOW + later))
    assert {verdict.file.name for verdict in today} <= {verdict.file.name for verdict in tomorrow}


@given(folders(), accounts)
def test_what_could_not_be_dated_stays(files, account):
    """A file whose date nobody could read, or that has a second hard link, is never removed."""
    removals = plan(files, Policy(Preset.STANDARD, 1, 1, 1, 1), account, NOW).removals
    assert [] == [verdict.file.name for verdict in removals if not oracle.can_go(verdict.file)]
