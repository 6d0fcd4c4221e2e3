"""Where Node is missing or too old the lab says so: a skip on somebody's machine, a failure in CI. Needs no Node."""

import os
import subprocess
import sys
from pathlib import Path

import install
import pytest

ONE_OF_THE_LAB = "test_names.py::test_every_key_type_of_the_library_has_a_kind"


@pytest.mark.slow
@pytest.mark.parametrize(("ci", "status", "word"), [("true", 1, "ERROR"), ("", 0, "SKIPPED")])
def test_without_node_the_lab_skips_here_and_fails_in_ci(ci, status, word, tmp_path):
    """The sentence names what is missing either way."""
    folder = Path(__file__).parent
    run = [sys.executable, "-m", "pytest", "-m", "lab", "-p", "no:cacheprovider", str(folder / ONE_OF_THE_LAB)]
    others = {name: value for name, value in os.environ.items() if name not in {"CI", "PATH", "PYTEST_ADDOPTS"}}
    told = subprocess.run(
        run, env={**others, "PATH": str(tmp_path), "CI": ci}, cwd=folder, capture_output=True, text=True, check=False
    )
    assert told.returncode == status, told.stdout
    assert word in told.stdout
    assert "node is not installed; the lab needs Node 20 or newer and npm" in told.stdout


def test_an_old_node_is_refused(tmp_path, monkeypatch):
    """A version before the oldest that the library runs on is told with its number."""
    for name, says in (("node", "v18.20.4"), ("npm", "10.0.0")):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\necho {says}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(install.CannotInstall, match=r"v18\.20\.4 is too old"):
        install.require_node()
