"""The stand-in for WhatsApp's server and for the phone (`pairing/standin.mjs`), and the pairing helper against it."""

import json
import os
import shutil
import subprocess
import threading
from pathlib import Path
from queue import Queue
from typing import Any

import install

HERE = Path(__file__).resolve().parent
PAIR = HERE.parents[1] / "deploy" / "node" / "pair.mjs"
TIMEOUT = 600
"""Seconds until something is taken for hung; on an idle machine nothing here needs five."""


class StandIn:
    """A running stand-in; what happens there comes as events."""

    def __init__(self, version: str, refs: int = 3) -> None:
        command = ["node", str(HERE / "pairing" / "standin.mjs"), str(install.folder_of(version)), str(refs)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._events: Queue[dict[str, Any]] = Queue()
        assert self._process.stdout is not None
        first = self._process.stdout.readline()
        assert first, "the stand-in did not start"
        self.address = first.strip()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._events.put(json.loads(line))

    def wait_for(self, word: str) -> Any:
        """Pass over events until one has this word; give its value."""
        while True:
            event = self._events.get(timeout=TIMEOUT)
            assert "trouble" not in event, event
            if word in event:
                return event[word]

    def _order(self, **order: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def scan(self, payload: str) -> None:
        """Play the phone that scans a QR code."""
        self._order(scan=payload)

    def hang_up(self, reason: int) -> None:
        """End every connection with a reason of WhatsApp's."""
        self._order(hang_up=reason)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()


class Helper:
    """The pairing helper as an operator installs it: copied beside the bot's own `node_modules`."""

    def __init__(self, version: str, place: Path, address: str, qr_ms: int = 1_000) -> None:
        self.bot = place / "bot"
        self.bot.mkdir()
        (self.bot / "node_modules").symlink_to(install.folder_of(version) / "node_modules")
        shutil.copy2(PAIR, self.bot)
        preload = str(HERE / "pairing" / "patch.mjs")
        self.command = ["node", "--import", preload, str(self.bot / PAIR.name)]
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("BAILEYS_CLEANUP_")},
            "STAND_IN": address,
            "STAND_IN_FROM": str(self.bot),
            "STAND_IN_QR_MS": str(qr_ms),
        }

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start it."""
        return subprocess.Popen(
            [*self.command, *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
