"""`decision.devices`: two folders of one device."""

from baileys_cleanup.decision.devices import Devices
from baileys_cleanup.decision.pairing import Pairing


def test_the_second_folder_of_a_device_is_told_with_the_first():
    """The first of a device is told of nobody; the others name it; without a pairing nobody is told of."""
    devices = Devices()
    one = Pairing("15550000001", 7)
    assert [None] * 4 == [
        devices.shared(*each) for each in (("1", one), ("2", Pairing("15550000001", 8)), ("4", None), ("5", None))
    ]
    assert ("15550000001:7", "1") == devices.shared("3", one._replace(identity="0" * 16))


def test_a_second_look_changes_nothing():
    """Who is looked at again is told the same: a company never shares a device with itself."""
    devices = Devices()
    one = Pairing("15550000001", 7)
    looks = [devices.shared(company, one) for company in ("1", "2", "1", "2")]
    assert [None, "1", None, "1"] == [shared and shared.company_id for shared in looks]
