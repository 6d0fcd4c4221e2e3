"""A server with the keys of all companies: what every part of the store asks of it."""

import time
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from baileys_cleanup.decision.names import COMPANY_PREFIX
from baileys_cleanup.decision.policy import HOUR, SECOND
from baileys_cleanup.decision.verdict import AuthFile
from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.output.text import count, few, shown
from baileys_cleanup.store.place import Place
from baileys_cleanup.store.redis.layout import OWN, layout_of
from baileys_cleanup.store.redis.lease import Leases
from baileys_cleanup.store.redis.server import Server
from baileys_cleanup.store.redis.trouble import as_usage_problem
from baileys_cleanup.store.store import PassedOver, Space

MADE = f"{OWN}made"
"""The key that tells that the tool keeps something here."""
_EXCLUDED = "the setting exclude says that it is no company"
_NO_NAME = "a company id is not empty and has no slash in it"
_LEDGER = (
    "Redis tells no dates: a key is as old as the tool's own ledger has seen it unchanged, by a hash of its value; a"
    " sender-key memory is kept, because a group send writes the same one anew"
)
_FIRST = "; the ledger begins with the first real run, which removes nothing by age"


class Database:
    """A server, connected, its layout known."""

    was_link = False

    def __init__(self, place: Place, server: Server, exclude: Sequence[str]) -> None:
        self.path = self.asked = place.shown
        self.server = server
        self.layout = layout_of(place.redis)
        self.leases = Leases(server)
        self._exclude = exclude
        self._strings: dict[str, list[str]] = {}
        self._ids: dict[str, str] = {}
        with as_usage_problem(f"the store {self.path} cannot be looked at"):
            self.made = bool(server.call("EXISTS", MADE))
            here = time.time_ns()
            theirs = server.now()
        self.now, self._ahead = max(here, theirs), here - theirs

    def remarks(self) -> list[str]:
        """Return what people have to know of this store."""
        told = [_LEDGER + ("" if self.made else _FIRST)]
        if abs(self._ahead) >= HOUR:
            minutes = abs(self._ahead) // SECOND // 60
            which = "ahead of" if self._ahead > 0 else "behind"
            told.append(f"the clock of this machine is {minutes:,} minutes {which} the server's: set one of them right")
        return told

    def company_ids(self) -> tuple[list[str], list[str]]:
        """Return the ids of all companies, sorted; there are no links here."""
        return sorted(each for each in self._all() if not self._why_none(each)), []

    def _all(self) -> dict[str, str]:
        strings: dict[str, set[str]] = {}
        with as_usage_problem(f"the companies of the store {self.path} cannot be listed"):
            for key in self.server.scan(self.layout.pattern, self.layout.kind.upper()):
                found = self.layout.read(key)
                if found:
                    strings.setdefault(found[0], set()).add(found[1])
        self._strings = {company: sorted(fields) for company, fields in strings.items()}
        self._ids = {}
        for raw in strings:
            bare = raw.removeprefix(COMPANY_PREFIX)
            self._ids[raw if bare != raw and (bare in strings or not bare) else bare] = raw
        return self._ids

    def meet(self) -> None:
        """Get to know the companies where nobody has listed them yet. Raises UsageProblem."""
        if not self._ids:
            self._all()

    def key(self, company_id: str) -> str:
        """Return the hash of a company, or the beginning of its strings."""
        return self.layout.key(self._ids.get(company_id, company_id))

    def strings(self, company_id: str) -> list[str]:
        """Return the fields of a company of strings, as the last listing found them."""
        return self._strings.get(self._ids.get(company_id, company_id), [])

    def ledger(self, company_id: str) -> str:
        """Return the key of a company's ledger, in the slot of its hash."""
        return f"{OWN}ledger:{self._tag(company_id)}"

    def quarantine(self, run_id: str, company_id: str) -> str:
        """Return the key of what a run took from a company, in the slot of its hash."""
        return f"{OWN}quarantine:{run_id}:{self._tag(company_id)}"

    def _tag(self, company_id: str) -> str:
        key = self.key(company_id)
        return key if "{" in key else f"{{{key}}}"

    def _why_none(self, company_id: str) -> str | None:
        if company_id in {"", ".", ".."} or "/" in company_id:
            return _NO_NAME
        return _EXCLUDED if any(fnmatchcase(company_id, pattern) for pattern in self._exclude) else None

    def passed_over(self) -> list[PassedOver]:
        """Return the ids that are not taken for companies."""
        reasons = ((each, self._why_none(each)) for each in sorted(self._ids or self._all()))
        return [PassedOver(each, why, keys=why == _NO_NAME) for each, why in reasons if why]

    def has(self, company_id: str) -> bool:
        """Tell whether there is anything by the name of this company."""
        return company_id in self._all()

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
                near = f"; it has {count(len(there), 'company', 'companies')}: {few(sorted(there))}" if there else ""
                raise UsageProblem(f"--company {shown(company_id)}: there is no such company in {self.path}{near}")
            if company_id not in ids:
                ids.append(company_id)
        return ids

    def place_of(self, company_id: str) -> str:
        """Return where a company lies, for commands of the operator's."""
        return f"{self.path}#{shown(company_id)}"

    def has_room(self, files: Iterable[AuthFile]) -> bool:  # noqa: ARG002 - the server tells when it has none
        """Tell that there is room: the server says when it has none."""
        return True

    def may_write(self) -> bool:
        """Tell whether the server takes writes."""
        return self.why_it_cannot_write() is None

    def why_it_cannot_write(self) -> str | None:
        """Return what would keep the tool from removing, where that shows without trying."""
        role = self.server.call("ROLE")[0]
        return "the server is a replica, and takes no writes" if role == b"slave" else None

    def contains(self, path: str) -> bool:  # noqa: ARG002 - the same shape
        """Tell that no path lies in a server."""
        return False

    def space(self) -> Space | None:
        """Return nothing: what is left on the server nobody can say for sure."""
        return None
