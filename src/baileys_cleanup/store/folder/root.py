"""Looks at the sessions root and its company folders. Nothing here writes, and nothing follows a link.

The root is opened once, by its path; from there everything goes by descriptor and bare name, so a folder that
is swapped for a link later is never entered.
"""

import errno
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from fnmatch import fnmatchcase

from baileys_cleanup.decision.names import COMPANY_PREFIX
from baileys_cleanup.decision.verdict import AuthFile
from baileys_cleanup.errors import CompanyProblem, UsageProblem
from baileys_cleanup.output.text import count, few, shown
from baileys_cleanup.store.folder.beside import passed_over
from baileys_cleanup.store.folder.company import OPEN_FOLDER, Company
from baileys_cleanup.store.folder.mistaken_root import why_mistaken
from baileys_cleanup.store.folder.opening import open_to_look
from baileys_cleanup.store.folder.placed import placed
from baileys_cleanup.store.folder.refused_roots import why_refused
from baileys_cleanup.store.passed_over import NO_ID, PassedOver
from baileys_cleanup.store.store import Space

_EXCLUDED = "the setting exclude names it"


class Root:
    """The sessions root, held open. `path` is where it really is, whatever link led there."""

    def __init__(self, fd: int, path: str, asked: str, exclude: Sequence[str] = ()) -> None:
        self.fd = fd
        self.path = path
        self.asked = asked
        self._exclude = exclude
        self._mount = _mount_of(fd)

    @property
    def was_link(self) -> bool:
        """Tell whether the path asked for led somewhere else."""
        return os.path.abspath(self.asked) != self.path

    def shares_mount(self, fd: int) -> bool:
        """Tell whether an open folder lies on the same file system and mount as the root."""
        return _mount_of(fd) == self._mount

    def may_write(self) -> bool:
        """Tell whether this user may write in the root, and its mount takes writes."""
        read_only = os.fstatvfs(self.fd).f_flag & os.ST_RDONLY
        return not read_only and os.access(".", os.W_OK | os.X_OK, dir_fd=self.fd, effective_ids=True)

    def contains(self, path: str) -> bool:
        """Tell whether a path is the root, or lies under it."""
        there = os.fstat(self.fd)
        while True:
            here = os.stat(path)
            if (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino):
                return True
            if path == "/":
                return False
            path = os.path.dirname(path)

    def remarks(self) -> list[str]:
        """Return nothing: a folder is as everybody knows it."""
        return []

    def dangers(self) -> list[str]:
        """Return nothing: what is written takes nothing from anybody."""
        return []

    def other_layout(self) -> None:
        """Return nothing: there is one."""

    def unseen(self) -> None:
        """Return nothing: what cannot be read of the tool's own folder is an error where it is read."""

    def uncleared(self) -> None:
        """Return nothing: nothing is in front of a folder."""

    def space(self) -> Space:
        """Return what is left on the root's file system."""
        status = os.fstatvfs(self.fd)
        return Space(status.f_bavail * status.f_frsize, status.f_favail, status.f_files)

    def has_room(self, files: Iterable[AuthFile]) -> bool:
        """Tell whether the file system has room for copies of these files."""
        disk = os.statvfs(self.fd)
        sizes = [file.size for file in files]
        blocks = sum(-(-size // disk.f_frsize) for size in sizes)
        # A file system that has no fixed number of inodes says 0.
        return blocks <= disk.f_bavail and (not disk.f_files or len(sizes) < disk.f_favail)

    def company_ids(self) -> tuple[list[str], list[str]]:
        """Return the ids of all company folders, sorted, and the links that only look like one."""
        ids: list[str] = []
        links: list[str] = []
        try:
            with os.scandir(self.fd) as entries:
                for entry in entries:
                    company_id = entry.name.removeprefix(COMPANY_PREFIX)
                    if company_id in {entry.name, ""} or self._excluded(company_id):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        ids.append(company_id)
                    elif entry.is_symlink():
                        links.append(entry.name)
        except OSError as error:
            raise UsageProblem(f"the sessions root {shown(self.path)} cannot be read: {error.strerror}") from None
        return sorted(ids), sorted(links)

    def passed_over(self) -> list[PassedOver]:
        """Return what lies beside the companies and is not taken for one: links, and folders of other names.

        Where that cannot be listed at this moment nothing is told of it: it keeps no company from anything.
        """
        try:
            return sorted(passed_over(self.fd) + [PassedOver(name, _EXCLUDED, keys=False) for name in self._left_out()])
        except OSError:
            return []

    def _excluded(self, company_id: str) -> bool:
        return any(fnmatchcase(company_id, pattern) for pattern in self._exclude)

    def _left_out(self) -> list[str]:
        names = os.listdir(self.fd) if self._exclude else []
        return [
            name for name in names if name.startswith(COMPANY_PREFIX) and self._excluded(name[len(COMPANY_PREFIX) :])
        ]

    def has(self, company_id: str) -> bool:
        """Tell whether there is anything by the name of this company's folder."""
        try:
            os.stat(COMPANY_PREFIX + company_id, dir_fd=self.fd, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def select(self, wanted: Iterable[str]) -> list[str]:
        """Return the wanted ids, once each, in the order given. Raises UsageProblem for one without a folder."""
        ids: list[str] = []
        for text in wanted:
            company_id = text.removeprefix(COMPANY_PREFIX)
            if not company_id or company_id in {".", ".."} or "/" in company_id or "\0" in company_id:
                raise UsageProblem(f"--company {shown(text)!r}: {NO_ID} (what follows `company_` in its folder's name)")
            try:
                status = os.stat(COMPANY_PREFIX + company_id, dir_fd=self.fd, follow_symlinks=False)
            except OSError as error:
                raise UsageProblem(self._no_company(company_id, error.strerror)) from None
            if not stat.S_ISDIR(status.st_mode):
                raise UsageProblem(self._no_company(company_id, "it is a link or a file, not a folder"))
            if self._excluded(company_id):
                raise UsageProblem(f"--company {shown(company_id)}: the setting exclude says that it is no company")
            if company_id not in ids:
                ids.append(company_id)
        return ids

    def _no_company(self, company_id: str, why: str | None) -> str:
        there, _ = self.company_ids()
        near = f"; it has {count(len(there), 'company', 'companies')}: {few(there)}" if there else ""
        return (
            f"--company {shown(company_id)}: there is no folder {shown(COMPANY_PREFIX + company_id)} in"
            f" {shown(self.path)} ({why}){near}"
        )

    @contextmanager
    def company(self, company_id: str, *, anywhere: bool = False) -> Iterator[Company]:
        """Open one company folder.

        Raises CompanyProblem when it is no longer a folder, cannot be read, or lies on another mount: from
        there nothing could be renamed into the quarantine, nor back. Who only looks takes it `anywhere`.
        """
        try:
            fd = open_to_look(COMPANY_PREFIX + company_id, OPEN_FOLDER, self.fd)
        except OSError as error:
            if error.errno in {errno.ELOOP, errno.ENOTDIR}:
                raise CompanyProblem("it is no longer a folder; left alone") from None
            raise CompanyProblem(f"its folder cannot be opened: {error.strerror}") from None
        try:
            company = Company(company_id, fd, elsewhere=not self.shares_mount(fd))
            if not anywhere:
                company.require_mount()
            with placed(f"{self.path}/{company.folder_name}", fd):
                yield company
        finally:
            os.close(fd)


@contextmanager
def open_root(path: str) -> Iterator[Root]:
    """Open the sessions root; a link is followed once, here.

    Raises UsageProblem for what is missing, no folder, `/`, or somebody's home: told by device and inode,
    not by spelling.
    """
    if not path.strip():
        raise UsageProblem("the sessions root is empty; give --sessions-root DIR or set sessions_root")
    try:
        fd = open_to_look(path, os.O_RDONLY | os.O_DIRECTORY)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageProblem(
            f"the sessions root {shown(path)} cannot be opened: {why}; it must be a folder that holds"
            " company_<id> folders"
        ) from None
    try:
        why = why_refused(fd)
        if why:
            raise UsageProblem(f"the sessions root {shown(path)} is {why}; give the folder that holds company_<id>")
        mistaken = why_mistaken(fd, path)
        if mistaken:
            raise UsageProblem(f"the sessions root {shown(path)} {mistaken}; give the folder that holds company_<id>")
        root = Root(fd, os.path.realpath(path), path)
        with placed(root.path, fd):
            yield root
    finally:
        os.close(fd)


def _mount_of(fd: int) -> tuple[int, bytes]:
    """Return what tells mounts apart: a bind mount of the same file system has the same device number."""
    mount = b""
    with suppress(OSError):  # no /proc: the rename itself will tell
        info = os.open(f"/proc/self/fdinfo/{fd}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            mount = os.read(info, 4096).partition(b"mnt_id:")[2].partition(b"\n")[0]
        finally:
            os.close(info)
    return os.fstat(fd).st_dev, mount
