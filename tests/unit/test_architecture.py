"""The house: who may import whom, who may remove, what is pure, what a start costs. Over the syntax trees.

Each rule is a function of source text, so that each one is shown to be able to fail.
"""

import ast
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import baileys_cleanup
from baileys_cleanup import demo

HOUSE = Path(baileys_cleanup.__file__).parent


def room_of(path):
    """Give the name of a room: `removal`, or `commands.undo` for one in a wing."""
    parts = path.relative_to(HOUSE).with_suffix("").parts
    return ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)


ROOMS = {room_of(path): path.read_text(encoding="utf-8") for path in sorted(HOUSE.rglob("*.py"))}
COMMANDS = {room for room in ROOMS if room.startswith("commands.")}

LAYERS = [
    {"__init__", "errors", "authfile", "level", "text", "log", "opening", "backups"},
    {"records", "renaming"},
    {"account"},
    {"retention"},
    {"outcome", "config", "explain", "pairs", "rotation.states", "rotation.selection"},
    {"folder"},
    {"toolfolder", "demo", "schema", "hooks", "backups.manifest", "backups.naming", "backups.keep"},
    {"rotation", "rotation.picture", "rotation.survey", "rotation.copying"},
    {"runs", "lock", "settings", "rotation.journal", "watch.patience"},
    {"watch.state", "watch.textfile", "watch.ping", "watch.services"},
    {"backups.snapshot", "backups.record", "backups.choice"},
    {"audit", "quarantine", "summary", "watch.history", "backups.archive", "backups.stores"},
    {"removal", "aside", "backups.shelf", "backups.bucket", "backups.elsewhere"},
    {"company", "undo", "backups.place", "backups.keeper", "backups.lookback"},
    {"backups.run", "backups.source"},
    {"backups.restore"},
    {"cleanup", "watch.view"},
    {"standstill"},
    {"frame", "rotation.pairing", "rotation.steps", "rotation.connections"},
    {"watch.facts", "watch.alerts", "watch.plugin"},
    {"rotation.rotate"},
    {"rotation.auto", "rotation.report"},
    {"watch.exposition", "watch.page", "watch.memory", "watch.emergency"},
    {"watch.board", "watch.look"},
    {"watch.server", "watch.table", "watch.monitor"},
    COMMANDS,
    {"cli", "commands", "watch"},
    {"__main__"},
]
"""From the ground up: a room imports only from lower layers."""

PURE = {"authfile", "account", "level", "text", "outcome", "errors", "explain", "retention", "config", "pairs"}
PURE |= {"watch.view", "watch.alerts", "watch.plugin", "watch.page", "watch.table", "watch.exposition"}
PURE |= {"backups.manifest", "backups.keep", "backups.choice"}
PURE |= {"rotation.states", "rotation.selection"}
UNCLEAN = {"os", "time", "datetime", "logging", "structlog", "pathlib", "io", "shutil", "sys", "random", "subprocess"}
REMOVING = {
    "unlink",
    "remove",
    "rename",
    "renames",
    "replace",
    "rmdir",
    "removedirs",
    "rmtree",
    "truncate",
    "ftruncate",
}
REMOVING |= {"link", "symlink", "move", "posix_spawn", "system"}
OF_THE_SYSTEM = {"os", "shutil", "posix"}
ONLY_ON_PATHS = REMOVING - {"remove", "replace", "system", "move"} | {"link_to", "hardlink_to", "symlink_to"}


def imports(source):
    """Give the modules that a source imports, wherever in it, with the names taken from each."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [(alias.name, None) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [(("." * node.level) + (node.module or ""), alias.name) for alias in node.names]
    return found


def rooms_used(source):
    """Give the rooms of the house that a source imports."""
    used = set()
    for module, name in imports(source):
        if module == "baileys_cleanup":
            used.add(name if name in ROOMS else "__init__")
        elif module.startswith("baileys_cleanup."):
            room = module.removeprefix("baileys_cleanup.")
            used.add(f"{room}.{name}" if f"{room}.{name}" in ROOMS else room)
        elif module.startswith("."):
            used.add(f"a relative import of {module}{name}")
    return used


def upward(room, source):
    """Give what a room imports that is not below it."""
    height = next(place for place, layer in enumerate(LAYERS) if room in layer)
    below = set().union(*LAYERS[:height])
    return rooms_used(source) - below


def removals(source):
    """Give each use of a call that removes, moves, links or cuts files, by its name."""
    found = [name for module, name in imports(source) if module in OF_THE_SYSTEM and name in REMOVING | {"*"}]
    found += [module for module, _ in imports(source) if module.split(".")[0] == "shutil"]
    systems = {"os", "posix"}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            systems |= {alias.asname for alias in node.names if alias.name in OF_THE_SYSTEM and alias.asname}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            of_the_system = isinstance(node.value, ast.Name) and node.value.id in systems
            if node.attr in ONLY_ON_PATHS or (of_the_system and node.attr in REMOVING):
                found.append(node.attr)
        elif isinstance(node, ast.Constant) and node.value in ("renameat2", "renameat", "unlinkat"):
            found.append(node.value)
        if isinstance(node, ast.Attribute) and node.attr in {"renameat2", "renameat", "unlinkat"}:
            found.append(node.attr)
    return found


def impurities(source):
    """Give what a source imports or calls that a pure room may not."""
    found = [module for module, _ in imports(source) if module.split(".")[0] in UNCLEAN]
    calls = [node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    named = [function.id for function in calls if isinstance(function, ast.Name)]
    return found + [name for name in named if name in {"open", "print", "input"}]


def words(source):
    """Give all identifiers of a source, argument and attribute names included."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        found |= {getattr(node, field) for field in ("id", "arg", "attr", "name") if hasattr(node, field)}
    return {word for word in found if isinstance(word, str)}


def undocumented(source):
    """Give the public module, classes and functions of a source that have no docstring."""
    tree = ast.parse(source)
    found = [] if ast.get_docstring(tree) else ["the module"]
    owners = [tree]
    while owners:
        for node in owners.pop().body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith(
                "_"
            ):
                found += [] if ast.get_docstring(node) else [node.name]
                owners += [node] if isinstance(node, ast.ClassDef) else []
    return found


def shells(source):
    """Give what would run a shell."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in {"system", "popen"}:
            found.append(node.attr)
        elif isinstance(node, ast.keyword) and node.arg == "shell":
            found.append("shell")
    return found + [module for module, _ in imports(source) if module.split(".")[0] == "subprocess"]


# --- the rules ------------------------------------------------------------------------------------------------


def test_every_room_has_its_place():
    """Each room stands in exactly one layer."""
    placed = [room for layer in LAYERS for room in layer]
    assert sorted(ROOMS) == sorted(placed)


@pytest.mark.parametrize("room", ROOMS)
def test_imports_run_one_way(room):
    """A room imports only from rooms below it, also inside functions."""
    assert set() == upward(room, ROOMS[room])


OWN_REMOVALS = {
    "records": {"replace"},  # its own temporary file
    "renaming": {"renameat2"},  # the call itself
    "watch.textfile": {"replace", "unlink"},  # its own temporary file
    "aside": {"rename", "rmdir", "unlink"},  # whole folders, and one that it built itself
    "backups.shelf": {"rename", "unlink"},  # archives, and its own temporary file
}
"""The small rooms that may do something of the kind, each in its own place."""


@pytest.mark.parametrize("room", sorted(ROOMS.keys() - {"removal"}))
def test_one_room_removes(room):
    """Promise 3: nobody else unlinks, renames, links or cuts auth files."""
    assert OWN_REMOVALS.get(room, set()) == set(removals(ROOMS[room]))


@pytest.mark.parametrize("room", sorted(ROOMS.keys() - {"removal", "aside", "renaming"}))
def test_the_kernels_renames_are_for_two_rooms(room):
    """Nobody else takes the renames that Python does not know."""
    assert "renaming" not in rooms_used(ROOMS[room])


@pytest.mark.parametrize("room", sorted(PURE))
def test_pure_rooms_meet_no_world(room):
    """The rooms of decisions know no file, no clock, no log and no chance."""
    assert [] == impurities(ROOMS[room])


@pytest.mark.parametrize("room", sorted(PURE - {"explain"} | {"folder"}))
def test_the_decision_knows_no_dry_run(room):
    """Promise 9: nothing that decides or looks can tell a dry run from a real one; only outcomes carry the word."""
    told = {word for word in words(ROOMS[room]) if "dry" in word.lower()}
    assert ({"dry_run"} if room == "outcome" else set()) == told


@pytest.mark.parametrize("room", ROOMS)
def test_everything_public_says_what_it_is(room):
    """Each public module, class and function has a docstring."""
    assert [] == undocumented(ROOMS[room])


@pytest.mark.parametrize("room", ROOMS)
def test_one_room_runs_programs_and_none_a_shell(room):
    """Only the room of the operator's own commands starts a program, and never by a shell."""
    assert ({"subprocess"} if room == "hooks" else set()) == set(shells(ROOMS[room]))


# --- what a start costs ---------------------------------------------------------------------------------------


def modules_after(code, **env):
    """Run code in a new interpreter; give the modules that it has loaded in the end."""
    code += "\nimport sys; sys.__stdout__.write('\\nMODULES ' + ' '.join(sys.modules))"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BAILEYS_CLEANUP_")}
    done = subprocess.run([sys.executable, "-c", code], env=clean | env, capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("MODULES ")[2].split())


def test_the_command_line_itself_is_light():
    """Importing the command line loads no library but Click, and no room that a command does not need."""
    loaded = modules_after("import baileys_cleanup.cli")
    assert "click" in loaded
    assert set() == loaded & {"structlog", "pydantic", "pydantic_settings", "baileys_cleanup.cleanup", "ctypes"}


def test_a_quiet_night_loads_neither_log_nor_schema(tmp_path):
    """A dry run over healthy companies, with nothing set but the root, needs neither structlog nor pydantic."""
    now = time.time_ns()
    for make in (demo._fresh, demo._quiet):
        make(str(tmp_path), now)
    code = (
        "import sys\nfrom baileys_cleanup import cli, settings\nsettings.CONFIG_FILE = '/nonexistent/x'\n"
        f"sys.argv = ['baileys-cleanup', '--dry-run', '--sessions-root', {str(tmp_path)!r}]\n"
        "try:\n    cli.main()\nexcept SystemExit as end:\n    assert end.code == 0, end.code"
    )
    loaded = modules_after(code)
    assert "baileys_cleanup.retention" in loaded
    assert set() == loaded & {"structlog", "pydantic", "pydantic_settings", "baileys_cleanup.backups"}
    assert set() == loaded & {"prometheus_client", "apprise", "urllib.request", "http.client", "ssl", "logging"}


# --- each rule can fail ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "from baileys_cleanup.removal import put_back",
        "import baileys_cleanup.cli",
        "from baileys_cleanup import folder",
        "from . import folder",
        "def later():\n    from baileys_cleanup.runs import Run",
        "from baileys_cleanup.retention import plan",
    ],
)
def test_an_import_upward_is_found(source):
    """An import from above, from beside or by a relative path is found in a room of the middle."""
    assert upward("retention", source)


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.unlink('x')",
        "import os\nos.remove('x')",
        "import os as system\nsystem.replace('x', 'y')",
        "import os\nrun = os.rename",
        "from os import rmdir",
        "from os import *",
        "import shutil",
        "from shutil import copy",
        "import os\nos.ftruncate(3, 0)",
        "import os\nos.link('x', 'y')",
        "from pathlib import Path\nPath('x').unlink()",
        "path.rename('y')",
        "path.hardlink_to('y')",
        "library.renameat2(1, b'x', 2, b'y', 0)",
        "getattr(library, 'unlinkat')",
    ],
)
def test_a_removal_elsewhere_is_found(source):
    """Every spelling of a removal is found."""
    assert removals(source)


@pytest.mark.parametrize(
    "source", ["from dataclasses import replace\nreplace(policy, x=1)", "'a'.replace('a', 'b')", "names.remove('x')"]
)
def test_a_replace_that_is_none_is_not_found(source):
    """Replacing in a text or a dataclass, and taking out of a list, is no removal."""
    assert [] == removals(source)


@pytest.mark.parametrize(
    "source", ["import os", "from time import time", "import os.path", "open('x')", "import structlog"]
)
def test_an_impurity_is_found(source):
    """The world is found wherever it enters."""
    assert impurities(source)


def test_a_dry_run_is_found():
    """The word is found as an argument, a name and an attribute."""
    for source in ("def plan(files, dry_run): ...", "dry_run = 1", "terms.dry_run", "plan(dry_run=True)"):
        assert "dry_run" in words(source)


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        ("x = 1", ["the module"]),
        ('"""M."""\ndef f(): ...', ["f"]),
        ('"""M."""\nclass C:\n    """C."""\n    def m(self): ...\n    def _p(self): ...', ["m"]),
    ],
)
def test_a_missing_docstring_is_found(source, missing):
    """A module, function, class or method without a docstring is found; private ones are not asked."""
    assert missing == undocumented(source)


@pytest.mark.parametrize("source", ["os.system('x')", "run('x', shell=True)", "os.popen('x')", "import subprocess"])
def test_a_shell_is_found(source):
    """Every way to a shell is found."""
    assert shells(source)
