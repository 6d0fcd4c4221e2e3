"""A rotation killed anywhere: one folder is live, or the journal leads to where one is; it can be ended either way."""

import json
import os
import stat
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import pytest
from click.testing import CliRunner

from baileys_cleanup import cli
from baileys_cleanup.cleaning import hooks
from baileys_cleanup.commands import undo as undo_command
from baileys_cleanup.errors import CleanupError, Refused, UsageProblem
from baileys_cleanup.rotation import pairing
from baileys_cleanup.rotation import rotate as rotation
from baileys_cleanup.rotation.journal import read_journals
from baileys_cleanup.rotation.states import Journal, State
from baileys_cleanup.rotation.walk import Connections
from baileys_cleanup.settings.values import Rotate, Settings
from baileys_cleanup.store.folder.folder_store import open_store
from baileys_cleanup.store.folder.small_records import FolderRecords

from .faults import CHANGING, Call, failing, kill, watched
from .runner import clean, in_child, undo, world
from .sweep import killed_everywhere
from .trees import MEMORY, NUMBER, OWN_KEY, TOOL, Fact, company, rewrite, sessions, snapshot, write

SESSION, OTHER_SESSION = sessions(range(2))
OWN_SESSION = f"session-{NUMBER}.0.json"
LEFT = {MEMORY, OWN_KEY, SESSION, OTHER_SESSION}
TAKEN = {"creds.json", "app-state-sync-key-AAAA.json", "lid-mapping-1.json", OWN_SESSION, "pre-key-1.json", "odd name"}
BOT = Rotate(stop_command=("stop", "{company_id}"), start_command=("start", "{folder}"))
"""The commands are never run here: `bot` stands in for what they do."""

each_sweep = pytest.mark.parametrize(
    ("way_back", "every"),
    [
        ("renameat2", False),
        pytest.param("renameat2", True, marks=pytest.mark.slow),
        pytest.param("hard link", False, marks=pytest.mark.slow),
    ],
)
"""A kernel that swaps two names at once, and one that does not; killed before each change, and before each call."""
both_modes = pytest.mark.parametrize("fresh", [False, True], ids=["soft", "fresh"])


def plant(root: Path) -> None:
    """Make a company that has something of every sort, and another one."""
    company(root, "1", *sorted((LEFT | TAKEN) - {"creds.json"}), age=5)
    company(root, "2", SESSION, age=5)


@pytest.fixture(autouse=True)
def bot(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in for the bot and its two commands: a file says whether it runs, in every copy of the root."""
    place = root / "bot-of"
    place.mkdir()

    def run(hook: hooks.Hook, hear: Callable[[str], object]) -> None:
        path = place / os.environ["BOT"]
        if hook.name == "rotate.stop_command":
            path.unlink(missing_ok=True)
        else:
            path.touch()

    monkeypatch.setattr("baileys_cleanup.rotation.walk.run_hook", run)
    monkeypatch.setattr("baileys_cleanup.rotation.walk.why_missing", lambda hook: None)
    monkeypatch.setenv("BOT", "calm")
    return place


SAID: list[str] = []


def connections() -> Connections:
    """Give connections that lead into a list."""
    SAID.clear()
    return Connections(SAID.append, SAID.append, lambda hook, line: None, lambda payload, number: None)


def settings(root: Path) -> Settings:
    """Give the settings of a root whose bot can be stopped and started."""
    return Settings(str(root), rotate=BOT)


def pair(root: Path) -> None:
    """Do what the bot does when its QR code was scanned."""
    write(root / "company_1" / "creds.json", 0, json.dumps({"me": {"id": "15550000009:3@s.whatsapp.net"}}).encode())


def go(root: Path, *, fresh: bool, work: Callable[..., object] = rotation.rotate) -> None:
    """Rotate, or end what was begun; a fresh folder is paired at the first look."""
    os.environ["BOT"] = root.name

    def wait_for_pairing(*_: object, **__: object) -> pairing.Ending:
        pair(root)
        return pairing.Ending.PAIRED

    before, rotation.wait_for_pairing = rotation.wait_for_pairing, wait_for_pairing  # type: ignore[assignment]
    try:
        if work is rotation.rotate:
            rotation.rotate(settings(root), "1", world(), connections(), fresh=fresh)
        else:
            work(settings(root), ["1"], world(), connections())
    finally:
        rotation.wait_for_pairing = before


def journal_of(root: Path) -> Journal | None:
    """Read the last journal."""
    with open_store(str(root)) as opened, opened.workspace(create=False) as tool:
        return read_journals(FolderRecords(tool)).last_of("1")


def contents(folder: Path) -> dict[str, tuple[bytes | None, int]]:
    """Give what a folder holds: content and date."""
    return {name: (fact.content, fact.modified) for name, fact in snapshot(folder).items()}


class Ends:
    """What an undisturbed rotation of a planted root begins and ends with."""

    def __init__(self, root: Path, *, fresh: bool) -> None:
        calm = root / "calm"
        calm.mkdir()
        plant(calm)
        (calm.parent / "bot-of" / "calm").touch()
        self.old = contents(calm / "company_1")
        go(calm, fresh=fresh)
        self.new = contents(calm / "company_1")
        self.fresh = fresh
        assert set(self.new) == ({"creds.json"} if fresh else TAKEN)

    def is_old(self, folder: Path) -> bool:
        """Tell whether a folder is the former one, whole."""
        return folder.exists() and contents(folder) == self.old

    def is_new(self, folder: Path) -> bool:
        """Tell whether a folder is the new one, whole; a fresh one may not be paired yet."""
        if self.fresh:
            return folder.exists() and set(contents(folder)) <= {"creds.json"} and contents(folder) != self.old
        return folder.exists() and contents(folder) == self.new


def aside_of(root: Path) -> list[Path]:
    """Give the folders that lie aside."""
    return sorted((root / TOOL / "aside").glob("*/company_1"))


def check_moment(here: Path, ends: Ends, way_back: str) -> None:
    """Assert that the live folder is old or new, or that a journal is open; and the old one is somewhere, whole."""
    live = here / "company_1"
    journal = journal_of(here)
    assert ends.is_old(live) or ends.is_new(live) or (journal is not None and journal.open and not live.exists())
    if way_back == "renameat2":
        assert live.exists()
    everywhere = [live, *aside_of(here), *(here / TOOL / "aside").glob("*/former/company_1")]
    assert [ends.is_old(folder) for folder in everywhere].count(True) == 1, "the former folder is there once, whole"
    if not ends.is_old(live):
        assert journal is not None, "what is not the old folder has a journal"
    if not (here.parent / "bot-of" / here.name).exists():
        assert journal is not None, "whose bot was stopped has a journal"
        assert journal.open


def bot_runs(here: Path) -> bool:
    """Tell whether the bot of a copy of the root runs."""
    return (here.parent / "bot-of" / here.name).exists()


def plant_with_bot(root: Path) -> None:
    """Make the companies and let the bot run."""
    plant(root)
    (root.parent / "bot-of" / root.name).touch()


@pytest.mark.slow
@each_sweep
@both_modes
@pytest.mark.parametrize("how", ["resume", "roll_back"])
def test_killed_anywhere_a_rotation_is_ended_either_way(
    root: Path, way_back: str, how: str, *, fresh: bool, every: bool
) -> None:
    """At every moment the state is old, new or journal; `--resume` leads to new, `--rollback` to old, the bot runs."""
    ends = Ends(root, fresh=fresh)
    met = set()

    def work(here: Path) -> None:
        go(here, fresh=fresh)

    for moment in killed_everywhere(root, plant_with_bot, work, way_back=way_back, every=every):
        here = moment.root
        check_moment(here, ends, way_back)
        journal = journal_of(here)
        met.add(None if journal is None else journal.state)
        with watched(way_back=way_back):
            if journal is None:
                with pytest.raises(UsageProblem, match="no rotation"):
                    go(here, fresh=fresh, work=getattr(rotation, how))
                assert ends.is_old(here / "company_1")
            elif how == "resume" and journal.open:
                go(here, fresh=fresh, work=rotation.resume)
                assert ends.is_new(here / "company_1"), moment
                assert [ends.is_old(folder) for folder in aside_of(here)] == [True], moment
            elif how == "roll_back":
                go(here, fresh=fresh, work=rotation.roll_back)
                assert ends.is_old(here / "company_1"), moment
        last = journal_of(here)
        assert last is None or not last.open, moment
        assert bot_runs(here), moment
        assert {"1", "2"} == {path.name[-1] for path in here.glob("company_*")}
    assert met >= {None, *(state for state in Journal("", "", fresh, fresh, 0).way[:-1])}, "every state was met"


@each_sweep
@both_modes
def test_a_rollback_killed_anywhere_is_ended_by_another(root: Path, way_back: str, *, fresh: bool, every: bool) -> None:
    """Taking back can be killed at every moment; taking it back again, or going on with that, ends with the old folder."""
    ends = Ends(root, fresh=fresh)

    def build(here: Path) -> None:
        plant_with_bot(here)
        go(here, fresh=fresh)

    def work(here: Path) -> None:
        go(here, fresh=fresh, work=rotation.roll_back)

    by_turns = cycle([True, False])
    for moment in killed_everywhere(root, build, work, way_back=way_back, every=every):
        check_moment(moment.root, ends, way_back)
        journal = journal_of(moment.root)
        assert journal is not None
        with watched(way_back=way_back):
            if journal.state is State.ROLLING_BACK and next(by_turns):
                go(moment.root, fresh=fresh, work=rotation.resume)
            elif journal.state is not State.ROLLED_BACK:
                work(moment.root)
        assert ends.is_old(moment.root / "company_1"), moment
        assert bot_runs(moment.root), moment
        assert not any(journal.open for journal in [journal_of(moment.root)] if journal)


BREAKABLE = CHANGING | {"stat", "listdir", "scandir", "read", "open"}


@pytest.mark.slow
@both_modes
def test_any_call_may_fail_and_nothing_is_lost(root: Path, *, fresh: bool) -> None:
    """One call after the other says that the disk is full: the old folder lives with its bot, or a journal is open."""
    ends = Ends(root, fresh=fresh)
    number, failed = 0, 0
    while True:
        number += 1
        here = root / f"run{number}"
        here.mkdir()
        plant_with_bot(here)
        act, hit = failing(number, 28, lambda call: call.name in BREAKABLE)
        with watched(act):
            try:
                go(here, fresh=fresh)
            except (CleanupError, OSError) as problem:
                failed += 1
                sentence = str(problem)
            else:
                sentence = ""
        if not hit:
            break
        check_moment(here, ends, "renameat2")
        journal = journal_of(here)
        if journal is not None and journal.open:
            assert "--rollback" in sentence or "could not be taken back" in sentence or "nothing can be" in sentence, (
                hit
            )
            go(here, fresh=fresh, work=rotation.roll_back)
            assert ends.is_old(here / "company_1"), hit
        elif sentence and journal is not None and journal.done:  # all but its last flush
            assert ends.is_new(here / "company_1"), hit
        elif sentence:
            assert ends.is_old(here / "company_1"), (hit, sentence)
        assert bot_runs(here), hit
    assert failed > 20


# --- what the bot does meanwhile ------------------------------------------------------------------------


class Meddler:
    """Writes to a file of the live folder right before or after some call, as a bot that runs would."""

    def __init__(self, root: Path, when: Callable[[Call], bool], times: int = 1) -> None:
        self.path = root / "company_1" / OWN_SESSION
        self.when = when
        self.left = times
        self.written = b""

    def __call__(self, call: Call) -> None:
        """Write when it is time."""
        if self.left and self.when(call):
            self.left -= 1
            self.written = f"{self.path.parent.parent.name} {self.left}".encode()
            rewrite(self.path, self.written)


def copies(call: Call) -> bool:
    """Tell whether a call makes the copy of the own session: it was looked at, and is not read yet."""
    return call.name == "open" and call.args[0] == OWN_SESSION and bool(call.args[1] & os.O_CREAT)


@pytest.mark.parametrize("after", [False, True])
def test_what_is_written_while_it_is_copied_is_not_lost(root: Path, *, after: bool) -> None:
    """A file that is written to around its copying is copied again: the new folder has the newer content."""
    plant(root)
    meddler = Meddler(root, copies)
    with watched(meddler) if not after else watched(after=meddler):
        go(root, fresh=False)
    assert (root / "company_1" / OWN_SESSION).read_bytes() == meddler.written != b""


def test_what_is_written_after_the_build_is_not_lost(root: Path) -> None:
    """Written to between the build and the switch, the folder is built again."""
    plant(root)
    meddler = Meddler(root, lambda call: call.name == "write" and b'"state": "built"' in call.args[1])
    with watched(meddler):
        go(root, fresh=False)
    assert (root / "company_1" / OWN_SESSION).read_bytes() == meddler.written != b""


def test_a_bot_that_never_stops_writing_is_refused(root: Path) -> None:
    """When every copy is outdated at once, the rotation is refused, the live folder is untouched, the bot started."""
    here = root / "here"
    here.mkdir()
    plant_with_bot(here)
    meddler = Meddler(here, copies, times=99)
    with watched(after=meddler), pytest.raises(Refused, match=r"keep changing.*Its folder is as it was"):
        go(here, fresh=False)
    assert set(os.listdir(here / "company_1")) == LEFT | TAKEN
    assert (here / "company_1" / OWN_SESSION).read_bytes() == meddler.written
    assert [] == aside_of(here)
    assert bot_runs(here)


def test_what_is_written_at_the_very_switch_is_told(root: Path) -> None:
    """Written through a descriptor that was open before the switch: the tool says so and names the file."""
    plant(root)
    fd = os.open(root / "company_1" / OWN_SESSION, os.O_WRONLY)
    try:
        late = lambda call: call.name == "renameat2" and call.args[4] == 2  # noqa: E731 - RENAME_EXCHANGE
        with watched(after=lambda call: os.write(fd, b"too late") if late(call) else None):
            go(root, fresh=False)
    finally:
        os.close(fd)
    (told,) = [said for said in SAID if "still writing" in said]
    assert OWN_SESSION in told
    assert "--rollback" in told
    go(root, fresh=False, work=rotation.roll_back)
    assert (root / "company_1" / OWN_SESSION).read_bytes().startswith(b"too late")


def test_the_copies_are_copies_with_owner_mode_and_date(root: Path) -> None:
    """No file of the new folder shares its inode with the former one; dates and modes are the same."""
    plant(root)
    (root / "company_1").chmod(0o750)
    (root / "company_1" / OWN_SESSION).chmod(0o640)
    if os.geteuid() == 0:
        os.chown(root / "company_1", 65534, 65534)
        os.chown(root / "company_1" / OWN_SESSION, 65534, 65534)
    before = snapshot(root / "company_1")
    go(root, fresh=False)
    after = snapshot(root / "company_1")
    assert set(after) == TAKEN
    for name, fact in after.items():
        assert fact.inode != before[name].inode
        assert Fact(*fact[:3], 0) == Fact(*before[name][:3], 0)
    for path in (root / "company_1", root / "company_1" / OWN_SESSION):
        assert (path.stat().st_uid == 65534) == (os.geteuid() == 0)
    assert stat.S_IMODE((root / "company_1").stat().st_mode) == 0o750


# --- others meanwhile -----------------------------------------------------------------------------------


def test_a_company_that_is_being_rotated_is_left_alone_by_clean(root: Path) -> None:
    """An open rotation keeps the cleaning off its company, with status 4 and the way on; the others are cleaned."""
    company(root, "1", SESSION, OWN_SESSION, age=30)
    company(root, "2", SESSION, age=30)

    def child() -> None:
        with watched(lambda call: kill() if call.name == "write" and b'"state": "built"' in call.args[1] else None):
            go(root, fresh=False)

    assert in_child(child)[0] == -9
    for dry_run in (True, False):
        ran = clean(root, dry_run=dry_run)
        assert "--resume" in ran.errors("1")
        assert (ran.run.exit_status, ran.companies["2"].total.removed) == (4, 1)
        assert (root / "company_1" / SESSION).exists()
    go(root, fresh=False, work=rotation.roll_back)
    assert clean(root).companies["1"].total.removed == 1


def test_a_folder_that_comes_back_in_the_same_run_is_left_alone_as_well(root: Path) -> None:
    """Cut short between two renames its company is missing; the clean that puts it back ends with status 4, too."""
    company(root, "1", SESSION, OWN_SESSION, age=30)

    def child() -> None:
        with watched(
            lambda call: kill() if call.name == "rename" and not (root / "company_1").exists() else None,
            way_back="link",
        ):
            go(root, fresh=False)

    assert in_child(child)[0] == -9
    assert not (root / "company_1").exists()
    ran = clean(root)
    assert "--resume" in ran.errors("1")
    assert ran.run.exit_status == 4
    assert (root / "company_1" / OWN_SESSION).exists()


def test_undo_brings_nothing_into_a_folder_that_is_rotated_or_paired_anew(root: Path) -> None:
    """While a rotation is open, and once a fresh one is done, an earlier run stays in the quarantine; softly it may not."""
    company(root, "1", SESSION, OWN_SESSION, age=30)
    clean(root)

    def child() -> None:
        with watched(lambda call: kill() if call.name == "write" and b'"state": "built"' in call.args[1] else None):
            go(root, fresh=True)

    assert in_child(child)[0] == -9
    assert "--resume" in undo(root)["companies"][0]["stayed"][0]["reason"]
    go(root, fresh=True, work=rotation.resume)
    assert "paired anew" in undo(root)["companies"][0]["stayed"][0]["reason"]
    assert os.listdir(root / "company_1") == ["creds.json"]
    go(root, fresh=True, work=rotation.roll_back)
    go(root, fresh=False)
    assert undo(root)["totals"] == {"restored": 1, "stayed": 0}


@both_modes
def test_undo_leaves_a_rotation_to_rotate(root: Path, *, fresh: bool) -> None:
    """Its former folder is listed, `latest` passes it over, and by its id the command that takes it back is named."""
    plant(root)
    go(root, fresh=fresh)
    before = snapshot(root / "company_1")
    journal = journal_of(root)
    assert journal is not None
    with pytest.raises(UsageProblem, match="rotate --company 1 --rollback"):
        undo(root, journal.run_id)
    with pytest.raises(UsageProblem, match="nothing to undo"):
        undo(root)
    said: list[str] = []
    undo_command.list_runs(Settings(str(root)), said.append, as_json=False)
    assert journal.run_id in "".join(said)
    assert "rotate --company ID --rollback" in "".join(said)
    assert before == snapshot(root / "company_1")


def test_nothing_is_restored_into_a_folder_that_is_being_rotated(root: Path, tmp_path: Path) -> None:
    """Another pairing is on its way there: refused with the way on, also where the folder is still empty."""
    plant(root)
    archives = tmp_path / "archives"
    archives.mkdir()
    where = ["--sessions-root", str(root), "--company", "1"]
    assert CliRunner().invoke(cli.commands, ["backup", "--to", str(archives), *where]).exit_code == 0

    def child() -> None:
        with watched(lambda call: kill() if call.name == "write" and b'"state": "waiting"' in call.args[1] else None):
            go(root, fresh=True)

    assert in_child(child)[0] == -9
    before = snapshot(root / "company_1")
    for more in ([], ["--replace"], ["--dry-run"]):
        result = CliRunner().invoke(cli.commands, ["restore", "latest", "--from", str(archives), *where, *more])
        assert isinstance(result.exception, Refused), result
        assert "--resume" in str(result.exception)
    assert before == snapshot(root / "company_1")


def test_a_second_rotation_is_refused_with_the_way_on(root: Path) -> None:
    """While a journal is open, a new rotation of that company is refused; another company may be rotated."""
    plant(root)

    def child() -> None:
        with watched(lambda call: kill() if call.name == "write" and b'"state": "stopped"' in call.args[1] else None):
            go(root, fresh=False)

    assert in_child(child)[0] == -9
    with pytest.raises(Refused, match=r"--resume.*--rollback"):
        go(root, fresh=True)
    rotation.rotate(replace(settings(root), rotate=Rotate()), "2", world(), connections(), fresh=False)
    go(root, fresh=False, work=rotation.resume)


def test_resumed_before_the_switch_it_stops_the_bot_once_more(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody may have started the bot since: it is stopped again, and what it wrote since goes along."""
    plant(root)
    for state in ("stopped", "built"):

        def at(call: Call, word: bytes = f'"state": "{state}"'.encode()) -> None:
            if call.name == "write" and word in call.args[1]:
                kill()

        def begin(at: Callable[[Call], None] = at) -> None:
            with watched(after=at):
                go(root, fresh=False)

        assert in_child(begin)[0] == -9
        write(root / "company_1" / OWN_SESSION, 0, state.encode())
        called: list[str] = []
        monkeypatch.setattr("baileys_cleanup.rotation.walk.run_hook", lambda hook, hear: called.append(hook.name))  # noqa: B023
        go(root, fresh=False, work=rotation.resume)
        assert called == ["rotate.stop_command", "rotate.start_command"], state
        assert (root / "company_1" / OWN_SESSION).read_bytes() == state.encode()
        go(root, fresh=False, work=rotation.roll_back)


def test_a_signal_before_the_switch_takes_back_and_after_it_goes_on(root: Path) -> None:
    """A signal never leaves the bot stopped: before the switch all is as it was, after it the bot is started."""
    for state, is_old in (("stopped", True), ("built", True), ("switched", False)):
        here = root / state
        here.mkdir()
        plant_with_bot(here)
        os.environ["BOT"] = here.name
        came: list[bool] = []

        def act(call: Call, word: bytes = f'"state": "{state}"'.encode(), came: list[bool] = came) -> None:
            if call.name == "write" and word in call.args[1]:
                came.append(True)

        with watched(act):
            if is_old:
                with pytest.raises(CleanupError, match=r"stopped by a signal.*as it was"):
                    rotation.rotate(settings(here), "1", world(stopping=lambda: bool(came)), connections(), fresh=False)  # noqa: B023
            else:
                rotation.rotate(settings(here), "1", world(stopping=lambda: bool(came)), connections(), fresh=False)  # noqa: B023
        assert (set(os.listdir(here / "company_1")) == LEFT | TAKEN) == is_old
        assert bot_runs(here), state
        assert not (journal_of(here) or Journal("", "", False, False, 0, State.ROLLED_BACK)).open
