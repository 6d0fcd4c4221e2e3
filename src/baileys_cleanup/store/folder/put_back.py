"""The way back out of the quarantine, never over an existing file; and the trial of it before anything goes in."""

import os
from contextlib import suppress

from baileys_cleanup.errors import CompanyProblem
from baileys_cleanup.store.folder.renaming import exchange, rename_without_replacing

_PROBES = (".way-back", ".way-back.returned")


def put_back(name: str, source: int, target: int, as_name: str | None = None) -> None:
    """Move a file from one open folder to another, under the same name if no other is given, never over another file.

    Raises FileExistsError when there is one, OSError when it cannot be done.
    """
    there = name if as_name is None else as_name
    if not rename_without_replacing(name, there, source, target):
        os.link(name, there, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
        os.unlink(name, dir_fd=source)


def swap_in(name: str, source: int, target: int, expected: tuple[int, int | None]) -> bool:
    """Swap a file with the one of its name in another open folder, if that has the expected size and date (ns).

    Returns False where it has not, or the kernel cannot swap; each is where it was then.
    """
    if not exchange(name, name, source, target):
        return False
    former = os.stat(name, dir_fd=source, follow_symlinks=False)
    if (former.st_size, former.st_mtime_ns) == expected:
        return True
    exchange(name, name, source, target)
    return False


def try_way_back(folder: int) -> bool:
    """Try on a file of our own how files can return: True by hard link only, False by rename.

    Raises CompanyProblem when this file system knows neither; then nothing may be removed at all.
    """
    names = _PROBES
    forget_probes(folder)
    fd = os.open(names[0], os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=folder)
    os.close(fd)
    try:
        if rename_without_replacing(*names, folder, folder):
            return False
        try:
            os.link(*names, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
        except OSError as error:
            raise CompanyProblem(
                f"this file system cannot put a file back without overwriting ({error.strerror}), so nothing is removed"
            ) from None
        return True
    finally:
        forget_probes(folder)


def forget_probes(folder: int) -> None:
    """Remove the files of a trial, also those that a killed one left."""
    for name in _PROBES:
        with suppress(OSError):  # what cannot go now goes before the next probe
            os.unlink(name, dir_fd=folder)


def remove_if_empty(parent: int, name: str) -> bool:
    """Remove a folder of ours unless something is in it; tell whether it is gone."""
    try:
        os.rmdir(name, dir_fd=parent)
    except OSError:
        return False
    return True
