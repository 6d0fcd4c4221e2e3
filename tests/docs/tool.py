"""The tool's command line, called in this process as its console script calls it: a child for each costs a second."""

import contextlib
import io
import os
import sys
from pathlib import Path
from subprocess import CompletedProcess
from unittest.mock import patch

from baileys_cleanup import cli
from baileys_cleanup.commands import options
from baileys_cleanup.settings.values import PREFIX


def run(*arguments: str, root: Path, cwd: Path | None = None, **more: str) -> CompletedProcess[str]:
    """Run the tool with a sessions root in its settings."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    environment = {**ours, f"{PREFIX}SESSIONS_ROOT": str(root), **more}
    argv = ["baileys-cleanup", *arguments]
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in "oe")
    with (
        patch.dict(os.environ, environment, clear=True),
        patch.object(sys, "argv", argv),
        patch.object(options, "SECOND_LOOK", 0),
        contextlib.chdir(cwd or Path.cwd()),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            cli.main()
        except SystemExit as end:
            status = end.code
    said, problems = (stream.buffer.getvalue().decode("utf-8") for stream in (out, err))  # type: ignore[attr-defined]
    assert isinstance(status, int)
    return CompletedProcess(argv, status, said, problems)
