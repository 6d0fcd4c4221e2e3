"""`authfile`: what a name says, in every form the library writes and in forms that only look like it."""

import pytest

from baileys_cleanup.decision.names import (
    PROTECTED,
    REMOVABLE,
    Address,
    Kind,
    SenderKeyName,
    is_second_name,
    kind_of,
    mapping_name,
    memory_name,
    read_pre_key,
    read_sender_key,
    read_sender_key_memory,
    read_session,
    senders_of,
    sorted_by_kind,
)

OF_THE_LIBRARY = [
    ("creds.json", Kind.CREDS),
    ("pre-key-1.json", Kind.PRE_KEY),
    ("pre-key-16777215.json", Kind.PRE_KEY),
    ("session-15550000002.7.json", Kind.SESSION),
    ("session-100000000000002_1.0.json", Kind.SESSION),
    ("session-15550000009_128.99.json", Kind.SESSION),
    ("session-100000000000009_129.99.json", Kind.SESSION),
    ("sender-key-120363000000000001@g.us--100000000000002_1--7.json", Kind.SENDER_KEY),
    ("sender-key-15550000002-1600000000@g.us--15550000002--0.json", Kind.SENDER_KEY),
    ("sender-key-status@broadcast--15550000002--0.json", Kind.SENDER_KEY),
    ("sender-key-1600000000@broadcast--15550000002--0.json", Kind.SENDER_KEY),
    ("sender-key-memory-120363000000000001@g.us.json", Kind.SENDER_KEY_MEMORY),
    ("sender-key-memory-status@broadcast.json", Kind.SENDER_KEY_MEMORY),
    ("app-state-sync-key-AACpMw==.json", Kind.APP_STATE_SYNC_KEY),
    ("app-state-sync-key-AAD______4v.json", Kind.APP_STATE_SYNC_KEY),
    ("app-state-sync-version-critical_unblock_low.json", Kind.APP_STATE_SYNC_VERSION),
    ("lid-mapping-15550000002.json", Kind.LID_MAPPING),
    ("lid-mapping-100000000000002_reverse.json", Kind.LID_MAPPING),
    ("device-list-15550000002.json", Kind.DEVICE_LIST),
    ("tctoken-100000000000002@lid.json", Kind.TCTOKEN),
    ("tctoken-__index.json", Kind.TCTOKEN),
    ("identity-key-100000000000002_1.7.json", Kind.IDENTITY_KEY),
]
OF_OTHERS = [
    ("session-old.json", Kind.SESSION),
    ("session-backup.json.json", Kind.SESSION),
    ("session- .json", Kind.SESSION),
    ("session-\u200b.json", Kind.SESSION),
    ("sender-key-x.json", Kind.SENDER_KEY),
    ("sender-key-memory-x.json", Kind.SENDER_KEY_MEMORY),
    ("sender-key-memory-.json", Kind.SENDER_KEY),
    ("app-state-sync-regular.json", Kind.APP_STATE_SYNC_VERSION),
    ("app-state-sync-key-.json", Kind.APP_STATE_SYNC_VERSION),
    ("app-state-sync-version-x.json.tmp", Kind.APP_STATE_SYNC_VERSION),
]
UNKNOWN = [
    "",
    ".json",
    "session-.json",
    "sender-key-.json",
    "lid-mapping-.json",
    "app-state-sync-",
    "session-1.0.json.tmp",
    "session-1.0.json.bak",
    "session-1.0.JSON",
    "Session-1.0.json",
    " session-1.0.json",
    "session-1.0.json ",
    "session-1.0.json\n",
    "session-1\n.0.json",
    "session-1\x1b[0m.json",
    "session-1\x7f.json",
    "session-1\x85.json",
    "session-\udcff.json",
    "app-state-sync-key-\n.json",
    "creds.json.bak",
    "creds.json\n",
    "xcreds.json",
    "creds-json",
    "pre-key-.json",
    "pre-key-0.json",
    "pre-key-01.json",
    "pre-key-x.json",
    "pre-key--1.json",
    "pre-key-1.5.json",
    "pre-key-\u0661.json",
    "pre-key-1_0.json",
    "sessions-1.0.json",
    "contacts-tc-token-15550000002.json",
]


@pytest.mark.parametrize(("name", "kind"), OF_THE_LIBRARY + OF_OTHERS)
def test_a_name_has_the_kind_of_its_pattern(name, kind):
    """A name that fits a pattern as a whole has that pattern's kind, whoever wrote it."""
    assert kind is kind_of(name)


@pytest.mark.parametrize("name", UNKNOWN)
def test_any_other_name_is_unknown(name):
    """A name that fits no pattern as a whole is unknown, however near it comes."""
    assert Kind.UNKNOWN is kind_of(name)


@pytest.mark.parametrize("name", [name for name, _ in OF_THE_LIBRARY + OF_OTHERS] + UNKNOWN)
def test_a_name_alone_is_sorted_to_its_kind(name):
    """However names are sorted, none that has to stay ends among those of a kind that a rule may remove."""
    assert {kind_of(name): [name]} == sorted_by_kind([name])


@pytest.mark.parametrize(
    "names",
    [
        ["sender-key-1@g.us--2--0.json", "sender-key-memory-.json"],
        ["session-1.0.json", "session-2.0.json", "session-3\x1b.json"],
        ["session-1.0.json", "session-2.0.json", "session-3\u0085.json"],
        ["session-1.0.json", "session-2.0.json", "session-3.0.json.tmp"],
        ["session-1.0.json.tmp", "session-2.0.json"],
        ["pre-key", "pre-key-1.json", "sender-key", "session", "session-1.0.json", "tctoken"],
        ["session-3", "session-4.json/session-5.json"],  # no store has a slash in a name, and nothing hangs on that
        ["pre-key-1.json", "pre-key-02.json", "pre-key-3.json"],
        [name for name, _ in OF_THE_LIBRARY],
        [name for name, _ in OF_THE_LIBRARY + OF_OTHERS] + UNKNOWN,
        [],
    ],
)
def test_names_among_others_are_sorted_to_their_kinds(names):
    """One odd name changes nothing for the others, is not taken for one of them, and none is lost or told twice."""
    expected = {}
    for name in sorted(names):
        expected.setdefault(kind_of(name), []).append(name)
    assert expected == sorted_by_kind(names)


def test_no_kind_is_protected_and_removable():
    """The kinds that never go and the kinds that have a rule are the contract's, and share nothing."""
    assert {"creds", "app_state_sync_key", "app_state_sync_version", "lid_mapping"} == PROTECTED
    assert {"session", "sender_key", "sender_key_memory", "pre_key"} == REMOVABLE


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("session-15550000002.7.json", Address("15550000002", None, 7)),
        ("session-100000000000002_1.0.json", Address("100000000000002", 1, 0)),
        ("session-15550000009_128.99.json", Address("15550000009", 128, 99)),
        ("session-15550000002.65535.json", Address("15550000002", None, 65535)),
        ("session-15550000002.655350.json", None),
        ("session-15550000002.json", None),
        ("session-15550000002_.0.json", None),
        ("session-15550000002_1_1.0.json", None),
        ("session-15550000002.0.json.bak", None),
        ("session-\u0661\u0662.0.json", None),
        ("session-backup.json", None),
        ("session-15550000002.0.json\n", None),
    ],
)
def test_a_session_names_its_device(name, address):
    """A session in the library's grammar gives user, domain and device; any other gives nobody."""
    assert address == read_session(name)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        (
            "sender-key-120363000000000001@g.us--100000000000002_1--7.json",
            SenderKeyName("120363000000000001@g.us", Address("100000000000002", 1, 7)),
        ),
        (
            "sender-key-15550000002-1600000000@g.us--15550000002--0.json",
            SenderKeyName("15550000002-1600000000@g.us", Address("15550000002", None, 0)),
        ),
        (
            "sender-key-status@broadcast--15550000002--0.json",
            SenderKeyName("status@broadcast", Address("15550000002", None, 0)),
        ),
        (
            "sender-key-1600000000@broadcast--15550000002--0.json",
            SenderKeyName("1600000000@broadcast", Address("15550000002", None, 0)),
        ),
        ("sender-key-a@lid--15550000002--0.json", SenderKeyName("a@lid", Address("15550000002", None, 0))),
        ("sender-key-a--b--15550000002--0.json", SenderKeyName("a--b", Address("15550000002", None, 0))),
        ("sender-key-1@g.us--15550000002.json", SenderKeyName("1@g.us", None)),
        ("sender-key-1@g.us--15550000002--x.json", SenderKeyName("1@g.us", None)),
        ("sender-key-1@g.us--15550000002--000007.json", SenderKeyName("1@g.us", None)),
        ("sender-key-1@g.us-15550000002-0.json", None),
        ("sender-key-memory-1@g.us--2--0.json", None),
        ("sender-key-1@g.us--2--0.json.bak", None),
    ],
)
def test_a_sender_key_names_group_and_sender(name, key):
    """A sender key gives its group whatever kind that is, and its sender where the library would write it so."""
    assert key == read_sender_key(name)


@pytest.mark.parametrize(
    ("names", "senders"),
    [
        (["sender-key-1@g.us--2--0.json", "sender-key-a--b--3_1--7.json"], ["2", "3"]),
        (["sender-key-1@g.us--2--0.json", "sender-key-1@g.us--x--0.json"], None),
        (["sender-key-1@g.us--2--0.json", "sender-key---2--0.json"], None),
        ([], []),
    ],
)
def test_senders_are_told_at_once_or_not_at_all(names, senders):
    """One key whose sender nobody can read, and none is taken for another member's by this look."""
    assert senders == senders_of(names)


@pytest.mark.parametrize(
    "group", ["120363000000000001@g.us", "15550000002-16@g.us", "16@broadcast", "status@broadcast"]
)
def test_a_memory_and_its_group_name_each_other(group):
    """The name of a group's memory is of the kind memory, and reads back as that group."""
    assert group == read_sender_key_memory(memory_name(group))
    assert Kind.SENDER_KEY_MEMORY is kind_of(memory_name(group))


@pytest.mark.parametrize("name", ["sender-key-1@g.us.json", "sender-key-memory-.json", "sender-key-memory-x.json.bak"])
def test_what_is_no_memory_names_no_group(name):
    """Only a memory tells the group that it is of."""
    assert read_sender_key_memory(name) is None


@pytest.mark.parametrize(
    ("name", "second"),
    [
        ("session-1.0.json.bak", True),
        ("pre-key-1.json.bak", True),
        ("sender-key-memory-1@g.us.json.bak", True),
        ("creds.json.bak", False),
        ("lid-mapping-1.json.bak", False),
        ("app-state-sync-key-A.json.bak", False),
        ("device-list-1.json.bak", False),
        ("session-1.0.json", False),
        ("session-1.0.bak", False),
        ("pre-key-x.json.bak", False),
        ("session-1.0.json.bak.bak", False),
    ],
)
def test_a_second_name_is_of_a_file_that_a_rule_may_remove(name, second):
    """Only the copy of a session, a sender key, a memory or a pre-key is one."""
    assert second == is_second_name(name)


def test_a_pre_key_gives_its_number():
    """The number is a number: 99 comes before 812."""
    assert [99, 812] == sorted(map(read_pre_key, ["pre-key-812.json", "pre-key-99.json"]))


@pytest.mark.parametrize(
    ("domain", "name"), [(None, "lid-mapping-1555.json"), (128, "lid-mapping-1555.json"), (1, None), (129, None)]
)
def test_only_a_phone_number_has_a_mapping(domain, name):
    """A phone number's session, hosted or not, is replaced by its LID mapping; a LID's is by none."""
    assert name == mapping_name(Address("1555", domain, 0))
