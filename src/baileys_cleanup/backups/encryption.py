"""Encrypted archives, in the age format by pyrage: to public keys when they are made, by an identity file to read them.

An archive that is encrypted cannot be read back with the public keys alone. So each is made out to one more key, which
lives in this process only, and is forgotten with it: what takes its name was read to its end, as ever.
"""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

from baileys_cleanup.errors import ArchiveProblem, UsageProblem
from baileys_cleanup.output.extras import to_install
from baileys_cleanup.output.text import shown
from baileys_cleanup.store.snapshots import open_spool

_MAGIC = b"age-encryption.org/v1\n"
_STANZA = re.compile(rb"-> [!-~]")
_END = b"--- "
_MOST_HEADER = 64 * 1024
_NONCE, _TAG, _CHUNK = 16, 16, 64 * 1024
_MOST_IDENTITY = 1024**2
"""Bytes of an identity file: one key is 75."""

NOT_READ = "it is encrypted, and can be read only with --identity FILE, the file of its key"


class Sealing:
    """What encrypts the archives of one run, and reads them back."""

    def __init__(self, recipients: Sequence[str]) -> None:
        """Take age public keys. Raises UsageProblem where pyrage is missing, or one is no such key."""
        self._library = _pyrage()
        self._passing = self._library.x25519.Identity.generate()
        self._recipients = [*map(self._recipient, recipients), self._passing.to_public()]

    def _recipient(self, text: str) -> Any:  # noqa: ANN401 - pyrage is not typed
        try:
            return self._library.x25519.Recipient.from_str(text)
        except self._library.RecipientError:
            raise UsageProblem(f"backup.recipients: {shown(text)} is no age public key; allowed: age1...") from None

    def seal(self, plain: BinaryIO, out: BinaryIO) -> None:
        """Encrypt a whole file into another. Raises OSError where it cannot be written."""
        plain.seek(0)
        self._library.encrypt_io(plain, out, self._recipients)
        out.flush()

    @contextmanager
    def read_back(self, file: BinaryIO) -> Iterator[BinaryIO]:
        """Give what a file holds that was sealed a moment ago. Raises ArchiveProblem where it cannot be read."""
        with _opened(file, [self._passing]) as plain:
            yield plain


def read_identities(path: str) -> list[Any]:
    """Return the keys of an identity file, as `age-keygen` writes it. Raises UsageProblem where it has none."""
    library = _pyrage()
    try:
        with open(path, "rb") as file:
            data = file.read(_MOST_IDENTITY)
    except (OSError, ValueError) as error:
        why = (error.strerror or error) if isinstance(error, OSError) else error
        raise UsageProblem(f"the identity file {shown(path)} cannot be read: {why}") from None
    lines = [line.strip() for line in data.decode("utf-8", "replace").splitlines()]
    try:
        found = [library.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except library.IdentityError:
        found = []
    if not found:
        raise UsageProblem(
            f"{shown(path)} is no identity file: one has lines that begin with AGE-SECRET-KEY-1, see age-keygen"
        )
    return found


def is_sealed(file: BinaryIO) -> bool:
    """Tell whether a file is encrypted, by how it begins."""
    file.seek(0)
    return file.read(len(_MAGIC)) == _MAGIC


@contextmanager
def unsealed(file: BinaryIO, identities: Sequence[Any]) -> Iterator[BinaryIO]:
    """Give an archive as it was before it was encrypted; one that is not encrypted as it is.

    Raises ArchiveProblem where none of the identities opens it, or it is damaged.
    """
    if not is_sealed(file):
        yield file
    elif not identities:
        raise ArchiveProblem(NOT_READ)
    else:
        with _opened(file, identities) as plain:
            yield plain


def check_form(file: BinaryIO) -> None:
    """Look at an encrypted archive without its key. Raises ArchiveProblem where its form alone shows that it is cut."""
    file.seek(0)
    header = file.read(_MOST_HEADER)
    end = header.find(b"\n" + _END)
    after = header.find(b"\n", end + 1) + 1
    if end < 0 or after <= 0 or not _STANZA.match(header[len(_MAGIC) :]):
        raise ArchiveProblem("it is encrypted, and its header is cut short or damaged")
    payload = file.seek(0, os.SEEK_END) - after - _NONCE
    if payload < _TAG or 0 < payload % (_CHUNK + _TAG) <= _TAG:
        raise ArchiveProblem("it is encrypted, and cut short")


@contextmanager
def _opened(file: BinaryIO, identities: Sequence[Any]) -> Iterator[BinaryIO]:
    library = _pyrage()
    file.seek(0)
    with open_spool() as plain:
        try:
            library.decrypt_io(file, plain, identities)
        except library.DecryptError as error:
            other = "matching" in str(error)
            raise ArchiveProblem(
                "it is encrypted to other keys than those of the identity file"
                if other
                else "it is encrypted, and cut short or damaged"
            ) from None
        except OSError as error:
            if error.errno is not None:
                raise
            raise ArchiveProblem("it is encrypted, and cut short or damaged") from None
        yield plain


def _pyrage() -> Any:  # noqa: ANN401 - pyrage is not typed
    try:
        import pyrage  # noqa: PLC0415 - an extra
    except ImportError:
        raise UsageProblem(f"for encrypted archives pyrage has to be installed: {to_install('encryption')}") from None
    return pyrage
