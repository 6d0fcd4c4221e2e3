"""`commands.explain`: what is said of each file, given a world."""

import json

import pytest

from baileys_cleanup.commands.explain import explain_files
from baileys_cleanup.errors import UsageProblem

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
        for file in company["files"]
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
    [([], ["x.json"]), ([], ["other/x.json"]), ([], [f"/srv/x/company_7/{SESSION}"]), (["9"], []), (["8"], ["x"])],
)
def test_what_is_not_there_cannot_be_explained(settings, companies, chosen, files):
    """A name or company that does not exist ends the command."""
    with pytest.raises(UsageProblem):
        explained(settings, chosen, files)


def test_people_get_meaning_and_consequence(settings, companies):
    """In text, each kind is introduced with what it is and what its loss means."""
    _, text = said(explain_files, settings, ["8"], [], WORLD, as_json=False)
    assert [] == [
        part for part in ("company 8", "would be removed", "stays", "if it goes:", SESSION) if part not in text
    ]
