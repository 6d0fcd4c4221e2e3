"""`toolfolder`: made once, private, and nobody else's."""

import os

import pytest

from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.store.folder.tool_folder import open_tool_folder

from ...helpers import names


def test_it_is_made_private(root, place):
    """The folder and the two in it are made for this user alone."""
    with open_tool_folder(root, create=True) as tool:
        assert f"{place}/.baileys-cleanup" == tool.path
    made = place / ".baileys-cleanup"
    assert ["quarantine", "runs"] == names(made)
    assert {0o700} == {path.stat().st_mode & 0o777 for path in (made, made / "runs", made / "quarantine")}


def test_a_dry_run_makes_nothing(root, place):
    """Where it may not be made and is missing, wholly or in part, there is none and none appears."""
    with open_tool_folder(root, create=False) as tool:
        assert tool is None
    assert [] == names(place)
    (place / ".baileys-cleanup").mkdir(0o700)
    with open_tool_folder(root, create=False) as tool:
        assert tool is None
    assert [] == names(place / ".baileys-cleanup")


def test_what_is_there_is_opened(root, tool):
    """An existing folder is opened, also by a dry run."""
    with open_tool_folder(root, create=False) as again:
        assert os.path.samestat(os.fstat(tool.quarantine), os.fstat(again.quarantine))


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o777])
def test_a_folder_that_others_may_write_is_refused(root, place, mode):
    """What others may write in is no place for what must come back."""
    (place / ".baileys-cleanup").mkdir()
    (place / ".baileys-cleanup").chmod(mode)
    with pytest.raises(UsageProblem, match="chmod 700"), open_tool_folder(root, create=True):
        pytest.fail("it was opened")


@pytest.mark.parametrize("create", [True, False])
def test_a_folder_of_somebody_else_is_refused(root, tool, monkeypatch, create):
    """A folder of another owner is refused by the owner's name, by a dry run as well."""
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 54_321)
    with pytest.raises(UsageProblem, match="belongs to"), open_tool_folder(root, create=create):
        pytest.fail("it was opened")


@pytest.mark.parametrize("create", [True, False])
def test_a_link_or_a_file_in_its_place_is_refused(root, place, tmp_path, create):
    """What is no folder is not entered, whatever it leads to."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    mine = place / ".baileys-cleanup"
    mine.symlink_to(elsewhere)
    with pytest.raises(UsageProblem, match="is a file or a link"), open_tool_folder(root, create=create):
        pytest.fail("it was opened")
    assert [] == names(elsewhere)
    mine.unlink()
    mine.write_text("x")
    with pytest.raises(UsageProblem), open_tool_folder(root, create=create):
        pytest.fail("it was opened")


def test_an_error_inside_is_not_taken_for_a_missing_folder(root):
    """An error of the work done with the folder goes on to the caller as it is."""
    with pytest.raises(FileNotFoundError, match="mine"), open_tool_folder(root, create=True):
        raise FileNotFoundError("mine")
