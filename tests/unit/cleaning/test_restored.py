"""`cleaning.restored`: what is told as back after a server went away in the middle."""

import pytest

from baileys_cleanup.cleaning.restored import Restored
from baileys_cleanup.decision.outcome import Problem


@pytest.mark.parametrize(
    ("held", "present", "files", "lost"),
    [
        ((), "ab", ["a", "b"], False),  # the answer was lost, and it had been done
        ("b", "a", ["a"], False),  # it had not
        ("ab", "", [], False),  # the server came back with what it had before
        ("ab", "a", [], False),  # and something of that name is there by now
        ("b", "", [], True),
        ((), "b", ["b"], True),
        ((), "", [], True),
    ],
)
def test_back_is_what_is_there_and_not_in_the_quarantine(held, present, files, lost):
    """What is in neither place is lost, and told: the server came back without it."""
    restored = Restored("7", files=["a"], unknown={"b"})
    assert restored.tried
    restored.know(held, present)
    assert (files, set()) == (restored.files, restored.unknown)
    restored.tell_lost()
    assert lost == any("has the server lost what it had?" in problem.error for problem in restored.stayed)


def test_what_was_seen_and_told_of_nowhere_is_lost_where_it_is_in_neither_place():
    """Whatever came back, stays away or still lies there is none of it."""
    restored = Restored("7", files=["a"], stayed=[Problem("b", "newer")], seen=set("abcde"))
    assert set("cde") == restored.untold
    restored.know("bc", "ad")
    assert (["a"], {"e"}, set("cd")) == (restored.files, restored.lost, restored.untold)


def test_nothing_was_tried_at_first():
    """Then nothing has to be looked for."""
    assert not Restored("7").tried
