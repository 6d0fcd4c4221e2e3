"""`account`: what is taken from creds.json, and what is said when it cannot be."""

import json

import pytest

from baileys_cleanup.decision.account import ABSENT, Account, read_account, unreadable
from baileys_cleanup.decision.names import Address
from baileys_cleanup.decision.pairing import Pairing
from baileys_cleanup.errors import CredsUnreadable

from ..helpers import LID, OWN, PN, creds


def with_me(me):
    """Read an account whose creds have this `me`."""
    return read_account(json.dumps({"me": me, "nextPreKeyId": 31, "firstUnuploadedPreKeyId": 30}).encode())


def test_a_healthy_file_tells_devices_and_counters():
    """Phone number, LID and both counters are taken, and nothing is wrong."""
    assert Account(True, OWN, 31, 30, pairing=Pairing(PN, 7)) == read_account(creds(31, 30))


@pytest.mark.parametrize(
    ("me", "devices"),
    [
        ({"id": f"{PN}@s.whatsapp.net"}, {(PN, 0)}),
        ({"id": f"{PN}:7@s.whatsapp.net"}, {(PN, 7)}),
        ({"id": f"{PN}_1:7@s.whatsapp.net", "lid": None}, {(PN, 7)}),
        ({"id": f"{PN}:7@s.whatsapp.net", "lid": f"{LID}:7@lid"}, {(PN, 7), (LID, 7)}),
        ({"id": "nobody", "lid": f"{LID}@lid"}, {(LID, 0)}),
        (None, set()),
    ],
)
def test_me_gives_the_devices(me, devices):
    """`me.id` and `me.lid` give (user, device); the first device is written without a number."""
    account = with_me(me)
    assert devices == account.devices
    assert account.problem is None


@pytest.mark.parametrize("me", [{}, [], "x", 5, {"id": 5}, {"id": ""}, {"id": f"{PN}:7"}, {"id": "x@s.whatsapp.net"}])
def test_a_me_that_names_nobody_is_a_problem(me):
    """A paired account that cannot be read names nobody and says so."""
    account = with_me(me)
    assert (True, frozenset()) == (account.present, account.devices)
    assert "me.id" in account.problem


@pytest.mark.parametrize("value", ["31", 31.0, True, None, [31], {}, 0, -5])
def test_a_counter_that_is_no_whole_number_is_a_problem(value):
    """Text, fractions, truth values, and what is below 1 are no counters: the value is dropped, and the key is named."""
    account = read_account(json.dumps({"nextPreKeyId": value, "firstUnuploadedPreKeyId": value}).encode())
    assert (None, None) == (account.next_pre_key, account.first_not_uploaded)
    assert "nextPreKeyId" in account.problem
    assert "firstUnuploadedPreKeyId" in account.problem


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"{", "is not valid JSON"),
        (b'{"me": ', "is not valid JSON"),
        (b"\xff\xfe\xff", "is not valid JSON"),
        (b"[" * 100_000, "is not valid JSON"),
        (b"[]", "is not a JSON object"),
        (b"null", "is not a JSON object"),
        (b'"creds"', "is not a JSON object"),
    ],
)
def test_bytes_that_are_no_object_are_unreadable(data, why):
    """Anything but a JSON object raises, so that it can be read once more."""
    with pytest.raises(CredsUnreadable, match=why):
        read_account(data)


def test_key_material_is_dropped():
    """Nothing but the four values leaves the file, also not in the text of a problem."""
    secret = {"private": {"type": "Buffer", "data": "c2VjcmV0"}}
    account = read_account(creds(None, noiseKey=secret, signedIdentityKey=secret, advSecretKey="c2VjcmV0"))
    assert "c2VjcmV0" not in repr(account)


@pytest.mark.parametrize(
    ("address", "key", "session"),
    [
        (Address(PN, None, 7), True, True),
        (Address(PN, 128, 7), True, True),
        (Address(LID, 1, 7), True, True),
        (Address(LID, 1, 0), False, True),
        (Address("15550000002", None, 7), False, False),
    ],
)
def test_own_keys_are_this_devices_and_own_sessions_this_users(address, key, session):
    """A sender key is own by user and device, a session by user; the domain never matters."""
    account = Account(True, OWN)
    assert (key, session) == (account.owns_key(address), account.owns_session(address))


def test_absent_and_unreadable_tell_who_they_are():
    """A missing file and a broken one both own nothing and say so, and only one of them is present."""
    assert (False, True) == (ABSENT.present, unreadable("is empty").present)
    assert "missing" in ABSENT.problem
    assert "is empty" in unreadable("is empty").problem
    assert not ABSENT.owns_session(Address(PN, None, 7))


@pytest.mark.parametrize(
    ("data", "unknown"),
    [
        (b"{}", True),
        (creds(), False),
        (b'{"me": {"id": "nobody"}, "nextPreKeyId": 31, "firstUnuploadedPreKeyId": 31}', True),
        (b'{"nextPreKeyId": 31, "firstUnuploadedPreKeyId": 31}', False),
    ],
)
def test_unknown_is_who_cannot_be_told(data, unknown):
    """An account is unknown where creds.json is broken, and not where it says that nobody is paired yet."""
    assert unknown == read_account(data).unknown
    assert (True, True) == (ABSENT.unknown, unreadable("is empty").unknown)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_what_baileys_cannot_read_is_unreadable(encoding):
    """Baileys reads UTF-8 alone and takes anything else for a new identity."""
    with pytest.raises(CredsUnreadable, match="not valid JSON"):
        read_account('{"me": {"id": "15550000001:7@s.whatsapp.net"}}'.encode(encoding))
