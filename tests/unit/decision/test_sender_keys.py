"""`sender_keys`: which keys certainly are other devices', quickly and one by one."""

import pytest

from baileys_cleanup.decision.account import ABSENT
from baileys_cleanup.decision.sender_keys import others_keys

from ..helpers import GROUP, KNOWN, LID, OTHER, PN

OWN = [f"sender-key-{GROUP}--{PN}--7.json", f"sender-key-status@broadcast--{LID}_1--7.json"]
OTHERS = [f"sender-key-{GROUP}--{OTHER}--0.json", f"sender-key-status@broadcast--{OTHER}--0.json"]
OTHER_DEVICE = f"sender-key-{GROUP}--{PN}--0.json"
NOBODYS = f"sender-key-{GROUP}--{PN}_1_1--7.json"
OF_NO_GROUP = "sender-key-x.json"


@pytest.mark.parametrize(
    ("names", "others"),
    [
        (OTHERS, OTHERS),
        ([*OWN, *OTHERS], OTHERS),
        ([*OWN, *OTHERS, OTHER_DEVICE], [*OTHERS, OTHER_DEVICE]),
        ([*OWN, *OTHERS, NOBODYS], OTHERS),
        ([*OWN, *OTHERS, OTHER_DEVICE, OF_NO_GROUP], [*OTHERS, OTHER_DEVICE, OF_NO_GROUP]),
        ([], []),
    ],
)
def test_no_key_that_may_be_own_is_taken_for_another_devices(names, others):
    """Also where one name among them cannot be read: an own key that went by its own age would cost a whole group."""
    assert others == others_keys(names, KNOWN)
    assert [] == others_keys(names, ABSENT)
