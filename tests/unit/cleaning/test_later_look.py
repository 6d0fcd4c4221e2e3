"""`cleaning.later_look`: the last look at a cache comes in time, and a signal does not cost it."""

from baileys_cleanup.cleaning.later_look import look_later

from ..commands.helpers import WORLD


class Later:
    """Something that is due in some seconds, of which each wait takes one."""

    def __init__(self, seconds):
        self.left, self.looked = seconds, False

    def due_in(self):
        """Give what is left."""
        return float(self.left)

    def wait(self):
        """Let a second pass."""
        self.left -= 1

    def look(self):
        """Look, once."""
        assert not self.looked
        self.looked = True
        return ["said"]


def test_nothing_to_look_at_is_nothing_to_wait_for():
    """A store without a cache ends at once."""
    assert [] == look_later(None, WORLD, lambda _: None)


def test_it_waits_until_it_is_time_and_says_so_once():
    """Whoever sits before it hears why."""
    later, heard = Later(3), []
    assert ["said"] == look_later(later, WORLD._replace(wait=later.wait), heard.append)
    assert (0, True, 1) == (later.left, later.looked, len(heard))


def test_what_is_due_is_looked_at_without_a_word():
    """Nobody hears of a wait that is none."""
    later, heard = Later(0), []
    look_later(later, WORLD, heard.append)
    assert (True, []) == (later.looked, heard)


def test_a_signal_ends_the_waiting_and_not_the_look():
    """Told to stop, it looks at once."""
    later = Later(600)
    told = look_later(later, WORLD._replace(wait=later.wait, stopping=lambda: later.left < 598), lambda _: None)
    assert (["said"], 597) == (told, later.left)
