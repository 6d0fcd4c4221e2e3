"""`cramped`: what is deleted where nothing can be made goes by the same looks, and comes back where it was cut short."""

import os
from types import SimpleNamespace

import pytest

from baileys_cleanup.decision.verdict import Rule, Verdict
from baileys_cleanup.errors import LockHeld, ProtectedFile
from baileys_cleanup.store.folder import cramped
from baileys_cleanup.store.folder.cramped import FolderRoom, room_of, settle_going

from ...helpers import put

NAME = "session-1.0.json"


@pytest.fixture(autouse=True)
def _files(place):
    """Put one company with two sessions into the root."""
    for name in (NAME, "creds.json", "session-2.0.json"):
        put(place / "company_7", name)


def verdicts(company, *names):
    """Look at files and plan their removal by hand."""
    files = [file for file in company.names().files if file.name in names]
    return [Verdict(file, True, Rule.SESSION_AGE, "") for file in company.look(files, files).files]


def delete(root, company, name=NAME, meanwhile=lambda: None, announce=lambda: None):
    """Delete a file by its plan; `meanwhile` something happens between plan and look."""
    (verdict,) = verdicts(company, name)
    meanwhile()
    return FolderRoom(root, 1).delete(company, verdict, announce)


def names(root):
    """Give what lies in the company, and what lies under the root beside it."""
    return sorted(os.listdir(f"{root.path}/company_7")), [name for name in os.listdir(root.path) if "company_7" != name]


def test_what_is_as_planned_goes(root):
    """The file is gone, and nothing was made."""
    with root.company("7") as company:
        assert delete(root, company)
    assert (["creds.json", "session-2.0.json"], []) == names(root)


def test_what_changed_or_is_protected_stays(root):
    """A rewritten file, one with a second link and one that no plan may hold stay where they are."""
    with root.company("7") as company:
        path = f"{root.path}/company_7/{NAME}"

        def rewrite():
            with open(path, "w") as file:
                file.write("newer")

        assert not delete(root, company, meanwhile=rewrite)
        assert not delete(root, company, meanwhile=lambda: os.link(path, f"{root.path}/company_7/other"))
        with pytest.raises(ProtectedFile):
            delete(root, company, "creds.json")
    assert (["creds.json", "other", "session-1.0.json", "session-2.0.json"], []) == names(root)


def test_what_is_written_on_the_way_goes_back(root, monkeypatch):
    """Who found the file before it was moved writes into it after: the last look sees that."""
    with root.company("7") as company:
        writer = os.open(f"{root.path}/company_7/{NAME}", os.O_WRONLY)
        writing = SimpleNamespace(sleep=lambda _: os.write(writer, b"newer than all"))
        monkeypatch.setattr(cramped, "time", writing)
        assert not delete(root, company)
        os.close(writer)
    with open(f"{root.path}/company_7/{NAME}", "rb") as file:
        assert file.read().startswith(b"newer than all")


def test_without_its_line_nothing_goes(root):
    """Where the removal cannot be told, the file is not even moved."""

    def fail():
        raise OSError("no line")

    with root.company("7") as company, pytest.raises(OSError, match="no line"):
        delete(root, company, announce=fail)
    assert NAME in names(root)[0]


@pytest.mark.parametrize("newer", [False, True])
def test_cut_short_the_next_run_puts_it_back(root, monkeypatch, newer):
    """Killed between the two steps, the file comes back, unless a newer one has its name."""

    class Killed(BaseException):
        pass

    def kill(_):
        raise Killed

    monkeypatch.setattr(cramped, "time", SimpleNamespace(sleep=kill))
    with root.company("7") as company, pytest.raises(Killed):
        delete(root, company)
    (going,) = names(root)[1]
    assert going.endswith(NAME)
    path = f"{root.path}/company_7/{NAME}"
    if newer:
        with open(path, "w") as file:
            file.write("newer")
    settle_going(root)
    assert (["creds.json", NAME, "session-2.0.json"], []) == names(root)
    with open(path) as file:
        assert ("newer" == file.read()) is newer


def test_one_at_a_time_and_only_where_there_is_need(root):
    """A second one goes away; on a disk with inodes nobody makes room."""
    with FolderRoom(root, 1).hold(), pytest.raises(LockHeld), FolderRoom(root, 1).hold():
        pass
    assert room_of(root) is None
