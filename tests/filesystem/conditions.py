"""What some tests need of the machine; where it is missing they say so."""

import os
import shutil
import subprocess
from functools import cache

import pytest


def missing(reason: str) -> None:
    """Skip with a reason; fail where CI owes the test (as root, under CI)."""
    if os.environ.get("CI") == "true" and os.geteuid() == 0:
        pytest.fail(f"{reason}, and CI has to have it")
    pytest.skip(reason)


def needs_root() -> None:
    """Skip unless this is root, who can become somebody else."""
    if os.geteuid() != 0:
        missing("needs root, to run as another user")


@cache
def _can_mount() -> bool:
    script = "mount -t tmpfs tmpfs /mnt && mount --bind / /mnt"
    return os.geteuid() == 0 and not subprocess.run(["unshare", "-m", "sh", "-c", script], check=False).returncode


def needs_mounts() -> None:
    """Skip unless this is root and may mount in a namespace of its own."""
    if shutil.which("unshare") is None or not _can_mount():
        missing("needs root and mount namespaces (unshare -m)")


@cache
def _can_trace() -> bool:
    done = subprocess.run(["strace", "-qq", "-o", os.devnull, "true"], capture_output=True, check=False)
    return not done.returncode


def needs_strace() -> None:
    """Skip unless strace is there and may trace."""
    if shutil.which("strace") is None or not _can_trace():
        missing("needs strace, and to be allowed to trace")


def needs(program: str) -> str:
    """Skip unless a program is there; return its path."""
    path = shutil.which(program)
    if path is None:
        missing(f"needs {program}")
    return str(path)
