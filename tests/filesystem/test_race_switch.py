"""The bot writes while two folders change places: what it writes is in the live one in the end, or told with status 1.

A writer rewrites each file once by its path, as Node does (open truncating, write), while `restore --replace`, `rotate`
or the way back from one of them is at work. A tool that looks only before its switch loses some untold in the same rounds.
"""

import json
import os
import random
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from baileys_cleanup.commands import options
from baileys_cleanup.store.folder import late
from baileys_cleanup.store.whole_folders import Late
from powerless import import_all

from .faults import Call, watched
from .runner import Said, tool_in_child
from .trees import company, creds, write

pytestmark = pytest.mark.slow

EXCHANGE = 2  # RENAME_EXCHANGE of linux/fs.h
ACCOUNT = creds(
    signedIdentityKey={"public": {"type": "Buffer", "data": "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY="}}
)
RESTORE = ("restore", "latest", "--company", "1", "--replace", "--anyway", "--from", "{shelf}", "--json")
ROTATE = ("rotate", "--company", "1", "--yes", "--json")
TAKE_BACK = ("rotate", "--company", "1", "--rollback", "--yes", "--json")
UNDO = ("undo", "latest", "--anyway", "--json")
SESSIONS = [f"session-1555100{number:04}.0.json" for number in range(40)]
MAPPINGS = [f"lid-mapping-{number}.json" for number in range(40)]
NAMES = {RESTORE: SESSIONS, ROTATE: MAPPINGS, TAKE_BACK: MAPPINGS, UNDO: SESSIONS}
"""Of a kind that comes along in the switch: what an archive or a new beginning replaces on purpose is no update lost."""
BACK_UP = ("backup", "--to", "{shelf}")
BEFORE = {RESTORE: [BACK_UP], ROTATE: [], TAKE_BACK: [ROTATE], UNDO: [BACK_UP, RESTORE]}
"""What was done before the writer begins."""


class Count(NamedTuple):
    """What some rounds came to: updates that are live, that were told of, and that nobody speaks of."""

    written: int
    live: int
    told: int
    lost: int
    switched: int


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the tool look again after 50 ms instead of a second."""
    monkeypatch.setattr(options, "SECOND_LOOK", 0.05)
    import_all()


class Writer:
    """A process that rewrites every file once, in some order, from the moment it is told to."""

    def __init__(self, folder: Path, names: list[str], content: bytes) -> None:
        hear, self._tell = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            try:
                os.read(hear, 1)
                for name in random.sample(names, len(names)):
                    _rewrite(folder / name, content)
            finally:
                os._exit(0)
        os.close(hear)

    def at_the_switch(self, call: Call) -> None:
        """Begin a moment before the folders change places: some writes come before that, some after."""
        if call.name == "renameat2" and call.args[4] == EXCHANGE and call.args[1] == b"company_1":
            os.write(self._tell, b"!")
            time.sleep(random.random() * 0.01)

    def wait(self) -> None:
        """Wait for the last write; where there was no switch it writes now."""
        with suppress(BrokenPipeError):  # it has written already
            os.write(self._tell, b"!")
        os.close(self._tell)
        os.waitpid(self._pid, 0)


def _rewrite(path: Path, content: bytes) -> None:
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    except FileNotFoundError:  # the moment between two renames
        return _rewrite(path, content)
    time.sleep(random.random() * 0.001)  # a writer hangs between the two as a busy machine lets it
    os.write(fd, content)
    os.close(fd)
    return None


def play(room: Path, command: tuple[str, ...], rounds: int) -> Count:
    """Let a writer and the tool meet, round after round, each in a root of its own."""
    written = live = told = lost = switched = 0
    names = NAMES[command]
    for number in range(rounds):
        root, shelf = room / f"race{number}", room / f"shelf{number}"
        folder = company(root, "1", account=ACCOUNT)
        for name in names:
            write(folder / name, 20, b'{"v": 0}')
        shelf.mkdir()
        args = [each.replace("{shelf}", str(shelf)) for each in command]
        for before in BEFORE[command]:
            said = tool_in_child(root, *(each.replace("{shelf}", str(shelf)) for each in before))
            assert said.status in {0, 1}, said
        newest = json.dumps({"v": number + 1}).encode()
        writer = Writer(folder, names, newest)
        said = tool_in_child(root, *args, around=partial(watched, writer.at_the_switch))
        writer.wait()
        away = {name for name in names if not (folder / name).exists() or (folder / name).read_bytes() != newest}
        named = {name for name in away if said.status == 1 and is_told(said, name)}
        written += len(names)
        live += len(names) - len(away)
        told += len(named)
        lost += len(away - named)
        switched += said.status in {0, 1}
    return Count(written, live, told, lost, switched)


def is_told(said: Said, name: str) -> bool:
    """Tell whether a file is named as written too late."""
    return any("still writing" in text and name in text for text in (said.out + said.err).splitlines())


@pytest.mark.parametrize("command", NAMES, ids=["restore", "rotate", "rollback", "undo"])
def test_no_update_is_lost_untold(root: Path, command: tuple[str, ...]) -> None:
    """Every update is live, or named with status 1."""
    count = play(root.parent, command, 5)
    assert count.lost == 0, count
    assert count.switched > 0, f"the tool never switched: {count}"


def test_without_the_look_after_the_switch_some_are(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same rounds bite a tool that looks only before its switch."""
    monkeypatch.setattr(late, "bring_late", lambda *_: Late([], []))
    for _ in range(4):
        room = root.parent / f"{time.monotonic_ns()}"
        room.mkdir()
        if play(room, RESTORE, 5).lost:
            return
    pytest.skip("writer and switch never met on this machine")
