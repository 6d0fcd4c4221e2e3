"""Opens what a rotation works with: to look, or with the run lock to change something."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from baileys_cleanup.errors import CleanupError, in_words
from baileys_cleanup.output.text import shown
from baileys_cleanup.rotation.steps import RotationStore
from baileys_cleanup.store.companies import Companies
from baileys_cleanup.store.folder.audit import open_audit
from baileys_cleanup.store.folder.lock import hold_lock
from baileys_cleanup.store.folder.root import open_root
from baileys_cleanup.store.folder.small_records import FolderRecords
from baileys_cleanup.store.folder.tool_folder import open_tool_folder
from baileys_cleanup.store.folder.whole_folders import FolderSwitches
from baileys_cleanup.store.small_records import SmallRecords


class Seen(NamedTuple):
    """What a rotation looks at: the companies, and the journals of rotations."""

    companies: Companies
    records: SmallRecords


@contextmanager
def looking(sessions_root: str) -> Iterator[Seen]:
    """Open what is looked at; nothing is changed. Raises UsageProblem where it cannot be opened."""
    with open_root(sessions_root) as root, open_tool_folder(root, create=False) as tool:
        yield Seen(root, FolderRecords(tool))


@contextmanager
def at_work(sessions_root: str, clock: Callable[[], int], warn: Callable[[str], object]) -> Iterator[RotationStore]:
    """Open what a rotation works with, under the run lock, with every switch that was cut short ended.

    `clock` gives nanoseconds since the epoch; `warn` gets a sentence for each switch that could not be ended. Raises
    UsageProblem or LockHeld, and CleanupError where nothing can be written.
    """
    with open_root(sessions_root) as root, open_tool_folder(root, create=True) as tool:
        assert tool is not None, "made a moment ago"
        with hold_lock(tool):
            try:
                with open_audit(tool, clock) as audit:
                    folders = FolderSwitches(root, tool)
                    for problem in folders.settle_all():
                        warn(problem)
                    yield RotationStore(root, folders, FolderRecords(tool), audit)
            except OSError as error:
                raise CleanupError(f"nothing can be written in {shown(tool.path)}: {in_words(error)}") from None
