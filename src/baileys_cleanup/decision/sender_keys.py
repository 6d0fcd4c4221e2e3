"""Sender keys and the memories of who holds them: their rule, and the guard of the own pair. Pure."""

from collections import defaultdict
from collections.abc import Collection, Sequence

from baileys_cleanup.decision.account import Account
from baileys_cleanup.decision.ages import plan_by_age, verdict_by_age, why_it_cannot_go
from baileys_cleanup.decision.names import Kind, SenderKeyName, memory_name, read_sender_key
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.decision.verdict import AuthFile, Rule, Verdict

STATUS_GROUP = "status@broadcast"
"""Its memory is written and never read (`src/Socket/messages-send.ts`, 7.0.0-rc14): it has no pair."""


def is_own_key(file: AuthFile, account: Account) -> bool:
    """Tell whether a sender key is this very device's own, which Baileys makes anew and hands out again."""
    key = read_sender_key(file.name)
    return key is not None and account.owns_key(key.sender)


def plan_sender_keys(
    memories: Sequence[AuthFile],
    sender_keys: Sequence[AuthFile],
    policy: Policy,
    account: Account,
    now: int,
    *,
    strangers: Collection[str],
) -> list[Verdict]:
    """Decide over sender keys and memories; the verdicts of memories come first.

    Guard: a group's memory lists who holds this account's own sender key. The key gone and the memory kept,
    Baileys makes a new key and tells nobody, and the whole group cannot read the next message
    (`src/Socket/messages-send.ts`, 6.7.24 and 7.0.0-rc14). So the two have one age and go together.
    """
    limit = policy.sender_key_max_age_days
    memory_of = {file.name: file for file in memories}
    bound: dict[str, list[AuthFile]] = defaultdict(list)
    free: list[AuthFile] = []
    for file in sender_keys:
        key = read_sender_key(file.name)
        if key is not None and _may_bind(key, account):
            bound[key.group].append(file)
        else:
            free.append(file)
    first: list[Verdict] = []
    then: list[Verdict] = []
    for group, keys in bound.items():
        memory = memory_of.pop(memory_name(group), None)
        if memory is None and memory_name(group) in strangers:
            immovable = AuthFile(memory_name(group), Kind.SENDER_KEY_MEMORY)
            then += _plan_bound(immovable, keys, account, limit, now)[1]
            continue
        if memory is None:  # nothing to go together with: each key by its own age
            then += [_plan_lone_key(file, policy, account, now) for file in keys]
            continue
        of_memory, of_keys = _plan_bound(memory, keys, account, limit, now)
        first += of_memory
        then += of_keys
    first += [plan_by_age(file, limit, Rule.SENDER_KEY_MEMORY_AGE, now) for file in memory_of.values()]
    then += [_plan_lone_key(file, policy, account, now) for file in free]
    return first + then


def _may_bind(key: SenderKeyName, account: Account) -> bool:
    """Tell whether a sender key is, or may be, the own key that its group's memory speaks of."""
    if key.group == STATUS_GROUP or not account.present:
        return False
    return account.owns_key(key.sender) if account.devices else True


def _plan_pair(memory: AuthFile, keys: list[AuthFile], limit: int, now: int) -> tuple[list[Verdict], list[Verdict]]:
    """Own sender key and memory: one age, the newer date; both go or neither."""
    members = [memory, *keys]
    blocked = next((verdict for verdict in map(why_it_cannot_go, members) if verdict), None)
    if blocked:
        reason = f"the group's own sender key and memory stay together, and one cannot go: {blocked.reason}"
        verdicts = [why_it_cannot_go(file) or Verdict(file, False, Rule.SENDER_KEY_PAIR, reason) for file in members]
    else:
        newest = max(file.modified or 0 for file in members)
        verdicts = [_pair_verdict(file, newest, memory, limit, now) for file in members]
    return verdicts[:1], verdicts[1:]


def _plan_bound(
    memory: AuthFile, keys: list[AuthFile], account: Account, limit: int, now: int
) -> tuple[list[Verdict], list[Verdict]]:
    judge = _plan_pair if account.devices else _plan_nameless_group
    return judge(memory, keys, limit, now)


def _plan_lone_key(file: AuthFile, policy: Policy, account: Account, now: int) -> Verdict:
    verdict = plan_by_age(file, policy.sender_key_max_age_days, Rule.SENDER_KEY_AGE, now)
    if not (verdict.remove and is_own_key(file, account)):
        return verdict
    return verdict._replace(rule=Rule.SENDER_KEY_PAIR_AGE, reason=f"this account's own sender key, {verdict.reason}")


def _pair_verdict(file: AuthFile, newest: int, memory: AuthFile, limit: int, now: int) -> Verdict:
    verdict = verdict_by_age(file, newest, limit, Rule.SENDER_KEY_PAIR_AGE, now)
    rule = Rule.SENDER_KEY_PAIR_AGE if verdict.remove else Rule.SENDER_KEY_PAIR
    reason = f"own sender key and memory of a group, together {verdict.reason}"
    return verdict._replace(rule=rule, reason=reason, memory=None if file is memory else memory.name)


def _plan_nameless_group(
    memory: AuthFile, keys: list[AuthFile], limit: int, now: int
) -> tuple[list[Verdict], list[Verdict]]:
    """Nobody can tell whose keys these are: any that goes takes the group's memory with it, however young."""
    of_keys = [plan_by_age(file, limit, Rule.SENDER_KEY_AGE, now) for file in keys]
    of_memory = plan_by_age(memory, limit, Rule.SENDER_KEY_MEMORY_AGE, now)
    if not any(verdict.remove for verdict in of_keys):
        return [of_memory], of_keys
    if why_it_cannot_go(memory):
        reason = f"it may be this account's own, and its group's memory stays: {of_memory.reason}"
        return [of_memory], [
            Verdict(verdict.file, False, Rule.SENDER_KEY_PAIR, reason) if verdict.remove else verdict
            for verdict in of_keys
        ]
    if not of_memory.remove:
        reason = "goes with a sender key of its group: creds.json does not tell whose key that is"
        of_memory = Verdict(memory, True, Rule.MEMORY_GOES_WITH_KEY, reason)
    return [of_memory], [verdict._replace(memory=memory.name) if verdict.remove else verdict for verdict in of_keys]
