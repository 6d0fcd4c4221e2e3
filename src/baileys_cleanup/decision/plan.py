"""The decision: which auth files of one company go, which stay, and why. Pure: values in, values out.

The planner knows nothing of folders, dry runs or the present time; a store other than a folder can hand it
the same values. Every file gets exactly one verdict, and every verdict carries the rule that made it and a
reason in words.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from operator import attrgetter

from baileys_cleanup.decision.account import Account
from baileys_cleanup.decision.gentle import costs_retry, split_by_preset
from baileys_cleanup.decision.names import PROTECTED, Kind
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.decision.pre_keys import plan_pre_keys, sorted_by_cap
from baileys_cleanup.decision.sender_keys import plan_sender_keys
from baileys_cleanup.decision.sessions import is_own_session, own_prefixes, plan_sessions
from baileys_cleanup.decision.verdict import AuthFile, Plan, Rule, Verdict

_NAME = attrgetter("name")


def undated(files: Iterable[AuthFile], policy: Policy, account: Account) -> list[AuthFile]:
    """Return the files whose date, size and links the plan needs; all others are decided by name."""
    needed: list[AuthFile] = []
    pre_keys: list[AuthFile] = []
    prefixes = own_prefixes(policy, account)
    for file in split_by_preset(files, policy, account)[0]:
        if file.kind is Kind.PRE_KEY:
            pre_keys.append(file)
        elif file.kind is Kind.SESSION:
            if not is_own_session(file, prefixes, account):
                needed.append(file)
        elif file.kind is Kind.SENDER_KEY or file.kind is Kind.SENDER_KEY_MEMORY:
            needed.append(file)
    if len(pre_keys) > policy.pre_key_cap:
        needed += sorted_by_cap(pre_keys, policy, account)[1]
    return needed


def plan(
    files: Iterable[AuthFile], policy: Policy, account: Account, now: int, strangers: Collection[str] = ()
) -> Plan:
    """Decide over all files of one company; `now` is in nanoseconds since the epoch.

    `strangers` are names beside the files that cannot be removed, a link for example; a memory among them holds
    its group's own sender key, because Baileys reads through links.

    Removals come memories first, then sender keys, sessions, and pre-keys from the lowest number up: a run
    that stops anywhere leaves no own sender key that others will not be told about.
    """
    reached, spared = split_by_preset(files, policy, account)
    by_kind: dict[Kind, list[AuthFile]] = defaultdict(list)
    for file in reached:
        by_kind[file.kind].append(file)
    memories = sorted(by_kind.pop(Kind.SENDER_KEY_MEMORY, []), key=_NAME)
    sender_keys = sorted(by_kind.pop(Kind.SENDER_KEY, []), key=_NAME)
    sessions = sorted(by_kind.pop(Kind.SESSION, []), key=_NAME)
    pre_keys = by_kind.pop(Kind.PRE_KEY, [])
    verdicts = plan_sender_keys(memories, sender_keys, policy, account, now, strangers=strangers)
    verdicts += plan_sessions(sessions, policy, account, now, _names(by_kind[Kind.LID_MAPPING]))
    verdicts += plan_pre_keys(pre_keys, policy, account)
    keeps = [_keep_by_kind(file) for kind_files in by_kind.values() for file in kind_files]
    keeps += [costs_retry(file) for file in spared]
    keeps += [verdict for verdict in verdicts if not verdict.remove]
    return Plan([verdict for verdict in verdicts if verdict.remove], keeps)


def _names(files: Iterable[AuthFile]) -> frozenset[str]:
    return frozenset(map(_NAME, files))


def _keep_by_kind(file: AuthFile) -> Verdict:
    if file.kind in PROTECTED:
        return Verdict(file, False, Rule.PROTECTED, "protected: this kind is never removed")
    if file.kind is Kind.UNKNOWN:
        return Verdict(file, False, Rule.UNKNOWN_NAME, "the name fits no pattern: what is not known is kept")
    return Verdict(file, False, Rule.NO_RULE, "kept: this kind has no removal rule")
