"""Bounded: memory follows the largest company, not their number, and a hundred thousand files are no trouble."""

import os
import subprocess
from pathlib import Path

import pytest

from .runner import command, environment
from .trees import START, company

pytestmark = pytest.mark.slow

MIB = 1024
"""In KiB, as the kernel reports a process' largest size."""


def crowd(folder: Path, number: int) -> None:
    """Write many old sessions."""
    old = START - 20 * 86_400 * 10**9
    here = os.open(folder, os.O_RDONLY)
    try:
        for nth in range(number):
            name = f"session-1666{nth:07}.0.json"
            os.close(os.open(name, os.O_WRONLY | os.O_CREAT, 0o600, dir_fd=here))
            os.utime(name, ns=(old, old), dir_fd=here)
    finally:
        os.close(here)


def measured(root: Path, *arguments: str) -> tuple[int, float]:
    """Run the program; returns its largest size in KiB, and the seconds that it kept a processor busy."""
    program = subprocess.Popen(
        command(root, *arguments), env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/"
    )
    _, code, usage = os.wait4(program.pid, 0)
    program.returncode = os.waitstatus_to_exitcode(code)
    assert program.returncode == 0
    return usage.ru_maxrss, usage.ru_utime + usage.ru_stime


def test_a_hundred_thousand_files(root: Path) -> None:
    """One company with a hundred thousand files is cleaned, listed and brought back in bounded memory and work."""
    many = 100_000
    folder = company(root, "1")
    crowd(folder, many)
    dry, dry_seconds = measured(root, "--dry-run", "--json")
    size, seconds = measured(root, "--quiet")
    assert ["creds.json"] == os.listdir(folder)
    held = sum(len(names) for _, _, names in os.walk(root / ".baileys-cleanup" / "quarantine"))
    assert many == held
    back, back_seconds = measured(root, "undo", "latest")
    assert many + 1 == len(os.listdir(folder))
    print(
        f"dry run {dry // MIB} MiB {dry_seconds:.1f} s, clean {size // MIB} MiB {seconds:.1f} s,"
        f" undo {back // MIB} MiB {back_seconds:.1f} s"
    )
    assert max(dry, size, back) < 400 * MIB
    assert max(dry_seconds, seconds, back_seconds) < 60


@pytest.mark.parametrize("arguments", [(), ("--dry-run", "--json"), ("--json",)])
def test_memory_does_not_grow_with_the_number_of_companies(root: Path, arguments: tuple[str, ...]) -> None:
    """Three hundred companies take no more than three of the same size, give or take a few megabytes."""
    sizes = []
    for number in (3, 300):
        here = root / f"{number}"
        for nth in range(number):
            crowd(company(here, f"{nth}"), 155)
        sizes.append(measured(here, *arguments)[0])
        assert arguments[:1] == ("--dry-run",) or len(list(here.glob("company_*/session-*"))) == 0
    print(f"3 companies {sizes[0] / MIB:.1f} MiB, 300 companies {sizes[1] / MIB:.1f} MiB")
    assert sizes[1] - sizes[0] < 4 * MIB
