"""Promise 13: a clock that stands a day behind or a year ahead of the last run is not believed."""

import tempfile

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from baileys_cleanup.cleaning.clock import check_clock
from baileys_cleanup.errors import Refused
from baileys_cleanup.store.folder.folder_store import open_store
from baileys_cleanup.store.folder.runs import write_last_start

from .worlds import DAY, NOW

YEAR = 365 * DAY
shifts = st.one_of(
    st.integers(-50 * YEAR, 200 * YEAR),
    st.integers(-2, 2).map(lambda off: off - DAY),
    st.integers(-2, 2).map(lambda off: off + YEAR),
)


@pytest.fixture(scope="module")
def tool():
    """Give the tool's own folder under a root of one's own."""
    with tempfile.TemporaryDirectory() as path, open_store(path) as root, root.workspace(create=True) as opened:
        yield opened


@given(shift=shifts)
@example(shift=10 * YEAR)
@example(shift=-10 * YEAR)
@example(shift=-DAY)
@example(shift=1 - DAY)
@example(shift=YEAR)
@example(shift=YEAR - 1)
@example(shift=0)
def test_a_clock_that_jumped_is_refused(tool, shift):
    """After a recorded run the clock may stand up to a day behind it or a year ahead, and not any further."""
    write_last_start(tool, NOW)
    if -DAY < shift < YEAR:
        check_clock(tool, NOW + shift)
    else:
        with pytest.raises(Refused, match="--accept-clock"):
            check_clock(tool, NOW + shift)
