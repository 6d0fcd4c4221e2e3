"""A power cut at any point: every file comes back once, in its folder or in the quarantine, and undo works.

Points are sampled, and the seed of each is its number: a red one is played again by its id.
"""

import os
import random
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from baileys_cleanup import cli
from baileys_cleanup.commands import options
from baileys_cleanup.commands.undo import undo_run
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.selection import Selection
from powerless import import_all

from .faults import Call, kill, watched
from .powercut import Disk
from .runner import LAZY, clean, command, days_ago, in_child, tool_in_child, world
from .trees import MEMORY, OWN_KEY, TOOL, audited, census, company, creds, rewrite, sessions, snapshot, survivors

pytestmark = pytest.mark.slow

FILES = sessions(range(3))


@pytest.fixture(autouse=True)
def _second_look_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody wait a second for a bot that is not there."""
    monkeypatch.setattr(options, "SECOND_LOOK", 0)


BEFORE = days_ago(8)


ACCOUNT = creds(
    signedIdentityKey={"public": {"type": "Buffer", "data": "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY="}}
)
"""Of a pairing that can be told from others: a run notes it, and undo asks for it."""


def two_companies(root: Path) -> None:
    """Build two companies with something to remove."""
    company(root, "1", MEMORY, OWN_KEY, *FILES, account=ACCOUNT)
    company(root, "2", *FILES[:2], account=ACCOUNT)


def undo(root: Path, selection: Selection = Selection()) -> None:  # noqa: B008 - it cannot be changed
    """Undo the last run, without saying that it may go on in doubt."""
    undo_run(Settings(str(root)), "latest", selection, world(), lambda _: None, as_json=True)


def cleaned(root: Path) -> None:
    """Build them, and clean."""
    two_companies(root)
    clean(root)


def due(root: Path) -> None:
    """Build them, cleaned so long ago that it is deleted for good now."""
    two_companies(root)
    clean(root, now=BEFORE)


def cut_at(root: Path, work: Callable[[Path], object], point: int, top: Path) -> bool:
    """Do some work, and cut the power of the disk with `top` before its `point`-th change; tell whether it came to that."""

    def child() -> None:
        disk = Disk(top)
        left = point

        def before(call: Call) -> None:
            nonlocal left
            left -= call.changes
            if left == 0:
                disk.cut(random.Random(f"{os.environ.get('POWER_CUT_SEED', '0')} {point}"))
                kill()
            disk.before(call)

        with watched(before, disk.after):
            work(root)

    died, _ = in_child(child)
    return died != 0


def changes(room: Path, build: Callable[[Path], object], work: Callable[[Path], object]) -> int:
    """Count the changes that some work makes."""
    root = room / "counted"
    root.mkdir()
    build(root)
    count = 0

    def before(call: Call) -> None:
        nonlocal count
        count += call.changes

    with watched(before):
        work(root)
    return count


def after_cuts(
    room: Path, build: Callable[[Path], object], work: Callable[[Path], object], samples: int, *, shelf: bool = False
) -> list[Path]:
    """Give roots as they come back from cuts at sampled points of some work, or with the `shelf` on that disk."""
    most = changes(room, build, work)
    roots = []
    seed = int(os.environ.get("POWER_CUT_SEED", "0"))  # another one cuts elsewhere
    for point in sorted(random.Random(seed + most).sample(range(1, most + 1), min(samples, most))):
        root = room / f"cut{point}"
        root.mkdir()
        build(root)
        assert cut_at(root, work, point, Path(f"{root}-shelf") if shelf else root), point
        roots.append(root)
    assert len(roots) > 5
    return roots


def whole(root: Path) -> dict[tuple[str, str], bytes | None]:
    """Give every auth file with its content; each has to be in one place."""
    found = census(root)
    assert all(len(places) == 1 for places in found.values()), f"{root.name}: {found}"
    return {key: places[0].fact.content for key, places in found.items()}


def test_a_cleaning_that_lost_power(root: Path) -> None:
    """No file is lost, what is gone from its folder has its line in the log, and undo gives back what was there."""
    room = root.parent
    two_companies(root)
    everything = whole(root)
    for cut in after_cuts(room, two_companies, clean, 16):
        assert everything == whole(cut), cut.name
        logged = {(f"company_{line['company']}", line["file"]) for line in audited(cut) if line["event"] == "remove"}
        assert everything.keys() - survivors(cut).keys() <= logged, cut.name
        clean(cut, policy=LAZY)
        assert everything == whole(cut), cut.name
        while everything.keys() != survivors(cut).keys():
            gone = len(survivors(cut))
            undo(cut)
            assert len(survivors(cut)) > gone, f"{cut.name}: undo brings nothing back"
        clean(cut)
        assert OWN_KEY in {name for _, name in survivors(cut)}, "it goes in a later run than its memory"


def test_a_deletion_that_lost_power(root: Path) -> None:
    """Deleted at once, what is gone has its line; what is there is whole, and goes with the next run."""
    room = root.parent
    two_companies(root)
    everything = whole(root)
    for cut in after_cuts(room, two_companies, lambda here: clean(here, undo_days=0), 8):
        found = whole(cut)
        assert found.items() <= everything.items()
        logged = {(f"company_{line['company']}", line["file"]) for line in audited(cut) if line["event"] == "remove"}
        assert everything.keys() - survivors(cut).keys() <= logged, cut.name
        clean(cut, undo_days=0)
        clean(cut, undo_days=0)
        assert {name for _, name in whole(cut)} == {"creds.json", OWN_KEY}


def test_an_undo_that_lost_power(root: Path) -> None:
    """Each file is in one place, and the same undo ends what was begun."""
    room = root.parent
    cleaned(root)
    everything = whole(root)
    for cut in after_cuts(room, cleaned, undo, 8):
        assert everything == whole(cut), cut.name
        if everything.keys() != survivors(cut).keys():
            undo(cut)
        assert everything.keys() == survivors(cut).keys(), cut.name


def test_a_purge_that_lost_power(root: Path) -> None:
    """Nothing live is touched, and what is left of the run is deleted by the next one, with its record."""
    room = root.parent
    due(root)
    live = survivors(root)
    for cut in after_cuts(room, due, lambda here: clean(here, policy=LAZY), 8):
        assert live == survivors(cut), cut.name
        ran = clean(cut, policy=LAZY)
        assert ran.run is not None
        assert [] == ran.run.warnings, cut.name
        assert live == whole(cut), cut.name
        assert [] == list((cut / TOOL / "runs").iterdir()), cut.name


# --- whole folders, and archives --------------------------------------------------------------------------


def saying(*arguments: str) -> Callable[[Path], None]:
    """Give what the command line does on a root; `{shelf}` is where its archives lie."""

    def work(root: Path) -> None:
        sys.argv = command(root, *(each.replace("{shelf}", f"{root}-shelf") for each in arguments))[2:]
        silent = os.open(os.devnull, os.O_WRONLY)
        kept = [os.dup(number) for number in (1, 2)]
        try:
            for number in (1, 2):
                os.dup2(silent, number)
            with suppress(SystemExit):
                cli.main()
        finally:
            for number, fd in zip((1, 2), kept, strict=True):
                os.dup2(fd, number)
                os.close(fd)
            os.close(silent)

    return work


def archived(root: Path) -> None:
    """Build one company whose files lie in an archive as well."""
    first = root.parent / "first"
    if not first.exists():
        company(first, "1", *FILES, account=ACCOUNT)
        Path(f"{first}-shelf").mkdir()
        saying("backup", "--to", "{shelf}")(first)
    for tail in ("", "-shelf"):
        shutil.copytree(f"{first}{tail}", f"{root}{tail}", dirs_exist_ok=True)


def everywhere(root: Path) -> set[tuple[str, bytes | None]]:
    """Give the name and content of each file that lies anywhere below a root."""
    return {
        (name.rpartition("/")[2], fact.content) for name, fact in snapshot(root).items() if fact.content is not None
    }


@pytest.mark.parametrize(
    "work",
    [
        ("restore", "latest", "--company", "1", "--replace", "--anyway", "--from", "{shelf}"),
        ("rotate", "--company", "1", "--yes"),
    ],
    ids=["restore", "rotate"],
)
def test_a_switch_of_folders_that_lost_power(root: Path, work: tuple[str, ...]) -> None:
    """A folder with a whole creds.json is live, everything of the former one is there, and the next run has no question."""
    import_all()
    here = company(root, "1", *FILES, account=ACCOUNT)
    former = {(path.name, path.read_bytes()) for path in here.iterdir()}
    for cut in after_cuts(root.parent, archived, saying(*work), 8):
        said = tool_in_child(cut, "--json")
        assert said.status in {0, 4}, f"{cut.name}: {said}"
        assert ACCOUNT == (cut / "company_1" / "creds.json").read_bytes(), cut.name
        assert former <= everywhere(cut), cut.name
        assert not [text for text in said.json["warnings"] if "settled" in text], cut.name


def test_a_backup_that_lost_power(root: Path) -> None:
    """What has an archive's name is one, and the one before goes only when the new one is there."""
    import_all()
    work = saying("backup", "--to", "{shelf}")

    def build(here: Path) -> None:
        archived(here)
        (here / "company_1" / "lid-mapping-1.json").write_text("{}")
        os.environ["BAILEYS_CLEANUP_BACKUP__KEEP_LAST"] = "1"

    for cut in after_cuts(root.parent, build, work, 6, shelf=True):
        verified = tool_in_child(cut, "backup", "--verify", "--to", f"{cut}-shelf", "--json")
        assert verified.status == 0, f"{cut.name}: {verified}"
        assert list(Path(f"{cut}-shelf").glob("company_1-*.tar.gz")), cut.name


# --- what is flushed before what --------------------------------------------------------------------------


def at_moments(
    root: Path, work: Callable[[Path], object], when: Callable[[Call], bool], look: Callable[[Disk], object]
) -> int:
    """Do some work, and look at what is on the disk before each call that it is about; give how many there were."""
    disk, met = Disk(root), 0

    def before(call: Call) -> None:
        nonlocal met
        if when(call):
            met += 1
            look(disk)
        disk.before(call)

    with watched(before, disk.after):
        work(root)
    return met


def forgets_a_record(call: Call) -> bool:
    """Tell whether the record of a run goes."""
    return call.name == "unlink" and call.args[0].endswith(".json") and in_folder(call.kwargs["dir_fd"], "runs")


def in_folder(fd: int, name: str) -> bool:
    """Tell whether an open folder has this name."""
    return Path(os.readlink(f"/proc/self/fd/{fd}")).name == name


def test_a_pairing_is_on_the_disk_before_anything_of_its_company_goes(root: Path) -> None:
    """Without the note, `undo` could not tell later whether the bot was paired anew since."""
    two_companies(root)

    def removes(call: Call) -> bool:
        return call.name == "rename" and in_folder(call.kwargs["src_dir_fd"], company_folder)

    def look(disk: Disk) -> None:
        (noted,) = (inode for (_, name), inode in disk.names.items() if name.endswith(".pairings"))
        assert f'["{company_folder.removeprefix("company_")}", '.encode() in disk.contents[noted].text

    for company_folder in ("company_1", "company_2"):
        again = root.parent / f"with-{company_folder}"
        again.mkdir()
        two_companies(again)
        assert at_moments(again, clean, removes, look)


def test_what_was_deleted_for_good_is_gone_from_the_disk_before_its_record(root: Path) -> None:
    """Files that came back without their record could neither be brought back nor deleted."""
    due(root)
    runs = {path.stem for path in (root / TOOL / "runs").glob("*.json")}

    def look(disk: Disk) -> None:
        assert not {name for _, name in disk.names} & runs

    assert at_moments(root, lambda here: clean(here, policy=LAZY), forgets_a_record, look)


def test_what_came_back_is_on_the_disk_before_the_record_is_forgotten(root: Path) -> None:
    """A file that fell back into the quarantine without a record could not be brought back."""
    two_companies(root)
    there = {path.stat().st_ino: path.name for path in root.glob("company_*/*")}
    clean(root)
    folders = {path.stat().st_ino for path in root.glob("company_*")}

    def look(disk: Disk) -> None:
        assert there == {inode: name for (folder, name), inode in disk.names.items() if folder in folders}

    assert at_moments(root, undo, forgets_a_record, look)


def test_what_undo_says_is_back_is_on_the_disk(root: Path) -> None:
    """Of one company, too, where the run and its record stay for the other one."""
    two_companies(root)
    there = {path.stat().st_ino: path.name for path in root.glob("company_1/*")}
    clean(root)
    folder, disk = (root / "company_1").stat().st_ino, Disk(root)
    with watched(disk.before, disk.after):
        undo(root, Selection(("1",)))
    assert there == {inode: name for (parent, name), inode in disk.names.items() if parent == folder}


def test_what_goes_back_by_itself_is_on_the_disk_before_its_run_counts_as_settled(root: Path) -> None:
    """Of a settled run all is deleted in the end: a file that fell back there would go with it, newest as it is."""
    two_companies(root)
    clean(root)
    late = next((root / TOOL / "quarantine").glob(f"*/company_1/{FILES[0]}"))
    run = f"{late.parent.parent.name}.json"
    rewrite(late, b"written by the bot after the last look")
    inode, folder = late.stat().st_ino, (root / "company_1").stat().st_ino

    def settles(call: Call) -> bool:
        return call.name == "replace" and call.args[1] == run and (root / "company_1" / FILES[0]).exists()

    def look(disk: Disk) -> None:
        assert inode == disk.names.get((folder, FILES[0]))

    assert at_moments(root, clean, settles, look)
