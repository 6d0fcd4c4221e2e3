"""From what a setting says to the place it means. Each kind of place is imported only where it is used."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from baileys_cleanup.backups.places.place import Place
from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.output.text import shown
from baileys_cleanup.settings.values import PASSWORD


def open_place(target: str, in_root: Callable[[str], bool] | None = None) -> AbstractContextManager[Place]:
    """Open the place that a setting names: a folder's path, `s3://bucket/prefix`, or another URL that fsspec knows.

    A path of which `in_root` says that it lies in the sessions root is refused. Raises UsageProblem for what is no
    place for archives, or where the package for it is not installed; StoreProblem where the place cannot be reached.
    """
    scheme, separator, rest = target.partition("://")
    if not separator or scheme == "file":
        from baileys_cleanup.backups.places.folder import open_folder_place  # noqa: PLC0415 - only one kind of place is used

        return open_folder_place(rest if separator else target, in_root)
    if PASSWORD.match(target):
        raise UsageProblem(f"a {shown(scheme)}:// URL with a password in it is refused; keep it out of settings")
    if scheme == "s3":
        from baileys_cleanup.backups.places.s3 import open_s3_place  # noqa: PLC0415 - only one kind of place is used

        return open_s3_place(target)
    from baileys_cleanup.backups.places.fsspec_url import open_fsspec_place  # noqa: PLC0415 - only one kind of place is used

    return open_fsspec_place(target)
