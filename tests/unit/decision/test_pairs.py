"""`pairs`: what comes back together or not at all."""

import pytest

from baileys_cleanup.decision.account import ABSENT
from baileys_cleanup.decision.pairs import binds, group_pairs

from ..helpers import GROUP, KNOWN, LID, OTHER, PN

MEMORY = f"sender-key-memory-{GROUP}.json"
OWN_KEYS = [f"sender-key-{GROUP}--{PN}--7.json", f"sender-key-{GROUP}--{LID}_1--7.json"]
OTHERS_KEY = f"sender-key-{GROUP}--{OTHER}--0.json"
STATUS = ["sender-key-memory-status@broadcast.json", f"sender-key-status@broadcast--{PN}--7.json"]
REST = ["creds.json", "session-1.0.json", "sender-key-x.json", *STATUS]


@pytest.mark.parametrize("account", [KNOWN, ABSENT])
def test_a_memory_comes_back_with_every_key_that_may_be_the_own_one(account):
    """Alone, it would tell Baileys that a group can read what nobody there can; where nobody is known, any may be own."""
    bound = OWN_KEYS if account is KNOWN else [*OWN_KEYS, OTHERS_KEY]
    other_group = {"1@g.us": ["sender-key-memory-1@g.us.json"]}
    names = [MEMORY, *OWN_KEYS, OTHERS_KEY, *other_group["1@g.us"], *REST]
    assert {GROUP: [MEMORY, *bound]} | other_group == group_pairs(names, account)


def test_a_key_is_bound_to_its_own_group_alone():
    """The own key of one group says nothing of another group's memory, and another's key of none."""
    assert binds(OWN_KEYS[0], GROUP, KNOWN)
    assert not binds(OWN_KEYS[0], "1@g.us", KNOWN)
    assert not binds(OTHERS_KEY, GROUP, KNOWN)
    assert binds(OTHERS_KEY, GROUP, ABSENT)
    assert not binds(STATUS[1], "status@broadcast", KNOWN)
