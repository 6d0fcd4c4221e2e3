"""README and docs cannot drift from the code: what they say is looked up, and what they show is run."""

import ast
import html
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import pytest
from pydantic import BaseModel

from baileys_cleanup.cli import COMMANDS, commands
from baileys_cleanup.commands.demo_tree import build
from baileys_cleanup.decision.levels import Levels
from baileys_cleanup.decision.names import PROTECTED, Kind, kind_of
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.decision.verdict import Rule
from baileys_cleanup.errors import CleanupError
from baileys_cleanup.rotation.states import Journal
from baileys_cleanup.settings.schema import load, names
from baileys_cleanup.settings.tables import Written
from baileys_cleanup.settings.values import PREFIX, Settings

from .pages import DOCS, PAGES, README, ROOT, anchors, blocks, codes, links, read, section, table
from .tool import run

COMMAND_PAGE = DOCS / "commands.md"
SOURCE = ROOT / "src" / "baileys_cleanup"
TOOL = [sys.executable, "-m", "baileys_cleanup"]
RUN_ID = re.compile(r"\b\d{8}T\d{6}Z-[0-9a-f]{4}\b")


@pytest.fixture
def demo() -> Iterator[Path]:
    """Build a new demo folder, without the broken company, for which each run waits a second; in memory if possible."""
    memory = "/dev/shm"
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as room:
        root = Path(room, "demo")
        build(str(root), time.time_ns())
        shutil.rmtree(root / "company_404040")
        yield root


# --- commands -------------------------------------------------------------------------------------------


def shown_commands() -> list[Any]:
    """Return each command line of ours in README and docs, with what is said about it behind `#`.

    Those of the README and of the page on commands are run every day, those of the other pages in the slow layer.
    """
    found = []
    for page in PAGES:
        lines = [line for block in blocks(read(page), "sh") for line in block.splitlines()]
        typed = [line[2:] for block in blocks(read(page), "console") for line in block.splitlines() if line[:2] == "$ "]
        for line in lines + typed:
            command, _, remark = line.partition("  # ")
            if command.startswith("baileys-cleanup"):
                marks = () if page in {README, COMMAND_PAGE} else pytest.mark.slow
                found.append(pytest.param(command, remark, id=f"{page.name}: {command}", marks=marks))
    return found


@pytest.mark.parametrize(("command", "remark"), shown_commands())
def test_every_command_that_is_shown_works(command: str, remark: str, demo: Path) -> None:
    """A command in README or docs ends with the status that stands beside it, 0 where none does."""
    status = re.search(r"status (\d+)", remark)
    variables = dict(re.findall(rf"({PREFIX}\w+)=([^\s;]+)", remark))
    if command.startswith("baileys-cleanup demo"):
        shutil.rmtree(demo)
    if "undo" in command:
        assert run("--json", "--company", "962302", root=demo).returncode == 0
        (record,) = (demo / ".baileys-cleanup" / "runs").glob("*.json")
        command = RUN_ID.sub(record.stem, command)
    archives = demo.parent / "archives"
    archives.mkdir(0o700)
    if re.search(r"restore|--verify|--list", command):
        assert run("backup", "--to", str(archives), root=demo).returncode == 0
    command = command.replace("/tmp/archives", str(archives))
    settings = ROOT / "deploy" / "baileys-cleanup.toml.example"
    command = command.replace("/tmp/demo", str(demo)).replace("/etc/baileys-cleanup.toml", str(settings))
    result = run(*shlex.split(command)[1:], root=demo, cwd=demo if demo.exists() else None, **variables)
    expected = int(status[1]) if status else 0
    assert expected == result.returncode, result.stderr


def test_what_a_console_block_shows_is_what_the_tool_says(demo: Path) -> None:
    """The lines under a `$ baileys-cleanup` in a console block are the tool's own, word for word."""
    shown = 0
    for page in PAGES:
        for block in blocks(read(page), "console"):
            line, *said = block.splitlines()
            command, _, remark = line.removeprefix("$ ").partition("  # ")
            variables = dict(re.findall(rf"({PREFIX}\w+)=([^\s;]+)", remark))
            result = run(*shlex.split(command)[1:], root=demo, **variables)
            assert said == (result.stdout + result.stderr).splitlines()
            shown += 1
    assert shown > 0


LANGUAGES = [README, ROOT / "README.ru.md"]
SET_UP = "python3 -m venv --without-pip .venv && python3 -m pip --python .venv/bin/python install --quiet "


def test_the_readme_works_as_pasted(tmp_path: Path) -> None:
    """Pasted from the top to the bottom, each line works on what the lines before it left, in either language."""
    tool = tmp_path / "bin" / "baileys-cleanup"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\nexec {shlex.join(TOOL)} "$@"\n')
    tool.chmod(0o755)
    lines = [
        line for block in blocks(read(README), "sh") if not block.startswith(SET_UP) for line in block.splitlines()
    ]
    assert "baileys-cleanup demo /tmp/demo" in lines
    checked = [re.sub(r"^(.*?)  # status (\d+)$", r"\1 && exit 99 || test $? -eq \2", line) for line in lines]
    script = "\n".join(checked).replace("/tmp/", f"{tmp_path}/").replace("$PWD/.venv/bin", str(tool.parent))
    ours = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    done = subprocess.run(["sh", "-exc", script], env=ours, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", LANGUAGES, ids=lambda page: page.name)
def test_the_readme_is_short(page: Path) -> None:
    """Who reads README tonight reads at most 1,200 words; the rest is in docs."""
    assert len(read(page).split()) <= 1200


def test_the_readmes_have_the_same_commands_tables_and_links() -> None:
    """The Russian README has the same blocks, kinds and numbers, and leads to the same places."""
    english, russian = LANGUAGES
    for languages in (("sh",), ("",), ("toml",)):
        assert blocks(read(english), *languages) == blocks(read(russian), *languages)
    assert set(links(english)) - {"README.ru.md"} == set(links(russian)) - {"README.md"}
    for text in (read(english), read(russian)):
        assert sorted(f"`{kind}`" for kind in Kind) == sorted(
            found for found in re.findall(r"^\| (`\w+`) \|", text, re.MULTILINE)
        )
    numbers = [
        [re.findall(r"\d[\d.]*", row) for row in read(page).splitlines() if row[:1] == "|"] for page in LANGUAGES
    ]
    assert numbers[0] == numbers[1]


def test_the_table_of_commands_is_complete() -> None:
    """The table has every command, and no other."""
    cells = [codes(row[0])[-1].split() for row in table(section(COMMAND_PAGE, "Commands and options"))]
    assert sorted(COMMANDS) == sorted(words[1] for words in cells)


def options_of(command: click.Command) -> dict[str, frozenset[str]]:
    """Return what `--help` lists: each spelling of an option with all its spellings."""
    parameters = command.get_params(click.Context(command, help_option_names=["-h", "--help"]))
    spellings = [frozenset(item.opts + item.secondary_opts) for item in parameters if isinstance(item, click.Option)]
    return {spelling: group for group in spellings for spelling in group}


def documented_options() -> dict[tuple[str, frozenset[str]], str]:
    """Return The page's table: command and spellings to the meaning."""
    text = section(COMMAND_PAGE, "Commands and options").partition("Options come after")[2]
    found = {}
    for option, where, meaning in table(text):
        spellings = frozenset(code.split()[0] for code in codes(option))
        named = {"all": [*COMMANDS, ""], "before any command": [""]}.get(where, where.split(", "))
        found.update({(command, spellings): meaning for command in named})
    return found


def test_every_option_is_documented() -> None:
    """The page's table has every option of every command with all its spellings, and no other."""
    context = click.Context(commands)
    whole = {name: commands.get_command(context, name) for name in COMMANDS} | {"": commands}
    there = {(name, group) for name, command in whole.items() for group in options_of(command).values()}
    assert there == set(documented_options())


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help_lists_nothing_that_readme_does_not(name: str, tmp_path: Path) -> None:
    """What a person reads in `--help` stands in the table for that command."""
    said = run(name, "--help", root=tmp_path).stdout
    listed = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", said))
    documented = {spelling for command, group in documented_options() if command == name for spelling in group}
    assert listed
    assert set() == listed - documented


def test_the_table_of_exit_statuses_is_complete() -> None:
    """The page's table has every status the command line can end with, and no other."""
    errors = [CleanupError, *CleanupError.__subclasses__()]
    signals = [128 + signal.SIGINT, 128 + signal.SIGTERM]
    there = {0, *(error.status for error in errors), *signals}
    assert there == {int(row[0]) for row in table(section(COMMAND_PAGE, "Exit status"))}


def test_the_cron_line_is_the_example() -> None:
    """The line in README is the job of the crontab example, letter for letter."""
    (line,) = blocks(section(README, "Every night"), "")
    assert line.strip() in read(ROOT / "deploy" / "crontab.example").splitlines()


def test_the_picture_is_of_the_tool_as_it_is(tmp_path: Path) -> None:
    """Each row of the table that a run over the demo prints today stands in the README's picture."""
    assert "docs/images/run.svg" in links(README)
    picture = re.sub(r"<[^>]+>|\s", "", html.unescape(read(DOCS / "images" / "run.svg")))
    root = tmp_path / "demo"
    build(str(root), time.time_ns())
    head, *rows = run(root=root).stdout.split("\n\n")[0].splitlines()
    assert len(rows) == 5
    for line in (head, *rows):
        assert "".join(line.split()) in picture


# --- the two commands of the README ---------------------------------------------------------------------


def first_command(heading: str) -> str:
    """Return the first `sh` block under a heading of the README."""
    return blocks(section(README, heading), "sh")[0]


@pytest.mark.parametrize("heading", ["Try it", "Run the tests"])
def test_a_first_command_is_one_line_with_all_set_up(heading: str) -> None:
    """The first block is one command: a chain that ends at its first failure, beginning with all set-up."""
    command = first_command(heading)
    assert command.count("\n") == 1
    assert ";" not in command
    assert command.startswith(SET_UP)


def test_the_first_command_runs_the_main_job_on_a_new_folder() -> None:
    """Try it: the tool itself, a demo in a new folder, then the bare command on it."""
    steps = first_command("Try it").removeprefix(SET_UP).strip().split(" && ")
    assert steps == [
        ".",
        "demo=$(mktemp -d)",
        '.venv/bin/baileys-cleanup demo "$demo"',
        '.venv/bin/baileys-cleanup --sessions-root "$demo"',
    ]


def test_the_test_command_runs_all_tests() -> None:
    """Run the tests: the tool with its tests' needs, then pytest with nothing left out by hand."""
    steps = first_command("Run the tests").removeprefix(SET_UP).strip().split(" && ")
    assert steps == ["-e '.[dev]'", ".venv/bin/python -m pytest -n auto --dist worksteal"]


# --- settings, levels -----------------------------------------------------------------------------------


def default_of(name: str) -> str:
    """Return a default as the tables write it."""
    value: Any = Settings()
    for part in name.split("."):
        value = getattr(value, part)
    if value in (None, ()):
        return "none"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def allowed_of(name: str) -> str | None:
    """Return what the schema says is allowed."""
    model: type[BaseModel] = Written
    *tables, key = name.split(".")
    for part in tables:
        factory = model.model_fields[part].default_factory
        assert isinstance(factory, type)
        model = factory
    return model.model_fields[key].description


def test_the_page_says_of_every_setting_what_it_does() -> None:
    """The table of what settings do is the code's: names, order, defaults."""
    rows = table(section(DOCS / "settings.md", "What each does"))
    assert [(f"`{name}`", default_of(name)) for name in names()] == [(row[0], row[1]) for row in rows]


def test_the_settings_page_has_every_setting_in_all_its_forms() -> None:
    """The page's table is the code's: names, variables, defaults, and what is allowed."""
    rows = table(section(DOCS / "settings.md", "All settings"))
    there = [
        [f"`{name}`", f"`{PREFIX}{name.upper().replace('.', '__')}`", default_of(name), allowed_of(name)]
        for name in names()
    ]
    assert there == rows


def toml_blocks() -> list[Any]:
    """Return every TOML block of README and docs."""
    return [pytest.param(block, id=page.name) for page in PAGES for block in blocks(read(page), "toml")]


@pytest.mark.parametrize("block", toml_blocks())
def test_every_settings_file_that_is_shown_is_accepted(block: str, tmp_path: Path) -> None:
    """A TOML block in README or docs is a settings file that changes something."""
    file = tmp_path / "settings.toml"
    file.write_text(block, encoding="utf-8")
    assert tomllib.loads(block)
    loaded = load([], str(file), {})
    assert loaded.settings != Settings()


def test_every_variable_that_is_shown_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    """An `export` in README or docs sets a variable that exists, to a value that is allowed."""
    lines = [line for page in PAGES for block in blocks(read(page), "sh") for line in block.splitlines()]
    exports = [found for line in lines if (found := re.fullmatch(r"export (BAILEYS_CLEANUP_\w+)=(\S+)", line))]
    assert exports
    for variable, value in (found.groups() for found in exports):
        with monkeypatch.context() as context:
            context.setenv(variable, value)
            assert load([variable], None, {}).settings != Settings()


def test_the_table_of_levels_is_the_code() -> None:
    """The levels begin and end where the defaults say."""
    levels = Levels()
    assert table(section(DOCS / "settings.md", "Levels")) == [
        ["excellent", f"fewer than {levels.normal}"],
        ["normal", f"{levels.normal} to {levels.attention - 1}"],
        ["attention", f"{levels.attention} to {levels.warning - 1}"],
        ["warning", f"{levels.warning} to {levels.critical - 1}"],
        ["critical", f"more than {levels.critical - 1}"],
    ]


# --- rules ----------------------------------------------------------------------------------------------


def test_the_readme_has_every_kind() -> None:
    """README's rules name every kind once, and call those never removed that are never removed."""
    rows = table(section(README, "What it removes"))
    assert sorted(Kind) == sorted(codes(row[0])[0] for row in rows)
    assert {codes(row[0])[0] for row in rows if row[2] == "never removed"} == set(PROTECTED)


@pytest.mark.parametrize("page", [README, DOCS / "rules.md"])
def test_the_numbers_of_the_rules_are_the_defaults(page: Path) -> None:
    """The ages and the cap in the tables of rules are those of the default policy."""
    policy = Policy()
    heading = "What it removes" if page == README else "The rules"
    rules = {kind: row[-1 if page == README else 1] for row in table(section(page, heading)) for kind in codes(row[0])}
    assert rules["session"].startswith(f"removed at {policy.session_max_age_days} days")
    assert rules["sender_key"].startswith(f"removed at {policy.sender_key_max_age_days} days")
    assert rules["sender_key_memory"].startswith(f"removed at {policy.sender_key_max_age_days} days")
    assert rules["pre_key"].startswith(f"the {policy.max_pre_keys} with the highest numbers stay")
    assert sorted(rules) == sorted(Kind)


def test_every_example_name_is_of_its_kind() -> None:
    """The page of rules lists every kind, and each example name is of the kind beside it."""
    rows = table(section(DOCS / "rules.md", "Names and kinds"))
    assert sorted(Kind) == sorted(codes(row[0])[0] for row in rows)
    for kind, _, _, examples in rows:
        assert {kind_of(name) for name in codes(examples)} == set(codes(kind))


def test_every_rule_is_named() -> None:
    """The page of rules lists every rule, and says of each whether it removes."""
    removing = {name for name, verdict in verdicts_in_source().items() if verdict == "remove"}
    rows = {codes(row[0])[0]: row[1] for row in table(section(DOCS / "rules.md", "Rule names"))}
    assert list(Rule) == list(rows)
    assert removing == {name for name, verdict in rows.items() if verdict == "removed"}


def verdicts_in_source() -> dict[str, str]:
    """Return each rule with the half of the enumeration it stands in: those before the blank line remove."""
    body = read(SOURCE / "decision" / "verdict.py").partition("class Rule(")[2].partition("class Verdict")[0]
    removing, keeping, *_ = body.split('"""')[2].strip().split("\n\n")
    halves = {"remove": removing, "keep": keeping}
    return {name: verdict for verdict, half in halves.items() for name in re.findall(r'= "(\w+)"', half)}


def test_the_costs_of_every_kind_are_told() -> None:
    """The page on consequences has a section for each kind, with what its loss costs."""
    for kind in Kind:
        assert all(row[3] for row in table(section(DOCS / "consequences.md", f"`{kind}`")))


# --- JSON -----------------------------------------------------------------------------------------------

ANY = {*Kind, *names()}


def shape(value: Any) -> Any:
    """Return the fields of a document, all elements of a list in one; ids, kinds and settings are one name."""
    if isinstance(value, dict):
        found: dict[str, Any] = {}
        for name, inner in value.items():
            key = "*" if name in ANY or name.isdigit() else name
            found[key] = merged(found.get(key), shape(inner))
        return found
    if isinstance(value, list):
        whole: Any = None
        for element in value:
            whole = merged(whole, shape(element))
        return [] if whole is None else [whole]
    return "value"


def merged(one: Any, other: Any) -> Any:
    """Return both shapes in one."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {name: merged(one.get(name), other.get(name)) for name in [*one, *other]}
    if isinstance(one, list) and isinstance(other, list):
        return [merged(one[0], other[0])] if one and other else one or other
    return other if one in (None, "value") and other is not None else one


def assert_same_fields(shown: Any, real: Any, where: str = "") -> None:
    """Compare two shapes; a list that is empty on one side says nothing."""
    if isinstance(shown, dict) and isinstance(real, dict):
        assert sorted(shown) == sorted(real), where
        for name, inner in shown.items():
            assert_same_fields(inner, real[name], f"{where}.{name}")
    elif isinstance(shown, list) and isinstance(real, list):
        if shown and real:
            assert_same_fields(shown[0], real[0], f"{where}[]")
    else:
        assert type(shown) is type(real), where


def shown_documents(page: Path, heading: str) -> list[Any]:
    """Return the JSON documents under a heading."""
    return [json.loads(block) for block in blocks(section(page, heading), "json")]


def compare(shown: Any, result: subprocess.CompletedProcess[str]) -> None:
    """Compare a document that is shown with what the tool wrote."""
    assert_same_fields(shape(shown), shape(json.loads(result.stdout)))


def test_the_summary_is_as_shown(demo: Path) -> None:
    """The documents of a clean run have the fields that README and the page on JSON show."""
    (demo / "company_962302" / "strange").mkdir()
    (shown,) = shown_documents(DOCS / "json.md", "clean")
    compare(shown, run("--json", "--verbose", root=demo))


def test_the_numbers_shown_add_up() -> None:
    """In the summary that is shown, seen is the sum of the other four, everywhere."""
    (shown,) = shown_documents(DOCS / "json.md", "clean")
    (company,) = shown["companies"]
    for tally in (company["files"], *company["kinds"].values(), shown["totals"]):
        assert tally["seen"] == sum(tally[name] for name in ("removed", "kept", "failed", "changed"))
    assert company["counted"] == company["files"]["kept"]
    assert Levels().of(company["counted"]) == company["level"]


def test_undo_is_as_shown(demo: Path) -> None:
    """The list of runs, and an undo that meets a newer file, have the fields that are shown."""
    listed, undone = shown_documents(DOCS / "json.md", "undo")
    run("--company", "962302", root=demo)
    compare(listed, run("undo", "--json", root=demo))
    removed = min((demo / ".baileys-cleanup" / "quarantine").rglob("session-*.json"))
    (demo / "company_962302" / removed.name).write_text("{}")
    result = run("undo", "latest", "--anyway", "--json", root=demo)  # that file was written a moment ago
    assert result.returncode == 1
    compare(undone, result)
    assert (
        json.loads(result.stdout)["companies"][0]["stayed"][0]["reason"]
        == (undone["companies"][0]["stayed"][0]["reason"])
    )


def test_backup_and_restore_are_as_shown(demo: Path) -> None:
    """The documents of making, listing, verifying and restoring have the fields that are shown."""
    archives = demo.parent / "archives"
    archives.mkdir(0o700)
    of = ["--company", "962302", "--json"]
    made, listed, verified = shown_documents(DOCS / "json.md", "backup")
    compare(made, run("backup", "--to", str(archives), *of, root=demo))
    compare(listed, run("backup", "--list", "--to", str(archives), *of, root=demo))
    compare(verified, run("backup", "--verify", "--to", str(archives), *of, root=demo))
    (restored,) = shown_documents(DOCS / "json.md", "restore")
    compare(restored, run("restore", "latest", "--replace", "--from", str(archives), *of, root=demo))
    compare(shown_documents(DOCS / "json.md", "undo")[0], run("undo", "--json", root=demo))


def test_explain_and_settings_are_as_shown(demo: Path) -> None:
    """The documents of explain and settings have the fields that are shown."""
    (explained,) = shown_documents(DOCS / "json.md", "explain")
    compare(explained, run("explain", "company_962302/creds.json", "--json", root=demo))
    (settings,) = shown_documents(DOCS / "json.md", "settings")
    compare(settings, run("settings", "--json", root=demo))


def test_a_rotation_is_as_shown(demo: Path) -> None:
    """The documents of a rotation and of its dry run have the fields that are shown, and the states are all listed."""
    done, planned = shown_documents(DOCS / "json.md", "rotate")
    compare(planned, run("rotate", "--company", "962302", "--dry-run", "--json", root=demo))
    compare(done, run("rotate", "--yes", "--company", "962302", "--json", root=demo))
    assert [codes(row[0])[0] for row in table(section(DOCS / "rotation.md", "States"))] == [
        *(state for state in Journal("", "", fresh=False, bot_pairs=False, started=0).way if state != "started"),
        "removed", "waiting", "paired", "timed_out", "started", "rolling_back", "rolled_back",
    ]  # fmt: skip


def test_the_audit_line_is_as_shown(demo: Path) -> None:
    """A line of the audit log has the fields that are shown, and the events are all listed."""
    (shown,) = shown_documents(DOCS / "operations.md", "The audit log")
    run("--company", "962302", root=demo)
    first = (demo / ".baileys-cleanup" / "audit.log").read_text().splitlines()[0]
    assert list(shown) == list(json.loads(first))
    source = "".join(read(path) for path in SOURCE.rglob("*.py"))
    events = set(re.findall(r'(?:audit\.write\(|\.note\(|self\._tell\(|\.audit\(world\.clock,)\s*"(\w+)"', source))
    assert events == {codes(row[0])[0] for row in table(section(DOCS / "operations.md", "The audit log"))}


def test_the_log_events_are_listed() -> None:
    """The page on JSON lists every event of the log with its level."""
    source = "".join(read(path) for path in SOURCE.rglob("*.py"))
    events = {(event, level) for level, event in re.findall(r'log\.(\w+)\(\s*"(\w+)"', source)}
    rows = table(section(DOCS / "json.md", "The log"))
    assert events == {(codes(row[0])[0], row[1]) for row in rows}


# --- the map of the source ------------------------------------------------------------------------------


def test_the_map_names_every_wing_from_the_top_down() -> None:
    """The map of the source is the wings, in the order in which imports run."""
    wings = [codes(row[0])[0].rstrip("/") for row in table(section(DOCS / "design.md", "The wings"))]
    there = {path.name for path in SOURCE.iterdir() if (path / "__init__.py").exists()}
    assert there == set(wings)
    for place, wing in enumerate(wings):
        used = {name for room in (SOURCE / wing).rglob("*.py") for name in wings_used(room)} & there
        assert used <= set(wings[place:]), wing


def wings_used(room: Path) -> set[str]:
    """Return the first names below the package that a room imports from, wherever in the file."""
    nodes = (node for node in ast.walk(ast.parse(read(room))) if isinstance(node, ast.ImportFrom))
    inner = [(node.module or "").split(".") for node in nodes]
    return {names[1] for names in inner if names[0] == "baileys_cleanup" and len(names) > 1}


# --- numbers ----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_numbers_of_placing_are_those_of_the_simulation() -> None:
    """The table on where companies go is what `benchmarks/placing.py` prints."""
    command = [sys.executable, str(ROOT / "benchmarks" / "placing.py")]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said in read(DOCS / "scale.md")
    assert table(said) == table(section(DOCS / "scale.md", "Who owns a company"))


# --- links ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    """A link to a place of ours names a file that exists, and a heading that stands in it."""
    for target in links(page):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


def test_every_page_is_reached_from_the_readme() -> None:
    """README links to every page of docs."""
    reached = {(ROOT / target.partition("#")[0]).resolve() for target in links(README) if "://" not in target}
    assert set() == {page for page in PAGES if page != README} - reached


# --- promises -------------------------------------------------------------------------------------------

PROMISES = DOCS / "promises.md"


def qualified_names(file: Path) -> set[str]:
    """Return the functions, classes, methods and names of a module, methods as `Class.method`."""
    found = set()
    for node in ast.parse(read(file)).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{item.name}" for item in node.body if isinstance(item, ast.FunctionDef)}
        if isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return found


def promises() -> list[Any]:
    """Return each promise: its number and what stands under it."""
    parts = re.split(r"^## (\d+)\. .+$", read(PROMISES), flags=re.MULTILINE)[1:]
    return [pytest.param(text, id=number) for number, text in zip(parts[::2], parts[1::2], strict=True)]


def test_all_promises_are_there() -> None:
    """The promises are numbered."""
    assert [str(number) for number in range(1, 37)] == [each.id for each in promises()]


@pytest.mark.parametrize("text", promises())
def test_a_promise_names_places_and_tests_that_exist(text: str) -> None:
    """Each promise names a place in the source that keeps it, and tests that hold it; all of them exist."""
    places = [code.partition("::") for code in codes(text) if "::" in code]
    kept = [(SOURCE / file, name) for file, _, name in places if not file.startswith("tests/")]
    held = [(ROOT / file, name.replace("::", ".")) for file, _, name in places if file.startswith("tests/")]
    assert kept
    assert held
    for file, name in kept + held:
        assert file.exists(), file
        assert name in qualified_names(file), f"{file.name}::{name}"
    assert all(name.rpartition(".")[2].startswith("test_") for _, name in held)


def test_the_settings_are_what_the_tables_speak_of() -> None:
    """A setting that is not in `names` would be missing from every table: there is none but the companies."""
    assert {name.partition(".")[0] for name in names()} == {field.name for field in fields(Settings)} - {
        "companies",
        "company_levels",
    }
