"""`cleaning.copies`: folders that only look like companies, and two folders of one device."""

import pytest

from baileys_cleanup.cleaning.copies import SameDevice, copies_of, told_of_copy
from baileys_cleanup.decision.pairing import Pairing

from ..helpers import creds, put


@pytest.mark.parametrize("tail", [".bak-20260901", "_old", " (copy)", "-2"])
def test_a_copy_with_a_tail_is_known_by_its_pairing(root, place, tail):
    """The same login under the same name with a tail is a copy; another login there is a company."""
    put(place / "company_1", "creds.json", creds())
    put(place / f"company_1{tail}", "creds.json", creds())
    assert {f"1{tail}": "1"} == copies_of(root, ["1", f"1{tail}"])
    put(place / "company_1", "creds.json", creds(signedIdentityKey={"public": {"data": "BQ=="}}))
    put(place / f"company_1{tail}", "creds.json", creds(signedIdentityKey={"public": {"data": "Bg=="}}))
    assert {} == copies_of(root, ["1", f"1{tail}"])


def test_a_longer_number_is_no_copy(root, place):
    """A name that only begins alike is another company's."""
    for number in ("1", "12"):
        put(place / f"company_{number}", "creds.json", creds())
    assert {} == copies_of(root, ["1", "12"])


def test_what_is_said_of_a_copy_names_the_way_out():
    """The sentence has both names and the setting."""
    said = told_of_copy("1_old", "1")
    assert [] == [part for part in ("company 1_old", "company 1 ", 'exclude = ["1_old"]') if part not in said]


def test_the_second_folder_of_a_device_is_told_with_the_first():
    """The first of a device is told of nobody; the others name it; without a pairing nobody is told of."""
    devices = SameDevice()
    one = Pairing("15550000001", 7)
    assert devices.told_of("1", one) is None
    assert devices.told_of("2", Pairing("15550000001", 8)) is None
    assert devices.told_of("4", None) is None
    assert "15550000001:7) is also in company 1" in devices.told_of("3", one)
