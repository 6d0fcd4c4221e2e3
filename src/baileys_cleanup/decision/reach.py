"""How far the rules reach: what has to be dated, and what surely stays and need not even be made a file of. Pure.

Most files of most companies stay, and their names or dates alone say so. The plan over the others is the plan over all:
a property test holds the two against each other.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from baileys_cleanup.decision.account import Account
from baileys_cleanup.decision.ages import Young, young
from baileys_cleanup.decision.names import Kind, first_name, is_second_name, read_pre_key
from baileys_cleanup.decision.policy import Policy, Preset
from baileys_cleanup.decision.pre_keys import sorted_by_cap
from baileys_cleanup.decision.sender_keys import others_keys
from baileys_cleanup.decision.sessions import is_own_session, is_replaced, likely_mapping, own_prefixes
from baileys_cleanup.decision.verdict import AuthFile


class Dating(NamedTuple):
    """Names of one kind that have to be dated; those that turn out `young` surely stay, if that is not None."""

    kind: Kind
    names: Sequence[str]
    young: Young | None


class Reach(NamedTuple):
    """What the plan of one company has to be made of: files that are `dated` first, and those `undated`."""

    dated: list[Dating]
    undated: list[AuthFile]


Names = Mapping[Kind, Sequence[str]]
"""The names of one company by kind."""


def reach(names: Names, policy: Policy, account: Account, now: int) -> Reach:
    """Return what the plan has to be made of. What is in neither part stays, whatever its date is.

    But a file with an odd date or several links is never among what is passed over: it is to be told.
    """
    dated = [*_sessions(names, policy, account, now), *_sender_keys(names, policy, account, now)]
    pre_keys = [AuthFile(name, Kind.PRE_KEY) for name in _pre_keys_in_reach(names, policy, account)]
    by_cap = sorted_by_cap(pre_keys, policy, account)
    wanted = pre_keys if by_cap.beyond else by_cap.over
    dated.append(Dating(Kind.PRE_KEY, [file.name for file in wanted], None))
    over = {file.name for file in wanted}
    undated = [file for file in pre_keys if file.name not in over]
    seconds = [name for name in names.get(Kind.UNKNOWN, ()) if is_second_name(name)]
    if seconds:
        firsts = {name for dating in dated for name in dating.names}
        dated.append(Dating(Kind.UNKNOWN, [name for name in seconds if first_name(name) in firsts], None))
        undated += [AuthFile(name, Kind.UNKNOWN) for name in seconds if first_name(name) not in firsts]
    return Reach([dating for dating in dated if dating.names], undated)


def replacing(names: Names, looked_at: Iterable[AuthFile]) -> frozenset[str]:
    """Return the LID mappings that the plan has to know of: only of sessions that may go it asks what replaced them."""
    mappings = names.get(Kind.LID_MAPPING)
    if not mappings:
        return frozenset()
    likely = {likely_mapping(file.name) for file in looked_at if file.kind is Kind.SESSION}
    return frozenset(likely.intersection(mappings))


def _sessions(names: Names, policy: Policy, account: Account, now: int) -> Iterator[Dating]:
    prefixes = own_prefixes(policy, account)
    sessions = [
        name
        for name in names.get(Kind.SESSION, ())
        if not name.startswith(prefixes) or not is_own_session(name, prefixes, account)
    ]
    if policy.preset is Preset.GENTLE:
        mappings = frozenset(names.get(Kind.LID_MAPPING, ()))
        sessions = [name for name in sessions if is_replaced(name, mappings)]
    yield Dating(Kind.SESSION, sessions, young(policy.session_max_age_days, now))


def _sender_keys(names: Names, policy: Policy, account: Account, now: int) -> Iterator[Dating]:
    """Return the keys of others, which are tied to nothing; and what may be tied to a memory, with the memories."""
    keys = names.get(Kind.SENDER_KEY, ())
    others = others_keys(keys, account)
    tied = set(keys).difference(others)
    if policy.preset is Preset.STANDARD:
        yield Dating(Kind.SENDER_KEY, others, young(policy.sender_key_max_age_days, now))
    yield Dating(Kind.SENDER_KEY, [name for name in keys if name in tied], None)
    yield Dating(Kind.SENDER_KEY_MEMORY, names.get(Kind.SENDER_KEY_MEMORY, ()), None)


def _pre_keys_in_reach(names: Names, policy: Policy, account: Account) -> Sequence[str]:
    """Return the pre-keys, none where so few are there, and none beyond the counter, that all stay and none is told."""
    pre_keys = names.get(Kind.PRE_KEY, ())
    if not pre_keys or len(pre_keys) > policy.pre_key_cap:
        return pre_keys
    longest = max(map(len, pre_keys))
    highest = read_pre_key(max(name for name in pre_keys if len(name) == longest))
    return pre_keys if account.next_pre_key is not None and highest >= account.next_pre_key else ()
