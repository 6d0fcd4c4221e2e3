"""`errors`: each error's exit status, and what an operating system error means here."""

import errno
import os

import pytest

from baileys_cleanup.errors import CleanupError, LockHeld, Refused, UsageProblem, in_words


@pytest.mark.parametrize(("error", "status"), [(CleanupError, 1), (UsageProblem, 2), (LockHeld, 3), (Refused, 4)])
def test_an_error_knows_its_status(error, status):
    """The exit status of each error is the contract's, and all are of one family."""
    assert status == error.status
    assert issubclass(error, CleanupError)


@pytest.mark.parametrize(
    ("code", "part"),
    [
        (errno.EROFS, "read-only"),
        (errno.ENOSPC, "disk is full"),
        (errno.EDQUOT, "quota"),
        (errno.EACCES, "run as its owner"),
        (errno.EPERM, "run as its owner"),
        (errno.EXDEV, "another mount"),
        (errno.ENAMETOOLONG, "255 bytes"),
        (errno.EIO, os.strerror(errno.EIO)),
    ],
)
def test_an_error_of_the_system_is_said_in_words(code, part):
    """Known errors say what to do; others keep the system's own words."""
    assert part in in_words(OSError(code, os.strerror(code)))


def test_an_error_without_a_number_keeps_its_text():
    """What has neither number nor system's words is told as it is."""
    assert "something odd" == in_words(OSError("something odd"))
