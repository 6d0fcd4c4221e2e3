"""`rotation.in_place`: a soft rotation of a company in a store that is no folder, one of dictionaries."""

import json
import sys
import time

import pytest
from click.testing import CliRunner

from baileys_cleanup import cli
from baileys_cleanup.errors import CleanupError
from baileys_cleanup.rotation import in_place
from baileys_cleanup.store import open as opening
from baileys_cleanup.store.store import ROTATIONS

from ..helpers import DAY, LID, OTHER, PN, creds
from ..store import memory

GOES = {
    f"session-{OTHER}.0.json",
    f"sender-key-1@g.us--{PN}--7.json",
    f"sender-key-1@g.us--{OTHER}--0.json",
    "sender-key-memory-1@g.us.json",
    "sender-key-memory-2@g.us.json",
}
STAYS = {"creds.json", f"session-{PN}.0.json", f"lid-mapping-{LID}.json", "unheard-of.json", "pre-key-30.json"}
NOTE = "import sys; open(sys.argv[1], 'a').write(sys.argv[2] + '\\n')"
MEMORY = "sender-key-memory-1@g.us.json"


@pytest.fixture
def company(monkeypatch):
    """Give a company in memory with young keys of every sort."""
    monkeypatch.setitem(opening.STORES, "memory", memory.__name__)
    memory.empty()
    now = time.time_ns()
    files = dict.fromkeys(sorted(GOES | STAYS), (b"{}", now - DAY))
    memory.COMPANIES["7"] = files | {"creds.json": (creds(), now - DAY)}
    yield memory.COMPANIES["7"]
    memory.empty()


@pytest.fixture
def bot(tmp_path, monkeypatch):
    """Give what a bot was told: its two commands write it down."""
    log = tmp_path / "bot"
    log.touch()
    for word in ("stop", "start"):
        command = [sys.executable, "-S", "-c", NOTE, str(log), word]
        monkeypatch.setenv(f"BAILEYS_CLEANUP_ROTATE__{word.upper()}_COMMAND", json.dumps(command))
    return lambda: log.read_text().split()


def rotate(*args, status=0):
    """Rotate, or what the options say; give what it said."""
    done = CliRunner().invoke(cli.commands, ["rotate", "--company", "7", "--yes", *args, "--store", "memory://all"])
    if isinstance(done.exception, CleanupError):
        assert status == done.exception.status, done.exception
        return str(done.exception)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert status == done.exit_code, done.output
    return done.stdout if "--json" in args else done.output


def document(*args, status=0):
    """Do the same, and give the one rotation of the document."""
    (found,) = json.loads(rotate(*args, "--json", status=status))["rotations"]
    return found


def test_what_a_new_folder_would_not_get_goes_and_comes_back(company, bot):
    """The bot is stopped meanwhile, the run can be undone, and a way back is printed that works."""
    before = dict(company)
    told = document()
    assert ("done", "started", {"seen": 10, "taken": 5, "left": 5}) == (told["status"], told["state"], told["files"])
    assert STAYS == set(company)
    assert ["stop", "start"] == bot()
    assert GOES == set(memory.KEPT.quarantine[told["run_id"]]["7"])
    said = rotate("--rollback")
    assert "5 keys brought back" in said
    assert before == company
    assert ["stop", "start"] * 2 == bot()
    assert "has no rotation" in rotate("--rollback", status=2)


def test_a_dry_run_says_every_key_and_changes_nothing(company, bot):
    """The names are those that the rotation then takes."""
    before = dict(company)
    planned = document("--dry-run")
    assert ["backed_up", "stopped", "removed", "started"] == [each["state"] for each in planned["steps"]]
    assert GOES == {each["file"] for each in planned["files_left"]}
    said = rotate("--dry-run")
    assert f"goes   session-{OTHER}.0.json" in said
    assert "what goes can come back for 7 days" in said
    assert (before, [], {}) == (company, bot(), memory.KEPT.runs)


def test_who_may_not_write_sees_the_plan_and_is_refused_the_rotation(company, bot, monkeypatch):
    """A dry run warns, in both forms, with status 0; the rotation is status 4 before the bot is stopped."""
    monkeypatch.setattr(memory.MemoryCompany, "doubt", lambda self: "a real run would remove nothing here: no right")
    planned = document("--dry-run")
    assert ("planned", GOES) == (planned["status"], {each["file"] for each in planned["files_left"]})
    assert ["a real run would remove nothing here: no right"] == planned["warnings"]
    said = rotate("--dry-run")
    assert "warning: a real run would remove nothing here: no right\n" in said
    assert "5 keys stay, 5 removed. Dry run: nothing was changed." in said
    assert "is not rotated: a real run would remove nothing here: no right" in rotate(status=4)
    assert (STAYS | GOES, []) == (set(company), bot())


def test_what_undo_brought_back_is_not_brought_back_again(company, bot):
    """`undo` takes it for a run like any other; then there is no way back left, and the bot is not disturbed."""
    before, run_id = dict(company), document()["run_id"]
    done = CliRunner().invoke(cli.commands, ["undo", run_id, "--store", "memory://all"])
    assert (0, before) == (done.exit_code, company), done.output
    assert "nothing of it lies in the quarantine" in rotate("--rollback", status=4)
    assert ["stop", "start"] == bot()


def test_one_that_finds_nothing_leaves_the_way_back_to_the_one_before(company, bot):
    """It says so, and names no way back: the last rotation is the one that removed something."""
    before = dict(company)
    rotate()
    said = rotate()
    assert "there was nothing to move into the quarantine" in said
    assert "--rollback" not in said
    assert "5 keys brought back" in rotate("--rollback")
    assert before == company


def test_one_that_found_nothing_and_was_cut_short_is_ended_first(company, bot):
    """By either command; after that the one before it is the last again."""
    before = dict(company)
    rotate()
    run_id = document()["run_id"]
    memory.KEPT.records[ROTATIONS][run_id]["state"] = "removed"
    told = document("--rollback")
    assert (run_id, "rolled_back") == (told["run_id"], told["status"])
    assert STAYS == set(company)
    assert "5 keys brought back" in rotate("--rollback")
    assert before == company


def test_where_no_rotation_found_anything_there_is_none_to_take_back(company, bot):
    """Status 2, and the bot is not disturbed."""
    for name in GOES:
        del company[name]
    rotate()
    assert "has no rotation" in rotate("--rollback", status=2)
    assert ["stop", "start"] == bot()


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_a_fresh_one_is_refused(company, bot, options):
    """Status 2, one sentence, nothing changed."""
    assert "--fresh begins with an empty folder, and the store is a database" in rotate("--fresh", *options, status=2)
    assert (STAYS | GOES, []) == (set(company), bot())


def test_without_a_way_back_it_is_refused(company, bot, monkeypatch):
    """Where nothing is kept in the quarantine nothing goes there."""
    monkeypatch.setenv("BAILEYS_CLEANUP_UNDO_DAYS", "0")
    assert "undo_days is 0" in rotate(status=2)
    assert (STAYS | GOES, []) == (set(company), bot())


def test_a_bot_that_keeps_writing_loses_nothing(company, bot, monkeypatch):
    """All goes or none: where one key is another by the time of the removal, all stay, and the bot is started again."""
    take = memory.MemoryWorkspace.take_all

    def late(self, run, company, removals, pairing):
        company.files[MEMORY] = (b"new", time.time_ns())
        return take(self, run, company, removals, pairing)

    monkeypatch.setattr(memory.MemoryWorkspace, "take_all", late)
    monkeypatch.setattr(in_place, "TRIES", 2)
    assert "its keys keep changing" in rotate(status=4)
    assert STAYS | GOES == set(company)
    assert ["stop", "start"] == bot()


def test_one_that_wrote_once_is_looked_at_again(company, bot, monkeypatch):
    """A second look decides over what is there by then."""
    take, looks = memory.MemoryWorkspace.take_all, []

    def late(self, run, company, removals, pairing):
        looks.append(1)
        if len(looks) == 1:
            company.files[MEMORY] = (b"new", time.time_ns())
        return take(self, run, company, removals, pairing)

    monkeypatch.setattr(memory.MemoryWorkspace, "take_all", late)
    rotate()
    assert (STAYS, 2) == (set(company), len(looks))


def test_killed_behind_the_removal_it_goes_on_with_the_start(company, bot):
    """The quarantine tells that the removal was made, whatever the journal says; until then nobody else cleans."""
    run_id = document()["run_id"]
    journal = memory.KEPT.records[ROTATIONS][run_id]
    journal["state"] = "stopped"
    done = CliRunner().invoke(cli.commands, ["clean", "--json", "--store", "memory://all"])
    assert 4 == done.exit_code
    told = document("--resume")
    assert ("done", STAYS) == (told["status"], set(company))
    assert ["stop", "start", "start"] == bot()


def test_killed_before_the_removal_it_can_be_taken_back(company, bot):
    """Nothing was moved: the bot is started, and that is all."""
    run_id = document()["run_id"]
    memory.KEPT.records[ROTATIONS][run_id]["state"] = "stopping"
    memory.COMPANIES["7"].update(memory.KEPT.quarantine.pop(run_id)["7"])
    assert "rolled_back" == document("--rollback")["status"]
    assert STAYS | GOES == set(company)
    assert ["stop", "start", "start"] == bot()


def test_a_newer_key_wins_over_the_way_back(company, bot):
    """What the bot made since stays, the old one lies in the quarantine, and the status says so."""
    document()
    new = (b"new", time.time_ns())
    company[f"session-{OTHER}.0.json"] = new
    said = rotate("--rollback", status=1)
    assert "something of that name exists by now" in said
    assert new == company[f"session-{OTHER}.0.json"]
    assert STAYS | GOES == set(company)


def test_keys_of_another_pairing_never_come_back(company, bot):
    """Paired anew since: refused before the bot is stopped, whatever is said."""
    document()
    other = creds(me={"id": "15550000009:3@s.whatsapp.net"})
    company["creds.json"] = (other, time.time_ns())
    for words in ((), ("--anyway",)):
        assert "they are of another pairing" in rotate("--rollback", *words, status=4)
    assert (STAYS, ["stop", "start"]) == (set(company), bot())


def test_creds_that_name_nobody_are_no_pairing_to_keep(company, bot):
    """Softly there is nothing to do then: status 4."""
    company["creds.json"] = (json.dumps({"me": {}}).encode(), time.time_ns())
    assert "cannot be rotated softly" in rotate(status=4)
    assert (STAYS | GOES, []) == (set(company), bot())


def test_a_stop_command_that_fails_ends_it(company, bot, monkeypatch):
    """Nothing went, and no second bot is started."""
    monkeypatch.setenv("BAILEYS_CLEANUP_ROTATE__STOP_COMMAND", '["false"]')
    assert "was not rotated" in rotate(status=1)
    assert (STAYS | GOES, []) == (set(company), bot())


def test_one_that_was_taken_back_before_it_removed_anything_leaves_the_way_back_to_the_one_before(
    company, bot, monkeypatch
):
    """Also one that was taken back by hand; once that one is taken back as well, there is none."""
    before = dict(company)
    rotate()
    with monkeypatch.context() as patch:
        patch.setenv("BAILEYS_CLEANUP_ROTATE__STOP_COMMAND", '["false"]')
        assert "was not rotated" in rotate(status=1)
    assert "5 keys brought back" in rotate("--rollback")
    assert before == company
    assert "no rotation" in rotate("--rollback", status=2)
    assert before == company
