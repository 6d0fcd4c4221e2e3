"""The tool without power: as another user, or as root without root's rights over files.

Such a process may not be able to read the tool, nor the interpreter: a clone may lie where only its owner can enter. So
it imports everything first, and nothing from then on: what a test sees is the same wherever the clone lies.
"""

import ast
import ctypes
import os
import sys
from contextlib import suppress
from importlib import import_module
from importlib.machinery import BuiltinImporter, FrozenImporter
from pathlib import Path

import baileys_cleanup

HOUSE = Path(baileys_cleanup.__file__).parent
CORE = sys.stdlib_module_names | {"baileys_cleanup", "click", "structlog", "pydantic", "pydantic_settings"}
BY_ITSELF = ("encodings.ascii", "encodings.idna", "_strptime")
"""What the interpreter imports unasked, when it is first needed."""
_VERSION_3 = 0x20080522  # _LINUX_CAPABILITY_VERSION_3 of linux/capability.h


def import_all() -> None:
    """Import every room, and whatever one of them imports when it runs; extras stay away."""
    for name in BY_ITSELF:
        import_module(name)
    for path in sorted(HOUSE.rglob("*.py")):
        room = ".".join(path.relative_to(HOUSE.parent).with_suffix("").parts).removesuffix(".__init__")
        for name in (room, *_imports(path.read_text(encoding="utf-8"))):
            if name.partition(".")[0] in CORE:
                with suppress(ImportError):
                    import_module(name)


def _imports(source: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append(node.module)
    return found


def stop_importing() -> None:
    """Let this process find no more modules, whether it could still read them or not."""
    sys.meta_path[:] = [BuiltinImporter, FrozenImporter]


def become(uid: int) -> None:
    """Become another user for good; `import_all` has to come before."""
    stop_importing()
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)
    os.environ["HOME"] = "/nonexistent"


def drop_capabilities() -> None:
    """Stay root, with no more rights over files than anybody else."""
    head = (ctypes.c_uint32 * 2)(_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    if ctypes.CDLL(None, use_errno=True).capset(head, nothing):
        raise OSError(ctypes.get_errno(), "capset")


def main() -> None:
    """Run `python -m baileys_cleanup`, the command that follows this program's name, without power."""
    before = [sys.executable, "-m", "baileys_cleanup"]
    assert sys.argv[1:4] == before, sys.argv
    del sys.argv[1:4]
    import_all()
    drop_capabilities()
    stop_importing()
    import_module("baileys_cleanup.cli").main()


if __name__ == "__main__":
    main()
