"""`undo`: what comes back, what has to stay away, and why."""

import json
import os

import pytest

from baileys_cleanup.cleaning.switch import switch_set_aside
from baileys_cleanup.cleaning.undo import UndoTerms, undo_company
from baileys_cleanup.cleaning.undoable import choose_run, undoable_runs
from baileys_cleanup.cleaning.world import World
from baileys_cleanup.decision.policy import HOUR
from baileys_cleanup.errors import CompanyProblem, Refused, ServerGone, ServerProblem, UsageProblem
from baileys_cleanup.rotation.holds import rotation_holds
from baileys_cleanup.store.folder.company import Company
from baileys_cleanup.store.folder.folder_store import FolderReturning
from baileys_cleanup.store.folder.pairings import add_pairing, open_pairings
from baileys_cleanup.store.folder.runs import write_run
from baileys_cleanup.store.folder.set_aside import begin, switch
from baileys_cleanup.store.folder.set_aside_list import list_set_aside
from baileys_cleanup.store.returning import Returned, Vanished
from baileys_cleanup.store.runs import UNDOING, Run

from ..helpers import GROUP, LID, NOW, OTHER, PN, creds, names, put

RUN = Run("20261122T030000Z-4f1c", NOW, 7)
OWN_KEY = f"sender-key-{GROUP}--{LID}_1--7.json"
OTHERS_KEY = f"sender-key-{GROUP}--{OTHER}--0.json"
MEMORY = f"sender-key-memory-{GROUP}.json"
SESSION = f"session-{OTHER}.0.json"


class Past:
    """A company and what a recorded run took from it."""

    def __init__(self, root, tool, place):
        self.root, self.tool = root, tool
        self.folder = place / "company_7"
        self.quarantine = place / ".baileys-cleanup" / "quarantine"
        self.kept = self.quarantine / RUN.run_id / "company_7"
        self.kept.mkdir(parents=True)
        write_run(tool, RUN)
        put(self.folder, "creds.json", creds())
        add_pairing(open_pairings(tool, RUN.run_id), "7", f"{PN}:7")

    def took(self, *removed):
        """Lay files into the quarantine."""
        for name in removed:
            put(self.kept, name, b"old", age=20)
        return self

    def undo(self, stopping=lambda: False, **how):
        """Undo an hour later, and give what came back and what stayed by name."""
        restored = self.undone(stopping, **how)
        return sorted(restored.files), {problem.file: problem.error for problem in restored.stayed}

    def undone(self, stopping=lambda: False, now=NOW + HOUR, run=RUN, **how):
        """Undo an hour later."""
        world = World(now, lambda: now, lambda: None, stopping, lambda: 0.0)
        holds = how.pop("holds", None) or rotation_holds(self.tool, "")
        return undo_company(self.root, self.tool, run, "7", UndoTerms(world, holds, **how))


@pytest.fixture
def past(root, tool, place):
    """Give a company with a past."""
    return Past(root, tool, place)


def test_a_copy_comes_back_with_its_file_or_not_at_all(past):
    """Beside a newer file no older state comes back; with its file, or beside the very file, it does."""
    copy = f"{SESSION}.bak"
    past.took(SESSION, copy, OTHERS_KEY, f"{OTHERS_KEY}.bak")
    put(past.folder, SESSION, b"newer", age=1)
    back, stayed = past.undo()
    assert [OTHERS_KEY, f"{OTHERS_KEY}.bak"] == back
    assert {SESSION, copy} == set(stayed)
    assert "copy" in stayed[copy]


def test_what_was_taken_comes_back_as_it_was(past):
    """Files come back with content and date, and leave the quarantine."""
    past.took(SESSION, OTHERS_KEY, "pre-key-1.json")
    before = (past.kept / SESSION).stat()
    assert (sorted([SESSION, OTHERS_KEY, "pre-key-1.json"]), {}) == past.undo()
    after = (past.folder / SESSION).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert [] == names(past.kept)


def test_what_exists_by_now_wins(past):
    """A session that was made anew is not overwritten; its old state stays in the quarantine."""
    past.took(SESSION)
    put(past.folder, SESSION, b"new")
    back, stayed = past.undo()
    assert ([], [SESSION]) == (back, list(stayed))
    assert b"new" == (past.folder / SESSION).read_bytes()
    assert [SESSION] == names(past.kept)


@pytest.mark.parametrize("newer", [OWN_KEY, MEMORY])
def test_a_pair_comes_back_together_or_stays(past, newer):
    """When either of own key and memory exists by now, both old ones stay away."""
    past.took(OWN_KEY, MEMORY, OTHERS_KEY)
    put(past.folder, newer, b"new")
    back, stayed = past.undo()
    assert ([OTHERS_KEY], {OWN_KEY, MEMORY}) == (back, stayed.keys())
    assert "together" in stayed[MEMORY if newer == OWN_KEY else OWN_KEY]


def test_a_memory_alone_stays_when_the_own_key_was_written_since(past):
    """An old memory does not come back to an own key that is newer than the run; to an older one it does."""
    past.took(MEMORY)
    own = put(past.folder, OWN_KEY, b"new")
    os.utime(own, ns=(NOW + 1, NOW + 1))
    assert [MEMORY] == list(past.undo()[1])
    os.utime(own, ns=(NOW, NOW))
    assert [MEMORY] == past.undo()[0]


def test_a_whole_pair_comes_back(past):
    """Key and memory come back together where neither exists."""
    assert (sorted([OWN_KEY, MEMORY]), {}) == past.took(OWN_KEY, MEMORY).undo()


def test_a_key_comes_before_its_memory(past):
    """An undo that is stopped in between has brought the key: a memory without it would be harmful."""
    past.took(OWN_KEY, MEMORY)
    back, stayed = past.undo((past.folder / OWN_KEY).exists)
    assert ([OWN_KEY], {MEMORY: "stopped before it"}) == (back, stayed)


def test_a_key_comes_before_its_memory_whatever_the_group_is_called(past):
    """The alphabet has no say in it."""
    group = "zeta@newsletter"
    key, memory = f"sender-key-{group}--{LID}_1--7.json", f"sender-key-memory-{group}.json"
    past.took(key, memory)
    assert [key] == past.undo((past.folder / key).exists)[0]


def test_what_is_written_in_the_last_moment_wins(past, monkeypatch):
    """A file that comes between the look and the way back is not replaced, and the reason says so."""
    past.took(SESSION)

    def exists(name, *_args):
        raise FileExistsError(17, "File exists", name)

    monkeypatch.setattr("baileys_cleanup.store.folder.folder_store.put_back", exists)
    ((name, reason),) = past.undo()[1].items()
    assert (SESSION, True) == (name, "nothing is ever overwritten" in reason)


def test_nothing_comes_back_to_a_bot_that_runs(past):
    """Written in the last minute: refused as a whole, with what was seen; who knows better goes on."""
    past.took(SESSION)
    put(past.folder, "pre-key-5.json", age=-1 / 24 + 10 / 86_400)
    restored = past.undone()
    assert ([], True, "7") == (restored.files, restored.refused, restored.company_id)
    ((name, reason),) = restored.stayed
    assert (SESSION, True) == (name, "pre-key-5.json was written 10 s ago" in reason)
    assert [SESSION] == past.undo(anyway=True)[0]


def test_a_run_without_a_note_of_the_pairing_asks(past, place):
    """Nobody can tell whose keys these are: refused, and the run is named; who knows better goes on."""
    past.took(SESSION)
    (place / ".baileys-cleanup" / "runs" / f"{RUN.run_id}.pairings").unlink()
    restored = past.undone()
    ((name, reason),) = restored.stayed
    assert (SESSION, True) == (name, restored.refused)
    assert RUN.run_id in reason
    assert "--anyway" in reason
    assert [SESSION] == past.undo(anyway=True)[0]


def test_where_creds_cannot_be_read_the_newest_note_tells(past, tool):
    """A later run noted another pairing: these keys are of none that is there now, and no word goes on."""
    past.took(SESSION)
    put(past.folder, "creds.json", b"{", age=1)
    later = Run("20261123T030000Z-0000", NOW + 1, 7)
    write_run(tool, later)
    add_pairing(open_pairings(tool, later.run_id), "7", "15550000009:3")
    add_pairing(open_pairings(tool, later.run_id), "8", f"{PN}:7")
    back, stayed = past.undo(anyway=True)
    assert [] == back
    assert "15550000009:3" in stayed[SESSION]


class Held:
    """Work that holds a company, or gave it a new pairing since; it takes down what it was asked."""

    unreadable = ()

    def __init__(self, held=None, anew=None):
        self.open = {} if held is None else {"7": held}
        self.anew = anew
        self.asked = []

    def paired_anew(self, company_id, since):
        """Say what gave a company a new pairing."""
        self.asked.append((company_id, since))
        return self.anew


@pytest.mark.parametrize("work", [{"held": "it is being rotated"}, {"anew": "rotation 20261122T031500Z-beef"}])
def test_a_folder_that_other_work_holds_gets_nothing_back(past, work):
    """While it is rotated, and once it was paired anew; the reason is that work's, and it is no refusal of a guard."""
    past.took(SESSION)
    holds = Held(**work)
    restored = past.undone(holds=holds)
    ((name, reason),) = restored.stayed
    assert (SESSION, False) == (name, restored.refused)
    assert (holds.open.get("7") or holds.anew) in reason
    assert holds.asked == ([] if holds.open else [("7", RUN.started)])


def test_a_memory_stays_when_its_key_cannot_come(past, monkeypatch):
    """A key that could not be put back keeps its memory away, too."""
    past.took(OWN_KEY, MEMORY)

    def fail(name, *_args):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("baileys_cleanup.store.folder.folder_store.put_back", fail)
    back, stayed = past.undo()
    assert ([], {OWN_KEY, MEMORY}) == (back, stayed.keys())
    assert "Input/output error" in stayed[OWN_KEY]
    assert "together" in stayed[MEMORY]


@pytest.mark.parametrize(("rule", "comes"), [("sender_key_memory_age", True), ("sender_key_pair_age", False)])
def test_a_memory_that_went_alone_comes_back_alone(past, place, rule, comes):
    """Where there was no own key, none is asked for; one that went with its key waits for it."""
    past.took(MEMORY)
    line = {"event": "remove", "run": RUN.run_id, "company": "7", "file": MEMORY, "rule": rule}
    torn = f'{{"run": "{RUN.run_id}", "ev'
    (place / ".baileys-cleanup" / "audit.log").write_text(f"{torn}\n[1]\n{json.dumps(line)}\n")
    back, stayed = past.undo()
    assert ([MEMORY], []) == (back, list(stayed)) if comes else ([], [MEMORY]) == (back, list(stayed))


def test_a_memory_of_which_nobody_knows_waits_for_its_key(past):
    """Without a line in the audit log the careful answer is taken."""
    assert [MEMORY] == list(past.took(MEMORY).undo()[1])


def test_what_a_later_run_took_is_newer(past, tool):
    """An older state stays while a newer one lies in the quarantine of a later run, and that run is named."""
    later = Run("20261123T030000Z-0000", NOW + 1, 7)
    write_run(tool, later)
    kept = past.quarantine / later.run_id / "company_7"
    kept.mkdir(parents=True)
    put(kept, SESSION, b"newer", age=15)
    back, stayed = past.took(SESSION).undo()
    assert ([], [SESSION]) == (back, list(stayed))
    assert later.run_id in stayed[SESSION]


def test_a_later_run_that_took_nothing_here_keeps_nothing_away(past, tool):
    """Most runs take something of a few companies: of the others they hold no folder."""
    later = Run("20261123T030000Z-0000", NOW + 1, 7)
    write_run(tool, later)
    (past.quarantine / later.run_id).mkdir()
    assert ([SESSION], {}) == past.took(SESSION).undo()


def test_an_own_key_stays_beside_a_memory_that_is_there(past):
    """A memory that was written since speaks of another key: the old one does not come back to it alone."""
    past.took(OWN_KEY)
    put(past.folder, MEMORY, b"new")
    back, stayed = past.undo()
    assert ([], [OWN_KEY]) == (back, list(stayed))
    assert "together" in stayed[OWN_KEY]


def test_the_memory_of_status_updates_waits_for_no_key(past):
    """Nobody reads it, so it has no pair, and comes back without any key."""
    memory = "sender-key-memory-status@broadcast.json"
    assert ([memory], {}) == past.took(memory).undo()


def test_of_nobody_known_every_key_is_tied_to_the_memory(past):
    """Where creds.json does not tell whose a key is, any key of the group keeps the memory's fate."""
    put(past.folder, "creds.json", b"{")
    past.took(OTHERS_KEY, MEMORY)
    put(past.folder, MEMORY, b"new")
    assert {OTHERS_KEY, MEMORY} == past.undo()[1].keys()


@pytest.mark.parametrize(
    ("session", "comes"),
    [(SESSION, False), (f"session-{OTHER}_128.0.json", False), (f"session-{OTHER}_1.0.json", True)],
)
def test_a_number_that_was_mapped_since_stays_away(past, session, comes):
    """A phone number's session stays away once its LID mapping was written since; a LID's session does not care."""
    past.took(session)
    put(past.folder, f"lid-mapping-{OTHER}.json", age=-0.01)
    back, stayed = past.undo()
    assert ([session], []) == (back, list(stayed)) if comes else ([], [session]) == (back, list(stayed))
    assert all("the contact's LID was written since" in why for why in stayed.values())


@pytest.mark.parametrize(("age", "comes"), [(1, True), (0, True), (-0.01, False)])
def test_a_mapping_from_before_the_run_keeps_nothing_away(past, age, comes):
    """Undo returns to what was; only what the contact's LID has written since is a reason to stay."""
    past.took(SESSION)
    put(past.folder, f"lid-mapping-{OTHER}.json", b'"100000000000009"', age=5)
    put(past.folder, "session-100000000000009_1.0.json", age=age)
    put(past.folder, "session-100000000000008_1.0.json", age=-0.01)
    assert comes == (past.undo()[0] == [SESSION])


def test_keys_of_another_pairing_stay_away_and_both_are_named(past, tool):
    """A folder that was paired anew gets nothing back, and the sentence says which two pairings these are."""
    past.took(SESSION)
    add_pairing(open_pairings(tool, RUN.run_id), "7", "15550000009:3 0123456789abcdef")
    back, stayed = past.undo()
    assert [] == back
    assert "15550000009:3 0123456789abcdef" in stayed[SESSION]
    assert f"{PN}:7" in stayed[SESSION]


def test_a_disk_that_fails_is_the_companys_own_trouble(past, root, monkeypatch):
    """The folder cannot be opened: one sentence without a file's name, and nothing moved."""
    past.took(SESSION)

    def fail(*_args, **_how):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(type(root), "company", fail)
    back, stayed = past.undo()
    assert ([], {None: "its files cannot be put back: Input/output error"}) == (back, stayed)
    assert [SESSION] == names(past.kept)


@pytest.mark.parametrize("done", [True, False], ids=["done", "not done"])
def test_a_server_that_went_away_is_asked_again(past, monkeypatch, done):
    """What it had put back before its answer was lost is back, once, and the rest comes at the next try."""
    past.took(SESSION)
    put_back, fails = FolderReturning.put_back, [True]

    def break_once(self, *how):
        if not fails:
            yield from put_back(self, *how)
            return
        fails.clear()
        if done:
            list(put_back(self, *how))
        raise ServerGone(5, "the server went away")

    monkeypatch.setattr(FolderReturning, "put_back", break_once)
    assert ([SESSION], {}) == past.undo()


def test_what_comes_back_late_is_no_newer_one(past, monkeypatch):
    """The answer was lost, and the server is done only once it is asked again: back it is, whatever is there by now."""
    past.took(SESSION)
    listed, lost = Company.names, []

    def lose(*_how):
        lost.append(SESSION)
        raise ServerGone(5, "the server went away")

    def end_late(self):
        if lost and (past.kept / SESSION).exists():
            (past.kept / SESSION).rename(past.folder / SESSION)
        return listed(self)

    monkeypatch.setattr(FolderReturning, "put_back", lose)
    monkeypatch.setattr(Company, "names", end_late)
    assert ([SESSION], {}) == past.undo(anyway=True)


def test_a_server_that_stays_away_ends_it_with_what_is_known(past, monkeypatch):
    """It is asked a few times, and then nobody knows what became of those that were on their way."""
    past.took(SESSION)
    asked = []

    def fail(_self, _company, names, _stopping):
        asked.append(names)
        raise ServerGone(5, "the server went away")

    monkeypatch.setattr(FolderReturning, "put_back", fail)
    restored = past.undone()
    assert (True, "the server went away", {SESSION}) == (len(asked) > 2, restored.cut, restored.unknown)
    assert ([], []) == (restored.files, restored.stayed)


def test_a_server_that_refuses_to_tell_what_came_back_ends_it_with_what_is_known(past, monkeypatch):
    """The answer was lost, and then it is locked: nobody knows of those that were on their way, and they are counted."""
    past.took(SESSION)

    def fail(*_how):
        raise ServerProblem(5, "another session holds a lock")

    monkeypatch.setattr(FolderReturning, "put_back", fail)
    restored = past.undone()
    assert ("its files cannot be put back: another session holds a lock", True) == (restored.cut, restored.failed)
    assert ([], [], {SESSION}) == (restored.files, restored.stayed, restored.unknown)


def test_a_lock_that_is_lost_at_a_second_try_hides_nothing_that_came_back(past, root, monkeypatch):
    """The company is left alone from then on; what had come back is told, and what may have."""
    past.took(SESSION, OTHERS_KEY, "pre-key-1.json")
    put_back, opened = FolderReturning.put_back, type(root).company

    def lose(self, company, names, stopping):
        yield from put_back(self, company, names[:1], stopping)
        list(put_back(self, company, names[1:2], stopping))
        monkeypatch.setattr(type(root), "company", lost)
        raise ServerGone(5, "the server went away")

    def lost(*_args, **_how):
        raise CompanyProblem("the lock was lost")

    monkeypatch.setattr(FolderReturning, "put_back", lose)
    restored = past.undone()
    monkeypatch.setattr(type(root), "company", opened)
    (left,) = names(past.kept)
    (back,) = restored.files
    assert ("the lock was lost", [(left, "the lock was lost")]) == (restored.cut, restored.stayed)
    assert {SESSION, OTHERS_KEY, "pre-key-1.json"} == {left, back, *restored.unknown}


@pytest.mark.parametrize("there", [True, False], ids=["taken by another", "lost"])
def test_what_lies_in_the_quarantine_no_more_is_no_newer_one(past, monkeypatch, there):
    """It is said to be in neither place, where that is so; nothing stays in the quarantine that is not there."""
    past.took(SESSION, OTHERS_KEY)

    def vanish(_self, _company, names, _stopping):
        for name in names:
            (past.kept / name).rename((past.folder if there else past.kept.parent) / name)
            yield Returned(name, Vanished(name))

    monkeypatch.setattr(FolderReturning, "put_back", vanish)
    restored = past.undone(anyway=True)
    said = [] if there else [(None, "neither there nor in the quarantine any more; has the server lost what it had?")]
    assert ([], set(), None) == (restored.files, restored.unknown, restored.cut)
    assert said == [(file, text.rpartition(": ")[2]) for file, text in restored.stayed]


def test_an_undo_that_finds_nothing_says_so(past):
    """Something lay there when it was chosen, and this undo has not brought it back; to end a killed one may have."""
    ((name, said),) = past.undone().stayed
    assert (None, True) == (name, "nothing that was removed lies in the quarantine any more" in said)
    assert [] == past.undone(run=RUN._replace(state=UNDOING)).stayed


def test_a_company_that_is_gone_is_told(past, place):
    """Where the company's folder is no more, its files stay and the reason is the company's."""
    past.took(SESSION)
    (past.folder / "creds.json").unlink()
    past.folder.rmdir()
    back, stayed = past.undo()
    assert ([], [SESSION]) == (back, list(stayed))
    assert [SESSION] == names(past.kept)


class Aside:
    """A company whose former folder lies aside, with the pairing that `creds` has; another one is live."""

    def __init__(self, root, tool, place):
        self.root, self.tool = root, tool
        self.live = place / "company_7"
        put(self.live, "creds.json", creds(), age=3)
        put(self.live, SESSION, b"former", age=3)
        aside = begin(root, tool, "7", RUN.run_id, why="restore", now=NOW)
        switch(root, tool, aside)
        put(self.live, "creds.json", creds(), age=2)
        put(self.live, SESSION, b"live", age=2)

    def paired_anew(self):
        """Let the live folder have another login."""
        put(self.live, "creds.json", creds().replace(PN.encode(), b"15550000009"), age=1)

    def back(self, holds=None, wait=lambda: None, **how):
        """Let the former folder go live an hour later."""
        (folder,) = list_set_aside(self.tool)
        now = NOW + HOUR
        world = World(now, lambda: now, wait, lambda: False, lambda: 0.0)
        return switch_set_aside(self.root, self.tool, folder, UndoTerms(world, holds or Held(), **how))

    @property
    def is_back(self):
        """Whether the former folder is live."""
        return b"former" == (self.live / SESSION).read_bytes()


@pytest.fixture
def aside(root, tool, place):
    """Give a company whose former folder lies aside."""
    return Aside(root, tool, place)


def test_a_whole_folder_goes_live_again(aside):
    """Within one pairing there is no doubt, and what was written late is told."""
    switched = aside.back()
    assert (None, [], [], "") == (switched.doubt, *switched.late)
    assert aside.is_back


def test_a_whole_folder_goes_live_where_none_is(aside):
    """It was taken back, and the live one is gone by now: there is nobody to ask, and nothing is in doubt."""
    aside.back()
    aside.live.rename(aside.live.parent / "elsewhere")
    assert aside.back().doubt is None
    assert b"live" == (aside.live / SESSION).read_bytes()


def test_a_whole_folder_that_other_work_holds_stays(aside):
    """While the company is rotated nothing is switched, and the reason is that work's."""
    with pytest.raises(CompanyProblem, match=r"^it is being rotated$"):
        aside.back(Held("it is being rotated"))
    assert not aside.is_back


def test_a_whole_folder_of_another_pairing_asks(aside):
    """Both pairings are named, and what that means; who knows better goes on, and hears it again."""
    aside.paired_anew()
    with pytest.raises(Refused) as refused:
        aside.back()
    said = str(refused.value)
    assert f"has the pairing {PN}:7, and the live one 15550000009:7: it was paired anew since" in said
    assert said.endswith("; `--anyway` goes on all the same")
    assert not aside.is_back
    assert said.startswith(aside.back(anyway=True).doubt)
    assert aside.is_back


def test_a_folder_that_was_live_meanwhile_has_its_own_pairing(aside):
    """Taken back and then wanted again: what lies aside by now is asked whose it is, not what did so before."""
    aside.paired_anew()
    aside.back(anyway=True)
    with pytest.raises(Refused, match=f"aside has the pairing 15550000009:7, and the live one {PN}:7"):
        aside.back()
    assert aside.is_back
    assert aside.back(anyway=True).doubt is not None
    assert not aside.is_back


def test_a_creds_that_is_being_written_is_read_again(aside):
    """Half of a new `creds.json` says nothing: it is read once more before a folder of another pairing goes live."""
    put(aside.live, "creds.json", b'{"me"', age=1)
    with pytest.raises(Refused, match="paired anew since"):
        aside.back(wait=aside.paired_anew)
    assert not aside.is_back


def test_a_whole_folder_stays_beside_a_bot_that_runs(aside):
    """The live one was written in the last minute: refused, with what was seen; who knows better goes on."""
    put(aside.live, "pre-key-5.json", age=-1 / 24 + 10 / 86_400)
    with pytest.raises(Refused, match=r"^pre-key-5\.json was written 10 s ago.*`--anyway` goes on"):
        aside.back()
    assert not aside.is_back
    aside.back(anyway=True)
    assert aside.is_back


def test_runs_are_listed_newest_first_with_what_is_left(past, tool):
    """A run is listed with its companies, files and bytes; one that holds nothing is not."""
    past.took(SESSION, "pre-key-1.json")
    later = Run("20261123T030000Z-0000", NOW, 7)
    for run in (later, Run("20261124T030000Z-0000", NOW, 7)):
        write_run(tool, run)
    put_in = past.quarantine / later.run_id / "company_8"
    put_in.mkdir(parents=True)
    put(put_in, f"session-{PN}.0.json", b"12345")
    found, broken = undoable_runs(tool)
    assert [(later, {"8": (1, 5)}, 5), (RUN, {"7": (2, 6)}, 6)] == [(*entry, entry.size) for entry in found]
    assert ([1, 2], []) == ([entry.files for entry in found], broken)


def test_a_run_whose_record_cannot_be_read_is_told_as_such(past, place, tool):
    """Its files are there, so the answer is not that nothing can be undone."""
    (place / ".baileys-cleanup" / "runs" / f"{RUN.run_id}.json").write_text("{")
    with pytest.raises(UsageProblem, match="the record of run"):
        choose_run(tool, RUN.run_id, [])


def test_a_run_is_chosen_by_its_id_or_as_the_latest(past, tool):
    """An id, or "latest", and the companies wanted of it; all of them when none is."""
    past.took(SESSION)
    assert (RUN, ["7"]) == choose_run(tool, RUN.run_id, [])
    assert (RUN, ["7"]) == choose_run(tool, "latest", ["company_7", "7"])


@pytest.mark.parametrize(
    ("run_id", "wanted"), [("20260101T000000Z-0000", []), ("../x", []), ("", []), (RUN.run_id, ["8"])]
)
def test_what_is_not_there_cannot_be_undone(past, tool, run_id, wanted):
    """A run or a company of a run that does not exist ends the command, naming what there is."""
    past.took(SESSION)
    with pytest.raises(UsageProblem, match=RUN.run_id):
        choose_run(tool, run_id, wanted)
