"""Looks at a company that is to be rotated: who it belongs to, and which files go along."""

from collections.abc import Callable
from typing import NamedTuple

from baileys_cleanup.decision.account import Account
from baileys_cleanup.decision.pairing import Pairing, is_same
from baileys_cleanup.decision.plan import plan
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.decision.verdict import AuthFile
from baileys_cleanup.errors import Refused
from baileys_cleanup.output.text import few, shown
from baileys_cleanup.rotation.plan import FileDecision, choose
from baileys_cleanup.store.company import Company


class Survey(NamedTuple):
    """One company, looked at. `strangers` are no regular files: they are never taken along."""

    account: Account
    choices: list[FileDecision]
    strangers: list[str]

    @property
    def taken(self) -> list[AuthFile]:
        """The files that go along."""
        return [choice.file for choice in self.choices if choice.taken]

    @property
    def left(self) -> list[AuthFile]:
        """The files that stay in the former folder."""
        return [choice.file for choice in self.choices if not choice.taken]

    @property
    def size(self) -> int:
        """The bytes that go along."""
        return sum(file.size for file in self.taken)


def survey(company: Company, policy: Policy, now: int, wait: Callable[[], object]) -> Survey:
    """Look at every file and choose; `now` is in nanoseconds since the epoch.

    Raises Refused where a file cannot be looked at: what is not seen cannot be taken along.
    """
    listing = company.names()
    account = company.account(wait)
    look = company.look(listing.files, listing.files)
    if look.errors:
        raise Refused(f"company {shown(company.id)} is not rotated: {few(look.errors)} cannot be looked at")
    decided = plan(look.files, policy, account, now, strangers=frozenset(listing.strangers))
    return Survey(account, choose(decided, account), sorted(listing.strangers))


def require_same_pairing(company_id: str, noted: str | None, account: Account) -> None:
    """Raise Refused where a folder was paired anew since its rotation began: what was decided is of another pairing."""
    if is_same(Pairing.read(noted), account.pairing) is False:
        raise Refused(
            f"company {shown(company_id)} was paired anew since its rotation began: it had the pairing {noted}, and has"
            f" {account.pairing}"
        )


def require_former_pairing(company_id: str, noted: str | None, live: Account) -> None:
    """Raise Refused where the folder from before a rotation has another pairing than the live one, or may have."""
    former, now = Pairing.read(noted), live.pairing
    same = is_same(former, now)
    if same or (former is None and now is None):
        return
    why = "is of another pairing" if same is False else "may be of another pairing: nobody can tell"
    raise Refused(
        f"the former folder of company {shown(company_id)} {why}: it had {former or 'none that was noted'}, and the"
        f" live one has {now or 'none that can be read'}; --rollback --anyway lets it live again all the same, and what"
        " is live now then lies aside"
    )


def require_pairing(company_id: str, account: Account) -> None:
    """Raise Refused where `creds.json` does not name the account: a soft rotation would take along nothing of worth."""
    if account.present and account.devices:
        return
    if account.problem is None:
        why = "creds.json names no account: it is not paired, so there is no pairing to keep"
    else:
        why = account.problem.partition(";")[0].partition(":")[0]
    raise Refused(
        f"company {shown(company_id)} cannot be rotated softly: {why}. Put back its last good backup"
        " (baileys-cleanup restore), or pair it anew (in a folder: rotate --fresh)"
    )
