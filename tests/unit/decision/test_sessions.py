"""`sessions`: which session another one took the place of."""

import pytest

from baileys_cleanup.decision.sessions import is_replaced

MAPPINGS = {"lid-mapping-15550000002.json", "lid-mapping-100000000000002.json", "lid-mapping-old.json"}


@pytest.mark.parametrize(
    ("session", "replaced"),
    [
        ("session-15550000002.0.json", True),
        ("session-15550000002_128.99.json", True),
        ("session-15550000003.0.json", False),
        ("session-100000000000002_1.0.json", False),
        ("session-15550000002_129.0.json", False),
        ("session-old.json", False),
        ("session-old.x.json", False),
    ],
)
def test_only_a_phone_numbers_session_is_ever_replaced(session, replaced):
    """A LID's own session is in use, also where a phone number reads like it: gentle would take it from a chat."""
    assert replaced == is_replaced(session, MAPPINGS)
