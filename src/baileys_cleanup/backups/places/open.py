"""From what a setting says to the store it means. Each kind of store is imported only where it is used."""

from contextlib import AbstractContextManager

from baileys_cleanup.backups.places.place import Store
from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.output.text import shown
from baileys_cleanup.settings.values import PASSWORD
from baileys_cleanup.store.folder.root import Root


def open_store(target: str, root: Root | None = None) -> AbstractContextManager[Store]:
    """Open the store that a setting names: a folder's path, `s3://bucket/prefix`, or another URL that fsspec knows.

    With a `root`, a place under it is refused. Raises UsageProblem for what is no place for archives, or where the
    package for it is not installed; StoreProblem where the place cannot be reached.
    """
    scheme, separator, rest = target.partition("://")
    if not separator or scheme == "file":
        from baileys_cleanup.backups.places.folder import open_shelf  # noqa: PLC0415 - only one kind of store is used

        return open_shelf(rest if separator else target, root)
    if PASSWORD.match(target):
        raise UsageProblem(f"a {shown(scheme)}:// URL with a password in it is refused; keep it out of settings")
    if scheme == "s3":
        from baileys_cleanup.backups.places.s3 import open_bucket  # noqa: PLC0415 - only one kind of store is used

        return open_bucket(target)
    from baileys_cleanup.backups.places.fsspec_url import open_elsewhere  # noqa: PLC0415 - only one kind of store is used

    return open_elsewhere(target)
