"""How the tests run: the whole suite on all cores, a few files or a slow layer in one process; how hypothesis tries."""

import compileall
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

SOURCE = Path(__file__).parents[1] / "src"

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


def pytest_configure(config: pytest.Config) -> None:
    """Compile the tool once: it is started thousands of times, and some machines let no start keep what it compiled."""
    if not hasattr(config, "workerinput"):
        compileall.compile_dir(SOURCE, quiet=2)
