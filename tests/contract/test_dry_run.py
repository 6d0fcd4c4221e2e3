"""A dry run: the same plan with no hands."""

import os
import stat

from .world import (
    DAY,
    MEMORY,
    OWN_KEY,
    Root,
    creds,
    mounting,
    powerless,
    tree,
)


def messy(root: Root) -> None:
    """Make companies in which every rule and guard has something to say."""
    batch = root.company("batch", creds(upto=813)).pre_keys(range(1, 813))
    batch.put(*(f"session-{n}.0.json" for n in range(40)), age=20 * DAY)
    pair = root.company("pair", creds(upto=71)).put(OWN_KEY, MEMORY, age=5 * DAY).pre_keys(range(1, 71))
    os.link(pair.path / "pre-key-3.json", root.path / "second")
    (pair.path / "session-link.json").symlink_to("nowhere")
    root.company("none", None).put(*(f"session-{n}.0.json" for n in range(5)), age=20 * DAY)
    root.company("many").put(*(f"session-{n}.0.json" for n in range(60)), age=20 * DAY)


def test_it_changes_nothing_and_says_what_the_run_then_does(root: Root) -> None:
    """The tree is the same to the last date, no folder of the tool appears, and the real run removes just that."""
    messy(root)
    before = tree(root.path)
    fuse = {"BAILEYS_CLEANUP_MAX_REMOVALS": "50"}
    dry = root.dry(env=fuse, status=4)
    for args in (["-n"], ["-n", "-v"], ["-n", "-q"]):
        assert root.run(*args, env=fuse).status == 4
    assert tree(root.path) == before

    real = root.clean("-v", env=fuse, status=4)
    assert (dry.summary["dry_run"], real.summary["dry_run"]) == (True, False)
    volatile = {"run_id", "started_at", "duration_seconds", "dry_run"}
    about_a_company = {*dry.summary["companies"][0]} & {*real.summary["companies"][0]}
    stable = [{key: what for key, what in result.summary.items() if key not in volatile} for result in (dry, real)]
    for summary in stable:
        for company in summary["companies"]:
            for extra in company.keys() - about_a_company:
                del company[extra]
            company["warnings"] = bool(company["warnings"])
            for removal in company["removals"]:
                del removal["age_seconds"]
    assert stable[0] == stable[1]
    gone = before.keys() - tree(root.path).keys()
    planned = {f"company_{name}/{file}".encode() for name in ("batch", "pair", "none") for file in dry.removals(name)}
    assert gone == planned
    assert len(gone) > 50
    assert not any(name.startswith(b"company_none/") for name in gone), "nobody can tell whose sessions these are"


def test_it_leaves_the_state_of_earlier_runs_alone(root: Root) -> None:
    """With a quarantine, log and records of earlier runs, a dry run changes none of them."""
    root.company().put("session-1.0.json", age=20 * DAY)
    root.clean("--undo-days", "1")
    root.company("later").put("session-1.0.json", age=20 * DAY)
    before = tree(root.path)
    assert root.dry().companies["later"]["files"]["removed"] == 1
    assert tree(root.path) == before


def test_it_purges_nothing(root: Root) -> None:
    """What is due for deletion is not deleted by a dry run."""
    root.company().put("session-1.0.json", age=20 * DAY)
    root.clean()
    before = tree(root.path)
    root.dry("--accept-clock", clock="+9d")
    assert tree(root.path) == before


def test_it_takes_no_lock(root: Root) -> None:
    """A dry run works while another run holds the lock."""
    root.company().put("session-1.0.json", age=20 * DAY)
    with root.locked():
        assert root.dry().only["files"]["removed"] == 1


def test_it_needs_no_right_to_write(root: Root) -> None:
    """In folders without write permission a dry run says the same."""
    company = root.company().put("session-1.0.json", age=20 * DAY)
    company.path.chmod(0o500)
    root.path.chmod(0o500)
    try:
        assert root.dry(before=powerless()).only["files"]["removed"] == 1
    finally:
        root.path.chmod(0o700)
        company.path.chmod(0o700)


def test_it_works_on_a_read_only_mount(root: Root) -> None:
    """On a file system mounted read-only a dry run works, and a real one ends with status 2 or 1 and a sentence."""
    root.company().put("session-1.0.json", age=20 * DAY)
    here = str(root.path)
    read_only = mounting(f"mount --bind '{here}' '{here}'; mount -o remount,ro,bind '{here}'")
    assert root.dry(before=read_only).only["files"]["removed"] == 1
    before = tree(root.path)
    real = root.run(before=read_only)
    assert real.status == 2
    assert real.said.strip()
    assert tree(root.path) == before


def test_names_in_text_come_with_their_reason(root: Root) -> None:
    """The text of a dry run has a line for each file with a reason."""
    root.company(content=creds(upto=53)).put("session-1.0.json", age=20 * DAY).pre_keys(range(1, 53))
    lines = root.run("--dry-run").out.decode().splitlines()
    for name in ("session-1.0.json", "pre-key-1.json", "pre-key-2.json"):
        (line,) = (line for line in lines if name in line)
        assert len(line.replace(name, "").strip()) > 10
    assert not any("pre-key-3.json" in line for line in lines)


def test_the_tool_folder_of_a_real_run_is_private(root: Root) -> None:
    """What a real run makes, and a dry run does not, is one folder with mode 0700."""
    root.company().put("session-1.0.json", age=20 * DAY)
    root.dry()
    assert not root.tool.exists()
    root.clean()
    assert stat.S_IMODE(root.tool.stat().st_mode) == 0o700
