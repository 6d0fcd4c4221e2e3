"""Which of a store's companies a command works on."""

from collections.abc import Sequence
from typing import NamedTuple

from baileys_cleanup.decision.shards import Shard
from baileys_cleanup.output.text import few
from baileys_cleanup.store.passed_over import no_companies
from baileys_cleanup.store.store import Store


class Picked(NamedTuple):
    """The ids that a selection picks in a store, and what is strange about that, a sentence each."""

    ids: list[str]
    doubts: list[str]


class Selection(NamedTuple):
    """All companies, or some: those `wanted`, each of which has to be there; those `listed`, which may be gone.

    None: nobody gave a list; an empty one means no company. Of all these only those of the `shard`.
    """

    wanted: Sequence[str] = ()
    listed: Sequence[str] | None = None
    shard: Shard | None = None

    @property
    def is_whole(self) -> bool:
        """Tell whether nobody named companies; a shard may still be asked for."""
        return not self.wanted and self.listed is None

    @property
    def is_all(self) -> bool:
        """Tell whether all companies are meant, and not only a shard of them."""
        return self.is_whole and self.shard is None

    def takes(self, company_id: str) -> bool:
        """Tell whether a company falls to the shard."""
        return self.shard is None or self.shard.has(company_id)

    def ids(self, store: Store, everyone: Sequence[str]) -> list[str]:
        """Return the ids of `everyone` that are selected. Raises UsageProblem for a wanted one that is not there."""
        if self.wanted:
            ids: Sequence[str] = store.select(self.wanted)
        elif self.listed is not None:
            there = set(everyone)
            ids = [company_id for company_id in self.listed if company_id in there]
        else:
            ids = everyone
        return [company_id for company_id in ids if self.takes(company_id)]

    def pick(self, store: Store) -> Picked:
        """Return the companies of a store that are selected. Raises UsageProblem for a wanted one that is not there."""
        everyone = () if self.wanted else store.company_ids()[0]
        if not (self.wanted or everyone):
            return Picked([], [no_companies(store.path, store.other_layout())])
        return Picked(self.ids(store, everyone), self.doubts(everyone))

    def doubts(self, everyone: Sequence[str]) -> list[str]:
        """Return what is strange about the list, a sentence each."""
        if self.listed is None:
            return []
        if not self.listed:
            return ["--companies-from: the list has no company, so there is nothing to do"]
        there = set(everyone)
        missing = [company_id for company_id in self.listed if company_id not in there]
        return [f"--companies-from: no folder here of company {few(missing)}"] if missing else []


ALL = Selection()
"""All companies."""
