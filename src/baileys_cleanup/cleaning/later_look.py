"""Waits at the end of a run for what has to be looked at once more a while after the last removal: a cache, say."""

from collections.abc import Callable

from baileys_cleanup.cleaning.world import World
from baileys_cleanup.output.text import count
from baileys_cleanup.store.remover import LaterLook


def look_later(later: LaterLook | None, world: World, waiting: Callable[[str], object]) -> list[str]:
    """Wait until it is time, look, and return in words what could not be done. A signal ends the waiting, not the look.

    `waiting` hears why, once.
    """
    if later is None:
        return []
    seconds = later.due_in()
    if seconds > 0 and not world.stopping():
        waiting(f"the cache is looked at once more in {count(int(seconds) + 1, 'second')}")
    while later.due_in() > 0 and not world.stopping():
        world.wait()
    return later.look()
