"""`retention`: the table of rules and guards, each at its boundary. The properties are in tests/properties."""

import pytest

from baileys_cleanup.decision.account import ABSENT, Account, unreadable
from baileys_cleanup.decision.names import PROTECTED, Kind
from baileys_cleanup.decision.plan import plan, undated
from baileys_cleanup.decision.policy import Policy, Preset
from baileys_cleanup.decision.verdict import Rule

from ..helpers import DAY, GROUP, KNOWN, LID, NOW, OTHER, OWN, PN, SECOND, auth_file

OWN_KEY = f"sender-key-{GROUP}--{LID}_1--7.json"
OWN_KEY_BY_NUMBER = f"sender-key-{GROUP}--{PN}--7.json"
OTHERS_KEY = f"sender-key-{GROUP}--{OTHER}--0.json"
MEMORY = f"sender-key-memory-{GROUP}.json"
NAMELESS = Account(True)


def rules(files, policy=None, account=KNOWN):
    """Give each name with its rule, and a star at those that go."""
    decided = plan(files, policy or Policy(), account, NOW)
    return {v.file.name: ("*" if v.remove else "") + v.rule for v in [*decided.removals, *decided.keeps]}


def pre_keys(numbers, age=90):
    """Give pre-keys of one age."""
    return [auth_file(f"pre-key-{number}.json", age) for number in numbers]


def gone(files, policy=None, account=KNOWN):
    """Give the names that go, in order."""
    return [verdict.file.name for verdict in plan(files, policy or Policy(), account, NOW).removals]


@pytest.mark.parametrize(
    ("name", "seconds", "expected"),
    [
        (f"session-{OTHER}.0.json", 14 * 86_400, "*session_age"),
        (f"session-{OTHER}.0.json", 14 * 86_400 - 1, "young"),
        ("session-old.json", 14 * 86_400, "*session_age"),
        (OTHERS_KEY, 3 * 86_400, "*sender_key_age"),
        (OTHERS_KEY, 3 * 86_400 - 1, "young"),
        (OWN_KEY, 3 * 86_400, "*sender_key_pair_age"),
        (OWN_KEY, 3 * 86_400 - 1, "young"),
        (MEMORY, 3 * 86_400, "*sender_key_memory_age"),
        (MEMORY, 3 * 86_400 - 1, "young"),
        (f"session-{OTHER}.0.json", -1, "young"),
        (f"session-{PN}.0.json", 5000 * 86_400, "own_session"),
        (f"session-{LID}_1.99.json", 5000 * 86_400, "own_session"),
        ("creds.json", 5000 * 86_400, "protected"),
        ("app-state-sync-key-AACpMw==.json", 5000 * 86_400, "protected"),
        ("app-state-sync-version-regular.json", 5000 * 86_400, "protected"),
        (f"lid-mapping-{OTHER}.json", 5000 * 86_400, "protected"),
        (f"device-list-{OTHER}.json", 5000 * 86_400, "no_rule"),
        (f"tctoken-{OTHER}@s.whatsapp.net.json", 5000 * 86_400, "no_rule"),
        (f"identity-key-{OTHER}.0.json", 5000 * 86_400, "no_rule"),
        ("session-1.0.json.tmp", 5000 * 86_400, "unknown_name"),
    ],
)
def test_a_single_file_follows_its_rule(name, seconds, expected):
    """Alone in its folder, a file of each kind has the rule and the second of the table."""
    file = auth_file(name)._replace(modified=NOW - seconds * SECOND)
    assert {name: expected} == rules([file])


@pytest.mark.parametrize(
    ("change", "rule"),
    [({"modified": None}, "date_unknown"), ({"sole": False}, "hard_linked")],
)
@pytest.mark.parametrize("name", [f"session-{OTHER}.0.json", OTHERS_KEY, MEMORY, "pre-key-1.json"])
def test_what_cannot_be_judged_or_is_linked_twice_stays(name, change, rule):
    """A file without a date, or with several hard links, is kept whatever its kind."""
    files = [auth_file(name, 5000)._replace(**change), *pre_keys(range(101, 151))]
    assert rule == rules(files)[name]


@pytest.mark.parametrize(
    ("count", "cap", "floor", "left"),
    [(49, 50, 30, 49), (50, 50, 30, 50), (51, 50, 30, 50), (200, 50, 30, 50), (200, 30, 30, 30), (200, 10, 30, 30)],
)
def test_the_highest_numbers_stay(count, cap, floor, left):
    """The cap's highest numbers stay and the lowest go first; the floor is above any cap."""
    names = [file.name for file in pre_keys(range(1, count + 1))]
    policy = Policy(max_pre_keys=cap, min_pre_keys=floor)
    assert names[: count - left] == gone(pre_keys(range(count, 0, -1)), policy, ABSENT)


def test_what_is_not_uploaded_counts_toward_the_cap():
    """Keys that WhatsApp does not have yet stay, and take the place of others within the cap."""
    account = Account(True, OWN, 61, 21)
    found = rules(pre_keys(range(1, 61)), Policy(), account)
    assert {"*pre_key_cap"} == {found[f"pre-key-{number}.json"] for number in range(1, 11)}
    assert {"pre_key_within_cap"} == {found[f"pre-key-{number}.json"] for number in range(11, 21)}
    assert {"pre_key_not_uploaded"} == {found[f"pre-key-{number}.json"] for number in range(21, 61)}


def test_more_than_the_cap_that_is_not_uploaded_stays():
    """Guard 1 stands above the cap: sixty keys not uploaded stay, and nothing beside them."""
    account = Account(True, OWN, 71, 11)
    assert [f"pre-key-{number}.json" for number in range(1, 11)] == gone(pre_keys(range(1, 71)), Policy(), account)


def test_the_newest_stays_wherever_it_stands():
    """The key before `nextPreKeyId` stays although higher numbers fill the cap."""
    account = Account(True, OWN, 6, None)
    assert "pre-key-5.json" not in gone(pre_keys(range(1, 100)), Policy(), account)


@pytest.mark.parametrize(
    ("count", "upto", "expected"),
    [(150, 813, 100), (149, 813, 0), (150, 812, 0), (812, 813, 762)],
)
def test_a_batch_is_kept_while_it_is_a_hundred(count, upto, expected):
    """From 813 keys on, a hundred keys over the cap of one minute stay; ninety-nine do not."""
    account = Account(True, OWN, upto, 5000)
    decided = plan(pre_keys(range(1, count + 1)), Policy(), account, NOW)
    assert expected == decided.advertised
    assert (0 if expected else count - 50) == len(decided.removals)


@pytest.mark.parametrize(("seconds", "advertised"), [(60, 100), (60.000000001, 0)])
def test_a_batch_is_of_sixty_seconds(seconds, advertised):
    """A hundredth key of just a minute later belongs to the batch; a nanosecond more and there is no batch."""
    files = pre_keys(range(1, 151))
    files[0] = files[0]._replace(modified=files[0].modified + round(seconds * SECOND))
    assert advertised == plan(files, Policy(), Account(True, OWN, 813, 813), NOW).advertised


@pytest.mark.parametrize(
    ("account", "highest", "advertised"),
    [
        (unreadable("is empty"), 812, 100),
        (unreadable("is empty"), 811, 0),
        (ABSENT, 5000, 0),
        (Account(True, OWN, 5000, 5000), 150, 100),
    ],
)
def test_the_highest_number_stands_in_for_the_counter(account, highest, advertised):
    """A broken creds.json leaves guard 2 in force by the numbers on disk; a missing one leaves nothing to guard."""
    files = pre_keys(range(highest - 149, highest + 1))
    assert advertised == plan(files, Policy(), account, NOW).advertised


def test_a_key_without_a_date_may_belong_to_the_batch():
    """Of 120 keys over the cap, 30 cannot be dated: the other 90 still count as a batch of a hundred and stay."""
    account = Account(True, OWN, 813, 813)
    files = [auth_file(f"pre-key-{number}.json", None if number > 90 else 90) for number in range(1, 171)]
    assert [] == gone(files, account=account)


def test_the_guard_of_advertised_keys_can_be_switched_off():
    """With the setting off the cap applies to a fresh batch."""
    files = pre_keys(range(1, 813))
    policy = Policy(keep_advertised_pre_keys=False)
    assert 762 == len(gone(files, policy, Account(True, OWN, 813, 813)))


@pytest.mark.parametrize(
    ("key_age", "memory_age", "expected"),
    [
        (3, 3, [MEMORY, OWN_KEY]),
        (5, 2.9, []),
        (2.9, 5, []),
        (2.9, 2.9, []),
        (400, 3, [MEMORY, OWN_KEY]),
    ],
)
def test_own_key_and_memory_have_the_age_of_the_newer(key_age, memory_age, expected):
    """Both go at the newer one's limit, the memory first, or both stay."""
    assert expected == gone([auth_file(OWN_KEY, key_age), auth_file(MEMORY, memory_age)])


def test_own_keys_under_number_and_lid_and_the_memory_go_together():
    """Three files of one group have one age; the keys wait for the memory."""
    files = [auth_file(OWN_KEY, 5), auth_file(OWN_KEY_BY_NUMBER, 5), auth_file(MEMORY, 5)]
    removals = plan(files, Policy(), KNOWN, NOW).removals
    assert [(MEMORY, None), (OWN_KEY, MEMORY), (OWN_KEY_BY_NUMBER, MEMORY)] == [
        (verdict.file.name, verdict.memory) for verdict in removals
    ]
    assert [] == gone([*files[:2], auth_file(MEMORY, 1)])
    assert [] == gone([auth_file(OWN_KEY, 1), *files[1:]])


def test_own_keys_without_a_memory_follow_their_own_age():
    """Where there is no memory the pair rule does not apply: each own key goes at its own age."""
    assert [OWN_KEY_BY_NUMBER] == gone([auth_file(OWN_KEY, 1), auth_file(OWN_KEY_BY_NUMBER, 5)])


@pytest.mark.parametrize("blocked", [OWN_KEY, MEMORY])
@pytest.mark.parametrize("change", [{"modified": None}, {"sole": False}])
def test_a_pair_of_which_one_cannot_go_stays(blocked, change):
    """A hard link or a date that cannot be read keeps the whole pair."""
    files = [auth_file(OWN_KEY, 50), auth_file(MEMORY, 50)]
    assert [] == gone([file._replace(**change) if file.name == blocked else file for file in files])


def test_the_keys_of_others_are_not_tied_to_the_memory():
    """Another member's key, and this user's other device's, go alone while the memory stays."""
    other_device = f"sender-key-{GROUP}--{LID}_1--0.json"
    files = [auth_file(OTHERS_KEY, 5), auth_file(other_device, 5), auth_file(MEMORY, 1), auth_file(OWN_KEY, 1)]
    assert sorted([OTHERS_KEY, other_device]) == sorted(gone(files))


def test_the_memory_of_the_status_is_tied_to_nothing():
    """Own status key and status memory have their own ages: that memory is never read."""
    key, memory = f"sender-key-status@broadcast--{LID}_1--7.json", "sender-key-memory-status@broadcast.json"
    assert [key] == gone([auth_file(key, 5), auth_file(memory, 1)])
    assert [memory] == gone([auth_file(key, 1), auth_file(memory, 5)])


@pytest.mark.parametrize("account", [NAMELESS, unreadable("is empty")])
def test_of_nobody_known_any_key_takes_the_memory_with_it(account):
    """Where nobody can tell whose a key is, the memory goes with the first key of its group, however young."""
    files = [auth_file(OTHERS_KEY, 5), auth_file(OWN_KEY, 1), auth_file(MEMORY, 0)]
    assert {OTHERS_KEY: "*sender_key_age", OWN_KEY: "young", MEMORY: "*memory_goes_with_key"} == rules(
        files, Policy(), account
    )
    assert [MEMORY, OTHERS_KEY] == gone(files, Policy(), account)


def test_of_nobody_known_a_memory_that_cannot_go_keeps_the_keys():
    """A hard-linked memory keeps the keys of its group, which may be own."""
    files = [auth_file(OTHERS_KEY, 5), auth_file(MEMORY, 5, sole=False)]
    assert {OTHERS_KEY: "sender_key_pair", MEMORY: "hard_linked"} == rules(files, Policy(), NAMELESS)


def test_of_nobody_known_an_old_memory_goes_alone():
    """A memory is always safe to lose: it goes at its age while its group's keys are young."""
    files = [auth_file(OTHERS_KEY, 1), auth_file(MEMORY, 5)]
    assert [MEMORY] == gone(files, Policy(), NAMELESS)


def test_without_creds_there_is_no_identity_to_guard():
    """With creds.json absent, keys and memories follow their ages alone."""
    assert [OWN_KEY] == gone([auth_file(OWN_KEY, 5), auth_file(MEMORY, 1)], Policy(), ABSENT)


def test_removals_come_memories_first_and_pre_keys_last():
    """The order of the removals is memories, sender keys, sessions, pre-keys from the lowest number."""
    files = [
        *pre_keys(range(52, 0, -1)),
        auth_file("session-old.json", 50),
        auth_file(OTHERS_KEY, 5),
        auth_file("sender-key-memory-x.json", 5),
    ]
    expected = ["sender-key-memory-x.json", OTHERS_KEY, "session-old.json", "pre-key-1.json", "pre-key-2.json"]
    assert expected == gone(files)


def test_only_what_a_decision_needs_is_looked_at():
    """Names alone decide over protected and unknown files, own sessions and pre-keys within the cap."""
    needed = [f"session-{OTHER}.0.json", OTHERS_KEY, MEMORY, "pre-key-1.json"]
    others = ["creds.json", "x", f"session-{PN}.0.json", f"device-list-{OTHER}.json", f"lid-mapping-{OTHER}.json"]
    files = [auth_file(name, None) for name in needed + others]
    files += [auth_file(f"pre-key-{number}.json", None) for number in range(2, 52)]
    assert sorted(needed) == sorted(file.name for file in undated(files, Policy(), KNOWN))


def test_no_reason_shows_a_limit_as_reached_before_it_is():
    """One second before the limit the reason still says 13.9 days; at the limit it says 14.0."""
    name = f"session-{OTHER}.0.json"
    almost = auth_file(name)._replace(modified=NOW - 14 * DAY + SECOND)
    decided = plan([almost], Policy(), KNOWN, NOW)
    assert decided.keeps[0].reason.startswith("13.9 days old")
    assert plan([auth_file(name, 14)], Policy(), KNOWN, NOW).removals[0].reason.startswith("14.0 days old")


def test_every_kind_has_a_verdict():
    """Each kind the program knows is decided over, and the protected ones are kept by that name."""
    for kind in Kind:
        name = "pre-key-1.json" if kind is Kind.PRE_KEY else f"some-{kind}"
        decided = plan([auth_file(name)._replace(kind=kind)], Policy(), KNOWN, NOW)
        assert [(name, kind in PROTECTED)] == [(v.file.name, v.rule is Rule.PROTECTED) for v in decided.keeps]


GENTLE = Policy(preset=Preset.GENTLE)


@pytest.mark.parametrize(
    ("name", "standard", "gentle"),
    [
        (f"session-{OTHER}.0.json", "*session_replaced", "*session_replaced"),
        (f"session-{OTHER}_128.99.json", "*session_replaced", "*session_replaced"),
        (f"session-{LID[:-1]}2_1.0.json", "*session_age", "costs_retry"),
        ("session-15550000003.0.json", "*session_age", "costs_retry"),
        ("session-old.json", "*session_age", "costs_retry"),
        (f"session-{PN}.0.json", "own_session", "own_session"),
        (OWN_KEY, "*sender_key_pair_age", "*sender_key_pair_age"),
        (MEMORY, "*sender_key_pair_age", "*sender_key_pair_age"),
        (f"sender-key-status@broadcast--{PN}--7.json", "*sender_key_pair_age", "*sender_key_pair_age"),
        (OTHERS_KEY, "*sender_key_age", "costs_retry"),
        ("sender-key-x.json", "*sender_key_age", "costs_retry"),
        ("pre-key-1.json", "*pre_key_cap", "costs_retry"),
        ("pre-key-60.json", "pre_key_within_cap", "pre_key_within_cap"),
    ],
)
def test_gentle_takes_only_what_nobody_misses(name, standard, gentle):
    """Under gentle a year's age takes own sender keys, memories and replaced sessions, and nothing else."""
    files = [auth_file(f"lid-mapping-{OTHER}.json"), *pre_keys(range(1, 61), 365)]
    files += [auth_file(each, 365) for each in (OWN_KEY, MEMORY)]
    files += [] if name in {file.name for file in files} else [auth_file(name, 365)]
    account = KNOWN._replace(next_pre_key=61, first_not_uploaded=61)
    within = {"pre_key_within_cap": "pre_key_newest"}.get
    assert within(standard, standard) == rules(files, Policy(), account)[name]
    assert within(gentle, gentle) == rules(files, GENTLE, account)[name]


def test_gentle_leaves_the_ages_as_they_are():
    """A preset moves no limit: a replaced session and a pair that are young stay for that reason."""
    mapping = auth_file(f"lid-mapping-{OTHER}.json")
    files = [mapping, auth_file(f"session-{OTHER}.0.json", 13.9), auth_file(OWN_KEY, 2.9), auth_file(MEMORY, 5)]
    found = rules(files, GENTLE)
    assert {"protected", "young", "sender_key_pair"} == set(found.values())
    assert gone(files, Policy(preset=Preset.GENTLE, session_max_age_days=13)) == [f"session-{OTHER}.0.json"]


def test_gentle_takes_a_memory_but_no_key_where_nobody_can_tell_whose_it_is():
    """With creds.json unreadable any key may be another member's: it stays, and only an old memory goes."""
    files = [auth_file(OWN_KEY, 30), auth_file(OTHERS_KEY, 30), auth_file(MEMORY, 30)]
    assert [MEMORY] == gone(files, GENTLE, NAMELESS)
    assert [MEMORY] == gone(files, GENTLE, ABSENT)


def test_gentle_looks_only_at_what_may_go():
    """Sessions in use and other members' keys are told by their names; pre-keys over the cap are still counted."""
    files = [auth_file(name) for name in (OWN_KEY, OTHERS_KEY, MEMORY, "session-15550000003.0.json")]
    files += [auth_file(f"lid-mapping-{OTHER}.json"), auth_file(f"session-{OTHER}.0.json")]
    assert {OWN_KEY, MEMORY, f"session-{OTHER}.0.json"} == {file.name for file in undated(files, GENTLE, KNOWN)}


def test_gentle_still_knows_an_advertised_batch():
    """The level leaves the batch out under either preset: the guard speaks before the preset does."""
    account = Account(True, OWN, 813, 813)
    files = pre_keys(range(1, 813))
    assert 762 == plan(files, GENTLE, account, NOW).advertised
    assert 762 == plan(files, Policy(), account, NOW).advertised
