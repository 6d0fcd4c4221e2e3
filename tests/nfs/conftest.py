"""The machine is booted once, and plays everything; each test reads one page of what was found."""

from typing import Any

import pytest
from qemu import boot, fetch_kernel


@pytest.fixture(scope="session")
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Boot the machine, and give what it found."""
    cache = request.config.cache
    assert cache is not None
    return boot(fetch_kernel(cache.mkdir("kernel")), tmp_path_factory.mktemp("machine"))
