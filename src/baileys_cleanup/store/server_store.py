"""What all stores that are servers have in common: ids that are no folders, and nothing of a disk to be seen."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from baileys_cleanup.decision.names import COMPANY_PREFIX
from baileys_cleanup.decision.verdict import AuthFile
from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.output.text import count, few, shown
from baileys_cleanup.store.passed_over import NO_ID, PassedOver
from baileys_cleanup.store.store import Space

_EXCLUDED = "the setting exclude says that it is no company"


class ServerStore(ABC):
    """A server with the keys of all companies; `path` is its URL as people may see it."""

    was_link = False
    forkable = False  # a connection belongs to one process

    def __init__(self, path: str, exclude: Sequence[str]) -> None:
        self.path = self.asked = path
        self._exclude = exclude
        self._raw: Mapping[str, str] = {}

    @abstractmethod
    def list_raw(self) -> Iterable[str]:
        """Return the ids of all companies as the server has them. Raises UsageProblem."""

    @abstractmethod
    def is_there(self, raw_id: str) -> bool:
        """Tell whether there is anything of a company by its id as the server had it. Raises UsageProblem."""

    @abstractmethod
    def why_it_cannot_write(self) -> str | None:
        """Return what would keep the tool from removing, where that shows without trying."""

    @abstractmethod
    def expect(self, ids: Sequence[str]) -> None:
        """Know which companies will be asked for, in which order."""

    def company_ids(self) -> tuple[list[str], list[str]]:
        """Return the ids of all companies, sorted; there are no links here."""
        return sorted(each for each in self._all() if not self._why_none(each)), []

    def _all(self) -> Mapping[str, str]:
        """Return the ids as people call them, each with what the server has; `company_` before it is left out."""
        there = set(self.list_raw())
        found: dict[str, str] = {}
        for raw_id in there:
            bare = raw_id.removeprefix(COMPANY_PREFIX)
            found[raw_id if bare != raw_id and (bare in there or not bare) else bare] = raw_id
        self._raw = found
        return found

    def meet(self) -> None:
        """Get to know the companies where nobody has listed them yet. Raises UsageProblem."""
        if not self._raw:
            self._all()

    def raw_id(self, company_id: str) -> str:
        """Return an id as the server has it."""
        return self._raw.get(company_id, company_id)

    def _why_none(self, company_id: str) -> str | None:
        if company_id in {"", ".", ".."} or "/" in company_id:
            return NO_ID
        return _EXCLUDED if self._is_excluded(company_id) else None

    def _is_excluded(self, name: str) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in self._exclude)

    def passed_over(self) -> list[PassedOver]:
        """Return the ids that are not taken for companies."""
        reasons = ((each, self._why_none(each)) for each in sorted(self._raw or self._all()))
        return [PassedOver(each, why, keys=why != _EXCLUDED) for each, why in reasons if why]

    def has(self, company_id: str) -> bool:
        """Tell whether there is anything by the name of this company."""
        raw_id = self._raw.get(company_id)
        if raw_id is not None and self.is_there(raw_id):
            return True
        # To list them all costs more than to ask for one, and who copies companies asks for each.
        names = (company_id, COMPANY_PREFIX + company_id)
        return any(self.is_there(name) for name in names if name != raw_id) and company_id in self._all()

    def select(self, wanted: Iterable[str]) -> list[str]:
        """Return the wanted ids, once each, in the order given. Raises UsageProblem for one that is not there."""
        asked = list(wanted)
        there = self._all() if asked else {}
        ids: list[str] = []
        for text in asked:
            company_id = text if text in there else text.removeprefix(COMPANY_PREFIX)
            why = self._why_none(company_id)
            if why is not None:
                raise UsageProblem(f"--company {shown(text)!r}: {why}")
            if company_id not in there:
                known = sorted(each for each in there if not self._why_none(each))
                near = f"; it has {count(len(known), 'company', 'companies')}: {few(known)}" if known else ""
                raise UsageProblem(f"--company {shown(company_id)}: there is no such company in {self.path}{near}")
            if company_id not in ids:
                ids.append(company_id)
        return ids

    def place_of(self, company_id: str) -> str:
        """Return where a company lies, for commands of the operator's."""
        return f"{self.path}#{shown(company_id)}"

    def other_layout(self) -> str | None:
        """Return nothing: what does not fit the layout is refused where the store is opened."""
        return None

    def dangers(self) -> list[str]:
        """Return nothing: what is written takes nothing from anybody."""
        return []

    def unseen(self) -> str | None:
        """Return nothing: who may read the companies may read what the tool keeps."""
        return None

    def uncleared(self) -> str | None:
        """Return nothing: nothing is in front of the server."""
        return None

    def has_room(self, files: Iterable[AuthFile]) -> bool:  # noqa: ARG002 - the same shape as a folder
        """Tell that there is room: what the server has left nobody can ask it, and it says when it has none."""
        return True

    def may_write(self) -> bool:
        """Tell whether the tool may write where the companies lie."""
        return self.why_it_cannot_write() is None

    def contains(self, path: str) -> bool:  # noqa: ARG002 - likewise
        """Tell that no path lies in a server."""
        return False

    def space(self) -> Space | None:
        """Return nothing: what is left on the server's disk it does not tell."""
        return None
