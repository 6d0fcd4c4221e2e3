"""`summary`: what programs and people read of a run."""

import json

import pytest

from baileys_cleanup.decision.levels import Level
from baileys_cleanup.decision.names import Kind
from baileys_cleanup.decision.outcome import CompanyOutcome, CompanyStatus, Problem, RunOutcome, Tally
from baileys_cleanup.decision.verdict import Rule, Verdict
from baileys_cleanup.output.summary import JsonReport, QuietReport, TextReport, problems_in_words, table, verdict_fields

from ..helpers import NOW, SECOND, auth_file

GONE = Verdict(auth_file("session-1.0.json", 20, size=5), True, Rule.SESSION_AGE, "20.0 days old; the limit is 14 days")
STAYS = Verdict(auth_file("creds.json", None), False, Rule.PROTECTED, "protected: this kind is never removed")


def unpainted(text, _word):
    """Give a text as it is."""
    return text


def run(**more):
    """Give the outcome of a run."""
    return RunOutcome("20261122T030000Z-4f1c", more.pop("dry_run", False), "/srv/sessions", NOW, 7, **more)


def company(company_id="962302", **more):
    """Give one cleaned company."""
    kinds = {Kind.CREDS: Tally(1, 0, 1), Kind.SESSION: Tally(4, 1, 1, 1, 1)}
    return CompanyOutcome(
        company_id, kinds=kinds, size=5, counted=4, level=Level.EXCELLENT, removed=[GONE], kept=[STAYS], **more
    )


def as_json(outcome, *companies, removals=False, keeps=False):
    """Report a run as JSON and read it back."""
    said = []
    report = JsonReport(said.append, outcome, removals=removals, keeps=keeps)
    for each in companies:
        outcome.add(each)
        report.company(each)
    report.close(outcome)
    return json.loads("".join(said))


def as_text(outcome, *companies, removals=False, keeps=False, paint=unpainted):
    """Report a run as text."""
    said = []
    report = TextReport(said.append, outcome, paint, removals=removals, keeps=keeps)
    for each in companies:
        outcome.add(each)
        report.company(each)
    report.close(outcome)
    return "".join(said)


def test_the_document_is_the_contracts():
    """One company, one run: every key of the contract with its value."""
    outcome = run(seconds=0.1234)
    document = as_json(outcome, company(advertised=3, errors=[Problem("session-2.0.json", "no")], warnings=["w"]))
    files = {"seen": 5, "removed": 1, "kept": 2, "failed": 1, "changed": 1}
    expected = {
        "schema_version": 1,
        "run_id": "20261122T030000Z-4f1c",
        "dry_run": False,
        "status": "done",
        "sessions_root": "/srv/sessions",
        "started_at": "2026-11-22T03:00:00Z",
        "duration_seconds": 0.123,
        "totals": {"companies": 1, "companies_failed": 0, **files, "bytes_removed": 5},
    }
    assert expected == {key: document[key] for key in expected}
    (one,) = document["companies"]
    expected = {
        "company_id": "962302",
        "status": "cleaned",
        "level": "excellent",
        "files": files,
        "bytes_removed": 5,
        "advertised_pre_keys": 3,
        "counted": 4,
        "warnings": ["w"],
        "errors": [{"file": "session-2.0.json", "error": "no"}],
    }
    assert expected == {key: one[key] for key in expected}
    assert {"seen": 4, "removed": 1, "kept": 1, "failed": 1, "changed": 1} == one["kinds"]["session"]
    assert "removals" not in one


def test_no_company_and_many_are_documents_too():
    """The document is JSON with any number of companies."""
    assert [] == as_json(run())["companies"]
    many = as_json(run(), *(company(str(number)) for number in range(3)))
    assert ["0", "1", "2"] == [one["company_id"] for one in many["companies"]]


def test_details_come_when_asked_for():
    """Removals and keeps carry name, kind, rule, reason, age and bytes."""
    (one,) = as_json(run(), company(), removals=True, keeps=True)["companies"]
    expected = {
        "file": "session-1.0.json",
        "kind": "session",
        "rule": "session_age",
        "reason": GONE.reason,
        "age_seconds": 20 * 86_400,
        "bytes": 5,
    }
    assert [expected] == one["removals"]
    assert [(None, None)] == [(keep["age_seconds"], keep["bytes"]) for keep in one["keeps"]]


def test_names_are_escaped_everywhere():
    """A name with control characters or odd bytes reaches no output as it is."""
    nasty = "session-\x1b[31m\udcff.json"
    verdict = GONE._replace(file=GONE.file._replace(name=nasty))
    each = CompanyOutcome("7\x1b[31m\udcff", removed=[verdict], errors=[Problem(nasty, nasty)])
    document = as_json(run(errors=[nasty], warnings=[nasty]), each, removals=True)
    text = as_text(run(errors=[nasty], warnings=[nasty]), each, removals=True)
    for said in (json.dumps(document, ensure_ascii=False), text.replace("\n", "")):
        assert said.isprintable()
        assert r"\x1b[31m" in said


def test_age_is_cut_to_its_second():
    """The age in seconds is never more than the file has."""
    assert (
        13 == verdict_fields(GONE._replace(file=GONE.file._replace(modified=NOW - 14 * SECOND + 1)), NOW)["age_seconds"]
    )


def test_the_table_has_a_row_for_each_company():
    """Before, removed, by kind, left and level stand in one row; a dry run says what would go."""
    text = as_text(run(), company(), company("7", status=CompanyStatus.FAILED, warnings=["w"]))
    rows = [line.split() for line in text.splitlines()[:3]]
    assert ["COMPANY", "BEFORE", "REMOVED"] == rows[0][:3]
    assert ["962302", "5", "1", "1", "-", "-", "-", "4", "excellent"] == rows[1]
    assert ["7", "5", "1", "1", "-", "-", "-", "4", "excellent", "failed,", "1", "warning"] == rows[2]
    assert "2 companies: 10 files before, 2 removed (10 B), 8 left (2 failed, 2 changed). Root: /srv/sessions" in text
    assert "until 2026-11-29: baileys-cleanup undo 20261122T030000Z-4f1c" in text


def test_a_dry_run_promises_nothing():
    """A dry run says that nothing was changed, and offers no undo."""
    text = as_text(run(dry_run=True), company())
    assert "WOULD GO" in text
    assert "would be removed" in text
    assert "Dry run: nothing was changed." in text
    assert "undo" not in text


def test_what_cannot_be_undone_offers_no_undo():
    """With no days to undo, and with nothing removed, there is nothing to take back."""
    outcome = run()
    outcome.undo_days = 0
    assert "undo" not in as_text(outcome, company())
    assert "undo" not in as_text(run(), CompanyOutcome("7"))


def test_text_shows_details_when_asked_for():
    """Removals come with their reasons, keeps only when they are asked for as well."""
    assert GONE.reason not in as_text(run(), company())
    with_removals = as_text(run(), company(), removals=True)
    assert GONE.reason in with_removals
    assert STAYS.reason not in with_removals
    assert STAYS.reason in as_text(run(), company(), removals=True, keeps=True)


def test_trouble_is_told_after_the_table():
    """Errors, warnings and notes of companies and of the run are sentences of their own."""
    outcome = run(warnings=["rw"], notes=["rn"], errors=["re"])
    each = company(errors=[Problem(None, "ce")], warnings=["cw"], notes=["cn"])
    lines = as_text(outcome, each).splitlines()
    expected = ["note: rn", "error: company 962302: ce", "warning: company 962302: cw", "note: company 962302: cn"]
    expected += ["warning: rw", "error: re", "Run partial."]
    assert expected == lines[-len(expected) :]


@pytest.mark.parametrize(
    ("status", "errors", "heard"),
    [(CompanyStatus.CLEANED, [], False), (CompanyStatus.FAILED, [], True), (CompanyStatus.CLEANED, ["x"], True)],
)
def test_quiet_means_nothing_when_all_is_well(status, errors, heard):
    """A quiet report passes on the companies and the end of a run that did not go well, and else nothing."""
    said = []
    outcome = run(errors=errors)
    report = QuietReport(TextReport(said.append, outcome, unpainted, removals=False, keeps=False))
    for each in (company("good"), company("other", status=status)):
        outcome.add(each)
        report.company(each)
    report.close(outcome)
    assert heard == bool(said)
    assert "good" not in "".join(said)


def test_people_get_the_first_of_many_problems():
    """One sentence for each cause, with the first files it met and the number of the others."""
    outcome = CompanyOutcome("7", errors=[Problem(None, "all"), *(Problem(f"f{n}", "no") for n in range(24))])
    lines = problems_in_words(outcome)
    assert ["all", "f0, f1, f2, f3, f4 and 19 more: no"] == lines


def test_a_table_is_aligned_and_painted_by_its_own_word():
    """Numbers stand to the right, words to the left, and only a level's cell is painted."""
    rows = [["NAME", "N", "LEVEL"], ["a", "1,000", "critical"], ["bcd", "-", "unknown"]]
    lines = table(rows, lambda text, word: f"<{text}|{word}>", 2)
    assert ["NAME      N  LEVEL", "a     1,000  <critical|critical>", "bcd       -  unknown"] == lines
