"""The tool's own folder under the sessions root: made once, private, opened by descriptor.

.baileys-cleanup/          0700, on the same file system as the companies
    lock                   held while a run is at work, by many at once where they are shards
    bytes.lock             a byte for each company and run, held while a shard is at work on it
    audit.log              one line per removal, before it happens
    last-run.json          when the last run began
    history.json           how the last runs ended
    standing.json          what quiet runs have said of companies, and need not say again
    monitor.json           what the monitor remembers from look to look
    monitor.lock           held while a monitor tells of companies
    daily.lock             held while a monitor makes its cleanup of the day
    runs/<run_id>.json     what is needed to undo or purge a run
    quarantine/<run_id>/company_<id>/<file>
    aside/                 whole folders, see `aside.py`
    restoring/             files on their way into a company folder
    backup.lock            held while a backup is at work
    backups/               what is known of each company's backups, see `backups/record.py`
    rotations/             how far each rotation is, see `rotation/journal.py`
"""

import errno
import os
import pwd
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from baileys_cleanup.errors import NotWritable, UsageProblem
from baileys_cleanup.output.text import argument, shown
from baileys_cleanup.store.folder.company import OPEN_FOLDER
from baileys_cleanup.store.folder.opening import open_to_look
from baileys_cleanup.store.folder.placed import name_inodes, placed
from baileys_cleanup.store.folder.root import Root
from baileys_cleanup.store.store import OWN_FOLDER

_RUNS = "runs"
_QUARANTINE = "quarantine"
NOT_WRITABLE = {errno.EROFS, errno.EACCES, errno.ENOSPC, errno.EDQUOT}
"""Errors of a place where nothing can be made at this moment, and much can be read."""


class ToolFolder:
    """The tool's own folder, held open with the two folders in it."""

    def __init__(self, path: str, fd: int, runs: int, quarantine: int) -> None:
        self.path = path
        self.fd = fd
        self.runs_fd = runs
        self.quarantine = quarantine

    def has(self, name: str) -> bool:
        """Tell whether there is anything of this name."""
        try:
            os.stat(name, dir_fd=self.fd, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    @contextmanager
    def part(self, name: str, *, create: bool = True) -> Iterator[int]:
        """Open a folder of ours beside those two; raises FileNotFoundError where it is missing and not to be made."""
        fd = _open(self.fd, name, create=create)
        try:
            yield fd
        finally:
            os.close(fd)


@contextmanager
def open_tool_folder(root: Root, *, create: bool) -> Iterator[ToolFolder | None]:
    """Open the tool's folder; None when it does not exist and may not be created (a dry run).

    Raises UsageProblem when it cannot be made, is no folder, belongs to somebody else, or others may write
    in it.
    """
    path = f"{root.path}/{OWN_FOLDER}"
    opened: list[int] = []
    try:
        try:
            if create:
                _warn_of_root(root, path)
            opened.append(_open(root.fd, OWN_FOLDER, create=create))
            _check_owner(opened[0], path)
            if not root.shares_mount(opened[0]):
                raise UsageProblem(f"the tool's own folder {shown(path)} lies on another mount than the sessions root")
            opened.extend(_open(opened[0], name, create=create) for name in (_RUNS, _QUARANTINE))
        except FileNotFoundError as error:
            if create:  # it was made a moment ago: never mistake that for a dry run
                raise UsageProblem(f"the tool's own folder {shown(path)} disappeared: {error.strerror}") from None
            yield None
            return
        except OSError as error:
            # Somebody else's private folder cannot even be looked into: the owner is the better answer.
            _check_owner_at(root.fd, path)
            name_inodes(error, root.fd)
            if error.errno in {errno.ENOTDIR, errno.ELOOP}:
                raise UsageProblem(f"the tool's own folder {shown(path)}, or one in it, is a file or a link") from None
            kind = NotWritable if error.errno in NOT_WRITABLE else UsageProblem
            raise kind(
                f"the tool's own folder {shown(path)} cannot be used: {error.strerror}; the user who runs the"
                " cleanup must be able to write in the sessions root"
            ) from None
        with placed(path, opened[0]):
            yield ToolFolder(path, *opened)
    finally:
        for fd in opened:
            os.close(fd)


def _open(parent: int, name: str, *, create: bool) -> int:
    if create:
        make_folder(parent, name)
    return open_to_look(name, OPEN_FOLDER, parent)


def make_folder(parent: int, name: str) -> None:
    """Make a private folder where there is none yet."""
    try:
        os.mkdir(name, 0o700, dir_fd=parent)
    except FileExistsError:
        return


def _check_owner_at(root_fd: int, path: str) -> None:
    try:
        status = os.stat(OWN_FOLDER, dir_fd=root_fd, follow_symlinks=False)
    except OSError:
        return
    if stat.S_ISDIR(status.st_mode):
        _judge(status, path)


def _check_owner(fd: int, path: str) -> None:
    _judge(os.fstat(fd), path)


def _warn_of_root(root: Root, path: str) -> None:
    """Say on stderr, before it is made, that root's folder in somebody else's root will keep its owner out."""
    owner = os.fstat(root.fd).st_uid
    if os.geteuid() == 0 != owner and not _exists(OWN_FOLDER, root.fd):
        sys.stderr.write(
            f"baileys-cleanup: warning: the sessions root belongs to {_user(owner)}, and this run is root's: the tool's"
            f" own folder will belong to root, and {_user(owner)} will be refused from now on; to give it back:"
            f" chown -R {owner} {argument(path)}\n"
        )


def _exists(name: str, parent: int) -> bool:
    try:
        os.stat(name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _judge(status: os.stat_result, path: str) -> None:
    if status.st_uid != os.geteuid():
        raise UsageProblem(
            f"the tool's own folder {shown(path)} belongs to {_user(status.st_uid)}; run as that user, or give the"
            f" folder to {_user(os.geteuid())}, who runs this: chown -R {os.geteuid()} {argument(path)}"
        )
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise UsageProblem(f"the tool's own folder {shown(path)} may be written by others; make it private: chmod 700")


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
