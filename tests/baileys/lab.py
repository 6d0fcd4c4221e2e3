"""Run the lab: make a world with the real library, remove, let life go on, read what came of it.

A world is made once per version by `lab/make.mjs`; every removal gets a copy. `lab/talk.mjs` takes a
few copies at a time and runs them side by side, because they mostly wait.

`getMessage` is asked only when somebody wants a message again. A removal after which nobody did is
therefore not run a second time without it: there would be nothing to see.
"""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

import install
from authfolder import BOT, AuthFolder
from cases import CASES
from policies import POLICIES, Policy, make_old

HERE = Path(__file__).resolve().parent
RESULTS = install.INSTALLED / "results.json"
HANDFUL = 2
"""Copies in one process. Not more: each v7 socket opens a store that every later promise pays for."""

COMPANY = "company_1"
PATIENCE = 900
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

    def errors(self) -> Counter[str]:
        """What the library said when it could not decrypt."""
        return Counter(error for line in self.lines for error in line["errors"])

    @property
    def minted(self) -> int:
        """How many new pre-keys the library made."""
        after, before = self.told["after"]["nextPreKeyId"], self.told["before"]["nextPreKeyId"]
        return after - before if before else 0

    def record(self) -> dict[str, Any]:
        """The part that goes into the results file."""
        return {
            "case": self.case,
            "version": self.version,
            "get_message": self.get_message,
            "removed": len(self.removed),
            "worst": self.worst,
            "counts": {word: self.count(word) for word in ("clean", "retry", "lost")},
            "retry": sorted(self.steps("retry")),
            "lost": sorted(self.steps("lost")),
            "errors": dict(sorted(self.errors().items())),
            "minted": self.minted,
            "paired": self.told["paired"],
            "token_sent": self.told["tokenSent"],
        }


@dataclass(frozen=True)
class Removal:
    """A named removal, and how life is to go on after it."""

    case: str
    remove: Callable[[AuthFolder], list[str]]
    options: dict[str, Any]
    by_tool: bool = False


def tool_run(policy: Policy) -> Callable[[AuthFolder], list[str]]:
    """The removal that the real tool makes."""

    def remove(folder: AuthFolder) -> list[str]:
        make_old(folder)
        before = folder.names()
        clean(folder, *policy.options, environment=policy.environment)
        return sorted(set(before) - set(folder.names()))

    return remove


def removals_for(version: str) -> Iterator[Removal]:
    """The cases and the runs of the tool that this version knows."""
    for case in CASES:
        if version in case.versions:
            yield Removal(case.name, case.remove, case.options)
    for policy in POLICIES:
        if version in policy.versions and policy.known():
            yield Removal(policy.name, tool_run(policy), {"rounds": 2}, by_tool=True)


def clean(folder: AuthFolder, *options: str, environment: dict[str, str] | None = None) -> dict[str, Any]:
    """Run the real tool on a folder, as the one company under a sessions root. Return its summary."""
    root = folder.folder.parents[1] / "sessions"
    root.mkdir()
    company = root / COMPANY
    folder.folder.rename(company)
    own = {name: value for name, value in os.environ.items() if not name.startswith("BAILEYS_CLEANUP_")}
    command = [sys.executable, "-m", "baileys_cleanup", "--sessions-root", str(root), "--json", *options]
    ran = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, env={**own, **(environment or {})}
    )
    company.rename(folder.folder)
    shutil.rmtree(root)
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
    """All versions asked for, each in its own thread; a few programs at once, because they mostly wait."""

    def __init__(self, scratch: Path, versions: tuple[str, ...]) -> None:
        self.scratch = scratch
        self.slots = BoundedSemaphore(2 * max(2, os.cpu_count() or 1))
        self.drivers = ThreadPoolExecutor(max_workers=max(1, len(versions)))
        self.worlds: dict[str, Future[dict[str, Any]]] = {}
        self.outcomes: dict[str, Future[dict[tuple[str, bool], Outcome]]] = {}
        for version in versions:
            self.worlds[version] = self.drivers.submit(self._make, version)
        self.versions = versions

    def close(self) -> None:
        self.drivers.shutdown(cancel_futures=True)

    def start(self) -> None:
        """Begin with the removals of every version; the worlds are already being made."""
        if self.outcomes:
            return
        for version in self.versions:
            self.outcomes[version] = self.drivers.submit(self._live_on, version)

    def world(self, version: str) -> Path:
        """Where the world of a version is, once it is made."""
        self.worlds[version].result()
        return self.scratch / version

    def report(self, version: str) -> dict[str, Any]:
        """What `make.mjs` said about the world."""
        return self.worlds[version].result()

    def after(self, case: str, version: str, *, get_message: bool) -> Outcome:
        """How life went on after a removal."""
        self.start()
        return self.outcomes[version].result()[case, get_message]

    def cases(self, version: str) -> list[str]:
        """Every removal that was tried on a version."""
        self.start()
        return sorted({case for case, _ in self.outcomes[version].result()})

    def _node(self, version: str, program: str, *arguments: str) -> dict[str, Any]:
        command = ["node", str(HERE / "lab" / program), str(install.folder_of(version)), *arguments]
        with self.slots:
            ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
        if ran.returncode:
            raise AssertionError(f"{program} on {version} ended with {ran.returncode}:\n{ran.stdout}\n{ran.stderr}")
        told: dict[str, Any] = json.loads(ran.stdout)
        return told

    def _make(self, version: str) -> dict[str, Any]:
        return self._node(version, "make.mjs", str(self.scratch / version))

    def _live_on(self, version: str) -> dict[tuple[str, bool], Outcome]:
        removals = list(removals_for(version))
        found = {(outcome.case, True): outcome for outcome in self._talk_all(version, removals, get_message=True)}
        troubled = [removal for removal in removals if found[removal.case, True].asked_again]
        for outcome in self._talk_all(version, troubled, get_message=False):
            found[outcome.case, False] = outcome
        for removal in removals:
            same = found[removal.case, True]
            found.setdefault((removal.case, False), Outcome(same.case, version, False, same.removed, same.told))
        return found

    def _talk_all(self, version: str, removals: list[Removal], *, get_message: bool) -> list[Outcome]:
        handfuls = [removals[start : start + HANDFUL] for start in range(0, len(removals), HANDFUL)]
        with ThreadPoolExecutor(max_workers=4) as pool:
            runs = pool.map(lambda handful: self._talk(version, handful, get_message=get_message), handfuls)
            return [outcome for run in runs for outcome in run]

    def _talk(self, version: str, removals: list[Removal], *, get_message: bool) -> list[Outcome]:
        world = self.world(version)
        jobs, gone = [], []
        word = "with" if get_message else "without"
        for removal in removals:
            root = self.scratch / f"{version}-{removal.case}-{word}"
            gone.append(tuple(removal.remove(copy_world(world, root, linked=not removal.by_tool))))
            jobs.append({"name": removal.case, "root": str(root), "getMessage": get_message, **removal.options})
        plan = self.scratch / f"{version}-{removals[0].case}-{word}.json"
        plan.write_text(json.dumps(jobs))
        told = self._node(version, "talk.mjs", str(plan), str(HANDFUL))["results"]
        outcomes = []
        for job, names, result in zip(jobs, gone, told, strict=True):
            if "failed" in result or result["trouble"]:
                raise AssertionError(f"{job['name']} on {version}: {result}")
            outcomes.append(Outcome(job["name"], version, get_message, names, result))
            shutil.rmtree(job["root"])
        return outcomes


def write_results(outcomes: list[Outcome]) -> None:
    """Write what was measured, for `table.py` and for whoever wants to know more."""
    records = [outcome.record() for outcome in outcomes]
    RESULTS.write_text(json.dumps(records, indent=1) + "\n")
