"""The demo folder, and the explanations."""

from pathlib import Path

import pytest

from .world import (
    DAY,
    KINDS,
    MEMORY,
    OTHER_KEY,
    OWN_KEY,
    PN,
    Result,
    Root,
    creds,
    run,
    tree,
)


def built(tmp_path: Path) -> Root:
    """Build the demo folder and give it as a root."""
    target = tmp_path / "demo"
    result = run("demo", str(target))
    assert result.status == 0, result
    root = Root.__new__(Root)
    root.path = target
    return root


def test_the_demo_shows_everything(tmp_path: Path) -> None:
    """A few companies, all kinds, ages over the limits, one fresh pairing and one broken creds.json; it is ready for a run."""
    root = built(tmp_path)
    assert not root.tool.exists()
    dry = root.dry()
    kinds = {kind for company in dry.summary["companies"] for kind in company["kinds"]}
    assert kinds >= KINDS - {"unknown"}
    assert len(dry.companies) >= 3
    assert any(company["kinds"].get("pre_key", {"seen": 0})["seen"] > 800 for company in dry.summary["companies"])
    assert any("creds.json" in warning for company in dry.summary["companies"] for warning in company["warnings"])
    removed = {removal["kind"] for company in dry.summary["companies"] for removal in company["removals"]}
    assert removed == {"session", "sender_key", "sender_key_memory", "pre_key"}
    assert dry.summary["totals"]["kept"] > 0


def test_dry_run_run_and_undo_on_the_demo(tmp_path: Path) -> None:
    """What the dry run says, the run does, and undo takes back to the last file."""
    root = built(tmp_path)
    before = root.files()
    planned = {
        f"company_{name}/{file}".encode()
        for name, dry in [(name, root.dry("--company", name)) for name in root.dry().companies]
        for file in dry.removals(name)
    }
    assert root.files() == before
    result = root.clean()
    assert before.keys() - root.files().keys() == planned
    again = root.clean()
    assert again.summary["totals"]["removed"] == 0
    undone = root.run("undo", result.summary["run_id"])
    assert undone.status == 0, undone
    assert root.files() == before
    assert root.quarantine() == {}


def test_the_demo_refuses_a_folder_in_use(tmp_path: Path) -> None:
    """A folder that is not empty, or a file, is status 2 and stays as it is; an empty folder will do."""
    used, file, empty = (tmp_path / name for name in ("used", "file", "empty"))
    used.mkdir()
    (used / "x").write_bytes(b"")
    file.write_bytes(b"")
    before = tree(tmp_path)
    for path in (used, file, file / "x"):
        result = run("demo", str(path))
        assert (result.status, bool(result.err.strip())) == (2, True), result
    assert tree(tmp_path) == before
    empty.mkdir()
    assert run("demo", str(empty)).status == 0
    assert run("demo", str(empty)).status == 2


@pytest.fixture
def explained(root: Root) -> Root:
    """Give a company with one file for each of many reasons."""
    company = root.company(content=creds(upto=61)).pre_keys(range(1, 61))
    company.put("session-1.0.json", f"session-{PN}.0.json", OWN_KEY, age=20 * DAY).put(MEMORY, OTHER_KEY, age=DAY)
    company.put("session-2.0.json", "notes.txt", "app-state-sync-key-AA==.json", age=DAY)
    return root


def explain(root: Root, *args: str) -> Result:
    """Ask for an explanation that must succeed and leave no trace."""
    before = tree(root.path)
    result = root.run("explain", *args)
    assert result.status == 0, result
    assert tree(root.path) == before
    return result


def test_explain_a_company(explained: Root) -> None:
    """Every file of the company is named with its kind, and nothing is written."""
    names = [path.name for path in (explained.path / "company_962302").iterdir()]
    for company in ("962302", "company_962302"):
        said = explain(explained, "--company", company).out.decode()
        assert [name for name in names if name not in said and not name.startswith("pre-key-")] == []
        assert "pre-key" in said or "pre_key" in said


def test_explain_one_file(explained: Root) -> None:
    """For one file it says what it is, what would happen and why, and no other file is named."""
    going = explain(explained, "--company", "962302", "session-1.0.json").out.decode()
    staying = explain(explained, "--company", "962302", "session-2.0.json").out.decode()
    own = explain(explained, "--company", "962302", f"session-{PN}.0.json").out.decode()
    pre_key = explain(explained, "--company", "962302", "pre-key-3.json").out.decode()
    assert "session-1.0.json" in going
    assert "session-2.0.json" not in going
    assert "14" in going
    assert len({text.replace("session-2.0.json", "session-1.0.json") for text in (going, staying, own)}) == 3
    assert "retry" in pre_key.lower() or "first message" in pre_key.lower()
    explain(explained, "--company", "962302", "creds.json")
    explain(explained, "--company", "962302", "notes.txt")


def test_explain_what_is_not_there(explained: Root) -> None:
    """A missing company or file, or a path instead of a name, is status 2."""
    before = tree(explained.path)
    (explained.path.parent / "secret").write_bytes(b"x")
    for args in (
        ["--company", "999"],
        ["--company", ".."],
        ["--company", ""],
        ["--company", "962302", "session-99.0.json"],
        ["--company", "962302", "../../secret"],
        ["--company", "962302", ""],
    ):
        result = explained.run("explain", *args)
        assert (result.status, bool(result.err.strip())) == (2, True), result
    assert tree(explained.path) == before


def test_explain_agrees_with_the_dry_run(explained: Root) -> None:
    """The reason given for a removal is the reason in the dry run."""
    removals = explained.dry().removals()
    for name in ("session-1.0.json", "pre-key-1.json"):
        said = " ".join(explain(explained, "--company", "962302", name).out.decode().split())
        assert removals[name]["reason"] in said, name
