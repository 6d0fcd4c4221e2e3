"""`migrate_company`: every value arrives as it was, or it is said which did not; nothing of a bot's is lost."""

import errno
import hashlib
from contextlib import contextmanager

import pytest

from baileys_cleanup.backups.migration import MigrationStatus, Target, migrate_company
from baileys_cleanup.decision.account import read_account
from baileys_cleanup.decision.names import kind_of
from baileys_cleanup.errors import CompanyDone, CompanyProblem, CompanyUnreachable, ServerGone
from baileys_cleanup.store.snapshots import Clock, Entry, Snapshot, Source
from baileys_cleanup.store.whole_folders import Aside

from ..helpers import DAY, NOW, creds
from ..store.memory import KEPT, MemoryRecords, empty

KEYS = {"creds.json": creds(), "session-1.0.json": b'{"s":1}', "pre-key-7.json": b"{}"}
CLOCK = Clock(NOW, lambda: NOW, lambda: None)


class Companies:
    """Companies in memory, by name and content; `spoil` is what happens to a value on its way in."""

    def __init__(self, **companies):
        self.there = {company_id: dict(files) for company_id, files in companies.items()}
        self.doubles = []
        self.left = {}
        self.forgotten = []
        self.spoil = {}
        self._built = {}

    def has(self, company_id):
        """Tell whether a company is there."""
        return company_id in self.there

    def take(self, company_id, contents, clock, *, own_only=False):
        """Read a company."""
        shot = Snapshot(contents, doubles=list(self.doubles), left=dict(self.left))
        for name, content in sorted(self.there[company_id].items()):
            entry = Entry(name, kind_of(name), len(content), hashlib.sha256(content).hexdigest(), NOW - DAY)
            shot.files[name] = Source(entry, content, contents.seek(0, 2), whole=True)
            contents.write(content)
        if "creds.json" in shot.files:
            shot.account = read_account(self.there[company_id]["creds.json"])
        return shot

    def is_unchanged(self, company_id, shot):
        """Say that nobody wrote."""
        return True

    def begin(self, company_id, run_id, *, why, now):
        """Begin a company."""
        self._built = {}
        return Aside(run_id, company_id, why, now, 0)

    @contextmanager
    def fill(self, aside):
        """Give what is filled."""
        yield self

    def write(self, name, content, modified, like=None):
        """Write one key."""
        self._built[name] = self.spoil.get(name, b"".join(content))

    def discard(self, aside):
        """Forget what was begun."""
        self._built = {}

    def forget_former(self, company_id):
        """Note that it was asked for."""
        self.forgotten.append(company_id)

    def switch(self, aside):
        """Let it go live."""
        self.there[aside.company_id] = self._built
        return aside


@pytest.fixture(autouse=True)
def _records():
    empty()


def migrate(source, target):
    """Copy company 7."""
    return migrate_company(source, Target(target, target, MemoryRecords(), True), "7", CLOCK, "run")


def test_a_company_is_copied_once():
    """The second time it is there already."""
    source, target = Companies(**{"7": KEYS}), Companies()
    assert MigrationStatus.COPIED is migrate(source, target).status
    assert source.there == target.there
    assert [] == target.forgotten
    assert MigrationStatus.THERE is migrate(source, target).status
    assert ["7"] == target.forgotten, "who copied it may have been killed before"


def test_what_is_there_and_hidden_by_what_was_there_before_is_not_there(monkeypatch):
    """A bot would read the former values: the company fails until that is gone."""
    source, target = Companies(**{"7": KEYS}), Companies(**{"7": KEYS})

    def cannot(_self, _company_id):
        raise CompanyProblem("the cache cannot be reached")

    monkeypatch.setattr(Companies, "forget_former", cannot)
    outcome = migrate(source, target)
    assert (MigrationStatus.FAILED, ["the cache cannot be reached"]) == (outcome.status, outcome.errors)


def test_two_keys_of_one_name_are_not_left_out():
    """Nobody can tell which of them the bot reads: the company fails, and nothing is written."""
    source, target = Companies(**{"7": KEYS}), Companies()
    source.doubles = ["session-1-2.0.json"]
    outcome = migrate(source, target)
    assert (MigrationStatus.FAILED, {}, {}) == (outcome.status, target.there, KEPT.records)
    assert "nobody can tell which of these is the key: session-1-2.0.json; nothing was copied" in outcome.errors[0]


def test_a_key_that_was_not_read_fails_its_company():
    """A bot would start without it, and nobody would know; what is no key stays where it is, and is named."""
    source, target = Companies(**{"7": KEYS}), Companies()
    source.left = {"notes.txt": "is larger than 64 MiB"}
    assert ["notes.txt"] == migrate(source, target).left
    source, target = Companies(**{"7": KEYS}), Companies()
    source.left = {"session-2.0.json": "is larger than 64 MiB"}
    outcome = migrate(source, target)
    assert (MigrationStatus.FAILED, {}) == (outcome.status, target.there)
    assert "session-2.0.json" in outcome.errors[0]


def test_a_copy_that_was_not_what_was_written_is_made_anew():
    """Once what had changed it is gone: nobody may be told that a bot was there."""
    source, target = Companies(**{"7": KEYS}), Companies()
    target.spoil = {"session-1.0.json": b'{"s":true}'}
    for _ in range(2):
        outcome = migrate(source, target)
        assert MigrationStatus.FAILED is outcome.status
        assert "these are not what was written: session-1.0.json" in outcome.errors[0]
    target.spoil = {}
    assert MigrationStatus.COPIED is migrate(source, target).status
    assert source.there == target.there


def test_a_bad_copy_that_cannot_be_noted_is_told_all_the_same(monkeypatch):
    """The disk may be full, and it is the copy that nobody may use."""
    source, target = Companies(**{"7": KEYS}), Companies()
    target.spoil = {"session-1.0.json": b"{}"}

    def full(*_words):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(MemoryRecords, "write", full)
    assert "these are not what was written: session-1.0.json" in migrate(source, target).errors[0]
    target.spoil = {}
    assert MigrationStatus.REFUSED is migrate(source, target).status


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        ((Companies, "switch"), "in the target: lost; it may have been copied, and only the answer was lost"),
        ((Companies, "take"), "in the target: lost; it was copied, and could not be compared: keep its bot stopped"),
        ((MemoryRecords, "write"), "in the target: lost; it was copied and compared, which could not be recorded"),
        ((Companies, "is_unchanged"), "in the source: lost; it was copied and compared, and nobody can tell whether"),
    ],
)
def test_what_is_in_the_target_or_may_be_is_not_told_as_not_copied(monkeypatch, lost, said):
    """A server that is lost from the switch on: a second call tells, and it is said what is known."""
    source, target = Companies(**{"7": KEYS}), Companies()
    owner, name = lost
    asked = getattr(owner, name)

    def goes_away(self, *words, **more):
        if name == "take" and self is source:
            return asked(self, *words, **more)
        if name == "switch":
            asked(self, *words, **more)
        raise ServerGone(errno.EIO, "lost") if owner is MemoryRecords else CompanyUnreachable("lost")

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, goes_away)
        outcome = migrate(source, target)
    assert MigrationStatus.UNSURE is outcome.status
    assert outcome.errors[0].startswith(said)
    assert "a second call" in outcome.errors[0]
    assert source.there == target.there
    assert MigrationStatus.THERE is migrate(source, target).status


def test_a_copy_whose_cache_still_holds_the_former_values_is_not_told_as_not_copied(monkeypatch):
    """It is in the table by then; a second call empties the cache."""
    source, target = Companies(**{"7": KEYS}), Companies()

    def done_but(self, aside):
        self.there[aside.company_id] = self._built
        raise CompanyDone("what was asked for is done, but the cache ceased to answer")

    monkeypatch.setattr(Companies, "switch", done_but)
    outcome = migrate(source, target)
    assert (MigrationStatus.UNSURE, 1) == (outcome.status, len(outcome.errors))
    assert MigrationStatus.THERE is migrate(source, target).status
    assert ["7"] == target.forgotten


@pytest.mark.parametrize("bad", [False, True])
def test_what_a_bot_wrote_into_a_copy_is_never_replaced(bad):
    """Whether the copy was a good one or not, and also a second key of a name."""
    source, target = Companies(**{"7": KEYS}), Companies()
    target.spoil = {"session-1.0.json": b"{}"} if bad else {}
    migrate(source, target)
    target.spoil = {}
    source.there["7"]["pre-key-7.json"] = b'{"newer":1}'
    target.doubles = ["session-1-2.0.json"]
    outcome = migrate(source, target)
    assert MigrationStatus.REFUSED is outcome.status
    assert "what is there is not what was copied there: its bot has written since" in outcome.errors[0]
    target.doubles = []
    target.there["7"]["session-1.0.json"] = b'{"of the":"bot"}'
    assert MigrationStatus.REFUSED is migrate(source, target).status
    assert b'{"of the":"bot"}' == target.there["7"]["session-1.0.json"]


def test_nothing_but_two_keys_of_one_name_is_a_company_too():
    """It is nobody's to replace."""
    source, target = Companies(**{"7": KEYS}), Companies(**{"7": {}})
    target.doubles = ["session-1-2.0.json"]
    assert MigrationStatus.REFUSED is migrate(source, target).status
    assert {} == target.there["7"]
