"""`trust`: what others may write names no command of ours, by whatever way they could reach it."""

import os

import pytest

from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.settings.load import load
from baileys_cleanup.settings.trust import names_commands, why_distrusted

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
COMMANDS = '[rotate]\nstop_command = ["true"]\nstart_command = ["true"]\n'


@pytest.fixture
def place(tmp_path):
    """Give a folder of this user's own with a settings file in it."""
    folder = tmp_path / "etc"
    folder.mkdir(mode=0o755)
    (folder / "s.toml").write_text(COMMANDS)
    (folder / "s.toml").chmod(0o644)
    return folder


def doubt(path, user=None):
    """Give what is held against a settings file."""
    fd = os.open(path, os.O_RDONLY)
    try:
        return why_distrusted(str(path), fd, os.geteuid() if user is None else user)
    finally:
        os.close(fd)


def test_a_file_of_ones_own_is_followed(place, monkeypatch):
    """A file in folders that nobody else may write is followed, also by a relative path and over links."""
    assert None is doubt(place / "s.toml")
    (place / "link").symlink_to("../etc/./s.toml")
    assert None is doubt(place / "link")
    monkeypatch.chdir(place)
    assert None is doubt("../etc/s.toml")


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666])
def test_a_file_that_others_may_write_is_not(place, mode):
    """Whoever may write it could have commands run; the sentence has the chmod."""
    (place / "s.toml").chmod(mode)
    assert f"chmod go-w {place}/s.toml" in doubt(place / "s.toml")


def test_a_folder_that_others_may_write_is_not(place):
    """Who may write the folder can put another file there, unless its sticky bit keeps him from it."""
    place.chmod(0o777)
    assert f"chmod go-w {place}" in doubt(place / "s.toml")
    place.chmod(0o1777)
    assert None is doubt(place / "s.toml")


def test_the_way_of_a_link_is_looked_at(place, tmp_path):
    """A link from a safe place into one that others may write leads nowhere safe, and the other way round."""
    place.chmod(0o777)
    (tmp_path / "to").symlink_to(place / "s.toml")
    assert f"chmod go-w {place}" in doubt(tmp_path / "to")
    place.chmod(0o755)
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "to").symlink_to(place / "s.toml")
    (tmp_path / "open").chmod(0o777)
    assert f"chmod go-w {tmp_path}/open" in doubt(tmp_path / "open" / "to")


@needs_root
def test_what_belongs_to_somebody_else_is_not(place):
    """A file, a link or a folder of a third one is in that one's hands, sticky bit or not."""
    os.chown(place / "s.toml", 65534, -1)
    assert f"chown root {place}/s.toml" in doubt(place / "s.toml", user=0)
    assert None is doubt(place / "s.toml", user=65534)
    os.chown(place / "s.toml", 0, -1)
    (place / "link").symlink_to("s.toml")
    os.chown(place / "link", 65534, -1, follow_symlinks=False)
    assert f"chown -h root {place}/link" in doubt(place / "link", user=0)
    os.chown(place, 65534, -1)
    assert f"chown root {place}" in doubt(place / "s.toml", user=0)


def test_a_pipe_of_the_shell_is_followed():
    """`--config <(...)` names a pipe of this user's own."""
    reading, writing = os.pipe()
    try:
        assert None is why_distrusted(f"/dev/fd/{reading}", reading, os.geteuid())
    finally:
        os.close(reading)
        os.close(writing)


def test_a_link_in_a_circle_ends(place):
    """What changes into a circle while it is looked at ends the look."""
    fd = os.open(place / "s.toml", os.O_RDONLY)
    (place / "one").symlink_to("two")
    (place / "two").symlink_to("one")
    assert why_distrusted(str(place / "one"), fd, os.geteuid())
    os.close(fd)


def test_only_commands_make_others_dangerous(place, monkeypatch):
    """An ordinary user may share settings without commands with a group; one with commands, and root, may not."""
    path = place / "s.toml"
    path.chmod(0o666)
    monkeypatch.setattr("os.geteuid", lambda: place.stat().st_uid or 4711)
    monkeypatch.setattr("baileys_cleanup.settings.schema.why_distrusted", lambda *_: "it is open to all")
    path.write_text("undo_days = 3")
    assert 3 == load(str(path)).settings.undo_days
    path.write_text(COMMANDS)
    with pytest.raises(UsageProblem, match=r"s\.toml is not followed.*open to all"):
        load(str(path))
    path.write_text("undo_days = 3")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    with pytest.raises(UsageProblem, match="is not followed"):
        load(str(path))


def test_a_pipe_in_the_files_place_holds_nobody_up(place):
    """A named pipe that nobody writes to is an empty file, at once."""
    (place / "s.toml").unlink()
    os.mkfifo(place / "s.toml", 0o600)
    assert {} == load(str(place / "s.toml")).sources


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ({}, False),
        ({"rotate": {"timeout": 3}}, False),
        ({"rotate": 3}, False),
        ({"rotate": {"qr_command": ["x"]}}, True),
        ({"rotate": {"stop_command": ["x"]}}, True),
    ],
)
def test_which_settings_name_commands(document, named):
    """The three commands of `rotate` are programs that run."""
    assert named is names_commands(document)
