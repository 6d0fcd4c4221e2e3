"""What all stores that are servers have in common: which words are ids of companies, and how one that is none is told."""

import pytest

from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.store.folder.root import open_root
from baileys_cleanup.store.passed_over import passed_over_in_words
from baileys_cleanup.store.server_store import ServerStore

NO_ID = "no company id; allowed: a name without a slash that is not empty, `.` or `..`"


class Server(ServerStore):
    """A server with these companies."""

    def __init__(self, *ids):
        super().__init__("postgresql://db/x", ())
        self._ids = ids

    def list_raw(self):
        """Give the ids."""
        return self._ids

    def is_there(self, raw_id):
        """Look the id up."""
        return raw_id in self._ids

    def why_it_cannot_write(self):
        """Let it write."""

    def expect(self, ids):
        """Expect nothing."""


@pytest.mark.parametrize("asked", ["", ".", "..", "a/b", "company_", "company_.."])
def test_a_word_that_is_no_id_is_told_as_that(asked, place):
    """What it is, and what is allowed, of a database as of a folder."""
    with pytest.raises(UsageProblem) as caught:
        Server("1").select([asked])
    assert f"--company {asked!r}: {NO_ID}" == str(caught.value)
    with open_root(str(place)) as root, pytest.raises(UsageProblem) as caught:
        root.select([asked])
    assert str(caught.value).startswith(f"--company {asked!r}: {NO_ID}")


def test_what_is_passed_over_can_be_seen():
    """An empty id, too, which a table without constraints may have."""
    told = passed_over_in_words(Server("1", "", "a/b", "..").passed_over())
    assert [(f"passed over: '', .., a/b: {NO_ID}", True)] == told
