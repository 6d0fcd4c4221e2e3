"""Measures whole processes against whole processes, each on a fresh and identical sessions root.

    python run.py                    everything, about half an hour
    python run.py --runs 3 one       one only: one, many, large, jobs, flush, memory, start or backup

Prints Markdown. The Python that runs this has to have baileys-cleanup installed. Standard library only.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
TOOL = os.path.join(sysconfig.get_path("scripts"), "baileys-cleanup")
MIB = 1024 * 1024


class Shape(NamedTuple):
    """A sessions root to measure on, and how often a contestant has to do it to be believed."""

    title: str
    companies: int
    files: int
    runs: int


SHAPES = {
    "one": Shape("One company of 156 files", 1, 156, 20),
    "many": Shape("1,500 companies of 156 files", 1_500, 156, 5),
    "large": Shape("One company of 200,000 files", 1, 200_000, 5),
    "jobs": Shape("1,500 companies of 156 files, side by side", 1_500, 156, 5),
    "flush": Shape("100 companies of 156 files, with and without flushes", 100, 156, 5),
}


class Run(NamedTuple):
    """What the operating system says of one process, from its start to its end."""

    seconds: float
    processor: float
    peak: int
    removed: int


def contestants(room: Path) -> dict[str, list[str]]:
    """Return the commands that can run here; says which cannot, and why."""
    find = ["find", "ROOT", "-mindepth", "2", "-maxdepth", "2", "-type", "f"]
    old = ["-name", "session-*.json", "-mtime", "+13", "-o", "-name", "sender-key-*.json", "-mtime", "+2"]
    found = {
        "`baileys-cleanup`": [TOOL, "--quiet", "--sessions-root", "ROOT"],
        "`baileys-cleanup --jobs 1`": [TOOL, "--quiet", "--jobs", "1", "--sessions-root", "ROOT"],
        "`baileys-cleanup --undo-days 0 --jobs 1`": [
            *(TOOL, "--quiet", "--jobs", "1", "--undo-days", "0", "--sessions-root", "ROOT"),
        ],
        "`find -mtime ... -delete`": [*find, "(", *old, ")", "-delete"],
    }
    compiler = shutil.which("cc")
    if compiler:
        loop = str(room / "loop")
        subprocess.run([compiler, "-O2", "-o", loop, HERE / "loop.c"], check=True)
        found |= {"C, unlinking": [loop, "ROOT"], "C, renaming": [loop, "ROOT", "--rename"]}
    else:
        print("Without the C program: there is no `cc`.\n")
    if node := shutil.which("node"):
        script = str(HERE / "clean.mjs")
        found |= {"Node, unlinking": [node, script, "ROOT", "--delete"], "Node, renaming": [node, script, "ROOT"]}
    else:
        print("Without the Node script: there is no `node`.\n")
    return found


def variants(what: str, room: Path) -> dict[str, list[str]]:
    """Return the same run of the tool in several ways: with more jobs, or on a disk that needs no flushing."""
    if what == "jobs":
        return {
            f"`--jobs {jobs}`": [TOOL, "--quiet", "--jobs", str(jobs), "--sessions-root", "ROOT"] for jobs in (1, 2, 4)
        }
    library = str(room / "nosync.so")
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, HERE / "nosync.c"], check=True)
    command = [TOOL, "--quiet", "--jobs", "1", "--sessions-root", "ROOT"]
    return {"flushed": command, "not flushed": ["env", f"LD_PRELOAD={library}", *command]}


def build(root: str, companies: int, files: int) -> None:
    """Build the tree in a process of its own, and let the disk have it before anything is measured."""
    remove(root)
    command = [sys.executable, HERE / "build_tree.py", root, "--companies", str(companies), "--files", str(files)]
    subprocess.run(command, check=True)
    subprocess.run(["sync", "-f", root], check=True)


def remove(root: str) -> None:
    """Remove a tree by another process: this one has to stay small, or its memory would be everybody's."""
    subprocess.run(["rm", "-rf", root], check=True)


def measure(command: list[str], root: str) -> Run:
    """Run a command on a root to its end. The peak cannot read below this program's own."""
    argv = [root if word == "ROOT" else word for word in command]
    before = count(root)
    nowhere = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, nowhere, fd) for fd in (0, 1)]
    program = shutil.which(argv[0])
    assert program, argv[0]
    start = time.perf_counter()
    pid = os.posix_spawn(program, argv, os.environ, file_actions=actions)
    _, status, usage = os.wait4(pid, 0)
    seconds = time.perf_counter() - start
    os.close(nowhere)
    assert status == 0, (argv, status)
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, before - count(root))


def count(root: str) -> int:
    """Count the files in the company folders."""
    return sum(1 for folder in os.scandir(root) if folder.name.startswith("company_") for _ in os.scandir(folder))


def compare(shape: Shape, commands: dict[str, list[str]], room: Path, runs: int | None) -> None:
    """Print a table: every contestant by turns, so that a slow minute of the machine is everybody's."""
    root = str(room / "root")
    taken: dict[str, list[Run]] = defaultdict(list)
    names = list(commands)
    for turn in range(runs or shape.runs):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            build(root, shape.companies, shape.files)
            taken[name].append(measure(commands[name], root))
    remove(root)
    yardsticks = ["C, unlinking", "Node, renaming"]
    print(f"### {shape.title}, {len(taken[names[0]])} runs each\n")
    print(f"| | seconds: median | min | max | processor | times {' | times '.join(yardsticks)} | peak MiB | removed |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name in sorted(names, key=lambda name: _median(taken[name])):
        mine = taken[name]
        seconds = [_median(mine), min(run.seconds for run in mine), max(run.seconds for run in mine)]
        seconds.append(statistics.median(run.processor for run in mine))
        ratios = [f"{_median(mine) / _median(taken[other]):.2f}" if other in taken else "" for other in yardsticks]
        peak = max(run.peak for run in mine) / MIB
        removed = " ".join(f"{number:,}" for number in {run.removed for run in mine})
        cells = [name, *(f"{value:.3f}" for value in seconds), *ratios, f"{peak:.0f}", removed]
        print(f"| {' | '.join(cells)} |")
    print()


def _median(runs: list[Run]) -> float:
    return statistics.median(run.seconds for run in runs)


def memory(room: Path) -> None:
    """Print the peak memory of the same run on one company and on 1,500."""
    root = str(room / "root")
    print("### Peak memory\n\n| companies of 156 files | MiB |\n| ---: | ---: |")
    for companies in (1, 1_500):
        build(root, companies, 156)
        peak = measure([TOOL, "--quiet", "--sessions-root", "ROOT"], root).peak / MIB
        print(f"| {companies:,} | {peak:.1f} |")
    print(f"\nThis program itself, below which nothing can be read: {own_peak():.1f} MiB.\n")
    remove(root)


def backup(room: Path) -> None:
    """Print time and peak memory of backups, of one company and of 1,000, and of reading them back."""
    root, archives = str(room / "root"), str(room / "archives")
    print("### Backups of companies of 156 files\n")
    print("| companies | what | seconds | processor | peak MiB |\n| ---: | --- | ---: | ---: | ---: |")
    for companies in (1, 1_000):
        build(root, companies, 156)
        remove(archives)
        os.mkdir(archives, 0o700)
        make = [TOOL, "backup", "--quiet", "--to", archives, "--sessions-root", "ROOT"]
        steps = {
            "the first backup": make,
            "the second, with the fingerprints of the first": make,
            "`--verify` of both": [TOOL, "backup", "--verify", "--quiet", "--to", archives, "--sessions-root", "ROOT"],
        }
        for what, command in steps.items():
            run = measure(command, root)
            print(f"| {companies:,} | {what} | {run.seconds:.2f} | {run.processor:.2f} | {run.peak / MIB:.0f} |")
        size = sum(entry.stat().st_size for entry in os.scandir(archives)) / MIB
        print(f"| {companies:,} | both backups take {size:.1f} MiB | | | |")
    remove(root)
    remove(archives)
    print()


def own_peak() -> float:
    """Return the peak memory of this process, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MIB


def start(room: Path) -> None:
    """Print what a dry run imports, by the time each module takes for itself."""
    root = str(room / "root")
    build(root, 1, 156)
    command = [sys.executable, "-X", "importtime", TOOL, "--dry-run", "--sessions-root", root]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    own: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for line in said.splitlines():
        parts = line.removeprefix("import time:").split("|")
        if line.startswith("import time:") and parts[0].strip().isdigit():
            package = own[parts[2].strip().split(".")[0]]
            package[0] += int(parts[0])
            package[1] += 1
    total = sum(microseconds for microseconds, _ in own.values())
    print(f"### Imports of `baileys-cleanup --dry-run`: {total / 1000:.0f} ms under the tracer\n")
    print("| package | modules | ms |\n| --- | ---: | ---: |")
    for package, (microseconds, modules) in sorted(own.items(), key=lambda item: -item[1][0])[:20]:
        print(f"| {package} | {modules} | {microseconds / 1000:.1f} |")
    remove(root)
    print()


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", help="one, many, large, jobs, flush, memory, start, backup (default: all)")
    parser.add_argument("--runs", type=int, help="how often, instead of 20 or 5 times")
    parser.add_argument("--dir", help="where to build the trees: the file system that is measured (default: TMPDIR)")
    arguments = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    what = arguments.what or [*SHAPES, "memory", "start", "backup"]
    if not os.path.exists(TOOL):
        sys.exit(f"{TOOL} is not there: install the project into this Python first")
    with tempfile.TemporaryDirectory(dir=arguments.dir) as room:
        commands = contestants(Path(room))
        for name in what:
            if name in SHAPES:
                those = variants(name, Path(room)) if name in {"jobs", "flush"} else commands
                compare(SHAPES[name], those, Path(room), arguments.runs)
            else:
                {"memory": memory, "start": start, "backup": backup}[name](Path(room))


if __name__ == "__main__":
    main()
