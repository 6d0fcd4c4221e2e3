"""Measures a look of the watch against `find`, and its memory over many looks.

    python look.py                    5,000 companies of 156 files: some ten minutes, 4 GB of disk
    python look.py --companies 500    smaller

Prints Markdown. The Python that runs this has to have baileys-cleanup[metrics] installed.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from build_tree import build

from baileys_cleanup.cleaning.world import World
from baileys_cleanup.settings.values import Monitor, Settings
from baileys_cleanup.store.open import open_store
from baileys_cleanup.store.place import Place
from baileys_cleanup.store.selection import Selection
from baileys_cleanup.watch.look import look
from baileys_cleanup.watch.response import Response
from baileys_cleanup.watch.result import Depth
from baileys_cleanup.watch.see.all import Facts, terms_of
from baileys_cleanup.watch.see.company import view_all
from baileys_cleanup.watch.show.asked import Asked
from baileys_cleanup.watch.show.latest import Snapshot

TOOL = [sys.executable, "-m", "baileys_cleanup"]
MIB = 1024 * 1024


def world() -> World:
    """Return the world of this moment."""
    return World(time.time_ns(), time.time_ns, lambda: None, lambda: False, time.monotonic)


def listing(*arguments: str) -> Callable[[str], object]:
    """Return what lists a tree with `find`."""
    return lambda root: subprocess.run(["find", root, *arguments], stdout=subprocess.DEVNULL, check=True)


def command(*arguments: str) -> Callable[[str], object]:
    """Return what runs the tool, from the start of the process to its end; a full company is no error here."""
    return lambda root: subprocess.run(
        [*TOOL, *arguments, "--sessions-root", root], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    )


def looking(*, detail: bool) -> Callable[[str], object]:
    """Return a look inside this process, as the monitor takes one."""

    def work(root: str) -> None:
        settings = Settings(sessions_root=root)
        with open_store(Place(root)) as opened:
            ids = opened.company_ids()[0]
            found = sum(1 for _ in view_all(opened, settings, ids, terms_of(settings, world()), detail=detail))
        assert found == len(ids)

    return work


CONTESTANTS: dict[str, Callable[[str], object]] = {
    "find ROOT": listing(),
    "find ROOT -type f -printf '%s %T@'": listing("-type", "f", "-printf", "%s %T@\n"),
    "a look at levels": looking(detail=False),
    "a look in detail": looking(detail=True),
    "baileys-cleanup check": command("check"),
    "baileys-cleanup monitor --once": command("monitor", "--once"),
    "baileys-cleanup metrics": command("metrics"),
}


def compare(root: str, rounds: int) -> None:
    """Run everybody by turns, and print the table."""
    taken: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
    for turn in range(rounds + 1):
        names = list(CONTESTANTS)
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            began = time.perf_counter()
            CONTESTANTS[name](root)
            if turn:  # the first round fills the cache
                taken[name].append(time.perf_counter() - began)
    plain, thorough = (3 * statistics.median(taken[name]) for name in list(CONTESTANTS)[:2])
    print("| | median s | min s | max s | of three times find | of three times find with sizes |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, seconds in taken.items():
        median = statistics.median(seconds)
        cells = [f"{value:.2f}" for value in (median, min(seconds), max(seconds), median / plain, median / thorough)]
        print(f"| `{name}` | {' | '.join(cells)} |")
    print()


def shown(facts: Facts) -> None:
    """Make the metrics and the page of a look, as the monitor does."""
    snapshot = Snapshot(facts, {})
    assert snapshot.metrics
    assert snapshot.page(Asked())


def memory(root: str, looks: int) -> None:
    """Print the memory of this process over many looks, with the metrics and the page made of each."""
    settings = Settings(sessions_root=root, monitor=Monitor(emergency_cleanup=False))
    print("| looks | resident MiB |\n| ---: | ---: |")
    for number in range(1, looks + 1):
        depth = Depth.FACTS if number % 20 == 1 else Depth.LEVELS
        publish = shown if depth is Depth.FACTS else None
        look(settings, Selection(), world(), Response((), "host"), depth, publish=publish)
        if number in {1, 2} or number % (looks // 5 or 1) == 0:
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            print(f"| {number} | {pages * os.sysconf('SC_PAGE_SIZE') / MIB:.1f} |")
    print()


def main() -> None:
    """Build the tree, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--companies", type=int, default=5_000)
    parser.add_argument("--files", type=int, default=156)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--looks", type=int, default=200)
    parser.add_argument("--dir", help="where to build the tree (default: TMPDIR)")
    arguments = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    with tempfile.TemporaryDirectory(dir=arguments.dir) as room:
        root = f"{room}/root"
        build(root, arguments.companies, arguments.files)
        os.sync()
        print(f"### {arguments.companies:,} companies of {arguments.files} files\n")
        compare(root, arguments.rounds)
        memory(root, arguments.looks)


if __name__ == "__main__":
    main()
