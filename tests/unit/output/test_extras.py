"""`extras`: the command that brings an extra, for each way to install the tool."""

import sys
import tomllib
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from baileys_cleanup.output import extras
from baileys_cleanup.output.extras import to_install

PROJECT = Path(__file__).parents[3] / "pyproject.toml"


class Copy:
    """What `importlib.metadata` knows of an installed copy."""

    requires = ("click>=8.1.7", "botocore>=1.36; extra == 's3'", 'segno>=1.6 ; extra == "qr"')

    def __init__(self, installer):
        self.installer = installer

    def read_text(self, name):
        """Give what stands in a file of the copy's metadata."""
        assert name == "INSTALLER"
        return self.installer


@pytest.fixture
def installed(monkeypatch, tmp_path):
    """Give a function that lets this copy be one that somebody installed in `tmp_path/venvs/tool`."""

    def install(installer, *, pip=True):
        monkeypatch.setattr(extras, "distribution", lambda _: Copy(installer))
        monkeypatch.setattr(extras, "find_spec", lambda name: name if pip else None)
        prefix = tmp_path / "venvs" / "tool"
        prefix.mkdir(parents=True)
        monkeypatch.setattr(sys, "prefix", str(prefix))
        monkeypatch.setattr(sys, "executable", str(prefix / "bin" / "python"))
        return prefix

    return install


@pytest.mark.parametrize("installer", ["pip\n", "uv", None])
def test_an_environment_gets_it_by_its_own_pip(installed, installer):
    """With pip inside, the environment's own Python installs the extra."""
    prefix = installed(installer)
    assert f"{prefix}/bin/python -m pip install 'baileys-cleanup[s3]'" == to_install("s3")


def test_an_environment_without_pip_gets_it_by_that_of_the_machine(installed):
    """Made as the README makes it, the environment has no pip: the machine's is told where to install."""
    prefix = installed("pip", pip=False)
    assert f"PIP_PYTHON={prefix}/bin/python python3 -m pip install 'baileys-cleanup[s3]'" == to_install("s3")


def test_pipx_injects_the_library(installed, monkeypatch, tmp_path):
    """Under pipx the library itself goes into the tool's environment, by its name and wherever pipx keeps it."""
    prefix = installed("pip")
    (prefix / "pipx_metadata.json").touch()
    monkeypatch.setenv("HOME", "/home/operator")
    assert f"PIPX_HOME={tmp_path} pipx inject tool 'botocore>=1.36'" == to_install("s3")
    monkeypatch.setenv("HOME", str(tmp_path.parent))
    assert "pipx inject tool 'segno>=1.6'" == to_install("qr")


def test_debian_has_a_package_of_the_extras(installed):
    """A copy from the Debian package gets them as a second package."""
    installed("deb\n")
    assert to_install("s3").startswith("sudo apt install ./baileys-cleanup-extras_*.deb ")


def test_a_single_file_cannot_be_added_to(installed):
    """The command builds the file that has the extras, and its name is told."""
    installed("zipapp\n")
    assert to_install("s3").startswith("python3 deploy/package/build.py zipapp ")
    assert "baileys-cleanup-with-extras.pyz" in to_install("s3")


def test_a_checkout_that_was_never_installed(installed, monkeypatch):
    """Where no metadata tells how, pip it is."""
    installed("deb")

    def unknown(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(extras, "distribution", unknown)
    assert "-m pip install 'baileys-cleanup[qr]'" in to_install("qr")


def test_no_sentence_names_a_command_of_its_own():
    """Every place that names an extra asks this room for the command, by the name of an extra that exists."""
    house = Path(extras.__file__).parents[1]
    known = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    asked = set()
    for path in house.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        if path != Path(extras.__file__):
            assert "pip install" not in source, path
            asked |= {part[1:].partition(part[0])[0] for part in source.split("to_install(")[1:]}
    assert asked == known.keys() - {"dev", "ci", "mutation"}
