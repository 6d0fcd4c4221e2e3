"""A bot that runs while its folder is cleaned: the conversation with `lab/running.mjs`, which lets it live.

The company's folder lies in a sessions root from the beginning, and the bot's library opens it through a link; or its
keys lie in a database of their own (`databases.py`). When the program asks for it, all of it is dated back (what the bot
has in its cache stays as it is), or cleaned; the real tool runs each time some hours later by its own clock than the
time before.

Everybody else lives on in the same program. What costs a retry is tried a second time with nobody's app having a
`getMessage`; and once more, if that is unlike the committed outcome (`lab.py` says why). With `getMessage` nothing is
tried twice: a loss there is a loss.
"""

import json
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from threading import Timer
from typing import Any

import install
import running_results
from authfolder import BOT, AuthFolder
from databases import Databases
from lab import COMPANY, HERE, HOURS_BETWEEN, TIMEOUT, Lab, copy_world
from lives import CLEANINGS, STORES, WINDOWS, Cleaning, FolderHome, Home, Life


class Running:
    """Every bot that runs while it is cleaned, in the versions of a lab."""

    def __init__(self, lab: Lab, databases: Databases) -> None:
        self.lab = lab
        self.databases = databases
        self.lives: dict[tuple[str, str, str, bool], Future[Life]] = {}

    def start(self) -> None:
        """Begin with all of them, the longest first: 6.x waits before each retry, and most where it is in vain."""
        if self.lives:
            return
        every = [
            (version, store, cleaning, get_message)
            for version in self.lab.versions
            for store in STORES
            for cleaning in CLEANINGS
            if store in cleaning.stores
            for get_message in ((True, False) if cleaning.costs_retries else (True,))
        ]

        def seconds(one: tuple[str, str, Cleaning, bool]) -> tuple[bool, bool, bool]:
            version, _, cleaning, get_message = one
            return version.startswith("6."), cleaning.costs_retries and cleaning.moments != WINDOWS, not get_message

        for version, store, cleaning, get_message in sorted(every, key=seconds, reverse=True):
            self.lives[version, store, cleaning.name, get_message] = self.lab.pool.submit(
                self._lived, version, store, cleaning, get_message=get_message
            )

    def life(self, version: str, store: str, cleaning: str, *, get_message: bool = True) -> Life:
        """How one of them fared."""
        self.start()
        return self.lives[version, store, cleaning, get_message].result()

    def all(self) -> list[Life]:
        """All of them, once they are done."""
        self.start()
        return [life.result() for life in self.lives.values()]

    def _lived(self, version: str, store: str, cleaning: Cleaning, *, get_message: bool) -> Life:
        life = self._live(version, store, cleaning, get_message=get_message)
        if not get_message and running_results.news(life):
            life = self._live(version, store, cleaning, get_message=get_message)
        return life

    def _live(self, version: str, store: str, cleaning: Cleaning, *, get_message: bool) -> Life:
        name = f"running-{version}-{store}-{cleaning.name}-{'with' if get_message else 'without'}"
        place = self.lab.scratch / name
        folder = copy_world(self.lab.world(version), place, linked=False)
        whole = {"root": str(place), "getMessage": get_message, "moments": cleaning.moments}
        home: Home
        if store == "database":
            home = self.databases.home()
            whole["store"] = home.move_in(folder, version, place)
        else:
            home = FolderHome(*move_in(folder))
        job = place / "job.json"
        job.write_text(json.dumps(whole | {"bare": [] if store == "cached" else [BOT]}))
        gone: dict[str, list[list[str]]] = {moment: [] for moment in cleaning.moments}
        hours = 0

        def answer(asked: dict[str, str]) -> None:
            nonlocal hours
            if asked["ask"] == "age":
                home.age()
                return
            if asked["ask"] != "clean again":
                hours += HOURS_BETWEEN
            gone[asked["moment"]].append(cleaning.clean(home, hours))

        told = talk_with("running.mjs", version, job, answer)
        rough = [line for line in told["before"] if line["outcome"] != "clean"]
        if told["trouble"] or rough:
            raise AssertionError(f"{name}: {told['trouble']} {rough}")
        shutil.rmtree(place)
        return Life(version, store, cleaning.name, get_message, told, gone)


def move_in(folder: AuthFolder) -> tuple[Path, AuthFolder]:
    """Let the bot's folder be a company under a sessions root; the bot finds it through a link. Return both."""
    home = folder.folder
    root = home.parents[1] / "sessions"
    root.mkdir()
    home.rename(root / COMPANY)
    home.symlink_to(root / COMPANY)
    return root, AuthFolder(root / COMPANY)


def talk_with(program: str, version: str, job: Path, answer: Callable[[dict[str, str]], None]) -> dict[str, Any]:
    """Run a program of the lab that asks for something now and then. Return its result."""
    command = ["node", str(HERE / "lab" / program), str(install.folder_of(version)), str(job)]
    said = job.with_suffix(".stderr")
    pipe = subprocess.PIPE
    with said.open("w") as stderr, subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=stderr, text=True) as ran:
        assert ran.stdin is not None
        assert ran.stdout is not None
        bell = Timer(TIMEOUT, ran.kill)
        bell.start()
        try:
            for line in ran.stdout:
                asked = json.loads(line)
                if "result" in asked:
                    result: dict[str, Any] = asked["result"]
                    return result
                answer(asked)
                ran.stdin.write("\n")
                ran.stdin.flush()
        finally:
            bell.cancel()
            ran.kill()
    raise AssertionError(f"{program} on {version} ended early:\n{said.read_text()}")
