"""A signal that asks the work of a command to end."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from baileys_cleanup.errors import LockHeld, Stopped


class Stop:
    """Remembers a signal, so that work ends between two files."""

    def __init__(self) -> None:
        self.signal = 0

    def __call__(self) -> bool:
        """Tell whether a signal came."""
        return bool(self.signal)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM while inside. Raises Stopped where one ended the waiting for another run."""
        earlier = {number: signal.signal(number, self._hear) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        except LockHeld as held:
            if not self.signal:
                raise
            raise Stopped(self.exit_status(held.status), f"stopped by {self._name}: {held}") from None
        finally:
            for number, handler in earlier.items():
                signal.signal(number, handler)

    @property
    def _name(self) -> str:
        return signal.Signals(self.signal).name

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        self.signal = self.signal or number

    def exit_status(self, otherwise: int) -> int:
        """Return 130 or 143 after a signal; the worst wins."""
        return 128 + self.signal if self.signal else otherwise
