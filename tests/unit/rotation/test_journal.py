"""`rotation.journal`: what is known of a rotation after a crash."""

import json
from types import SimpleNamespace

import pytest

from baileys_cleanup.errors import ServerGone, UsageProblem
from baileys_cleanup.rotation.journal import read_journals, way_on, write_journal
from baileys_cleanup.rotation.states import Journal, State
from baileys_cleanup.store.folder.small_records import FolderRecords

from ..helpers import NOW, names

FIRST = Journal("20261122T030000Z-0001", "7", fresh=False, bot_pairs=False, started=NOW, state=State.STARTED)
LATER = Journal("20261123T030000Z-0001", "7", True, True, NOW + 1, State.TIMED_OUT, halted=True, backup="in the cellar")
NOTHING = Journal(
    "20261124T030000Z-0001",
    "7",
    False,
    False,
    NOW + 3,
    State.STARTED,
    pairing="15550000001:7",
    in_place=True,
    empty=True,
)
OTHER = Journal("20261123T030000Z-0002", "a\udcff{}", fresh=True, bot_pairs=False, started=NOW + 2)


def test_what_was_written_is_read(tool):
    """Every field comes back, also an id that is no UTF-8; the last of a company and the open ones are found."""
    for journal in (LATER, OTHER, FIRST):
        assert journal is write_journal(FolderRecords(tool), journal)
    journals = read_journals(FolderRecords(tool))
    assert ([FIRST, LATER, OTHER], []) == (journals.readable, journals.broken)
    assert (LATER, None) == (journals.last_of("7"), journals.last_of("8"))
    assert {"7": LATER, OTHER.company_id: OTHER} == journals.open()


def test_the_last_one_is_told_by_its_start(tool):
    """Two rotations of one second have ids in any order; the later start is the later one."""
    later = FIRST._replace(run_id="20261122T030000Z-0000", started=NOW + 1)
    for journal in (later, FIRST):
        write_journal(FolderRecords(tool), journal)
    assert later == read_journals(FolderRecords(tool)).last_of("7")


@pytest.mark.parametrize("ended", [NOTHING, NOTHING._replace(state=State.ROLLED_BACK, empty=False, untouched=True)])
def test_one_that_changed_nothing_is_to_be_taken_back_only_until_it_has_ended(tool, ended):
    """It is read as it was written, and the way back is that of the one before it; it is the last one all the same."""
    write_journal(FolderRecords(tool), FIRST)
    for journal, undoable in ((ended._replace(state=State.REMOVED), None), (ended, FIRST)):
        write_journal(FolderRecords(tool), journal)
        journals = read_journals(FolderRecords(tool))
        assert [FIRST, journal] == journals.readable
        assert (undoable or journal, journal) == (journals.undoable_of("7"), journals.last_of("7"))


def test_one_that_was_taken_back_is_the_end_of_the_way_back(tool):
    """What it had changed is as it was: who asks once more does not lose the rotation before it as well."""
    for journal in (FIRST, LATER._replace(state=State.ROLLED_BACK)):
        write_journal(FolderRecords(tool), journal)
    assert State.ROLLED_BACK is read_journals(FolderRecords(tool)).undoable_of("7").state


LATE = {"pairing", "in_place", "empty", "untouched"}


def test_a_journal_of_an_earlier_version_is_read(tool, place):
    """It says less: no pairing, nothing of a database."""
    write_journal(FolderRecords(tool), FIRST)
    path = place / ".baileys-cleanup" / "rotations" / f"{FIRST.run_id}.json"
    said = json.loads(path.read_text())
    path.write_text(json.dumps({name: said[name] for name in said if name not in LATE}))
    assert ([FIRST], []) == read_journals(FolderRecords(tool))


def test_reading_leaves_no_trace(tool, place):
    """Where nothing was ever rotated there is nothing, and no folder is made; a dry run may have no tool's folder."""
    assert ([], []) == read_journals(FolderRecords(tool)) == read_journals(FolderRecords(None))
    assert "rotations" not in names(place / ".baileys-cleanup")


@pytest.mark.parametrize(
    "change",
    [
        {"state": "flying"},
        {"started": "now"},
        {"started": True},
        {"fresh": 1},
        {"company": 7},
        {"backup": None},
        {"halted": None},
        {"empty": "no"},
        {"untouched": "no"},
    ],
)
def test_a_journal_that_makes_no_sense_is_named(tool, place, change):
    """A wrong value makes a journal unreadable, and unreadable journals are named, never passed over."""
    write_journal(FolderRecords(tool), FIRST)
    path = place / ".baileys-cleanup" / "rotations" / f"{FIRST.run_id}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    assert ([], [FIRST.run_id]) == read_journals(FolderRecords(tool))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"company": "7"}'])
def test_half_a_journal_is_named(tool, place, text):
    """So is one that is torn."""
    write_journal(FolderRecords(tool), FIRST)
    (place / ".baileys-cleanup" / "rotations" / "torn.json").write_text(text)
    assert ([FIRST], ["torn"]) == read_journals(FolderRecords(tool))


def test_a_temporary_file_of_a_killed_run_is_no_journal(tool, place):
    """What was not renamed yet says nothing."""
    write_journal(FolderRecords(tool), FIRST)
    (place / ".baileys-cleanup" / "rotations" / "x.json.new").write_text("{")
    assert [FIRST] == read_journals(FolderRecords(tool)).readable


def test_the_way_on_has_both_commands():
    """The sentence names the state and the commands, with the options that lead to the same root."""
    text = way_on(LATER, " --sessions-root /x")
    assert "not paired" in text
    for option in ("--resume", "--rollback"):
        assert f"baileys-cleanup rotate --company 7 {option} --sessions-root /x" in text


def test_an_id_is_safe_to_paste():
    """What the shell would take apart or run is quoted."""
    text = way_on(OTHER._replace(company_id="x; touch y"), " --config /z")
    assert "rotate --company 'x; touch y' --resume --config /z" in text


@pytest.mark.parametrize("part", ["names", "read"])
def test_journals_that_a_server_does_not_tell_now_are_no_broken_ones(part):
    """An open rotation that nobody sees would hold nothing: nothing goes on. What is no journal is named instead."""

    def gone(*_):
        raise ServerGone("the connection broke")

    records = SimpleNamespace(names=lambda _: ["a"], read=lambda *_: {"state": "x"}, where=lambda _: "redis://h/0")
    assert ["a"] == read_journals(records).broken
    setattr(records, part, gone)
    with pytest.raises(UsageProblem, match="the journals of rotations, redis://h/0, cannot be read now"):
        read_journals(records)
