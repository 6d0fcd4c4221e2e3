"""One Redis server for all tests of this layer, empty for each."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from redis_server import running

import redis


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Make this a slow layer: it needs a server."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)


@dataclass
class Bench:
    """A server, and the tool against it."""

    url: str
    client: "redis.Redis[bytes]"

    def call(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the tool on this server."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("BAILEYS_")}
        command = [sys.executable, "-m", "baileys_cleanup", *words, "--store", self.url]
        return subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=300, env=environment | variables
        )

    def run(self, *words: str, status: int = 0, **variables: str) -> Any:
        """Run the tool; return its JSON, or its text."""
        done = self.call(*words, **variables)
        assert status == done.returncode, done.stdout + done.stderr
        return json.loads(done.stdout) if "--json" in words else done.stdout + done.stderr

    def age(self, days: int) -> None:
        """Let the ledger have seen everything so many days earlier."""
        for key in self.client.scan_iter("baileys-cleanup:ledger:*"):
            for field, told in self.client.hgetall(key).items():
                mark, since = told.split()
                self.client.hset(key, field, b"%s %d" % (mark, int(since) - days * 86_400 * 10**9))


@pytest.fixture(scope="session")
def one_server() -> Iterator[str]:
    """Start the server once."""
    folder = Path(tempfile.mkdtemp(prefix="redis-test-"))
    try:
        with running(folder) as url:
            yield url
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def bench(one_server: str) -> Iterator[Bench]:
    """Give an empty server."""
    with redis.Redis.from_url(one_server) as client:
        client.flushall()
        yield Bench(one_server, client)
