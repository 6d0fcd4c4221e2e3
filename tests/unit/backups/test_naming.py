"""`naming`: an archive's name says whose it is and when it was made, and nothing else is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baileys_cleanup.backups.naming import archive_name, read_archive_name

from ..helpers import NOW, SECOND

IDS = st.text(st.characters(exclude_characters="/\0", exclude_categories=()), min_size=1, max_size=40)


@given(IDS, st.integers(0, 4_000_000_000))
def test_a_name_says_what_was_put_in(company_id, seconds):
    """Whatever the company's id is, the name gives it back with the second."""
    assert (company_id, seconds * SECOND) == read_archive_name(archive_name(company_id, seconds * SECOND + 5))


def test_a_name_as_people_see_it():
    """The company's folder, and the time in UTC."""
    assert "company_962302-20261122T030000Z.tar.gz" == archive_name("962302", NOW)


@pytest.mark.parametrize(
    "name",
    [
        "company_-20261122T030000Z.tar.gz",
        "company_1-20261322T030000Z.tar.gz",
        "company_1-20261122T030000Z.tar.gz.part",
        "company_1-20261122T030000Z.tar",
        "company_1.tar.gz",
        ".company_1-20261122T030000Z.tar.gz",
        "other_1-20261122T030000Z.tar.gz",
        "company_1-２0261122T030000Z.tar.gz",
        "company_../x-20261122T030000Z.tar.gz",
    ],
)
def test_another_name_is_not_ours(name):
    """A name that is not whole, not a date, or leads elsewhere is no archive's."""
    assert read_archive_name(name) is None
