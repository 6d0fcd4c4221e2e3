"""What a module needs of the world: an environment without the tool's variables, an open root, a tool's folder."""

import os

import pytest

from baileys_cleanup.commands import options
from baileys_cleanup.settings import load as settings
from baileys_cleanup.store.folder.folder_store import open_store


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch, tmp_path):
    """Hide what this machine sets: variables of the tool and a settings file under /etc."""
    for name in list(os.environ):
        if name.upper().startswith("BAILEYS_CLEANUP_"):
            monkeypatch.delenv(name)
    monkeypatch.setattr(settings, "CONFIG_FILE", str(tmp_path / "no-such-file.toml"))


@pytest.fixture(autouse=True)
def _second_look_at_once(monkeypatch):
    """Let a command that runs in this process read a broken creds.json again without the pause before it."""
    monkeypatch.setattr(options, "SECOND_LOOK", 0)


@pytest.fixture
def place(tmp_path):
    """Give an empty folder that may serve as sessions root."""
    path = tmp_path / "root"
    path.mkdir()
    return path


@pytest.fixture
def root(place):
    """Give an open sessions root."""
    with open_store(str(place)) as opened:
        yield opened


@pytest.fixture
def tool(root):
    """Give the tool's own folder, made and open."""
    with root.workspace(create=True) as opened:
        yield opened
