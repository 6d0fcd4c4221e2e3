"""The words of the decision: a file, a rule, a verdict, a plan. Pure."""

from enum import StrEnum
from typing import Any, NamedTuple

from baileys_cleanup.decision.names import Kind


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
