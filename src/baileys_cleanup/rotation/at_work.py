"""Opens what a rotation works with: to look, or with the run lock to change something."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from baileys_cleanup.errors import CleanupError, ServerGone, in_words
from baileys_cleanup.output.sentences import unwritten
from baileys_cleanup.rotation.walk import RotationStore
from baileys_cleanup.store.open import open_store, open_to_look
from baileys_cleanup.store.place import Place
from baileys_cleanup.store.small_records import SmallRecords
from baileys_cleanup.store.store import ROTATIONS, Store


class Seen(NamedTuple):
    """What a rotation looks at: the companies, and the journals of rotations."""

    companies: Store
    records: SmallRecords | None

    @property
    def place(self) -> str:
        """Where the journals lie, for people."""
        return self.records.where(ROTATIONS) if self.records else "nowhere"


@contextmanager
def looking(place: Place) -> Iterator[Seen]:
    """Open what is looked at; nothing is changed. Raises UsageProblem where it cannot be opened."""
    with open_to_look(place) as store, store.workspace(create=False) as workspace:
        yield Seen(store, workspace.records() if workspace else None)


@contextmanager
def at_work(place: Place, clock: Callable[[], int], warn: Callable[[str], object]) -> Iterator[RotationStore]:
    """Open what a rotation works with, under the run lock, with every switch that was cut short ended.

    `clock` gives nanoseconds since the epoch; `warn` gets a sentence for each switch that could not be ended. Raises
    UsageProblem or LockHeld, and CleanupError where nothing can be written, or a server went away.
    """
    with open_store(place) as store, store.workspace(create=True) as workspace:
        assert workspace is not None, "made a moment ago"
        with workspace.hold():
            try:
                with workspace.audit_log(clock) as audit:
                    folders = workspace.whole_folders()
                    for problem in folders.settle_all():
                        warn(problem)
                    yield RotationStore(store, folders, workspace.records(), audit, workspace)
            except ServerGone as error:  # it may have been asked for anything
                raise CleanupError(f"the store {place.shown} cannot be asked: {in_words(error)}") from None
            except OSError as error:
                raise CleanupError(unwritten(error, workspace.path)) from None
