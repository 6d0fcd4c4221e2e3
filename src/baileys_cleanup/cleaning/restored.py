"""What an undo did in one company. Pure."""

from collections.abc import Collection
from dataclasses import dataclass, field

from baileys_cleanup.decision.outcome import Problem
from baileys_cleanup.output.text import few


@dataclass(slots=True)
class Restored:
    """What came back into one company, and what stayed away and why; `refused` where a guard said no to all of it.

    `cut` says why it was not brought to an end: the server went away, and did not come back either, or does not say
    more. `unknown` are then the names of which nobody knows whether they came back or lie in the quarantine. `failed`
    tells that something could not be done which another undo may do. `seen` are all names that any try has found in the
    quarantine, and `lost` those of them that are in neither place any more.
    """

    company_id: str
    refused: bool = False
    failed: bool = False
    cut: str | None = None
    files: list[str] = field(default_factory=list)
    stayed: list[Problem] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)

    @property
    def tried(self) -> bool:
        """Whether a try before the present one, which lost its server, has brought anything back or may have."""
        return bool(self.files or self.unknown)

    @property
    def untold(self) -> set[str]:
        """What was seen in the quarantine, and neither came back nor was told to stay away."""
        return self.seen.difference(self.files, self.lost, (problem.file for problem in self.stayed))

    def know(self, held: Collection[str], present: Collection[str]) -> None:
        """Take for back what is `present` and does not lie in the quarantine any more, where it is `held`.

        A server may come back without what it had: what is in neither place is lost.
        """
        tried = {*self.files, *self.unknown}.difference(held)
        self.lost = {*tried, *self.lost, *self.untold}.difference(held, present)
        self.files = sorted(tried.intersection(present))
        self.unknown.clear()

    def tell_lost(self) -> None:
        """Say what is in neither place."""
        if self.lost:
            lost = few(sorted(self.lost))
            text = f"{lost}: neither there nor in the quarantine any more; has the server lost what it had?"
            self.stayed.append(Problem(None, text))
