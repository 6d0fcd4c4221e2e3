"""A whole folder that lies aside, on its way back: it goes live in one step, and the present one takes its place."""

from typing import NamedTuple

from baileys_cleanup.cleaning.undo import UndoTerms, refuse_at_work
from baileys_cleanup.decision.account import Account
from baileys_cleanup.decision.pairing import Pairing, is_same
from baileys_cleanup.errors import CompanyProblem, Refused
from baileys_cleanup.store.store import SetAside, Store, Workspace
from baileys_cleanup.store.whole_folders import Late


class Switched(NamedTuple):
    """A whole folder that went live: what was written `late` into the one that was, and what is odd about the two."""

    late: Late
    doubt: str | None


def switch_set_aside(store: Store, workspace: Workspace, folder: SetAside, terms: UndoTerms) -> Switched:
    """Let a folder that lies aside go live; the present one lies in its place.

    Raises CompanyProblem when it cannot be done, Refused where the bot seems to run or was paired anew since.
    """
    if folder.company_id in terms.holds.open:
        raise CompanyProblem(terms.holds.open[folder.company_id])
    doubt = None
    if store.has(folder.company_id):
        with store.company(folder.company_id) as company:
            account = company.account(terms.world.wait)
            doubt = _why_paired_anew(folder, account)
            if doubt is not None and not terms.anyway:
                raise Refused(f"{doubt}; `--anyway` goes on all the same")
            refuse_at_work(company, account, terms)
    return Switched(workspace.switch_set_aside(folder, terms.world.wait), doubt)


def _why_paired_anew(folder: SetAside, account: Account) -> str | None:
    """Return in words that the live folder has another login than the one that lies aside, None where not certain."""
    if is_same(Pairing.read(folder.pairing), account.pairing) is not False:
        return None
    return (
        f"the folder that lies aside has the pairing {folder.pairing}, and the live one {account.pairing}: it was"
        " paired anew since, and WhatsApp may have ended the older login"
    )
