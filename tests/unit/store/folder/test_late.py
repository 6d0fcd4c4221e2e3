"""`store.folder.late`: what was written between the last look and the switch goes over, or is named."""

import os

import pytest

from baileys_cleanup.store.folder import late as module
from baileys_cleanup.store.folder import set_aside_list
from baileys_cleanup.store.folder.late import bring_late, list_live
from baileys_cleanup.store.folder.set_aside import begin, open_aside, switch
from baileys_cleanup.store.folder.set_aside_list import list_set_aside, switch_set_aside

from ...helpers import NOW, creds, put

RUN = "20261122T030000Z-4f1c"
SESSION = "session-1.0.json"


@pytest.fixture
def live(place):
    """Give a company's live folder."""
    put(place / "company_7", "creds.json", creds(), age=3)
    put(place / "company_7", SESSION, b'{"v":1}', age=3)
    return place / "company_7"


def switched(root, tool, write, files=("creds.json", SESSION), *, then=lambda: None, wait=lambda: None):
    """Copy files into a new folder, look, let somebody write, switch; gives what was late."""
    seen = list_live(root, "7")
    aside = begin(root, tool, "7", RUN, why="restore", now=NOW)
    with root.company("7") as company, open_aside(tool, aside) as fd:
        for name in files:
            status = os.stat(name, dir_fd=company.fd)
            with open(os.open(name, os.O_RDONLY, dir_fd=company.fd), "rb") as old:
                new = os.open(name, os.O_WRONLY | os.O_CREAT, 0o600, dir_fd=fd)
                os.write(new, old.read())
                os.utime(new, ns=(status.st_atime_ns, status.st_mtime_ns))
                os.close(new)
    write()
    aside = switch(root, tool, aside)
    then()
    return bring_late(root, tool, aside, seen, wait)


def test_nothing_late_is_nothing(root, tool, live):
    """A bot that is stopped leaves nothing to bring."""
    assert ([], []) == tuple(switched(root, tool, lambda: None))[:2]


def test_a_newer_file_goes_over_what_it_continues(root, tool, live):
    """The late content is live, under its own date."""
    late = switched(root, tool, lambda: put(live, SESSION, b'{"v":2}', age=0))
    assert ([SESSION], []) == tuple(late)[:2]
    assert b'{"v":2}' == (live / SESSION).read_bytes()


def test_a_new_file_goes_over_within_one_account(root, tool, live):
    """A session that began at that moment comes along."""
    late = switched(root, tool, lambda: put(live, "session-2.0.json", b"{}", age=0))
    assert (["session-2.0.json"], []) == tuple(late)[:2]
    assert b"{}" == (live / "session-2.0.json").read_bytes()


def test_a_new_file_stays_where_the_account_is_another(root, tool, live):
    """Without a creds.json that tells, nothing new goes over: it is named."""
    late = switched(root, tool, lambda: put(live, "session-2.0.json", b"{}", age=0), [SESSION])
    assert ([], ["session-2.0.json"]) == tuple(late)[:2]
    assert not (live / "session-2.0.json").exists()


@pytest.mark.parametrize("content", [b"", b'{"v":'])
def test_half_a_file_is_named(root, tool, live, content):
    """What the bot has truncated and not written yet does not go over the whole one."""
    late = switched(root, tool, lambda: put(live, SESSION, content, age=0))
    assert ([], [SESSION]) == tuple(late)[:2]
    assert b'{"v":1}' == (live / SESSION).read_bytes()


def test_a_live_file_that_went_on_by_itself_stays(root, tool, live):
    """What is written into the new folder meanwhile is not replaced, whatever its date."""
    late = switched(
        root,
        tool,
        lambda: put(live, SESSION, b'{"v":2}', age=0),
        then=lambda: put(live, SESSION, b'{"other":1}', age=1),
    )
    assert ([], [SESSION]) == tuple(late)[:2]
    assert b'{"other":1}' == (live / SESSION).read_bytes()


def test_what_vanished_late_is_named(root, tool, live):
    """A file that the bot used up at that moment is still in the new folder."""
    assert ([], [SESSION]) == tuple(switched(root, tool, (live / SESSION).unlink))[:2]


def test_a_file_with_two_links_is_named(root, tool, live, place):
    """What somebody may write to elsewhere does not go over."""

    def write():
        put(live, SESSION, b'{"v":2}', age=0)
        os.link(live / SESSION, place / "elsewhere")

    assert ([], [SESSION]) == tuple(switched(root, tool, write))[:2]


def test_folders_that_cannot_be_compared_are_told(root, tool, live, monkeypatch):
    """Trouble after the switch is no trouble with the switch, and is no silence either."""

    def broken(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(module, "open_aside", broken)
    late = switched(root, tool, lambda: None)
    assert "could not be compared" in "".join(late.told("there"))


def test_undo_of_a_folder_looks_likewise(root, tool, live, monkeypatch):
    """Switched back, what was written since the look before it is brought over, too."""
    switched(root, tool, lambda: None)
    (folder,) = list_set_aside(tool)
    back = set_aside_list.switch_back

    def late(*arguments):
        put(live, SESSION, b'{"v":3}', age=0)
        return back(*arguments)

    monkeypatch.setattr(set_aside_list, "switch_back", late)
    assert ([SESSION], []) == tuple(switch_set_aside(root, tool, folder, lambda: None))[:2]
    assert b'{"v":3}' == (live / SESSION).read_bytes()


def test_who_had_a_file_open_before_the_switch_is_waited_for(root, tool, live):
    """What is written a moment after the switch into the file that was opened before it comes over as well."""
    writer = os.open(live / SESSION, os.O_WRONLY)

    def write():
        if not os.stat(writer).st_size - len(b'{"v":1}'):
            os.write(writer, b'{"v":2}   ')

    late = switched(root, tool, lambda: None, wait=write)
    os.close(writer)
    assert ([SESSION], []) == tuple(late)[:2]
    assert b'{"v":2}   ' == (live / SESSION).read_bytes()


def test_who_writes_twice_is_followed(root, tool, live):
    """A second late write continues the first one that was brought over."""
    writer = os.open(live / SESSION, os.O_WRONLY)
    rounds = iter([b'{"v":22}', b'{"v":333}'])

    def write():
        content = next(rounds, None)
        if content is not None:
            os.pwrite(writer, content, 0)

    late = switched(root, tool, lambda: None, wait=write)
    os.close(writer)
    assert ([SESSION], []) == tuple(late)[:2]
    assert b'{"v":333}' == (live / SESSION).read_bytes()
