"""Tables on a narrow terminal: no line of a table is wider than it, and what goes is never the company."""

import pytest
from click.testing import CliRunner

from baileys_cleanup import cli
from baileys_cleanup.commands import backup_list, monitor, restore, settings, undo_list

from ..helpers import creds, put

NARROW = 60


@pytest.fixture
def call(place, tmp_path, monkeypatch):
    """Give a function that runs a command on a terminal of 60 columns over a demo root."""
    for room in (backup_list, monitor, restore, settings, undo_list):
        monkeypatch.setattr(room, "width_of_stdout", lambda: NARROW)
    (tmp_path / "archives").mkdir(0o700)
    monkeypatch.setenv("BAILEYS_CLEANUP_SESSIONS_ROOT", str(place))
    monkeypatch.setenv("BAILEYS_CLEANUP_BACKUP__TO", str(tmp_path / "archives"))
    put(place / "company_962302", "creds.json", creds(), age=1)
    put(
        place / "company_a-company-of-a-long-name",
        "creds.json",
        creds(me={"id": "15559999999:3@s.whatsapp.net"}),
        age=1,
    )
    for number in range(190):
        put(place / "company_962302", f"device-list-{number}.json", age=1)

    def run(*args):
        return CliRunner().invoke(cli.commands, args).stdout

    return run


def rows(text, head):
    """Give the lines of the table that begins with this word."""
    lines = text.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith(head))
    return [line for line in lines[at : at + 3] if " in " not in line]


@pytest.mark.parametrize(
    ("args", "head"),
    [
        (["backup", "--list", "--company", "962302"], "COMPANY"),
        (["restore", "latest", "--all", "--dry-run"], "COMPANY"),
        (["monitor", "--dry-run"], "COMPANY"),
        (["undo"], "RUN"),
    ],
)
def test_a_table_fits(call, args, head):
    """Every row names its company or its run within 60 columns."""
    call("backup")
    call("restore", "latest", "--company", "962302", "--replace", "--anyway")
    table = rows(call(*args), head)
    assert any("962302" in line for line in table)
    assert [] == [line for line in table if len(line) > NARROW]


def test_settings_that_do_not_fit_are_lines(call, monkeypatch):
    """With a long value each setting is `name = value`, and where it comes from stands below: nothing is cut."""
    monkeypatch.setenv("BAILEYS_CLEANUP_LEVELS__NOT_COUNTED", "lid_mapping device_list identity_key tctoken")
    said = call("settings")
    assert 'levels.not_counted = ["lid_mapping", "device_list", "identity_key", "tctoken"]\n' in said
    assert "    from BAILEYS_CLEANUP_LEVELS__NOT_COUNTED\n" in said
