"""Companies to watch, and the monitor as a process of its own."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

from web import TIMEOUT, wait_until


def company(root: Path, company_id: str, files: int, *, old: int = 0) -> Path:
    """Make a company of that many files that stay, creds.json among them, and old sessions that go."""
    folder = root / f"company_{company_id}"
    folder.mkdir(parents=True)
    (folder / "creds.json").write_text('{"nextPreKeyId": 1, "firstUnuploadedPreKeyId": 1}')
    for number in range(files - 1):
        (folder / f"device-list-{number}.json").write_text("[]")
    for number in range(old):
        path = folder / f"session-1556{number:07}.0.json"
        path.write_text("{}")
        os.utime(path, (1_700_000_000, 1_700_000_000))
    return folder


class Monitor:
    """The monitor as a process: its log as it comes, its address, its end."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.log: list[dict[str, Any]] = []
        self.lines: list[str] = []
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)
            if line.startswith("{") and line.endswith("\n"):  # one that was killed may have said half a line
                self.log.append(json.loads(line))

    def events(self, name: str) -> list[dict[str, Any]]:
        """Give the events of a name so far."""
        return [event for event in self.log if event["event"] == name]

    def wait_for(self, name: str, number: int = 1) -> dict[str, Any]:
        """Wait for the nth event of a name."""
        wait_until(lambda: len(self.events(name)) >= number, f"{name} of {self.lines[-5:]}")
        return self.events(name)[number - 1]

    @property
    def address(self) -> str:
        """Where it listens."""
        return str(self.wait_for("listening")["address"])

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Tell it to stop, and give its status."""
        self.process.send_signal(number)
        status = self.process.wait(TIMEOUT)
        self._reader.join(TIMEOUT)
        return status


@contextmanager
def monitor(tool: str, root: Path, *args: str, env: Mapping[str, str] | None = None) -> Iterator[Monitor]:
    """Run the monitor while inside; whatever happens, it is gone afterwards."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BAILEYS_CLEANUP_")}
    process = subprocess.Popen(
        [tool, "monitor", "--log-format", "json", "--sessions-root", str(root), *args],
        env={**clean, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Monitor(process)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stderr is not None:
            process.stderr.close()
