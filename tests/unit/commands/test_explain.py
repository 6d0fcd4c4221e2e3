"""`commands.explain`: what is said of each file, given a world."""

import json

import pytest

from baileys_cleanup.commands.explain import explain_files
from baileys_cleanup.errors import CompanyProblem, UsageProblem
from baileys_cleanup.store.folder.root import Root

from ..helpers import PN, creds, put
from .helpers import SESSION, WORLD, said


@pytest.fixture
def companies(place):
    """Give two companies with an old session each, and one that has an own session."""
    for number in ("7", "8"):
        put(place / f"company_{number}", "creds.json", creds())
        put(place / f"company_{number}", SESSION, age=20)
    put(place / "company_7", f"session-{PN}.0.json", age=20)


def explained(settings, companies=(), files=()):
    """Give what explain says as JSON, by company and file."""
    _, text = said(explain_files, settings, companies, files, WORLD, as_json=True)
    return {
        (company["company_id"], file["file"]): (file["verdict"], file["rule"])
        for company in json.loads(text)["companies"]
        for file in company["verdicts"]
    }


def test_every_file_is_explained(settings, companies):
    """Without a name all files of all companies are explained, with verdict and rule."""
    assert {
        ("7", "creds.json"): ("keep", "protected"),
        ("7", SESSION): ("remove", "session_age"),
        ("7", f"session-{PN}.0.json"): ("keep", "own_session"),
        ("8", "creds.json"): ("keep", "protected"),
        ("8", SESSION): ("remove", "session_age"),
    } == explained(settings)


@pytest.mark.parametrize(
    ("chosen", "files", "found"),
    [
        (["8"], [], {("8", "creds.json"), ("8", SESSION)}),
        ([], ["company_8"], {("8", "creds.json"), ("8", SESSION)}),
        ([], ["company_8/"], {("8", "creds.json"), ("8", SESSION)}),
        ([], ["creds.json"], {("7", "creds.json"), ("8", "creds.json")}),
        ([], [f"company_7/{SESSION}"], {("7", SESSION)}),
        (["7"], [SESSION], {("7", SESSION)}),
    ],
)
def test_companies_and_files_can_be_named(settings, companies, chosen, files, found):
    """A company, a name, or a path that ends in one, limits what is explained."""
    assert found == explained(settings, chosen, files).keys()


@pytest.mark.parametrize(
    ("chosen", "files"),
    [
        ([], ["x.json"]),
        ([], ["other/x.json"]),
        ([], [""]),
        ([], ["/"]),
        ([], [f"/srv/x/company_7/{SESSION}"]),
        (["9"], []),
        (["8"], ["x"]),
    ],
)
def test_what_is_not_there_cannot_be_explained(settings, companies, chosen, files):
    """A name or company that does not exist ends the command."""
    with pytest.raises(UsageProblem):
        explained(settings, chosen, files)


def test_one_company_that_cannot_be_looked_at_keeps_no_other_from_it(settings, companies, place, monkeypatch):
    """It is told, with status 1, and the others are explained."""
    really = Root.company

    def refuse(root, company_id, **how):
        if company_id == "7":
            raise CompanyProblem("its folder cannot be opened: Permission denied")
        return really(root, company_id, **how)

    monkeypatch.setattr(Root, "company", refuse)
    status, text = said(explain_files, settings, [], [], WORLD, as_json=False)
    assert (1, True, True) == (status, "error: its folder cannot be opened" in text, "session_age" not in text)
    assert SESSION in text


def test_a_path_is_understood_wherever_one_stands(settings, companies, place, monkeypatch):
    """From inside a company's folder, `./name` is a file of that company."""
    monkeypatch.chdir(place / "company_7")
    assert {("7", SESSION)} == explained(settings, [], [f"./{SESSION}"]).keys()


def test_a_root_without_companies_is_said(settings):
    """There is an answer where there is nothing to explain."""
    status, text = said(explain_files, settings, [], [], WORLD, as_json=False)
    assert (0, True) == (status, "no company_<id> folder" in text)


def test_people_get_meaning_and_consequence(settings, companies):
    """In text, each kind is introduced with what it is and what its loss means."""
    _, text = said(explain_files, settings, ["8"], [], WORLD, as_json=False)
    assert [] == [
        part
        for part in ("company 8", "would be removed", "stays", "written with", "if it goes:", SESSION)
        if part not in text
    ]
