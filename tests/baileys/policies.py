"""Runs of the real tool on the bot's folder: what an operator may choose, as removals of the lab.

Everything in the folder is made older than every limit first, so that the rules take all they ever take.
A preset that comes later is one more entry in `POLICIES`.
"""

import subprocess
import sys
from dataclasses import dataclass, field

from authfolder import AuthFolder
from cases import ALL_VERSIONS, BATCH_VERSIONS

OLDER_THAN_EVERY_LIMIT = 20
"""Days; the default limits are 14 for sessions and 3 for sender keys."""


@dataclass(frozen=True)
class Policy:
    """One way to run the tool. `needs` is an option that must be known, or the policy waits for it."""

    name: str
    title: str
    options: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    versions: tuple[str, ...] = ALL_VERSIONS
    needs: str | None = None

    def known(self) -> bool:
        """Whether this tool has what the policy needs."""
        if self.needs is None:
            return True
        command = [sys.executable, "-m", "baileys_cleanup", "clean", "--help"]
        shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return self.needs in shown


POLICIES = (
    Policy("tool_default", "the tool, default rules, everything old"),
    Policy(
        "tool_uncapped_guard",
        "the same, `keep_advertised_pre_keys` off",
        environment={"BAILEYS_CLEANUP_RETENTION__KEEP_ADVERTISED_PRE_KEYS": "false"},
        versions=BATCH_VERSIONS,
    ),
    Policy("tool_gentle", "the tool, `--preset gentle`, everything old", ("--preset", "gentle"), needs="--preset"),
)


def make_old(folder: AuthFolder) -> None:
    """Make every file older than every limit; what was written together stays together."""
    folder.age(OLDER_THAN_EVERY_LIMIT)
