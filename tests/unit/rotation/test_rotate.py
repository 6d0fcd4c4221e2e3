"""`rotation.rotate` and `rotation.steps`: what a rotation says, sends and asks for on its way."""

from dataclasses import replace

import pytest

from baileys_cleanup.errors import CleanupError, LockHeld, Refused, UsageProblem
from baileys_cleanup.rotation import rotate as use
from baileys_cleanup.rotation.journal import read_journals, write_journal
from baileys_cleanup.rotation.pairing import Ending
from baileys_cleanup.rotation.states import State
from baileys_cleanup.rotation.walk import Connections
from baileys_cleanup.settings.values import Rotate, Settings
from baileys_cleanup.store.folder.lock import hold_lock
from baileys_cleanup.store.folder.small_records import FolderRecords

from ..commands.helpers import WORLD
from ..helpers import OTHER, PN, creds, names, put

TRUE = Rotate(stop_command=("sh", "-c", ":"), start_command=("sh", "-c", ":"), qr_command=("sh", "-c", ":"))


class Ways:
    """Connections that note what goes through; `broken` makes the backup or the sending fail."""

    def __init__(self, broken=""):
        self.noted, self.broken = [], broken

    def note(self, word):
        """Give what notes a word and what came with it."""

        def through(*what):
            self.noted.append((word, *map(str, what)))
            if word == self.broken:
                raise CleanupError("no connection")
            return f"where the {word} is"

        return through

    def connections(self):
        """Give the connections."""
        words = ("say", "warn", "hear", "show", "backup", "notify")
        return Connections(**{word: self.note(word) for word in words}, again=" --config /x")

    def of(self, word):
        """Give what went through one door."""
        return [what for door, *what in self.noted if door == word]


@pytest.fixture
def company(place):
    """Make a company."""
    put(place / "company_7", "creds.json", creds())
    put(place / "company_7", f"session-{OTHER}.0.json")
    return place / "company_7"


def ending(monkeypatch, how, meanwhile=lambda: None):
    """Let the waiting for a QR code end somehow, after one code was shown."""

    def wait(*_, show, **__):
        show("2@a,b", 1)
        meanwhile()
        return how

    monkeypatch.setattr(use, "wait_for_pairing", wait)


def test_the_backup_comes_first_and_is_recorded(place, company, tool):
    """Where backups are made, one is made before the bot is stopped, and the journal says where it is."""
    ways = Ways()
    use.rotate(Settings(str(place), rotate=TRUE), "7", WORLD, ways.connections(), fresh=False)
    assert [["7"]] == ways.of("backup")
    assert "where the backup is" == read_journals(FolderRecords(tool)).readable[0].backup
    assert ["backup", "say"] == [door for door, *_ in ways.noted][:2]


def test_without_its_backup_nothing_is_touched(place, company, tool):
    """A backup that fails ends the rotation before the bot is stopped; nothing is open."""
    stop = Rotate(stop_command=("sh", "-c", "exit 1"), start_command=("sh", "-c", "exit 1"))
    with pytest.raises(CleanupError, match=r"not rotated: no connection\. Its folder is as it was"):
        use.rotate(Settings(str(place), rotate=stop), "7", WORLD, Ways("backup").connections(), fresh=False)
    assert (2, {}) == (len(names(company)), read_journals(FolderRecords(tool)).open())


@pytest.mark.parametrize(
    ("how", "state", "title"),
    [
        (Ending.PAIRED, State.STARTED, "company 7 is paired"),
        (Ending.TIMED_OUT, State.TIMED_OUT, "company 7 is NOT paired"),
    ],
)
def test_the_operator_is_sent_each_code_and_the_end(place, company, monkeypatch, *, how, state, title):
    """A picture for each code, and a message without one when it is over."""
    ending(monkeypatch, how)
    ways = Ways()
    done = use.rotate(Settings(str(place), rotate=TRUE), "7", WORLD, ways.connections(), fresh=True)
    assert state is done.journal.state
    (code, end) = ways.of("notify")
    assert ("scan to pair company 7", "QR code 1.") == tuple(code[:2])
    assert code[2].endswith(".png")
    assert (title, "None") == (end[0], end[2])
    assert "2@a,b" not in str(ways.of("notify") + ways.of("say"))


def test_what_cannot_be_sent_is_said_and_stops_nothing(place, company, monkeypatch):
    """A broken alert service is a warning; the rotation goes on."""
    ending(monkeypatch, Ending.PAIRED)
    ways = Ways("notify")
    assert use.rotate(Settings(str(place), rotate=TRUE), "7", WORLD, ways.connections(), fresh=True).journal.done
    assert 2 == sum("no connection" in text for (text,) in ways.of("warn"))


def test_the_end_of_a_pairing_waits_for_the_lock(place, company, tool, monkeypatch):
    """Another run that cleans meanwhile does not cost the pairing its journal."""
    held = hold_lock(tool)
    ending(monkeypatch, Ending.PAIRED, held.__enter__)
    waits = []

    def wait():
        waits.append(1)
        if len(waits) == 3:
            held.__exit__(None, None, None)

    done = use.rotate(
        Settings(str(place), rotate=TRUE), "7", WORLD._replace(wait=wait), Ways().connections(), fresh=True
    )
    assert (True, 3) == (done.journal.done, len(waits))


def test_a_lock_that_is_never_let_go_leaves_the_journal_open(place, company, tool, monkeypatch):
    """Then it says that it is paired but not over, with the way on."""
    monkeypatch.setattr(use, "_MOST_TRIES", 3)
    held = hold_lock(tool)
    ending(monkeypatch, Ending.PAIRED, held.__enter__)
    with pytest.raises(CleanupError, match=r"another run.*--resume --config /x"):
        use.rotate(Settings(str(place), rotate=TRUE), "7", WORLD, Ways().connections(), fresh=True)
    held.__exit__(None, None, None)
    assert State.WAITING is read_journals(FolderRecords(tool)).open()["7"].state


def test_who_takes_it_back_meanwhile_wins(place, company, tool, monkeypatch):
    """A rollback from another terminal in the last moment of the waiting is not written over, and nobody is told."""
    settings = Settings(str(place), rotate=TRUE)
    ending(monkeypatch, Ending.PAIRED, lambda: use.roll_back(settings, ["7"], WORLD, Ways().connections()))
    ways = Ways()
    done = use.rotate(settings, "7", WORLD, ways.connections(), fresh=True)
    assert State.ROLLED_BACK is done.journal.state
    assert 1 == len(ways.of("notify"))
    assert 2 == len(names(company))


def test_a_broken_journal_stops_new_rotations(place, company, tool):
    """Nobody knows whose it is: it is named, and refused."""
    tool_folder = place / ".baileys-cleanup" / "rotations"
    tool_folder.mkdir()
    (tool_folder / "x.json").write_text("{")
    with pytest.raises(Refused, match=r"cannot be read: x;"):
        use.rotate(Settings(str(place)), "7", WORLD, Ways().connections(), fresh=False)


def test_only_the_last_rotation_is_taken_back_and_only_while_it_lives(place, company):
    """When another folder was put in its place, taking it back is refused, and nothing moves."""
    settings = Settings(str(place))
    use.rotate(settings, "7", WORLD, Ways().connections(), fresh=False)
    company.rename(place / "elsewhere")
    put(company, "creds.json", creds())
    with pytest.raises(Refused, match="no longer the one it made"):
        use.roll_back(settings, ["7"], WORLD, Ways().connections())
    assert ["creds.json"] == names(company)


def test_one_that_changed_nothing_hides_no_way_back(place, company):
    """Its bot could not be stopped, so all stayed: the rotation before it is the one that is taken back, once."""
    before = names(company)
    put(company, f"device-list-{OTHER}.json")
    ways = Ways().connections()
    use.rotate(Settings(str(place), rotate=TRUE), "7", WORLD, ways, fresh=False)
    broken = replace(TRUE, stop_command=("sh", "-c", "exit 1"))
    with pytest.raises(CleanupError, match="was not rotated"):
        use.rotate(Settings(str(place), rotate=broken), "7", WORLD, ways, fresh=False)
    use.roll_back(Settings(str(place), rotate=TRUE), ["7"], WORLD, ways)
    assert {*before, f"device-list-{OTHER}.json"} == set(names(company))
    with pytest.raises(UsageProblem, match="no rotation"):
        use.roll_back(Settings(str(place), rotate=TRUE), ["7"], WORLD, ways)


def test_nothing_to_end_is_told(place, company):
    """Without an open rotation there is nothing to resume or take back."""
    for work in (use.resume, use.roll_back):
        for wanted in ([], ["7"]):
            with pytest.raises(UsageProblem, match="interrupted"):
                work(Settings(str(place)), wanted, WORLD, Ways().connections())


def test_a_held_lock_is_told_before_anything(place, company, tool):
    """While another run is at work nothing begins."""
    with hold_lock(tool), pytest.raises(LockHeld):
        use.rotate(Settings(str(place)), "7", WORLD, Ways().connections(), fresh=False)
    assert [] == read_journals(FolderRecords(tool)).readable


NO_START = Rotate(stop_command=("sh", "-c", ":"), start_command=("sh", "-c", "exit 1"))


def half_taken_back(place, *ids):
    """Leave companies whose rotation is half taken back: the bot could not be started."""
    for company_id in ids:
        with pytest.raises(CleanupError):
            use.rotate(Settings(str(place), rotate=NO_START), company_id, WORLD, Ways().connections(), fresh=False)
        with pytest.raises(CleanupError):
            use.roll_back(Settings(str(place), rotate=NO_START), [company_id], WORLD, Ways().connections())


def test_going_on_ends_what_was_half_taken_back(place, company, tool):
    """Either command ends it: the former folder lives, with its bot."""
    half_taken_back(place, "7")
    (ended,) = use.resume(Settings(str(place), rotate=TRUE), ["7"], WORLD, Ways().connections())
    assert State.ROLLED_BACK is ended.journal.state
    assert {} == read_journals(FolderRecords(tool)).open()


@pytest.mark.parametrize("work", [use.resume, use.roll_back])
def test_one_that_cannot_go_on_keeps_no_other_from_it(place, company, tool, work):
    """Its trouble is raised when the others are done."""
    put(place / "company_8", "creds.json", creds())
    half_taken_back(place, "7", "8")
    only_8 = Rotate(stop_command=("sh", "-c", ":"), start_command=("sh", "-c", '[ "$0" = 8 ]', "{company_id}"))
    with pytest.raises(CleanupError, match="company 7") as trouble:
        work(Settings(str(place), rotate=only_8), [], WORLD, Ways().connections())
    assert "company 8" not in str(trouble.value)
    assert ["7"] == list(read_journals(FolderRecords(tool)).open())


def test_a_journal_that_cannot_be_begun_refuses_the_rotation(place, company, tool, monkeypatch):
    """A full disk before the first step: status 4, and it says that nothing was changed."""

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("baileys_cleanup.rotation.walk.write_journal", full)
    with pytest.raises(Refused, match=r"the disk is full; nothing was changed"):
        use.rotate(Settings(str(place), rotate=TRUE), "7", WORLD, Ways().connections(), fresh=True)
    assert 2 == len(names(company))


def test_a_paired_folder_is_given_to_the_bots_user(place, company, monkeypatch):
    """A command that pairs as root leaves nothing that the bot could not write to; what could not be given is told."""
    ending(monkeypatch, Ending.PAIRED)
    monkeypatch.setattr("baileys_cleanup.store.folder.copying.give_to_bot", lambda *_: ["creds.json"])
    ways = Ways()
    use.rotate(Settings(str(place), rotate=TRUE), "7", WORLD, ways.connections(), fresh=True)
    assert any("belong to root" in text and "creds.json" in text for (text,) in ways.of("warn"))


def rotated(place):
    """Rotate company 7 softly, and give its settings."""
    settings = Settings(str(place), rotate=TRUE)
    use.rotate(settings, "7", WORLD, Ways().connections(), fresh=False)
    return settings


def test_a_folder_that_was_paired_anew_since_is_not_taken_back(place, company):
    """The former folder is of a pairing that is no more: refused with both; --anyway lets it live again."""
    settings = rotated(place)
    put(company, "creds.json", creds(me={"id": "15557777777:3@s.whatsapp.net"}))
    with pytest.raises(Refused, match=r"15550000001:7.*15557777777:3.*--anyway"):
        use.roll_back(settings, ["7"], WORLD, Ways().connections())
    assert b"15557777777" in (company / "creds.json").read_bytes()
    (back,) = use.roll_back(settings, ["7"], WORLD, Ways().connections(), anyway=True)
    assert (State.ROLLED_BACK, creds()) == (back.journal.state, (company / "creds.json").read_bytes())


def test_an_older_journal_has_no_pairing_and_asks(place, company, tool):
    """Nobody can compare, and the sentence says so."""
    settings = rotated(place)
    (journal,) = read_journals(FolderRecords(tool)).readable
    assert f"{PN}:7" == journal.pairing
    write_journal(FolderRecords(tool), journal._replace(pairing=None))
    with pytest.raises(Refused, match="none that was noted"):
        use.roll_back(settings, ["7"], WORLD, Ways().connections())
    use.roll_back(settings, ["7"], WORLD, Ways().connections(), anyway=True)
    assert 2 == len(names(company))


def test_a_company_that_is_paired_anew_meanwhile_is_not_rotated(place, company):
    """Between the decision and the copy the bot is paired anew: the live folder stays as it is."""
    anew = creds(me={"id": "15557777777:3@s.whatsapp.net"})
    ways = Ways()
    ways.backup = lambda _: put(company, "creds.json", anew) and "there"
    connections = ways.connections()._replace(backup=ways.backup)
    with pytest.raises(Refused, match="paired anew since its rotation began"):
        use.rotate(Settings(str(place), rotate=TRUE), "7", WORLD, connections, fresh=False)
    assert (2, anew) == (len(names(company)), (company / "creds.json").read_bytes())


def test_a_bot_that_wrote_a_moment_ago_is_told(place, company):
    """Without a stop command the warning says what was written last."""
    ways = Ways()
    use.rotate(Settings(str(place)), "7", WORLD, ways.connections(), fresh=False)
    assert any("so its bot seems to run" in text for (text,) in ways.of("warn"))
