"""The command line: where options go, which companies are meant, and what is an error before anything happens."""

import json
from functools import partial

from .world import DAY, Result, Root, at_once, run

COMMANDS = ["clean", "undo", "explain", "rotate", "demo", "settings"]
OPTIONS = [
    "--dry-run",
    "--company",
    "--sessions-root",
    "--config",
    "--json",
    "--verbose",
    "--quiet",
    "--log-format",
    "--undo-days",
    "--accept-clock",
]


def two(root: Root) -> None:
    """Make two companies with one old session each."""
    for name in ("962302", "123456"):
        root.company(name).put("session-1.0.json", age=20 * DAY)


def test_help_and_version(root: Root) -> None:
    """Each command explains itself with --help, the whole lists them all, and --version tells a version."""
    two(root)
    before = root.tree()
    whole = run("--help", env=root.env)
    assert whole.status == 0
    assert [name for name in COMMANDS if name not in whole.out.decode()] == []
    for name in COMMANDS:
        result = run(name, "--help", env=root.env)
        assert (result.status, b"Usage" in result.out) == (0, True), name
    version = run("--version", env=root.env)
    assert version.status == 0
    assert any(character.isdigit() for character in version.out.decode())
    options = run("clean", "--help", env=root.env).out.decode()
    assert [option for option in OPTIONS if option not in options] == []
    assert root.tree() == before
    assert not root.tool.exists()


def test_no_command_name_cleans(root: Root) -> None:
    """The bare command, `clean`, and the short options all do the same work."""
    two(root)
    assert root.dry().summary["totals"]["removed"] == 2
    assert root.clean("-n").summary["totals"]["removed"] == 2
    for before_options in (
        ["clean", "--dry-run", "--json"],
        ["clean", "-n", "--json"],
        ["-n", "--json", "-v"],
    ):
        result = root.run(*before_options)
        assert (result.status, result.summary["totals"]["removed"]) == (0, 2)
    assert root.run("clean", "--company", "962302", "--json").summary["totals"]["removed"] == 1
    assert root.clean().summary["totals"]["removed"] == 1


def test_the_documented_lines_work_as_written(root: Root) -> None:
    """The three lines of the contract run as they stand."""
    two(root)
    assert run("--dry-run", env=root.env).status == 0
    result = run("--dry-run", "--company", "962302", "--company", "123456", "--json", env=root.env)
    assert (result.status, set(result.companies)) == (0, {"962302", "123456"})
    assert run("--company", "962302", env=root.env).status == 0
    assert set(root.files()) == {
        b"company_962302/creds.json",
        b"company_123456/creds.json",
        b"company_123456/session-1.0.json",
    }


def test_only_the_companies_asked_for(root: Root) -> None:
    """--company limits the run to these, may be repeated, and takes company_<id> as <id>."""
    for name in ("962302", "123456", "acme é", "x"):
        root.company(name).put("session-1.0.json", age=20 * DAY)
    assert set(root.dry("--company", "company_962302").companies) == {"962302"}
    assert set(root.dry("--company", "962302", "--company", "company_962302").companies) == {"962302"}
    assert set(root.dry("--company", "acme é").companies) == {"acme é"}
    result = root.clean("--company", "962302", "--company", "company_123456")
    assert set(result.companies) == {"962302", "123456"}
    assert result.summary["totals"]["companies"] == 2
    left = {name for name in root.files() if name.endswith(b"session-1.0.json")}
    assert left == {b"company_x/session-1.0.json", "company_acme é/session-1.0.json".encode()}


def assert_stdout_of_an_error(result: Result) -> None:
    """Assert that stdout is empty, or one document of the error for who asked for JSON."""
    if "--json" not in result.args:
        assert result.out == b"", result
        return
    document = json.loads(result.out)
    assert (document["schema_version"], document["exit_status"]) == (2, result.status)
    said = [f"baileys-cleanup: error: {error['error']}" for error in document["errors"]]
    assert said == result.err.decode().splitlines()


WRONG_COMPANIES = ["999", "", "..", ".", "a/b", "/", "../company_962302", "962302/", "company_", "company_962302/", "96230", "9623022", "*", "company_company_962302"]  # fmt: skip


def test_a_wrong_company_ends_before_anything_is_removed(root: Root) -> None:
    """An ID that is missing, empty, or holds a slash or dots is status 2, and the right one beside it is untouched."""
    two(root)
    before = root.tree()
    calls = [partial(root.run, "--company", "962302", "--company", wrong, "--json") for wrong in WRONG_COMPANIES]
    calls += [partial(root.run, "--company", wrong, "--company", "962302", "-q") for wrong in WRONG_COMPANIES[:4]]
    for result in at_once(calls):
        assert (result.status, bool(result.err.strip())) == (2, True), result
        assert_stdout_of_an_error(result)
    assert root.tree() == before


WRONG_LINES = [
    ["--dry-run", "undo"],
    ["--dry-run", "undo", "x"],
    ["-n", "undo"],
    ["--json", "undo"],
    ["-q", "settings"],
    ["--company", "962302", "explain"],
    ["--company", "962302", "explain", "--company", "962302"],
    ["--undo-days", "3", "undo"],
    ["--nonsense"],
    ["-z"],
    ["nonsense"],
    ["clean", "nonsense"],
    ["clean", "undo"],
    ["--company"],
    ["--undo-days"],
    ["--undo-days", "-1"],
    ["--undo-days", "week"],
    ["--undo-days", "1.5.1"],
    ["--undo-days", ""],
    ["--log-format", "xml"],
    ["--dry"],
    ["-n", "--", "undo"],
    ["undo", "--dry-run-nonsense"],
    ["undo", "a", "b"],
    ["demo"],
    ["--config"],
    ["--sessions-root"],
]


def test_a_wrong_line_is_status_2_and_touches_nothing(root: Root) -> None:
    """Options before another command, unknown words and bad values end with status 2 and a sentence on stderr."""
    two(root)
    before = root.tree()
    for result in at_once(partial(run, *line, env=root.env) for line in WRONG_LINES):
        assert (result.status, bool(result.err.strip())) == (2, True), result
        assert_stdout_of_an_error(result)
    assert root.tree() == before
    assert not root.tool.exists()


def test_options_before_clean_mean_clean(root: Root) -> None:
    """`--dry-run clean` is either understood as a dry run or refused, but never a real run."""
    two(root)
    before = root.tree()
    assert root.run("--dry-run", "clean").status in {0, 2}
    assert root.tree() == before


def test_demo_takes_no_option_of_clean(root: Root) -> None:
    """`--dry-run demo DIR` builds nothing."""
    target = root.path.parent / "new"
    assert root.run("--dry-run", "demo", str(target)).status == 2
    assert not target.exists()


def test_without_any_environment(root: Root) -> None:
    """Given everything by flags, the tool needs no variable at all, from any working directory."""
    two(root)
    result = run("--json", "--sessions-root", str(root.path), cwd=root.path)
    assert (result.status, result.summary["totals"]["removed"]) == (0, 2)
