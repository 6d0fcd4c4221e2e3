"""The two renames that Python does not know: one that never overwrites, and one that swaps two names at once."""

import ctypes
import errno
import os
from collections.abc import Callable
from functools import cache

_NOREPLACE = 1  # RENAME_NOREPLACE of linux/fs.h
_EXCHANGE = 2  # RENAME_EXCHANGE of linux/fs.h
_NOT_KNOWN = {errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUP}


def rename_without_replacing(old: str, new: str, source: int, target: int) -> bool:
    """Rename from one open folder to another unless the new name exists.

    Returns False where kernel or file system do not know how; nothing has happened then. Raises FileExistsError
    when the new name exists, OSError when it cannot be done.
    """
    return _rename(old, new, source, target, _NOREPLACE)


def exchange(one: str, other: str, source: int, target: int) -> bool:
    """Swap two names, each in its open folder, in one step: no moment in which either is missing.

    Returns False where kernel or file system do not know how; nothing has happened then. Raises OSError when it
    cannot be done.
    """
    return _rename(one, other, source, target, _EXCHANGE)


def _rename(old: str, new: str, source: int, target: int, how: int) -> bool:
    renameat2 = _renameat2()
    if renameat2 is None:
        return False
    if renameat2(source, os.fsencode(old), target, os.fsencode(new), how) == 0:
        return True
    code = ctypes.get_errno()
    if code in _NOT_KNOWN:
        return False
    raise OSError(code, os.strerror(code), old)


@cache
def _renameat2() -> Callable[[int, bytes, int, bytes, int], int] | None:
    """Return the C library's renameat2 (glibc 2.28, musl 1.2.6), None where there is none."""
    try:
        function = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return None
    function.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    return function
