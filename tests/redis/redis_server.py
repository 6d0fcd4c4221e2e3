"""A real Redis server on the loopback."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

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
