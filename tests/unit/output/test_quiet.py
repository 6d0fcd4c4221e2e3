"""`quiet`: what a mail says of a night."""

import pytest

from baileys_cleanup.decision.judgement import Cause, Finding, Judgement, Severity
from baileys_cleanup.decision.outcome import CompanyOutcome, CompanyStatus, Problem, RunOutcome
from baileys_cleanup.output.quiet import MOST_LINES, QuietReport, Standing

from ..helpers import NOW


def found(cause, sentence, counted):
    """Give what is so of a company with one finding, and its warning."""
    judgement = Judgement((Finding(cause, Severity.CRITICAL, sentence),))
    return {"judgement": judgement, "warnings": [sentence], "counted": counted}


FULL = found(Cause.FULL, "230 files counted: level critical", 230)
STUCK = found(Cause.NOTHING_REMOVABLE, "230 files counted: level critical; a cleanup can free nothing: creds.json", 230)
BROKEN = found(Cause.PAIRING_DEAD, "creds.json is empty", 9)
FAILED = {"status": CompanyStatus.FAILED, "errors": [Problem(None, "its folder cannot be opened")]}
REFUSED = {"status": CompanyStatus.REFUSED, "errors": [Problem(None, "30 removals planned, and max_removals allows 3")]}


def said(*companies, known=None, again="", **more):
    """Report a quiet run over companies (id, and what is so of it); give its lines, and what stands afterwards."""
    texts = []
    outcome = RunOutcome("20261122T030000Z-4f1c", False, "/srv/sessions", NOW, 7, **more)
    report = QuietReport(texts.append, again)
    for company_id, what in companies:
        company = CompanyOutcome(company_id, **what)
        outcome.add(company)
        report.company(company)
    standing = report.recall(known or {}, whole=True)
    report.close(outcome)
    return "".join(texts).splitlines(), standing


def test_all_well_is_no_word():
    """Without a want, a warning or an error nothing is said, and nothing stands."""
    assert ([], {}) == said(("1", {}), ("2", {"notes": ["paired yesterday"]}))


@pytest.mark.parametrize(("more", "line"), [({"warnings": ["rw"]}, "warning: rw"), ({"errors": ["re"]}, "error: re")])
def test_what_the_run_itself_has_to_say_is_said(more, line):
    """A warning or an error of the whole run is said with the total, every time."""
    lines, _ = said(**more)
    assert lines[0].startswith("0 companies: 0 files before")
    assert line in lines


def test_companies_stand_under_what_they_want_the_worst_first():
    """The total first, then pairings, failures, refusals, full ones; the same words once for all that share them."""
    lines, _ = said(
        ("1", FULL),
        ("2", FAILED),
        ("3", BROKEN),
        ("4", FAILED),
        ("5", REFUSED),
        ("6", {"warnings": ["odd"]}),
        ("7", STUCK),
    )
    assert lines[0].startswith("7 companies: ")
    assert lines[1].startswith("Run refused: 4 companies were cleaned; 2 failed")
    assert lines[2:] == [
        "1 company whose pairing is broken or gone:",
        "  3: creds.json is empty",
        "2 companies not cleaned, or not wholly:",
        "  2, 4: its folder cannot be opened",
        "1 company left alone by a guard:",
        "  5: 30 removals planned, and max_removals allows 3",
        "1 company fuller than normal:",
        "  1: 230 files counted: level critical",
        "1 company full of what no cleanup can free:",
        "  7: 230 files counted: level critical; a cleanup can free nothing: creds.json",
        "1 company with something to look at:",
        "  6: odd",
    ]


def test_pairings_that_are_broken_alike_have_one_command():
    """What brings one back brings all of them back: they are named in one line, and the command has them all."""
    way = "creds.json is empty; put back its last good backup: baileys-cleanup restore latest --replace --company"
    broken = [
        (name, {**BROKEN, "warnings": [f"{way} {word} --config x"]}) for name, word in (("3", "3"), ("a b", "'a b'"))
    ]
    lines, _ = said(*broken)
    assert f"  3, a b: {way} 3 --company 'a b' --config x" in lines


def test_a_mail_is_short():
    """Forty lines at most, however many companies want something; the rest is a number and a command."""
    many = [(f"{n}", {**FULL, "warnings": [f"{n} files counted"], "counted": n}) for n in range(200, 400)]
    lines, _ = said(*many, again=" --sessions-root /srv/sessions")
    assert MOST_LINES == len(lines)
    assert "  399: 399 files counted" in lines
    named = sum(line.startswith("  ") for line in lines)
    assert f"and {200 - named} more: `baileys-cleanup check --sessions-root /srv/sessions`" == lines[-1]


def test_what_stands_since_an_earlier_run_is_counted_and_not_listed():
    """A warning that was told is a number the next night, also where its own number moved a little."""
    _, standing = said(("1", FULL), ("2", BROKEN))
    grown = {**FULL, "warnings": ["240 files counted: level critical; clean it"], "counted": 240}
    lines, after = said(("1", grown), ("2", BROKEN), ("3", FULL), known=standing)
    assert lines[1:] == [
        "1 company whose pairing is broken or gone, as told before",
        "2 companies fuller than normal, 1 of them as told before:",
        "  3: 230 files counted: level critical",
        "All that stands is told by: baileys-cleanup check",
    ]
    assert standing["1"] == after["1"], "what it is measured by stays as it was told"


@pytest.mark.parametrize(
    "worse",
    [
        {**FULL, "warnings": ["254 files counted: level critical"], "counted": 254},
        {**FULL, "warnings": [*FULL["warnings"], "1 entry is no regular file"]},
    ],
)
def test_what_became_worse_is_told_anew(worse):
    """A tenth more files, or one sentence more, is news."""
    _, standing = said(("1", FULL))
    lines, after = said(("1", worse), known=standing)
    assert lines[1] == "1 company fuller than normal:"
    assert after["1"].counted == worse["counted"]


def test_what_failed_is_listed_every_night():
    """A failure may be helped: it is never put aside."""
    _, standing = said(("1", FAILED), ("2", REFUSED))
    lines, _ = said(("1", FAILED), ("2", REFUSED), known=standing)
    assert "  1: its folder cannot be opened" in lines


def test_what_is_well_again_is_forgotten():
    """A company that wants nothing any more stands no longer, and is told when it comes back."""
    _, standing = said(("1", FULL))
    assert {} == said(("1", {}), known=standing)[1]


def test_a_run_over_some_companies_forgets_no_other():
    """Who was not looked at still stands."""
    known = {"1": Standing(("x",), 5), "2": Standing(("y",), 5)}
    report = QuietReport(lambda _: None)
    report.company(CompanyOutcome("2"))
    assert {"1": known["1"]} == report.recall(known, whole=False)
