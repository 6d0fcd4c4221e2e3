"""Files that are made in an open folder: in that folder, or nowhere."""

import os

import pytest

from baileys_cleanup.errors import CompanyProblem
from baileys_cleanup.store.folder.likeness import Neighbours
from baileys_cleanup.store.folder.making import FolderWriter


@pytest.mark.parametrize("name", ["../above.json", "/absolute.json", "in/a/folder.json", "..", "", "a\0b", "x" * 256])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path, name):
    """It may come from a database, where anything can be a name."""
    (tmp_path / "folder").mkdir()
    fd = os.open(tmp_path / "folder", os.O_RDONLY)
    try:
        with pytest.raises(CompanyProblem, match="is the name of no file"):
            FolderWriter(fd, Neighbours.of(fd)).write(name, [b"{}"], 0)
    finally:
        os.close(fd)
    assert ["folder"] == [path.name for path in tmp_path.rglob("*")]
