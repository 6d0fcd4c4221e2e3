"""The decision: which auth files of one company go, which stay, and why. Pure: values in, values out.

The planner knows nothing of folders, dry runs or the present time; a store other than a folder can hand it
the same values. Every file gets exactly one verdict, and every verdict carries the rule that made it and a
reason in words.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from operator import attrgetter
from types import MappingProxyType

from baileys_cleanup.decision.account import Account
from baileys_cleanup.decision.ages import costs_retry
from baileys_cleanup.decision.gentle import split_by_preset
from baileys_cleanup.decision.names import PROTECTED, Kind, first_name, is_second_name
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.decision.pre_keys import plan_pre_keys, sorted_by_cap
from baileys_cleanup.decision.second_names import plan_second_names
from baileys_cleanup.decision.sender_keys import plan_sender_keys
from baileys_cleanup.decision.sessions import is_own_session, own_prefixes, plan_sessions
from baileys_cleanup.decision.verdict import AuthFile, MemoryGone, Plan, Rule, Verdict

_NAME = attrgetter("name")


def undated(files: Iterable[AuthFile], policy: Policy, account: Account) -> list[AuthFile]:
    """Return the files whose date, size and links the plan needs; all others are decided by name."""
    needed: list[AuthFile] = []
    pre_keys: list[AuthFile] = []
    seconds: list[AuthFile] = []
    prefixes = own_prefixes(policy, account)
    for file in split_by_preset(files, policy, account)[0]:
        if file.kind is Kind.PRE_KEY:
            pre_keys.append(file)
        elif file.kind is Kind.SESSION:
            if not is_own_session(file.name, prefixes, account):
                needed.append(file)
        elif file.kind is Kind.SENDER_KEY or file.kind is Kind.SENDER_KEY_MEMORY:
            needed.append(file)
        elif is_second_name(file.name):
            seconds.append(file)
    by_cap = sorted_by_cap(pre_keys, policy, account)
    needed += pre_keys if by_cap.beyond else by_cap.over
    if seconds:
        names = {file.name for file in needed}
        needed += [file for file in seconds if first_name(file.name) in names]
    return needed


def plan(
    files: Iterable[AuthFile],
    policy: Policy,
    account: Account,
    now: int,
    *,
    strangers: Collection[str] = (),
    waiting: Mapping[str, MemoryGone] = MappingProxyType({}),
    mappings: Collection[str] = (),
) -> Plan:
    """Decide over all files of one company; `now` is in nanoseconds since the epoch.

    `strangers` are names beside the files that cannot be removed, a link for example; a memory among them holds
    its group's own sender key, because Baileys reads through links. `waiting` is what the plan of the last run of this
    company gave to be remembered. `mappings` are names of LID mappings that are not among the files.

    Removals come memories first, then sender keys, sessions, and pre-keys from the lowest number up, a copy under a
    second name right before its file.
    """
    reached, spared = split_by_preset(files, policy, account, mappings)
    by_kind: dict[Kind, list[AuthFile]] = defaultdict(list)
    for file in reached:
        by_kind[file.kind].append(file)
    memories = sorted(by_kind.pop(Kind.SENDER_KEY_MEMORY, ()), key=_NAME)
    sender_keys = sorted(by_kind.pop(Kind.SENDER_KEY, ()), key=_NAME)
    sessions = sorted(by_kind.pop(Kind.SESSION, ()), key=_NAME)
    pre_keys = by_kind.pop(Kind.PRE_KEY, [])
    seconds = {file.name: file for file in by_kind.get(Kind.UNKNOWN, ()) if is_second_name(file.name)}
    known = frozenset(mappings).union(map(_NAME, by_kind.get(Kind.LID_MAPPING, ())))
    held = {*strangers, *seconds}
    keys = plan_sender_keys(memories, sender_keys, policy, account, now, strangers=held, waiting=waiting)
    verdicts = keys.verdicts + plan_sessions(sessions, policy, account, now, known)
    if pre_keys:
        verdicts += plan_pre_keys(pre_keys, policy, account, now)
    if held:
        verdicts = plan_second_names(verdicts, seconds, held, now)
        gone = {verdict.file.name for verdict in verdicts if verdict.rule is Rule.SECOND_NAME}
        by_kind[Kind.UNKNOWN] = [file for file in by_kind[Kind.UNKNOWN] if file.name not in gone]
    keeps = [_keep_by_kind(file) for kind_files in by_kind.values() for file in kind_files]
    keeps += map(costs_retry, spared)
    keeps += [verdict for verdict in verdicts if not verdict.remove]
    return Plan([verdict for verdict in verdicts if verdict.remove], keeps, keys.waiting)


def _keep_by_kind(file: AuthFile) -> Verdict:
    if file.kind in PROTECTED:
        return Verdict(file, False, Rule.PROTECTED, "protected: this kind is never removed")
    if file.kind is Kind.UNKNOWN:
        return Verdict(file, False, Rule.UNKNOWN_NAME, "the name fits no pattern: what is not known is kept")
    return Verdict(file, False, Rule.NO_RULE, "kept: this kind has no removal rule")
