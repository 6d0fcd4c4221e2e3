"""The page on consequences is made of the words, the verdicts and the results, and is up to date. Needs no Node."""

import ast
from pathlib import Path

import page
import results
import running_page
import running_results
from cases import CASES
from install import VERSIONS
from lives import STORES

from baileys_cleanup.decision.consequences import MEANING, WRITTEN
from baileys_cleanup.decision.names import Kind

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_what_its_program_makes():
    """A change in words, rules or results shows on the page: the program has been run."""
    assert page.PAGE.read_text(encoding="utf-8") == page.page(results.read(), running_results.read()), (
        f"run {page.COMMAND}"
    )


def test_the_page_would_notice_a_changed_result():
    """One delivery more that is lost makes another page."""
    found, running = results.read(), running_results.read()
    one = found["tool_gentle", "6.7.24", False]
    changed = found | {results.key(one): {**one, "lost": {"bot to ivan": 1}}}
    assert page.page(changed, running) != page.page(found, running)


def test_the_page_would_notice_a_changed_result_of_a_bot_that_runs():
    """One message that is lost in one moment makes another page."""
    found, running = results.read(), running_results.read()
    one = running["6.7.24", "cached", "gentle", True, "in_flight"]
    changed = running | {running_results.key(one): {**one, "lost": {"bot to group": 5}}}
    assert page.page(found, changed) != page.page(found, running)


def test_every_kind_and_every_removal_is_on_the_page():
    """No kind is left out, and no removal that was tried."""
    assert {subject.kind for subject in page.SUBJECTS} == set(Kind) == set(MEANING) == set(WRITTEN)
    shown = {case for subject in page.SUBJECTS for case in subject.cases}
    assert shown >= {case.name for case in CASES} - {"nothing", "gentle"}
    assert {one["case"] for one in results.read().values()} >= shown


def test_the_tests_it_names_exist():
    """A test that the page names can be found."""
    for name in {test for subject in page.SUBJECTS for test in subject.tests}:
        file, _, function = name.partition("::")
        tree = ast.parse((Path(__file__).parent / file).read_text(encoding="utf-8"))
        assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, name


def test_the_readme_has_the_table_of_the_tools_own_runs():
    """README shows what the lab found, to the letter."""
    assert page.for_the_readme(results.read()) in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_says_nothing_else_of_bots_that_run():
    """A row of README about a version and a store is a row that the results make."""
    begins = tuple(f"| {version}, {store} |" for version in VERSIONS for store in STORES)
    rows = [line for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines() if line.startswith(begins)]
    assert set(rows) <= set(running_page.for_the_readme(running_results.read()).splitlines())
