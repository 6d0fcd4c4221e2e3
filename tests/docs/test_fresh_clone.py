"""The commands of a fresh clone, run as they stand where there is nothing but git, Python and pip."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from .pages import DOCS, README, ROOT, blocks, section

pytestmark = pytest.mark.slow

BASE = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
NEEDED = ("git", "sh", "mktemp")
PASSED_ON = ("PIP_", "SSL_", "REQUESTS_", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
NO_NETWORK = ("Temporary failure in name resolution", "Network is unreachable", "Failed to establish a new connection")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy what git would clone: the files it knows or would add, and nothing that was built."""
    target = tmp_path_factory.mktemp("fresh") / "baileys-cleanup"
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the environment of a machine that has only git, Python and pip."""
    if subprocess.run([BASE, "-m", "pip", "--version"], capture_output=True, check=False).returncode:
        pytest.skip(f"{BASE} has no pip")
    path = tmp_path_factory.mktemp("bin")
    for name in NEEDED:
        found = shutil.which(name)
        assert found, name
        (path / name).symlink_to(found)
    python = path / "python3"
    python.write_text(f'#!/bin/sh\nexec {BASE} "$@"\n')
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    passed = {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)}
    return {**passed, "PATH": str(path), "HOME": str(tmp_path_factory.mktemp("home"))}


def copy_and_paste(heading: str, clone: Path, environment: dict[str, str], page: Path = README) -> str:
    """Run the first command under a heading of a page in the clone, and return what it wrote."""
    command = blocks(section(page, heading), "sh")[0]
    result = subprocess.run(
        ["sh", "-c", command], cwd=clone, env=environment, capture_output=True, text=True, check=False
    )
    if result.returncode and any(words in result.stderr for words in NO_NETWORK) and "CI" not in os.environ:
        pytest.skip("no network to install from")
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.mark.parametrize("time", ["first", "second"])
def test_try_it(time: str, clone: Path, machine: dict[str, str]) -> None:
    """Pasted into a fresh clone, once and again, the first command cleans a new demo folder."""
    said = copy_and_paste("Try it", clone, machine)
    assert "COMPANY" in said
    assert "5 companies: " in said
    assert "To take this back until " in said


@pytest.mark.parametrize("time", ["first", "second"])
def test_run_the_tests(time: str, clone: Path, machine: dict[str, str]) -> None:
    """Pasted into a fresh clone, once and again, the test command passes (here with some of the tests)."""
    some = {"PYTEST_ADDOPTS": "tests/unit/decision -q -p no:cacheprovider"}
    said = copy_and_paste("Run the tests", clone, {**machine, **some})
    assert " passed" in said


LAB = ROOT / "tests" / "baileys" / "README.md"


@pytest.mark.parametrize("page", [LAB, ROOT / "CONTRIBUTING.md"], ids=["the lab", "contributing"])
def test_run_the_lab(page: Path, clone: Path, machine: dict[str, str]) -> None:
    """The one command of the lab sets itself up and finds the lab's tests (here they are only listed)."""
    listed = {"PYTEST_ADDOPTS": "--collect-only -q -p no:cacheprovider"}
    said = copy_and_paste("Run the lab", clone, {**machine, **listed}, page)
    assert "test_life_goes_on.py::test_nothing_is_lost_after_the_default_rules[7.0.0-rc14]" in said
    assert "test_retention" not in said


def test_make_the_page(clone: Path, machine: dict[str, str]) -> None:
    """The command under the title of the page on consequences makes that very page."""
    copy_and_paste("Run the lab", clone, {**machine, "PYTEST_ADDOPTS": "--collect-only -q"}, LAB)
    page = clone / "docs" / "consequences.md"
    before = page.read_text(encoding="utf-8")
    page.write_text("", encoding="utf-8")
    copy_and_paste("Consequences", clone, machine, DOCS / "consequences.md")
    assert before == page.read_text(encoding="utf-8")
