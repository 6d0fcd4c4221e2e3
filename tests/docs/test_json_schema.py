"""The JSON Schema in docs, held against what the commands write: every field there is named there, and no other."""

import json
import os
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from .pages import DOCS, read
from .test_docs import demo
from .tool import run

__all__ = ["demo"]

SCHEMA = json.loads(read(DOCS / "json-schema" / "baileys-cleanup.json"))
PARTS = {"allOf", "anyOf", "oneOf"}


def closed(schema: Any, *, part: bool = False) -> Any:
    """Return a schema that takes no field that it does not name: a new field has to be documented."""
    if isinstance(schema, list):
        return [closed(each, part=part) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: closed(value, part=name in PARTS) for name, value in schema.items()}
    if not part and ("properties" in schema or "allOf" in schema):
        inner.setdefault("unevaluatedProperties", False)
    return inner


@cache
def validator_of(name: str) -> Draft202012Validator:
    """Return what judges the documents of a command, by the definition of that name."""
    definitions = closed(SCHEMA["$defs"])
    for each in SCHEMA["$defs"].values():
        for part in each.get("allOf", []):
            if "$ref" in part:  # a part that others add to must not be closed by itself
                definitions[part["$ref"].rpartition("/")[2]].pop("unevaluatedProperties")
    return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": definitions})


def problems(document: Any, name: str) -> list[str]:
    """Return what is wrong with a document of a command."""
    return [f"{error.json_path}: {error.message}" for error in validator_of(name).iter_errors(document)]


def test_the_schema_is_one() -> None:
    """The file is a JSON Schema, and its top takes every document of a command."""
    Draft202012Validator.check_schema(SCHEMA)
    documents = {name for name, each in SCHEMA["$defs"].items() if "schema_version" in each.get("properties", {})}
    assert documents == {part["$ref"].rpartition("/")[2] for part in SCHEMA["anyOf"]}


def test_every_document_fits_the_schema(demo: Path) -> None:
    """What each command writes fits its definition, in good and in bad nights."""
    broken = demo / "company_broken"
    shutil.copytree(demo / "company_962302", broken)
    (broken / "creds.json").write_bytes(b"")
    (broken / "strange").mkdir()
    shutil.copytree(demo / "company_962302", demo / "company_refused")
    odd = os.fsencode(demo / "company_962302") + b"/session-\xff.json"
    os.close(os.open(odd, os.O_CREAT))
    written = [
        ("clean", run("--json", "--dry-run", root=demo)),
        ("clean", run("--json", "--verbose", root=demo, BAILEYS_CLEANUP_MAX_REMOVALS="100")),
        ("clean", run("--json", root=demo)),
        ("undo_list", run("undo", "--json", root=demo)),
        ("explain", run("explain", "--json", root=demo)),
        ("undo", run("undo", "latest", "--json", root=demo)),
        ("settings", run("settings", "--json", root=demo)),
        ("check", run("check", "--json", "--max-age-clean", "1m", root=demo)),
        (
            "monitor",
            run("monitor", "--dry-run", "--json", root=demo),
        ),
        ("monitor", run("monitor", "--once", "--json", root=demo)),
    ]
    for name, result in written:
        assert [] == problems(json.loads(result.stdout), name), name


def test_backups_restores_and_rotations_fit_the_schema(demo: Path) -> None:
    """What is made, listed, verified, planned, restored and rotated has its definition, good and bad archives alike."""
    archives = demo.parent / "archives"
    archives.mkdir(0o700)
    to = ["--to", str(archives), "--json"]
    (demo / "company_123456" / "creds.json").write_bytes(b"")
    latest = ["restore", "latest", "--from", str(archives), "--company", "962302", "--json"]
    rotation = ["rotate", "--yes", "--company", "962302", "--json"]
    written = [
        ("backup", run("backup", "--dry-run", *to, root=demo)),
        ("backup", run("backup", *to, root=demo)),
        ("backup_list", run("backup", "--list", *to, root=demo)),
        ("backup_verify", run("backup", "--verify", *to, root=demo)),
        ("restore", run(*latest, "--dry-run", root=demo)),
        ("restore", run(*latest, "--replace", root=demo)),
        ("rotate", run(*rotation, "--dry-run", root=demo)),
        ("rotate", run(*rotation, root=demo)),
        ("rotate", run(*rotation, "--rollback", root=demo)),
        ("migrate", run("migrate", "--dry-run", "--from", str(demo), "--to", str(archives), "--json", root=demo)),
    ]
    next(archives.glob("company_962302*")).write_bytes(b"spoiled")
    written.append(("restore", run("restore", "latest", "--all", "--from", str(archives), "--json", root=demo)))
    written.append(("backup_verify", run("backup", "--verify", *to, "--company", "962302", root=demo)))
    for name, result in written:
        assert [] == problems(json.loads(result.stdout), name), (name, result.stderr)


def test_a_folder_that_is_switched_back_fits_the_schema(demo: Path) -> None:
    """The document of undoing a restore is one of its own."""
    archives = demo.parent / "archives"
    archives.mkdir(0o700)
    of = ["--company", "962302"]
    assert run("backup", "--to", str(archives), *of, root=demo).returncode == 0
    assert run("restore", "latest", "--replace", "--from", str(archives), *of, root=demo).returncode == 0
    listed = json.loads(run("undo", "--json", root=demo).stdout)
    assert [] == problems(listed, "undo_list")
    run_id = listed["set_aside"][0]["run_id"]
    assert [] == problems(json.loads(run("undo", run_id, "--json", root=demo).stdout), "undo_set_aside")


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--json", "--company", "nobody"], 2),
        (["--json", "--nonsense"], 2),
        (["undo", "20261122T030000Z-4f1c", "--json"], 2),
        (["explain", "--json", "nothing.json"], 2),
        (["settings", "--json", "--config", "/nowhere"], 2),
        (["monitor", "--json"], 2),
    ],
)
def test_every_error_fits_the_schema(arguments: list[str], status: int, demo: Path) -> None:
    """Who asked for JSON gets a document of every error on stdout, and the same sentences on stderr."""
    result = run(*arguments, root=demo)
    document = json.loads(result.stdout)
    assert [] == problems(document, "failure")
    assert (status, status) == (result.returncode, document["exit_status"])
    assert [f"baileys-cleanup: error: {each['error']}" for each in document["errors"]] == result.stderr.splitlines()


@pytest.mark.parametrize("arguments", [["check", "--json", "--nonsense"], ["check", "--json", "--company", "nobody"]])
def test_a_check_that_cannot_check_fits_the_schema(arguments: list[str], demo: Path) -> None:
    """The plugin's own error is the same document, with the word and the status of its convention."""
    result = run(*arguments, root=demo)
    document = json.loads(result.stdout)
    assert [] == problems(document, "failure")
    assert ("unknown", 3, 3) == (document["status"], document["exit_status"], result.returncode)


def test_a_field_that_is_missing_or_new_is_found(demo: Path) -> None:
    """The measure can fail: a field less, a field more, a word for a number."""
    good = json.loads(run("--json", "--dry-run", root=demo).stdout)
    assert [] == problems(good, "clean")
    company = good["companies"][0]
    for spoiled in ({"level": "fine"}, {"new": 1}, {"files": 5}, {"errors": ["text"]}):
        assert problems({**good, "companies": [{**company, **spoiled}]}, "clean")
    assert problems({name: value for name, value in good.items() if name != "store"}, "clean")
