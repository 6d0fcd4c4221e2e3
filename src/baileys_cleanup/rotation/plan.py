"""Which files a soft rotation takes along into the new folder, and why; in a database they are what stays. Pure.

Everything goes along but the conversations with others: the sessions of other people's devices, and all sender keys
with their memories. This account's own sender key stays behind as well, together with the memory of its group: without
both, Baileys makes a new key with the next message and hands it to everybody (`src/Socket/messages-send.ts`, 6.7.24 and
7.0.0-rc14). A memory without its key would be the disaster, so no memory is ever taken along. Pre-keys go along by the
rules and guards of every cleanup, but for those that are certainly of a former pairing.
"""

from collections.abc import Iterable
from typing import NamedTuple

from baileys_cleanup.decision.account import Account
from baileys_cleanup.decision.names import Kind, read_session
from baileys_cleanup.decision.verdict import AuthFile, Plan, Rule, Verdict


class FileDecision(NamedTuple):
    """What becomes of one file: taken along, or left in the former folder; with the reason in words."""

    file: AuthFile
    taken: bool
    reason: str


def choose(plan: Plan, account: Account) -> list[FileDecision]:
    """Choose over the files of a company that were planned for a cleanup, in the order of their names."""
    verdicts = sorted([*plan.removals, *plan.keeps], key=lambda verdict: verdict.file.name)
    return [_choose(verdict, account) for verdict in verdicts]


def removals(choices: Iterable[FileDecision]) -> list[Verdict]:
    """Return what has to be removed where no new folder is made: all that would be left in the former one."""
    return [Verdict(choice.file, True, Rule.ROTATED, choice.reason) for choice in choices if not choice.taken]


def _choose(verdict: Verdict, account: Account) -> FileDecision:
    file = verdict.file
    if file.kind is Kind.SESSION:
        peer = read_session(file.name)
        if peer is not None and account.owns_session(peer):
            return FileDecision(file, True, "a session with this account's own device")
        return FileDecision(file, False, "a session with somebody else: a new one is made with the next message")
    if file.kind is Kind.SENDER_KEY:
        return FileDecision(file, False, "a sender key: the group gets or gives a new one with the next message")
    if file.kind is Kind.SENDER_KEY_MEMORY:
        return FileDecision(file, False, "a sender-key memory: it must never be there without its key")
    if file.kind is Kind.PRE_KEY:
        return FileDecision(
            file, not verdict.remove and verdict.rule is not Rule.PRE_KEY_FORMER_PAIRING, verdict.reason
        )
    return FileDecision(file, True, "kept: only conversations with others begin anew")
