"""Whose keys a run took, and whether the folder still has that pairing: under another one they only do harm."""

from baileys_cleanup.decision.account import Account
from baileys_cleanup.decision.pairing import Pairing, is_same
from baileys_cleanup.store.runs import Run
from baileys_cleanup.store.store import Workspace


def last_noted(workspace: Workspace, company_id: str) -> Pairing | None:
    """Return the pairing that the newest run noted for a company, None where none did."""
    for run in reversed(workspace.runs()[0]):
        found = Pairing.read(workspace.pairing_of(run.run_id, company_id))
        if found is not None:
            return found
    return None


def why_other(taken: Pairing | None, account: Account, last: Pairing | None) -> str | None:
    """Return in words that the folder has another pairing than the one whose keys were taken; None where not certain.

    `last` is the pairing that was noted last: it tells where `creds.json` cannot be read.
    """
    if taken is None:
        return None
    if account.present and account.problem is None and not account.devices:
        now = "creds.json names no account by now: it was begun anew"
    elif is_same(taken, account.pairing) is False:
        now = f"the folder now has the pairing {account.pairing}"
    elif account.pairing is None and is_same(taken, last) is False:
        now = f"the folder last had the pairing {last}"
    else:
        return None
    return f"these keys belong to the pairing {taken}, and {now}: under another one they would only do harm"


def why_in_doubt(run: Run, taken: Pairing | None, account: Account) -> str | None:
    """Return in words why nobody can tell whether the folder still has the pairing whose keys a run took, else None.

    Where neither side tells, nothing has changed that anybody could know of.
    """
    if is_same(taken, account.pairing) is not None or (taken is None and account.pairing is None):
        return None
    if taken is None:
        doubt = (
            f"run {run.run_id} has no record of a pairing, so nobody can tell whether these keys belong to the present"
            f" one ({account.pairing})"
        )
    elif account.pairing is None:
        doubt = (
            f"creds.json cannot be read, so nobody can tell whether the folder still has the pairing {taken}: put it"
            " back first (baileys-cleanup restore)"
        )
    else:
        doubt = f"nobody can tell whether the pairing {taken}, whose keys these are, is the present {account.pairing}"
    return f"{doubt}; `--anyway` goes on all the same"
