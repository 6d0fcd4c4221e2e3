"""The way of a rotation: its states in order, and what each step is in words. Pure."""

from enum import StrEnum
from typing import NamedTuple


class State(StrEnum):
    """How far a rotation has come. Each is recorded before the next step begins."""

    PLANNED = "planned"
    BACKED_UP = "backed_up"
    STOPPING = "stopping"
    STOPPED = "stopped"
    BUILT = "built"
    SWITCHED = "switched"
    REMOVED = "removed"
    STARTED = "started"
    WAITING = "waiting"
    PAIRED = "paired"
    TIMED_OUT = "timed_out"
    ROLLING_BACK = "rolling_back"
    ROLLED_BACK = "rolled_back"


_UNTIL_STOPPED = (State.PLANNED, State.BACKED_UP, State.STOPPING, State.STOPPED)
_UNTIL_SWITCHED = (*_UNTIL_STOPPED, State.BUILT, State.SWITCHED)


class Journal(NamedTuple):
    """One rotation of one company, as it is recorded.

    `fresh` is a rotation into an empty folder that has to be paired anew, by the bot itself where `bot_pairs`.
    `started` is in nanoseconds since the epoch. `halted` is True once the bot may have been stopped. `backup` says
    where the backup is, empty where none was made. `pairing` is that of the folder when the rotation began, None where
    nobody could tell. `in_place`: in a database no new folder is made, but what it would not get is removed. `empty`:
    nothing was there to be removed, so nothing can come back. `untouched`: it is taken back, and had changed nothing.
    """

    run_id: str
    company_id: str
    fresh: bool
    bot_pairs: bool
    started: int
    state: State = State.PLANNED
    halted: bool = False
    backup: str = ""
    pairing: str | None = None
    in_place: bool = False
    empty: bool = False
    untouched: bool = False

    @property
    def mode(self) -> str:
        """The word for the kind of rotation."""
        return "fresh" if self.fresh else "soft"

    @property
    def way(self) -> tuple[State, ...]:
        """The states from the first to the last."""
        if self.in_place:
            return (*_UNTIL_STOPPED, State.REMOVED, State.STARTED)
        if not self.fresh:
            return (*_UNTIL_SWITCHED, State.STARTED)
        if self.bot_pairs:
            return (*_UNTIL_SWITCHED, State.STARTED, State.WAITING, State.PAIRED)
        # Two processes on one folder would end the pairing: the bot starts when the pairing is over.
        return (*_UNTIL_SWITCHED, State.WAITING, State.PAIRED, State.STARTED)

    @property
    def done(self) -> bool:
        """Tell whether it went its whole way."""
        return self.state is self.way[-1]

    @property
    def open(self) -> bool:
        """Tell whether somebody has to go on with it, or take it back."""
        return not self.done and self.state is not State.ROLLED_BACK

    def ahead(self) -> tuple[State, ...]:
        """Return the states still to be reached, in order; none where it is being taken back."""
        state = State.WAITING if self.state is State.TIMED_OUT else self.state
        return self.way[self.way.index(state) + 1 :] if state in self.way else ()


def in_words(state: State) -> str:
    """Return how far a rotation in this state is, as the end of "it is ..."."""
    return {
        State.TIMED_OUT: "not paired: nobody scanned the QR code in time",
        State.WAITING: "waiting for the QR code to be scanned",
        State.ROLLING_BACK: "half taken back",
        State.REMOVED: "done, but for the start of the bot",
    }.get(state, state.value.replace("_", " "))
