"""Completion in the real shells: their scripts, made by the tool, sourced where a person would."""

import os
import subprocess
from pathlib import Path

import pytest
from machine import needs
from web import TIMEOUT

pytestmark = pytest.mark.slow

BASH = """
source ./script
COMP_WORDS=({words} '{last}') COMP_CWORD={count}
_baileys_cleanup_completion baileys-cleanup
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
ZSH = """
compdef() {{ }}
_describe() {{ print -l -- ${{(P)3}} }}
compadd() {{ print -l -- ${{(P)argv[-1]}} }}
source ./script
words=({words} '{last}') CURRENT={current}
_baileys_cleanup_completion
"""
FISH = "source script; complete --do-complete '{words} {last}'"


def said(shell: str, script: str, where: Path, tool: str) -> list[str]:
    """Run a script in a shell that finds the installed tool, and return its lines."""
    options = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    env = {"PATH": f"{os.path.dirname(tool)}:{os.environ['PATH']}", "HOME": str(where), "LANG": "C.UTF-8"}
    done = subprocess.run(
        [shell, *options, "-c", script],
        cwd=where,
        env=env,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.stderr == ""
    return [line.partition("\t")[0].partition(":")[0] for line in done.stdout.splitlines()]


@pytest.mark.parametrize(("shell", "template"), [("bash", BASH), ("zsh", ZSH), ("fish", FISH)])
def test_a_shell_completes(shell: str, template: str, tool: str, demo: Path, tmp_path: Path) -> None:
    """A real shell with the tool's script offers commands, options and the ids of the companies there are."""
    needs(shell)
    source = subprocess.run(
        [tool], env=os.environ | {"_BAILEYS_CLEANUP_COMPLETE": f"{shell}_source"}, capture_output=True, check=True
    )
    (tmp_path / "script").write_bytes(source.stdout)

    def offered(line: str) -> set[str]:
        *words, last = line.split(" ")
        script = template.format(words=" ".join(words), last=last, count=len(words), current=len(words) + 1)
        return {word.strip() for word in said(shell, script, tmp_path, tool) if word.strip()}

    assert {"restore", "rotate"} == offered("baileys-cleanup r")
    assert {"--rollback"} == offered("baileys-cleanup rotate --rol")
    assert {"962302"} == offered(f"baileys-cleanup --sessions-root {demo} --company 9")
    assert {"123456", "404040", "700001", "962302", "Zürich-2"} == offered(
        f"baileys-cleanup check --sessions-root {demo} --company "
    )
    assert set() == offered("baileys-cleanup check --sessions-root /nonexistent --company ")
