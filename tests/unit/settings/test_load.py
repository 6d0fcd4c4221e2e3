"""`settings`: which source wins, and when there is nothing to read."""

import subprocess
import sys

import pytest

from baileys_cleanup.decision.policy import Preset
from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.settings import load as settings
from baileys_cleanup.settings.load import load
from baileys_cleanup.settings.values import Settings


@pytest.fixture
def toml(tmp_path):
    """Give a function that writes a settings file."""

    def write(text):
        path = tmp_path / "settings.toml"
        path.write_text(text)
        return str(path)

    return write


def test_nobody_said_anything():
    """Without flags, variables and a file, the defaults are in force."""
    loaded = load()
    assert (Settings(), {}) == (loaded.settings, loaded.sources)


def test_a_flag_that_was_not_given_is_no_flag():
    """None from the command line is nothing; zero is a value."""
    loaded = load(flags={"sessions_root": None, "undo_days": 0})
    assert (Settings(undo_days=0), {"undo_days": "flag"}) == (loaded.settings, loaded.sources)


def test_flag_before_variable_before_file_before_default(toml, monkeypatch):
    """Each source outranks the next, and each value knows where it comes from."""
    path = toml("undo_days = 3\nmax_removals = 3\n[retention]\nmax_pre_keys = 33\nmin_pre_keys = 3\n")
    monkeypatch.setenv("BAILEYS_CLEANUP_UNDO_DAYS", "2")
    monkeypatch.setenv("BAILEYS_CLEANUP_RETENTION__MAX_PRE_KEYS", "32")
    loaded = load(path, {"undo_days": 1})
    found = loaded.settings
    assert (1, 3, 32, 3, 14) == (
        found.undo_days,
        found.max_removals,
        found.retention.max_pre_keys,
        found.retention.min_pre_keys,
        found.retention.session_max_age_days,
    )
    names = ["undo_days", "max_removals", "retention.max_pre_keys", "retention.session_max_age_days"]
    variable = "BAILEYS_CLEANUP_RETENTION__MAX_PRE_KEYS"
    assert ["flag", path, variable, "default"] == [loaded.source(name) for name in names]


def test_the_file_is_the_one_asked_for(toml, monkeypatch, tmp_path):
    """`--config` outranks the variable, which outranks the file under /etc."""
    etc, named = tmp_path / "etc.toml", tmp_path / "named.toml"
    etc.write_text("undo_days = 1")
    named.write_text("undo_days = 2")
    monkeypatch.setattr(settings, "CONFIG_FILE", str(etc))
    assert 1 == load().settings.undo_days
    monkeypatch.setenv("BAILEYS_CLEANUP_CONFIG", str(named))
    assert 2 == load().settings.undo_days
    assert 3 == load(toml("undo_days = 3")).settings.undo_days


@pytest.mark.parametrize("how", ["flag", "variable", "link"])
def test_a_file_that_somebody_meant_and_is_not_there_is_an_error(how, monkeypatch, tmp_path):
    """A missing file that was asked for, or a dangling link under /etc, never means the defaults."""
    gone = str(tmp_path / "gone.toml")
    if how == "variable":
        monkeypatch.setenv("BAILEYS_CLEANUP_CONFIG", gone)
    elif how == "link":
        link = tmp_path / "link.toml"
        link.symlink_to(gone)
        monkeypatch.setattr(settings, "CONFIG_FILE", str(link))
    with pytest.raises(UsageProblem, match="cannot be read"):
        load(gone if how == "flag" else None)


@pytest.mark.parametrize("how", ["flag", "variable"])
def test_an_empty_name_of_a_file_is_an_error(how, monkeypatch):
    """An empty name is a slip, not a wish for the defaults."""
    monkeypatch.setenv("BAILEYS_CLEANUP_CONFIG", "")
    with pytest.raises(UsageProblem, match="empty"):
        load("" if how == "flag" else None)


def test_a_variable_in_small_letters_is_seen(monkeypatch):
    """A variable of ours in small letters is read, and a wrong one is an error."""
    monkeypatch.setenv("baileys_cleanup_undo_days", "9")
    assert 9 == load().settings.undo_days
    monkeypatch.setenv("baileys_cleanup_undo_day", "9")
    with pytest.raises(UsageProblem, match="undo_day "):
        load()


def test_nothing_is_checked_where_nothing_was_written():
    """Loading the defaults imports no schema: that costs a tenth of a second."""
    code = (
        "import sys\nfrom baileys_cleanup.settings import load as settings\nsettings.CONFIG_FILE = '/nonexistent/x'\n"
        "settings.load(None, {'undo_days': 3})\nassert not {'pydantic', 'baileys_cleanup.settings.schema'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PATH": "/usr/bin:/bin"})


def test_a_flag_may_be_for_a_setting_in_a_table():
    """A flag with a dotted name stands where a file would have it, and is told as a flag."""
    loaded = load(None, {"retention.preset": "gentle", "undo_days": 3})
    assert (Preset.GENTLE, 14, 3) == (
        loaded.settings.retention.preset,
        loaded.settings.retention.session_max_age_days,
        loaded.settings.undo_days,
    )
    assert ("flag", "flag", "default") == tuple(
        loaded.source(name) for name in ("retention.preset", "undo_days", "retention.max_pre_keys")
    )
