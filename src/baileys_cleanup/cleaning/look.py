"""A look at one company, and the decision over its files: what a cleaning carries out, and what others only ask for."""

from array import array
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import chain
from typing import NamedTuple

from baileys_cleanup.cleaning.waiting_keys import NOTHING_WAITS, WaitingKeys
from baileys_cleanup.decision.account import Account
from baileys_cleanup.decision.devices import Devices, SharedDevice
from baileys_cleanup.decision.judgement import Observation, PairingState, pairing_of
from baileys_cleanup.decision.levels import Levels
from baileys_cleanup.decision.names import Kind, sorted_by_kind
from baileys_cleanup.decision.plan import plan, undated
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.decision.reach import reach, replacing
from baileys_cleanup.decision.verdict import Plan
from baileys_cleanup.store.company import Company, Listing, Look


class Terms(NamedTuple):
    """On what terms one company is cleaned. `now` is in nanoseconds since the epoch.

    `wait` is called before a broken `creds.json` is read again; `stopping` is asked between two files. `held` says why
    nothing may be removed from this company whatever is planned, None where nothing holds it. `again` are the options
    that lead a later command to the same sessions root. `waiting` remembers the sender keys whose memory is gone,
    `devices` those of the companies before.
    """

    now: int
    levels: Levels
    max_removals: int | None
    wait: Callable[[], object]
    stopping: Callable[[], bool]
    held: str | None = None
    again: str = ""
    waiting: WaitingKeys = NOTHING_WAITS
    devices: Devices | None = None

    def met(self, company_id: str, account: Account) -> SharedDevice | None:
        """Return the device of a company where one before it has it as well."""
        return self.devices.shared(company_id, account.pairing) if self.devices is not None else None


class Sight(NamedTuple):
    """One company, looked at and decided over, before anything is removed.

    `kinds` are all its auth files by kind, also those that vanished since (`look.vanished`). `look` and `plan` hold
    every file if that was asked for, else those within reach of the rules: the others stay. `oddity` says what is odd
    about the strangers.
    """

    kinds: Mapping[Kind, int]
    strangers: list[str]
    look: Look
    plan: Plan
    account: Account
    oddity: str = ""

    @property
    def left(self) -> Counter[Kind]:
        """The files that are still there, by kind."""
        left = Counter(self.kinds)
        left.subtract(file.kind for file in self.look.vanished)
        return +left


def look_and_plan(company: Company, policy: Policy, terms: Terms) -> Sight:
    """Look at one company and decide over its files. Nothing is made for a file that surely stays."""
    return plan_listed(company, company.names(), company.account(terms.wait), policy, terms)


def plan_listed(company: Company, listing: Listing, account: Account, policy: Policy, terms: Terms) -> Sight:
    """Do the same with a company whose names and account are known already."""
    names = sorted_by_kind(listing.names)
    within = reach(names, policy, account, terms.now)
    looks = [company.look_beyond(*dating) for dating in within.dated]
    files = [file for each in looks for file in each.files]
    look = Look(
        [*within.undated, *files],
        [file for each in looks for file in each.vanished],
        {name: why for each in looks for name, why in each.errors.items()},
        array("q", chain.from_iterable(each.young for each in looks)),
    )
    kinds = {kind: len(several) for kind, several in names.items()}
    decided = plan(
        look.files,
        policy,
        account,
        terms.now,
        strangers=frozenset(listing.strangers),
        waiting=terms.waiting.read(company.id),
        mappings=replacing(names, files),
    )
    return Sight(kinds, listing.strangers, look, decided, account, listing.oddity)


def look_at_all(company: Company, policy: Policy, terms: Terms, *, sizes: bool = False) -> Sight:
    """Look at one company and decide over its files, with a verdict for each of them: the plan is the same.

    What could be decided by name is not looked at, but with `sizes` every file is, for its bytes.
    """
    listing, account = company.names(), company.account(terms.wait)
    files = listing.files
    look = company.look(files, files if sizes else undated(files, policy, account))
    decided = plan(
        look.files,
        policy,
        account,
        terms.now,
        strangers=frozenset(listing.strangers),
        waiting=terms.waiting.read(company.id),
    )
    return Sight(Counter(file.kind for file in files), listing.strangers, look, decided, account, listing.oddity)


def observe(
    company: Company, sight: Sight, *, kinds: Mapping[Kind, int], counted: int, removable: Mapping[Kind, int] | None
) -> Observation:
    """Return what is judged of a company: who it is, and the files that are there by kind."""
    pairing = pairing_of(sight.account, sum(sight.kinds.values()))
    deeper = company.deeper(sight.strangers) if pairing is PairingState.NOTHING else ()
    return Observation(company.id, kinds, counted, pairing, sight.account.problem, removable, deeper)
