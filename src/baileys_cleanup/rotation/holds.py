"""Which companies a rotation holds: what cleaning and undo ask of rotations, without knowing them by name."""

from baileys_cleanup.output.text import few
from baileys_cleanup.rotation.journal import Journals, read_journals, way_on
from baileys_cleanup.store.store import ROTATIONS, Workspace


class RotationHolds:
    """The rotations under a sessions root, as holds: an open one keeps its company from everybody else.

    `again` are the options that a later command needs to find the same sessions root.
    """

    def __init__(self, journals: Journals, place: str, again: str) -> None:
        self._journals = journals
        self.open = {company_id: way_on(journal, again) for company_id, journal in journals.open().items()}
        self.unreadable = (
            [f"{place} holds journals of rotations that cannot be read: {few(journals.broken)}"]
            if journals.broken
            else []
        )

    def paired_anew(self, company_id: str, since: int) -> str | None:
        """Return the rotation into an empty folder that ended in a new pairing since a moment (nanoseconds)."""
        for journal in self._journals.of(company_id):
            if journal.fresh and journal.done and journal.started >= since:
                return f"the rotation {journal.run_id}"
        return None


def rotation_holds(workspace: Workspace, again: str) -> RotationHolds:
    """Return what rotations hold under a sessions root."""
    return RotationHolds(read_journals(workspace), f"{workspace.path}/{ROTATIONS}", again)
