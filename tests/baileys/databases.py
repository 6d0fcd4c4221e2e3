"""Bots whose keys lie in a database: their tables, the tool on them, and the ways there and back."""

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any, Self

import install
from authfolder import BOT, AuthFolder
from lab import HERE, HOURS_BETWEEN, TIMEOUT
from policies import OLDER_THAN_EVERY_LIMIT, all_old

import servers

(TABLES,) = re.findall(r"export const TABLES = `(.*?)`", install.AUTH_STATE.read_text(encoding="utf-8"), re.DOTALL)
"""Those of the auth state that is delivered: its layout `split`, and the trigger that dates what the bot writes."""

CACHE_SECONDS = 1
"""How long a key stays in the bots' cache; the auth state trusts it twice that time after its start."""


def sql(url: str, words: str) -> str:
    """Carry out statements, and return what they give."""
    command = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", url, "-c", words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def tool(*arguments: str, hours_later: int = 0, most: int = 0, **settings: str) -> dict[str, Any]:
    """Run the real tool, now or some hours from now, to a status of at `most` this. Return its document."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("BAILEYS_CLEANUP_")}
    own |= {f"BAILEYS_CLEANUP_{name}": value for name, value in settings.items()}
    program = [str(HERE / "later.py"), str(hours_later)] if hours_later else ["-m", "baileys_cleanup"]
    command = [sys.executable, *program, *arguments, "--json"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT, env=own)
    assert ran.returncode <= most, f"{ran.stdout}\n{ran.stderr}"
    told: dict[str, Any] = json.loads(ran.stdout)
    return told


class Moves:
    """Moves the bot of a world into a database and back, as company folders of a sessions root."""

    def __init__(self, url: str, company: str, **settings: str) -> None:
        self.url = url
        self.company = company
        self.settings = settings

    def there(self, folder: AuthFolder) -> None:
        """From the folder into the database."""
        root = folder.folder.parents[1] / "sessions"
        root.mkdir()
        folder.folder.rename(root / f"company_{self.company}")
        tool("migrate", "--from", str(root), "--to", self.url, **self.settings)
        (root / f"company_{self.company}").rename(folder.folder)
        shutil.rmtree(root)

    def there_for_two_nights(self, folder: AuthFolder) -> list[str]:
        """From the folder, all of it old, into the database, where two nights clean it; return what went."""
        all_old(folder)
        before = folder.names()
        self.there(folder)
        gone = [name for night in range(2) for name in self.cleaned(night * HOURS_BETWEEN)]
        assert set(gone) <= set(before)
        return gone

    def cleaned(self, hours_later: int, *options: str) -> list[str]:
        """Let the tool clean the database, so many hours from now; return what went of the company."""
        told = tool("--store", self.url, "--verbose", *options, hours_later=hours_later, **self.settings)
        (company,) = [one for one in told["companies"] if one["company_id"] == self.company]
        return sorted(removal["file"] for removal in company["removals"])

    def back(self, folder: AuthFolder) -> None:
        """From the database into the folder, which was emptied before."""
        root = folder.folder.parents[1] / "returned"
        root.mkdir()
        tool("migrate", "--from", self.url, "--to", str(root), "--company", self.company, **self.settings)
        shutil.rmtree(folder.folder)
        (root / f"company_{self.company}").rename(folder.folder)


class DatabaseHome:
    """A database of its own in which the keys of one running bot lie, with a Redis in front of it."""

    def __init__(self, url: str, cache: str) -> None:
        self.cache = cache
        self.moves = Moves(url, "1", REDIS__CACHE=cache, REDIS__CACHE_AGAIN_SECONDS="1")

    def move_in(self, folder: AuthFolder, version: str, place: Path) -> dict[str, Any]:
        """Bring the bot's keys there. Return what the bot opens from then on."""
        sql(self.moves.url, TABLES)
        folder.age(1)  # what was written a moment ago is of a bot at work, and not moved
        self.moves.there(folder)
        shutil.rmtree(folder.folder)
        store = {"device": BOT, "company": self.moves.company, "program": str(install.beside(place / "bot", version))}
        return store | {"postgres": self.moves.url, "redis": self.cache, "cacheSeconds": CACHE_SECONDS}

    def age(self) -> None:
        """Date every row back, as no bot can: without its trigger."""
        back = f"updated_at = updated_at - interval '{OLDER_THAN_EVERY_LIMIT} days'"
        sql(self.moves.url, f"set session_replication_role = replica; update whatsapp_keys set {back}")

    def clean(self, preset: str, hours: int) -> list[str]:
        """Run the real tool, so many hours from now; return what went."""
        return self.moves.cleaned(hours, "--preset", preset)


class Databases:
    """One PostgreSQL and one Redis for many homes, started when the first is asked for."""

    def __init__(self) -> None:
        self._servers = ExitStack()
        self._starting = Lock()
        self._numbers = count(1)
        self._started: tuple[servers.Server, servers.Server] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._servers.close()

    def home(self) -> DatabaseHome:
        """Make a database for a bot; one bot's run keeps no other's waiting, as it would in the same one."""
        with self._starting:
            if self._started is None:
                enter = self._servers.enter_context
                self._started = (
                    enter(servers.postgres("--max_connections=300")),
                    enter(servers.redis("--databases", "200")),
                )
            postgres, redis = self._started
            number = next(self._numbers)
            sql(postgres.url, f"create database home_{number}")
        return DatabaseHome(postgres.database(f"home_{number}"), redis.url.removesuffix("0") + str(number))
