"""Run the lab: make a world with the real library, remove, let life go on, read what came of it.

A world is made once per version by `lab/make.mjs`; every removal gets a copy, and `lab/talk.mjs` lives on in
it. Many of these programs run at once, because they mostly wait.

`getMessage` is asked only when somebody wants a message again. A removal after which nobody did is
therefore not run a second time without it: there would be nothing to see.

Without it the library answers from a short memory of its own. In 7.x that memory is gone with the first
device that asks, unless it is a device 0, for which everybody is sent the message again (`sendMessagesAgain`,
lib/Socket/messages-recv.js): when two ask at nearly the same time, who is first decides over the others. So an
outcome without `getMessage` that is unlike the committed one is tried once more.
"""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import install
import results
from authfolder import BOT, AuthFolder
from cases import CASES
from policies import POLICIES, Policy

HERE = Path(__file__).resolve().parent
PROGRAMS = 5 * (os.cpu_count() or 1)
"""How many run at once: they wait half of the time or more, 6.x nearly all of it."""

COMPANY = "company_1"
TIMEOUT = 900
"""Seconds until a program is taken for hung; on an idle machine none needs a tenth of that."""


@dataclass(frozen=True)
class Outcome:
    """What came of one removal: every promised message, and what the library did on the side."""

    case: str
    version: str
    get_message: bool
    removed: tuple[str, ...]
    told: dict[str, Any]

    @property
    def lines(self) -> list[dict[str, Any]]:
        """One entry for each message and device it was promised to."""
        return self.told["outcomes"]

    def count(self, outcome: str) -> int:
        return sum(line["outcome"] == outcome for line in self.lines)

    @property
    def worst(self) -> str:
        """`lost` if anything was lost, else `retry` if anything needed one, else `clean`."""
        seen = {line["outcome"] for line in self.lines}
        return next(word for word in ("lost", "retry", "clean") if word in seen)

    def steps(self, outcome: str) -> set[str]:
        """Which lines of the conversation ended so for at least one device."""
        return {line["step"] for line in self.lines if line["outcome"] == outcome}

    @property
    def asked_again(self) -> bool:
        """Whether any device sent a retry receipt."""
        return any(line["retries"] for line in self.lines)

    def ends(self) -> dict[str, list[str]]:
        """Every line that did not go clean, with how it ended for each device: for messages of tests."""
        found: dict[str, list[str]] = {}
        for line in self.lines:
            if line["outcome"] != "clean":
                found.setdefault(line["step"], []).append(f"{line['device']}: {line['outcome']}")
        return found

    def trails(self) -> tuple[str, str, bool, list[dict[str, Any]]]:
        """All that was said about messages that never came, and about logins: for whoever asks why."""
        told = [*self.told["loginsAgain"], *(line for line in self.lines if line["outcome"] == "lost")]
        return self.case, self.version, self.get_message, told

    def errors(self) -> Counter[str]:
        """What the library said when it could not decrypt."""
        return Counter(error for line in self.lines for error in line["errors"])

    @property
    def minted(self) -> int:
        """How many new pre-keys the library made."""
        after, before = self.told["after"]["nextPreKeyId"], self.told["before"]["nextPreKeyId"]
        return after - before if before else 0


@dataclass(frozen=True)
class Removal:
    """A named removal, and how life is to go on after it."""

    case: str
    remove: Callable[[AuthFolder], list[str]]
    options: dict[str, Any]
    by_tool: bool = False


def tool_run(policy: Policy) -> Callable[[AuthFolder], list[str]]:
    """The removal that the real tool makes in two nights: a group's key goes in a later run than its memory."""

    def remove(folder: AuthFolder) -> list[str]:
        policy.prepare(folder)
        before = folder.names()
        clean(folder, *policy.options, environment=policy.environment, nights=2)
        return sorted(set(before) - set(folder.names()))

    return remove


def removals_for(version: str) -> Iterator[Removal]:
    """The cases and the runs of the tool that this version knows."""
    for case in CASES:
        if version in case.versions:
            yield Removal(case.name, case.remove, case.options)
    for policy in POLICIES:
        if version in policy.versions:
            yield Removal(policy.name, tool_run(policy), {"rounds": 2, **policy.life}, by_tool=True)


HOURS_BETWEEN = 7
"""From one run of the tool to the next: more than it lets pass between a memory and its key."""


def clean(
    folder: AuthFolder, *options: str, environment: dict[str, str] | None = None, nights: int = 1
) -> dict[str, Any]:
    """Run the real tool on a folder, as the one company under a sessions root. Return its last summary."""
    root = folder.folder.parents[1] / "sessions"
    root.mkdir()
    company = root / COMPANY
    folder.folder.rename(company)
    for night in range(nights):
        summary = run_tool(root, *options, environment=environment, hours_later=night * HOURS_BETWEEN)
    company.rename(folder.folder)
    shutil.rmtree(root)
    return summary


def run_tool(
    root: Path, *options: str, environment: dict[str, str] | None = None, hours_later: int = 0
) -> dict[str, Any]:
    """Run the real tool on a sessions root, now or some hours from now. Return its summary."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("BAILEYS_CLEANUP_")}
    program = [str(HERE / "later.py"), str(hours_later)] if hours_later else ["-m", "baileys_cleanup"]
    command = [sys.executable, *program, "--sessions-root", str(root), "--json", *options]
    ran = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=TIMEOUT, env={**own, **(environment or {})}
    )
    if ran.returncode:
        raise AssertionError(f"{command} ended with {ran.returncode}:\n{ran.stdout}\n{ran.stderr}")
    summary: dict[str, Any] = json.loads(ran.stdout)
    return summary


def copy_world(world: Path, root: Path, *, linked: bool) -> AuthFolder:
    """A copy to remove from; times are kept.

    Pre-keys are never rewritten, only removed, so that a link does for them (`linked`) and spares most of
    the copying. The tool leaves files with several links alone: before it runs, the copy is a real one.
    """

    def put(source: str, target: str) -> str:
        if linked and os.path.basename(source).startswith("pre-key-"):
            os.link(source, target)
        else:
            shutil.copy2(source, target)
        return target

    shutil.copytree(world, root, copy_function=put)
    return AuthFolder(root / "folders" / BOT)


class Lab:
    """All versions asked for, and everything that is tried on them."""

    def __init__(self, scratch: Path, versions: tuple[str, ...]) -> None:
        self.scratch = scratch
        self.versions = versions
        # Worlds are asked for first, so what waits for one never keeps it from being made.
        self.pool = ThreadPoolExecutor(max_workers=max(PROGRAMS, len(versions)))
        self.worlds = {version: self.pool.submit(self._make, version) for version in versions}
        self.talks: dict[tuple[str, str], Future[tuple[Outcome, Outcome]]] = {}

    def close(self) -> None:
        self.pool.shutdown(cancel_futures=True)

    def start(self) -> None:
        """Begin with every removal in every version: long ones first, and versions that wait beside those that work."""
        if not self.talks:
            every = [
                one
                for version in self.versions
                for one in enumerate((version, removal) for removal in removals_for(version))
            ]
            for _, (version, removal) in sorted(every, key=lambda one: (not one[1][1].by_tool, one[0])):
                self.talks[removal.case, version] = self.pool.submit(self._live_on, version, removal)

    def world(self, version: str) -> Path:
        """Where the world of a version is, once it is made."""
        self.worlds[version].result()
        return self.scratch / version

    def after(self, case: str, version: str, *, get_message: bool) -> Outcome:
        """How life went on after a removal."""
        self.start()
        with_it, without = self.talks[case, version].result()
        return with_it if get_message else without

    def outcomes(self) -> list[Outcome]:
        """Everything that was tried, once all of it is done."""
        self.start()
        return [outcome for talk in self.talks.values() for outcome in talk.result()]

    def _node(self, version: str, program: str, argument: str) -> dict[str, Any]:
        command = ["node", str(HERE / "lab" / program), str(install.folder_of(version)), argument]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT)
        if ran.returncode:
            raise AssertionError(f"{program} on {version} ended with {ran.returncode}:\n{ran.stdout}\n{ran.stderr}")
        told: dict[str, Any] = json.loads(ran.stdout)
        return told

    def _make(self, version: str) -> dict[str, Any]:
        return self._node(version, "make.mjs", str(self.scratch / version))

    def _live_on(self, version: str, removal: Removal) -> tuple[Outcome, Outcome]:
        """How it went with `getMessage`, and without."""
        with_it = self._talk(version, removal, get_message=True)
        if with_it.asked_again and "forgetful" not in removal.options:
            without = self._talk(version, removal, get_message=False)
            if results.is_news(without):
                without = self._talk(version, removal, get_message=False)
            return with_it, without
        return with_it, replace(with_it, get_message=False)

    def _talk(self, version: str, removal: Removal, *, get_message: bool) -> Outcome:
        root = self.scratch / f"{version}-{removal.case}-{'with' if get_message else 'without'}"
        removed = removal.remove(copy_world(self.world(version), root, linked=not removal.by_tool))
        job = root / "job.json"
        job.write_text(json.dumps({"root": str(root), "getMessage": get_message, **removal.options}))
        told = self._node(version, "talk.mjs", str(job))
        if told["trouble"]:
            raise AssertionError(f"{removal.case} on {version}: {told['trouble']}")
        shutil.rmtree(root)
        return Outcome(removal.case, version, get_message, tuple(removed), told)
