"""`aside`: a folder is built beside the live one, goes live in one step, and the former one is kept."""

import errno
import os
import re
import shutil
import struct

import pytest

from baileys_cleanup.errors import CompanyProblem, MayNotGive
from baileys_cleanup.store.folder import overlay, renaming
from baileys_cleanup.store.folder import set_aside as module
from baileys_cleanup.store.folder.set_aside import (
    begin,
    discard,
    is_live,
    open_aside,
    read_asides,
    settle,
    settle_all,
    switch,
    switch_back,
)

from ...helpers import NOW, creds, names, put

RUN = "20261122T030000Z-4f1c"


@pytest.fixture(params=["swap", "two renames"])
def _kernel(request, monkeypatch):
    """Try both: a kernel that swaps two names at once, and one that cannot."""
    if request.param == "two renames":
        monkeypatch.setattr(renaming, "_renameat2", lambda: None)


@pytest.fixture
def live(place):
    """Give a company's live folder, with a mode of its own."""
    put(place / "company_7", "creds.json", b"the pairing")
    (place / "company_7").chmod(0o750)
    return place / "company_7"


def built(root, tool, content=b"built"):
    """Build a folder with one file."""
    aside = begin(root, tool, "7", RUN, why="restore", now=NOW)
    with open_aside(tool, aside) as fd:
        file = os.open("creds.json", os.O_WRONLY | os.O_CREAT, 0o600, dir_fd=fd)
        os.write(file, content)
        os.close(file)
    return aside


def laid_aside(place):
    """Give what the folder that lies aside says."""
    return (place / ".baileys-cleanup" / "aside" / RUN / "company_7" / "creds.json").read_bytes()


def test_a_new_folder_is_empty_and_looks_like_the_live_one(root, tool, live):
    """It has the live one's owner and mode, and a record that can be read."""
    aside = begin(root, tool, "7", RUN, why="restore", now=NOW)
    with open_aside(tool, aside) as fd:
        assert ([], 0o750) == (os.listdir(fd), os.fstat(fd).st_mode & 0o777)
    assert [aside] == read_asides(tool)
    assert not is_live(root, aside)


@pytest.mark.usefixtures("_kernel")
def test_there_and_back_loses_nothing(root, tool, place, live):
    """The built folder goes live and the former lies aside; back again, and what was written since lies aside."""
    aside = switch(root, tool, built(root, tool))
    assert (b"built", b"the pairing") == ((live / "creds.json").read_bytes(), laid_aside(place))
    assert (True, [aside]) == (is_live(root, aside), read_asides(tool))
    put(live, "creds.json", b"written since")
    aside = switch_back(root, tool, aside)
    assert (b"the pairing", b"written since") == ((live / "creds.json").read_bytes(), laid_aside(place))
    assert not is_live(root, aside)
    assert is_live(root, switch(root, tool, aside))


@pytest.mark.usefixtures("_kernel")
def test_where_nothing_was_live_nothing_lies_aside(root, tool, place):
    """A company that had no folder gets one, and taking that back leaves none."""
    aside = switch(root, tool, built(root, tool))
    assert b"built" == (place / "company_7" / "creds.json").read_bytes()
    switch_back(root, tool, aside)
    assert b"built" == laid_aside(place)
    assert not (place / "company_7").exists()


def test_a_switch_that_lost_its_built_folder_brings_the_former_back(root, tool, place, live):
    """Cut between its two renames, and the built folder is gone: the former one is live again."""
    aside = built(root, tool)
    kept = place / ".baileys-cleanup" / "aside" / RUN
    (kept / "former").mkdir()
    live.rename(kept / "former" / "company_7")
    shutil.rmtree(kept / "company_7")
    settle(root, tool, aside)
    assert b"the pairing" == (live / "creds.json").read_bytes()
    assert [] == names(kept / "former")


@pytest.mark.usefixtures("_kernel")
def test_a_switch_that_was_cut_after_its_second_rename_is_ended(root, tool, place, live):
    """The built folder is live already: the former one is laid in its place, and it is known to have lived."""
    aside = built(root, tool)
    kept = place / ".baileys-cleanup" / "aside" / RUN
    (kept / "former").mkdir()
    live.rename(kept / "former" / "company_7")
    (kept / "company_7").rename(live)
    assert aside._replace(lived=True) == settle(root, tool, aside)
    assert (b"built", b"the pairing") == ((live / "creds.json").read_bytes(), laid_aside(place))
    assert [] == names(kept / "former")


@pytest.mark.parametrize("former", [False, True])
def test_where_both_folders_are_gone_none_is_called_live(root, tool, place, live, former):
    """Somebody deleted them: that is said, and the record stays as it was."""
    aside = built(root, tool)
    kept = place / ".baileys-cleanup" / "aside" / RUN
    shutil.rmtree(kept / "company_7")
    shutil.rmtree(live)
    if former:
        (kept / "former").mkdir()
    with pytest.raises(CompanyProblem, match=r"^its folder cannot be switched: No such file or directory$"):
        switch(root, tool, aside)
    assert [aside] == read_asides(tool)


def test_a_link_to_the_built_folder_is_not_the_live_one(root, tool, place, live):
    """Somebody led the bot there by a link: what is no folder is not taken for one that was switched."""
    aside = built(root, tool)
    live.rename(place / "elsewhere")
    live.symlink_to(place / ".baileys-cleanup" / "aside" / RUN / "company_7")
    assert not is_live(root, aside)


def test_a_folder_where_none_was_is_private(root, tool, place, monkeypatch):
    """Without a live one to look like, only its owner may enter: keys come into it."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    before = os.umask(0o022)
    try:
        aside = begin(root, tool, "7", RUN, why="restore", now=NOW)
    finally:
        os.umask(before)
    with open_aside(tool, aside) as fd:
        assert 0o700 == os.fstat(fd).st_mode & 0o777


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give folders away")
def test_a_folder_where_none_was_belongs_to_the_owner_of_the_root(root, tool, place):
    """A bot that is another user can enter, and nobody else, whoever may enter the sessions root."""
    os.chown(place, 1000, 4000)
    place.chmod(0o2775)
    entries = [(1, 7, 2**32 - 1), (2, 7, 1001), (4, 5, 2**32 - 1), (16, 7, 2**32 - 1), (32, 5, 2**32 - 1)]
    for kind in ("access", "default"):
        packed = b"".join(struct.pack("<HHI", *entry) for entry in entries)
        os.setxattr(place, f"system.posix_acl_{kind}", struct.pack("<I", 2) + packed)
    aside = begin(root, tool, "7", RUN, why="restore", now=NOW)
    with open_aside(tool, aside) as fd:
        status = os.fstat(fd)
        assert (1000, 4000, 0o700) == (status.st_uid, status.st_gid, status.st_mode & 0o7777)
        assert [] == [name for name in os.listxattr(fd) if "acl" in name]


@pytest.mark.parametrize("there", [False, True])
def test_who_may_not_give_a_folder_its_owner_reads_which_it_is(root, tool, place, monkeypatch, there):
    """The company's folder is named, and nothing is recorded."""

    def fail(*_):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    if there:
        put(place / "company_7", "creds.json")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "fchmod", fail)
    with pytest.raises(MayNotGive, match=r"^company_7 has to belong to "):
        begin(root, tool, "7", RUN, why="restore", now=NOW)
    assert [] == read_asides(tool)


def failing(code):
    """Give a swap of two names that fails."""

    def fail(*_):
        raise OSError(code, os.strerror(code))

    return fail


def test_a_switch_that_fails_says_why(root, tool, place, live, monkeypatch):
    """In words, and nothing has moved."""
    monkeypatch.setattr(module, "exchange", failing(errno.EIO))
    with pytest.raises(CompanyProblem, match=r"^its folder cannot be switched: Input/output error$"):
        switch(root, tool, built(root, tool))
    assert (b"the pairing", b"built") == ((live / "creds.json").read_bytes(), laid_aside(place))


def test_a_switch_that_fails_in_a_container_says_the_way(root, tool, place, live, monkeypatch):
    """On an overlay the commands that let a copy take its place are named, with root and folder."""
    monkeypatch.setattr(module, "exchange", failing(errno.EXDEV))
    monkeypatch.setattr(overlay, "_is_overlay", lambda fd: os.readlink(f"/proc/self/fd/{fd}") == str(place))
    with pytest.raises(CompanyProblem, match=re.escape(f"cd {place} && cp -a company_7 copied-company_7")):
        switch(root, tool, built(root, tool))


@pytest.mark.parametrize("there", ["source", "target"])
def test_a_folder_never_replaces_another(tmp_path, monkeypatch, there):
    """Where the kernel cannot promise it, both names are looked at first, and the sentence has the name."""
    monkeypatch.setattr(module, "rename_without_replacing", lambda *_: False)
    for name in ("source", "target"):
        (tmp_path / name).mkdir()
    (tmp_path / "target" / "company_7").mkdir()
    if there == "target":
        (tmp_path / "source" / "company_7").mkdir()
    source, target = (os.open(tmp_path / name, os.O_RDONLY) for name in ("source", "target"))
    try:
        with pytest.raises(FileExistsError if there == "target" else FileNotFoundError, match="company_7"):
            module._move("company_7", source, target)
    finally:
        os.close(source)
        os.close(target)
    assert ["company_7"] == names(tmp_path / "target")


def test_only_the_folder_that_was_built_is_taken_back(root, tool, place, live):
    """When another folder is live by now, switching back is refused and nothing moves."""
    aside = switch(root, tool, built(root, tool))
    live.rename(place / "elsewhere")
    put(place / "company_7", "creds.json", b"a third one")
    with pytest.raises(CompanyProblem, match="is not the one that run"):
        switch_back(root, tool, aside)
    assert (b"a third one", b"the pairing") == ((live / "creds.json").read_bytes(), laid_aside(place))


def test_going_live_twice_is_refused(root, tool, live):
    """A folder that is live cannot go live."""
    aside = switch(root, tool, built(root, tool))
    with pytest.raises(CompanyProblem, match="is live already"):
        switch(root, tool, aside)


def test_what_never_lived_can_be_discarded(root, tool, place, live):
    """A built folder goes without a trace, and the live one is untouched."""
    discard(root, tool, built(root, tool))
    assert ([], [], ["creds.json"]) == (read_asides(tool), names(place / ".baileys-cleanup" / "aside"), names(live))


@pytest.mark.parametrize("back", [False, True])
def test_what_lived_is_never_discarded(root, tool, place, live, back):
    """A folder that was live may hold what exists nowhere else, wherever it lies now."""
    aside = switch(root, tool, built(root, tool))
    if back:
        aside = switch_back(root, tool, aside)
    with pytest.raises(CompanyProblem, match="it is kept"):
        discard(root, tool, aside)
    assert {b"built", b"the pairing"} == {(live / "creds.json").read_bytes(), laid_aside(place)}


def test_a_former_folder_is_not_taken_for_the_built_one(root, tool, place, live):
    """Told by its inode: a stale record that says nothing ever lived deletes nothing."""
    aside = switch(root, tool, built(root, tool))
    live.rename(place / "elsewhere")
    with pytest.raises(CompanyProblem, match="it is kept"):
        discard(root, tool, aside._replace(lived=False))
    assert b"the pairing" == laid_aside(place)


def test_a_link_in_the_place_of_a_company_is_no_folder(root, tool, place, tmp_path):
    """Nothing is built beside a link."""
    (place / "company_7").symlink_to(tmp_path)
    with pytest.raises(CompanyProblem, match="no longer a folder"):
        begin(root, tool, "7", RUN, why="restore", now=NOW)


def test_looking_for_folders_makes_none(root, tool, place):
    """Reading what was set aside leaves no trace where nothing was."""
    assert [] == read_asides(tool)
    assert "aside" not in names(place / ".baileys-cleanup")


def test_a_record_that_cannot_be_read_is_passed_over(root, tool, place, live):
    """Its folder stays, and the others are told."""
    aside = switch(root, tool, built(root, tool))
    records = place / ".baileys-cleanup" / "aside" / RUN / "records"
    (records / "company_8.json").write_text("{")
    (records / "company_9.json").write_text('{"built": "x"}')
    (records / "company_91.json").write_text(
        (records / "company_7.json").read_text().replace(f'"started": {NOW}', '"started": null')
    )
    (records / "company_6.json").mkdir()
    (records.parents[1] / "20261121T030000Z-0000").mkdir()
    assert [aside] == read_asides(tool)
    assert b"the pairing" == laid_aside(place)


def test_settling_what_is_settled_changes_nothing(root, tool, live):
    """Before and after a switch there is nothing to end."""
    aside = built(root, tool)
    assert aside == settle(root, tool, aside)
    aside = switch(root, tool, aside)
    assert aside == settle(root, tool, aside)


@pytest.mark.usefixtures("_kernel")
def test_a_switch_that_was_cut_short_before_its_first_rename_is_settled(root, tool, place, live):
    """The folder for the former one is there and empty: nothing has happened yet, and switching goes on."""
    aside = built(root, tool)
    (place / ".baileys-cleanup" / "aside" / RUN / "former").mkdir()
    assert aside == settle(root, tool, aside)
    assert is_live(root, switch(root, tool, aside))


def test_what_a_killed_begin_left_is_in_nobodys_way(root, tool, place, live):
    """An empty folder without a record makes room for a new one; one with anything in it does not."""
    left = place / ".baileys-cleanup" / "aside" / RUN / "company_7"
    left.mkdir(parents=True)
    aside = begin(root, tool, "7", RUN, why="restore", now=NOW)
    assert [aside] == read_asides(tool)
    put(left, "creds.json", b"the only one")
    with pytest.raises(FileExistsError):
        begin(root, tool, "7", RUN, why="restore", now=NOW)
    assert ["creds.json"] == names(left)


def test_a_discard_that_was_cut_short_is_ended_by_another(root, tool, place, live):
    """The folder is gone and its record is not: discarding again forgets it."""
    aside = built(root, tool)
    folder = place / ".baileys-cleanup" / "aside" / RUN / "company_7"
    (folder / "creds.json").unlink()
    folder.rmdir()
    discard(root, tool, aside)
    assert ([], []) == (read_asides(tool), names(place / ".baileys-cleanup" / "aside"))


@pytest.mark.parametrize("why", ["restore", "rotate"])
def test_only_what_a_killed_restore_built_is_discarded(root, tool, place, live, why):
    """A restore can build it again from its archive; a folder that was built for something else may be the only one."""
    aside = begin(root, tool, "7", RUN, why=why, now=NOW)
    settle_all(root, tool)
    assert ([] if why == "restore" else [aside]) == read_asides(tool)
    assert b"the pairing" == (live / "creds.json").read_bytes()


def test_settling_all_keeps_what_lived(root, tool, place, live):
    """The former folder of a switch is kept, whatever it was for."""
    aside = switch(root, tool, built(root, tool))
    settle_all(root, tool)
    assert [aside] == read_asides(tool)
    assert b"the pairing" == laid_aside(place)


def test_a_half_built_folder_never_goes_live_by_settling(root, tool, place, live):
    """The live folder is gone and no switch had begun: settling puts nothing in its place."""
    aside = built(root, tool)
    live.rename(place / "elsewhere")
    assert aside == settle(root, tool, aside)
    assert not (place / "company_7").exists()


def copied(place):
    """Let every folder have another inode, as in a root that was copied to another disk."""
    aside = place / ".baileys-cleanup" / "aside" / RUN
    for folder in (place / "company_7", aside / "company_7"):
        shutil.copytree(folder, place / "copy")
        folder.rename(place / f"gone {folder.parent.name}")
        (place / "copy").rename(folder)


def test_in_a_copied_root_nothing_is_discarded_and_nothing_is_in_the_way(root, tool, place, live):
    """Inodes tell nothing there: what may have lived is kept, and settling goes on for the others."""
    built(root, tool)
    copied(place)
    other = begin(root, tool, "8", RUN, why="restore", now=NOW)
    assert [] == settle_all(root, tool)
    assert [("7", True)] == [(aside.company_id, aside.lived) for aside in read_asides(tool)], other
    assert b"built" == laid_aside(place)
    assert [] == settle_all(root, tool)


def test_one_that_cannot_be_settled_keeps_no_other_from_it(root, tool, place, live, monkeypatch):
    """It is named, and the next one is discarded all the same."""
    built(root, tool)
    begin(root, tool, "8", RUN, why="restore", now=NOW)

    def broken(root, tool, aside):
        if aside.company_id == "7":
            raise OSError(5, "Input/output error")
        return discard(root, tool, aside)

    monkeypatch.setattr(module, "discard", broken)
    (problem,) = settle_all(root, tool)
    assert problem.startswith("company 7: ")
    assert "Input/output error" in problem
    assert ["7"] == [aside.company_id for aside in read_asides(tool)]


def test_a_switch_whose_record_was_never_written_is_known_by_what_lies_aside(root, tool, place, live):
    """The former folder lies in its place: the built one has lived, wherever it went since."""
    aside = built(root, tool)
    switch(root, tool, aside)
    record = place / ".baileys-cleanup" / "aside" / RUN / "records" / "company_7.json"
    record.write_text(record.read_text().replace("true", "false"))
    live.rename(place / "elsewhere")
    assert [] == settle_all(root, tool)
    assert [True] == [aside.lived for aside in read_asides(tool)]
    assert b"the pairing" == laid_aside(place)


def test_who_cannot_be_told_apart_is_changed_by_hand(root, tool, place, live):
    """The sentence says where the other folder lies."""
    aside = switch(root, tool, built(root, tool))
    copied(place)
    with pytest.raises(CompanyProblem, match=f"by hand.*/aside/{RUN}/company_7"):
        switch_back(root, tool, aside)


def test_the_pairing_of_the_former_folder_stays_known(root, tool, place, live):
    """Whoever lets that folder live again is asked first, where the live one was paired anew since."""
    put(live.parent / "company_7", "creds.json", creds())
    with root.company("7") as company:
        pairing = company.account(lambda: None).pairing
    assert pairing is not None
    switch(root, tool, built(root, tool))
    (aside,) = read_asides(tool)
    assert aside.pairing == str(pairing)
