"""`rotation.auto`: when a rotation that nobody asked for is due."""

from dataclasses import replace

import pytest

from baileys_cleanup.decision.names import Kind
from baileys_cleanup.decision.policy import DAY
from baileys_cleanup.errors import CleanupError
from baileys_cleanup.rotation.auto import rotate_when_due, why_not
from baileys_cleanup.rotation.journal import read_journals, write_journal
from baileys_cleanup.rotation.states import Journal, State
from baileys_cleanup.rotation.walk import Connections
from baileys_cleanup.settings.values import Rotate, Settings
from baileys_cleanup.store.folder.small_records import FolderRecords

from ..commands.helpers import WORLD
from ..helpers import NOW, OTHER, creds, names, put

SOFT = Rotate(stop_command=("sh", "-c", ":"), start_command=("sh", "-c", ":"), auto="soft")
LAST = Journal("r", "7", fresh=False, bot_pairs=False, started=NOW - 30 * DAY, state=State.STARTED)
DOORS = Connections(lambda _: None, lambda _: None, lambda *_: None, lambda *_: None)


@pytest.mark.parametrize(
    ("rotate", "counted", "last", "reason"),
    [
        (SOFT, 171, None, None),
        (SOFT, 170, None, "rotate.above"),
        (SOFT, None, None, "could not be counted"),
        (Rotate(), 171, None, "is off"),
        (replace(SOFT, start_command=None), 171, None, "not both set"),
        (replace(SOFT, stop_command=None), 171, None, "not both set"),
        (replace(SOFT, above=200), 200, None, "rotate.above is 200"),
        (replace(SOFT, above=200), 201, None, None),
        (SOFT, 171, LAST, None),
        (SOFT, 171, LAST._replace(started=LAST.started + 1), "less than 30 days"),
        (SOFT, 171, LAST._replace(state=State.ROLLED_BACK, started=NOW - DAY), "less than 30 days"),
        (SOFT, 171, LAST._replace(state=State.BUILT), "still open"),
        (replace(SOFT, min_days=1), 171, LAST._replace(started=NOW - DAY), None),
        (SOFT, 171, LAST._replace(started=NOW + DAY), "less than 30 days"),
    ],
)
def test_it_is_due_above_the_limit_and_not_too_often(rotate, counted, last, reason):
    """Asked for, stoppable, above the limit, and the last one (also one that failed) long enough ago; to the second."""
    said = why_not(rotate, counted, last, NOW)
    assert (reason is None) == (said is None)
    assert said is None or reason in said


def test_what_is_due_is_done_softly_and_once(place, tool):
    """The company is rotated and its pairing stays; the next time it is too soon, without a question to the folder."""
    put(place / "company_7", "creds.json", creds())
    put(place / "company_7", f"session-{OTHER}.0.json")
    settings = Settings(str(place), rotate=SOFT)
    done = rotate_when_due(settings, "7", 171, WORLD, DOORS)
    assert (State.STARTED, ["creds.json"]) == (done.journal.state, names(place / "company_7"))
    assert "less than 30 days" in rotate_when_due(settings, "7", 171, WORLD, DOORS).reason
    write_journal(FolderRecords(tool), read_journals(FolderRecords(tool)).readable[0]._replace(started=NOW - 31 * DAY))
    assert done.journal.run_id != rotate_when_due(settings, "7", 171, WORLD, DOORS).journal.run_id


def test_what_is_not_due_touches_nothing(place):
    """Not even the tool's own folder is made."""
    put(place / "company_7", "creds.json", creds())
    assert "is off" in rotate_when_due(Settings(str(place)), "7", 171, WORLD, DOORS).reason
    assert ["company_7"] == names(place)


def test_a_rotation_of_no_use_is_not_made_and_said(place):
    """What the new folder would still have counts as a cleanup counts; above the limit nothing is touched, and that is told."""
    put(place / "company_7", "creds.json", creds())
    for number in range(60):
        put(place / "company_7", f"session-1555200{number:04}.0.json")
    for number in range(170):
        put(place / "company_7", f"lid-mapping-1555{number:07}.json")
    before = names(place / "company_7")
    settings = Settings(str(place), rotate=SOFT)
    said = rotate_when_due(settings, "7", 231, WORLD, DOORS)
    assert ("the new folder would still have 171 counted files; rotate.above is 170", True) == said
    assert (["company_7"], before) == (names(place), names(place / "company_7"))
    own = replace(settings, company_levels={"7": {"not_counted": (Kind.LID_MAPPING,)}})
    assert State.STARTED is rotate_when_due(own, "7", 231, WORLD, DOORS).journal.state


def test_what_cannot_be_looked_at_is_left_to_the_rotation(place):
    """It says better what is wrong."""
    with pytest.raises(CleanupError):
        rotate_when_due(Settings(str(place), rotate=SOFT), "7", 171, WORLD, DOORS)
