"""What a user may not do is not done: no permission is changed, nothing is lost, and a sentence says what to do."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conditions import missing, needs, needs_root
from .runner import clean, tool_in_child
from .trees import OTHER_GROUP, TOOL, census, company, leftovers, quarantined, sessions, snapshot, survivors, write

NOBODY = 65_534
SOMEBODY = 4_242
FILES = sessions(range(3))


@pytest.fixture
def shared(open_room: Path) -> Path:
    """Give a sessions root of the user nobody, with two companies."""
    needs_root()
    root = open_room / "root"
    root.mkdir()
    company(root, "1", *FILES)
    company(root, "2", *FILES)
    give(root, NOBODY)
    return root


def give(top: Path, uid: int) -> None:
    """Give a tree to a user."""
    os.chown(top, uid, uid, follow_symlinks=False)
    for path in sorted(top.rglob("*")):
        os.chown(path, uid, uid, follow_symlinks=False)


def modes(top: Path) -> dict[str, int]:
    """Give the modes of all folders and files but those of the tool."""
    return {name: fact.mode for name, fact in snapshot(top, without=TOOL).items()}


def test_an_ordinary_user_cleans_what_is_theirs(shared: Path) -> None:
    """Nobody needs to be root: the tool works as the user the bots run as, in both ways of removal."""
    said = tool_in_child(shared, "--json", uid=NOBODY)
    assert said.status == 0, said
    assert said.json["totals"]["removed"] == 6
    assert (shared / TOOL).stat().st_uid == NOBODY
    assert tool_in_child(shared, "undo", "latest", uid=NOBODY).status == 0
    assert len(survivors(shared)) == 8
    assert tool_in_child(shared, "--undo-days", "0", uid=NOBODY).status == 0
    assert len(census(shared)) == 2


def test_a_company_that_may_not_be_written_fails_alone(shared: Path) -> None:
    """A folder of mode 0500 keeps its files and its mode, is named as failed, and the other company is cleaned."""
    (shared / "company_1").chmod(0o500)
    before, rights = snapshot(shared / "company_1"), modes(shared)
    said = tool_in_child(shared, "--json", uid=NOBODY)
    assert said.status == 1, said
    failed, cleaned = said.json["companies"]
    assert ("failed", 3, 0) == (failed["status"], failed["files"]["failed"], failed["files"]["removed"])
    assert "run as its owner" in failed["errors"][0]["error"]
    assert ("cleaned", 3) == (cleaned["status"], cleaned["files"]["removed"])
    assert before == snapshot(shared / "company_1")
    assert rights.items() >= modes(shared).items()
    assert set() == leftovers(shared)
    (shared / "company_1").chmod(0o700)
    assert tool_in_child(shared, uid=NOBODY).status == 0
    assert len(survivors(shared)) == 2


@pytest.mark.parametrize("mode", [0o000, 0o300, 0o600])
def test_a_company_that_may_not_be_read_fails_alone(shared: Path, mode: int) -> None:
    """A folder that cannot be read, or not be entered, fails with its mode as it was; the other is cleaned."""
    (shared / "company_1").chmod(mode)
    for arguments, status in (("--dry-run",), 1), ((), 1):
        said = tool_in_child(shared, "--json", *arguments, uid=NOBODY)
        assert said.status == status, said
        failed, cleaned = said.json["companies"]
        assert ("failed", "cleaned") == (failed["status"], cleaned["status"])
        assert (0, 3) == (failed["files"]["removed"], cleaned["files"]["removed"])
    assert os.stat(shared / "company_1").st_mode & 0o777 == mode
    assert len([key for key in survivors(shared) if key[0] == "company_1"]) == 4


def test_a_root_that_may_not_be_written(shared: Path) -> None:
    """Without a place for the quarantine nothing is removed: status 2, one sentence; a dry run works all the same."""
    shared.chmod(0o555)
    before = snapshot(shared)
    said = tool_in_child(shared, uid=NOBODY)
    assert said.status == 2, said
    assert TOOL in said.sentence()
    assert "must be able to write in the sessions root" in said.sentence()
    dry = tool_in_child(shared, "--dry-run", "--json", uid=NOBODY)
    assert (0, 6) == (dry.status, dry.json["totals"]["removed"])
    assert before == snapshot(shared)


@pytest.mark.parametrize("mode", [0o000, 0o300, 0o600])
def test_a_root_that_may_not_be_read(shared: Path, mode: int) -> None:
    """A root that cannot be read is status 2 and one sentence, in a dry run as well, and nothing is touched."""
    before = snapshot(shared)
    shared.chmod(mode)
    for arguments in ((), ("--dry-run",), ("--company", "1")):
        said = tool_in_child(shared, *arguments, uid=NOBODY)
        assert said.status in {1, 2}, said
        if mode != 0o600:
            assert said.status == 2, said
            assert str(shared) in said.sentence()
    shared.chmod(0o755)
    assert before == snapshot(shared)


@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_a_tool_folder_of_somebody_else_names_its_owner(shared: Path, mode: int) -> None:
    """What root made, another user does not use, and the other way round: status 2, and the owner's name."""
    clean(shared)
    (shared / TOOL).chmod(mode)
    before = snapshot(shared)
    for arguments in ((), ("--dry-run",), ("undo",), ("undo", "latest")):
        said = tool_in_child(shared, *arguments, uid=NOBODY)
        assert said.status == 2, said
        assert "belongs to root" in said.sentence()
    assert before == snapshot(shared)
    give(shared / TOOL, SOMEBODY)
    said = tool_in_child(shared)
    assert said.status == 2, said
    assert f"belongs to uid {SOMEBODY}" in said.sentence()


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_tool_folder_others_may_write_in_is_not_trusted(shared: Path, mode: int) -> None:
    """Who could plant files in the quarantine could have them put back as keys: status 2, and what to do."""
    clean(shared)
    (shared / TOOL).chmod(mode)
    said = tool_in_child(shared)
    assert said.status == 2, said
    assert "chmod 700" in said.sentence()
    assert os.stat(shared / TOOL).st_mode & 0o777 == mode, "permissions are never changed"


@pytest.mark.parametrize("target", ["a folder", "nothing", "a company"])
def test_a_tool_folder_that_is_a_link_is_not_followed(root: Path, target: str) -> None:
    """A link in the place of the tool's own folder is status 2, and nothing is written behind it."""
    company(root, "1", *FILES)
    victim = root.parent / "victim"
    if target == "a folder":
        victim.mkdir()
    (root / TOOL).symlink_to(root / "company_1" if target == "a company" else victim)
    before = snapshot(root)
    for arguments in ((), ("--dry-run",), ("undo",)):
        said = tool_in_child(root, *arguments)
        assert (said.status == 2) or (target == "nothing" and arguments), said
        assert before == snapshot(root)
        assert target == "nothing" or not victim.exists() or not os.listdir(victim)
    assert (root / TOOL).is_symlink()


@pytest.mark.parametrize("name", ["lock", "audit.log", "runs", "quarantine", "last-run.json"])
def test_a_link_inside_the_tool_folder_is_not_followed(root: Path, name: str) -> None:
    """Links in the place of the tool's own files and folders lead nowhere either."""
    company(root, "1", *FILES)
    (root / TOOL).mkdir(mode=0o700)
    victim = root.parent / "victim"
    victim.mkdir()
    (victim / "inside").write_text("untouched")
    (root / TOOL / name).symlink_to(victim if name in {"runs", "quarantine"} else victim / "inside")
    before, files = snapshot(victim), survivors(root)
    said = tool_in_child(root)
    assert said.status in {2, 4}, said
    said.sentence()
    assert before == snapshot(victim)
    assert files == survivors(root)


def test_other_peoples_files_in_a_sticky_folder(shared: Path) -> None:
    """Where only owners may move their files, theirs go, the others fail one by one, and nothing is lost."""
    here = shared / "company_1"
    os.chown(here, SOMEBODY, SOMEBODY)
    here.chmod(0o1777)
    os.chown(here / FILES[1], SOMEBODY, SOMEBODY)
    said = tool_in_child(shared, "--json", uid=NOBODY)
    assert said.status == 1, said
    first, second = said.json["companies"]
    assert (2, 1, 3) == (first["files"]["removed"], first["files"]["failed"], second["files"]["removed"])
    assert [FILES[1]] == [error["file"] for error in first["errors"]]
    assert (here / FILES[1]).exists()
    assert len(census(shared)) == 8


def test_other_peoples_files_in_ones_own_folder_come_back_too(shared: Path) -> None:
    """Who owns the folder may move what others own in it, and can put it back."""
    keys = [f"sender-key-{OTHER_GROUP}--1555100000{number}--0.json" for number in range(3)]
    for name in keys:
        write(shared / "company_1" / name, 20)
    give(shared / "company_1", SOMEBODY)
    os.chown(shared / "company_1", NOBODY, NOBODY)
    for path in (shared / "company_1").iterdir():
        path.chmod(0o600)
    before = snapshot(shared / "company_1")
    said = tool_in_child(shared, "--json", uid=NOBODY)
    assert said.json["totals"]["removed"] == 6, said
    assert any("cannot be read" in text for text in said.json["companies"][0]["warnings"]), "creds.json is not ours"
    here = {name for folder, name in survivors(shared) if folder == "company_1"}
    assert here == {"creds.json", *FILES}, "whose sessions these are nobody can tell: they stay, the keys go"
    assert tool_in_child(shared, "undo", "latest", uid=NOBODY).status == 0
    assert before == snapshot(shared / "company_1")


@pytest.fixture
def frozen(disk_root: Path) -> Iterator[Path]:
    """Give a company of which one file is immutable."""
    needs_root()
    here = company(disk_root, "1", *FILES)
    chattr = needs("chattr")
    if subprocess.run([chattr, "+i", here / FILES[1]], capture_output=True, check=False).returncode:
        missing("this file system knows no immutable files")
    yield disk_root
    for path in [here / FILES[1], *disk_root.glob(f"{TOOL}/quarantine/*/*/*")]:
        subprocess.run([chattr, "-i", path], capture_output=True, check=False)


def test_an_immutable_file_fails_alone(frozen: Path) -> None:
    """A file that not even root may move is counted as failed, and the others go."""
    ran = clean(frozen)
    assert (2, 1) == (ran.total.removed, ran.total.failed)
    assert [FILES[1]] == [problem.file for problem in ran.only.errors]
    assert ("company_1", FILES[1]) in survivors(frozen)
    assert len(quarantined(frozen)) == 2
    assert set() == leftovers(frozen)


def test_everything_the_tool_makes_is_private(root: Path) -> None:
    """Whatever the umask: the tool's folders are 0700, its files 0600, and moved files keep their mode."""
    company(root, "1", *FILES)
    (root / "company_1" / FILES[0]).chmod(0o640)
    mask = os.umask(0)
    try:
        clean(root)
    finally:
        os.umask(mask)
    for name, fact in snapshot(root / TOOL).items():
        if "company_1/" in name:
            assert fact.mode & 0o777 == (0o640 if name.endswith(FILES[0]) else 0o644 & ~mask)
        else:
            assert fact.mode & 0o777 == (0o700 if fact.content is None else 0o600), name
