"""`rotation.selection`: what goes along into a new folder, and why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baileys_cleanup.decision.account import Account
from baileys_cleanup.decision.names import Kind
from baileys_cleanup.decision.plan import plan
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.rotation.plan import choose

from ..helpers import GROUP, KNOWN, LID, NOW, OTHER, PN, auth_file

POLICY = Policy(max_pre_keys=30)
ALONG = [
    "creds.json",
    "app-state-sync-key-AAAA.json",
    "app-state-sync-version-regular.json",
    f"lid-mapping-{OTHER}.json",
    f"device-list-{OTHER}.json",
    f"tctoken-{OTHER}@s.whatsapp.net.json",
    f"identity-key-{OTHER}.0.json",
    f"session-{PN}.0.json",
    f"session-{LID}_1.12.json",
    "pre-key-30.json",
    "what is this",
]
LEFT = [
    f"session-{OTHER}.0.json",
    "session-old.json",
    f"sender-key-{GROUP}--{OTHER}--0.json",
    f"sender-key-{GROUP}--{PN}--7.json",
    f"sender-key-memory-{GROUP}.json",
    "sender-key-memory-status@broadcast.json",
]


def chosen(names, account=KNOWN, policy=POLICY, age=0.0):
    """Choose over files of these names; give what is taken."""
    files = [auth_file(name, age=age) for name in names]
    return {choice.file.name: choice.taken for choice in choose(plan(files, policy, account, NOW), account)}


@pytest.mark.parametrize("age", [0, 400])
def test_all_but_conversations_with_others_goes_along(age):
    """Whatever their age: everything but others' sessions, sender keys and memories goes along."""
    assert dict.fromkeys(ALONG, True) | dict.fromkeys(LEFT, False) == chosen(ALONG + LEFT, age=age)


def test_own_sessions_go_along_whatever_the_settings():
    """The guard of the cleanup may be off: a rotation keeps the link to the phone all the same."""
    own = f"session-{PN}.0.json"
    assert {own: True} == chosen([own], policy=Policy(keep_own_sessions=False), age=400)


def test_pre_keys_go_along_by_the_rules_and_guards_of_a_cleanup():
    """Fifty with the highest numbers; and a batch that WhatsApp still hands out goes along as a whole."""
    names = [f"pre-key-{number}.json" for number in range(1, 81)]
    taken = chosen(names, account=Account(True, KNOWN.devices, 81, 81), policy=Policy())
    assert names[30:] == [name for name in names if taken[name]]
    batch = [f"pre-key-{number}.json" for number in range(1, 813)]
    account = Account(True, KNOWN.devices, 813, 813)
    assert all(chosen(batch, account=account, policy=Policy()).values())


NAMES = st.sampled_from(ALONG + LEFT) | st.text("sender-key-memory.json@gus0123_", min_size=1, max_size=30)


@given(st.sets(NAMES), st.floats(0, 400))
def test_a_memory_never_goes_along_and_every_file_is_decided_once(names, age):
    """Whatever lies there: each file has one choice, the pairing goes along, no memory does."""
    files = [auth_file(name, age=age) for name in names]
    choices = choose(plan(files, POLICY, KNOWN, NOW), KNOWN)
    assert sorted(names) == [choice.file.name for choice in choices]
    for choice in choices:
        assert choice.reason
        if choice.file.kind in {Kind.SENDER_KEY_MEMORY, Kind.SENDER_KEY}:
            assert not choice.taken
        elif choice.file.kind not in {Kind.SESSION, Kind.PRE_KEY}:
            assert choice.taken


def test_a_pre_key_of_a_former_pairing_stays_behind():
    """What is certainly of another pairing is not brought into the new folder; what may be of this one is."""
    files = [auth_file(f"pre-key-{number}.json", 1) for number in (29, 30, 31)] + [auth_file("pre-key-99.json", 60)]
    choices = choose(plan(files, POLICY, KNOWN, NOW), KNOWN)
    assert ["pre-key-99.json"] == [choice.file.name for choice in choices if not choice.taken]
