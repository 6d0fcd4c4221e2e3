"""`likeness`: what is made may be read by whom its neighbours may be read by, and by nobody else."""

import os
import stat
import struct

import pytest

from baileys_cleanup.errors import MayNotGive
from baileys_cleanup.store.folder.likeness import Likeness, Neighbours, shrunk

from ...helpers import put

ROOT, BOT, STRANGER = 0, 1000, 1001
FOLDER = Likeness(ROOT, ROOT, 0o777)


def of_bot(mode=0o644):
    """Give what a file of the bot's looks like."""
    return Likeness(BOT, BOT, mode)


def test_a_file_looks_like_the_one_it_replaces():
    """Owner, group, mode and list of the same name come first."""
    listed = Likeness(BOT, BOT, 0o640, b"list")
    neighbours = Neighbours(FOLDER, {"creds.json": listed, "session-1.0.json": of_bot(), "session-2.0.json": of_bot()})
    assert listed == neighbours.like("creds.json")


def test_else_like_its_kind_else_like_all_else_as_the_folder_has_it():
    """Most of the same kind, most of all, and in an empty folder what that has for new files."""
    files = {"session-1.0.json": of_bot(0o600), "session-2.0.json": of_bot(0o600), "pre-key-1.json": of_bot(0o660)}
    assert of_bot(0o660) == Neighbours(FOLDER, files).like("pre-key-2.json")
    assert of_bot(0o600) == Neighbours(FOLDER, files).like("creds.json")
    shared = Likeness(ROOT, 4000, 0o2770, None, b"for new files")
    assert Likeness(ROOT, 4000, 0o660, b"for new files") == Neighbours(shared, {}).like("creds.json")
    assert Likeness(BOT, BOT, 0o600) == Neighbours(Likeness(BOT, BOT, 0o755), {}).like("creds.json")


def test_one_strangers_file_makes_nobody_the_owner_of_the_keys():
    """In a folder that everybody may write in, a planted creds.json does not get the restored one."""
    files = {
        "creds.json": Likeness(STRANGER, STRANGER, 0o644),
        "session-1.0.json": of_bot(),
        "pre-key-1.json": of_bot(),
    }
    assert of_bot() == Neighbours(FOLDER, files).like("creds.json")


def test_what_is_made_is_no_program(place):
    """A mode that lets a file run, or run as its owner, is not taken over."""
    path = put(place, "odd", b"")
    path.chmod(0o4755)
    assert 0o644 == Likeness.of(str(path), path.stat()).mode
    place.chmod(0o2750)
    assert 0o2750 == Likeness.of(str(place), place.stat()).mode


def test_what_may_not_be_given_is_refused(place, monkeypatch):
    """One sentence that names the file and whose it has to be."""
    path = put(place, "creds.json")

    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fchown", refuse)
    fd = os.open(path, os.O_RDONLY)
    with pytest.raises(MayNotGive, match=r"creds\.json has to belong to .*uid 987654, group 5.*nothing was changed"):
        Likeness(987654, 5, 0o600).give(fd, "creds.json")
    os.close(fd)


@pytest.mark.parametrize(
    ("likeness", "uid", "gid", "may"),
    [
        (of_bot(0o600), BOT, 7, True),
        (of_bot(0o000), BOT, BOT, False),
        (of_bot(0o000), ROOT, ROOT, True),
        (Likeness(ROOT, 7, 0o640), BOT, 7, True),
        (Likeness(ROOT, 7, 0o640), BOT, 8, False),
        (Likeness(ROOT, 7, 0o644), BOT, 8, True),
        (Likeness(ROOT, 7, 0o600, struct.pack("<IHHI", 2, 2, 4, BOT)), BOT, 8, True),
        (Likeness(ROOT, 7, 0o600, struct.pack("<IHHI", 2, 2, 4, STRANGER)), BOT, 8, False),
        (Likeness(ROOT, 7, 0o600, struct.pack("<IHHIHHI", 2, 2, 4, BOT, 16, 0, 0)), BOT, 8, False),
    ],
)
def test_who_may_read(likeness, uid, gid, may):
    """Owner, group, others; a list that names the user, within its mask; root always."""
    assert may == likeness.lets_read(uid, gid)


def test_what_the_bot_can_no_longer_read_is_named(place, monkeypatch):
    """After a switch: a file that the former owner could read, and now cannot."""
    for folder in ("former", "live"):
        for name in ("creds.json", "pre-key-1.json"):
            put(place / folder, name)
    put(place / "live", "new.json")
    owners = {str(place / "live" / "creds.json"): 0, str(place / "live" / "new.json"): 0}
    real = os.stat

    def owned(name, *args, dir_fd=None, **how):
        status = list(real(name, *args, dir_fd=dir_fd, **how))
        whole = f"{os.readlink(f'/proc/self/fd/{dir_fd}')}/{name}" if dir_fd is not None else str(name)
        status[stat.ST_MODE] = status[stat.ST_MODE] & ~0o077
        status[stat.ST_UID] = owners.get(whole, BOT)
        return os.stat_result(status)

    monkeypatch.setattr(os, "stat", owned)
    fds = [os.open(place / folder, os.O_RDONLY) for folder in ("former", "live")]
    assert ["creds.json", "new.json"] == shrunk(*fds)
    for fd in fds:
        os.close(fd)
