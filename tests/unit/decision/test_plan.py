"""`retention`: the table of rules and guards, each at its boundary. The properties are in tests/properties."""

import pytest

from baileys_cleanup.decision.account import ABSENT, Account, read_account, unreadable
from baileys_cleanup.decision.names import PROTECTED, Kind
from baileys_cleanup.decision.plan import plan, undated
from baileys_cleanup.decision.policy import Policy, Preset
from baileys_cleanup.decision.verdict import MemoryGone, Rule

from ..helpers import DAY, GROUP, KNOWN, LID, NOW, OTHER, OWN, PN, SECOND, auth_file

OWN_KEY = f"sender-key-{GROUP}--{LID}_1--7.json"
OWN_KEY_BY_NUMBER = f"sender-key-{GROUP}--{PN}--7.json"
OTHERS_KEY = f"sender-key-{GROUP}--{OTHER}--0.json"
MEMORY = f"sender-key-memory-{GROUP}.json"
NAMELESS = Account(True)
HOUR = DAY // 24


def rules(files, policy=None, account=KNOWN, **more):
    """Give each name with its rule, and a star at those that go; each file has one verdict, and nothing else has."""
    decided = plan(files, policy or Policy(), account, NOW, **more)
    verdicts = [*decided.removals, *decided.keeps]
    assert sorted(file.name for file in files) == sorted(verdict.file.name for verdict in verdicts)
    return {v.file.name: ("*" if v.remove else "") + v.rule for v in verdicts}


def pre_keys(numbers, age=90):
    """Give pre-keys of one age."""
    return [auth_file(f"pre-key-{number}.json", age) for number in numbers]


def gone(files, policy=None, account=KNOWN, **more):
    """Give the names that go, in order."""
    return [verdict.file.name for verdict in plan(files, policy or Policy(), account, NOW, **more).removals]


def since(days, *keys, removed=True):
    """Give what was remembered of keys whose memory went some days ago."""
    return {key: MemoryGone(NOW - int(days * DAY), removed) for key in keys or (OWN_KEY,)}


@pytest.mark.parametrize(
    ("name", "seconds", "expected"),
    [
        (f"session-{OTHER}.0.json", 14 * 86_400, "*session_age"),
        (f"session-{OTHER}.0.json", 14 * 86_400 - 1, "young"),
        ("session-old.json", 14 * 86_400, "*session_age"),
        (OTHERS_KEY, 3 * 86_400, "*sender_key_age"),
        (OTHERS_KEY, 3 * 86_400 - 1, "young"),
        (OWN_KEY, 3 * 86_400, "sender_key_after_memory"),
        (OWN_KEY, 3 * 86_400 - 1, "young"),
        (MEMORY, 3 * 86_400, "*sender_key_memory_age"),
        (MEMORY, 3 * 86_400 - 1, "young"),
        (f"session-{OTHER}.0.json", -1, "young"),
        (f"session-{PN}.0.json", 3000 * 86_400, "own_session"),
        (f"session-{LID}_1.99.json", 3000 * 86_400, "own_session"),
        ("creds.json", 3000 * 86_400, "protected"),
        ("app-state-sync-key-AACpMw==.json", 3000 * 86_400, "protected"),
        ("app-state-sync-version-regular.json", 3000 * 86_400, "protected"),
        (f"lid-mapping-{OTHER}.json", 3000 * 86_400, "protected"),
        (f"device-list-{OTHER}.json", 3000 * 86_400, "no_rule"),
        (f"tctoken-{OTHER}@s.whatsapp.net.json", 3000 * 86_400, "no_rule"),
        (f"identity-key-{OTHER}.0.json", 3000 * 86_400, "no_rule"),
        ("session-1.0.json.tmp", 3000 * 86_400, "unknown_name"),
    ],
)
def test_a_single_file_follows_its_rule(name, seconds, expected):
    """Alone in its folder, a file of each kind has the rule and the second of the table."""
    file = auth_file(name)._replace(modified=NOW - seconds * SECOND)
    assert {name: expected} == rules([file])


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"modified": None}, "date_unknown"),
        ({"sole": False}, "hard_linked"),
        ({"modified": 0}, "date_impossible"),
        ({"modified": 499_162_500 * SECOND}, "date_impossible"),
        ({"modified": NOW + DAY + 1}, "date_impossible"),
    ],
)
@pytest.mark.parametrize("name", [f"session-{OTHER}.0.json", OTHERS_KEY, MEMORY, "pre-key-1.json"])
def test_what_cannot_be_judged_or_is_linked_twice_stays(name, change, rule):
    """A file without a date, with one that cannot be, or with several hard links, is kept whatever its kind."""
    files = [auth_file(name, 3000)._replace(**change), *pre_keys(range(101, 151))]
    assert rule == rules(files, account=KNOWN._replace(next_pre_key=151, first_not_uploaded=151))[name]


@pytest.mark.parametrize(("ahead", "rule"), [(1, "young"), (DAY, "young"), (DAY + 1, "date_impossible")])
def test_the_future_is_told(ahead, rule):
    """A day ahead is young, a nanosecond more is no age; either way the reason says where the date lies."""
    (verdict,) = plan([auth_file("session-old.json")._replace(modified=NOW + ahead)], Policy(), KNOWN, NOW).keeps
    assert rule == verdict.rule
    assert verdict.reason.startswith("dated in the future")


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


@pytest.mark.parametrize("first", [True, False])
def test_what_was_written_at_another_time_is_of_no_batch(first):
    """Beside a hundred keys of one upload, one of an hour earlier or later goes, and the hundred stay."""
    other = "pre-key-1.json" if first else "pre-key-101.json"
    files = pre_keys(range(1, 152))
    files = [f._replace(modified=f.modified + (-HOUR if first else HOUR)) if f.name == other else f for f in files]
    assert [other] == gone(files, account=Account(True, OWN, 813, 813))


@pytest.mark.parametrize(
    ("account", "highest", "advertised"),
    [
        (unreadable("is empty"), 812, 100),
        (unreadable("is empty"), 811, 0),
        (ABSENT, 812, 100),
        (ABSENT, 811, 0),
        (Account(True, OWN, 5000, 5000), 150, 100),
    ],
)
def test_the_highest_number_stands_in_for_the_counter(account, highest, advertised):
    """A creds.json that is broken or missing leaves guard 2 in force by the numbers on disk."""
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


def test_numbers_beyond_the_counter_do_not_count():
    """Thirty live keys stay whatever lies above the counter, and no number of it is called not uploaded."""
    files = pre_keys(range(1, 31), 1) + pre_keys(range(31, 501), 60)
    found = rules(files)
    assert [] == gone(files)
    assert {"pre_key_within_cap", "pre_key_newest"} == {found[f"pre-key-{number}.json"] for number in range(1, 31)}
    assert {"pre_key_former_pairing"} == {found[f"pre-key-{number}.json"] for number in range(31, 501)}


@pytest.mark.parametrize(
    ("below", "above", "expected"),
    [
        (1, 60, "pre_key_former_pairing"),
        (None, 60, "pre_key_not_counted"),
        (60, 1, "pre_key_not_counted"),
        (1, 1 + 60 / 86_400, "pre_key_not_counted"),
        (1, 1 + 61 / 86_400, "pre_key_former_pairing"),
        (1, None, "pre_key_not_counted"),
    ],
)
def test_only_the_dates_prove_a_former_pairing(below, above, expected):
    """Above the counter, what was written before a lower number is of a former pairing; anything else may be new."""
    files = pre_keys(range(40, 45), above)
    files += [] if below is None else pre_keys([7], below)
    assert expected == rules(files, Policy(former_pairing_days=1000))["pre-key-40.json"]


def test_what_is_of_a_former_pairing_can_age_out():
    """With the setting, keys of a former pairing go at its age, under either preset, the lowest first."""
    files = pre_keys(range(1, 31), 1) + pre_keys([41, 40], 30) + pre_keys([50], 29.9)
    for policy in (Policy(former_pairing_days=30), Policy(Preset.GENTLE, former_pairing_days=30)):
        assert ["pre-key-40.json", "pre-key-41.json"] == gone(files, policy)
        found = rules(files, policy)
        assert ("*pre_key_former_pairing_age", "pre_key_former_pairing") == (
            found["pre-key-40.json"],
            found["pre-key-50.json"],
        )


@pytest.mark.parametrize(
    ("key_age", "memory_age", "expected"),
    [
        (3, 3, [MEMORY]),
        (5, 2.9, []),
        (2.9, 5, []),
        (2.9, 2.9, []),
        (400, 3, [MEMORY]),
    ],
)
def test_own_key_and_memory_have_the_age_of_the_newer(key_age, memory_age, expected):
    """At the newer one's limit the memory goes and the key stays; before, both stay."""
    files = [auth_file(OWN_KEY, key_age), auth_file(MEMORY, memory_age)]
    assert expected == gone(files)
    assert ("sender_key_after_memory" if expected else "sender_key_pair") == rules(files)[OWN_KEY]


def test_the_key_is_remembered_when_its_memory_goes():
    """Keys under number and LID stay in the run that takes the memory, and are handed back with its moment."""
    files = [auth_file(OWN_KEY, 5), auth_file(OWN_KEY_BY_NUMBER, 5), auth_file(OTHERS_KEY, 1), auth_file(MEMORY, 5)]
    decided = plan(files, Policy(), KNOWN, NOW)
    assert [MEMORY] == [verdict.file.name for verdict in decided.removals]
    assert since(0, OWN_KEY, OWN_KEY_BY_NUMBER) == decided.waiting
    assert {} == plan([*files[:3], auth_file(MEMORY, 1)], Policy(), KNOWN, NOW).waiting


@pytest.mark.parametrize(("days", "goes"), [(0, False), (0.25 - 1 / DAY, False), (0.25, True), (2.9, True)])
@pytest.mark.parametrize("removed", [True, False])
def test_the_key_follows_six_hours_later(days, goes, removed):
    """A key that was not written since its memory went, or was first found missing, goes six hours later."""
    decided = plan([auth_file(OWN_KEY, 5)], Policy(), KNOWN, NOW, waiting=since(days, removed=removed))
    assert [goes] == [verdict.rule is Rule.SENDER_KEY_PAIR_AGE for verdict in [*decided.removals, *decided.keeps]]
    (reason,) = [verdict.reason for verdict in [*decided.removals, *decided.keeps]]
    assert removed == ("its memory went on 2026-11-" in reason)
    assert since(days, removed=removed) == decided.waiting


@pytest.mark.parametrize("remembered", [{}, since(4 + 1 / DAY), since(-1)])
def test_a_key_alone_counts_from_the_run_that_sees_it(remembered):
    """Nothing remembered, a key written since, or a moment yet to come: it counts from now."""
    decided = plan([auth_file(OWN_KEY, 4)], Policy(), KNOWN, NOW, waiting=remembered)
    assert [Rule.SENDER_KEY_AFTER_MEMORY] == [verdict.rule for verdict in decided.keeps]
    assert {OWN_KEY: (NOW, False)} == decided.waiting
    assert decided.waiting[OWN_KEY].removed is False  # it is written down, and nothing but true and false is read


def test_a_key_that_was_not_written_since_counts_from_its_memory():
    """A key of the very moment in which its memory went is not a newer one."""
    decided = plan([auth_file(OWN_KEY, 4)], Policy(), KNOWN, NOW, waiting=since(4))
    assert [OWN_KEY] == [verdict.file.name for verdict in decided.removals]
    assert since(4) == decided.waiting


def test_a_memory_that_came_back_holds_its_key():
    """Whatever was remembered, a key whose memory is there stays, and is remembered no more."""
    decided = plan([auth_file(OWN_KEY, 5), auth_file(MEMORY, 1)], Policy(), KNOWN, NOW, waiting=since(3))
    assert ([], {}) == (decided.removals, decided.waiting)


def test_own_keys_without_a_memory_follow_their_own_age():
    """Where there is no memory each own key goes at its own age, once it has waited."""
    files = [auth_file(OWN_KEY, 1), auth_file(OWN_KEY_BY_NUMBER, 5)]
    assert [OWN_KEY_BY_NUMBER] == gone(files, waiting=since(0.9, OWN_KEY, OWN_KEY_BY_NUMBER))


@pytest.mark.parametrize("group", ["120363000000000009@newsletter", "100000000000009@lid", "x", "x--y"])
def test_a_group_of_a_kind_to_come_has_a_pair(group):
    """Whatever names the same group in key and memory is a pair, and so is a key whose sender nobody can read."""
    memory = f"sender-key-memory-{group}.json"
    for sender in (f"{PN}--7", f"{LID}_1--7"):
        key = f"sender-key-{group}--{sender}.json"
        assert [] == gone([auth_file(key, 5), auth_file(memory, 1)])
        assert [memory] == gone([auth_file(key, 5), auth_file(memory, 5)])
    unreadable_sender = f"sender-key-{group.partition('--')[0]}--{PN}_1_1--7.json"
    assert [] == gone(
        [auth_file(unreadable_sender, 5), auth_file(f"sender-key-memory-{group.partition('--')[0]}.json", 1)]
    )
    assert [unreadable_sender] == gone([auth_file(unreadable_sender, 5)])


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


def test_every_key_of_a_group_is_decided_over():
    """Whichever key comes first, by its name, the others of the group have a verdict too."""
    first, last = f"sender-key-{GROUP}--1000--0.json", f"sender-key-{GROUP}--9000--0.json"
    files = [auth_file(name, 5) for name in (first, OWN_KEY, last, MEMORY)]
    expected = {first: "*sender_key_age", last: "*sender_key_age", MEMORY: "*sender_key_pair_age"}
    assert expected | {OWN_KEY: "sender_key_after_memory"} == rules(files)


def test_the_memory_of_the_status_is_tied_to_nothing():
    """Own status key and status memory have their own ages: that memory is never read."""
    key, memory = f"sender-key-status@broadcast--{LID}_1--7.json", "sender-key-memory-status@broadcast.json"
    assert [key] == gone([auth_file(key, 5), auth_file(memory, 1)])
    assert [memory] == gone([auth_file(key, 1), auth_file(memory, 5)])


@pytest.mark.parametrize("account", [NAMELESS, unreadable("is empty"), ABSENT])
def test_of_nobody_known_every_key_is_treated_as_own(account):
    """Where nobody can tell whose keys these are, all of a group with a memory have one age, and follow it later."""
    files = [auth_file(OTHERS_KEY, 5), auth_file(OWN_KEY, 1), auth_file(MEMORY, 5)]
    assert [] == gone(files, Policy(), account)
    files = [auth_file(OTHERS_KEY, 5), auth_file(OWN_KEY, 3), auth_file(MEMORY, 5)]
    decided = plan(files, Policy(), account, NOW)
    assert [MEMORY] == [verdict.file.name for verdict in decided.removals]
    assert since(0, OTHERS_KEY, OWN_KEY) == decided.waiting
    later = plan(files[:2], Policy(), account, NOW + DAY // 4, waiting=decided.waiting)
    assert {OTHERS_KEY, OWN_KEY} == {verdict.file.name for verdict in later.removals}
    assert [] == plan(files[:2], Policy(), account, NOW + DAY // 4 - 1, waiting=decided.waiting).removals


def test_of_nobody_known_a_key_without_a_memory_follows_its_age():
    """A group without a memory has no pair to guard where nobody knows whose keys these are."""
    assert {OTHERS_KEY: "*sender_key_age"} == rules([auth_file(OTHERS_KEY, 5)], Policy(), ABSENT)


def test_of_nobody_known_a_memory_that_cannot_go_keeps_the_keys():
    """A hard-linked memory keeps the keys of its group, which may be own."""
    files = [auth_file(OTHERS_KEY, 5), auth_file(MEMORY, 5, sole=False)]
    assert {OTHERS_KEY: "sender_key_pair", MEMORY: "hard_linked"} == rules(files, Policy(), NAMELESS)


@pytest.mark.parametrize("strangers", [{MEMORY}, {MEMORY + ".bak"}])
def test_a_memory_that_nobody_may_remove_keeps_the_key(strangers):
    """A link in the place of the memory, or of its copy, is read by Baileys: the key stays."""
    files = [auth_file(OWN_KEY, 5)]
    assert {OWN_KEY: "sender_key_pair"} == rules(files, strangers=strangers, waiting=since(1))


@pytest.mark.parametrize("account", [ABSENT, unreadable("is empty"), read_account(b'{"me": {"id": "nobody"}}')])
def test_of_nobody_known_no_session_goes(account):
    """Where creds.json does not say who this is, any session may be with an own device: all stay."""
    name = f"session-{OTHER}.0.json"
    assert {name: "account_unknown"} == rules([auth_file(name, 3000)], Policy(keep_own_sessions=False), account)


def test_of_an_account_that_is_not_paired_sessions_go():
    """A creds.json that says that nobody is paired yet has told who this is."""
    assert ["session-old.json"] == gone([auth_file("session-old.json", 50)], Policy(), NAMELESS)


SESSION = f"session-{OTHER}.0.json"


@pytest.mark.parametrize("name", [SESSION, OTHERS_KEY, MEMORY, "pre-key-1.json"])
def test_what_goes_takes_its_copy_along(name):
    """The copy under a second name goes right before its file, whatever its own age, and the file waits for it."""
    account = KNOWN._replace(next_pre_key=151, first_not_uploaded=151)
    files = [auth_file(name, 30), auth_file(f"{name}.bak", 0), *pre_keys(range(101, 151), 1)]
    removals, keeps, _ = plan(files, Policy(), account, NOW)
    assert [(f"{name}.bak", None), (name, f"{name}.bak")] == [(v.file.name, v.second) for v in removals]
    assert Rule.SECOND_NAME is removals[0].rule
    assert f"{name}.bak" not in {verdict.file.name for verdict in keeps}  # nobody is told that it stays


def test_a_copy_alone_is_unknown_and_stays():
    """A copy of nothing, or of a file that stays, has no rule."""
    assert {f"{SESSION}.bak": "unknown_name"} == rules([auth_file(f"{SESSION}.bak", 3000)])
    assert "unknown_name" == rules([auth_file(SESSION, 1), auth_file(f"{SESSION}.bak", 3000)])[f"{SESSION}.bak"]
    for name in ("creds.json", f"lid-mapping-{OTHER}.json", f"device-list-{OTHER}.json"):
        assert [] == gone([auth_file(name, 3000), auth_file(f"{name}.bak", 3000)])


@pytest.mark.parametrize("change", [{"modified": None}, {"sole": False}, {"modified": 0}])
def test_a_copy_that_cannot_go_keeps_its_file(change):
    """An older state that would come to life keeps the file it belongs to."""
    files = [auth_file(SESSION, 30), auth_file(f"{SESSION}.bak", 30)._replace(**change)]
    assert {SESSION: "second_name_stays", f"{SESSION}.bak": "unknown_name"} == rules(files)
    assert {SESSION: "second_name_stays"} == rules(files[:1], strangers={f"{SESSION}.bak"})


def test_removals_come_memories_first_and_pre_keys_last():
    """The order of the removals is memories, sender keys, sessions, pre-keys from the lowest number."""
    files = [
        *pre_keys(range(52, 0, -1)),
        auth_file("session-old.json", 50),
        auth_file(OTHERS_KEY, 5),
        auth_file("sender-key-memory-x.json", 5),
    ]
    expected = ["sender-key-memory-x.json", OTHERS_KEY, "session-old.json", "pre-key-1.json", "pre-key-2.json"]
    assert expected == gone(files, account=KNOWN._replace(next_pre_key=53, first_not_uploaded=53))


def test_only_what_a_decision_needs_is_looked_at():
    """Names alone decide over protected and unknown files, own sessions and pre-keys within the cap."""
    needed = [f"session-{OTHER}.0.json", OTHERS_KEY, MEMORY, "pre-key-1.json", f"{OTHERS_KEY}.bak"]
    others = [
        "creds.json",
        "x",
        f"session-{PN}.0.json.bak",
        "creds.json.bak",
        f"session-{PN}.0.json",
        f"device-list-{OTHER}.json",
        f"lid-mapping-{OTHER}.json",
    ]
    files = [auth_file(name, None) for name in needed + others]
    files += [auth_file(f"pre-key-{number}.json", None) for number in range(2, 52)]
    account = KNOWN._replace(next_pre_key=52, first_not_uploaded=52)
    assert sorted(needed) == sorted(file.name for file in undated(files, Policy(), account))


def test_numbers_beyond_the_counter_are_dated_with_all_others():
    """Where a number is beyond the counter, the dates of all pre-keys tell of which pairing it is."""
    files = pre_keys([1, 2, 40], None)
    assert files == undated(files, Policy(), KNOWN)
    assert [] == undated(files[:2], Policy(), KNOWN)


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


@pytest.mark.parametrize("policy", [Policy(), Policy(preset=Preset.GENTLE)])
def test_a_mapping_beside_the_files_replaces_as_one_among_them(policy):
    """Who makes no file of what stays names the mappings: the same session goes, for the same reason."""
    session, mapping = auth_file(f"session-{OTHER}.0.json", 20), auth_file(f"lid-mapping-{OTHER}.json", 99)
    among = plan([session, mapping], policy, KNOWN, NOW).removals
    assert among == plan([session], policy, KNOWN, NOW, mappings={mapping.name}).removals
    assert [Rule.SESSION_REPLACED] == [verdict.rule for verdict in among]


@pytest.mark.parametrize(
    ("name", "standard", "gentle"),
    [
        (f"session-{OTHER}.0.json", "*session_replaced", "*session_replaced"),
        (f"session-{OTHER}_128.99.json", "*session_replaced", "*session_replaced"),
        (f"session-{LID[:-1]}2_1.0.json", "*session_age", "costs_retry"),
        ("session-15550000003.0.json", "*session_age", "costs_retry"),
        ("session-old.json", "*session_age", "costs_retry"),
        (f"session-{PN}.0.json", "own_session", "own_session"),
        (OWN_KEY, "sender_key_after_memory", "sender_key_after_memory"),
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
    for account in (NAMELESS, ABSENT):
        decided = plan(files, GENTLE, account, NOW)
        assert [MEMORY] == [verdict.file.name for verdict in decided.removals]
        removals, keeps, _ = plan(files[:2], GENTLE, account, NOW + DAY, waiting=decided.waiting)
        assert [] == removals
        assert {(OWN_KEY, Rule.COSTS_RETRY), (OTHERS_KEY, Rule.COSTS_RETRY)} == {(v.file.name, v.rule) for v in keeps}


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
