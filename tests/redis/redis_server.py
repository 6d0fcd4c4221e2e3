"""A real Redis server on the loopback."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import redis


@contextmanager
def running(folder: Path, *options: str) -> Iterator[str]:
    """Run a server that keeps nothing on disk; give its URL."""
    program = shutil.which("redis-server")
    if program is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(
            "needs redis-server (apt install redis-server)"
        )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [str(program), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder), *options]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as process:
        try:
            url = f"redis://127.0.0.1:{port}/0"
            for _ in range(200):
                with suppress(redis.RedisError), redis.Redis.from_url(url) as client:
                    client.ping()
                    break
                time.sleep(0.05)
            yield url
        finally:
            process.kill()


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
