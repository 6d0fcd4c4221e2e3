"""`beside`, `mistaken_root`: what lies in a root and is no company, and what is no sessions root at all."""

import os

import pytest

from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.store.folder.beside import with_creds
from baileys_cleanup.store.folder.root import open_root
from baileys_cleanup.store.passed_over import passed_over_in_words

from ...helpers import names, put


def test_links_and_folders_of_other_names_are_passed_over(root, place):
    """By name, each with its reason; files, hidden folders and the tool's own are nobody's bot."""
    (place / "company_7").mkdir()
    (place / "company_x").symlink_to(place / "company_7")
    put(place / "962302", "creds.json")
    (place / "backups").mkdir()
    (place / ".git").mkdir()
    put(place, "creds.json.txt")
    (place / "linked").symlink_to(place / "962302")
    found = root.passed_over()
    assert [("962302", True), ("backups", False), ("company_x", True)] == [(each.name, each.keys) for each in found]
    assert [
        ("passed over: 962302: it holds a creds.json, but its name is not company_<id>", True),
        ("passed over: backups: its name is not company_<id>", False),
        ("passed over: company_x: a link, and links are never followed", True),
    ] == passed_over_in_words(found)


def test_what_cannot_be_listed_keeps_nobody_from_anything(root, monkeypatch):
    """An error of the disk at this moment: nothing is told, and nothing ends."""

    def fail(*_args):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "scandir", fail)
    assert [] == root.passed_over()


def test_a_creds_json_is_looked_for_without_following_anything(root, place):
    """A link to a folder that holds one, and a folder whose creds.json is a link, hold none."""
    put(place / "real", "creds.json")
    (place / "link").symlink_to("real")
    (place / "odd").mkdir()
    (place / "odd" / "creds.json").symlink_to("../real/creds.json")
    put(place, "file")
    assert ["real"] == with_creds(root.fd, ["odd", "link", "real", "file", "gone"])


def refused(path):
    """Give the sentence that refuses a root."""
    with pytest.raises(UsageProblem) as problem, open_root(str(path)):
        pass
    assert 2 == problem.value.status
    return str(problem.value)


def test_the_folder_of_one_bot_is_no_root(place):
    """The folder above is named, and nothing is made."""
    put(place / "company_7", "creds.json")
    assert f"is the folder of one bot: it holds a creds.json; probably {place} is meant" in refused(place / "company_7")
    put(place / "auth_info_baileys", "creds.json")
    sentence = refused(place / "auth_info_baileys")
    assert f"probably {place} is meant, in which this folder has to be called company_<id>" in sentence
    assert [["creds.json"]] * 2 == [names(place / name) for name in ("company_7", "auth_info_baileys")]


def test_a_bot_that_writes_among_the_companies_is_told(place):
    """A creds.json in the root itself: whose it is nobody can tell, so nothing is done until it is gone."""
    put(place, "creds.json")
    (place / "company_7").mkdir()
    assert "holds a creds.json beside its company_<id> folders" in refused(place)
    (place / "creds.json").unlink()
    with open_root(str(place)):
        pass


@pytest.mark.parametrize("path", ["/etc", "/usr", "/etc/../etc", "/proc", "/var"])
def test_a_folder_of_the_system_is_no_root(path):
    """Told by device and inode, however it is spelt."""
    assert "is a folder of the system" in refused(path)


def test_a_root_of_bots_under_other_names_is_none(place):
    """They are named with what to do; once one company is there the others are only passed over."""
    put(place / "5511", "creds.json")
    put(place / "5512", "creds.json")
    sentence = refused(place)
    assert "holds no company_<id> folder, but others with a creds.json: 5511, 5512; call each company_<id>" in sentence
    assert "(company_5511, say)" in sentence
    assert ["5511", "5512"] == names(place)
    (place / "company_1").mkdir()
    with open_root(str(place)) as root:
        assert ["5511", "5512"] == [each.name for each in root.passed_over()]


def test_an_empty_root_may_be_a_disk_that_is_not_mounted(place):
    """It is no mistake, and neither are folders that hold no bot."""
    with open_root(str(place)):
        pass
    (place / "lost+found").mkdir()
    with open_root(str(place)):
        pass
