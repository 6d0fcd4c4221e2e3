"""A real Redis server, and the tool against it."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import redis


@dataclass
class Bench:
    """A server, and the tool against it."""

    url: str
    client: "redis.Redis[bytes]"

    def call(self, *words: str, before: tuple[str, ...] = (), **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the tool on this server."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("BAILEYS_")}
        store = [] if "BAILEYS_CLEANUP_STORE" in variables or "migrate" in words else ["--store", self.url]
        command = [*before, sys.executable, "-m", "baileys_cleanup", *words, *store]
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
