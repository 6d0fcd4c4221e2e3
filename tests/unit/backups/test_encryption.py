"""`backups.encryption`: what is sealed opens with its key and with no other, and damage is a sentence."""

import io
import os

import pyrage
import pytest

from baileys_cleanup.backups.encryption import Sealing, check_form, is_sealed, read_identities, unsealed
from baileys_cleanup.errors import ArchiveProblem, UsageProblem

KEY = pyrage.x25519.Identity.generate()
OTHER = pyrage.x25519.Identity.generate()
PLAIN = os.urandom(200_000)


@pytest.fixture(scope="module")
def sealed():
    """Give some bytes, sealed to KEY."""
    out = io.BytesIO()
    Sealing([str(KEY.to_public())]).seal(io.BytesIO(PLAIN), out)
    return out.getvalue()


def opened(data, *identities):
    """Give what is inside."""
    with unsealed(io.BytesIO(data), identities) as plain:
        plain.seek(0)
        return plain.read()


def test_its_key_opens_it(sealed):
    """What went in comes out; nothing of it stands there in the clear."""
    assert is_sealed(io.BytesIO(sealed))
    assert opened(sealed, OTHER, KEY) == PLAIN
    assert PLAIN[:64] not in sealed


def test_it_is_read_back_without_a_key_of_the_operators():
    """The run that made it can read it once more, and nothing of the key for that is in the file."""
    sealing, out = Sealing([str(KEY.to_public())]), io.BytesIO()
    sealing.seal(io.BytesIO(b"whole"), out)
    with sealing.read_back(out) as plain:
        plain.seek(0)
        assert b"whole" == plain.read()
    assert str(sealing._passing).encode() not in out.getvalue()
    with pytest.raises(ArchiveProblem, match="to other keys"), Sealing([str(KEY.to_public())]).read_back(out):
        pass


def test_another_key_is_a_sentence(sealed):
    """Neither a traceback nor half a file."""
    with pytest.raises(ArchiveProblem, match="to other keys than those of the identity file"):
        opened(sealed, OTHER)
    with pytest.raises(ArchiveProblem, match="--identity FILE"):
        opened(sealed)


def test_what_is_not_sealed_is_as_it_is():
    """An archive in the clear needs no key."""
    assert b"\x1f\x8b..." == opened(b"\x1f\x8b...")
    assert not is_sealed(io.BytesIO(b""))


@pytest.mark.parametrize("end", [0, 30, 100, 250, 400, 70_000, -1, -100_000])
def test_a_cut_is_found_by_who_has_the_key(sealed, end):
    """Wherever it is cut."""
    cut = sealed[:end]
    with pytest.raises(ArchiveProblem, match=r"cut short|to other keys"):
        opened(cut if is_sealed(io.BytesIO(cut)) else b"age-encryption.org/v1\n" + cut, KEY)


def test_a_byte_that_changed_is_found(sealed):
    """The format checks all it holds."""
    for at in (40, 300, 1_000, len(sealed) - 1):
        spoiled = bytearray(sealed)
        spoiled[at] ^= 1
        with pytest.raises(ArchiveProblem):
            opened(bytes(spoiled), KEY)


@pytest.mark.parametrize(("end", "good"), [(None, True), (30, False), (100, False), (-200_060, False)])
def test_its_form_tells_something_without_a_key(sealed, end, good):
    """A header that is cut is found; nobody claims to have read what is inside."""
    file = io.BytesIO(sealed[:end])
    if good:
        check_form(file)
    else:
        with pytest.raises(ArchiveProblem, match="cut short"):
            check_form(file)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "cannot be read"),
        ("", "is no identity file"),
        ("# created: 2026\n", "is no identity file"),
        ("AGE-SECRET-KEY-1XX\n", "is no identity file"),
        ("age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p", "is no identity file"),
        ("age-encryption.org/v1\n", "is no identity file"),
    ],
)
def test_a_file_without_keys_is_a_sentence(tmp_path, text, says):
    """It names the file, says what one looks like, and repeats nothing of what is in it."""
    path = tmp_path / "key.txt"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UsageProblem, match=says) as problem:
        read_identities(str(path))
    assert "XX" not in str(problem.value)


def test_a_file_as_age_keygen_writes_it_is_read(tmp_path, sealed):
    """Comments, an empty line, several keys."""
    path = tmp_path / "key.txt"
    path.write_text(f"# created: 2026-11-22\n# public key: {OTHER.to_public()}\n{OTHER}\n\n{KEY}\n")
    assert PLAIN == opened(sealed, *read_identities(str(path)))


def test_a_recipient_that_is_none_is_a_sentence():
    """One with a slip of the pen, which the settings cannot see."""
    good = str(KEY.to_public())
    with pytest.raises(UsageProblem, match=r"backup\.recipients: age1.* is no age public key"):
        Sealing([good, f"{good[:-1]}{'q' if good[-1] != 'q' else 'p'}"])


def test_without_the_library_the_sentence_names_the_command(monkeypatch):
    """It is an extra."""
    monkeypatch.setitem(__import__("sys").modules, "pyrage", None)
    with pytest.raises(UsageProblem, match=r"pyrage has to be installed: .*encryption"):
        Sealing([str(KEY.to_public())])
