"""Any other place that fsspec knows (gs://, az://, sftp://, ...), with the package for it that the user has."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from secrets import token_hex
from typing import Any, BinaryIO

from baileys_cleanup.backups.naming import is_of, read_archive_name
from baileys_cleanup.backups.places.place import Draft, Place, Stored, Upload, pour
from baileys_cleanup.errors import StoreProblem, UsageProblem
from baileys_cleanup.output.extras import to_install
from baileys_cleanup.output.text import shown
from baileys_cleanup.store.snapshots import open_spool


class FsspecPlace:
    """One folder of a file system that fsspec knows."""

    def __init__(self, system: Any, path: str, where: str) -> None:  # noqa: ANN401 - fsspec is not typed
        self.where = shown(where.rstrip("/"))
        self._system = system
        self._path = path.rstrip("/")

    def list(self, company_id: str | None = None) -> list[Stored]:
        """Return the archives of a company, or all; their contents alone tell which is which."""
        with _told(self.where):
            items = self._system.ls(self._path, detail=True, refresh=True)
            named = [(item["name"].rpartition("/")[2], item) for item in items if item["type"] == "file"]
            return sorted(Stored(name, int(item["size"])) for name, item in named if is_of(name, company_id))

    @contextmanager
    def fetch(self, name: str) -> Iterator[BinaryIO]:
        """Bring an archive here, whole, before anything of it is read."""
        with open_spool() as spool:
            with _told(f"{self.where}/{shown(name)}"), self._system.open(f"{self._path}/{name}", "rb") as source:
                pour(source, spool)
            yield spool

    @contextmanager
    def draft(self) -> Iterator[Draft]:
        """Begin an archive here; it goes there when it is whole."""
        with open_spool() as spool:
            yield Upload(spool, self.publish)

    def publish(self, name: str, file: BinaryIO) -> Stored:
        """Write an archive under another name, ask what arrived, and let it take its name."""
        part, place = f"{self._path}/{name}.{token_hex(8)}.part", f"{self._path}/{name}"
        with _told(f"{self.where}/{shown(name)}"):
            if self._system.exists(place):
                raise StoreProblem(f"{self.where} has a {shown(name)} already; it was not replaced")
            try:
                file.seek(0)
                with self._system.open(part, "wb") as target:
                    pour(file, target)
                self._system.invalidate_cache()
                self._check_size(part, file.tell())
                self._system.mv(part, place)
            except BaseException:
                with suppress(Exception):  # it has no archive's name, so it does no harm
                    self._system.rm_file(part)
                raise
        return Stored(name, file.tell())

    def _check_size(self, part: str, expected: int) -> None:
        arrived = int(self._system.info(part)["size"])
        if arrived != expected:
            raise StoreProblem(f"{self.where}: {arrived:,} bytes arrived instead of {expected:,}")

    def delete(self, name: str) -> None:
        """Delete an archive, and nothing that has no archive's name."""
        if read_archive_name(name) is None:
            raise StoreProblem(f"{shown(name)} is no archive's name; it was not deleted")
        with _told(f"{self.where}/{shown(name)}"), suppress(FileNotFoundError):
            self._system.rm_file(f"{self._path}/{name}")


@contextmanager
def open_fsspec_place(target: str) -> Iterator[Place]:
    """Open the place that a URL names. Raises UsageProblem where the package for it is not installed."""
    scheme = target.partition("://")[0]
    try:
        import fsspec  # noqa: PLC0415 - an extra
    except ImportError:
        raise UsageProblem(
            f"for {shown(scheme)}:// fsspec has to be installed, and its package for that: {to_install('fsspec')}"
        ) from None
    try:
        system, path = fsspec.core.url_to_fs(target)
    except (ImportError, ValueError) as error:
        raise UsageProblem(f"{shown(target)} cannot be used for archives: {shown(str(error))[:200]}") from None
    except Exception as error:  # noqa: BLE001 - each package has errors of its own
        raise StoreProblem(f"{shown(target)}: {type(error).__name__}") from None
    place = FsspecPlace(system, path, target)
    place.list()  # what is wrong with it as a whole is told once, before any company is tried
    yield place


@contextmanager
def _told(where: str) -> Iterator[None]:
    """Turn whatever a package raises into one sentence; its text may hold a secret, so only its kind is used."""
    try:
        yield
    except StoreProblem:
        raise
    except FileNotFoundError:
        raise StoreProblem(f"{where}: not found") from None
    except OSError as error:
        raise StoreProblem(f"{where}: {error.strerror or type(error).__name__}") from None
    except Exception as error:  # noqa: BLE001 - each package has errors of its own
        raise StoreProblem(f"{where}: {type(error).__name__}") from None
