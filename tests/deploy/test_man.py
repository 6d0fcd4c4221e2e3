"""The man page: made of the tool's own help, whole, and without a complaint of a formatter."""

import re
import subprocess
import sys

import click
import pytest
from machine import DEPLOY, needs

from baileys_cleanup.cli import COMMANDS, commands
from baileys_cleanup.errors import CleanupError


@pytest.fixture(scope="module")
def page() -> str:
    """Make the page as the package is made."""
    command = [sys.executable, DEPLOY / "package" / "man.py"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_options(page: str, name: str) -> None:
    """Under each command stand its own options with what the help says of them."""
    told = page.replace("\\-", "-")
    part = re.split(r"^\.S[SH] ", told.partition(f".SS baileys-cleanup {name}")[2], maxsplit=1, flags=re.MULTILINE)[0]
    command = commands.get_command(click.Context(commands), name)
    assert command is not None
    options = [item for item in command.params if isinstance(item, click.Option) and not item.hidden]
    for option in options:
        assert all(spelling in part for spelling in option.opts)
        assert " ".join((option.help or "").split()).replace("\\", "\\e") in part


def test_every_exit_status_is_told(page: str) -> None:
    """Each status that an error ends with is there, and those of the signals."""
    part = page.partition(".SH EXIT STATUS")[2]
    for status in {0, 130, 143, *(error.status for error in (CleanupError, *CleanupError.__subclasses__()))}:
        assert f".B {status}\n" in part


@pytest.mark.slow
def test_a_formatter_has_nothing_to_complain_of(page: str) -> None:
    """Mandoc finds no error and nothing unportable; only a date is wanted, which would change the page each day."""
    needs("mandoc")
    lint = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "warning"], input=page, capture_output=True, text=True, check=False
    )
    assert [] == [line for line in lint.stdout.splitlines() if "missing date" not in line]
    plain = subprocess.run(["mandoc", "-T", "utf8"], input=page, capture_output=True, text=True, check=True).stdout
    assert "without losing a message or a pairing" in re.sub(r"\s+", " ", re.sub(".\b", "", plain))
