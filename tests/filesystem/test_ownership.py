"""Who may read what a restore and a rotation make: the bot can, and nobody gets to read what he could not before."""

import os
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from baileys_cleanup.store.folder.copying import give_to_bot
from baileys_cleanup.store.folder.likeness import Likeness, Neighbours

from .conditions import needs_root
from .runner import tool, tool_in_child
from .trees import TOOL, company, sessions, write

pytestmark = pytest.mark.slow

BOT, GROUP, STRANGER, NOBODY = 1000, 4000, 1001, 65534
SESSION = sessions(range(1))[0]
KEY = "app-state-sync-key-AA.json"


@pytest.fixture
def archives(tmp_path: Path) -> Path:
    """Give a private folder for archives, in a place where everybody may walk."""
    needs_root()
    tmp_path.chmod(0o755)
    folder = tmp_path / "archives"
    folder.mkdir(0o700)
    return folder


def plant(root: Path, folder: tuple[int, int, int], files: tuple[int, int, int]) -> Path:
    """Make a company whose folder and files have an owner, a group and a mode."""
    here = company(root, "1", SESSION, KEY, "pre-key-1.json", age=1)
    for path in here.iterdir():
        os.chown(path, *files[:2])
        path.chmod(files[2])
    os.chown(here, *folder[:2])
    here.chmod(folder[2])
    return here


def looks(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Give owner, group and mode of everything in a folder, and of itself."""
    found = {path.name: path.stat() for path in [*folder.iterdir(), folder]}
    return {name: (status.st_uid, status.st_gid, status.st_mode & 0o7777) for name, status in found.items()}


HOUSES = [
    ((0, 0, 0o777), (BOT, BOT, 0o644)),
    ((0, GROUP, 0o2770), (BOT, GROUP, 0o660)),
    ((BOT, BOT, 0o700), (BOT, BOT, 0o600)),
    ((0, 0, 0o755), (0, 0, 0o644)),
]
"""A container's folder, a share of a group, a home, and a bot that is root."""


@pytest.mark.parametrize(("folder", "files"), HOUSES)
@pytest.mark.parametrize("how", [("gone",), ("gone", "--replace"), ("empty", "--replace")])
def test_what_is_restored_looks_like_what_it_replaces(
    root: Path, archives: Path, folder: tuple[int, int, int], files: tuple[int, int, int], how: tuple[str, ...]
) -> None:
    """Owner, group and mode of the same name, else of the neighbours; of the folder itself as well."""
    here = plant(root, folder, files)
    before = looks(here)
    tool(root, "backup", "--to", str(archives)).check()
    if how[0] == "empty":
        (here / "creds.json").write_bytes(b"")
    else:
        (here / "creds.json").unlink()
        (here / KEY).unlink()
    tool(root, "restore", "latest", "--company", "1", "--from", str(archives), *how[1:]).check()
    after = looks(here)
    assert {"creds.json", KEY, here.name} <= after.keys()
    assert after == {name: before[name] for name in after}


@pytest.mark.parametrize(("folder", "files"), HOUSES)
def test_what_a_rotation_makes_looks_like_what_was_there(
    root: Path, folder: tuple[int, int, int], files: tuple[int, int, int]
) -> None:
    """A soft rotation leaves every file and the folder to whom they belonged."""
    needs_root()
    here = plant(root, folder, files)
    before = looks(here)
    tool(root, "rotate", "--yes", "--company", "1").check()
    after = looks(here)
    assert after
    assert after == {name: before[name] for name in after}


def access_list(*entries: tuple[int, int, int]) -> bytes:
    """Give an access list as the kernel wants it: tag, rights and id of each entry."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def test_access_lists_come_along(root: Path, archives: Path) -> None:
    """A bot that may read by a POSIX access list alone can read after a restore, and in a folder made anew."""
    here = plant(root, (0, 0, 0o750), (0, 0, 0o640))
    nobody = 2**32 - 1
    wanted = access_list((1, 6, nobody), (2, 6, BOT), (4, 4, nobody), (16, 6, nobody), (32, 0, nobody))
    for path in [here, *here.iterdir()]:
        os.setxattr(path, "system.posix_acl_access", wanted)
    os.setxattr(here, "system.posix_acl_default", wanted)

    def lists() -> dict[str, bytes]:
        return {path.name: os.getxattr(path, "system.posix_acl_access") for path in [here, *here.iterdir()]}

    before = lists()
    tool(root, "backup", "--to", str(archives)).check()
    (here / "creds.json").write_bytes(b"")
    tool(root, "restore", "latest", "--replace", "--company", "1", "--from", str(archives)).check()
    assert "creds.json" in lists()
    assert set(before.values()) == set(lists().values()) == {wanted}
    assert wanted == os.getxattr(here, "system.posix_acl_default")
    (here / KEY).unlink()
    tool(root, "restore", "latest", "--company", "1", "--from", str(archives)).check()
    assert wanted == lists()[KEY]


@pytest.mark.parametrize("work", ["restore", "rotate"])
def test_a_file_of_roots_is_given_to_nobody(root: Path, archives: Path, work: str) -> None:
    """Moved in by who may not read it, it stays root's, and no archive has it."""
    here = plant(root, (BOT, BOT, 0o700), (BOT, BOT, 0o600))
    write(here / "env.bin", 1, b"ROOT ONLY").chmod(0o600)
    said = tool(root, "backup", "--to", str(archives)).check()
    assert "env.bin (belongs to root)" in said.out
    arguments = {
        "restore": ("restore", "latest", "--replace", "--company", "1", "--from", str(archives)),
        "rotate": ("rotate", "--yes", "--company", "1"),
    }
    tool(root, *arguments[work]).check()
    assert (0, 0, 0o600) == looks(here)["env.bin"]
    found = [path for path in [*here.rglob("*"), *(root / TOOL).rglob("*")] if path.name == "env.bin"]
    assert {0} == {path.stat().st_uid for path in found}


def test_a_planted_file_gets_no_keys(root: Path, archives: Path) -> None:
    """In a folder that everybody may write in, a stranger's creds.json does not make the restored one his."""
    here = plant(root, (0, 0, 0o777), (BOT, BOT, 0o600))
    tool(root, "backup", "--to", str(archives)).check()
    (here / "creds.json").write_bytes(b"")
    os.chown(here / "creds.json", STRANGER, STRANGER)
    (here / "creds.json").chmod(0o644)
    tool(root, "restore", "latest", "--replace", "--company", "1", "--from", str(archives)).check()
    assert (BOT, BOT, 0o600) == looks(here)["creds.json"]


def test_what_root_paired_goes_to_the_bot(tmp_path: Path) -> None:
    """What a command wrote as root since it began gets the looks of the former files; what was moved in does not."""
    needs_root()
    now = 1_700_000_000 * 10**9
    for name in ("creds.json", "old.bin", "session-1.0.json", "linked.json", "pre-key-1.json"):
        path = tmp_path / name
        path.write_bytes(b"{}")
        os.utime(path, ns=(now, now))
    os.utime(tmp_path / "session-1.0.json", ns=(now - 1, now - 1))
    os.link(tmp_path / "pre-key-1.json", tmp_path / "second")
    (tmp_path / "link").symlink_to("/etc/hostname")
    neighbours = Neighbours(Likeness(0, 0, 0o777), {"creds.json": Likeness(BOT, BOT, 0o644)})
    fd = os.open(tmp_path, os.O_RDONLY)
    left = give_to_bot(fd, neighbours, now)
    os.close(fd)
    assert (BOT, BOT, 0o644) == looks(tmp_path)["creds.json"]
    assert ["linked.json", "old.bin", "pre-key-1.json", "second", "session-1.0.json"] == left
    assert all(looks(tmp_path)[name][0] == 0 for name in left)


def test_nothing_can_be_left_to_root_by_a_bot_that_is_root(tmp_path: Path) -> None:
    """Where the bot is root itself, what root wrote is right."""
    needs_root()
    (tmp_path / "creds.json").write_bytes(b"{}")
    fd = os.open(tmp_path, os.O_RDONLY)
    assert [] == give_to_bot(fd, Neighbours(Likeness(0, 0, 0o700), {}), 0)
    os.close(fd)


@pytest.mark.parametrize("work", ["restore", "replace", "rotate"])
def test_who_may_not_give_changes_nothing_and_hears_what_works(work: str) -> None:
    """A user who owns the folder but not its files: refused before anything changes, with the command for root."""
    needs_root()
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        root, archives = Path(place) / "root", Path(place) / "archives"
        root.mkdir()
        archives.mkdir(0o700)
        here = plant(root, (NOBODY, NOBODY, 0o700), (BOT, GROUP, 0o666))
        os.chown(root, NOBODY, NOBODY)
        tool(root, "backup", "--to", str(archives)).check()
        shutil.rmtree(root / TOOL)
        for path in (archives, *archives.iterdir()):
            os.chown(path, NOBODY, NOBODY)
        (here / KEY).unlink()
        before = looks(here)
        arguments = {
            "restore": ("restore", "latest", "--company", "1", "--from", str(archives)),
            "replace": ("restore", "latest", "--replace", "--company", "1", "--from", str(archives)),
            "rotate": ("rotate", "--yes", "--company", "1"),
        }
        said = tool_in_child(root, *arguments[work], uid=NOBODY)
        assert said.status == 4, said
        assert f"uid {BOT}" in said.err
        assert f"sudo chown -R root {root / TOOL} && sudo baileys-cleanup" in said.err
        assert before == looks(here)
        assert not any(path.name == KEY for path in (root / TOOL).rglob("*"))


def test_with_records_elsewhere_the_command_for_root_gives_that_folder_as_well() -> None:
    """Root refuses records of somebody else: what it is told to do is done here, word by word but for `sudo`."""
    needs_root()
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        root, records = Path(place) / "root", Path(place) / "records"
        root.mkdir()
        records.mkdir(0o700)
        here = plant(root, (NOBODY, NOBODY, 0o700), (BOT, GROUP, 0o666))
        for path in (root, records):
            os.chown(path, NOBODY, NOBODY)

        @contextmanager
        def elsewhere() -> Iterator[None]:
            os.environ["BAILEYS_CLEANUP_STATE_DIR"] = str(records)
            yield

        arguments = ("rotate", "--yes", "--company", "1")
        assert tool_in_child(root, uid=NOBODY, around=elsewhere).status == 0
        said = tool_in_child(root, *arguments, uid=NOBODY, around=elsewhere)
        own = f"{root / TOOL} {records}"
        assert said.status == 4, said
        assert f"this works: sudo chown -R root {own} && sudo --preserve-env=BAILEYS_CLEANUP_STATE_DIR" in said.err
        assert f"; sudo chown -R {NOBODY} {own}" in said.err
        before = looks(here)
        subprocess.run(["chown", "-R", "root", *own.split()], check=True)
        assert tool_in_child(root, *arguments, around=elsewhere).status == 0
        subprocess.run(["chown", "-R", str(NOBODY), *own.split()], check=True)
        assert {"creds.json", KEY} <= looks(here).keys()
        assert looks(here).items() <= before.items()
        assert tool_in_child(root, uid=NOBODY, around=elsewhere).status == 0
