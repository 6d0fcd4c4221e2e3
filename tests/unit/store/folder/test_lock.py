"""`lock`: one run at a time."""

import os

import pytest

from baileys_cleanup.errors import LockHeld, UsageProblem
from baileys_cleanup.store.folder.lock import hold_lock
from baileys_cleanup.store.store import MONITOR_LOCK


def test_the_second_one_is_told_who_has_it(tool):
    """A second taker does not wait: it is told which process holds the lock."""
    with hold_lock(tool), pytest.raises(LockHeld, match=f"process {os.getpid()}"), hold_lock(tool):
        pytest.fail("the lock was given twice")


def test_a_lock_that_was_let_go_can_be_taken(tool):
    """After its holder is done, also by an error, the lock is free."""
    with pytest.raises(RuntimeError), hold_lock(tool):
        raise RuntimeError
    with hold_lock(tool), pytest.raises(LockHeld), hold_lock(tool):
        pytest.fail("the lock was given twice")


def test_a_holder_that_wrote_no_number_is_another_process(tool, place):
    """What lies in the lock is shown only when it is a process number."""
    with hold_lock(tool):
        (place / ".baileys-cleanup" / "lock").write_bytes(b"\x1b[31mxx")
        with pytest.raises(LockHeld, match="another process"), hold_lock(tool):
            pytest.fail("the lock was given twice")


def test_a_lock_that_is_a_link_is_never_followed(tool, place, tmp_path):
    """A link in place of the lock is refused and its target stays as it is."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (place / ".baileys-cleanup" / "lock").symlink_to(victim)
    with pytest.raises(UsageProblem, match="lock"), hold_lock(tool):
        pytest.fail("a link was taken for the lock")
    assert "precious" == victim.read_text()


def test_another_lock_does_not_get_in_the_way(tool):
    """A monitor that tells keeps no run from its work, and no second monitor gets in."""
    with hold_lock(tool, MONITOR_LOCK):
        with hold_lock(tool):
            pass
        with pytest.raises(LockHeld, match=r"monitor\.lock"), hold_lock(tool, MONITOR_LOCK):
            pass


def test_many_share_a_lock_and_nobody_else_has_it_meanwhile(tool):
    """Shards beside each other; who wants it alone is told of them, and they are kept from one that has it alone."""
    shards = "shards hold"
    with hold_lock(tool, shared=True), hold_lock(tool, shared=True), pytest.raises(LockHeld, match=shards):
        hold_lock(tool).__enter__()
    with hold_lock(tool), pytest.raises(LockHeld, match="process"), hold_lock(tool, shared=True):
        pytest.fail("the lock was shared although it is held")


def test_any_other_name_is_a_lock_of_its_own(tool, place):
    """A company, a run: held by one at a time, each for itself, without a file for each."""
    with hold_lock(tool, "company 1"), hold_lock(tool, "company 2"), hold_lock(tool, "run \udcff"):
        with pytest.raises(LockHeld, match="another run holds company 1"), hold_lock(tool, "company 1"):
            pytest.fail("the company was given twice")
        with hold_lock(tool, "company 3"):
            pass
        with pytest.raises(LockHeld), hold_lock(tool, "company 2"):
            pytest.fail("letting another one go let this one go")
    with hold_lock(tool, "company 1"):
        pass
    assert 0 == (place / ".baileys-cleanup" / "bytes.lock").stat().st_size
