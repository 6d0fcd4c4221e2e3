"""`cleaning.at_rest`: a folder that was written in the last minute is not at rest."""

import pytest

from baileys_cleanup.cleaning.at_rest import LAST_MINUTE, why_not_at_rest
from baileys_cleanup.decision.verdict import AuthFile

from ..helpers import NOW, SECOND, auth_file


def written(name, ago):
    """Give a file that was written so many nanoseconds ago."""
    return AuthFile(name, auth_file(name).kind, NOW - ago)


@pytest.mark.parametrize(
    ("ago", "at_work"),
    [
        (0, True),
        (LAST_MINUTE - 1, True),
        (LAST_MINUTE, False),
        (-LAST_MINUTE + 1, True),
        (-LAST_MINUTE, False),
        (30 * 86_400 * SECOND, False),
    ],
)
def test_the_last_minute_counts_to_the_nanosecond(ago, at_work):
    """A minute ago is at rest; so is a date far ahead, and a clock a little ahead is not."""
    assert at_work == (why_not_at_rest([written("session-1.0.json", ago)], NOW) is not None)


def test_the_newest_is_named_with_its_age():
    """The sentence says what was written, how long ago, and to stop the bot first."""
    files = [written("session-1.0.json", 40 * SECOND), written("pre-key-1.json", 7 * SECOND), auth_file("x", None)]
    sentence = str(why_not_at_rest(files, NOW))
    assert [] == [part for part in ("pre-key-1.json", "7 s ago", "stop it first", "--anyway") if part not in sentence]


def test_a_broken_creds_is_no_sign_of_life():
    """What emptied it may have been the bot's end; whole, it counts like any other, and so does what lies beside it."""
    creds = written("creds.json", SECOND)
    assert why_not_at_rest([creds], NOW, creds_broken=True) is None
    assert why_not_at_rest([creds], NOW) is not None
    assert why_not_at_rest([creds, written("session-1.0.json", SECOND)], NOW, creds_broken=True) is not None
