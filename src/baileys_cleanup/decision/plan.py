"""The decision: which auth files of one company go, which stay, and why. Pure: values in, values out.

The planner knows nothing of folders, dry runs or the present time; a store other than a folder can hand it
the same values. Every file gets exactly one verdict, and every verdict carries the rule that made it and a
reason in words.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter
from typing import Any, NamedTuple

from baileys_cleanup.decision.account import Account
from baileys_cleanup.decision.names import (
    PROTECTED,
    Kind,
    SenderKeyName,
    mapping_name,
    memory_name,
    read_pre_key,
    read_sender_key,
    read_session,
)

SECOND = 1_000_000_000
"""Nanoseconds: all times here are counted in them, so that a limit is exact."""
DAY = 86_400 * SECOND

FIRST_BATCH = 812
"""Pre-keys that Baileys since 7.0.0-rc.6 uploads at once (`INITIAL_PREKEY_COUNT`, `src/Defaults/index.ts`)."""
BATCH_SPAN = 60 * SECOND
"""Pre-keys written within this time of one another belong to one upload."""
BATCH_LEFT = 100
"""A batch that has shrunk below this many is drained: WhatsApp hands out later ones."""

STATUS_GROUP = "status@broadcast"
"""Its memory is written and never read (`src/Socket/messages-send.ts`, 7.0.0-rc14): it has no pair."""


class Preset(StrEnum):
    """What the rules may reach: `standard` all they can, `gentle` only what nobody will miss.

    A preset never moves an age or a cap. `gentle` keeps, whatever their age, the files whose loss costs
    somebody a retry of the library, so it removes nothing that `standard` would keep.
    """

    STANDARD = "standard"
    GENTLE = "gentle"


@dataclass(frozen=True, slots=True)
class Policy:
    """What may go, how long and how many. Ages are whole days, the rest are counts of files.

    Protected kinds are not here: nothing in a policy can reach them.
    """

    preset: Preset = Preset.STANDARD
    session_max_age_days: int = 14
    sender_key_max_age_days: int = 3
    max_pre_keys: int = 50
    min_pre_keys: int = 30
    keep_advertised_pre_keys: bool = True
    keep_own_sessions: bool = True

    @property
    def pre_key_cap(self) -> int:
        """How many pre-keys stay: never fewer than the floor."""
        return max(self.max_pre_keys, self.min_pre_keys)


class AuthFile(NamedTuple):
    """One auth file as the planner sees it.

    `modified` is in nanoseconds since the epoch, None when nobody looked (or could not). `size` is in bytes.
    `sole` is False for a file with several hard links. `stamp` is whatever the store needs to know this
    very file again; the planner passes it on.
    """

    name: str
    kind: Kind
    modified: int | None = None
    size: int = 0
    sole: bool = True
    stamp: Any = None


_NAME = attrgetter("name")


class Rule(StrEnum):
    """The named rules. Those before the blank line remove, the others keep."""

    SESSION_AGE = "session_age"
    SESSION_REPLACED = "session_replaced"
    SENDER_KEY_AGE = "sender_key_age"
    SENDER_KEY_MEMORY_AGE = "sender_key_memory_age"
    SENDER_KEY_PAIR_AGE = "sender_key_pair_age"
    MEMORY_GOES_WITH_KEY = "memory_goes_with_key"
    PRE_KEY_CAP = "pre_key_cap"

    PROTECTED = "protected"
    NO_RULE = "no_rule"
    UNKNOWN_NAME = "unknown_name"
    YOUNG = "young"
    PRE_KEY_WITHIN_CAP = "pre_key_within_cap"
    PRE_KEY_NOT_UPLOADED = "pre_key_not_uploaded"
    PRE_KEY_NEWEST = "pre_key_newest"
    PRE_KEY_ADVERTISED = "pre_key_advertised"
    SENDER_KEY_PAIR = "sender_key_pair"
    OWN_SESSION = "own_session"
    COSTS_RETRY = "costs_retry"
    HARD_LINKED = "hard_linked"
    DATE_UNKNOWN = "date_unknown"


class Verdict(NamedTuple):
    """What happens to one file, by which rule, and why in words.

    `memory` names the sender-key memory that must be gone before this file may go (None: no such condition).
    """

    file: AuthFile
    remove: bool
    rule: Rule
    reason: str
    memory: str | None = None


class Plan(NamedTuple):
    """The verdicts of one company: `removals` in the order they are carried out, and `keeps`."""

    removals: list[Verdict]
    keeps: list[Verdict]

    @property
    def advertised(self) -> int:
        """How many pre-keys above the cap stay because WhatsApp still hands them out."""
        return sum(verdict.rule is Rule.PRE_KEY_ADVERTISED for verdict in self.keeps)


def undated(files: Iterable[AuthFile], policy: Policy, account: Account) -> list[AuthFile]:
    """Return the files whose date, size and links the plan needs; all others are decided by name."""
    needed: list[AuthFile] = []
    pre_keys: list[AuthFile] = []
    prefixes = _own_prefixes(policy, account)
    for file in _split(files, policy, account)[0]:
        if file.kind is Kind.PRE_KEY:
            pre_keys.append(file)
        elif file.kind is Kind.SESSION:
            if not _is_own_session(file, prefixes, account):
                needed.append(file)
        elif file.kind is Kind.SENDER_KEY or file.kind is Kind.SENDER_KEY_MEMORY:
            needed.append(file)
    if len(pre_keys) > policy.pre_key_cap:
        needed += _sorted_by_cap(pre_keys, policy, account)[1]
    return needed


def may_hold_batch(pre_keys: int, policy: Policy) -> bool:
    """Tell whether this many pre-keys can hold a batch that WhatsApp still hands out: guard 2 wants so many over."""
    return policy.keep_advertised_pre_keys and pre_keys - policy.pre_key_cap >= BATCH_LEFT


def plan(
    files: Iterable[AuthFile], policy: Policy, account: Account, now: int, strangers: Collection[str] = ()
) -> Plan:
    """Decide over all files of one company; `now` is in nanoseconds since the epoch.

    `strangers` are names beside the files that cannot be removed, a link for example; a memory among them holds
    its group's own sender key, because Baileys reads through links.

    Removals come memories first, then sender keys, sessions, and pre-keys from the lowest number up: a run
    that stops anywhere leaves no own sender key that others will not be told about.
    """
    reached, spared = _split(files, policy, account)
    by_kind: dict[Kind, list[AuthFile]] = defaultdict(list)
    for file in reached:
        by_kind[file.kind].append(file)
    memories = sorted(by_kind.pop(Kind.SENDER_KEY_MEMORY, []), key=_NAME)
    sender_keys = sorted(by_kind.pop(Kind.SENDER_KEY, []), key=_NAME)
    sessions = sorted(by_kind.pop(Kind.SESSION, []), key=_NAME)
    pre_keys = by_kind.pop(Kind.PRE_KEY, [])
    verdicts = _plan_sender_keys(memories, sender_keys, policy, account, now, strangers=strangers)
    verdicts += _plan_sessions(sessions, policy, account, now, _names(by_kind[Kind.LID_MAPPING]))
    verdicts += _plan_pre_keys(pre_keys, policy, account)
    keeps = [_keep_by_kind(file) for kind_files in by_kind.values() for file in kind_files]
    keeps += [_spare(file) for file in spared]
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


def _plan_by_age(file: AuthFile, limit_days: int, rule: Rule, now: int) -> Verdict:
    blocked = _cannot_go(file)
    if blocked:
        return blocked
    return _by_age(file, file.modified or 0, limit_days, rule, now)


def _by_age(file: AuthFile, modified: int, limit_days: int, rule: Rule, now: int) -> Verdict:
    age = now - modified
    if age >= limit_days * DAY:
        return Verdict(file, True, rule, f"{_days(age)} old; the limit is {limit_days} days")
    return Verdict(file, False, Rule.YOUNG, f"{_days(age)} old; it goes at {limit_days} days")


def _cannot_go(file: AuthFile) -> Verdict | None:
    if file.modified is None:
        return Verdict(file, False, Rule.DATE_UNKNOWN, "its date could not be read: kept")
    if not file.sole:
        return Verdict(file, False, Rule.HARD_LINKED, "it has several hard links: kept")
    return None


def _days(age: int) -> str:
    # Rounded down to a tenth, so that no text ever shows a limit as reached before it is.
    tenths = max(age, 0) * 10 // DAY
    return f"{tenths // 10}.{tenths % 10} days"


# --- the gentle preset ----------------------------------------------------------------------------------


def _split(
    files: Iterable[AuthFile], policy: Policy, account: Account
) -> tuple[Iterable[AuthFile], Sequence[AuthFile]]:
    """Split files into those that the rules reach, and those that the preset spares by their names alone."""
    if policy.preset is Preset.STANDARD:
        return files, ()
    files = list(files)
    mappings = _names(file for file in files if file.kind is Kind.LID_MAPPING)
    prefixes = _own_prefixes(policy, account)
    reached: list[AuthFile] = []
    spared: list[AuthFile] = []
    for file in files:
        if file.kind is Kind.SESSION:
            missed = not (_is_replaced(file, mappings) or _is_own_session(file, prefixes, account))
        else:
            missed = file.kind is Kind.SENDER_KEY and not _is_own_key(file, account)
        (spared if missed else reached).append(file)
    return reached, spared


def _spare(file: AuthFile) -> Verdict:
    reason = "kept by the preset gentle: its loss may cost somebody a retry"
    return Verdict(file, False, Rule.COSTS_RETRY, reason)


def _is_replaced(file: AuthFile, mappings: Collection[str]) -> bool:
    """Tell whether a session is under a phone number whose LID is known: it is not loaded any more.

    Every load goes to the LID's session (`loadSession` in `src/Signal/libsignal.ts`, 7.0.0-rc.9 and rc14).
    """
    peer = read_session(file.name)
    return peer is not None and mapping_name(peer) in mappings


def _is_own_key(file: AuthFile, account: Account) -> bool:
    """Tell whether a sender key is this very device's own, which Baileys makes anew and hands out again."""
    key = read_sender_key(file.name)
    return key is not None and account.owns_key(key.sender)


# --- sessions -------------------------------------------------------------------------------------------


def _own_prefixes(policy: Policy, account: Account) -> tuple[str, ...]:
    """Return how the names of own sessions begin, to pass over all others quickly; nothing when the guard is off."""
    return tuple(f"session-{user}" for user, _ in account.devices) if policy.keep_own_sessions else ()


def _is_own_session(file: AuthFile, prefixes: tuple[str, ...], account: Account) -> bool:
    """Guard: sessions of this account's own devices.

    App-state keys and copies of sent messages arrive through them.
    """
    if not file.name.startswith(prefixes):
        return False
    peer = read_session(file.name)
    return peer is not None and account.owns_session(peer)


def _plan_sessions(
    sessions: Sequence[AuthFile], policy: Policy, account: Account, now: int, mappings: Collection[str]
) -> list[Verdict]:
    prefixes = _own_prefixes(policy, account)
    return [
        Verdict(file, False, Rule.OWN_SESSION, "a session with this account's own device: kept")
        if _is_own_session(file, prefixes, account)
        else _plan_session(file, policy, now, mappings)
        for file in sessions
    ]


def _plan_session(file: AuthFile, policy: Policy, now: int, mappings: Collection[str]) -> Verdict:
    verdict = _plan_by_age(file, policy.session_max_age_days, Rule.SESSION_AGE, now)
    if not (verdict.remove and _is_replaced(file, mappings)):
        return verdict
    return verdict._replace(rule=Rule.SESSION_REPLACED, reason=f"the contact's LID took its place, {verdict.reason}")


# --- pre-keys -------------------------------------------------------------------------------------------


def _sorted_by_cap(
    pre_keys: Sequence[AuthFile], policy: Policy, account: Account
) -> tuple[list[Verdict], list[AuthFile]]:
    """Split pre-keys into verdicts of those that stay within the cap, and those over it, lowest first.

    Guard: what is not uploaded yet and the newest one stay whatever the cap says, and count toward it.
    Without the newest one Baileys uploads more at its next start.
    """
    numbered = sorted((read_pre_key(file.name), file) for file in pre_keys)
    newest = None if account.next_pre_key is None else account.next_pre_key - 1
    kept: list[Verdict] = []
    rest: list[AuthFile] = []
    for number, file in numbered:
        if account.first_not_uploaded is not None and number >= account.first_not_uploaded:
            kept.append(Verdict(file, False, Rule.PRE_KEY_NOT_UPLOADED, "not uploaded to WhatsApp yet: kept"))
        elif number == newest:
            kept.append(Verdict(file, False, Rule.PRE_KEY_NEWEST, "the newest pre-key: Baileys looks for it at start"))
        else:
            rest.append(file)
    over = max(len(rest) - max(policy.pre_key_cap - len(kept), 0), 0)
    reason = f"among the {policy.pre_key_cap} with the highest numbers"
    kept += [Verdict(file, False, Rule.PRE_KEY_WITHIN_CAP, reason) for file in rest[over:]]
    return kept, rest[:over]


def _plan_pre_keys(pre_keys: Sequence[AuthFile], policy: Policy, account: Account) -> list[Verdict]:
    verdicts, over = _sorted_by_cap(pre_keys, policy, account)
    advertised = _advertised(pre_keys, over, policy, account)
    for file in over:
        if file.name in advertised:
            verdicts.append(
                Verdict(file, False, Rule.PRE_KEY_ADVERTISED, "of a batch that WhatsApp still hands out: kept")
            )
        elif policy.preset is Preset.GENTLE:
            verdicts.append(_spare(file))
        else:
            reason = f"its number is not among the {policy.pre_key_cap} highest"
            verdicts.append(_cannot_go(file) or Verdict(file, True, Rule.PRE_KEY_CAP, reason))
    return verdicts


def _advertised(
    pre_keys: Sequence[AuthFile], over: Sequence[AuthFile], policy: Policy, account: Account
) -> frozenset[str]:
    """Guard: names over the cap that belong to a batch which WhatsApp still hands out.

    A file is in a batch when some 60 seconds hold it and enough others to make a hundred. Gaps in the
    numbers are no sign: contacts use keys up. Where `creds.json` is there but does not tell its counter, the
    highest number on disk stands in for it; where it is absent there is nothing to guard.
    """
    if not (policy.keep_advertised_pre_keys and account.present):
        return frozenset()
    next_pre_key = account.next_pre_key
    if next_pre_key is None:
        next_pre_key = max((read_pre_key(file.name) for file in pre_keys), default=0) + 1
    if next_pre_key <= FIRST_BATCH:
        return frozenset()
    dated = sorted((file.modified, file.name) for file in over if file.modified is not None)
    enough = BATCH_LEFT - (len(over) - len(dated))  # one without a date may belong to any batch
    names: set[str] = set()
    first = 0
    done = 0
    for last, (modified, _) in enumerate(dated):
        while modified - dated[first][0] > BATCH_SPAN:
            first += 1
        if last - first + 1 >= enough:
            names.update(name for _, name in dated[max(first, done) : last + 1])
            done = last + 1
    return frozenset(names)


# --- sender keys and their memories ---------------------------------------------------------------------


def _plan_sender_keys(
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
    first += [_plan_by_age(file, limit, Rule.SENDER_KEY_MEMORY_AGE, now) for file in memory_of.values()]
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
    blocked = next((verdict for verdict in map(_cannot_go, members) if verdict), None)
    if blocked:
        reason = f"the group's own sender key and memory stay together, and one cannot go: {blocked.reason}"
        verdicts = [_cannot_go(file) or Verdict(file, False, Rule.SENDER_KEY_PAIR, reason) for file in members]
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
    verdict = _plan_by_age(file, policy.sender_key_max_age_days, Rule.SENDER_KEY_AGE, now)
    if not (verdict.remove and _is_own_key(file, account)):
        return verdict
    return verdict._replace(rule=Rule.SENDER_KEY_PAIR_AGE, reason=f"this account's own sender key, {verdict.reason}")


def _pair_verdict(file: AuthFile, newest: int, memory: AuthFile, limit: int, now: int) -> Verdict:
    verdict = _by_age(file, newest, limit, Rule.SENDER_KEY_PAIR_AGE, now)
    rule = Rule.SENDER_KEY_PAIR_AGE if verdict.remove else Rule.SENDER_KEY_PAIR
    reason = f"own sender key and memory of a group, together {verdict.reason}"
    return verdict._replace(rule=rule, reason=reason, memory=None if file is memory else memory.name)


def _plan_nameless_group(
    memory: AuthFile, keys: list[AuthFile], limit: int, now: int
) -> tuple[list[Verdict], list[Verdict]]:
    """Nobody can tell whose keys these are: any that goes takes the group's memory with it, however young."""
    of_keys = [_plan_by_age(file, limit, Rule.SENDER_KEY_AGE, now) for file in keys]
    of_memory = _plan_by_age(memory, limit, Rule.SENDER_KEY_MEMORY_AGE, now)
    if not any(verdict.remove for verdict in of_keys):
        return [of_memory], of_keys
    if _cannot_go(memory):
        reason = f"it may be this account's own, and its group's memory stays: {of_memory.reason}"
        return [of_memory], [
            Verdict(verdict.file, False, Rule.SENDER_KEY_PAIR, reason) if verdict.remove else verdict
            for verdict in of_keys
        ]
    if not of_memory.remove:
        reason = "goes with a sender key of its group: creds.json does not tell whose key that is"
        of_memory = Verdict(memory, True, Rule.MEMORY_GOES_WITH_KEY, reason)
    return [of_memory], [verdict._replace(memory=memory.name) if verdict.remove else verdict for verdict in of_keys]
