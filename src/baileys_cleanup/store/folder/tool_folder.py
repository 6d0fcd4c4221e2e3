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

With `state_dir` the records lie there, see `state_dir.py`; the rest stays.
"""

import errno
import os
import pwd
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import NamedTuple

from baileys_cleanup.errors import NotWritable, UsageProblem
from baileys_cleanup.output.text import argument, shown
from baileys_cleanup.store.folder.company import OPEN_FOLDER
from baileys_cleanup.store.folder.opening import open_to_look
from baileys_cleanup.store.folder.placed import name_inodes, placed
from baileys_cleanup.store.folder.root import Root
from baileys_cleanup.store.folder.state_dir import STAYS_WITH_THE_ROOT, name_of, open_state_dir
from baileys_cleanup.store.store import OWN_FOLDER

_RUNS = "runs"
_QUARANTINE = "quarantine"
NOT_WRITABLE = {errno.EROFS, errno.EACCES, errno.ENOSPC, errno.EDQUOT}
"""Errors of a place where nothing can be made at this moment, and much can be read."""


class Opened(NamedTuple):
    """A folder of ours held open, with folders in it by name; nothing is open where there is none."""

    path: str
    fd: int | None = None
    inner: Mapping[str, int] = {}

    def own(self) -> int:
        """Return the folder itself. Raises FileNotFoundError where there is none."""
        return self._there(self.fd)

    def one(self, name: str) -> int:
        """Return a folder in it. Raises FileNotFoundError where there is none."""
        return self._there(self.inner.get(name))

    def _there(self, fd: int | None) -> int:
        if fd is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self.path)
        return fd


class ToolFolder:
    """The tool's own folder under the root, held open, and its records, which may lie elsewhere (`state_dir`).

    Where one of the two is not there, asking for it raises FileNotFoundError: nothing is in it yet.
    """

    def __init__(self, with_root: Opened, recorded: Opened) -> None:
        self.with_root = with_root
        self.recorded = recorded

    @property
    def path(self) -> str:
        """Where the folder under the root is, for people."""
        return self.with_root.path

    @property
    def fd(self) -> int:
        """The folder under the root."""
        return self.with_root.own()

    @property
    def quarantine(self) -> int:
        """The folder of what was removed."""
        return self.with_root.one(_QUARANTINE)

    @property
    def records_path(self) -> str:
        """Where the records are, for people."""
        return self.recorded.path

    @property
    def records_fd(self) -> int:
        """The folder of records."""
        return self.recorded.own()

    @property
    def runs_fd(self) -> int:
        """The folder of the records of runs."""
        return self.recorded.one(_RUNS)

    def home_of(self, part: str) -> Opened:
        """Return where a part lies: under the root, or with the records."""
        return self.with_root if part in STAYS_WITH_THE_ROOT else self.recorded

    def has(self, name: str) -> bool:
        """Tell whether there is anything of this name."""
        try:
            os.stat(name, dir_fd=self.home_of(name).own(), follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    @contextmanager
    def part(self, name: str, *, create: bool = True) -> Iterator[int]:
        """Open a folder of ours beside those two; raises FileNotFoundError where it is missing and not to be made."""
        fd = _open(self.home_of(name).own(), name, create=create)
        try:
            yield fd
        finally:
            os.close(fd)

    def recording(self, part: str = "") -> AbstractContextManager[None]:
        """Give an OSError of the records, or of a part beside them, the path where it happened."""
        home = self.home_of(part)
        return placed(f"{home.path}/{part}".rstrip("/"), home.own())


@contextmanager
def open_tool_folder(root: Root, *, create: bool, state_dir: str | None = None) -> Iterator[ToolFolder | None]:
    """Open the tool's folder, with its records in `state_dir` where one is set.

    Gives None when nothing exists and nothing may be created (a dry run). Raises UsageProblem when it cannot be made,
    is no folder, belongs to somebody else, or others may write in it. Records elsewhere are made first: on a root that
    takes no writes they are all that can be made.
    """
    with ExitStack() as opened:
        own = _Home(root.fd, OWN_FOLDER, f"{root.path}/{OWN_FOLDER}", "the tool's own folder", "in the sessions root")
        if state_dir is None:
            with_root = recorded = _opened(opened, own, (_RUNS, _QUARANTINE), create=create, root=root)
        else:
            recorded = _open_records(opened, root, state_dir, create=create)
            with_root = _opened(opened, own, (_QUARANTINE,), create=create, root=root)
        if with_root.fd is None and recorded.fd is None:
            yield None
            return
        first = recorded if with_root.fd is None else with_root
        with placed(first.path, first.own()):
            yield ToolFolder(with_root, recorded)


class _Home(NamedTuple):
    """A folder to be opened, and how people call it: `where` is the place in which its user must be able to write."""

    parent: int
    name: str
    path: str
    what: str
    where: str


def _opened(opened: ExitStack, home: _Home, names: Iterable[str], *, create: bool, root: Root | None = None) -> Opened:
    """Open a folder of ours and those in it; nothing where something is missing and not to be made.

    One of a `root` has to lie on its mount.
    """
    path = home.path
    with ExitStack() as undone:
        try:
            if create and root is not None:
                _warn_of_root(root, path)
            fd = _hold(undone, _open(home.parent, home.name, create=create))
            _judge(os.fstat(fd), home)
            if root is not None and not root.shares_mount(fd):
                raise UsageProblem(f"{home.what} {shown(path)} lies on another mount than the sessions root")
            inner = {name: _hold(undone, _open(fd, name, create=create)) for name in names}
        except FileNotFoundError as error:
            if create:  # it was made a moment ago: never mistake that for a dry run
                raise UsageProblem(f"{home.what} {shown(path)} disappeared: {error.strerror}") from None
            return Opened(path)
        except OSError as error:
            # Somebody else's private folder cannot even be looked into: the owner is the better answer.
            _check_owner_at(home)
            name_inodes(error, home.parent)
            if error.errno in {errno.ENOTDIR, errno.ELOOP}:
                raise UsageProblem(f"{home.what} {shown(path)}, or one in it, is a file or a link") from None
            kind = NotWritable if error.errno in NOT_WRITABLE else UsageProblem
            raise kind(
                f"{home.what} {shown(path)} cannot be used: {error.strerror}; the user who runs the"
                f" cleanup must be able to write {home.where}"
            ) from None
        opened.push(undone.pop_all())
        return Opened(path, fd, inner)


def _hold(stack: ExitStack, fd: int) -> int:
    stack.callback(os.close, fd)
    return fd


def _open_records(opened: ExitStack, root: Root, state_dir: str, *, create: bool) -> Opened:
    """Open the records of a root in the folder that the setting names; nothing where they are not there yet."""
    name = name_of(root)
    path = f"{state_dir.rstrip('/')}/{name}"
    try:
        parent = _hold(opened, open_state_dir(root, state_dir, create=create))
    except FileNotFoundError:
        if not create:
            return Opened(path)
        raise NotWritable(
            f"state_dir {shown(state_dir)} cannot be made, because what it lies in is not there; make it:"
            f" mkdir -p -m 700 {argument(state_dir)}"
        ) from None
    except OSError as error:
        kind = NotWritable if error.errno in NOT_WRITABLE else UsageProblem
        raise kind(f"state_dir {shown(state_dir)} cannot be used: {error.strerror}") from None
    home = _Home(parent, name, path, "the folder of the tool's records", "in state_dir")
    return _opened(opened, home, (_RUNS,), create=create)


def _open(parent: int, name: str, *, create: bool) -> int:
    if create:
        make_folder(parent, name)
    return open_to_look(name, OPEN_FOLDER, parent)


def make_folder(parent: int, name: str) -> None:
    """Make a private folder where there is none yet, durable: what goes into it must not lose its way."""
    try:
        os.mkdir(name, 0o700, dir_fd=parent)
    except FileExistsError:
        return
    os.fsync(parent)


def _check_owner_at(home: _Home) -> None:
    try:
        status = os.stat(home.name, dir_fd=home.parent, follow_symlinks=False)
    except OSError:
        return
    if stat.S_ISDIR(status.st_mode):
        _judge(status, home)


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


def _judge(status: os.stat_result, home: _Home) -> None:
    path = home.path
    if status.st_uid != os.geteuid():
        raise UsageProblem(
            f"{home.what} {shown(path)} belongs to {_user(status.st_uid)}; run as that user, or give the"
            f" folder to {_user(os.geteuid())}, who runs this: chown -R {os.geteuid()} {argument(path)}"
        )
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise UsageProblem(f"{home.what} {shown(path)} may be written by others; make it private: chmod 700")


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
