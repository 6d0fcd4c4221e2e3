"""One S3 server for all tests of this layer, and a sessions root and a bucket for each."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from server import BUCKET, Server, missing, serving


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Make this a slow layer: it needs a server and an extra."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def one_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start the server once."""
    try:
        import botocore  # noqa: F401 - only whether it is there
    except ImportError:
        missing("needs botocore")
    with serving(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def server(one_server: Server) -> Server:
    """Give the server with an empty bucket."""
    for path in (one_server.folder / BUCKET).iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return one_server


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a demo root with two companies that can be backed up."""
    path = tmp_path_factory.mktemp("demo") / "root"
    subprocess.run([sys.executable, "-m", "baileys_cleanup", "demo", str(path)], check=True, capture_output=True)
    for company in ("company_404040", "company_700001", "company_Zürich-2"):
        shutil.rmtree(path / company)
    return path


@pytest.fixture
def root(demo: Path, tmp_path: Path) -> Path:
    """Copy the demo root, dates included."""
    shutil.copytree(demo, tmp_path / "root")
    return tmp_path / "root"
