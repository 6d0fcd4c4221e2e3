"""Promise 10: nothing younger than its limit goes, ever; limits are exact to the nanosecond."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baileys_cleanup.decision.account import Account
from baileys_cleanup.decision.plan import plan
from baileys_cleanup.decision.policy import Policy, Preset
from baileys_cleanup.decision.verdict import Rule

from . import oracle
from .worlds import DAY, NOW, SECOND, accounts, companies, dated, folders, groups, loose_names, policies, sessions


@given(companies(), policies(), accounts)
def test_nothing_younger_than_its_limit_goes(company, policy, account):
    """No session, sender key or memory goes before its limit; only the copy of one that goes has no age of its own."""
    files, waiting = company
    limits = {
        "session": policy.session_max_age_days,
        "sender_key": policy.sender_key_max_age_days,
        "sender_key_memory": policy.sender_key_max_age_days,
    }
    removals = plan(files, policy, account, NOW, waiting=waiting).removals
    gone = {verdict.file.name for verdict in removals}
    for file, _, rule, _, _ in removals:
        word = oracle.kind(file.name)
        if word in limits:
            assert NOW - file.modified >= limits[word] * DAY
        assert word != "unknown" or (rule is Rule.SECOND_NAME and file.name.removesuffix(".bak") in gone)


GUARDS = {
    Rule.OWN_SESSION,
    Rule.ACCOUNT_UNKNOWN,
    Rule.COSTS_RETRY,
    Rule.HARD_LINKED,
    Rule.DATE_UNKNOWN,
    Rule.DATE_IMPOSSIBLE,
    Rule.SECOND_NAME_STAYS,
    Rule.SENDER_KEY_PAIR,
    Rule.SENDER_KEY_AFTER_MEMORY,
}


crowds = st.lists(
    st.tuples(
        st.sampled_from(
            ["session-2000{}.0.json", "sender-key-1@g.us--2000{}--0.json", "sender-key-memory-2000{}@g.us.json"]
        ),
        st.integers(-2 * DAY, 100 * DAY),
    ),
    max_size=20,
).map(lambda drawn: dated((name.format(place), age) for place, (name, age) in enumerate(drawn)))


@given(crowds, companies(), policies(), accounts)
def test_the_oldest_go_first(crowd, company, policy, account):
    """Nothing goes while an older one of its kind stays, unless a guard holds that."""
    files, waiting = company
    decided = plan([*crowd, *files], policy, account, NOW, waiting=waiting)
    for kind in ("session", "sender_key", "sender_key_memory"):
        gone = [verdict.file.modified for verdict in decided.removals if oracle.kind(verdict.file.name) == kind]
        unguarded = [verdict for verdict in decided.keeps if verdict.rule not in GUARDS]
        kept = [verdict.file.modified for verdict in unguarded if oracle.kind(verdict.file.name) == kind]
        assert not gone or not kept or max(gone) < min(kept)


EARLIEST = 1_420_070_400 * SECOND
others_keys = st.sampled_from(["sender-key-1@g.us--15550000002--0.json", "sender-key-1@lid--15550000002_1--0.json"])


@given(st.one_of(sessions, loose_names, others_keys), policies(Preset.STANDARD), st.integers(EARLIEST, 10**21))
def test_a_limit_is_exact_to_the_nanosecond(name, policy, now):
    """At its limit a file goes; one nanosecond earlier it stays."""
    days = policy.session_max_age_days if name.startswith("session-") else policy.sender_key_max_age_days
    now += days * DAY
    for age, expected in ((days * DAY, [name]), (days * DAY - 1, [])):
        decided = plan(dated([(name, age)], now), policy, Account(True), now)
        assert expected == [verdict.file.name for verdict in decided.removals]


@given(folders(), policies(), accounts, st.integers(1, 10**20))
def test_a_date_in_the_future_is_young(files, policy, account, ahead):
    """No session, sender key or memory with a date after now goes; more than a day ahead, nothing at all does."""
    decided = plan([file._replace(modified=NOW + ahead) for file in files], policy, account, NOW)
    assert all(verdict.rule in {Rule.PRE_KEY_CAP, Rule.SECOND_NAME} for verdict in decided.removals)
    assert ahead <= DAY or [] == decided.removals


@given(st.one_of(folders(), groups()), policies(), accounts, st.integers(-(10**20), EARLIEST - 1))
def test_a_date_before_whatsapp_is_no_age(files, policy, account, moment):
    """Promise 28: nothing dated before 2015 goes, by any rule, under any policy."""
    decided = plan([file._replace(modified=moment) for file in files], policy, account, NOW)
    assert [] == decided.removals


@pytest.mark.parametrize(("moment", "goes"), [(EARLIEST, True), (EARLIEST - 1, False), (0, False)])
def test_the_first_date_that_can_be_is_exact(moment, goes):
    """The first nanosecond of 2015 is a date; the one before it is none."""
    file = dated([("session-1.0.json", 0)])[0]._replace(modified=moment)
    assert goes == bool(plan([file], Policy(), Account(True), NOW).removals)


@given(companies(), policies(), accounts, st.integers(0, 400 * DAY))
def test_time_only_ever_adds_removals(company, policy, account, later):
    """What goes today would also go at any later time: a limit is passed once."""
    files, waiting = company
    waiting = {name: gone for name, gone in waiting.items() if gone.since <= NOW}
    today, tomorrow = (plan(files, policy, account, now, waiting=waiting).removals for now in (NOW, NOW + later))
    assert {verdict.file.name for verdict in today} <= {verdict.file.name for verdict in tomorrow}


@given(folders(), accounts)
def test_what_could_not_be_dated_stays(files, account):
    """A file whose date nobody could read, or that has a second hard link, is never removed."""
    removals = plan(files, Policy(Preset.STANDARD, 1, 1, 1, 1), account, NOW).removals
    assert [] == [verdict.file.name for verdict in removals if not oracle.can_go(verdict.file, NOW)]
