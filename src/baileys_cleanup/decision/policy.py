"""What may go, how long and how many, as one frozen value; and the units of time. Pure."""

from dataclasses import dataclass
from enum import StrEnum

SECOND = 1_000_000_000
"""Nanoseconds: all times here are counted in them, so that a limit is exact."""
HOUR = 3_600 * SECOND
DAY = 24 * HOUR


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

    `former_pairing_days` is the age at which pre-keys go that are certainly of a former pairing, None for never.

    Protected kinds are not here: nothing in a policy can reach them.
    """

    preset: Preset = Preset.STANDARD
    session_max_age_days: int = 14
    sender_key_max_age_days: int = 3
    max_pre_keys: int = 50
    min_pre_keys: int = 30
    keep_advertised_pre_keys: bool = True
    keep_own_sessions: bool = True
    former_pairing_days: int | None = None

    @property
    def pre_key_cap(self) -> int:
        """How many pre-keys stay: never fewer than the floor."""
        return max(self.max_pre_keys, self.min_pre_keys)
