"""How the tests run: the whole suite on all cores, a few files or a slow layer in one process; how hypothesis tries."""

import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "here",
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
settings.register_profile(
    "ci", settings.get_profile("here"), max_examples=100, derandomize=True, database=None, print_blob=True
)
settings.load_profile("ci" if os.environ.get("CI") else "here")


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Start no helpers where they cost more than they save, or would share a machine's only cron, mount or port."""
    whole = config.args == config.getini("testpaths")
    return None if whole and config.option.markexpr == "not slow" and not config.option.keyword else 0
