"""`choice`: what a restore does with each file; no older ratchet by default, and nothing that exists is overwritten."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baileys_cleanup.backups.restore_plan import (
    RATCHETS,
    Identity,
    Present,
    Step,
    choose_missing,
    choose_whole,
    compare,
    leave_in_archive,
)
from baileys_cleanup.decision.account import Account, read_account, unreadable
from baileys_cleanup.decision.names import Kind, kind_of

from ..helpers import GROUP, KNOWN, PN, creds
from .helpers import entry

MEMORY = f"sender-key-memory-{GROUP}.json"
OWN = f"sender-key-{GROUP}--{PN}--7.json"
THEIRS = f"sender-key-{GROUP}--15550000009--0.json"
SESSION = "session-15550000002.0.json"
STAY = ["creds.json", "app-state-sync-key-AA.json", "app-state-sync-version-regular.json", "lid-mapping-1.json"]
STAY += ["identity-key-1.0.json", "tctoken-1@lid.json", "pre-key-7.json", "notes.txt"]
GO = [SESSION, OWN, THEIRS, MEMORY, "device-list-15550000002.json"]
ALL = [*STAY, *GO]


def archived(names):
    """Give the entries of an archive."""
    return [entry(name, f"archived {name}".encode()) for name in names]


def here(names, whole=True, same=False):
    """Give what is in the folder."""
    return {name: Present(entry(name, f"archived {name}".encode()).sha256 if same else "x", whole) for name in names}


def missing(names, present, everything=False, account=KNOWN, identity=Identity.SAME):
    """Choose for a folder that stays; gives name to step."""
    choices = choose_missing(archived(names), present, account, identity, everything=everything)
    return {choice.name: choice.step for choice in choices}


def whole(names, present, everything=False, account=KNOWN, identity=Identity.SAME):
    """Choose for a folder that is built anew; gives name to step."""
    choices = choose_whole(archived(names), present, account, identity, everything=everything)
    assert len(choices) == len({choice.name for choice in choices})
    return {choice.name: choice.step for choice in choices}


def test_what_ratchets_is_left_out_and_everything_else_put_back():
    """Into an empty folder: creds, app state, LID mappings, identity keys, tokens, all pre-keys, what is unknown."""
    for choose in (missing, whole):
        assert dict.fromkeys(STAY, Step.RESTORED) | dict.fromkeys(GO, Step.LEFT_OUT) == choose(ALL, {})
        assert dict.fromkeys(ALL, Step.RESTORED) == choose(ALL, {}, everything=True)


def test_every_kind_was_thought_of():
    """The four kinds that ratchet, and a reason for each."""
    assert {Kind.SESSION, Kind.SENDER_KEY, Kind.SENDER_KEY_MEMORY, Kind.DEVICE_LIST} == set(RATCHETS)
    assert {kind_of(name) for name in ALL} == set(Kind)


@pytest.mark.parametrize("everything", [False, True])
def test_what_exists_stays(everything):
    """Whatever is asked for, nothing that exists is touched when the folder stays."""
    assert dict.fromkeys(ALL, Step.KEPT) == missing(ALL, here(ALL), everything=everything)


@pytest.mark.parametrize(
    ("name", "present", "identity", "wants"),
    [
        ("creds.json", Present("x", whole=False), Identity.BROKEN, True),
        ("creds.json", Present("x", whole=True), Identity.NAMELESS, True),
        ("creds.json", Present("x", whole=True), Identity.SAME, False),
        ("pre-key-7.json", Present("x", whole=False), Identity.SAME, True),
        (SESSION, Present("x", whole=False), Identity.SAME, False),
    ],
)
def test_what_is_not_well_is_said(name, present, identity, wants):
    """A broken file that stays wants the operator, and the sentence names the way on; a session heals by itself."""
    (choice,) = choose_missing(archived([name]), {name: present}, KNOWN, identity, everything=False)
    assert (Step.KEPT, wants) == (choice.step, choice.open)
    assert wants == ("--replace" in choice.reason)


def test_a_pair_comes_back_together_or_not_at_all():
    """With everything: where the group has a key or a memory by now, neither comes; others' keys do."""
    names = [OWN, MEMORY, THEIRS]
    both = {OWN: Step.RESTORED, MEMORY: Step.RESTORED, THEIRS: Step.RESTORED}
    assert both == missing(names, {}, everything=True)
    assert both | {OWN: Step.KEPT, MEMORY: Step.LEFT_OUT} == missing(names, here([OWN]), everything=True)
    assert both | {MEMORY: Step.KEPT, OWN: Step.LEFT_OUT} == missing(names, here([MEMORY]), everything=True)
    other = OWN.replace("--7", "--7").replace(PN, "100000000000001_1")
    assert both | {OWN: Step.LEFT_OUT, MEMORY: Step.LEFT_OUT} == missing(names, here([other]), everything=True)


def test_a_memory_without_its_key_never_comes():
    """An archive that has none: the whole group could not read."""
    assert {MEMORY: Step.LEFT_OUT, THEIRS: Step.RESTORED} == missing([MEMORY, THEIRS], {}, everything=True)
    assert {MEMORY: Step.LEFT_OUT, THEIRS: Step.RESTORED} == whole([MEMORY, THEIRS], {}, everything=True)


def test_a_session_stays_away_once_the_contact_has_a_mapping():
    """A mapping that came after the backup: version 7 could copy the old session over the present one."""
    mapping = "lid-mapping-15550000002.json"
    assert {SESSION: Step.LEFT_OUT} == missing([SESSION], here([mapping]), everything=True)
    assert Step.RESTORED is missing([SESSION, mapping], here([mapping]), everything=True)[SESSION]


def test_a_folder_built_anew_has_the_archive_and_the_newer_ratchets():
    """What ratchets comes along from the present folder, and so does what the archive does not have."""
    extra = ["pre-key-99.json", "lid-mapping-9.json"]
    found = whole(ALL, here([*ALL, *extra]))
    assert dict.fromkeys(STAY, Step.RESTORED) | dict.fromkeys([*GO, *extra], Step.KEPT) == found


def test_with_everything_the_archive_goes_before():
    """Its ratchets as well; only what it does not have comes along."""
    found = whole(ALL, here([*ALL, "session-9.0.json"]), everything=True)
    assert dict.fromkeys(ALL, Step.RESTORED) | {"session-9.0.json": Step.KEPT} == found


def test_nothing_of_another_account_comes_along():
    """Its sessions and keys are of no use to the archived one; they stay in the folder that is set aside."""
    found = whole(ALL, here([*ALL, "pre-key-99.json"]), identity=Identity.OTHER)
    aside = dict.fromkeys([*GO, "pre-key-99.json"], Step.SET_ASIDE)
    assert dict.fromkeys(STAY, Step.RESTORED) | aside == found


def test_a_broken_ratchet_does_not_come_along():
    """Baileys reads it as missing; and no memory comes along whose key is broken or missing."""
    assert Step.SET_ASIDE is whole([], here([SESSION], whole=False))[SESSION]
    assert Step.SET_ASIDE is whole([], here([MEMORY]))[MEMORY]
    assert {OWN: Step.SET_ASIDE, MEMORY: Step.SET_ASIDE} == whole([], here([OWN], whole=False) | here([MEMORY]))
    assert {OWN: Step.KEPT, MEMORY: Step.KEPT} == whole([], here([OWN, MEMORY]))


def test_a_pair_comes_from_one_side():
    """With everything and a key in the archive alone, the present memory speaks of another key."""
    assert {OWN: Step.RESTORED, MEMORY: Step.SET_ASIDE} == whole([OWN], here([OWN, MEMORY]), everything=True)


@pytest.mark.parametrize(
    ("present", "problem", "identity"),
    [
        (None, "is missing", Identity.ABSENT),
        (None, "is empty", Identity.BROKEN),
        (read_account(creds()), None, Identity.SAME),
        (read_account(creds(me={"id": f"{PN}:8@s.whatsapp.net"})), None, Identity.OTHER),
        (read_account(b"{}"), None, Identity.NAMELESS),
    ],
)
def test_identities_are_told_apart(present, problem, identity):
    """The same device, another device of the same number (a new pairing), nobody, nothing to read, nothing."""
    assert identity is compare(present, problem, KNOWN)


def test_without_a_pairing_in_the_archive():
    """Two folders without one are the same; one with a pairing is another."""
    nobody = read_account(b"{}")
    assert (Identity.SAME, Identity.OTHER) == (compare(nobody, None, nobody), compare(KNOWN, None, nobody))


names_in = st.lists(st.sampled_from([*ALL, "session-9.0.json", "pre-key-99.json"]), unique=True)
accounts = st.sampled_from([KNOWN, Account(present=True), unreadable("is empty")])


@given(names_in, names_in, st.booleans(), st.sampled_from(Identity), st.tuples(accounts, st.booleans()))
def test_every_file_has_one_fate(in_archive, in_folder, everything, identity, other):
    """In either way every file is decided once, and by default no ratchet ever comes from the archive."""
    account, sound = other
    present = here(in_folder, whole=sound)
    found = missing(in_archive, present, everything, account, identity)
    assert set(in_archive) == set(found)
    assert all((step is Step.KEPT) == (name in present) for name, step in found.items())
    built = whole(in_archive, present, everything, account, identity)
    assert {*in_archive, *in_folder} == set(built)
    for name, step in {**found, **built}.items():
        if kind_of(name) in RATCHETS and not everything:
            assert step is not Step.RESTORED


@given(names_in, names_in, st.booleans(), st.sampled_from(Identity), st.booleans())
def test_no_built_folder_has_a_memory_without_its_key(in_archive, in_folder, everything, identity, sound):
    """Whatever the two sides have: a memory is in it only with an own key of the same side."""
    present = here(in_folder, whole=sound)
    built = whole(in_archive, present, everything, KNOWN, identity)
    if built.get(MEMORY) in {Step.RESTORED, Step.KEPT}:
        assert built[MEMORY] is built.get(OWN)


def test_what_has_no_place_in_the_store_stays_in_the_archive():
    """Whatever was decided about it, and about nothing else."""
    choices = choose_missing(archived(["creds.json", "notes.txt"]), {}, KNOWN, Identity.ABSENT, everything=False)
    creds, notes = leave_in_archive(choices, {"notes.txt", "not in it"})
    assert creds == choices[0]
    assert (notes.name, notes.step, notes.open) == ("notes.txt", Step.LEFT_OUT, False)
    assert "no place" in notes.reason
