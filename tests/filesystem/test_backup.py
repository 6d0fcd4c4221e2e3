"""Backups on a real file system: killed anywhere, on a full disk, and while the bot writes."""

import contextlib
import io
import json
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from baileys_cleanup.backups.archive import check_archive
from baileys_cleanup.backups.made import BackedUp, Status
from baileys_cleanup.backups.naming import read_archive_name
from baileys_cleanup.backups.places import folder as shelf
from baileys_cleanup.backups.places import fsspec_url as elsewhere
from baileys_cleanup.backups.places import s3 as bucket
from baileys_cleanup.backups.run import back_up_all
from baileys_cleanup.commands import restore as restore_command
from baileys_cleanup.errors import CleanupError, CompanyProblem
from baileys_cleanup.settings.values import Backup, Settings
from baileys_cleanup.store.folder.folder_store import open_store
from baileys_cleanup.store.folder.set_aside import read_asides
from baileys_cleanup.store.folder.snapshots import take_snapshot
from baileys_cleanup.store.selection import Selection
from baileys_cleanup.store.snapshots import Clock

from .conditions import needs_mounts
from .faults import failing, watched
from .runner import LAZY, clean, in_mounts, mount, world
from .sweep import killed_everywhere
from .trees import TOOL, company, creds, leftovers, write

PRELOADED = (shelf, bucket, elsewhere)
KEY, SESSION = "app-state-sync-key-AA.json", "session-15551000001.0.json"
changing_and_all = pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.slow)])
both_ways = pytest.mark.parametrize("way_back", ["renameat2", pytest.param("hard link", marks=pytest.mark.slow)])
A_DAY = 86_400 * 10**9


def settings(here: Path, keep_last: int = 1) -> Settings:
    """Give settings for a room with sessions and archives."""
    policy = Backup(to=str(here / "archives"), keep_last=keep_last, keep_daily=0, keep_weekly=0)
    return Settings(str(here / "sessions"), backup=policy)


def back_up(here: Path, now: int | None = None) -> list[BackedUp]:
    """Back up all companies of a room."""
    at = now or time.time_ns()
    moment = Clock(at, lambda: time.time_ns() + A_DAY, lambda: None)
    return list(back_up_all(settings(here), Selection(), moment, lambda: False, rehearse=False))


def restore(here: Path, **how: bool) -> int:
    """Restore company 1 from its latest archive, whatever was written a moment ago."""
    later = world()._replace(clock=lambda: time.time_ns() + A_DAY)
    asked = restore_command.How(str(here / "archives"), as_json=True, anyway=True)._replace(**how)
    return restore_command.restore(settings(here), "latest", "1", later, [].append, how=asked)


def plant(here: Path) -> Path:
    """Make a room: one company, one archive of it from yesterday."""
    (here / "sessions").mkdir(parents=True)
    (here / "archives").mkdir(0o700)
    folder = company(here / "sessions", "1", SESSION, "pre-key-1.json")
    write(folder / KEY, 9, b'{"key":1}')
    for name in (SESSION, "pre-key-1.json"):
        write(folder / name, 9, b'{"old":1}')
    (outcome,) = back_up(here, time.time_ns() - A_DAY)
    assert outcome.status is Status.BACKED_UP
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Give what lies in a folder; nothing where it is missing."""
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.is_dir() else {}


def archives(here: Path) -> list[str]:
    """Give all archives by name, each of them read to its end: one that is not whole fails the test."""
    names = sorted(name for name in os.listdir(here / "archives") if read_archive_name(name))
    for name in names:
        check_archive(io.BytesIO((here / "archives" / name).read_bytes()))
    return names


def tool_is_tidy(here: Path) -> None:
    """Assert that the next run of the tool leaves nothing of the killed ones."""
    clean(here / "sessions", policy=LAZY)
    parts = {"backups", "backup.lock", "restoring", "aside"}
    assert set() == {name for name in leftovers(here / "sessions") if name.split("/")[0] not in parts}
    assert [] == sorted((here / "sessions" / TOOL).glob("restoring/*"))


# --- killed -----------------------------------------------------------------------------------------------


@changing_and_all
def test_a_backup_killed_anywhere_leaves_whole_archives(root: Path, *, every: bool) -> None:
    """At every moment what has an archive's name is whole, and one is there; the next backup ends as if undisturbed."""
    for moment in killed_everywhere(root, plant, back_up, every=every):
        here = moment.root
        before = contents(here / "sessions" / "company_1")
        assert archives(here), moment
        (outcome,) = back_up(here, time.time_ns() + 5 * 10**9)
        assert (Status.BACKED_UP, []) == (outcome.status, outcome.errors), moment
        assert [outcome.archive] == archives(here) == os.listdir(here / "archives"), moment
        assert before == contents(here / "sessions" / "company_1")


@both_ways
@changing_and_all
def test_a_restore_of_missing_files_killed_anywhere_can_be_repeated(root: Path, way_back: str, *, every: bool) -> None:
    """At every moment each file is whole or not there, and none was overwritten; repeated, all are there."""

    def build(here: Path) -> None:
        folder = plant(here)
        write(folder / SESSION, 1, b'{"new":1}')
        for name in ("creds.json", KEY):
            (folder / name).unlink()

    whole = {"creds.json": creds(), KEY: b'{"key":1}', SESSION: b'{"new":1}', "pre-key-1.json": b'{"old":1}'}
    for moment in killed_everywhere(root, build, restore, way_back=way_back, every=every):
        folder = moment.root / "sessions" / "company_1"
        found = contents(folder)
        assert found.items() <= whole.items(), moment
        assert "creds.json" not in found or KEY in found, "the pairing goes in last"
        with watched(way_back=way_back):
            assert 0 == restore(moment.root), moment
        assert whole == contents(folder), moment
        tool_is_tidy(moment.root)


@pytest.mark.slow
@both_ways
@changing_and_all
@pytest.mark.parametrize("gone", [False, True])
def test_a_restore_of_a_whole_folder_killed_anywhere_can_be_repeated(
    root: Path, way_back: str, *, gone: bool, every: bool
) -> None:
    """At every moment the live folder is the former one or the built one, whole, and the former one is never lost."""
    former = {"creds.json": b"", KEY: b'{"key":1}', SESSION: b'{"new":1}', "pre-key-1.json": b'{"old":1}'}
    built = former | {"creds.json": creds()}
    if gone:
        former = {}
        built = {name: content for name, content in built.items() if name != SESSION}

    def build(here: Path) -> None:
        folder = plant(here)
        write(folder / SESSION, 1, b'{"new":1}')
        write(folder / "creds.json", 0, b"")
        if gone:
            for path in folder.iterdir():
                path.unlink()
            folder.rmdir()

    def work(here: Path) -> int:
        return restore(here, replace=True)

    for moment in killed_everywhere(root, build, work, way_back=way_back, every=every):
        folder = moment.root / "sessions" / "company_1"
        kept = [contents(path) for path in (moment.root / "sessions" / TOOL).glob("aside/*/**/company_1")]
        live = contents(folder)
        assert live in [former, built] or (way_back == "hard link" and live == {}), moment
        assert gone or former in [live, *kept], f"the former folder is lost: {moment}"
        with watched(way_back=way_back):
            work(moment.root)
        assert built == contents(folder), moment
        kept = [contents(path) for path in (moment.root / "sessions" / TOOL).glob("aside/*/company_1")]
        assert gone or former in kept, moment
        assert all(aside in [former, built, {}] for aside in kept), "nothing half built stays"
        tool_is_tidy(moment.root)


@pytest.mark.slow
@pytest.mark.parametrize("replace", [False, True])
def test_a_restore_that_fails_anywhere_says_so_and_loses_nothing(root: Path, *, replace: bool) -> None:
    """An error of the disk at each call in turn: a sentence of ours, the folder as it was or as planned."""
    number = 0
    while True:
        number += 1
        here = root / f"run{number}"
        folder = plant(here)
        write(folder / "creds.json", 0, b"") if replace else (folder / KEY).unlink()
        before = contents(folder)
        done = before | {"creds.json": creds(), KEY: b'{"key":1}'}
        act, hit = failing(number, 5, lambda call: call.changes)
        with contextlib.suppress(CleanupError), watched(act):
            restore(here, replace=replace)
        assert contents(folder) in [before, done], hit
        if not hit:
            break
        assert 0 == restore(here, replace=True), hit
        assert done == contents(folder), hit
        with open_store(str(here / "sessions")) as opened, opened.workspace(create=False) as tool:
            assert tool is not None
            assert all(aside.lived for aside in read_asides(tool)), hit
    assert number > 15


# --- a full disk ------------------------------------------------------------------------------------------


def incompressible(size: int) -> bytes:
    """Give JSON that does not become smaller."""
    return json.dumps(os.urandom(size // 2).hex()).encode()


@pytest.mark.slow
def test_a_full_disk_leaves_no_half_archive(disk_root: Path) -> None:
    """The archive does not fit: status failed with a sentence, nothing under an archive's name, the old one stays."""
    needs_mounts()

    def work() -> None:
        here = disk_root / "room"
        (here / "archives").mkdir(parents=True)
        mount("-t", "tmpfs", "-o", "size=96k,mode=0700", "tmpfs", here / "archives")
        folder = company(here / "sessions", "1")
        (first,) = back_up(here, time.time_ns() - A_DAY)
        write(folder / SESSION, 1, incompressible(400_000))
        (outcome,) = back_up(here)
        assert Status.FAILED is outcome.status
        assert "No space left on device" in outcome.errors[0]
        assert [first.archive] == archives(here) == os.listdir(here / "archives")

    in_mounts(work)


@pytest.mark.slow
@pytest.mark.parametrize("replace", [False, True])
def test_a_full_disk_in_a_restore_changes_nothing(disk_root: Path, *, replace: bool) -> None:
    """There is no room for the files: a sentence, and the company's folder is as it was."""
    needs_mounts()

    def work() -> None:
        here = disk_root / "room"
        (here / "sessions").mkdir(parents=True)
        (here / "archives").mkdir(0o700)
        mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", here / "sessions")
        folder = company(here / "sessions", "1")
        write(folder / KEY, 9, incompressible(400_000))
        back_up(here)
        (folder / KEY).unlink()
        write(here / "sessions" / "ballast", 0, b"x" * 800_000)
        write(folder / "creds.json", 0, b"" if replace else creds())
        before = contents(folder)
        with pytest.raises(CleanupError, match="No space left on device"):
            restore(here, replace=replace)
        assert before == contents(folder)
        (here / "sessions" / "ballast").unlink()
        assert 0 == restore(here, replace=replace)
        assert KEY in contents(folder)

    in_mounts(work)


# --- while the bot writes ---------------------------------------------------------------------------------


def keep_writing(path: Path) -> None:
    """Write a file again and again the way Baileys does: in place, truncating first, and not all at once."""
    number = 0
    while True:
        number += 1
        data = json.dumps([number] * 5_000).encode()
        with path.open("r+b", buffering=0) as file:
            file.truncate()
            time.sleep(0.004)
            file.write(data[:7_000])
            time.sleep(0.004)
            file.write(data[7_000:])
        time.sleep(0.15)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Let another process write while inside."""
    writer = multiprocessing.get_context("fork").Process(target=keep_writing, args=(path,))
    writer.start()
    try:
        yield
    finally:
        writer.kill()
        writer.join()


def whole(data: bytes) -> bool:
    """Tell whether these bytes are what one writing wrote."""
    try:
        return len(set(json.loads(data))) == 1
    except ValueError:
        return False


def until(seen: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for something to be seen."""
    end = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < end, "the load never showed what it has to show"


@pytest.mark.slow
def test_an_archive_never_holds_half_a_file(disk_root: Path) -> None:
    """Read plainly, a file is sometimes torn under this load; in forty snapshots it never is."""
    folder = company(disk_root, "1")
    path = write(folder / SESSION, 1, json.dumps([0] * 5_000).encode())
    with writing(path), open_store(str(disk_root)) as opened, opened.company("1") as ours:
        until(lambda: not whole(path.read_bytes()))
        taken = 0
        for _ in range(40):
            try:
                shot = take_snapshot(ours, io.BytesIO(), Clock(0, time.time_ns, lambda: time.sleep(0.03)))
            except CompanyProblem:
                continue  # it never held still: no archive is made
            taken += 1
            assert whole(b"".join(shot.read(SESSION)))
    assert taken > 5
