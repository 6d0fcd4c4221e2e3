"""`read_as`: whose keys those after an id are, where ids stand before keys."""

import pytest

from baileys_cleanup.store.postgresql.statements import read_as


@pytest.mark.parametrize(
    ("raw_id", "other"),
    [
        ("7", None),
        ("tenant:7", None),
        ("session-5.0", None),
        ("1:sessions", None),
        ("1:auth_creds", None),
        ("1:session-5.0", "1"),
        ("1:2:pre-key-", "1:2"),
        (":lid-mapping-x:7", ""),
    ],
)
def test_an_id_with_a_type_in_it_is_that_of_another_company(raw_id, other):
    """The first colon that a type follows ends the id."""
    assert other == read_as(raw_id)
