"""`reach`: what is looked at, and what is passed over; tests/properties hold its plan against the plan over all."""

import pytest

from baileys_cleanup.decision.ages import young
from baileys_cleanup.decision.names import Kind, kind_of
from baileys_cleanup.decision.policy import Policy, Preset
from baileys_cleanup.decision.reach import Dating, reach, replacing
from baileys_cleanup.decision.verdict import AuthFile

from ..helpers import GROUP, KNOWN, LID, NOW, OTHER, PN, auth_file

STANDARD, GENTLE = Policy(), Policy(Preset.GENTLE)
SESSION, REPLACED = f"session-{LID[:-1]}2_1.0.json", f"session-{OTHER}.0.json"
OWN_SESSION, LONGER = f"session-{PN}.0.json", f"session-{PN}0.0.json"
MAPPING = f"lid-mapping-{OTHER}.json"
OWN_KEY, OTHERS_KEY = f"sender-key-{GROUP}--{PN}--7.json", f"sender-key-{GROUP}--{OTHER}--0.json"
MEMORY = f"sender-key-memory-{GROUP}.json"


def pre_keys(*numbers):
    """Give the names of pre-keys."""
    return [f"pre-key-{number}.json" for number in numbers]


def looked_at(names, policy=STANDARD, account=KNOWN):
    """Give what is dated, and the names of what is handed on without a date."""
    within = reach(names, policy, account, NOW)
    assert [AuthFile(file.name, kind_of(file.name)) for file in within.undated] == within.undated
    return within.dated, [file.name for file in within.undated]


@pytest.mark.parametrize(
    ("policy", "dated"),
    [
        (STANDARD, [SESSION, REPLACED, LONGER]),
        (GENTLE, [REPLACED]),
        (Policy(keep_own_sessions=False), [SESSION, REPLACED, OWN_SESSION, LONGER]),
    ],
)
def test_sessions_that_may_go_are_dated(policy, dated):
    """No own session, also not beside a number that begins like the own one; under gentle only those with a mapping."""
    names = {Kind.SESSION: [SESSION, REPLACED, OWN_SESSION, LONGER], Kind.LID_MAPPING: [MAPPING]}
    assert ([Dating(Kind.SESSION, dated, young(14, NOW))], []) == looked_at(names, policy)


@pytest.mark.parametrize("policy", [STANDARD, GENTLE])
def test_what_is_tied_to_a_memory_is_dated_with_it(policy):
    """Of a pair nothing is passed over for being young: its age is that of the newer. Others' keys stay under gentle."""
    names = {Kind.SENDER_KEY: [OWN_KEY, OTHERS_KEY], Kind.SENDER_KEY_MEMORY: [MEMORY]}
    others = [Dating(Kind.SENDER_KEY, [OTHERS_KEY], young(3, NOW))] if policy is STANDARD else []
    pair = [Dating(Kind.SENDER_KEY, [OWN_KEY], None), Dating(Kind.SENDER_KEY_MEMORY, [MEMORY], None)]
    assert ([*others, *pair], []) == looked_at(names, policy)


def test_pre_keys_over_the_cap_are_dated_and_the_others_counted():
    """One too many: the lowest is dated, and all others are handed on, because they count."""
    account = KNOWN._replace(next_pre_key=52, first_not_uploaded=52)
    dated, undated = looked_at({Kind.PRE_KEY: pre_keys(*range(1, 52))}, account=account)
    assert ([Dating(Kind.PRE_KEY, pre_keys(1), None)], set(pre_keys(*range(2, 52)))) == (dated, set(undated))


@pytest.mark.parametrize("after", [None, 51])
def test_within_the_cap_no_pre_key_is_made_a_file_of(after):
    """Where all stay and none is told, none costs anything."""
    account = KNOWN._replace(next_pre_key=after, first_not_uploaded=after)
    assert ([], []) == looked_at({Kind.PRE_KEY: pre_keys(*range(1, 51))}, account=account)


@pytest.mark.parametrize("beyond", [31, 200])
def test_a_number_beyond_the_counter_has_all_dated(beyond):
    """However few there are: only the dates of the others tell whether it was left from a former pairing."""
    names = pre_keys(1, 2, 30, beyond)
    assert ([Dating(Kind.PRE_KEY, names, None)], []) == looked_at({Kind.PRE_KEY: names})


def test_the_longest_number_is_the_highest():
    """Number 100 is beyond a counter at 31, also beside number 99 and 9."""
    names = pre_keys(9, 99, 100)
    account = KNOWN._replace(next_pre_key=100, first_not_uploaded=100)
    assert ([Dating(Kind.PRE_KEY, names, None)], []) == looked_at({Kind.PRE_KEY: names}, account=account)


def test_a_copy_is_dated_with_its_file():
    """The copy of what may go is dated; that of a pre-key that only counts is handed on, and any other passed over."""
    account = KNOWN._replace(next_pre_key=52, first_not_uploaded=52)
    low, high = "pre-key-1.json.bak", "pre-key-51.json.bak"
    names = {Kind.PRE_KEY: pre_keys(*range(1, 52)), Kind.UNKNOWN: ["x", low, high, "creds.json.bak"]}
    dated, undated = looked_at(names, account=account)
    assert [Dating(Kind.PRE_KEY, pre_keys(1), None), Dating(Kind.UNKNOWN, [low], None)] == dated
    assert {high, *pre_keys(*range(2, 52))} == set(undated)


def test_only_mappings_of_what_may_go_are_asked_for():
    """A mapping of a session that was looked at is named, so that its reason tells of it; no other is."""
    names = {Kind.LID_MAPPING: [MAPPING, "lid-mapping-15550000003.json"]}
    looked = [auth_file(name, 20) for name in (SESSION, REPLACED, OTHERS_KEY)]
    assert {MAPPING} == replacing(names, looked)
    assert set() == replacing({}, looked)
