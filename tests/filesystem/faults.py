"""A stand-in for `os` that counts every call of the tool, and can act before or after each.

It is put in the place of `os` in every module of the tool that uses it. The C library's `renameat2`, which the
tool reaches by `ctypes`, is counted with the others.
"""

import ctypes
import errno
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from baileys_cleanup.store.folder import company_quarantine as removal
from baileys_cleanup.store.folder import renaming

LOOKING = frozenset({"stat", "fstat", "listdir", "scandir", "read", "pread", "close"})
CHANGING = frozenset(
    {"write", "pwrite", "fsync", "mkdir", "rename", "replace", "link", "unlink", "rmdir", "utime", "renameat2"}
)
COUNTED = LOOKING | CHANGING | {"open"}


class Call(NamedTuple):
    """One call of the tool to the operating system; `number` counts from 1."""

    number: int
    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    @property
    def changes(self) -> bool:
        """Tell whether this call may change the disk."""
        return self.name in CHANGING or (self.name == "open" and bool(self.args[1] & os.O_CREAT))

    def moves(self, name: str) -> bool:
        """Tell whether this is the removal's own rename of an auth file."""
        return self.name == "rename" and self.args[0] == name


Act = Callable[[Call], object]


def nothing(call: Call) -> None:
    """Let a call pass."""


class WatchedOs:
    """Looks like `os`; tells `before` and `after` of every call that reaches the disk."""

    def __init__(self, before: Act, after: Act) -> None:
        self._before = before
        self._after = after
        self._calls = 0

    def __getattr__(self, name: str) -> Any:
        """Give what `os` has, with a watch around what is counted."""
        value = getattr(os, name)
        return self.watch(name, value) if name in COUNTED else value

    def watch(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Put the watch around one function."""

        def call(*args: Any, **kwargs: Any) -> Any:
            self._calls += 1
            this = Call(self._calls, name, args, kwargs)
            self._before(this)
            value = function(*args, **kwargs)
            self._after(this)
            return value

        return call

    def renameat2(self) -> Callable[..., int] | None:
        """Give the C library's renameat2 under watch; what a watcher raises becomes its errno."""
        function = _real_renameat2()
        if function is None:
            return None
        watched = self.watch("renameat2", function)

        def call(*args: Any) -> int:
            try:
                return int(watched(*args))
            except OSError as error:
                ctypes.set_errno(error.errno or errno.EIO)
                return -1

        return call


_real_renameat2 = renaming._renameat2
WAYS_BACK = ("renameat2", "hard link", "none")


@contextmanager
def watched(before: Act = nothing, after: Act = nothing, way_back: str = "renameat2") -> Iterator[None]:
    """Put the stand-in into every module of the tool; `way_back` says how this "file system" lets files return."""

    def refuse_links(call: Call) -> None:
        if way_back == "none" and call.name == "link":
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        before(call)

    stand_in = WatchedOs(refuse_links, after)
    users = [
        module
        for name, module in list(sys.modules.items())
        if name.startswith("baileys_cleanup.") and module.__dict__.get("os") is os
    ]
    assert removal in users
    try:
        for module in users:
            module.os = stand_in  # type: ignore[attr-defined]
        renaming._renameat2 = stand_in.renameat2 if way_back == "renameat2" else lambda: None  # type: ignore[assignment]
        yield
    finally:
        for module in users:
            module.os = os  # type: ignore[attr-defined]
        renaming._renameat2 = _real_renameat2


def kill() -> None:
    """End this process as a power cut would: no `finally`, no flush."""
    os.kill(os.getpid(), signal.SIGKILL)


def failing(number: int, code: int, only: Callable[[Call], bool] = lambda _: True) -> tuple[Act, list[Call]]:
    """Give an act that makes one call fail, the `number`-th of those asked for, and the list it notes it in."""
    hit: list[Call] = []
    seen = 0

    def act(call: Call) -> None:
        nonlocal seen
        if not only(call):
            return
        seen += 1
        if seen == number:
            hit.append(call)
            raise OSError(code, os.strerror(code), call.args[0] if call.args else None)

    return act, hit
