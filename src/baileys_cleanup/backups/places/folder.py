"""A folder as a place for archives. It is opened once; from there everything goes by descriptor and bare name.

An archive is written as `.baileys-cleanup-<random>.part`, under a lock of its own: one that nobody holds was left by
a killed backup, and the next one deletes it.
"""

import fcntl
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from baileys_cleanup.backups.naming import is_of, read_archive_name
from baileys_cleanup.backups.places.place import Draft, Place, Stored
from baileys_cleanup.errors import CompanyProblem, StoreProblem, UsageProblem
from baileys_cleanup.output.text import shown

_PART = re.compile(r"\.baileys-cleanup-[0-9a-f]{16}\.part")
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class FolderPlace:
    """A folder that archives lie in, held open."""

    def __init__(self, fd: int, path: str) -> None:
        self.where = shown(path)
        self._fd = fd

    def list(self, company_id: str | None = None) -> list[Stored]:
        """Return the archives of a company, or all, by name."""
        found: list[Stored] = []
        with _told(self.where), os.scandir(self._fd) as entries:
            for entry in entries:
                if is_of(entry.name, company_id) and entry.is_file(follow_symlinks=False):
                    with suppress(FileNotFoundError):  # deleted meanwhile
                        found.append(Stored(entry.name, entry.stat(follow_symlinks=False).st_size))
        return sorted(found)

    @contextmanager
    def fetch(self, name: str) -> Iterator[BinaryIO]:
        """Open an archive, which has to be a plain file."""
        with _told(f"{self.where}/{shown(name)}"):
            file = open_plain(name, self._fd)
        with file:
            yield file

    @contextmanager
    def draft(self) -> Iterator[Draft]:
        """Begin an archive beside the others; what killed backups left goes."""
        with _told(self.where):
            self._forget_parts()
            part = f".baileys-cleanup-{os.urandom(8).hex()}.part"
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            fd = os.open(part, flags, 0o600, dir_fd=self._fd)
        with open(fd, "w+b") as file:
            try:
                with suppress(OSError):  # a file system without locks: such a part is never taken for left behind
                    fcntl.flock(fd, fcntl.LOCK_EX)
                yield _Part(self, part, file)
            finally:
                with suppress(OSError):  # published, or the next backup deletes it
                    os.unlink(part, dir_fd=self._fd)

    def publish(self, part: str, name: str, file: BinaryIO) -> Stored:
        """Give a part its name; one that exists is never replaced. Raises CompanyProblem for one that is too long."""
        self._require_short(name)
        with _told(f"{self.where}/{shown(name)}"):
            file.flush()
            os.fsync(file.fileno())
            try:
                os.stat(name, dir_fd=self._fd, follow_symlinks=False)
            except FileNotFoundError:
                os.rename(part, name, src_dir_fd=self._fd, dst_dir_fd=self._fd)
                os.fsync(self._fd)
                return Stored(name, os.fstat(file.fileno()).st_size)
        raise StoreProblem(f"{self.where} has a {shown(name)} already; it was not replaced")

    def _require_short(self, name: str) -> None:
        """Raise CompanyProblem for a name that is too long here: the next company's need not be."""
        named, over = read_archive_name(name), len(os.fsencode(name)) - os.fpathconf(self._fd, "PC_NAME_MAX")
        if named is not None and over > 0:
            length = len(os.fsencode(named.company_id))
            raise CompanyProblem(
                f"its id is too long for the name of an archive in {self.where}: it has {length:,} bytes; allowed:"
                f" {length - over:,}"
            )

    def delete(self, name: str) -> None:
        """Delete an archive, and nothing that has no archive's name."""
        if read_archive_name(name) is None:
            raise StoreProblem(f"{shown(name)} is no archive's name; it was not deleted")
        with _told(f"{self.where}/{shown(name)}"), suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._fd)

    def _forget_parts(self) -> None:
        for name in os.listdir(self._fd):
            if not _PART.fullmatch(name):
                continue
            with suppress(OSError):  # somebody's own: another backup holds it, or another user made it
                fd = os.open(name, _READ, dir_fd=self._fd)
                try:
                    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.unlink(name, dir_fd=self._fd)
                finally:
                    os.close(fd)


class _Part:
    def __init__(self, place: FolderPlace, name: str, file: BinaryIO) -> None:
        self.file = file
        self._place = place
        self._name = name

    def publish(self, name: str) -> Stored:
        """Let it take its name."""
        return self._place.publish(self._name, name, self.file)


@contextmanager
def open_folder_place(path: str, in_root: Callable[[str], bool] | None) -> Iterator[Place]:
    """Open a folder for archives; a link is followed once, here.

    Raises UsageProblem for a place that is missing, the sessions root or under it, or open to everybody: archives
    hold all keys, and a copy on the same tree goes with it.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageProblem(
            f"the folder for archives {shown(path)} cannot be opened: {why}; make it, or mount its disk, and give"
            " backup.to or --to its path"
        ) from None
    try:
        status = os.fstat(fd)
        real = os.path.realpath(path)
        if real == "/":
            raise UsageProblem("archives do not belong into /; give backup.to or --to a folder of their own")
        if status.st_mode & stat.S_IWOTH:
            raise UsageProblem(
                f"everybody may write in {shown(real)}, so archives with keys do not belong there; chmod o-w it, or"
                " give backup.to or --to another folder"
            )
        if in_root is not None and in_root(real):
            raise UsageProblem(
                f"{shown(real)} is the sessions root or under it; a backup belongs elsewhere, best on another disk"
            )
        yield FolderPlace(fd, real)
    finally:
        os.close(fd)


def open_plain(name: str, folder: int | None = None) -> BinaryIO:
    """Open a plain file for reading, by bare name in an open folder without following a link, or by its path.

    Raises OSError where there is none.
    """
    fd = os.open(name, _READ if folder is not None else _READ & ~os.O_NOFOLLOW, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(0, "it is not a regular file")
    return open(fd, "rb")


@contextmanager
def _told(where: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreProblem(f"{where}: {error.strerror or error}") from None
