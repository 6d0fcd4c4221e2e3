"""Looks at the sessions root and its company folders. Nothing here writes, and nothing follows a link.

The root is opened once, by its path; from there everything goes by descriptor and bare name, so a folder that
is swapped for a link later is never entered.
"""

import errno
import os
import pwd
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, Self

from baileys_cleanup.decision.account import ABSENT, Account, read_account, unreadable
from baileys_cleanup.decision.names import CREDS_NAME, kind_of
from baileys_cleanup.decision.plan import AuthFile
from baileys_cleanup.errors import CompanyProblem, CredsUnreadable, UsageProblem
from baileys_cleanup.output.text import count, few, shown
from baileys_cleanup.store.folder.opening import open_to_look

PREFIX = "company_"
_FIRST_PERSON = 1000
"""User ids below belong to services, whose home may well be the sessions root."""
OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
CREDS_LIMIT = 64 * 1024 * 1024
"""Bytes. A `creds.json` grows with `processedHistoryMessages`, but never to this."""


class Stamp(NamedTuple):
    """What tells one very file from any other, and one content from a later one. Times in nanoseconds.

    The time of the last status change and the number of links are left out: a rename moves them.
    """

    device: int
    inode: int
    size: int
    modified: int

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        """Take the stamp of a file that was just looked at."""
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


class Listing(NamedTuple):
    """The names in a company folder: its auth files, not looked at yet, and what else lies there."""

    files: list[AuthFile]
    strangers: list[str]


class Look(NamedTuple):
    """The auth files as the planner wants them, and those that vanished or could not be read meanwhile."""

    files: list[AuthFile]
    vanished: list[AuthFile]
    errors: dict[str, str]


def no_companies(path: str) -> str:
    """Return the warning about a sessions root, named by its path, in which nothing looks like a company."""
    return f"the sessions root {path} holds no company_<id> folder: is the right disk mounted?"


class Company:
    """One company folder, held open. `id` is the folder's name without `company_`, as is."""

    def __init__(self, company_id: str, fd: int) -> None:
        self.id = company_id
        self.fd = fd

    @property
    def folder_name(self) -> str:
        """The name of the folder under the sessions root."""
        return PREFIX + self.id

    def names(self) -> Listing:
        """List the auth files. Sub-folders, links, pipes and the like are strangers: named, never counted."""
        files: list[AuthFile] = []
        strangers: list[str] = []
        with os.scandir(self.fd) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    files.append(AuthFile(entry.name, kind_of(entry.name)))
                else:
                    strangers.append(entry.name)
        return Listing(files, strangers)

    def census(self, beginning: str) -> tuple[int, int]:
        """Count the auth files, and those whose names begin in some way: what `names` lists, without the list."""
        files = of_them = 0
        with os.scandir(self.fd) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    files += 1
                    of_them += entry.name.startswith(beginning)
        return files, of_them

    def look(self, files: Iterable[AuthFile], wanted: Iterable[AuthFile]) -> Look:
        """Date the `wanted` ones among `files`; the others are passed on as they are."""
        dated: dict[str, AuthFile] = {}
        vanished: list[AuthFile] = []
        errors: dict[str, str] = {}
        gone: set[str] = set()
        for file in wanted:
            try:
                status = os.stat(file.name, dir_fd=self.fd, follow_symlinks=False)
            except FileNotFoundError:
                vanished.append(file)
                gone.add(file.name)
                continue
            except OSError as error:
                errors[file.name] = f"its date could not be read: {error.strerror}"
                continue
            if not stat.S_ISREG(status.st_mode):
                vanished.append(file)
                gone.add(file.name)
                continue
            dated[file.name] = AuthFile(
                file.name,
                file.kind,
                status.st_mtime_ns,
                status.st_size,
                status.st_nlink == 1,
                Stamp.of(status),
            )
        looked = [dated.get(file.name, file) for file in files if file.name not in gone]
        return Look(looked, vanished, errors)

    def account(self, wait: Callable[[], object]) -> Account:
        """Read who owns this folder. A copy that does not parse is read once more after `wait` (a second).

        `creds.json` is opened without following a link and without blocking; only a regular file is read.
        """
        try:
            data = self._read_creds()
            try:
                return read_account(data)
            except CredsUnreadable:
                wait()
                return read_account(self._read_creds())
        except FileNotFoundError:
            return ABSENT
        except CredsUnreadable as problem:
            return unreadable(str(problem))
        except OSError as error:
            why = "is a link" if error.errno == errno.ELOOP else f"cannot be read: {error.strerror}"
            return unreadable(why)

    def _read_creds(self) -> bytes:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        fd = open_to_look(CREDS_NAME, flags, self.fd)
        try:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode):
                raise OSError(errno.EINVAL, "it is not a regular file")
            if status.st_size > CREDS_LIMIT:
                raise OSError(errno.EFBIG, f"it is larger than {CREDS_LIMIT // 1024**2} MiB")
            parts: list[bytes] = []
            while part := os.read(fd, 1024 * 1024):
                parts.append(part)
            return b"".join(parts)
        finally:
            os.close(fd)


class Space(NamedTuple):
    """What is free on a file system for an ordinary user, and its inodes in all: 0 where they are made as needed."""

    free_bytes: int
    free_inodes: int
    inodes: int


class Root:
    """The sessions root, held open. `path` is where it really is, whatever link led there."""

    def __init__(self, fd: int, path: str, asked: str) -> None:
        self.fd = fd
        self.path = path
        self.asked = asked
        self._mount = _mount_of(fd)

    @property
    def was_link(self) -> bool:
        """Tell whether the path asked for led somewhere else."""
        return os.path.abspath(self.asked) != self.path

    def shares_mount(self, fd: int) -> bool:
        """Tell whether an open folder lies on the same file system and mount as the root."""
        return _mount_of(fd) == self._mount

    def space(self) -> Space:
        """Return what is left on the root's file system."""
        status = os.fstatvfs(self.fd)
        return Space(status.f_bavail * status.f_frsize, status.f_favail, status.f_files)

    def company_ids(self) -> tuple[list[str], list[str]]:
        """Return the ids of all company folders, sorted, and the links that only look like one."""
        ids: list[str] = []
        links: list[str] = []
        try:
            with os.scandir(self.fd) as entries:
                for entry in entries:
                    company_id = entry.name.removeprefix(PREFIX)
                    if company_id in {entry.name, ""}:
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        ids.append(company_id)
                    elif entry.is_symlink():
                        links.append(entry.name)
        except OSError as error:
            raise UsageProblem(f"the sessions root {shown(self.path)} cannot be read: {error.strerror}") from None
        return sorted(ids), sorted(links)

    def has(self, company_id: str) -> bool:
        """Tell whether there is anything by the name of this company's folder."""
        try:
            os.stat(PREFIX + company_id, dir_fd=self.fd, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def select(self, wanted: Iterable[str]) -> list[str]:
        """Return the wanted ids, once each, in the order given. Raises UsageProblem for one without a folder."""
        ids: list[str] = []
        for text in wanted:
            company_id = text.removeprefix(PREFIX)
            if not company_id or company_id in {".", ".."} or "/" in company_id or "\0" in company_id:
                raise UsageProblem(
                    f"--company {shown(text)!r}: a company id is the part of its folder's name after"
                    " 'company_', without a slash and not empty"
                )
            try:
                status = os.stat(PREFIX + company_id, dir_fd=self.fd, follow_symlinks=False)
            except OSError as error:
                raise UsageProblem(self._no_company(company_id, error.strerror)) from None
            if not stat.S_ISDIR(status.st_mode):
                raise UsageProblem(self._no_company(company_id, "it is a link or a file, not a folder"))
            if company_id not in ids:
                ids.append(company_id)
        return ids

    def _no_company(self, company_id: str, why: str | None) -> str:
        there, _ = self.company_ids()
        near = f"; it has {count(len(there), 'company', 'companies')}: {few(there)}" if there else ""
        return (
            f"--company {shown(company_id)}: there is no folder {shown(PREFIX + company_id)} in"
            f" {shown(self.path)} ({why}){near}"
        )

    @contextmanager
    def company(self, company_id: str) -> Iterator[Company]:
        """Open one company folder.

        Raises CompanyProblem when it is no longer a folder, cannot be read, or lies on another mount: from
        there nothing could be renamed into the quarantine, nor back.
        """
        try:
            fd = open_to_look(PREFIX + company_id, OPEN_FOLDER, self.fd)
        except OSError as error:
            if error.errno in {errno.ELOOP, errno.ENOTDIR}:
                raise CompanyProblem("it is no longer a folder; left alone") from None
            raise CompanyProblem(f"its folder cannot be opened: {error.strerror}") from None
        try:
            if not self.shares_mount(fd):
                raise CompanyProblem(
                    "it lies on another file system or mount than the sessions root, so nothing can be moved"
                    " into the quarantine; give that mount a sessions root of its own"
                )
            yield Company(company_id, fd)
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
        why = _wild(fd)
        if why:
            raise UsageProblem(f"the sessions root {shown(path)} is {why}; give the folder that holds company_<id>")
        yield Root(fd, os.path.realpath(path), path)
    finally:
        os.close(fd)


def _wild(fd: int) -> str | None:
    """Return in words why this folder is no sessions root, None when it may be one."""
    status = os.fstat(fd)
    here = _place(status)
    if here == _place(os.stat("/")):
        return "the root of the file system"
    homes = [os.environ.get("HOME"), _home_of(os.geteuid())]
    if status.st_uid == 0 or status.st_uid >= _FIRST_PERSON:
        homes.append(_home_of(status.st_uid))
    return "a home folder" if any(home and _place_at(home) == here for home in homes) else None


def _home_of(uid: int) -> str | None:
    try:
        return pwd.getpwuid(uid).pw_dir
    except KeyError:
        return None


def _place_at(path: str) -> tuple[int, int] | None:
    try:
        return _place(os.stat(path))
    except OSError:
        return None


def _place(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _mount_of(fd: int) -> tuple[int, str]:
    """Return what tells mounts apart: a bind mount of the same file system has the same device number."""
    try:
        with open(f"/proc/self/fdinfo/{fd}", encoding="ascii") as info:
            mount = next((line for line in info if line.startswith("mnt_id")), "")
    except OSError:  # no /proc: the rename itself will tell
        mount = ""
    return os.fstat(fd).st_dev, mount
