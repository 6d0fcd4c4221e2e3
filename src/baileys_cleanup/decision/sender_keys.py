"""Sender keys and the memories of who holds them: their rule, and the guard of the own pair. Pure.

A group's memory lists who holds this account's own sender key. Baileys reads the memory, asks the server, and then
reads the key (`src/Socket/messages-send.ts`, 6.7.24 and 7.0.0-rc14). The key gone and the memory known to it, Baileys
makes a new key and tells nobody: the whole group cannot read. So the memory goes in one run, the key in a later one.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from baileys_cleanup.decision.account import Account
from baileys_cleanup.decision.ages import Age, costs_retry, in_words, plan_by_age, why_it_cannot_go
from baileys_cleanup.decision.names import SECOND_NAME, Kind, memory_name, read_sender_key, senders_of
from baileys_cleanup.decision.policy import DAY, HOUR, Policy, Preset
from baileys_cleanup.decision.verdict import AuthFile, MemoryGone, Rule, Verdict

STATUS_GROUP = "status@broadcast"
"""Its memory is written and never read (`src/Socket/messages-send.ts`, 7.0.0-rc14): it has no pair."""
KEY_WAITS = 6 * HOUR
"""How long a key outlives its memory at least. A send that failed leaves the memory in a cache for 5 minutes."""

_WAIT = f"{KEY_WAITS // HOUR} hours later at the soonest"


def is_own_key(name: str, account: Account) -> bool:
    """Tell whether a sender key is this very device's own, which Baileys makes anew and hands out again."""
    key = read_sender_key(name)
    return key is not None and key.sender is not None and account.owns_key(key.sender)


def bound_group(name: str, account: Account) -> str | None:
    """Return the group whose memory a sender key may be tied to, None for one that is tied to none."""
    key = read_sender_key(name)
    if key is None or key.group == STATUS_GROUP:
        return None
    if account.devices and key.sender is not None and not account.owns_key(key.sender):
        return None
    return key.group


def others_keys(names: Sequence[str], account: Account) -> list[str]:
    """Return the sender keys that certainly are other devices', so that no memory is tied to them.

    For those `bound_group` gives none and `is_own_key` is false; to ask for all of them at once costs a fraction.
    """
    users = {user for user, _ in account.devices}
    if not users:
        return []
    senders = senders_of(names)
    if senders is None:
        return [name for name in names if bound_group(name, account) is None and not is_own_key(name, account)]
    if users.isdisjoint(senders):
        return list(names)
    return [
        name for name, user in zip(names, senders, strict=True) if user not in users or not is_own_key(name, account)
    ]


def may_be_own(name: str, account: Account) -> bool:
    """Tell whether a sender key is this device's own, or is tied to a memory because it may be."""
    return is_own_key(name, account) or bound_group(name, account) is not None


class SenderKeys(NamedTuple):
    """The verdicts, those of memories first, and the keys whose memory is gone or goes now."""

    verdicts: list[Verdict]
    waiting: dict[str, MemoryGone]


def plan_sender_keys(
    memories: Sequence[AuthFile],
    sender_keys: Sequence[AuthFile],
    policy: Policy,
    account: Account,
    now: int,
    *,
    strangers: Collection[str],
    waiting: Mapping[str, MemoryGone],
) -> SenderKeys:
    """Decide over sender keys and memories. `waiting` is what the last run of this company left to be remembered.

    `strangers` are names beside the files that nobody may remove, and that Baileys may read as a memory. What the
    preset spares by its name alone is not among the keys (`decision/gentle.py`).
    """
    memory_of = {file.name: file for file in memories}
    bound: dict[str, list[AuthFile]] = defaultdict(list)
    plan = SenderKeys([], {})
    lone: list[AuthFile] = []
    others = frozenset(others_keys([file.name for file in sender_keys], account))
    for file in sender_keys:
        if file.name in others:
            continue
        group = bound_group(file.name, account)
        memory = memory_name(group) if group else ""
        if memory in memory_of or memory in strangers or memory + SECOND_NAME in strangers:
            bound[memory].append(file)
        else:
            lone.append(file)
    limit = policy.sender_key_max_age_days
    keys = plan_by_age([file for file in sender_keys if file.name in others], limit, Rule.SENDER_KEY_AGE, now)
    for name, members in bound.items():
        memory_file = memory_of.pop(name, None)
        pair = _plan_pair(memory_file or AuthFile(name, Kind.SENDER_KEY_MEMORY), members, limit, now)
        plan.verdicts.extend(pair[: 1 if memory_file else 0])
        keys += pair[1:]
        if pair[0].remove:
            plan.waiting.update({file.name: MemoryGone(now, True) for file in members})
    plan.verdicts.extend(plan_by_age(memory_of.values(), limit, Rule.SENDER_KEY_MEMORY_AGE, now))
    for file in lone:
        gone = _gone_since(file, account, waiting.get(file.name), now)
        if gone:
            plan.waiting[file.name] = gone
        keys.append(_plan_lone_key(file, policy, account, gone, now))
    plan.verdicts.extend(keys)
    return plan


def _plan_pair(memory: AuthFile, keys: Sequence[AuthFile], limit: int, now: int) -> list[Verdict]:
    """Memory and keys that may be own: one age, the newest date; when it is due the memory goes and the keys stay."""
    members = [memory, *keys]
    blocked = next((verdict for verdict in (why_it_cannot_go(file, now) for file in members) if verdict), None)
    if blocked:
        reason = f"the group's own sender key and memory stay together, and one cannot go: {blocked.reason}"
        return [why_it_cannot_go(file, now) or Verdict(file, False, Rule.SENDER_KEY_PAIR, reason) for file in members]
    newest = max([file.modified or 0 for file in members])
    why = Age(now, limit, "own sender key and memory of a group, together ", newest)
    if now - newest < limit * DAY:
        return [Verdict(file, False, Rule.SENDER_KEY_PAIR, why) for file in members]
    after = f"its group's memory goes now, the key follows in a later run, {_WAIT}"
    return [
        Verdict(memory, True, Rule.SENDER_KEY_PAIR_AGE, why._replace(after="; the key follows in a later run")),
        *(Verdict(file, False, Rule.SENDER_KEY_AFTER_MEMORY, after) for file in keys),
    ]


def _gone_since(file: AuthFile, account: Account, gone: MemoryGone | None, now: int) -> MemoryGone | None:
    """Return since when a key without a memory counts as such, None for one that waits for nothing.

    A key that was written since was in use again: it counts from now, and so does one of which no run told.
    """
    if bound_group(file.name, account) is None or (gone is None and not is_own_key(file.name, account)):
        return None
    if gone is None:
        return MemoryGone(now, False)
    if gone.since > now or file.modified is None or file.modified > gone.since:
        return MemoryGone(now, False)
    return gone


def _plan_lone_key(file: AuthFile, policy: Policy, account: Account, gone: MemoryGone | None, now: int) -> Verdict:
    (verdict,) = plan_by_age([file], policy.sender_key_max_age_days, Rule.SENDER_KEY_AGE, now)
    if not verdict.remove:
        return verdict
    is_own = is_own_key(file.name, account)
    if policy.preset is Preset.GENTLE and not is_own:
        return costs_retry(file)
    if gone is not None and now - gone.since < KEY_WAITS:
        return Verdict(file, False, Rule.SENDER_KEY_AFTER_MEMORY, f"{_follows(gone, now)}; {verdict.reason}")
    if not is_own and gone is None:
        return verdict
    whose = "this account's own sender key" if is_own else "a sender key that may be this account's own"
    history = f"; its memory went on {in_words(gone.since)}" if gone and gone.removed else ""
    return verdict._replace(rule=Rule.SENDER_KEY_PAIR_AGE, why=f"{whose}, {verdict.reason}{history}")


def _follows(gone: MemoryGone, now: int) -> str:
    if gone.removed:
        return f"its memory went on {in_words(gone.since)}, the key follows {_WAIT}"
    if gone.since == now:
        return f"seen without a memory for the first time, the key follows in a later run, {_WAIT}"
    return f"without a memory since {in_words(gone.since)}, the key follows {_WAIT}"
