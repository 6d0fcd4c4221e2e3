"""Runs of the real tool on the bot's folder: what an operator may choose, as removals of the lab.

Everything in the folder is made older than every limit first, so that the rules take all they ever take.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from authfolder import BOT, AuthFolder
from cases import ALL_VERSIONS, BATCH_VERSIONS

OLDER_THAN_EVERY_LIMIT = 20
"""Days; the default limits are 14 for sessions and 3 for sender keys."""


def all_old(folder: AuthFolder) -> None:
    """Make every file older than every limit; what was written together stays together."""
    folder.age(OLDER_THAN_EVERY_LIMIT)


def young_memories(folder: AuthFolder) -> None:
    """Everything is old but the sender-key memories: only a pair that has one age survives this unharmed."""
    all_old(folder)
    folder.age(-OLDER_THAN_EVERY_LIMIT, "sender-key-memory-")


@dataclass(frozen=True)
class Policy:
    """One way to run the tool, on a folder prepared in one way."""

    name: str
    title: str
    prepare: Callable[[AuthFolder], None] = all_old
    options: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    versions: tuple[str, ...] = ALL_VERSIONS
    life: dict[str, Any] = field(default_factory=dict)
    """How life goes on, where it is special: options of `lab/talk.mjs`."""


POLICIES = (
    Policy("tool_default", "preset `standard`"),
    Policy("tool_forgetful_bot", "preset `standard`, only the bot has no `getMessage`", life={"forgetful": [BOT]}),
    Policy(
        "tool_unguarded_batch",
        "preset `standard`, `keep_advertised_pre_keys` off",
        environment={"BAILEYS_CLEANUP_RETENTION__KEEP_ADVERTISED_PRE_KEYS": "false"},
        versions=BATCH_VERSIONS,
    ),
    Policy("tool_young_memory", "preset `standard`, memories young", young_memories),
    Policy("tool_gentle", "preset `gentle`", options=("--preset", "gentle")),
)
