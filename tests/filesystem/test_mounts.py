"""Mounts: the tool stays on the one file system of the sessions root, and a full or read-only disk costs nothing."""

import errno
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from baileys_cleanup.errors import UsageProblem

from .conditions import needs_mounts
from .runner import LAZY, clean, days_ago, in_mounts, mount, tool, tool_in_child, undo
from .trees import (
    TOOL,
    Fact,
    audited,
    census,
    company,
    creds,
    leftovers,
    quarantined,
    sessions,
    snapshot,
    survivors,
    write,
)

pytestmark = pytest.mark.slow

FILES = sessions(range(3))


FULL = ("No space left on device", "the disk is full", "the disk has no free inode")


@pytest.fixture(autouse=True)
def _mounts() -> None:
    """Skip where nothing can be mounted."""
    needs_mounts()


# --- what is mounted elsewhere --------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["a folder of the same disk", "a tmpfs"])
def test_a_company_on_a_mount_of_its_own_is_left_alone(disk_root: Path, what: str) -> None:
    """From there nothing could be moved into the quarantine and back: failed, with a sentence; the others go on."""

    def work() -> None:
        company(disk_root, "1", *FILES)
        here = disk_root / "company_2"
        if what == "a tmpfs":
            here.mkdir()
            mount("-t", "tmpfs", "tmpfs", here)
            write(here / "creds.json", 20, creds())  # without it no session goes
            for name in FILES:
                write(here / name, 20)
        else:
            victim = company(disk_root.parent / "elsewhere", "victim", *FILES)
            here.mkdir()
            mount("--bind", victim, here)
        before = snapshot(here)
        for dry_run in (True, False):
            ran = clean(disk_root, dry_run=dry_run)
            assert ran.companies["1"].total.removed == 3
            told = " ".join(ran.companies["2"].warnings) if dry_run else ran.errors("2")
            assert "on another file system or mount" in told
            assert before == snapshot(here)
            assert ran.run is not None
            assert ran.run.exit_status == (0 if dry_run else 1)
            assert dry_run or ran.companies["2"].status.value == "failed"

    in_mounts(work)


def test_mounts_inside_a_company_are_not_entered(disk_root: Path) -> None:
    """A folder and a file bound into a company, under names that would have to go, and what lies behind them, stay."""

    def work() -> None:
        here = company(disk_root, "1", *FILES)
        victim = company(disk_root.parent / "elsewhere", "victim", *FILES)
        (here / "session-folder.0.json").mkdir()
        mount("--bind", victim, here / "session-folder.0.json")
        (here / "session-bound.0.json").touch()
        mount("--bind", victim / FILES[0], here / "session-bound.0.json")
        before = snapshot(victim)
        for undo_days in (7, 0):
            ran = clean(disk_root, undo_days=undo_days)
            assert ran.total.failed == 1, "a file that is a mount point cannot be moved"
            assert ["session-bound.0.json"] == [problem.file for problem in ran.only.errors]
            assert before == snapshot(victim)
        assert len(quarantined(disk_root)) == 3

    in_mounts(work)


@pytest.mark.parametrize("place", ["", "/quarantine", "/runs"])
def test_a_tool_folder_on_a_mount_of_its_own_is_not_used(disk_root: Path, place: str) -> None:
    """The quarantine has to lie where the companies lie; otherwise nothing is removed, and it is said."""

    def work() -> None:
        company(disk_root, "1", *FILES)
        clean(disk_root, policy=LAZY)
        before = survivors(disk_root)
        mount("-t", "tmpfs", "-o", "mode=0700", "tmpfs", f"{disk_root}/{TOOL}{place}")
        if place == "":
            with pytest.raises(UsageProblem, match="another mount"):
                clean(disk_root)
        elif place == "/quarantine":
            ran = clean(disk_root)
            assert (0, 3) == (ran.total.removed, ran.total.failed)
            assert "another mount than the sessions root" in ran.errors("1")
        if place != "/runs":
            assert before == survivors(disk_root)

    in_mounts(work)


def test_a_root_that_is_a_mount_is_cleaned_as_any(disk_root: Path) -> None:
    """The usual server keeps its sessions on a disk of their own: mounted or bound, it works, and undo too."""

    def work() -> None:
        for kind in ("tmpfs", "bind"):
            there = disk_root / kind
            there.mkdir()
            if kind == "tmpfs":
                mount("-t", "tmpfs", "tmpfs", there)
                company(there, "1", *FILES)
            else:
                company(disk_root / "real", "1", *FILES)
                mount("--bind", disk_root / "real", there)
            before = snapshot(there / "company_1")
            assert clean(there).total.removed == 3
            assert undo(there)["totals"] == {"restored": 3, "stayed": 0}
            assert before == snapshot(there / "company_1")

    in_mounts(work)


def test_an_overlay_loses_nothing(disk_root: Path) -> None:
    """On an overlay (a container's own layer), files of the lower layer are moved, or stay; and they come back."""

    def work() -> None:
        mount("-t", "tmpfs", "tmpfs", disk_root)
        lower, over, merged = disk_root / "lower", disk_root / "over", disk_root / "merged"
        company(lower, "1", *FILES)
        for folder in (over, over / "upper", over / "work", merged):
            folder.mkdir()
        mount("-t", "overlay", "overlay", "-o", f"lowerdir={lower},upperdir={over}/upper,workdir={over}/work", merged)
        before = {name: fact[:3] for name, fact in snapshot(merged / "company_1").items()}
        ran = clean(merged)
        assert ran.total.failed == 0
        assert len(census(merged)) == 4
        if ran.total.removed:
            assert undo(merged)["status"] == "done"
        assert before == {name: fact[:3] for name, fact in snapshot(merged / "company_1").items()}

    in_mounts(work)


# --- read-only ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cleaned_before", [False, True])
def test_a_read_only_root(disk_root: Path, *, cleaned_before: bool) -> None:
    """A dry run works there and changes nothing; a real run, and an undo, say in one sentence that they cannot."""
    here = company(disk_root, "1", *FILES)
    if cleaned_before:
        clean(disk_root, policy=LAZY)
        write(here / "session-more.0.json", 30)
        clean(disk_root, now=days_ago(0))
        for name in FILES:
            write(here / name, 20)
    before = snapshot(disk_root)

    def work() -> None:
        mount("--bind", disk_root, disk_root)
        mount("-o", "remount,bind,ro", disk_root)
        dry = tool_in_child(disk_root, "--dry-run", "--json")
        assert (0, 3, []) == (dry.status, dry.json["totals"]["removed"], dry.only["errors"])
        assert tool_in_child(disk_root, "undo").status == 0
        assert tool_in_child(disk_root, "explain").status == 0
        real = tool_in_child(disk_root)
        assert real.status == 2, real
        assert "ead-only" in real.sentence()
        back = tool_in_child(disk_root, "undo", "latest")
        assert back.status == 2, back
        back.sentence()

    in_mounts(work)
    assert before == snapshot(disk_root)


def test_a_company_that_turned_read_only(disk_root: Path) -> None:
    """One company bound read-only fails alone; nothing of it is lost."""

    def work() -> None:
        company(disk_root, "1", *FILES)
        company(disk_root, "2", *FILES)
        mount("--bind", disk_root / "company_1", disk_root / "company_1")
        mount("-o", "remount,bind,ro", disk_root / "company_1")
        before = snapshot(disk_root / "company_1")
        ran = clean(disk_root)
        assert ("failed", "cleaned") == tuple(outcome.status.value for outcome in ran.companies.values())
        assert before == snapshot(disk_root / "company_1")

    in_mounts(work)


# --- full -----------------------------------------------------------------------------------------------


def fill_bytes(root: Path, left: int) -> None:
    """Fill a tmpfs up to some free pages of 4 KiB."""
    with (root / "filling").open("ab") as file:
        free = os.statvfs(root).f_bavail
        file.write(bytes(4096 * max(free - left, 0)))


def fill_inodes(root: Path, left: int) -> None:
    """Fill a tmpfs up to some free inodes."""
    for number in range(os.statvfs(root).f_ffree - left):
        (root / f"filling-{number}").touch()


def small_disk(root: Path, options: str) -> None:
    """Mount a small disk with two companies on it."""
    mount("-t", "tmpfs", "-o", options, "tmpfs", root)
    company(root, "1", *FILES)
    company(root, "2", *FILES)


def on_a_full_disk(root: Path, fill: Callable[[Path, int], None], left: int, undo_days: int) -> bool:
    """Clean on a full disk and assert that it costs nothing; False where the run said that it cannot."""
    before = {key: places[0].fact for key, places in census(root).items()}
    fill(root, left)
    said = tool_in_child(root, "--json", "--undo-days", str(undo_days))
    assert said.status in {0, 1, 2}, said
    after: dict[tuple[str, str], Fact] = {}
    for key, places in census(root).items():
        assert len(places) == 1
        after[key] = places[0].fact
    if undo_days:
        assert before == after, "nothing is lost"
    else:
        assert before.items() >= after.items()
    if said.status == 2:
        assert before.keys() == survivors(root).keys(), "nothing was touched"
        assert any(word in said.sentence() for word in FULL), said
        return False
    totals = said.json["totals"]
    assert totals["removed"] + totals["failed"] == 6
    assert (said.status == 1) == (totals["failed"] > 0)
    for outcome in said.json["companies"]:
        for error in outcome["errors"]:
            assert any(word in error["error"] for word in FULL)
    return True


@pytest.mark.parametrize("ran_before", [False, True])
def test_without_a_free_inode(disk_root: Path, *, ran_before: bool) -> None:
    """The tool that frees inodes works with none, deleting at once; what it says speaks of inodes, and looking works."""

    def work() -> None:
        small_disk(disk_root, "nr_inodes=300")
        for number in range(3, 33):
            write(disk_root / "company_1" / f"session-15552{number:06}.0.json", 20)
        if ran_before:
            clean(disk_root, policy=LAZY)
        fill_inodes(disk_root, 0)
        before = snapshot(disk_root, without=TOOL)
        assert tool_in_child(disk_root, "--dry-run", "--json").json["totals"]["removed"] == 36
        assert tool_in_child(disk_root, "check").status in {0, 1}
        assert tool_in_child(disk_root, "undo").status == 0
        refused = tool_in_child(disk_root)
        assert refused.status == 2, refused
        assert "no free inode" in refused.sentence()
        assert "--undo-days 0" in refused.sentence()
        assert "No space" not in refused.err
        assert before == snapshot(disk_root, without=TOOL)
        done = tool_in_child(disk_root, "--undo-days", "0", "--json")
        assert done.status == 0, done
        assert {name for _, name in survivors(disk_root)} == {"creds.json"}
        (told,) = [text for text in done.json["warnings"] if "inode" in text]
        assert "24 files went" in told
        assert done.json["totals"]["removed"] == 36
        logged = {(entry["company"], entry["file"]) for entry in audited(disk_root) if entry["event"] == "remove"}
        told = done.err.count("no free inode for an audit log")
        assert ((36, 0) if ran_before else (12, 24)) == (len(logged), told), "each removal is told once, before it"
        assert not list(disk_root.glob(".baileys-cleanup-going*"))

    in_mounts(work)


@pytest.mark.parametrize("undo_days", [7, 0])
@pytest.mark.parametrize("resource", ["bytes", "inodes"])
@pytest.mark.parametrize("ran_before", [False, True])
def test_a_full_disk_costs_nothing(disk_root: Path, resource: str, undo_days: int, *, ran_before: bool) -> None:
    """However little is left: a sentence or counted failures, every file in its place; with room again all go."""

    def work() -> tuple[int, int]:
        ends = [0, 0]
        for left in range(12):
            here = disk_root / f"{left}"
            here.mkdir()
            small_disk(here, "size=512k" if resource == "bytes" else "nr_inodes=200")
            if ran_before:
                clean(here, policy=LAZY)
            worked = on_a_full_disk(here, fill_bytes if resource == "bytes" else fill_inodes, left, undo_days)
            ends[worked] += 1
            for path in here.glob("filling*"):
                path.unlink()
            clean(here, undo_days=undo_days)
            if undo_days == 0:
                clean(here, undo_days=undo_days)
            assert {name for _, name in survivors(here)} == {"creds.json"}
            assert set() == leftovers(here)
        return ends[0], ends[1]

    said_no, went = in_mounts(work)
    assert went > 0
    assert said_no > 0 or ran_before or (resource, undo_days) == ("inodes", 0)


def test_what_is_due_makes_room(disk_root: Path) -> None:
    """On a disk without a free byte, what is due is deleted first, and then there is room to work."""

    def work() -> None:
        mount("-t", "tmpfs", "-o", "size=256k", "tmpfs", disk_root)
        company(disk_root, "1", *FILES, age=60)
        assert clean(disk_root, now=days_ago(30)).total.removed == 3
        for name in FILES:
            write(disk_root / "company_1" / name, 20)
        fill_bytes(disk_root, 0)
        with pytest.raises(OSError, match="No space") as full:
            (disk_root / "more").write_bytes(b"x")
        assert full.value.errno == errno.ENOSPC
        (disk_root / "more").unlink()
        ran = clean(disk_root)
        assert ran.run is not None
        assert any("deleted for good: 3 files" in note for note in ran.run.notes)
        assert ran.total.removed == 3

    in_mounts(work)


def test_a_torn_line_spoils_no_other(disk_root: Path) -> None:
    """A disk that fills up in the middle of an audit line spoils that line only: the next stands on its own."""

    def work() -> None:
        mount("-t", "tmpfs", "-o", "size=512k", "tmpfs", disk_root)
        company(disk_root, "1", *sessions(range(60)))
        clean(disk_root, policy=LAZY)
        # The log has one page of its own, which it outgrows within these removals.
        (disk_root / TOOL / "audit.log").write_text("{}\n")
        fill_bytes(disk_root, 1)
        ran = clean(disk_root)
        assert ran.total.failed > 0
        (disk_root / "filling").unlink()
        clean(disk_root)
        lines = (disk_root / TOOL / "audit.log").read_text().splitlines()
        torn = [line for line in lines if not line.endswith("}") or line.count('"time"') > 1]
        assert all(line.count('"time"') <= 1 for line in torn), torn

    in_mounts(work)


# --- backups, restores and rotations --------------------------------------------------------------------


@pytest.mark.parametrize("work", [("restore", "latest", "--replace", "--from", "{archives}"), ("rotate", "--yes")])
def test_a_folder_of_a_lower_layer_is_moved_by_the_command_that_is_said(
    disk_root: Path, tmp_path: Path, work: tuple[str, ...]
) -> None:
    """An overlay moves no folder of its lower layer: refused whole, and the command that is said makes it work."""
    archives = tmp_path / "archives"
    archives.mkdir(0o700)

    def go() -> None:
        mount("-t", "tmpfs", "tmpfs", disk_root)
        lower, over, merged = (disk_root / name for name in ("lower", "over", "merged"))
        for folder in (lower, over / "upper", over / "work", merged):
            folder.mkdir(parents=True)
        company(lower, "1", *FILES, age=1)
        mount("-t", "overlay", "overlay", "-o", f"lowerdir={lower},upperdir={over}/upper,workdir={over}/work", merged)

        def seen() -> dict[str, tuple[object, ...]]:
            return {name: fact[:3] for name, fact in snapshot(merged / "company_1").items()}

        tool(merged, "backup", "--to", str(archives))
        before = seen()
        words = [word.format(archives=archives) for word in (*work, "--company", "1")]
        said = tool(merged, *words)
        assert said.status == 1, said
        assert before == seen()
        found = re.search(r"again: (cd .*?)(?:\. Its folder is as it was)?$", said.out + said.err, re.MULTILINE)
        assert found is not None, said
        assert not os.system(found[1])
        assert before == seen()
        assert tool(merged, *words).status == 0

    in_mounts(go)


@pytest.mark.parametrize("where", ["a read-only root", "a company on a mount of its own"])
def test_a_backup_needs_no_writing(disk_root: Path, tmp_path: Path, where: str) -> None:
    """It is made all the same; what cannot be written down in a read-only root is told, once."""
    archives = tmp_path / "archives"
    archives.mkdir(0o700)

    def go() -> None:
        if where == "a company on a mount of its own":
            (disk_root / "company_1").mkdir()
            mount("-t", "tmpfs", "tmpfs", disk_root / "company_1")
            for name in FILES:
                write(disk_root / "company_1" / name, 1)
            write(disk_root / "company_1" / "creds.json", 1, creds())
        else:
            company(disk_root, "1", *FILES, age=1)
        company(disk_root, "2", *FILES, age=1)
        if where == "a read-only root":
            mount("--bind", disk_root, disk_root)
            mount("-o", "remount,bind,ro", disk_root)
        said = tool(disk_root, "backup", "--to", str(archives))
        assert said.status == 0, said
        assert len(list(archives.iterdir())) == 2
        told = (said.out + said.err).count("this backup takes no lock")
        assert bool(told) == (where == "a read-only root")
        again = tool(disk_root, "backup", "--to", str(archives), "--verify")
        assert again.status == 0, again

    in_mounts(go)
