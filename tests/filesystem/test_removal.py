"""One company under a hand that moves: what was planned and what is found are not the same thing."""

import errno
import os
import signal
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from baileys_cleanup.decision.names import kind_of
from baileys_cleanup.decision.verdict import AuthFile, Rule, Verdict
from baileys_cleanup.errors import ProtectedFile
from baileys_cleanup.store.folder.audit import open_audit
from baileys_cleanup.store.folder.company import Company, Stamp
from baileys_cleanup.store.folder.folder_store import open_store
from baileys_cleanup.store.folder.quarantine import Quarantine
from baileys_cleanup.store.remover import DryRun, Remover
from baileys_cleanup.store.runs import Run

from . import runner
from .faults import Call, failing, watched
from .runner import clean, in_child
from .trees import (
    GROUP,
    MEMORY,
    OWN_KEY,
    TOOL,
    audited,
    company,
    leftovers,
    quarantined,
    rewrite,
    sessions,
    snapshot,
    survivors,
    write,
)

SESSION = "session-15551000000.0.json"
OTHERS_KEY = f"sender-key-{GROUP}--15551000000--0.json"
NEWER = b"the newer content"

both_ways_back = pytest.mark.parametrize("way_back", ["renameat2", "hard link"])
both_undo_days = pytest.mark.parametrize("undo_days", [7, 0])


class Interrupter:
    """A `stopping` that never stops, and acts when it is asked for the n-th time.

    The tool asks once before a company is looked at, and once before each removal: the second time lies
    between plan and act.
    """

    def __init__(self, number: int, act: Callable[[], object]) -> None:
        self.left = number
        self.act = act

    def __call__(self) -> bool:
        """Act when it is time."""
        self.left -= 1
        if self.left == 0:
            self.act()
        return False


# --- links instead of folders ---------------------------------------------------------------------------


@both_undo_days
@pytest.mark.parametrize("moment", [1, 2], ids=["before it is opened", "between plan and act"])
def test_a_company_swapped_for_a_link_leads_nowhere(root: Path, moment: int, undo_days: int) -> None:
    """Whoever swaps a company folder for a link to a victim does not get the victim cleaned."""
    here = company(root, "1", *sessions(range(5)))
    victim = company(root.parent / "elsewhere", "victim", *sessions(range(5)))
    before = snapshot(victim)
    away = root.parent / "away"

    def swap() -> None:
        here.rename(away)
        here.symlink_to(victim)

    ran = clean(root, stopping=Interrupter(moment, swap), undo_days=undo_days)
    assert before == snapshot(victim)
    assert here.is_symlink()
    if moment == 1:
        assert "no longer a folder" in ran.errors("1")
        assert ran.total.removed == 0
    else:
        assert ran.total.removed == 5, "what was looked at is what is acted on, wherever it lies by now"
        assert ["creds.json"] == os.listdir(away)


def test_a_link_in_the_place_of_a_company_is_named_and_left_alone(root: Path) -> None:
    """A link that only looks like a company is neither entered nor silently passed over."""
    victim = company(root.parent / "elsewhere", "victim", *sessions(range(3)))
    (root / "company_2").symlink_to(victim)
    company(root, "1", *sessions(range(3)))
    before = snapshot(victim)
    ran = clean(root)
    assert before == snapshot(victim)
    assert ["1"] == list(ran.companies)
    assert any("company_2" in warning for warning in ran.run.warnings)


@pytest.mark.parametrize("broken", ["company_1", "company_1/" + SESSION])
def test_the_quarantine_is_entered_by_descriptor(root: Path, broken: str) -> None:
    """A link planted in the quarantine leads no file out of it."""
    here = company(root, "1", SESSION)
    victim = root.parent / "victim"
    victim.mkdir()

    def plant(call: Call) -> None:
        if call.name == "mkdir" and call.args[0] == "company_1":
            (run,) = (root / TOOL / "quarantine").iterdir()
            if broken == "company_1":
                (run / broken).symlink_to(victim)

    with watched(plant):
        ran = clean(root)
    assert [] == os.listdir(victim)
    if broken == "company_1":
        assert ran.total.failed == 1
        assert (here / SESSION).exists()
    else:
        assert ran.total.removed == 1


# --- plain files only -----------------------------------------------------------------------------------


def test_only_plain_files_go(root: Path) -> None:
    """A link, a hard link, a pipe, a socket and a folder keep their place under a name that would have to go."""
    here = company(root, "1", SESSION)
    outside = write(root.parent / "outside.json", 400)
    old = os.stat(outside).st_mtime
    (here / "session-link.json").symlink_to(outside)
    (here / "session-dangling.json").symlink_to(root.parent / "nowhere")
    os.link(outside, here / "session-hard.json")
    os.mkfifo(here / "session-pipe.json")
    (here / "session-folder.0.json").mkdir()
    write(here / "session-folder.0.json" / SESSION, 400)
    with socket.socket(socket.AF_UNIX) as plug:
        here_fd = os.open(here, os.O_RDONLY)
        try:  # by descriptor: a socket's path may only be short
            plug.bind(f"/proc/self/fd/{here_fd}/session-socket.json")
        finally:
            os.close(here_fd)
        for entry in os.scandir(here):
            if entry.is_dir(follow_symlinks=False):
                os.utime(entry.path, (old, old))
            elif not entry.name.startswith("creds"):
                os.utime(entry.path, (old, old), follow_symlinks=False)
        before = snapshot(here)
        ran = clean(root)
        after = snapshot(here)
    del before[SESSION]
    assert before == after
    assert (1, 2) == (ran.total.removed, ran.total.kept), "the hard link is counted and kept, the others are no files"
    (warning,) = [text for text in ran.only.warnings if "no regular file" in text]
    assert warning.startswith("5 entries")
    assert any("session-hard.json" in note for note in ran.only.notes)


def test_creds_json_as_a_pipe_does_not_hang_the_run(root: Path) -> None:
    """A pipe in the place of `creds.json` is not waited for, a link in its place not followed; no session goes."""
    for number, make in enumerate((os.mkfifo, os.mkdir, lambda path: os.symlink("/etc/passwd", path))):
        here = company(root, str(number), SESSION, OTHERS_KEY)
        (here / "creds.json").unlink()
        make(here / "creds.json")

    def child() -> tuple[int, list[list[str]]]:
        signal.alarm(120)  # who waits for the pipe waits for ever
        ran = clean(root)
        return ran.total.removed, [outcome.warnings for outcome in ran.companies.values()]

    died, answer = in_child(child)
    assert died == 0
    removed, warnings = answer
    assert removed == 3
    assert {(f"company_{number}", OTHERS_KEY) for number in range(3)} == quarantined(root)
    assert all(any("creds.json" in text for text in texts) for texts in warnings)


def test_two_thousand_folders_deep(root: Path) -> None:
    """Sub-folders are not entered, however many there are one in the other."""
    here = company(root, "1", SESSION)
    deepest = os.open(here, os.O_RDONLY)
    fds = 2_000
    for _ in range(fds):
        os.mkdir("session-x.0.json", dir_fd=deepest)
        below = os.open("session-x.0.json", os.O_RDONLY, dir_fd=deepest)
        os.close(deepest)
        deepest = below
    os.close(os.open(SESSION, os.O_WRONLY | os.O_CREAT, dir_fd=deepest))
    os.utime(SESSION, (1, 1), dir_fd=deepest)
    ran = clean(root)
    assert (1, 1) == (ran.total.removed, ran.total.kept)
    assert os.stat(SESSION, dir_fd=deepest).st_mtime == 1
    os.unlink(SESSION, dir_fd=deepest)
    for _ in range(fds):  # upwards again: no tool that recurses could remove this
        above = os.open("..", os.O_RDONLY, dir_fd=deepest)
        os.rmdir("session-x.0.json", dir_fd=above)
        os.close(deepest)
        deepest = above
    os.close(deepest)


# --- between plan and act -------------------------------------------------------------------------------


def _touch(path: Path) -> None:
    os.utime(path)


def _rewrite(path: Path) -> None:
    rewrite(path, NEWER)


def _rewrite_same_size_and_date(path: Path) -> None:
    status = path.stat()
    fresh = path.with_name("fresh.tmp")
    fresh.write_bytes(b"x" * status.st_size)
    os.utime(fresh, ns=(status.st_mtime_ns, status.st_mtime_ns))
    fresh.rename(path)


def _append(path: Path) -> None:
    status = path.stat()
    with path.open("ab") as file:
        file.write(b"more")
    os.utime(path, ns=(status.st_mtime_ns, status.st_mtime_ns))


def _link(path: Path) -> None:
    os.link(path, path.with_name("backup.bak"))


def _into_link(path: Path) -> None:
    path.rename(path.with_name("moved.bak"))
    path.symlink_to("moved.bak")


def _into_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    write(path / "inside", 400)


def _into_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


CHANGES = [
    _touch,
    _rewrite,
    _rewrite_same_size_and_date,
    _append,
    _link,
    _into_link,
    _into_folder,
    _into_pipe,
]


@both_undo_days
@pytest.mark.parametrize("change", CHANGES)
def test_what_changed_since_the_plan_stays(root: Path, change: Callable[[Path], None], undo_days: int) -> None:
    """A file that is not the planned one any more when its turn comes is counted as changed, and stays."""
    here = company(root, "1", SESSION)
    after: dict[str, object] = {}

    def act() -> None:
        change(here / SESSION)
        after.update(snapshot(here))

    ran = clean(root, stopping=Interrupter(2, act), undo_days=undo_days)
    assert after == snapshot(here)
    assert (0, 1) == (ran.total.removed, ran.total.changed)
    assert set() == quarantined(root)
    assert set() == leftovers(root)
    assert not [line for line in audited(root) if line["event"] == "remove"]


def test_what_vanished_by_itself_is_changed(root: Path) -> None:
    """A file that somebody else removed between plan and act is no failure."""
    here = company(root, "1", *sessions(range(2)))
    ran = clean(root, stopping=Interrupter(2, (here / SESSION).unlink))
    assert (1, 1, 0) == (ran.total.removed, ran.total.changed, ran.total.failed)


# --- between the rename and the second look -------------------------------------------------------------


def at_the_rename(name: str, before: Callable[[], object] | None = None, after: Callable[[], object] | None = None):
    """Give the two acts that fire right before and right after the removal's own rename of a file."""

    def early(call: Call) -> None:
        if before is not None and call.moves(name):
            before()

    def late(call: Call) -> None:
        if after is not None and call.moves(name):
            after()

    return early, late


@both_undo_days
@both_ways_back
@pytest.mark.parametrize("change", [_touch, _rewrite, _rewrite_same_size_and_date, _append, _into_link, _into_pipe])
def test_what_changed_at_the_last_moment_goes_back(
    root: Path, change: Callable[[Path], None], way_back: str, undo_days: int
) -> None:
    """A file changed between the first look and the rename is back in its place, as it was left."""
    here = company(root, "1", SESSION)
    after: dict[str, object] = {}

    def act() -> None:
        change(here / SESSION)
        after.update(snapshot(here))

    with watched(*at_the_rename(SESSION, before=act), way_back=way_back):
        ran = clean(root, undo_days=undo_days)
    assert after == snapshot(here)
    assert (0, 1) == (ran.total.removed, ran.total.changed)
    assert set() == quarantined(root)
    assert set() == leftovers(root)
    assert ["remove", "put_back"] == [line["event"] for line in audited(root)]


@both_undo_days
@both_ways_back
def test_who_had_it_open_before_the_rename_writes_into_the_right_file(
    root: Path, way_back: str, undo_days: int
) -> None:
    """A writer that opened the file before it was moved finds its content in the company's folder."""
    here = company(root, "1", SESSION)
    opened: list[int] = []

    def open_it() -> None:
        opened.append(os.open(here / SESSION, os.O_WRONLY | os.O_TRUNC))

    with watched(*at_the_rename(SESSION, before=open_it), way_back=way_back):
        ran = clean(root, undo_days=undo_days)
    os.write(opened[0], NEWER)
    os.close(opened[0])
    assert NEWER == (here / SESSION).read_bytes()
    assert ran.total.changed == 1


@both_undo_days
@both_ways_back
def test_a_newer_file_is_never_overwritten(root: Path, way_back: str, undo_days: int) -> None:
    """Changed at the last moment, and written anew by then: the newest stays, the older state stays out."""
    here = company(root, "1", SESSION)
    acts = at_the_rename(
        SESSION, before=lambda: rewrite(here / SESSION, b"older"), after=lambda: rewrite(here / SESSION, NEWER)
    )
    with watched(*acts, way_back=way_back):
        ran = clean(root, undo_days=undo_days)
    assert NEWER == (here / SESSION).read_bytes()
    assert (0, 1) == (ran.total.removed, ran.total.changed)
    (held,) = (root / TOOL / "quarantine").glob(f"*/company_1/{SESSION}")
    assert held.read_bytes() == b"older"
    assert stat.S_IMODE((root / TOOL).stat().st_mode) == 0o700


@both_undo_days
@both_ways_back
def test_a_file_written_anew_after_the_rename_is_not_touched(root: Path, way_back: str, undo_days: int) -> None:
    """Moved as planned, and written anew right after: the old one is removed, the new one lives."""
    here = company(root, "1", SESSION)
    with watched(*at_the_rename(SESSION, after=lambda: rewrite(here / SESSION, NEWER)), way_back=way_back):
        ran = clean(root, undo_days=undo_days)
    assert NEWER == (here / SESSION).read_bytes()
    assert ran.total.removed == 1
    assert (undo_days > 0) == bool(quarantined(root))


@both_ways_back
def test_a_dangling_link_counts_as_a_file_that_exists(root: Path, way_back: str) -> None:
    """Putting back neither follows nor replaces a link that took the place meanwhile."""
    here = company(root, "1", SESSION)
    target = root.parent / "target"
    acts = at_the_rename(
        SESSION,
        before=lambda: rewrite(here / SESSION, b"older"),
        after=lambda: (here / SESSION).symlink_to(target),
    )
    with watched(*acts, way_back=way_back):
        clean(root)
    assert (here / SESSION).is_symlink()
    assert not target.exists()
    assert {("company_1", SESSION)} == quarantined(root)


@both_undo_days
@pytest.mark.parametrize("moment", ["between plan and act", "at the rename"])
def test_the_key_stays_when_its_memory_comes_back(root: Path, moment: str, undo_days: int) -> None:
    """An own sender key does not go without its group's memory, also when that changes at the last moment."""
    here = company(root, "1", MEMORY, OWN_KEY, SESSION)
    if moment == "at the rename":
        with watched(*at_the_rename(MEMORY, before=lambda: rewrite(here / MEMORY, NEWER))):
            ran = clean(root, undo_days=undo_days)
    else:
        act = Interrupter(2, lambda: rewrite(here / MEMORY, NEWER))
        ran = clean(root, undo_days=undo_days, stopping=act)
    assert {"creds.json", MEMORY, OWN_KEY} == set(os.listdir(here))
    assert NEWER == (here / MEMORY).read_bytes()
    assert (1, 2, 1) == (ran.total.removed, ran.total.kept, ran.total.changed)
    assert "HELD" not in str(ran.only.errors)


# --- where nothing could come back ----------------------------------------------------------------------


@both_undo_days
def test_without_a_way_back_nothing_is_removed(root: Path, undo_days: int) -> None:
    """Where neither rename nor link can put a file back without overwriting, every file stays and it is said."""
    company(root, "1", *sessions(range(3)))
    company(root, "2", *sessions(range(2)))
    before = survivors(root)
    with watched(way_back="none"):
        ran = clean(root, undo_days=undo_days)
    assert before == survivors(root)
    assert (0, 5) == (ran.total.removed, ran.total.failed)
    assert ["failed", "failed"] == [outcome.status.value for outcome in ran.companies.values()]
    assert "cannot put a file back without overwriting" in ran.errors("1")
    assert set() == leftovers(root)
    assert [] == [line for line in audited(root) if line["event"] == "remove"]


@both_undo_days
@both_ways_back
@pytest.mark.parametrize("code", [errno.EIO, errno.EACCES, errno.ENOSPC])
def test_a_put_back_that_fails_loses_nothing(root: Path, way_back: str, undo_days: int, code: int) -> None:
    """A changed file that cannot go back now stays in the quarantine, named, and a later run brings it back."""
    here = company(root, "1", *sessions(range(3)))
    broken: list[Call] = []

    def act(call: Call) -> None:
        if call.moves(SESSION):
            rewrite(here / SESSION, NEWER)
        elif call.name in {"renameat2", "link"} and call.args[0 if call.name == "link" else 1] in {
            SESSION,
            SESSION.encode(),
        }:
            broken.append(call)
            raise OSError(code, os.strerror(code))

    with watched(act, way_back=way_back):
        ran = clean(root, undo_days=undo_days)
    assert broken, "the fault was not met"
    assert ran.only.status.value == "failed"
    assert "cannot be put back" in ran.errors("1")
    (held,) = (root / TOOL / "quarantine").glob(f"*/company_1/{SESSION}")
    assert NEWER == held.read_bytes()
    later = runner.days_ago(-1)
    clean(root, now=later, undo_days=undo_days)
    places = [*(root / TOOL / "quarantine").glob(f"*/company_1/{SESSION}"), *here.glob(SESSION)]
    assert [NEWER] == [place.read_bytes() for place in places], "what was never to be removed must not be purged"


@both_undo_days
def test_a_full_audit_log_stops_every_removal(root: Path, undo_days: int) -> None:
    """Without the lines of all its removals in the audit log no file of a company is moved."""
    company(root, "1", *sessions(range(3)))
    for code in (errno.ENOSPC, errno.EROFS, errno.EIO):
        before = survivors(root)
        act, hit = failing(1, code, lambda call: call.name == "write" and b'"remove"' in call.args[1])
        with watched(act):
            ran = clean(root, undo_days=undo_days)
        assert hit
        assert before == survivors(root), "what tells of all of them tells of none"
        assert ran.total.failed == 3
        assert "the audit log takes no lines" in ran.errors("1")
        assert [] == [line for line in audited(root) if line["event"] == "remove"]


def test_half_the_lines_are_none(root: Path) -> None:
    """A write that was cut short counts as none: every file of the company stays, and the log says so."""
    company(root, "1", *sessions(range(4)))
    before = survivors(root)
    real = os.write

    def cut(fd: int, data: bytes) -> int:
        return real(fd, data[: len(data) // 2]) if b'"remove"' in data else real(fd, data)

    with watched() as _, pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "write", cut)
        ran = clean(root)
    assert before == survivors(root)
    assert ran.total.failed == 4
    log = (root / TOOL / "audit.log").read_text()
    assert log.count('"event": "not_removed"') == 4


# --- a plan made by hand --------------------------------------------------------------------------------


@contextmanager
def hands(root: Path, *, dry: bool, undo_days: int) -> Iterator[tuple[Remover, Company]]:
    """Give a remover and an open company, as a run has them."""
    with ExitStack() as stack:
        held = stack.enter_context(open_store(str(root)))
        here = stack.enter_context(held.company("1"))
        if dry:
            yield DryRun(), here
            return
        tool = stack.enter_context(held.workspace(create=True))
        assert tool is not None
        audit = stack.enter_context(open_audit(tool, lambda: 0))
        quarantine = Quarantine(tool, Run("20261122T030000Z-0000", 0, undo_days), audit)
        stack.callback(quarantine.close)
        yield quarantine, here


FORBIDDEN = [
    "creds.json",
    "lid-mapping-15551000000.json",
    "lid-mapping-15551000000_reverse.json",
    "app-state-sync-key-AAAAAA==.json",
    "app-state-sync-version-regular.json",
    "app-state-sync-anything",
    "device-list-15551000000.json",
    "tctoken-15551000000@s.whatsapp.net.json",
    "identity-key-15551000000.0.json",
    "session-1.0.json.tmp",
    "pre-key-01.json",
    "Session-1.0.json",
    "unheard-of.json",
]


@pytest.mark.parametrize("how", ["dry", "real", "at once"])
@pytest.mark.parametrize("name", FORBIDDEN)
def test_the_hand_refuses_what_no_plan_may_hold(root: Path, name: str, how: str) -> None:
    """A plan made by hand (or by a bug) that names a file nobody may remove stops at the remover."""
    here = company(root, "1", name)
    before = snapshot(here)
    with hands(root, dry=how == "dry", undo_days=0 if how == "at once" else 7) as (remover, open_company):
        status = os.stat(here / name)
        file = AuthFile(name, kind_of(name), 0, status.st_size, stamp=Stamp.of(status))
        with remover.company(open_company) as hand, pytest.raises(ProtectedFile, match="never removed"):
            list(hand.remove([Verdict(file, True, Rule.SESSION_AGE, "said so")], lambda: False))
    assert before == snapshot(here)


@pytest.mark.parametrize(
    "name", ["../company_2/" + SESSION, "./" + SESSION, "session-../../x.json", "/etc/session-.json"]
)
def test_a_name_with_a_slash_reaches_no_other_folder(root: Path, name: str) -> None:
    """No plan can reach into another folder, whatever names it holds."""
    company(root, "1", SESSION)
    company(root, "2", SESSION)
    before = survivors(root)
    with hands(root, dry=False, undo_days=7) as (remover, open_company), remover.company(open_company) as hand:
        status = os.stat(root / "company_2" / SESSION)
        file = AuthFile(name, kind_of(SESSION), 0, status.st_size, stamp=Stamp.of(status))
        try:
            (removal,) = hand.remove([Verdict(file, True, Rule.SESSION_AGE, "said so")], lambda: False)
        except (ProtectedFile, OSError):
            removal = None
        assert removal is None or removal.outcome.value in {"changed", "vanished", "failed"}
    assert before == survivors(root)


def test_a_group_is_named_as_the_library_names_it() -> None:
    """The names these tests remove are those of the library's grammar."""
    assert GROUP in OWN_KEY
    assert kind_of(OWN_KEY).value == "sender_key"
    assert kind_of(MEMORY).value == "sender_key_memory"
