"""A real S3 server (rclone) on a folder, a way to it that breaks off, and the tool against them."""

import json
import os
import re
import select
import shutil
import socket
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest

KEY, SECRET = "AKIDEXAMPLE", "a-secret-of-this-test"
BUCKET = "vault"


def missing(reason: str) -> None:
    """Skip on a user's machine; fail where CI owes the test."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason} (the extra `ci` brings it)")
    pytest.skip(reason)


@dataclass(frozen=True)
class Server:
    """A server at a port, and the folder where it keeps its objects."""

    port: int
    folder: Path

    @property
    def objects(self) -> list[str]:
        """The names of all objects in the bucket."""
        return sorted(str(path.relative_to(self.folder / BUCKET)) for path in self.folder.rglob("*") if path.is_file())


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """Serve a folder as S3 at a free port; each folder in it is a bucket."""
    program = shutil.which("rclone", path=sysconfig.get_path("scripts")) or shutil.which("rclone")
    if program is None:
        missing("needs rclone")
    (folder / BUCKET).mkdir()
    command = [str(program), "serve", "s3", "--addr", "127.0.0.1:0", "--auth-key", f"{KEY},{SECRET}", "--config", ""]
    command += ["--dir-cache-time", "50ms", str(folder)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            said = []
            for line in server.stderr:
                said.append(line)
                if found := re.search(r"http://127\.0\.0\.1:(\d+)/", line):
                    threading.Thread(target=server.stderr.read, daemon=True).start()
                    yield Server(int(found[1]), folder)
                    break
            else:
                pytest.fail(f"rclone did not serve: {said}")
        finally:
            server.kill()  # it would wait for the connections that a test broke


_REQUEST = re.compile(rb"((?:GET|HEAD|PUT|POST|DELETE) /\S*) HTTP/1\.1\r\n")


class BrokenWay:
    """A way to a port on which every connection ends after so many bytes, up or down; `requests` are those it saw."""

    def __init__(self, target: int, *, up: int | None = None, down: int | None = None) -> None:
        self.cut = 0
        self.requests: list[str] = []
        self._target = target
        self._up, self._down = up, down
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._listener.close()

    def _accept(self) -> None:
        threads = []
        while not self._over.is_set():
            if select.select([self._listener], [], [], 0.05)[0]:
                client, _ = self._listener.accept()
                threads.append(threading.Thread(target=self._carry, args=(client,)))
                threads[-1].start()
        for thread in threads:
            thread.join()

    def _carry(self, client: socket.socket) -> None:
        left = {"up": self._up, "down": self._down}
        with client, socket.create_connection(("127.0.0.1", self._target)) as server:
            ways = {client: (server, "up"), server: (client, "down")}
            while not self._over.is_set():
                for source in select.select(list(ways), [], [], 0.05)[0]:
                    target, way = ways[source]
                    try:
                        data = source.recv(4096)
                    except OSError:
                        return
                    if way == "up":
                        self.requests += [line.decode() for line in _REQUEST.findall(data)]
                    limit = left[way]
                    if limit is not None:
                        data = data[:limit]
                        left[way] = limit - len(data)
                    try:
                        target.sendall(data)
                    except OSError:
                        return
                    if left[way] == 0:
                        self.cut += 1
                        return
                    if not data:
                        return


@dataclass(frozen=True)
class Said:
    """What the tool said, and how it ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one document on stdout."""
        document: dict[str, Any] = json.loads(self.out)
        return document


def tool(root: Path, port: int, *args: str, env: Mapping[str, str] | None = None) -> Said:
    """Run the tool with its archives on the server at a port, told the way AWS's own tools are."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BAILEYS_CLEANUP_"))}
    ours = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "BAILEYS_CLEANUP_SESSIONS_ROOT": str(root),
        "BAILEYS_CLEANUP_BACKUP__TO": f"s3://{BUCKET}/nightly/bots",
        "HOME": "/nonexistent",
    }
    done = subprocess.run(
        [sys.executable, "-m", "baileys_cleanup", *args],
        env={name: value for name, value in (clean | ours | dict(env or {})).items() if value},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    said = Said(done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in said.err, said
    assert "this is a bug" not in said.err, said
    for secret in (KEY, SECRET):
        assert secret not in said.out + said.err, "a secret was shown"
    return said
