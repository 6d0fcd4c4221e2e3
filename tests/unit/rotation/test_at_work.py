"""`at_work`: what ends the work on a rotation is said as what it is."""

import errno

import pytest

from baileys_cleanup.errors import CleanupError, ServerGone
from baileys_cleanup.rotation.at_work import at_work
from baileys_cleanup.store.place import Place

from ..helpers import NOW


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ServerGone(errno.EIO, "the connection broke"), "the store {place} cannot be asked: the connection broke"),
        (OSError(errno.ENOSPC, "full"), "nothing can be written in {place}/.baileys-cleanup: the disk is full"),
    ],
)
def test_a_server_that_went_away_is_no_place_that_takes_no_writes(place, error, said):
    """It may have been asked for what it holds: only what was written is told as not written."""
    with pytest.raises(CleanupError) as caught, at_work(Place(str(place)), lambda: NOW, print):
        raise error
    assert said.format(place=place) == str(caught.value)
