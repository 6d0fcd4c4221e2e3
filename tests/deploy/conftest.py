"""What the tests of `deploy/` share: the installed tool, demo roots, and a machine to run the examples on."""

import json
import os
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest
from charts import install_helm
from container import Image, build_image
from machine import SESSIONS_ROOT, Machine, RunTool, missing, needs
from stock import Stock, stock_machine
from web import TIMEOUT


@pytest.fixture(scope="session")
def tool() -> str:
    """Return the absolute path of the installed command."""
    found = shutil.which("baileys-cleanup", path=sysconfig.get_path("scripts")) or shutil.which("baileys-cleanup")
    if found is None:
        missing("baileys-cleanup is not installed in this environment")
    return os.path.abspath(found)


@pytest.fixture
def run_tool(tool: str) -> RunTool:
    """Run the installed command, without the settings of the person who runs the tests."""

    def run(*args: object, status: int = 0) -> subprocess.CompletedProcess[str]:
        env = {name: value for name, value in os.environ.items() if not name.startswith("BAILEYS_CLEANUP_")}
        done = subprocess.run(
            [tool, *map(str, args)], capture_output=True, text=True, env=env, timeout=TIMEOUT, check=False
        )
        assert status == done.returncode, done.stderr
        return done

    return run


@pytest.fixture
def demo(tmp_path: Path, run_tool: RunTool) -> Path:
    """Build a demo sessions root as anybody gets it."""
    root = tmp_path / "demo"
    run_tool("demo", root)
    return root


@pytest.fixture
def healthy_demo(demo: Path, run_tool: RunTool) -> Path:
    """Build a demo root without the companies that deserve a warning."""
    planned = json.loads(run_tool("--sessions-root", demo, "--dry-run", "--json").stdout)
    for company in planned["companies"]:
        if company["warnings"] or company["errors"]:
            shutil.rmtree(demo / f"company_{company['company_id']}")
    assert list(demo.glob("company_*"))
    return demo


@pytest.fixture(scope="session")
def helm(request: pytest.FixtureRequest) -> str:
    """Return a helm, fetched once and kept with pytest's cache."""
    cache = request.config.cache
    assert cache is not None
    return install_helm(cache.mkdir("helm"))


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    """Build the container's image once, as far as it can be without a registry: on a Debian of our own making."""
    with build_image(tmp_path_factory.mktemp("image")) as built:
        yield built


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Build a machine like this one, where a test can lay files over what is there."""
    needs("unshare", "mount")
    if os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        missing("needs root and mount namespaces")
    return Machine(tmp_path / "machine")


@pytest.fixture
def stock(tmp_path: Path, healthy_demo: Path) -> Stock:
    """Build a stock machine with a sessions root of companies that are well."""
    machine = stock_machine(tmp_path / "stock")
    machine.put(healthy_demo, SESSIONS_ROOT)
    return machine
