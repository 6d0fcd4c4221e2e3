"""`rotation.pairing`: waiting for somebody to scan, in a world whose clock stands still until it is looked at."""

import json
import sys

import pytest

from baileys_cleanup.cleaning.hooks import Hook
from baileys_cleanup.errors import HookFailed
from baileys_cleanup.rotation.pairing import Ending, is_paired, wait_for_pairing

from ..commands.helpers import WORLD
from ..helpers import put


def paired(me="15550000009:3@s.whatsapp.net"):
    """Give a creds.json that names a device."""
    return json.dumps({"me": {"id": me}, "registered": False}).encode()


class Room:
    """A waiting in which each look at the clock is a second later; `at` says what happens when."""

    def __init__(self, root, place, at=None):
        (place / "company_7").mkdir()
        self.root, self.place, self.at = root, place, at or {}
        self.seconds, self.shown, self.heard = 0, [], []
        self.stop, self.over = False, False

    def clock(self):
        """Tell the time, a second later each time."""
        self.seconds += 1
        self.at.get(self.seconds, lambda room: None)(self)
        return float(self.seconds)

    def wait(self, hook=None, limit=20, let_end=True):
        """Wait for the pairing."""
        world = WORLD._replace(stopwatch=self.clock, stopping=lambda: self.stop)
        return wait_for_pairing(
            self.root,
            "7",
            hook,
            limit=limit,
            world=world,
            show=lambda payload, number: self.shown.append((number, payload)),
            hear=self.heard.append,
            still_on=lambda: not self.over,
            let_end=let_end,
        )

    def pair(self):
        """Do what happens when somebody scans."""
        put(self.place / "company_7", "creds.json", paired())


def command(code):
    """Give a command that runs some Python."""
    return Hook("rotate.qr_command", (sys.executable, "-S", "-c", code), 10)


@pytest.mark.parametrize(
    ("content", "is_so"),
    [
        (paired(), True),
        (paired()[:40], False),
        (b"", False),
        (b"{}", False),
        (paired("15550000009@s.whatsapp.net"), False),
        (None, False),
    ],
)
def test_paired_is_what_names_its_device(root, place, content, is_so):
    """Half a file, none, or a number without its device is not paired; a missing folder is not either."""
    assert not is_paired(root, "7")
    (place / "company_7").mkdir()
    if content is not None:
        put(place / "company_7", "creds.json", content)
    assert is_so == is_paired(root, "7")


def test_a_link_is_not_followed(root, place, tmp_path):
    """A creds.json that is a link pairs nothing."""
    put(tmp_path / "elsewhere", "creds.json", paired())
    (place / "company_7").mkdir()
    (place / "company_7" / "creds.json").symlink_to(tmp_path / "elsewhere" / "creds.json")
    assert not is_paired(root, "7")


@pytest.mark.parametrize(
    ("at", "ending"),
    [
        ({}, Ending.TIMED_OUT),
        ({5: Room.pair}, Ending.PAIRED),
        ({5: lambda room: setattr(room, "stop", True)}, Ending.STOPPED),
        ({5: lambda room: setattr(room, "over", True)}, Ending.OVER),
    ],
)
def test_waiting_ends_four_ways(root, place, at, ending):
    """Paired, out of time, stopped by a signal, or ended by somebody else."""
    room = Room(root, place, at)
    assert ending is room.wait()
    assert (21 if ending is Ending.TIMED_OUT else 5) <= room.seconds <= 23


def test_a_folder_that_was_put_back_is_not_taken_for_paired(root, place):
    """The former folder names a device, too: whoever took the rotation back ended the waiting."""
    room = Room(root, place)
    room.pair()
    room.over = True
    assert Ending.OVER is room.wait()


def test_each_code_is_shown_once_and_what_is_none_is_told(root, place):
    """New payloads are numbered; repeated and empty lines are passed over, odd ones told."""
    room = Room(root, place)
    lines = ["2@a", "", "2@a", " 2@b ", "x" * 3000, "2@a"]
    code = f"for line in {lines!r}: print(line, flush=True)\nimport time; time.sleep(60)"

    def scan(room):
        if len(room.shown) == 3:
            room.pair()

    room.at = dict.fromkeys(range(1, 500), scan)
    assert Ending.PAIRED is room.wait(command(code), limit=500, let_end=False)
    assert [(1, "2@a"), (2, "2@b"), (3, "2@a")] == room.shown
    assert any("no QR payload" in line for line in room.heard)


def test_a_command_that_fails_ends_it_unless_it_had_paired(root, place):
    """A failure is raised with its last words; one that pairs and then fails has paired."""
    room = Room(root, place)
    with pytest.raises(HookFailed, match="status 3; it said: no network"):
        room.wait(command("import sys; print('no network', file=sys.stderr); sys.exit(3)"), limit=500)
    path = str(place / "company_7" / "creds.json")
    code = f"open({path!r}, 'w').write({paired().decode()!r}); raise SystemExit(3)"
    assert Ending.PAIRED is room.wait(command(code), limit=500)


def test_a_command_that_pairs_may_finish(root, place, tmp_path):
    """What a pairing command does after the pairing is waited for: it would be cut in two otherwise."""
    path, done = str(place / "company_7" / "creds.json"), tmp_path / "done"
    code = f"open({path!r}, 'w').write({paired().decode()!r})\nimport time; time.sleep(1)\nopen({str(done)!r}, 'w')"
    room = Room(root, place)
    assert Ending.PAIRED is room.wait(command(code), limit=500)
    assert done.exists()
