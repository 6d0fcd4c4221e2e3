"""`__main__`: the module and the console script are the same command line."""

import subprocess
import sys

from baileys_cleanup import __main__, __version__, cli


def test_the_module_is_the_command_line():
    """`python -m baileys_cleanup` runs what the console script runs."""
    assert cli.main is __main__.main
    done = subprocess.run(
        [sys.executable, "-m", "baileys_cleanup", "--version"], capture_output=True, text=True, check=True
    )
    assert f"baileys-cleanup, version {__version__}\n" == done.stdout
