"""Opens a store by what people call it: the path of a sessions root, or the URL of something else."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from importlib import import_module

from baileys_cleanup.store.store import Store

STORES: dict[str, str] = {}
"""Modules of stores that are no folder, by the scheme of their URL. Each has a function `open_store(url, exclude)`."""
_FOLDER = "baileys_cleanup.store.folder.folder_store"


def open_store(where: str, exclude: Sequence[str] = ()) -> AbstractContextManager[Store]:
    """Open a store; `exclude` are glob patterns of ids that are no companies.

    Raises UsageProblem, also on entering, where it is none or cannot be used.
    """
    scheme = where.partition("://")[0]
    opened: AbstractContextManager[Store] = import_module(STORES.get(scheme, _FOLDER)).open_store(where, exclude)
    return opened
