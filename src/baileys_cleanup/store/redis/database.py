"""A server with the keys of all companies: what every part of the store asks of it."""

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import redis
from baileys_cleanup.decision.names import COMPANY_PREFIX
from baileys_cleanup.decision.policy import HOUR, SECOND
from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.output.text import shown
from baileys_cleanup.store.passed_over import Foreign, PassedOver
from baileys_cleanup.store.place import Place
from baileys_cleanup.store.redis.eviction import limit_of, why_dropped
from baileys_cleanup.store.redis.layout import CREDS, OWN, layout_of
from baileys_cleanup.store.redis.lease import Leases
from baileys_cleanup.store.redis.oddities import in_other_layout, odd_keys
from baileys_cleanup.store.redis.server import Server, decoded, encoded
from baileys_cleanup.store.redis.trouble import as_usage_problem
from baileys_cleanup.store.server_store import ServerStore

if TYPE_CHECKING:  # it needs the driver of another store
    from baileys_cleanup.store.redis.creds_apart import CredsApart

MADE = f"{OWN}made"
"""The key that tells that the tool keeps something here."""
_LEDGER = (
    "Redis tells no dates: a key is as old as the tool's own ledger has seen it unchanged, by a hash of its value; a"
    " sender-key memory is kept, because a group send writes the same one anew"
)
_FIRST = "; the ledger begins with the first real run, which removes nothing by age"
_UNTOLD = b"1"
"""What versions until 0.1.0 noted instead of a company's key; a key that is called so is noted behind OWN."""
_BRACED = re.compile(r"\{([^{]+)\}", re.DOTALL)


class Database(ServerStore):
    """A server, connected, its layout known."""

    def __init__(self, place: Place, server: Server, exclude: Sequence[str], apart: "CredsApart | None" = None) -> None:
        super().__init__(place.shown, exclude)
        self.server = server
        self.creds_apart = apart
        self._cache = place.redis.cache
        self.layout = layout_of(place.redis)
        self.leases = Leases(server)
        self._strings: dict[str, list[str]] = {}
        self._has_listed = False
        with as_usage_problem(f"the store {self.path} cannot be looked at"):
            server.require_scripts()
            self.made = bool(server.call("EXISTS", MADE))
            here = time.time_ns()
            theirs = server.now()
        self._ahead = here - theirs

    @property
    def now(self) -> int:
        """The present moment, by this machine's clock or the server's, whichever is later (nanoseconds)."""
        return time.time_ns() + max(0, -self._ahead)

    def remarks(self) -> list[str]:
        """Return what people have to know of this store."""
        told = [_LEDGER + ("" if self.made else _FIRST)]
        if abs(self._ahead) >= HOUR:
            minutes = abs(self._ahead) // SECOND // 60
            which = "ahead of" if self._ahead > 0 else "behind"
            told.append(f"the clock of this machine is {minutes:,} minutes {which} the server's: set one of them right")
        if self._cache is not None:
            told.append("redis.cache is for a cache in front of PostgreSQL; with this store it is not used")
        return told

    def dangers(self) -> list[str]:
        """Return what makes the server drop keys while it is written to; nothing where this user may not ask.

        Raises UsageProblem.
        """
        with as_usage_problem(f"the store {self.path} cannot be looked at"):
            try:
                told = self.server.client.info("memory")
            except redis.ResponseError:
                return []
        dropped = why_dropped(told) if limit_of(told) else None
        return [f"what a cleanup writes here may cost keys: {dropped}"] if dropped else []

    def expect(self, ids: Sequence[str]) -> None:
        """Make nothing of it: each company is looked at in its turn."""

    def list_raw(self) -> Iterable[str]:
        """Return the ids of all companies as the server has them. Raises UsageProblem."""
        strings: dict[str, set[str]] = {}
        with as_usage_problem(f"the companies of the store {self.path} cannot be listed"):
            for key in self.server.scan(self.layout.pattern, self.layout.kind.upper()):
                found = self.layout.read(key)
                if found:
                    strings.setdefault(found[0], set()).add(found[1])
        self._strings = {company: sorted(fields) for company, fields in strings.items()}
        self._has_listed = True
        return strings

    def company_ids(self) -> tuple[list[str], list[str]]:
        """Return the ids of all companies, sorted.

        Raises UsageProblem where nothing fits the layout, and what is called so is a company in a single value.
        """
        found = super().company_ids()
        if not self._raw:
            self._refuse_single_values()
        return found

    def select(self, wanted: Iterable[str]) -> list[str]:
        """Return the wanted ids, once each, in the order given. Raises UsageProblem for one that is not there."""
        try:
            return super().select(wanted)
        except UsageProblem as problem:
            if not self._raw:
                self._refuse_single_values()
            hint = self.other_layout()
            if hint:
                raise UsageProblem(f"{problem}. {hint}") from None
            raise

    def _refuse_single_values(self) -> None:
        with as_usage_problem(f"the companies of the store {self.path} cannot be listed"):
            single = next(
                (key for key, kind in self._odd_keys() if kind == "string" and self._why_odd(key) is None), None
            )
        if single is not None:
            raise UsageProblem(
                f"{shown(single)} in {self.path} is a single value, and by redis.layout a company is a hash: no key"
                " goes from such a value without all of it being written anew, as the bot does; where it is a key"
                " among others, name the layout string"
            )

    def other_layout(self) -> str | None:
        """Return in words, where nothing fits the layout, what looks like a company of the other; else None."""
        if self._raw:
            return None
        with as_usage_problem(f"the companies of the store {self.path} cannot be listed"):
            return in_other_layout(self.server, self.layout, self._is_excluded)

    def passed_over(self) -> list[PassedOver]:
        """Return the ids that are not taken for companies, and the keys that are called like one and are none."""
        ids = super().passed_over()
        what = "a company is a hash" if self.layout.is_hash else "each key is a string"
        odd = Foreign()
        with as_usage_problem(f"the companies of the store {self.path} cannot be listed"):
            for key, kind in self._odd_keys():
                why = self._why_odd(key)
                odd.add(key, why or f"of type {kind}, and by redis.layout {what}", keys=why is None)
        return [*ids, *odd.found()]

    def _odd_keys(self) -> Iterator[tuple[str, str]]:
        return odd_keys(self.server, self.layout, sum(map(len, self._strings.values())))

    def _why_odd(self, key: str) -> str | None:
        """Return why nobody asks for a company of this key, None where that is not so."""
        found = self.layout.read(key)
        return self._why_none(found[0].removeprefix(COMPANY_PREFIX)) if found else None

    def is_there(self, raw_id: str) -> bool:
        """Tell whether there is a hash of a company; of strings its creds, or any that was listed. Raises UsageProblem.

        One walk over all keys is made for strings, at the first question: who looks for a company asks for many.
        """
        if not self.layout.is_hash and not self._has_listed:
            self.list_raw()
        key = self.layout.key(raw_id)
        fields = [""] if self.layout.is_hash else [CREDS, *self._strings.get(raw_id, ())]
        with as_usage_problem(f"the companies of the store {self.path} cannot be listed"):
            return bool(self.server.call("EXISTS", *(encoded(key + field) for field in fields)))

    def look_for_strings(self) -> None:
        """Find the strings that came since the last listing. Raises UsageProblem."""
        if not self.layout.is_hash:
            self.list_raw()

    def know_strings(self, company_id: str, fields: Iterable[str]) -> None:
        """Know strings that were written a moment ago."""
        raw_id = self.raw_id(company_id)
        self._strings[raw_id] = sorted({*self._strings.get(raw_id, ()), *fields})

    def _why_none(self, company_id: str) -> str | None:
        return super()._why_none(company_id) or self.why_shared(company_id)

    def why_shared(self, company_id: str) -> str | None:
        """Return why the tool could not tell this company's part of what it keeps from another's; else None.

        What belongs to a key without braces has it in braces, to lie in its slot.
        """
        key = self.key(company_id)
        braced = _BRACED.fullmatch(key)
        other = self.layout.owner(braced[1]) if braced else None
        if braced is None or other not in self._raw.values():
            return None
        return (
            f"it is left alone: what was removed from it would lie where that of {shown(braced[1])} lies, because the"
            " two keys are the same but for the braces; give one of them another name"
        )

    def key(self, company_id: str) -> str:
        """Return the hash of a company, or the beginning of its strings."""
        return self.layout.key(self.raw_id(company_id))

    def strings(self, company_id: str) -> list[str]:
        """Return the fields of a company of strings, as the last listing found them."""
        return self._strings.get(self.raw_id(company_id), [])

    def ledger(self, company_id: str) -> str:
        """Return the key of a company's ledger, in the slot of its hash."""
        return f"{OWN}ledger:{_tag(self.key(company_id))}"

    def note(self, company_id: str) -> str:
        """Return what is noted of a company's key."""
        key = self.key(company_id)
        return OWN + key if encoded(key) == _UNTOLD else key

    def noted_key(self, company_id: str, noted: bytes | None) -> str:
        """Return the key that a company had when it was noted: the settings may name another one by now."""
        return self.key(company_id) if noted is None or noted == _UNTOLD else decoded(noted).removeprefix(OWN)

    def know_raw(self, company_id: str, key: str) -> None:
        """Know the id of a company of which nothing is left, by the key that was its own."""
        for raw_id in (company_id, COMPANY_PREFIX + company_id):
            if company_id not in self._raw and self.layout.key(raw_id) == key:
                self._raw = {**self._raw, company_id: raw_id}

    def why_it_cannot_write(self) -> str | None:
        """Return what would keep the tool from removing, where that shows without trying."""
        try:
            role = self.server.call("ROLE")[0]
        except redis.ResponseError:  # not every user may ask, nor does every server tell
            return None
        return "the server is a replica, and takes no writes" if role == b"slave" else None


def beside(what: str, run_id: str, key: str) -> str:
    """Return the key of something of a run's that belongs to the company of this key, in the slot of it."""
    return f"{OWN}{what}:{run_id}:{_tag(key)}"


def _tag(key: str) -> str:
    return key if "{" in key else f"{{{key}}}"
