"""The one fixture of the contract: a sessions root of one's own."""

from pathlib import Path

import pytest

from .world import Root


@pytest.fixture
def root(tmp_path: Path) -> Root:
    """Give an empty sessions root."""
    return Root(tmp_path / "root")
