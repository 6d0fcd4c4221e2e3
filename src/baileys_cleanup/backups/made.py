"""What became of one company's backup."""

from dataclasses import dataclass, field
from enum import StrEnum

from baileys_cleanup.backups.retention import RetentionDecision


class Status(StrEnum):
    """How the backup of one company ended."""

    BACKED_UP = "backed_up"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(slots=True)
class BackedUp:
    """What became of one company's backup.

    `archive` is its name, `files` and `bytes` what it holds, `archive_bytes` its own size; `decisions` has what
    happened to every archive of this company. `errors` after a backup that was made are of older archives, or of
    keys that it lacks.
    """

    company_id: str
    status: Status = Status.FAILED
    archive: str | None = None
    files: int = 0
    bytes: int = 0
    archive_bytes: int = 0
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    decisions: list[RetentionDecision] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Tell whether anything went wrong that somebody has to know of."""
        return self.status is Status.FAILED or bool(self.errors)


SEALED = "it is encrypted, and no record of it is here"
"""Why an encrypted archive counts neither as good nor as bad."""
