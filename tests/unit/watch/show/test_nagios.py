"""`watch.plugin`: a line, performance data and a state, to the letter of the convention."""

import re

import pytest

from baileys_cleanup.decision.judgement import PairingState
from baileys_cleanup.store.passed_over import PassedOver
from baileys_cleanup.watch.see.company import Unreadable
from baileys_cleanup.watch.show.nagios import State, Thresholds, checked, document, line, unknown

from ..helpers import view

LIMITS = Thresholds(150, 180)
# value;warning;critical;minimum, and a label in quotes where it may hold anything.
DATUM = re.compile(r"('(?:[^'=]|'')+'|[A-Za-z_]+)=([0-9]+);([0-9]*);([0-9]*);0")


def performance(text):
    """Take the performance data apart; all of it has to fit the convention."""
    data = text.partition(" | ")[2]
    found = DATUM.findall(data)
    assert data == " ".join(f"{label}={value};{low};{high};0" for label, value, low, high in found)
    return {label: (value, low, high) for label, value, low, high in found}


@pytest.mark.parametrize(
    ("counts", "state"),
    [
        ([], State.UNKNOWN),
        ([150], State.OK),
        ([151], State.WARNING),
        ([180], State.WARNING),
        ([181], State.CRITICAL),
        ([10, 151, 181], State.CRITICAL),
    ],
)
def test_an_alert_is_above_the_threshold(counts, state):
    """A plain N alerts above N; the worst company decides; no company at all is unknown."""
    assert state is checked([view(count, str(count)) for count in counts], LIMITS).state


def test_a_company_that_was_not_seen_is_not_well():
    """Unreadable where all else is well is unknown; it never hides something worse."""
    blind = Unreadable("8", "closed")
    assert State.UNKNOWN is checked([view(10), blind], LIMITS).state
    assert State.WARNING is checked([view(151), blind], LIMITS).state
    assert State.CRITICAL is checked([blind, view(181)], LIMITS).state
    assert "1 company could not be looked at: 8 (closed)" in line(checked([view(10), blind], LIMITS))


def test_the_line_names_the_fullest_first():
    """Word, text, bar, performance data, on one line; the fullest company comes first."""
    text = line(checked([view(151, "a"), view(200, "b"), view(300, "c")], LIMITS))
    assert text.startswith("CRITICAL - 2 companies above 180: c (300), b (200); 1 company above 150: a (151); 3 ")
    data = performance(text)
    assert ("300", "150", "180") == data["fullest"] == data["'company_c'"]
    assert ("3", "", "") == data["companies"]
    assert ("1", "2") == (data["warning"][0], data["critical"][0])


@pytest.mark.parametrize("company_id", ["a|b", "a'b", "a=b", "a b", "a\nb", "Zürich", "\udcff", "|", "'"])
def test_no_company_name_breaks_the_line(company_id):
    """Bars, quotes, equals signs and newlines in a name leave one line with one bar and whole data."""
    text = line(checked([view(200, company_id)], LIMITS))
    assert (1, True) == (text.count("|"), text.isprintable())
    assert 7 == len(performance(text))


def test_many_companies_fit_what_nagios_reads():
    """5,000 companies give a line of under 8 KiB, with the totals."""
    text = line(checked([view(151, str(number)) for number in range(5000)], LIMITS))
    assert len(text) < 8192
    assert "5000" == performance(text)["companies"][0]


def test_what_keeps_it_from_checking_is_unknown_on_one_line():
    """The sentence of an error becomes a line without a bar or a newline."""
    assert "UNKNOWN - a / b\\nc" == unknown("a | b\nc")


def test_the_document_has_every_company():
    """JSON has state, thresholds and the companies, the fullest first."""
    found = document(checked([view(10, "a"), view(200, "b"), Unreadable("c", "closed")], LIMITS))
    assert ("critical", 150, 180) == (found["status"], found["warning_above"], found["critical_above"])
    assert [("b", "critical", 200, "critical"), ("a", "ok", 10, "excellent")] == [
        tuple(each.values())[:4] for each in found["companies"]
    ]
    assert ["critical", "ok"] == [each["severity"] for each in found["companies"]]
    assert [{"company_id": "c", "file": None, "error": "closed"}] == found["errors"]


@pytest.mark.parametrize(
    ("more", "state"),
    [
        ({"pairing": PairingState.BROKEN}, State.CRITICAL),
        ({"pairing": PairingState.GONE}, State.CRITICAL),
        ({"pairing": PairingState.INCOMPLETE}, State.WARNING),
        ({"pairing": PairingState.NOTHING, "deeper": ["5511"]}, State.WARNING),
        ({"pairing": PairingState.NOTHING}, State.OK),
        ({"pairing": PairingState.UNPAIRED}, State.OK),
        ({"silent_days": 99}, State.OK),
    ],
)
def test_what_is_wrong_beside_the_count_has_its_state(more, state):
    """A dead pairing is critical whatever the count; what is only to be known is no alert."""
    assert state is checked([view(4, **more)], LIMITS).state


def test_a_dead_pairing_comes_first_with_the_command_that_helps():
    """Before any count; the first company's command stands there to be copied."""
    seen = [view(200, "full"), view(4, "dead", pairing=PairingState.BROKEN, problem="creds.json is empty; x")]
    text = line(checked(seen, LIMITS)._replace(again=" --config x"))
    assert text.startswith(
        "CRITICAL - 1 bot will not come back by itself: dead (creds.json is empty);"
        " baileys-cleanup restore latest --replace --company dead --config x; 1 company above 180: full (200)"
    )
    assert ("1", "2") == (performance(text)["dead"][0], performance(text)["critical"][0])


def test_what_no_cleanup_can_help_is_marked():
    """The level is as ordered, and beside it stands that nothing can be removed."""
    assert "above 180: 7 (300, nothing removable)" in line(checked([view(300, removable=0)], LIMITS))


def test_what_the_tool_has_not_done_is_a_warning():
    """An old cleanup is a warning where all else is well, and hides nothing worse."""
    late = checked([view(10)], LIMITS)._replace(late=["the last good cleanup is 30h old, and 26h are allowed"])
    assert State.WARNING is late.state
    assert "WARNING - the last good cleanup is 30h old" in line(late)
    assert State.CRITICAL is checked([view(200)], LIMITS)._replace(late=["x"]).state


def test_what_is_passed_over_is_named():
    """Links and folders of other names that may hold keys stand in the line, the others only in the document."""
    over = [PassedOver("company_x", "a link", keys=True), PassedOver("backups", "its name", keys=False)]
    found = checked([view(10)], LIMITS)._replace(passed_over=over)
    assert "passed over: company_x |" in line(found)
    assert ["company_x", "backups"] == [each["name"] for each in document(found)["passed_over"]]
