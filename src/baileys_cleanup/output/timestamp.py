"""A moment as people and JSON read it."""

from datetime import UTC, datetime

from baileys_cleanup.decision.policy import SECOND


def timestamp(moment: int) -> str:
    """Return a moment in nanoseconds since the epoch as `2026-11-22T03:00:00Z`."""
    return f"{datetime.fromtimestamp(moment // SECOND, UTC):%Y-%m-%dT%H:%M:%SZ}"
