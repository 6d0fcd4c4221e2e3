"""The one fixture of the contract: a sessions root of one's own."""

from pathlib import Path

import pytest

from .world import Root


@pytest.fixture
def root(tmp_path: Path) -> Root:
    """Give an empty sessions root."""
    return Root(tmp_path / "root")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Make this a slow layer: some 540 runs of the tool as a process of its own take a minute."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)
