"""Opens a store by what people call it: the path of a sessions root, or the URL of something else."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module

from baileys_cleanup.errors import ServerProblem, UsageProblem
from baileys_cleanup.store.place import Place
from baileys_cleanup.store.store import Store

STORES: dict[str, str] = {
    "postgresql": "baileys_cleanup.store.postgresql.opening",
    "postgres": "baileys_cleanup.store.postgresql.opening",
    "redis": "baileys_cleanup.store.redis.opening",
    "rediss": "baileys_cleanup.store.redis.opening",
}
"""Modules of stores that are no folder, by the scheme of their URL; each has `open_store(place, exclude)`."""
_FOLDER = "baileys_cleanup.store.folder.folder_store"


def open_store(place: Place, exclude: Sequence[str] = ()) -> AbstractContextManager[Store]:
    """Open a store; `exclude` are glob patterns of ids that are no companies.

    Raises UsageProblem, also on entering, where it is none or cannot be used. What a server refuses and nobody told of
    a company or a run has the name of the store.
    """
    module = STORES.get(place.scheme)
    opened: AbstractContextManager[Store]
    if module is None:
        opened = import_module(_FOLDER).open_store(place.where, exclude, place.state)
    else:
        opened = _named(import_module(module).open_store(place, exclude), place)
    return opened


@contextmanager
def open_to_look(place: Place, exclude: Sequence[str] = ()) -> Iterator[Store]:
    """Open a store for who changes nothing in it: what a server does not tell is a UsageProblem then as well."""
    try:
        with open_store(place, exclude) as store:
            yield store
    except ServerProblem as problem:
        raise UsageProblem(str(problem.strerror)) from None


@contextmanager
def _named(opened: AbstractContextManager[Store], place: Place) -> Iterator[Store]:
    try:
        with opened as store:
            yield store
    except ServerProblem as problem:
        text = f"the store {place.shown} did not do what it was asked for: {problem.strerror}"
        raise type(problem)(problem.errno, text) from None
