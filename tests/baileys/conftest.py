"""The lab of the real Baileys as fixtures: install once, make each world once, live on after each removal."""

import os

import install
import pytest
from databases import Databases
from lab import Lab
from running import Running

import servers


def pytest_collection_modifyitems(items):
    """A test that asks for the lab, or for an installed library, is slow and needs Node."""
    for item in items:
        if item.path.parent == install.INSTALLED.parent and "installed" in item.fixturenames:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.lab)


def versions_wanted(session):
    """The versions that the selected tests ask for, so that `-k 6.7.24` runs only that one; or all."""
    parameters = [getattr(item, "callspec", None) for item in session.items]
    asked = {one.params["version"] for one in parameters if one and "version" in one.params}
    return tuple(version for version in install.VERSIONS if version in asked) or install.VERSIONS


@pytest.fixture(scope="session")
def installed(request):
    """All versions of the library that are wanted, installed. Without Node: skip, but fail in CI."""
    try:
        install.install_all(versions_wanted(request.session))
    except install.CannotInstall as problem:
        if os.environ.get("CI") == "true":
            pytest.fail(f"the lab cannot run: {problem}")
        pytest.skip(f"the lab cannot run: {problem}")


@pytest.fixture(scope="session")
def lab(installed, request, tmp_path_factory):
    """The running lab."""
    lab = Lab(tmp_path_factory.mktemp("baileys"), versions_wanted(request.session))
    yield lab
    lab.close()


@pytest.fixture(scope="session")
def running(lab):
    """The bots that run while they are cleaned."""
    with Databases() as databases:
        yield Running(lab, databases)


@pytest.fixture(scope="session", autouse=True)
def _long_ones_first(request):
    """What takes longest begins first, whichever test comes first."""
    if any("running" in item.fixturenames for item in request.session.items):
        request.getfixturevalue("running").start()


@pytest.fixture(scope="module")
def postgres():
    """A PostgreSQL of the module's own."""
    with servers.postgres() as server:
        yield server


@pytest.fixture(scope="module")
def redis():
    """A Redis of the module's own."""
    with servers.redis() as server:
        yield server
