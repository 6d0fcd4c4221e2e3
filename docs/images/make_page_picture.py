# ruff: noqa: INP001 - a script of its own, no part of a package
"""Makes monitor.png, the picture of the monitor's page: a real monitor over a new demo folder, in a real browser.

    python3 -m venv /tmp/picture
    /tmp/picture/bin/pip install '.[metrics]'
    /tmp/picture/bin/python docs/images/make_page_picture.py /tmp/demo

It needs chromium. The folder must not exist yet; it is made for the picture and removed afterwards.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

TARGET = Path(__file__).with_name("monitor.png")
SIZE = "1100,1020"


def tool(*arguments: str) -> list[str]:
    """Return a command line of the tool."""
    return [sys.executable, "-m", "baileys_cleanup", *arguments]


def wait_for(address: str) -> None:
    """Wait until the monitor has looked."""
    for _ in range(100):
        try:
            with urlopen(f"{address}healthz", timeout=5):  # noqa: S310 - the monitor's own address
                return
        except URLError:
            time.sleep(0.1)
    sys.exit("the monitor shows nothing")


def main(root: str) -> None:
    """Build the demo, clean one company, watch, and take the picture."""
    Path(root).mkdir()
    try:
        subprocess.run(tool("demo", root), check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own tool
        clean = tool("--company", "962302", "--sessions-root", root)
        subprocess.run(clean, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own tool
        # What the page advises is what this picture is about: an emergency cleanup would have done it already.
        environment = {**os.environ, "BAILEYS_CLEANUP_MONITOR__EMERGENCY_CLEANUP": "off"}
        watch = tool("monitor", "--listen", "127.0.0.1:0", "--log-format", "json", "--sessions-root", root)
        with subprocess.Popen(watch, env=environment, stderr=subprocess.PIPE, text=True) as monitor:  # noqa: S603 - our own tool
            assert monitor.stderr is not None
            address = next(event["address"] for line in monitor.stderr if "address" in (event := json.loads(line)))
            wait_for(address)
            photograph(address)
            monitor.terminate()
            monitor.communicate()
    finally:
        shutil.rmtree(root)


def photograph(address: str) -> None:
    """Take a picture of a page with a browser that has just been born."""
    with tempfile.TemporaryDirectory() as profile:
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        options += [f"--user-data-dir={profile}", "--hide-scrollbars", f"--window-size={SIZE}"]
        command = ["chromium", *options, f"--screenshot={TARGET}", address]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)  # noqa: S603 - a fixed command line


if __name__ == "__main__":
    main(*sys.argv[1:])
