"""A whole company that is built beside the live one and takes its place in one step, the former one kept aside."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

from baileys_cleanup.decision.names import COMPANY_PREFIX
from baileys_cleanup.decision.verdict import AuthFile
from baileys_cleanup.output.text import few
from baileys_cleanup.store.company import Company

RESTORE = "restore"
"""Why a folder was built: by a restore, which can do it again from its archive."""


class Aside(NamedTuple):
    """A folder that was built to go live. `started` is in nanoseconds since the epoch.

    `built` is the inode of the built folder: where that is now tells what has happened. (Its device number may be
    another after a reboot.) `lived` is True once it has been live; it then may hold what exists nowhere else.
    `pairing` is that of the former folder, None where its `creds.json` told none.
    """

    run_id: str
    company_id: str
    why: str
    started: int
    built: int
    lived: bool = False
    pairing: str | None = None

    @property
    def folder_name(self) -> str:
        """The name of the folder, live and aside."""
        return COMPANY_PREFIX + self.company_id


class Late(NamedTuple):
    """The files that were written while two folders changed places: those brought over, and those only aside.

    `unknown` is why the folders could not be compared to the end, empty where they were.
    """

    brought: list[str]
    left: list[str]
    unknown: str = ""

    def told(self, where: str) -> list[str]:
        """Return in words what is only in the folder that lies aside, at `where`; nothing where nothing is."""
        told: list[str] = []
        if self.left:
            told.append(
                f"the bot was still writing while the folders were switched: {few(self.left, 1_000)} changed in the"
                f" folder that lies aside ({where}) and not in the live one"
            )
        if self.unknown:
            told.append(f"the folders were switched, and could not be compared after it: {self.unknown}")
        return told


def cannot_read(names: Sequence[str]) -> list[str]:
    """Return in words what the bot can no longer read after a switch; nothing where there is nothing."""
    return [f"the bot could read these, and now it cannot: {few(names)}; look at owner and mode"] if names else []


class FileWriter(Protocol):
    """Makes files of a company, whole and on the disk, before anybody meets them."""

    def write(self, name: str, content: Iterable[bytes], modified: int, like: Any = None) -> None:  # noqa: ANN401 - opaque
        """Write one file with its date, in nanoseconds; `like` is how the very file looked that this is a copy of.

        Without it the file looks like the one it replaces, or its neighbours. Raises OSError, ArchiveProblem, and
        MayNotGive where this user may not give it the owner it has to have.
        """


class Insertion(FileWriter, Protocol):
    """Files on their way into a company that is live."""

    def insert(self, name: str) -> None:
        """Let a written file appear there. Raises FileExistsError where one of that name is: it is never replaced."""


class WholeFolders(Protocol):
    """Builds whole folders, and lets them change places with the live ones. Raises CompanyProblem where it cannot."""

    def begin(self, company_id: str, run_id: str, *, why: str, now: int) -> Aside:
        """Make an empty folder to be filled, with the owner and mode of the live one, and its record."""

    def fill(self, aside: Aside) -> AbstractContextManager[FileWriter]:
        """Fill a folder that was begun; what was written is durable when this is left."""

    def copy(self, company: Company, aside: Aside, files: Iterable[AuthFile]) -> bool:
        """Copy files of the live company into a folder that was begun; False where one changed meanwhile."""

    def differences(self, aside: Aside, files: Iterable[AuthFile]) -> list[str]:
        """Return the names by which the folder that lies aside is not the copy of these files."""

    def switch(self, aside: Aside) -> Aside:
        """Let the built folder go live; the former one lies in its place. Returns the new state."""

    def switch_back(self, aside: Aside, wait: Callable[[], object]) -> Late:
        """Let the former folder go live again; the built one lies in its place. Returns what was written meanwhile.

        `wait` is called before the folders are compared again.
        """

    def bring_late(self, aside: Aside, seen: Iterable[AuthFile], wait: Callable[[], object]) -> Late:
        """Bring over, after a switch, what was written since the last look at the folder aside, where that is safe.

        `seen` is what that look found. What cannot go over is named.
        """

    def is_live(self, aside: Aside) -> bool:
        """Tell whether the built folder is the live one now."""

    def find(self, run_id: str, company_id: str) -> Aside | None:
        """Return what a run built for a company, its switch ended if it was cut short; None for nothing."""

    def settle_all(self) -> list[str]:
        """End every switch that was cut short, for who holds the run lock. Returns in words what could not be."""

    def discard(self, aside: Aside) -> None:
        """Delete a built folder that never was live. Raises CompanyProblem for any other."""

    def where(self, aside: Aside) -> str:
        """Return where the folder that is not live lies, for people."""

    def forget_former(self, company_id: str) -> None:
        """Let nothing in front of the live company hold what was there before: who put it there may have been killed.

        Raises CompanyProblem.
        """

    def insertion(self, company_id: str) -> AbstractContextManager[Insertion]:
        """Begin to put files into a company that is live."""

    def shrunk(self, aside: Aside) -> list[str]:
        """Return the files of the live company that the bot could read in the one set aside, and now cannot."""

    def try_owners(self, company: Company) -> None:
        """Raise MayNotGive where a copy of a file of this company could not get that file's owner."""

    def give_to_bot(self, aside: Aside, company: Company) -> list[str]:
        """Let what root wrote into the company since belong to the bot of the one set aside.

        Returns the names that were not given.
        """
