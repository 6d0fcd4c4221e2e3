"""What an extra needs to be installed: the command for the way in which this copy of the tool was."""

import os
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import find_spec
from shlex import quote

NAME = "baileys-cleanup"
BUILD = "python3 deploy/package/build.py"
"""What builds the single file and the Debian packages, in a clone; it leaves its own name as the installer's."""


def to_install(extra: str) -> str:
    """Return the command that brings one of the extras of `pyproject.toml`, to be read and copied by an operator."""
    try:
        copy = distribution(NAME)
    except PackageNotFoundError:  # a checkout on PYTHONPATH
        return _with_pip(extra)
    installer = (copy.read_text("INSTALLER") or "").strip()
    if installer == "deb":
        return f"sudo apt install ./{NAME}-extras_*.deb (`{BUILD} deb` builds it beside {NAME}_*.deb)"
    if installer == "zipapp":
        return f"{BUILD} zipapp (in a clone; it builds {NAME}-with-extras.pyz as well: take that file)"
    if os.path.exists(os.path.join(sys.prefix, "pipx_metadata.json")):
        return _with_pipx(copy, extra)
    return _with_pip(extra)


def _with_pip(extra: str) -> str:
    python = quote(sys.executable)
    pip = f"{python} -m pip" if find_spec("pip") else f"PIP_PYTHON={python} python3 -m pip"
    return f"{pip} install '{NAME}[{extra}]'"


def _with_pipx(copy: Distribution, extra: str) -> str:
    """Return what adds the libraries themselves: pipx does not know of extras that come later."""
    libraries = [
        quote(library.strip())
        for library, _, condition in (line.partition(";") for line in copy.requires or [])
        if f"extra == '{extra}'" in condition.replace('"', "'")
    ]
    home = os.path.dirname(os.path.dirname(sys.prefix))
    elsewhere = "" if home.startswith(os.path.expanduser("~/")) else f"PIPX_HOME={quote(home)} "
    return f"{elsewhere}pipx inject {quote(os.path.basename(sys.prefix))} {' '.join(libraries)}"
