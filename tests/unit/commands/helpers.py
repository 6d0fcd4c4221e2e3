"""A world that stands still, and what a command says in it."""

from baileys_cleanup.cleaning.world import World

from ..helpers import NOW, OTHER

WORLD = World(NOW, lambda: NOW, lambda: None, lambda: False, lambda: 0.0)
SESSION = f"session-{OTHER}.0.json"


def said(command, *args, **how):
    """Run a command; give its status and what it said."""
    texts = []
    return command(*args, texts.append, **how), "".join(texts)
