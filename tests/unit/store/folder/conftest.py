"""Where these tests are at work: a bare name that is looked for without its open folder is found nowhere."""

import pytest


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path_factory, monkeypatch):
    """Let the current folder be an empty one."""
    monkeypatch.chdir(tmp_path_factory.mktemp("here"))
