"""Where archives lie: one narrow way to a folder, to S3, and to whatever else fsspec knows.

An archive is written under no name first; it takes its name in one step when it is whole.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import BinaryIO, NamedTuple, Protocol

from baileys_cleanup.store.snapshots import CHUNK, open_spool


class Stored(NamedTuple):
    """One archive that lies in a place. `size` is in bytes.

    `version` is the place's own word for this very content; empty where it has none, and the content has to tell.
    """

    name: str
    size: int
    version: str = ""


class Draft(Protocol):
    """An archive in the making: `file` is written and read back, then it takes its name."""

    @property
    def file(self) -> BinaryIO:
        """The file to write into and to read from."""

    def publish(self, name: str) -> Stored:
        """Let it take its name, in one step and durably. Raises StoreProblem; nothing has that name then."""


class Upload:
    """A draft that is sent whole when it takes its name."""

    def __init__(self, file: BinaryIO, send: Callable[[str, BinaryIO], Stored]) -> None:
        self.file = file
        self._send = send

    def publish(self, name: str) -> Stored:
        """Let it take its name."""
        return self._send(name, self.file)


class Place(Protocol):
    """A place where archives lie. Every method raises StoreProblem where the place does not do what it should."""

    where: str
    """The place for people; no secret in it."""

    def list(self, company_id: str | None = None) -> list[Stored]:
        """Return the archives of a company, or all, by name; what has no archive's name is passed over."""

    def fetch(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Give an archive as a file that can be read from its beginning again."""

    def draft(self) -> AbstractContextManager[Draft]:
        """Begin an archive; one that was not published leaves nothing."""

    def delete(self, name: str) -> None:
        """Delete an archive; one that is gone already is as well."""


class DryRunPlace:
    """A place for a dry run: shows what lies in the real one, takes nothing in and deletes nothing."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.where = place.where

    def list(self, company_id: str | None = None) -> list[Stored]:
        """Return what the real one has."""
        return self._place.list(company_id)

    def fetch(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Give what the real one has."""
        return self._place.fetch(name)

    @contextmanager
    def draft(self) -> Iterator[Draft]:
        """Begin an archive that stays without a name."""
        with open_spool() as spool:
            yield _Unpublished(spool)

    def delete(self, name: str) -> None:
        """Delete nothing."""


class _Unpublished:
    def __init__(self, file: BinaryIO) -> None:
        self.file = file

    def publish(self, name: str) -> Stored:
        """Say what would lie there."""
        return Stored(name, self.file.seek(0, os.SEEK_END))


def pour(source: BinaryIO, target: BinaryIO) -> None:
    """Write all that is left to read of one file into another."""
    while part := source.read(CHUNK):
        target.write(part)


def fingerprint(place: Place, stored: Stored) -> str:
    """Return what tells this very content from any other. Where the place has no word for it, the content is read."""
    if stored.version:
        return stored.version
    with place.fetch(stored.name) as file:
        return fingerprint_of(file)


def fingerprint_of(file: BinaryIO) -> str:
    """Return the fingerprint that a file's bytes have."""
    digest = hashlib.sha256()
    file.seek(0)
    while part := file.read(CHUNK):
        digest.update(part)
    return f"sha256:{digest.hexdigest()}"
