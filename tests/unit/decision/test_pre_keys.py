"""`pre_keys`: when so few are there that none can be of a batch that WhatsApp still hands out."""

import pytest

from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.decision.pre_keys import may_hold_batch


@pytest.mark.parametrize(("count", "guarded", "may"), [(150, True, True), (149, True, False), (150, False, False)])
def test_a_batch_is_looked_for_where_a_hundred_are_over_the_cap(count, guarded, may):
    """With one fewer, or the guard switched off, a monitor need not look at their dates."""
    assert may == may_hold_batch(count, Policy(keep_advertised_pre_keys=guarded))
