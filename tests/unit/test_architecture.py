"""The house: who may import whom, who may remove, what is pure, what a start costs. Over the syntax trees.

Each rule is a function of source text, so that each one is shown to be able to fail.
"""

import ast
import os
import subprocess
import sys
import time
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import baileys_cleanup
from baileys_cleanup.commands import demo_tree

HOUSE = Path(baileys_cleanup.__file__).parent


def room_of(path):
    """Give the name of a room: `removal`, or `commands.undo` for one in a wing."""
    parts = path.relative_to(HOUSE).with_suffix("").parts
    return ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)


ROOMS = {room_of(path): path.read_text(encoding="utf-8") for path in sorted(HOUSE.rglob("*.py"))}

WINGS = (
    "__init__",
    "errors",
    "decision",
    "output",
    "store",
    "settings",
    "backups",
    "cleaning",
    "watch",
    "rotation",
    "commands",
    "cli",
    "__main__",
)
"""From the ground up: a room imports from its own wing and from those before it here."""

DECISION = {room for room in ROOMS if room.startswith("decision.")}
PURE = DECISION | {"errors", "output.text", "output.table", "output.sentences", "output.quiet", "settings.values"}
PURE |= {"watch.see.company", "watch.tell.alerts", "watch.show.nagios", "watch.show.page", "watch.show.table"}
PURE |= {
    "backups.bounded_json",
    "watch.show.prometheus",
    "backups.manifest",
    "backups.retention",
    "backups.restore_plan",
}
PURE |= {"rotation.states", "rotation.plan", "watch.schedule"}
PURE |= {"watch.tell.messages", "watch.see.lateness", "watch.show.asked", "watch.show.detail", "watch.show.totals"}
PURE |= {"watch.show.words", "watch.show.style", "output.judgement"}
MOST_LINES = 300
UNCLEAN = {"os", "time", "logging", "structlog", "pathlib", "io", "shutil", "sys", "random", "subprocess"}
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


@cache
def parsed(source):
    """Give a source's syntax tree, which nobody changes."""
    return ast.parse(source)


@cache
def nodes(source):
    """Give all nodes of a source."""
    return tuple(ast.walk(parsed(source)))


@cache
def imports(source):
    """Give the modules that a source imports, wherever in it, with the names taken from each."""
    found = []
    for node in nodes(source):
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


def wing_of(room):
    """Give the wing that a room stands in; a room at the top is one by itself."""
    return room.partition(".")[0]


def upward(room, source):
    """Give what a room imports from a wing above its own, or from outside the house's order."""
    below = set(WINGS[: WINGS.index(wing_of(room)) + 1])
    return {used for used in rooms_used(source) if wing_of(used) not in below}


def behind_the_door(source):
    """Give the rooms of one kind of store that a source imports."""
    return {used for used in rooms_used(source) if used.startswith("store.") and used.count(".") > 1}


def circle(arrows):
    """Give rooms that import one another in a circle, an empty list where there is none."""
    try:
        list(TopologicalSorter(arrows).static_order())
    except CycleError as found:
        return found.args[1]
    return []


def removals(source):
    """Give each use of a call that removes, moves, links or cuts files, by its name."""
    found = [name for module, name in imports(source) if module in OF_THE_SYSTEM and name in REMOVING | {"*"}]
    found += [module for module, _ in imports(source) if module.split(".")[0] == "shutil"]
    systems = {"os", "posix"}
    for node in nodes(source):
        if isinstance(node, ast.Import):
            systems |= {alias.asname for alias in node.names if alias.name in OF_THE_SYSTEM and alias.asname}
    for node in nodes(source):
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
    calls = [node.func for node in nodes(source) if isinstance(node, ast.Call)]
    named = [function.id for function in calls if isinstance(function, ast.Name)]
    asked = [function.attr for function in calls if isinstance(function, ast.Attribute)]
    found += [name for name in asked if name in {"now", "utcnow", "today"}]  # a date may be written, not asked for
    return found + [name for name in named if name in {"open", "print", "input"}]


def words(source):
    """Give all identifiers of a source, argument and attribute names included."""
    found = set()
    for node in nodes(source):
        found |= {getattr(node, field) for field in ("id", "arg", "attr", "name") if hasattr(node, field)}
    return {word for word in found if isinstance(word, str)}


def undocumented(source):
    """Give the public module, classes and functions of a source that have no docstring."""
    tree = parsed(source)
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
    for node in nodes(source):
        if isinstance(node, ast.Attribute) and node.attr in {"system", "popen"}:
            found.append(node.attr)
        elif isinstance(node, ast.keyword) and node.arg == "shell":
            found.append("shell")
    return found + [module for module, _ in imports(source) if module.split(".")[0] == "subprocess"]


# --- the rules ------------------------------------------------------------------------------------------------


def test_the_top_holds_the_wings():
    """Whoever opens the package reads the tool's whole idea: the wings, the command line, the errors."""
    top = {path.stem for path in HOUSE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert {*WINGS} == top


def faults(rule, rooms=ROOMS):
    """Give what a rule finds in each room's source; rooms in which it finds nothing are left out."""
    found = {room: rule(room) for room in sorted(rooms)}
    return {room: what for room, what in found.items() if what}


def test_imports_run_down():
    """A room imports only from its own wing and those below it, also inside functions."""
    assert {} == faults(lambda room: upward(room, ROOMS[room]))


def test_a_store_is_met_through_the_door():
    """What a folder is stays behind the door."""
    above = {room for room in ROOMS if wing_of(room) not in {"store", *WINGS[:1]}}
    assert {} == faults(lambda room: behind_the_door(ROOMS[room]), above)


def test_no_import_runs_in_a_circle():
    """Rooms of one wing import one another in one direction."""
    assert [] == circle({room: rooms_used(source) - {room} for room, source in ROOMS.items()})


def test_no_room_is_a_hall():
    """A room of more than 300 lines is several."""
    lines = {room: len(source.splitlines()) for room, source in ROOMS.items()}
    assert {} == {room: count for room, count in lines.items() if count > MOST_LINES}


REMOVERS = {
    "store.folder.company_quarantine",
    "store.folder.put_back",
    "store.folder.purge",
    "store.folder.cramped",
}
"""Into the quarantine, out of it, and the end of what lies there; and of what goes where nothing can be made."""

OWN_REMOVALS = {
    "store.folder.records": {"replace"},  # its own temporary file
    "store.folder.renaming": {"renameat2"},  # the call itself
    "watch.show.textfile": {"replace", "unlink"},  # its own temporary file
    "store.folder.set_aside": {"rename", "rmdir", "unlink"},  # whole folders, and one that it built itself
    "backups.places.folder": {"rename", "unlink"},  # archives, and its own temporary file
}
"""The small rooms that may do something of the kind, each in its own place."""


def test_one_room_removes():
    """Promise 3: nobody else unlinks, renames, links or cuts auth files."""
    assert OWN_REMOVALS == faults(lambda room: set(removals(ROOMS[room])), ROOMS.keys() - REMOVERS)


def test_the_kernels_renames_are_for_two_rooms():
    """Nobody else takes the renames that Python does not know."""
    takers = {room for room, source in ROOMS.items() if "store.folder.renaming" in rooms_used(source)}
    assert set() == takers - {"store.folder.put_back", "store.folder.set_aside", "store.folder.renaming"}


def test_pure_rooms_meet_no_world():
    """The rooms of decisions know no file, no clock, no log and no chance."""
    assert {} == faults(lambda room: impurities(ROOMS[room]), PURE)


def test_the_decision_knows_no_dry_run():
    """Promise 9: nothing that decides or looks can tell a dry run from a real one; only outcomes carry the word."""
    rooms = PURE - {"decision.consequences", "output.sentences"} | {"store.folder.root"}
    told = faults(lambda room: {word for word in words(ROOMS[room]) if "dry" in word.lower()}, rooms)
    assert {"decision.outcome": {"dry_run"}} == told


def test_everything_public_says_what_it_is():
    """Each public module, class and function has a docstring."""
    assert {} == faults(lambda room: undocumented(ROOMS[room]))


def test_one_room_runs_programs_and_none_a_shell():
    """Only the room of the operator's own commands starts a program, and never by a shell."""
    assert {"cleaning.hooks": {"subprocess"}} == faults(lambda room: set(shells(ROOMS[room])))


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
    assert set() == loaded & {"structlog", "pydantic", "pydantic_settings", "baileys_cleanup.cleaning.run", "ctypes"}


def test_a_quiet_night_loads_neither_log_nor_schema(tmp_path):
    """A dry run over healthy companies, with nothing set but the root, needs neither structlog nor pydantic."""
    now = time.time_ns()
    for make in (demo_tree._fresh, demo_tree._quiet):
        make(str(tmp_path), now)
    code = (
        "import sys\nfrom baileys_cleanup import cli\nfrom baileys_cleanup.settings import load as settings\nsettings.CONFIG_FILE = '/nonexistent/x'\n"
        f"sys.argv = ['baileys-cleanup', '--dry-run', '--sessions-root', {str(tmp_path)!r}]\n"
        "try:\n    cli.main()\nexcept SystemExit as end:\n    assert end.code == 0, end.code"
    )
    loaded = modules_after(code)
    assert "baileys_cleanup.decision.plan" in loaded
    assert set() == loaded & {"structlog", "pydantic", "pydantic_settings", "baileys_cleanup.backups"}
    assert set() == loaded & {"prometheus_client", "apprise", "urllib.request", "http.client", "ssl", "logging"}


# --- each rule can fail ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "from baileys_cleanup.cleaning.run import clean",
        "import baileys_cleanup.cli",
        "from baileys_cleanup import cleaning",
        "from . import root",
        "def later():\n    from baileys_cleanup.backups.make import BackupMaker",
        "from baileys_cleanup.nowhere import x",
    ],
)
def test_an_import_upward_is_found(source):
    """An import from a wing above, of what is no wing, or by a relative path is found in a store."""
    assert upward("store.folder.root", source)


def test_a_way_around_the_door_is_found():
    """An import of a folder's room is found, also inside a function; the door itself is none."""
    assert behind_the_door("def later():\n    from baileys_cleanup.store.folder.root import Root")
    assert not behind_the_door("from baileys_cleanup.store.open import open_store")


def test_a_circle_is_found():
    """Two rooms that import each other are found, also by way of a third."""
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}})
    assert not circle({"a": {"b", "c"}, "b": {"c"}})


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
    "source",
    ["import os", "from time import time", "import os.path", "open('x')", "import structlog", "datetime.now()"],
)
def test_an_impurity_is_found(source):
    """The world is found wherever it enters."""
    assert impurities(source)


def test_a_dry_run_is_found():
    """The word is found as an argument, a name and an attribute."""
    for source in ("def plan(files, dry_run): ...", "dry_run = 1", "terms.dry_run", "plan(dry_run=True)"):
        assert "dry_run" in words(source)


MOST_PARAMETERS = 6
MANY_PARAMETERS = {
    "backups.make.__init__": "the servers of one backup, and how it is told",
    "backups.run.back_up_all": "likewise, and whether it is a rehearsal",
    "commands.clean._clean": "one for each option of the command",
    "commands.rotate._check": "likewise",
    "commands.rotate._run": "likewise",
    "commands.undo.undo_run": "two of them are flags of the command",
    "decision.plan.plan": "what lies beside the files, and what earlier runs left, decide with them",
    "decision.sender_keys.plan_sender_keys": "each is a value that the decision depends on",
    "output.summary.__init__": "what the terminal can show, and what was asked for",
    "rotation.pairing.wait_for_pairing": "whatever ends the wait, and whoever is told meanwhile",
    "watch.look._respond": "what a look found, and what may be done about it",
}
"""Functions with more parameters than six, each with its reason."""


def with_many_parameters(source):
    """Give the names of functions that take more parameters than a reader can hold."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            if len([each for each in given if each.arg not in {"self", "cls"}]) > MOST_PARAMETERS:
                found.add(node.name)
    return found


def test_a_function_takes_six_parameters_or_has_a_reason():
    """Who wants more makes a noun of those that go together."""
    many = {f"{room}.{name}" for room, source in ROOMS.items() for name in with_many_parameters(source)}
    assert MANY_PARAMETERS.keys() == many


def test_many_parameters_are_found():
    """Those by position and those by name count together; the object itself does not."""
    assert {"f"} == with_many_parameters("def f(a, b, c, d, *, e, f, g): ...")
    assert set() == with_many_parameters("class C:\n    def f(self, a, b, c, d, *, e, f): ...")


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
