"""The log: one structlog event per line on stderr. structlog is imported with the first line, not before."""

import os
import sys
from typing import Any, Literal, TextIO

Format = Literal["console", "json"]
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class Log:
    """Writes events of at least `level` to stderr, for people (`console`) or programs (`json`)."""

    def __init__(self, form: Format, level: str) -> None:
        self._form = form
        self._threshold = _LEVELS[level]
        self._logger: Any = None

    def debug(self, event: str, **fields: object) -> None:
        """Log what only a curious person wants."""
        self._write("debug", event, fields)

    def info(self, event: str, **fields: object) -> None:
        """Log a step of the run."""
        self._write("info", event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """Log what somebody should look at by day."""
        self._write("warning", event, fields)

    def error(self, event: str, **fields: object) -> None:
        """Log what went wrong."""
        self._write("error", event, fields)

    def _write(self, level: str, event: str, fields: dict[str, object]) -> None:
        if _LEVELS[level] < self._threshold:
            return
        if self._logger is None:
            self._logger = _make_logger(self._form)
        try:
            getattr(self._logger, level)(event, **fields)
        except (OSError, ValueError):
            # A log that nobody can read must not stop a cleanup; the exit status still tells.
            self._threshold = max(_LEVELS.values()) + 1


def wants_colour(stream: TextIO) -> bool:
    """Tell whether a stream is a terminal whose user has nothing against colours."""
    return stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def _make_logger(form: Format) -> Any:  # noqa: ANN401 - structlog's own bound logger
    import structlog  # noqa: PLC0415 - a quiet night never needs it

    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    if form == "json":
        render: Any = structlog.processors.JSONRenderer()
    else:
        render = structlog.dev.ConsoleRenderer(colors=wants_colour(sys.stderr))
    return structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        processors=[structlog.processors.add_log_level, stamp, render],
    )
