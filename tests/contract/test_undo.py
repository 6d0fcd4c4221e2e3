"""Undo: what a run removed comes back with its dates, and never over anything newer."""

import json
import os
import time
from functools import partial

import pytest

from .world import (
    DAY,
    DEVICE,
    GROUP,
    LID,
    MEMORY,
    OTHER,
    OTHER_KEY,
    OTHER_LID,
    OWN_KEY,
    PN,
    Root,
    creds,
    tree,
)

AHEAD = -50.0
"""The age of what counts as written in the last minute, and will for one minute and most of another."""


def full(root: Root) -> None:
    """Make two companies that lose something of every removable kind."""
    for name in ("962302", "123456"):
        company = root.company(name, creds(upto=71)).pre_keys(range(1, 71))
        company.put(OWN_KEY, MEMORY, OTHER_KEY, age=5 * DAY)
        company.put(f"session-{OTHER}.0.json", f"session-{OTHER_LID}_1.0.json", age=20 * DAY, content=name.encode())
        (company.path / f"session-{OTHER}.0.json").chmod(0o640)


PER_COMPANY = 20 + 2 + 2  # the own key goes in a later run


def test_undo_lists_the_runs(root: Root) -> None:
    """`undo` names each run that can be undone, and only those; it changes nothing."""
    assert root.run("undo").status == 0
    full(root)
    root.dry()
    first = root.clean("--company", "962302").summary["run_id"]
    nothing = root.clean("--company", "962302").summary["run_id"]
    second = root.clean().summary["run_id"]
    before = root.tree(), root.quarantine()
    for args in ([], ["--json"]):
        result = root.run("undo", *args)
        assert result.status == 0
        listed = [run_id in result.out.decode() for run_id in (first, second, nothing)]
        assert listed == [True, True, False]
    assert json.dumps(json.loads(result.out))
    assert (root.tree(), root.quarantine()) == before


def test_undo_brings_everything_back(root: Root) -> None:
    """Names, contents, dates and modes are as they were; the next run would remove the same, and undo says so."""
    full(root)
    before = root.files()
    result = root.clean()
    assert result.summary["totals"]["removed"] == 2 * PER_COMPANY
    run_id = result.summary["run_id"]
    undone = root.run("undo", run_id)
    assert undone.status == 0, undone
    assert root.files() == before
    assert root.quarantine() == {}
    assert "max_age_days" in undone.said or "max_pre_keys" in undone.said, "the setting that keeps them"
    assert run_id not in root.run("undo").out.decode()
    again = root.clean()
    assert again.summary["totals"]["removed"] == 2 * PER_COMPANY
    assert again.summary["run_id"] != run_id
    back = root.run("undo", again.summary["run_id"], "--json")
    assert back.status == 0
    json.loads(back.out)
    assert root.files() == before


def test_undo_of_one_company(root: Root) -> None:
    """--company brings back that company's files alone; the rest can be undone later."""
    full(root)
    before = root.files()
    run_id = root.clean().summary["run_id"]
    assert root.run("undo", run_id, "--company", "company_962302").status == 0
    back = {name for name in root.files() if name.startswith(b"company_962302/")}
    assert back == {name for name in before if name.startswith(b"company_962302/")}
    assert len(root.quarantine()) == PER_COMPANY
    assert run_id in root.run("undo").out.decode()
    assert root.run("undo", run_id).status == 0
    assert root.files() == before


WRONG_RUNS = [
    "20200101T000000Z-ffff",
    "",
    ".",
    "..",
    "../quarantine",
    "/",
    "*",
    "x/y",
    "20200101T000000Z-ffff/..",
]


def test_undo_of_a_run_that_is_not_there(root: Root) -> None:
    """An unknown run, or a word with a slash or dots, is status 2 and touches nothing; so is a company not in the run."""
    full(root)
    run_id = root.clean("--company", "962302").summary["run_id"]
    before, held = root.tree(), root.quarantine()
    runs = [*WRONG_RUNS, f"{run_id}/company_962302", f"{run_id}/", f"../quarantine/{run_id}"]
    calls = [partial(root.run, "undo", wrong) for wrong in runs]
    calls += [
        partial(root.run, "undo", run_id, "--company", wrong) for wrong in ("999", "..", "", "a/b", "../company_962302")
    ]
    for nth, call in enumerate(calls):  # one after the other: each takes the lock
        result = call()
        assert (result.status, bool(result.err.strip())) == (2, True), (nth, result)
    assert (root.tree(), root.quarantine()) == (before, held)


def test_undo_never_writes_over_what_is_there(root: Root) -> None:
    """A file that exists by now, of whatever make, wins; the old one stays in the quarantine and is named."""
    company = root.company()
    names = [f"session-{n}.0.json" for n in range(6)]
    company.put(*names, age=20 * DAY, content=b"old")
    run_id = root.clean().summary["run_id"]
    company.put(names[0], content=b"new").put(names[1], content=b"old, but rewritten", age=400 * DAY)
    company.put(names[2], content=b"")
    (company.path / names[3]).symlink_to("nowhere")
    (company.path / names[4]).mkdir()
    before, held = tree(company.path), root.quarantine()
    result = root.run("undo", run_id, "--anyway")
    assert result.status in {0, 1}
    after = tree(company.path)
    assert {name: what for name, what in after.items() if name in before and name} == {
        name: what for name, what in before.items() if name
    }
    assert (company.path / names[5]).read_bytes() == b"old"
    assert [name for name in names[:5] if name not in result.said] == []
    left = root.quarantine()
    assert left == {name: what for name, what in held.items() if not name.endswith(names[5].encode())}
    # What stays can still be undone once the way is free.
    for name in names[:3]:
        (company.path / name).unlink()
    root.run("undo", run_id, "--anyway")
    assert (company.path / names[0]).read_bytes() == b"old"


SECOND_GROUP = "120363000000000009@g.us"
OTHER_PAIR = (f"sender-key-{SECOND_GROUP}--{LID}_1--{DEVICE}.json", f"sender-key-memory-{SECOND_GROUP}.json")


@pytest.mark.parametrize("newer", [OWN_KEY, MEMORY])
def test_own_key_and_memory_come_back_together_or_stay(root: Root, newer: str) -> None:
    """With a newer half in place the other half of the pair stays in the quarantine, and both are named."""
    company = root.company().put(OWN_KEY, MEMORY, OTHER_KEY, *OTHER_PAIR, age=5 * DAY, content=b"old")
    memories = root.clean().summary["run_id"]
    keys = root.clean(clock="+7h").summary["run_id"]
    assert {os.path.basename(name).decode() for name in root.quarantine(keys)} == {OWN_KEY, OTHER_PAIR[0]}
    company.put(newer, content=b"new")
    undone = root.run("undo", keys, "--anyway"), root.run("undo", memories, "--anyway")
    assert company.names() == {os.fsencode(name) for name in ("creds.json", newer, OTHER_KEY, *OTHER_PAIR)}
    assert (company.path / newer).read_bytes() == b"new"
    assert OWN_KEY in undone[0].said
    assert MEMORY in undone[1].said
    assert {os.path.basename(name).decode() for name in root.quarantine()} == {OWN_KEY, MEMORY}


def test_a_memory_does_not_come_back_without_its_key(root: Root) -> None:
    """A memory whose key went in a later run waits for that run to be undone; then all is as it was."""
    company = root.company().put(OWN_KEY, MEMORY, age=5 * DAY)
    before = root.files()
    memories = root.clean().summary["run_id"]
    keys = root.clean(clock="+7h").summary["run_id"]
    alone = root.run("undo", memories)
    assert company.names() == {b"creds.json"}
    assert MEMORY in alone.said
    assert root.run("undo", keys).status == 0
    assert root.run("undo", memories).status == 0
    assert root.files() == before


def test_a_mapping_that_was_there_before_is_no_reason_to_stay(root: Root) -> None:
    """Undo only returns to what was: a session beside its mapping comes back, unless the LID's was written since."""
    names = [f"session-{OTHER}.0.json", "session-15550000003.0.json"]
    company = root.company().put(*names, age=20 * DAY)
    for number, lid in ((OTHER, OTHER_LID), ("15550000003", "100000000000003")):
        company.put(f"lid-mapping-{number}.json", age=30 * DAY, content=f'"{lid}"'.encode())
    run_id = root.clean().summary["run_id"]
    company.put("session-100000000000003_1.0.json")
    result = root.run("undo", run_id, "--anyway")
    assert names[0] in company
    assert names[1] not in company
    assert names[1] in result.said


def test_nothing_comes_back_into_another_pairing(root: Root) -> None:
    """A folder that was paired anew gets none of the former account's keys; both accounts are named."""
    company = root.company().put(f"session-{OTHER}.0.json", OTHER_KEY, age=20 * DAY)
    run_id = root.clean().summary["run_id"]
    company.put("creds.json", content=creds(me="15550000009:3@s.whatsapp.net", lid=None))
    held = root.quarantine()
    result = root.run("undo", run_id)
    assert company.names() == {b"creds.json"}
    assert root.quarantine() == held
    assert f"{PN}:{DEVICE}" in result.said
    assert "15550000009:3" in result.said


def test_a_copy_goes_and_comes_back_with_its_file(root: Root) -> None:
    """`<name>.json.bak` beside a file that goes goes with it, and undo brings back both; alone it stays."""
    names = [f"session-{OTHER}.0.json", OTHER_KEY]
    copies = [f"{name}.bak" for name in names]
    company = root.company().put(*names, *copies, "session-9.0.json.bak", age=20 * DAY)
    before = root.files()
    run_id = root.clean().summary["run_id"]
    assert company.names() == {b"creds.json", b"session-9.0.json.bak"}
    assert root.run("undo", run_id).status == 0
    assert root.files() == before


def test_status_has_no_pair_to_undo(root: Root) -> None:
    """A status key comes back though a newer status memory exists."""
    key, memory = (
        f"sender-key-status@broadcast--{PN}--{DEVICE}.json",
        "sender-key-memory-status@broadcast.json",
    )
    company = root.company().put(key, memory, age=5 * DAY, content=b"old")
    run_id = root.clean().summary["run_id"]
    company.put(memory, content=b"new")
    root.run("undo", run_id, "--anyway")
    assert key in company
    assert (company.path / memory).read_bytes() == b"new"


def test_a_phone_number_session_with_a_lid_mapping_stays(root: Root) -> None:
    """Sessions that Baileys has moved to a LID by now stay in the quarantine and are named; others come back."""
    moved = [f"session-{OTHER}.0.json", f"session-{OTHER}.7.json", f"session-{OTHER}_128.99.json"]
    others = [
        f"session-{OTHER_LID}_1.0.json",
        "session-15550000003.0.json",
        "session-x.json",
        f"session-{OTHER}0.0.json",
    ]
    company = root.company().put(*moved, *others, age=20 * DAY)
    run_id = root.clean().summary["run_id"]
    company.put(f"lid-mapping-{OTHER}.json", f"lid-mapping-{OTHER_LID}_reverse.json", content=b'"x"')
    result = root.run("undo", run_id, "--anyway")
    assert result.status in {0, 1}
    back = {name for name in company.names() if name.startswith(b"session-")}
    assert back == {os.fsencode(name) for name in others}
    assert [name for name in moved if name not in result.said] == []
    assert len(root.quarantine()) == len(moved)
    # Without the mapping they come back after all.
    (company.path / f"lid-mapping-{OTHER}.json").unlink()
    assert root.run("undo", run_id, "--anyway").status == 0
    assert root.quarantine() == {}


def test_undo_follows_no_link(root: Root) -> None:
    """A company folder that was replaced by a link gets nothing, and nor does what it points to."""
    company = root.company().put("session-1.0.json", age=20 * DAY)
    run_id = root.clean().summary["run_id"]
    victim = root.path.parent / "victim"
    victim.mkdir()
    (company.path / "creds.json").unlink()
    company.path.rmdir()
    company.path.symlink_to(victim)
    result = root.run("undo", run_id)
    assert result.status != 0
    assert list(victim.iterdir()) == []
    assert len(root.quarantine()) == 1


def test_undo_where_the_company_is_gone(root: Root) -> None:
    """Files of a company that has no folder any more are neither lost nor silently dropped."""
    company = root.company().put("session-1.0.json", age=20 * DAY)
    run_id = root.clean().summary["run_id"]
    (company.path / "creds.json").unlink()
    company.path.rmdir()
    result = root.run("undo", run_id)
    assert "962302" in result.said
    assert len(root.quarantine()) + sum(b"session-1.0" in name for name in root.files()) == 1


def test_undo_brings_back_what_is_due_if_no_run_came_between(root: Root) -> None:
    """Time alone deletes nothing: until a later run purges, undo still works."""
    root.company().put("session-1.0.json", age=20 * DAY)
    before = root.files()
    run_id = root.clean("--undo-days", "1").summary["run_id"]
    root.run("undo", run_id, clock="+9d")
    assert root.files() == before


def test_undo_at_another_limit_names_what_keeps_the_files(root: Root) -> None:
    """After undo and with the setting it names raised, the next run leaves the files alone."""
    root.company().put("session-1.0.json", age=20 * DAY)
    before = root.files()
    undone = root.run("undo", root.clean().summary["run_id"])
    assert "session_max_age_days" in undone.said
    root.clean(env={"BAILEYS_CLEANUP_RETENTION__SESSION_MAX_AGE_DAYS": "60"})
    assert root.files() == before


def test_group_names_in_use_here_are_the_libraries(root: Root) -> None:
    """The pair under test is one group's: a slip in the names would make the tests above prove nothing."""
    assert GROUP in OWN_KEY
    assert GROUP in MEMORY
    assert f"--{PN}--{DEVICE}.json" in OWN_KEY


def test_a_run_that_something_else_emptied_is_named(root: Root) -> None:
    """An old `find -delete` empties the quarantine; undo says so instead of saying that there was nothing."""
    full(root)
    assert root.run().status == 0
    for path in (root.tool / "quarantine").glob("*/*/*"):
        path.unlink()
    listed = root.run("undo")
    assert listed.status == 1
    assert "is gone from the quarantine, and not by this tool" in listed.said
    refused = root.run("undo", "latest")
    assert refused.status == 2
    assert "is gone from the quarantine" in refused.said


def test_undo_asks_to_stop_the_bot(root: Root) -> None:
    """A folder written in the last minute is refused, status 4, and nothing moves; --anyway goes on."""
    company = root.company().put(f"session-{OTHER}.0.json", age=20 * DAY)
    run_id = root.clean().summary["run_id"]
    company.put("lid-mapping-15550000004.json", age=AHEAD, content=b'"1"')
    before, held = root.files(), root.quarantine()
    refused = root.run("undo", run_id)
    assert (refused.status, root.files(), root.quarantine()) == (4, before, held)
    assert "stop it first" in refused.said
    company.put("lid-mapping-15550000004.json", age=61, content=b'"1"')
    assert root.run("undo", run_id).status == 0
    again = root.clean().summary["run_id"]
    company.put("lid-mapping-15550000004.json", age=AHEAD, content=b'"1"')
    assert root.run("undo", again, "--anyway", "--json").status == 0
    assert f"session-{OTHER}.0.json" in company


def test_one_company_at_work_keeps_no_other_from_its_files(root: Root) -> None:
    """What was refused is named with its reason, the others have theirs back, and the worst status wins."""
    full(root)
    before = root.files()
    run_id = root.clean().summary["run_id"]
    os.utime(root.path / "company_123456" / "creds.json", (time.time() - AHEAD,) * 2)
    result = root.run("undo", run_id, "--json")
    assert result.status == 4
    document = json.loads(result.out)
    assert document["status"] == "refused"
    counts = {company["company_id"]: company["files"] for company in document["companies"]}
    assert counts["962302"] == {"restored": PER_COMPANY, "stayed": 0}
    assert counts["123456"] == {"restored": 0, "stayed": PER_COMPANY}
    assert {name for name in before if b"962302" in name} <= set(root.files())


def identity(data: str) -> dict[str, object]:
    """Give the public identity key of a login."""
    return {"signedIdentityKey": {"public": {"type": "Buffer", "data": data}}}


@pytest.mark.parametrize(
    "content",
    [
        creds(me=f"15557777777:{DEVICE}@s.whatsapp.net"),
        creds(me=f"{PN}:9@s.whatsapp.net"),
        creds(**identity("BQ==")),
        creds(me=None, lid=None),
    ],
)
def test_keys_of_one_pairing_never_come_into_the_folder_of_another(root: Root, content: bytes) -> None:
    """Another number, another device, the same device paired anew, a folder begun anew: status 4 even --anyway."""
    full(root)
    company = root.path / "company_962302"
    (company / "creds.json").write_bytes(creds(upto=71, **identity("BA==")))
    run_id = root.clean("--company", "962302").summary["run_id"]
    (company / "creds.json").write_bytes(content)
    os.utime(company / "creds.json", (0, 1_790_000_000))
    before, held = root.files(), root.quarantine()
    for args in ([], ["--anyway"]):
        result = root.run("undo", run_id, *args)
        assert (result.status, root.files(), root.quarantine()) == (4, before, held)
        assert f"pairing {PN}:{DEVICE}" in result.said


def test_a_run_without_a_noted_pairing_says_so_and_asks(root: Root) -> None:
    """The record of an older run stays usable: nobody can compare, so --anyway has to be said."""
    full(root)
    before = root.files()
    run_id = root.clean().summary["run_id"]
    (noted,) = (root.tool / "runs").glob("*.pairings")
    noted.unlink()
    refused = root.run("undo", run_id)
    assert refused.status == 4
    assert "no record of a pairing" in refused.said
    assert "--anyway" in refused.said
    assert root.run("undo", run_id, "--anyway").status == 0
    assert root.files() == before
