"""`plan`: what is said of each file, word for word, as `explain` and a dry run print it."""

import pytest

from baileys_cleanup.decision.account import ABSENT, Account, read_account
from baileys_cleanup.decision.pairing import Pairing, identity_of
from baileys_cleanup.decision.plan import plan
from baileys_cleanup.decision.policy import Policy, Preset
from baileys_cleanup.decision.verdict import MemoryGone

from ..helpers import DAY, GROUP, KNOWN, LID, NOW, OTHER, PN, auth_file, creds

SESSION = f"session-{OTHER}.0.json"
OWN_KEY = f"sender-key-{GROUP}--{LID}_1--7.json"
OTHERS_KEY = f"sender-key-{GROUP}--{OTHER}--0.json"
MEMORY = f"sender-key-memory-{GROUP}.json"
HOUR = DAY // 24
WAIT = "6 hours later at the soonest"
DUE = "4.0 days old; the limit is 3 days"
BEYOND = "its number is not below nextPreKeyId (31)"
LOW = [(f"pre-key-{number}.json", 30) for number in (1, 2, 3)]
LEFT = Policy(former_pairing_days=30)


def told(files, policy, account, **more):
    """Give each name with its reason."""
    decided = plan([auth_file(name, age) for name, age in files], policy or Policy(), account or KNOWN, NOW, **more)
    verdicts = [*decided.removals, *decided.keeps]
    assert sorted(name for name, _ in files) == sorted(verdict.file.name for verdict in verdicts)
    return {verdict.file.name: verdict.reason for verdict in verdicts}


@pytest.mark.parametrize(
    ("files", "policy", "account", "name", "reason"),
    [
        ([("creds.json", 1)], None, None, "creds.json", "protected: this kind is never removed"),
        ([("foo", 1)], None, None, "foo", "the name fits no pattern: what is not known is kept"),
        ([("device-list-1.json", 99)], None, None, "device-list-1.json", "kept: this kind has no removal rule"),
        ([(SESSION, 20)], None, None, SESSION, "20.0 days old; the limit is 14 days"),
        ([(SESSION, 1)], None, None, SESSION, "1.0 days old; it goes at 14 days"),
        ([(SESSION, 14)], None, None, SESSION, "14.0 days old; the limit is 14 days"),
        ([(SESSION, 0)], None, None, SESSION, "0.0 days old; it goes at 14 days"),
        (
            [(SESSION, -0.5)], None, None, SESSION,
            "dated in the future, 0.5 days from now; it counts as young",
        ),
        ([(SESSION, None)], None, None, SESSION, "its date could not be read: kept"),
        (
            [(SESSION, 9_000)], None, None, SESSION,
            "dated 2002-04-02 03:00 UTC, before WhatsApp had such files: that is no age, kept",
        ),
        ([(SESSION, -3)], None, None, SESSION, "dated in the future, 2026-11-25 03:00 UTC: that is no age, kept"),
        (
            [(SESSION, 20)], None, ABSENT, SESSION,
            "creds.json does not tell this account, so nobody can tell whose session this is: kept",
        ),
        (
            [(f"session-{PN}.0.json", 90)], None, None, f"session-{PN}.0.json",
            "a session with this account's own device: kept",
        ),
        (
            [(SESSION, 20)], Policy(Preset.GENTLE), None, SESSION,
            "kept by the preset gentle: its loss may cost somebody a retry",
        ),
        ([(OTHERS_KEY, 4)], None, None, OTHERS_KEY, DUE),
        (
            [(OWN_KEY, 4), (MEMORY, 5)], None, None, MEMORY,
            f"own sender key and memory of a group, together {DUE}; the key follows in a later run",
        ),
        (
            [(OWN_KEY, 4), (MEMORY, 5)], None, None, OWN_KEY,
            f"its group's memory goes now, the key follows in a later run, {WAIT}",
        ),
        (
            [(OWN_KEY, 1), (MEMORY, 5)], None, None, MEMORY,
            "own sender key and memory of a group, together 1.0 days old; it goes at 3 days",
        ),
        (
            [(OWN_KEY, 4)], None, None, OWN_KEY,
            f"seen without a memory for the first time, the key follows in a later run, {WAIT}; {DUE}",
        ),
        ([*LOW, ("pre-key-30.json", 30)], None, None, "pre-key-1.json", "among the 50 with the highest numbers"),
        (
            [*LOW, ("pre-key-30.json", 30)], None, None, "pre-key-30.json",
            "the newest pre-key: Baileys looks for it at start",
        ),
        (
            [*LOW, ("pre-key-30.json", 30)], Policy(max_pre_keys=2, min_pre_keys=2), None, "pre-key-1.json",
            "its number is not among the 2 highest",
        ),
        (
            [*LOW, ("pre-key-40.json", 30)], None, None, "pre-key-40.json",
            f"{BEYOND}: of a batch that is being written, or left from a former pairing: kept, not counted",
        ),
        (
            [*LOW, ("pre-key-40.json", 99)], None, None, "pre-key-40.json",
            f"{BEYOND}: left from a former pairing: kept",
        ),
        (
            [*LOW, ("pre-key-40.json", 99)], LEFT, None, "pre-key-40.json",
            "left from a former pairing, 99.0 days old; the limit is 30 days",
        ),
        (
            [*LOW, ("pre-key-40.json", 31)], Policy(former_pairing_days=50), None, "pre-key-40.json",
            "left from a former pairing, 31.0 days old; it goes at 50 days",
        ),
    ],
)  # fmt: skip
def test_a_reason_reads_so(files, policy, account, name, reason):
    """The sentence names what decided, and what would have to change."""
    assert reason == told(files, policy, account)[name]


@pytest.mark.parametrize(
    ("since", "removed", "reason"),
    [
        (HOUR, True, f"its memory went on 2026-11-22 02:00 UTC, the key follows {WAIT}; {DUE}"),
        (HOUR, False, f"without a memory since 2026-11-22 02:00 UTC, the key follows {WAIT}; {DUE}"),
        (DAY, True, f"this account's own sender key, {DUE}; its memory went on 2026-11-21 03:00 UTC"),
        (DAY, False, f"this account's own sender key, {DUE}"),
    ],
)
def test_a_key_that_waits_says_since_when(since, removed, reason):
    """A memory that a run took has a date; one that was never seen only a time since when."""
    waiting = {OWN_KEY: MemoryGone(NOW - since, removed)}
    assert reason == told([(OWN_KEY, 4)], None, None, waiting=waiting)[OWN_KEY]


def test_a_key_that_may_be_own_says_so():
    """Where nobody knows the account, the reason does not claim that the key is its own."""
    expected = f"a sender key that may be this account's own, {DUE}; its memory went on 2026-11-21 03:00 UTC"
    assert (
        expected == told([(OTHERS_KEY, 4)], None, ABSENT, waiting={OTHERS_KEY: MemoryGone(NOW - DAY, True)})[OTHERS_KEY]
    )


def test_a_session_that_its_lid_replaced_says_so():
    """Why it goes is not its age alone."""
    files = [(SESSION, 20), (f"lid-mapping-{OTHER}.json", 1), ("session-200000000000002_1.0.json", 1)]
    expected = "the contact's LID took its place, 20.0 days old; the limit is 14 days"
    assert expected == told(files, None, None)[SESSION]


@pytest.mark.parametrize(
    ("account", "reason"),
    [
        (Account(True, next_pre_key=813), "of a batch that WhatsApp still hands out: kept"),
        (Account(True, next_pre_key=813, first_not_uploaded=1), "not uploaded to WhatsApp yet: kept"),
    ],
)
def test_a_low_pre_key_that_stays_says_why(account, reason):
    """Who asks why a folder is over its cap reads that WhatsApp has the key, or will get it."""
    names = [(f"pre-key-{number}.json", 30) for number in range(1, 151)]
    assert reason == told(names, None, account)["pre-key-1.json"]


def test_a_copy_says_with_what_it_goes():
    """It has no age of its own: its reason is that of its file."""
    expected = "the copy of a file that goes: 20.0 days old; the limit is 14 days"
    assert expected == told([(SESSION, 20), (f"{SESSION}.bak", 1)], None, None)[f"{SESSION}.bak"]


@pytest.mark.parametrize(
    ("copies", "strangers", "problem"),
    [([(f"{SESSION}.bak", None)], (), "its date could not be read: kept"), ([], {f"{SESSION}.bak"}, "no regular file")],
)
def test_a_file_whose_copy_cannot_go_says_which_and_why(copies, strangers, problem):
    """Who wonders why an old file stays has to look at the copy."""
    reason = told([(SESSION, 20), *copies], None, None, strangers=strangers)[SESSION]
    assert reason.startswith(f"its copy {SESSION}.bak would come to life, and cannot go: ")
    assert reason.endswith(problem)


def test_a_pair_of_which_one_cannot_go_says_why():
    """The key stays because of its memory, and is told what is wrong with that."""
    found = told([(OWN_KEY, 20), (MEMORY, None)], None, None)
    expected = (
        "the group's own sender key and memory stay together, and one cannot go: its date could not be read: kept"
    )
    assert (expected, "its date could not be read: kept") == (found[OWN_KEY], found[MEMORY])


def test_every_number_beyond_the_counter_has_its_own_reason():
    """One that is being written keeps no other from being told for a leftover."""
    files = [*LOW, ("pre-key-31.json", 30), ("pre-key-40.json", 99), ("pre-key-41.json", 30)]
    found = told(files, LEFT, None)
    assert "that is being written" in found["pre-key-31.json"]
    assert found["pre-key-40.json"].endswith("the limit is 30 days")
    assert "that is being written" in found["pre-key-41.json"]


# --- what creds.json tells ----------------------------------------------------------------------------------


def test_an_incomplete_creds_names_all_that_is_wrong():
    """Every value that cannot be used is named, once, in one sentence."""
    found = read_account(b'{"me": {"id": "x"}, "nextPreKeyId": 0}')
    expected = "me.id names no account, nextPreKeyId is no pre-key number, firstUnuploadedPreKeyId is no pre-key number"
    assert f"creds.json is incomplete: {expected}" == found.problem


def test_the_first_number_is_a_counter():
    """A device that has made no pre-key yet counts from 1."""
    assert (1, 1) == read_account(creds(1, 1))[2:4]


def test_a_first_device_is_device_0():
    """Its id is written without a number."""
    assert Pairing(PN, 0) == read_account(creds(me={"id": f"{PN}@s.whatsapp.net"})).pairing


@pytest.mark.parametrize("whole", ["AQ==", "AQI=", "AQID", "AQIDBA=="])
def test_a_key_is_read_with_and_without_its_padding(whole):
    """Base64 of any length: what stands for nothing at its end may be missing."""
    with_it, without = (
        identity_of({"signedIdentityKey": {"public": {"data": data}}}) for data in (whole, whole.rstrip("="))
    )
    assert with_it == without
    assert with_it is not None


def test_an_account_that_nobody_knows_takes_every_pair_for_its_own():
    """So nothing young ever goes."""
    found = told([(OTHERS_KEY, 1), (MEMORY, 9)], None, Account(True))
    assert "together 1.0 days old; it goes at 3 days" in found[MEMORY]
