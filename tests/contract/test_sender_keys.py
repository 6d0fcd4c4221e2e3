"""Guard 3: a group's memory and its own sender key have one age; the memory goes first, the key in a later run."""

import json
import os

import pytest

from .world import (
    DAY,
    DEVICE,
    GROUP,
    LID,
    MEMORY,
    OTHER,
    OTHER_KEY,
    OWN_KEY,
    OWN_LID_KEY,
    PN,
    Company,
    Root,
    creds,
    immutable,
)

OLD, YOUNG = 10 * DAY, 1 * DAY


def sender_keys(company: Company) -> set[str]:
    """Give the sender keys and memories that are left."""
    return {os.fsdecode(name) for name in company.names() if name.startswith(b"sender-key-")}


def group(nth: int) -> str:
    """Give the JID of some group."""
    return f"12036300000000{nth:04}@g.us"


# The case: what is there with its age, and what of it goes.
PAIRS: dict[str, tuple[dict[str, float], set[str]]] = {
    "both old": ({OWN_KEY: OLD, MEMORY: OLD}, {MEMORY}),
    "both young": ({OWN_KEY: YOUNG, MEMORY: YOUNG}, set()),
    "young memory": ({OWN_KEY: OLD, MEMORY: YOUNG}, set()),
    "young key": ({OWN_KEY: YOUNG, MEMORY: OLD}, set()),
    "just short": ({OWN_KEY: OLD, MEMORY: 3 * DAY - 60}, set()),
    "just there": ({OWN_KEY: OLD, MEMORY: 3 * DAY}, {MEMORY}),
    "memory alone, old": ({MEMORY: OLD}, {MEMORY}),
    "memory alone, young": ({MEMORY: YOUNG}, set()),
    "key alone, old, as no run has seen it": ({OWN_KEY: OLD}, set()),
    "key alone, young": ({OWN_KEY: YOUNG}, set()),
    "LID, both old": ({OWN_LID_KEY: OLD, MEMORY: OLD}, {MEMORY}),
    "LID, young memory": ({OWN_LID_KEY: OLD, MEMORY: YOUNG}, set()),
    "LID, young key": ({OWN_LID_KEY: YOUNG, MEMORY: OLD}, set()),
    "number and LID, all old": (
        {OWN_KEY: OLD, OWN_LID_KEY: OLD, MEMORY: OLD},
        {MEMORY},
    ),
    "number and LID, one young": ({OWN_KEY: OLD, OWN_LID_KEY: YOUNG, MEMORY: OLD}, set()),
    "other's key, young memory": ({OTHER_KEY: OLD, MEMORY: YOUNG}, {OTHER_KEY}),
    "other's key, old memory": ({OTHER_KEY: YOUNG, MEMORY: OLD}, {MEMORY}),
    "other's key beside a young pair": ({OWN_KEY: YOUNG, OTHER_KEY: OLD, MEMORY: OLD}, {OTHER_KEY}),
    "other's young key beside an old pair": (
        {OWN_KEY: OLD, OTHER_KEY: YOUNG, MEMORY: OLD},
        {MEMORY},
    ),
    "domain is ignored": (
        {f"sender-key-{GROUP}--{PN}_128--{DEVICE}.json": OLD, MEMORY: YOUNG},
        set(),
    ),
    "LID without domain": ({f"sender-key-{GROUP}--{LID}--{DEVICE}.json": OLD, MEMORY: YOUNG}, set()),
    "another device of this account": (
        {f"sender-key-{GROUP}--{PN}--{DEVICE + 1}.json": OLD, MEMORY: YOUNG},
        {f"sender-key-{GROUP}--{PN}--{DEVICE + 1}.json"},
    ),
    "the phone of this account": (
        {f"sender-key-{GROUP}--{LID}_1--0.json": OLD, MEMORY: YOUNG},
        {f"sender-key-{GROUP}--{LID}_1--0.json"},
    ),
    "another group's memory": (
        {OTHER_KEY: OLD, OWN_KEY: OLD, f"sender-key-memory-{group(2)}.json": YOUNG},
        {OTHER_KEY},
    ),
    "an old group": (
        {
            f"sender-key-{OTHER}-1600000000@g.us--{PN}--{DEVICE}.json": OLD,
            f"sender-key-memory-{OTHER}-1600000000@g.us.json": YOUNG,
        },
        set(),
    ),
    "a broadcast list": (
        {
            f"sender-key-1600000000@broadcast--{PN}--{DEVICE}.json": OLD,
            "sender-key-memory-1600000000@broadcast.json": YOUNG,
        },
        set(),
    ),
    "status, young memory": (
        {
            f"sender-key-status@broadcast--{PN}--{DEVICE}.json": OLD,
            "sender-key-memory-status@broadcast.json": YOUNG,
        },
        {f"sender-key-status@broadcast--{PN}--{DEVICE}.json"},
    ),
    "status, young key": (
        {
            f"sender-key-status@broadcast--{PN}--{DEVICE}.json": YOUNG,
            "sender-key-memory-status@broadcast.json": OLD,
        },
        {"sender-key-memory-status@broadcast.json"},
    ),
    "a group outside the grammar, young memory": (
        {f"sender-key-x--{PN}--{DEVICE}.json": OLD, "sender-key-memory-x.json": YOUNG},
        set(),
    ),
    "a newsletter, both old": (
        {f"sender-key-16@newsletter--{PN}--{DEVICE}.json": OLD, "sender-key-memory-16@newsletter.json": OLD},
        {"sender-key-memory-16@newsletter.json"},
    ),
    "another's key of a group outside the grammar": (
        {f"sender-key-x--{OTHER}--{DEVICE}.json": OLD, "sender-key-memory-x.json": YOUNG},
        {f"sender-key-x--{OTHER}--{DEVICE}.json"},
    ),
    "a sender outside the grammar, young memory": (
        {f"sender-key-{GROUP}--{PN}--00000{DEVICE}.json": OLD, MEMORY: YOUNG},
        set(),
    ),
    "a sender outside the grammar, both old": (
        {f"sender-key-{GROUP}--{PN}--00000{DEVICE}.json": OLD, MEMORY: OLD},
        {MEMORY},
    ),
    "a sender outside the grammar, alone": (
        {f"sender-key-{GROUP}--{PN}--00000{DEVICE}.json": OLD},
        {f"sender-key-{GROUP}--{PN}--00000{DEVICE}.json"},
    ),
    "a longer user, not own": (
        {f"sender-key-{GROUP}--{PN}0--{DEVICE}.json": OLD, MEMORY: YOUNG},
        {f"sender-key-{GROUP}--{PN}0--{DEVICE}.json"},
    ),
}


def test_own_key_and_memory_share_one_age_and_one_fate(root: Root) -> None:
    """Each case of a pair, in a company of its own, loses exactly what the contract says."""
    companies = {}
    for nth, (files, _) in enumerate(PAIRS.values()):
        companies[nth] = root.company(str(nth))
        for name, age in files.items():
            companies[nth].put(name, age=age)
    dry = root.dry()
    planned = {case: set(dry.removals(str(nth))) for nth, case in enumerate(PAIRS)}
    assert planned == {case: gone for case, (_, gone) in PAIRS.items()}
    root.clean()
    left = {case: sender_keys(companies[nth]) for nth, case in enumerate(PAIRS)}
    assert left == {case: set(files) - gone for case, (files, gone) in PAIRS.items()}


@pytest.mark.parametrize(
    ("me", "lid", "own", "foreign"),
    [
        (f"{PN}@s.whatsapp.net", None, f"{PN}--0", f"{PN}--{DEVICE}"),
        (f"{PN}:12@s.whatsapp.net", None, f"{PN}--12", f"{PN}--1"),
        (f"{PN}:{DEVICE}@s.whatsapp.net", f"{LID}@lid", f"{LID}_1--0", f"{LID}_1--{DEVICE}"),
        (f"{PN}:{DEVICE}@s.whatsapp.net", f"{LID}:3@lid", f"{LID}_1--3", f"{LID}_1--{DEVICE}"),
    ],
)
def test_own_is_user_and_device_of_either_identity(
    root: Root, me: str, lid: str | None, own: str, foreign: str
) -> None:
    """The user and device of me.id and of me.lid are this account; another device is not."""
    company = root.company(content=creds(me=me, lid=lid))
    company.put(f"sender-key-{GROUP}--{own}.json", f"sender-key-{GROUP}--{foreign}.json", age=OLD)
    company.put(MEMORY, age=YOUNG)
    root.clean()
    assert sender_keys(company) == {f"sender-key-{GROUP}--{own}.json", MEMORY}


def test_the_memory_goes_first(root: Root) -> None:
    """Each memory goes in one run, and its own key in a later one, six hours on at the soonest."""
    company = root.company()
    memories = {f"sender-key-memory-{group(nth)}.json" for nth in range(20)}
    keys = {f"sender-key-{group(nth)}--{PN}--{DEVICE}.json" for nth in range(20)}
    company.put(*memories, *keys, age=OLD)
    first = root.clean("-v")
    assert set(first.removals()) == memories
    assert sender_keys(company) == keys
    (explained,) = json.loads(root.run("explain", "--company", company.id, "--json").out)["companies"]
    rules = {file["file"]: file["rule"] for file in explained["verdicts"] if file["file"] in keys}
    assert rules == dict.fromkeys(keys, "sender_key_after_memory")
    for clock in ("+1h", "+350m"):
        root.clean(clock=clock)
        assert sender_keys(company) == keys, clock
    second = root.clean("-v", clock="+370m")
    assert set(second.removals()) == keys
    assert {gone["rule"] for gone in [*first.removals().values(), *second.removals().values()]} == {
        "sender_key_pair_age"
    }
    assert sender_keys(company) == set()


def test_a_key_in_use_again_waits_anew(root: Root) -> None:
    """A key that was written since, or whose memory came back, does not go however long ago the memory went."""
    written, remembered, unused = (root.company(name).put(OWN_KEY, MEMORY, age=OLD) for name in "abc")
    root.clean()
    written.put(OWN_KEY)
    remembered.put(MEMORY)
    root.clean(clock="+2d")
    assert sender_keys(written) == {OWN_KEY}
    assert sender_keys(remembered) == {OWN_KEY, MEMORY}
    assert sender_keys(unused) == set()


def test_a_key_alone_counts_from_the_run_that_first_sees_it(root: Root) -> None:
    """Where no record tells of the memory, the key waits six hours from the first run on; a dry run records nothing."""
    company = root.company().put(OWN_KEY, age=OLD)
    root.dry()
    root.clean(clock="+7h")
    assert sender_keys(company) == {OWN_KEY}
    root.clean(clock="+14h")
    assert sender_keys(company) == set()


NOBODY = {
    "not paired": creds(me=None, lid=None),
    "broken": b"",
    "other shape": b'{"me": ["x"], "nextPreKeyId": 5, "firstUnuploadedPreKeyId": 5}',
    "nonsense": creds(me="nonsense", lid=None),
}


def test_with_an_unknown_account_any_key_is_of_the_pair(root: Root) -> None:
    """Where creds.json cannot tell who this account is, each key is treated as its group's own: nothing young goes."""
    second_key, second_memory = f"sender-key-{group(2)}--{OTHER}--0.json", f"sender-key-memory-{group(2)}.json"
    third_key, third_memory = f"sender-key-{group(3)}--{OTHER}--0.json", f"sender-key-memory-{group(3)}.json"
    lone = f"sender-key-{group(4)}--{OTHER}--0.json"
    for name, content in NOBODY.items():
        company = root.company(name, content).put(OTHER_KEY, third_key, third_memory, lone, age=OLD)
        company.put(MEMORY, age=0).put(second_key, second_memory, age=YOUNG)
    root.clean()
    for name in NOBODY:
        left = {path.name for path in (root.path / f"company_{name}").iterdir()} - {"creds.json"}
        assert left == {OTHER_KEY, MEMORY, second_key, second_memory, third_key}, name


def test_a_memory_that_cannot_go_keeps_its_key(root: Root) -> None:
    """A memory with a second hard link stays, so the own key stays; with an unknown account, any key does."""
    own, unknown = root.company("own"), root.company("unknown", creds(me=None, lid=None))
    for company, key in ((own, OWN_KEY), (unknown, OTHER_KEY)):
        company.put(key, MEMORY, f"session-{OTHER}.0.json", age=20 * DAY)
        os.link(company.path / MEMORY, root.path / f"elsewhere-{company.id}")
    own.put(OTHER_KEY, age=OLD)
    root.clean()
    assert sender_keys(own) == {OWN_KEY, MEMORY}, "another's key has no pair"
    assert sender_keys(unknown) == {OTHER_KEY, MEMORY}
    assert f"session-{OTHER}.0.json" not in own


def test_a_linked_memory_is_not_touched_and_keeps_its_key(root: Root) -> None:
    """A memory that is a symbolic link, which Baileys reads through, is never followed or moved: so the own key stays."""
    victim = root.path / "victim"
    victim.write_bytes(b"victim")
    company = root.company().put(OWN_KEY, age=OLD)
    (company.path / MEMORY).symlink_to(victim)
    root.clean()
    assert (company.path / MEMORY).is_symlink()
    assert victim.read_bytes() == b"victim"
    assert OWN_KEY in company


@pytest.mark.parametrize("days", ["7", "0"])
def test_a_memory_that_turns_out_to_be_stuck_keeps_its_key(root: Root, days: str) -> None:
    """Where taking the memory fails, the own key stays, the file is named as failed, and everything else goes on: status 1."""
    company = root.company().put(OWN_KEY, MEMORY, OTHER_KEY, age=OLD).put("session-1.0.json", age=20 * DAY)
    root.company("fine").put("session-1.0.json", age=20 * DAY)
    with immutable(company.path / MEMORY):
        result = root.clean("--undo-days", days, status=1)
        quiet = root.run("-q")
    found = result.companies["962302"]
    assert sender_keys(company) == {OWN_KEY, MEMORY}
    assert found["kinds"]["sender_key_memory"]["failed"] == 1
    assert (found["files"]["removed"], found["status"]) == (2, "failed")
    assert MEMORY in [error["file"] for error in found["errors"]]
    assert result.summary["status"] == "partial"
    assert (result.companies["fine"]["status"], result.companies["fine"]["files"]["removed"]) == ("cleaned", 1)
    assert (quiet.status, MEMORY in quiet.said) == (1, True)
