# ruff: noqa: INP001 - a script of its own, no part of a package
"""Makes run.svg, the README's picture: a real run on a new demo folder, its colours as a terminal shows them.

    python3 -m venv /tmp/picture
    /tmp/picture/bin/pip install . rich
    /tmp/picture/bin/python docs/images/make_run_picture.py /tmp/demo

The folder must not exist yet; it is made for the picture and removed afterwards.
"""

import os
import pty
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

COLUMNS = 100
TITLE = "baileys-cleanup"
TARGET = Path(__file__).with_name("run.svg")
# As rich's own format, but with the reader's own fonts: a picture loads nothing from elsewhere.
FORMAT = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
    <style>
    .{unique_id}-matrix {{
        font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace;
        font-size: {char_height}px;
        line-height: {line_height}px;
    }}
    .{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
    {styles}
    </style>
    <defs>
    <clipPath id="{unique_id}-clip-terminal">
      <rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
    </clipPath>
    {lines}
    </defs>
    {chrome}
    <g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
    {backgrounds}
    <g class="{unique_id}-matrix">
    {matrix}
    </g>
    </g>
</svg>
"""


def on_a_terminal(*arguments: str) -> str:
    """Run the tool on a terminal of its own and return what it wrote there, colours included."""
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS)}
    environment.pop("NO_COLOR", None)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "baileys_cleanup", *arguments]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:  # noqa: S603
        os.close(theirs)
        said = b""
        with suppress(OSError):  # EIO: the other side is closed
            while part := os.read(ours, 4096):
                said += part
        os.close(ours)
    if process.returncode:
        sys.exit(f"baileys-cleanup {' '.join(arguments)} ended with {process.returncode}")
    return said.decode().replace("\r\n", "\n")


def main(root: str) -> None:
    """Build the demo folder, run the tool on it, and draw what it said."""
    Path(root).mkdir()
    try:
        on_a_terminal("demo", root)
        said = [
            (f"baileys-cleanup {' '.join(arguments)}", on_a_terminal(*arguments))
            for arguments in (("--sessions-root", root), ("undo", "latest", "--sessions-root", root))
        ]
    finally:
        shutil.rmtree(root)
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True, color_system="truecolor")
        for number, (command, answer) in enumerate(said):
            console.print(Text(("\n" if number else "") + f"$ {command}", style="bold"))
            console.print(Text.from_ansi(answer.rstrip()))
    TARGET.write_text(console.export_svg(title=TITLE, theme=MONOKAI, code_format=FORMAT, unique_id="run"))


if __name__ == "__main__":
    main(*sys.argv[1:])
