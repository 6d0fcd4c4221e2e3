"""`watch.messages`: what a message says of one company, and what a digest says of many."""

import pytest

from baileys_cleanup.decision.judgement import PairingState
from baileys_cleanup.decision.levels import Level
from baileys_cleanup.watch.tell.alerts import HOUR, ActionTaken, LastAlert, due
from baileys_cleanup.watch.tell.messages import Place, Told, body, message, next_step, summary_of, title

from ...helpers import NOW
from ..helpers import view

REPEAT = 24 * HOUR
PLACE = Place("/root", "host", " --sessions-root /root")


def told(seen, present=None, earlier=None, **more):
    """Give an alert about a company that was told of before, or never."""
    return Told(due(seen, earlier, REPEAT, NOW), present or seen, **more)


def test_what_was_done_is_told_also_of_a_company_that_is_well():
    """Nothing was told of it before: the message says what was done earlier, and of no level before."""
    alert = due(view(90), None, REPEAT, NOW, actions=[ActionTaken("removed 80", ("x",))])
    text = body(Told(alert, view(90), earlier=["removed 80"]), PLACE)
    assert (("x",), True) == (alert.to, alert.clear)
    assert "\nDone earlier: removed 80.\n" in text
    assert "before" not in text


@pytest.mark.parametrize(
    ("counted", "step"),
    [(120, "watch it"), (151, "plan a cleanup"), (171, "clean it within 24 hours"), (181, "clean it now")],
)
def test_each_level_says_what_to_do(counted, step):
    """The steps are those of the operator's table, with the command where one helps."""
    command = ": baileys-cleanup --company 7 --sessions-root /root" if counted > 150 else ""
    assert step + command == next_step(view(counted), PLACE.again)


def test_a_message_has_all_of_it():
    """Company, count, level, what was done, how it is now, what to do, and where."""
    each = told(view(200, "7\n"), view(120, "7\n"), done="removed 80")
    assert "Baileys company 7\\n: critical, 200 files" == title(each.alert)
    text = body(each, PLACE)
    parts = [
        "7\\n has 200",
        "critical",
        "Done: removed 80",
        "Now it has 120",
        "normal",
        "Next: watch it",
        "/root on host",
    ]
    assert [] == [part for part in parts if part not in text]


def test_an_all_clear_says_what_was_before():
    """The level before stands in the message, and nothing is said to be done."""
    each = told(view(90), earlier=LastAlert(Level.CRITICAL, NOW))
    text = body(each, PLACE)
    assert "down to excellent" in title(each.alert)
    assert "It was critical before" in text
    assert "Done" not in text


def test_no_advice_is_given_that_cannot_help():
    """Where no cleanup frees anything the message says which kinds it is, and neither to clean nor to rotate."""
    seen = view(300, removable=0)
    text = body(told(seen), PLACE)
    assert "A cleanup can free nothing: kinds that no rule takes (300 LID mappings)." in text
    assert "levels.not_counted" in text
    assert "rotate" not in text
    assert "clean it now" not in text


def test_a_dead_pairing_comes_with_the_command_that_helps():
    """The sentence, the way back, and no advice about the count."""
    seen = view(200, pairing=PairingState.BROKEN, problem="creds.json is empty; the rest")
    each = told(seen)
    assert "Baileys company 7: its pairing is dead" == title(each.alert)
    text = body(each, PLACE)
    assert "creds.json is empty: the pairing is broken, and the bot will not come back by itself." in text
    assert "baileys-cleanup restore latest --replace --company 7 --sessions-root /root\n" in text
    assert "clean it now" not in text


def test_one_company_is_no_digest():
    """A single alert is a message of its own."""
    assert "Baileys company 7: critical, 200 files" == message([told(view(200))], PLACE).title


def test_a_digest_has_the_worst_first():
    """A dead pairing before what is full, what is full before what cannot be helped, what fell last."""
    fell = told(view(90, "fell"), earlier=LastAlert(Level.CRITICAL, NOW))
    stuck = told(view(900, "stuck", removable=0))
    dead = told(view(4, "dead", pairing=PairingState.GONE))
    several = [fell, stuck, told(view(160, "full")), dead, told(view(190, "fuller"))]
    digest = message(several, PLACE, "all of it")
    assert "Baileys: 5 companies, the worst dead: its pairing is dead" == digest.title
    assert ["dead", "fuller", "full", "stuck", "fell"] == [
        line.partition(":")[0] for line in digest.body.splitlines()[:5]
    ]
    assert ["all of it", "Sessions root: /root on host"] == digest.body.splitlines()[5:]
    assert "failure" == digest.kind


@pytest.mark.parametrize(("number", "lines"), [(2, 2), (10, 10), (11, 11), (500, 11)])
def test_a_digest_stays_short(number, lines):
    """Ten companies by name, and a line with the number of the rest and the command that shows them."""
    digest = message([told(view(200, str(each))) for each in range(number)], PLACE)
    assert lines + 1 == len(digest.body.splitlines())
    rest = f"and {number - 10:,} more: baileys-cleanup check --sessions-root /root"
    assert (number > 10) == (rest in digest.body)


def test_the_way_back_for_all_is_said_once():
    """All emergency cleanups of a look, with the commands that take them back; nothing where there were none."""
    assert summary_of(0, 0, []) is None
    assert "removed 5 files of 2 companies; to take all of it back: undo 2, then undo 1" in summary_of(
        5, 2, ["undo 2", "undo 1"]
    )
    assert "deleted for good" in summary_of(5, 2, [])


@pytest.mark.parametrize(
    ("store", "line"),
    [("/root", "Sessions root: /root on host"), ("postgresql://db/x", "Store: postgresql://db/x on host")],
)
def test_a_message_says_where_the_companies_lie(store, line):
    """A database is no sessions root."""
    for many in (1, 2):
        text = message([told(view(200, str(number))) for number in range(many)], Place(store, "host"))
        assert line == text.body.splitlines()[-1]
