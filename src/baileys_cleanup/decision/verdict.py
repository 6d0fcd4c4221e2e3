"""The words of the decision: a file, a rule, a verdict, a plan. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from baileys_cleanup.decision.names import Kind


class AuthFile(NamedTuple):
    """One auth file as the planner sees it.

    `modified` is in nanoseconds since the epoch, None when nobody looked (or could not). `size` is in bytes.
    `sole` is False for a file with several hard links. `stamp` is whatever the store needs to know this
    very file again; the planner passes it on. `first_seen` tells that `modified` is no more than the moment in which a
    store without dates saw it for the first time.
    """

    name: str
    kind: Kind
    modified: int | None = None
    size: int = 0
    sole: bool = True
    stamp: Any = None
    first_seen: bool = False


class Why(Protocol):
    """A reason that is put into words when somebody asks: nobody does for most files."""

    def in_words(self, file: AuthFile) -> str:
        """Return the reason for this file."""


class Rule(StrEnum):
    """The named rules. Those before the blank line remove, the others keep."""

    SESSION_AGE = "session_age"
    SESSION_REPLACED = "session_replaced"
    SENDER_KEY_AGE = "sender_key_age"
    SENDER_KEY_MEMORY_AGE = "sender_key_memory_age"
    SENDER_KEY_PAIR_AGE = "sender_key_pair_age"
    PRE_KEY_CAP = "pre_key_cap"
    PRE_KEY_FORMER_PAIRING_AGE = "pre_key_former_pairing_age"
    SECOND_NAME = "second_name"
    ROTATED = "rotated"

    PROTECTED = "protected"
    NO_RULE = "no_rule"
    UNKNOWN_NAME = "unknown_name"
    YOUNG = "young"
    PRE_KEY_WITHIN_CAP = "pre_key_within_cap"
    PRE_KEY_NOT_UPLOADED = "pre_key_not_uploaded"
    PRE_KEY_NEWEST = "pre_key_newest"
    PRE_KEY_ADVERTISED = "pre_key_advertised"
    PRE_KEY_FORMER_PAIRING = "pre_key_former_pairing"
    PRE_KEY_NOT_COUNTED = "pre_key_not_counted"
    SENDER_KEY_PAIR = "sender_key_pair"
    SENDER_KEY_AFTER_MEMORY = "sender_key_after_memory"
    OWN_SESSION = "own_session"
    ACCOUNT_UNKNOWN = "account_unknown"
    COSTS_RETRY = "costs_retry"
    HARD_LINKED = "hard_linked"
    DATE_UNKNOWN = "date_unknown"
    DATE_IMPOSSIBLE = "date_impossible"
    SECOND_NAME_STAYS = "second_name_stays"
    __hash__ = str.__hash__  # that of an Enum is a call of Python


class Verdict(NamedTuple):
    """What happens to one file, by which rule, and why: `reason` says it in words.

    `second` names this file's copy under a second name. The two go in one step: the copy, whose removal comes right
    before, must be gone before this file may go, and comes back where this file turns out to stay.
    """

    file: AuthFile
    remove: bool
    rule: Rule
    why: str | Why
    second: str | None = None

    @property
    def reason(self) -> str:
        """Why, in words."""
        return self.why if isinstance(self.why, str) else self.why.in_words(self.file)


class MemoryGone(NamedTuple):
    """Since when (nanoseconds since the epoch) a sender key is without its group's memory.

    `removed` tells whether a run took the memory at that moment, or found it missing for the first time.
    """

    since: int
    removed: bool


class Plan(NamedTuple):
    """The verdicts of one company: `removals` in the order they are carried out, and `keeps`.

    `waiting` are the sender keys that may be this account's own and whose memory is gone or goes now, by name: what
    the next run of the company has to be told. It must be remembered before the first removal is carried out.
    """

    removals: list[Verdict]
    keeps: list[Verdict]
    waiting: Mapping[str, MemoryGone] = MappingProxyType({})

    @property
    def advertised(self) -> int:
        """How many pre-keys above the cap stay because WhatsApp still hands them out."""
        return sum(verdict.rule is Rule.PRE_KEY_ADVERTISED for verdict in self.keeps)
