"""`pairing`: which login the keys belong to, and when two are the same."""

import base64
import hashlib

import pytest

from baileys_cleanup.decision.account import read_account
from baileys_cleanup.decision.pairing import Pairing, identity_of, is_same

from ..helpers import PN, creds

KEY = bytes(range(5, 37))
IDENTITY = hashlib.sha256(KEY).hexdigest()[:16]
IN_BASE64 = {"type": "Buffer", "data": base64.b64encode(KEY).decode()}
ONE = Pairing(PN, 7, IDENTITY)


@pytest.mark.parametrize("public", [IN_BASE64, {"type": "Buffer", "data": list(KEY)}])
def test_a_pairing_is_number_device_and_public_key(public):
    """User and device of me.id and the public identity key make the pairing, in both ways that Node writes bytes."""
    private = {"type": "Buffer", "data": base64.b64encode(b"secret" * 6).decode()}
    account = read_account(creds(signedIdentityKey={"private": private, "public": public}))
    assert ONE == account.pairing
    assert 16 == len(account.pairing.identity)


@pytest.mark.parametrize(
    "value",
    [None, "x", [], {}, {"public": None}, {"public": {}}, {"public": {"data": ""}}, {"public": {"data": 10**12}}]
    + [{"public": {"data": data}} for data in ("c4n4ryK3yM4t3r14l", [300], ["x"], [True], [-1], None, 5.0, {"0": 1})],
)
def test_a_key_that_is_none_gives_no_identity(value):
    """Whatever stands where the key should be, nothing breaks and nothing is made up."""
    assert identity_of({"signedIdentityKey": value}) is None
    assert Pairing(PN, 7) == read_account(creds(signedIdentityKey=value)).pairing


def test_without_an_id_there_is_no_pairing():
    """A creds.json that is not paired, or names a LID alone, tells no pairing."""
    assert read_account(b"{}").pairing is None
    assert read_account(b'{"me": {"id": "x", "lid": "100000000000001:7@lid"}}').pairing is None


OTHER_KEY = ONE._replace(identity="0" * 16)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (ONE, ONE, True),
        (ONE, OTHER_KEY, False),
        (ONE, ONE._replace(device=8), False),
        (ONE, ONE._replace(user="15550000002", identity=None), False),
        (ONE, ONE._replace(identity=None), None),
        (Pairing(PN, 7), Pairing(PN, 7), True),
        (ONE, None, None),
        (None, None, None),
    ],
)
def test_two_pairings_are_compared(one, other, same):
    """Another number, device or key is another pairing; what is not told cannot be compared."""
    assert (same, same) == (is_same(one, other), is_same(other, one))


@pytest.mark.parametrize("pairing", [ONE, Pairing(PN, 0), OTHER_KEY])
def test_a_record_gives_back_what_was_written(pairing):
    """The text of a pairing reads back as that pairing."""
    assert pairing == Pairing.read(str(pairing))


@pytest.mark.parametrize("text", [None, "", "x", 5, {}, "1:2 zz", f"{PN}:7 ", f"{PN}:7  {IDENTITY}", f"{PN}:7\n"])
def test_what_is_no_pairing_reads_as_none(text):
    """Anything else in a record is no pairing."""
    assert Pairing.read(text) is None
