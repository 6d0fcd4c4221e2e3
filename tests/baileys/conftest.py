"""The lab of the real Baileys as fixtures: install once, make each world once, live on after each removal."""

import os

import install
import pytest
from lab import Lab, write_results


def pytest_collection_modifyitems(items):
    """Every test here is slow and needs Node."""
    for item in items:
        if item.path.parent == install.INSTALLED.parent:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.lab)


def versions_wanted(session):
    """The versions that the selected tests ask for, so that `-k 6.7.24` runs only that one."""
    asked = {
        item.callspec.params["version"]
        for item in session.items
        if "version" in getattr(item, "callspec", _Plain).params
    }
    return tuple(version for version in install.VERSIONS if version in asked)


class _Plain:
    params = {}


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
    """The running lab. At the end its results are written, if all versions took part."""
    versions = versions_wanted(request.session)
    lab = Lab(tmp_path_factory.mktemp("baileys"), versions)
    yield lab
    done = [future.result() for future in lab.outcomes.values() if future.done() and not future.exception()]
    if len(done) == len(install.VERSIONS):
        write_results([outcome for found in done for outcome in found.values()])
    lab.close()
