"""Words that page and table share: trends, and how long ago. Pure."""

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_NANO = 1_000_000_000


def trend_in_words(trend: int | None) -> str:
    """Return a trend as people read and hear it: `up 3`, `down 2`, `same`, `new` where there is nothing before."""
    if trend is None:
        return "new"
    return f"up {trend:,}" if trend > 0 else f"down {-trend:,}" if trend else "same"


def ago(now: int, moment: int | None) -> str:
    """Return how long ago a moment was, both in nanoseconds since the epoch: `now`, `5 min`, `3 h`, `40 days`."""
    if moment is None:
        return "never"
    seconds = (now - moment) // _NANO
    if seconds < _MINUTE:
        return "now"
    for unit, name in ((_DAY, "days"), (_HOUR, "h")):
        if seconds >= 2 * unit:
            return f"{seconds // unit:,} {name}"
    return f"{seconds // _MINUTE:,} min"
