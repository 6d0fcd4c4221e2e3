"""Whole company folders of a sessions root, as a restore and a rotation build and switch them."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from baileys_cleanup.decision.verdict import AuthFile
from baileys_cleanup.errors import CompanyProblem
from baileys_cleanup.output.text import shown
from baileys_cleanup.store.company import Company
from baileys_cleanup.store.folder import copying, late, set_aside
from baileys_cleanup.store.folder.company import Company as CompanyFolder
from baileys_cleanup.store.folder.likeness import Neighbours, shrunk
from baileys_cleanup.store.folder.making import FolderWriter
from baileys_cleanup.store.folder.root import Root
from baileys_cleanup.store.folder.staging import StagedFiles, open_staging, try_owners
from baileys_cleanup.store.folder.tool_folder import ToolFolder
from baileys_cleanup.store.whole_folders import Aside, Late


class FolderSwitches:
    """Builds folders beside the live ones, in the tool's own folder, and switches them."""

    def __init__(self, root: Root, tool: ToolFolder) -> None:
        self._root = root
        self._tool = tool

    def begin(self, company_id: str, run_id: str, *, why: str, now: int) -> Aside:
        """Make an empty folder to be filled, with the owner and mode of the live one, and its record."""
        return set_aside.begin(self._root, self._tool, company_id, run_id, why=why, now=now)

    @contextmanager
    def fill(self, aside: Aside) -> Iterator[FolderWriter]:
        """Fill a folder that was begun; what was written is durable when this is left."""
        with set_aside.open_aside(self._tool, aside) as fd:
            if self._root.has(aside.company_id):
                with self._root.company(aside.company_id) as company:
                    neighbours = Neighbours.of(company.fd)
            else:
                neighbours = Neighbours.of(fd)
            yield FolderWriter(fd, neighbours)
            os.fsync(fd)

    def copy(self, company: Company, aside: Aside, files: Iterable[AuthFile]) -> bool:
        """Copy files of the live company into a folder that was begun; False where one changed meanwhile."""
        with set_aside.open_aside(self._tool, aside) as into:
            return copying.copy_files(_open_folder_of(company), into, files)

    def differences(self, aside: Aside, files: Iterable[AuthFile]) -> list[str]:
        """Return the names by which the folder that lies aside is not the copy of these files."""
        with set_aside.open_aside(self._tool, aside) as fd:
            return copying.differences(files, fd)

    def switch(self, aside: Aside) -> Aside:
        """Let the built folder go live; the former one lies in its place. Returns the new state."""
        return set_aside.switch(self._root, self._tool, aside)

    def switch_back(self, aside: Aside, wait: Callable[[], object]) -> Late:
        """Let the former folder go live again; the built one lies in its place. Returns what was written meanwhile."""
        seen = late.list_live(self._root, aside.company_id)
        return self.bring_late(set_aside.switch_back(self._root, self._tool, aside), seen, wait)

    def bring_late(self, aside: Aside, seen: Iterable[AuthFile], wait: Callable[[], object]) -> Late:
        """Bring over what was written since the last look at the folder that lies aside now; name the rest."""
        return late.bring_late(self._root, self._tool, aside, seen, wait)

    def is_live(self, aside: Aside) -> bool:
        """Tell whether the built folder is the live one now."""
        return set_aside.is_live(self._root, aside)

    def find(self, run_id: str, company_id: str) -> Aside | None:
        """Return what a run built for a company, its switch ended if it was cut short; None for nothing."""
        for aside in set_aside.read_asides(self._tool):
            if (aside.run_id, aside.company_id) == (run_id, company_id):
                return set_aside.settle(self._root, self._tool, aside)
        return None

    def settle_all(self) -> list[str]:
        """End every switch that was cut short, for who holds the run lock. Returns in words what could not be."""
        return set_aside.settle_all(self._root, self._tool)

    def discard(self, aside: Aside) -> None:
        """Delete a built folder that never was live. Raises CompanyProblem for any other."""
        set_aside.discard(self._root, self._tool, aside)

    def where(self, aside: Aside) -> str:
        """Return where the folder that is not live lies, for people."""
        return f"{shown(self._tool.path)}/aside/{aside.run_id}/{shown(aside.folder_name)}"

    def forget_former(self, company_id: str) -> None:
        """Forget nothing: nothing is in front of a folder."""

    @contextmanager
    def insertion(self, company_id: str) -> Iterator[StagedFiles]:
        """Begin to put files into a company that is live."""
        with self._root.company(company_id) as company, open_staging(self._tool, company) as staged:
            yield staged

    def shrunk(self, aside: Aside) -> list[str]:
        """Return the files of the live folder that the bot could read in the one set aside, and now cannot."""
        with self._root.company(aside.company_id) as live, set_aside.open_aside(self._tool, aside) as former:
            return shrunk(former, live.fd)

    def try_owners(self, company: Company) -> None:
        """Raise MayNotGive where a copy of a file of this company could not get that file's owner."""
        try_owners(self._tool, Neighbours.of(_open_folder_of(company)))

    def give_to_bot(self, aside: Aside, company: Company) -> list[str]:
        """Let what root wrote into the company since belong to the bot of the one set aside."""
        with set_aside.open_aside(self._tool, aside) as former:
            return copying.give_to_bot(_open_folder_of(company), Neighbours.of(former), aside.started)


def _open_folder_of(company: Company) -> int:
    """Return the folder that a company was opened as: what was looked at is what is worked on."""
    if not isinstance(company, CompanyFolder):
        raise CompanyProblem("it is no folder of this sessions root")
    return company.fd
