"""`--companies-from`: the operator's own table says which companies are cleaned here."""

import json
import subprocess
from pathlib import Path

import pytest

from .world import DAY, OTHER, Result, Root, check_output, command, environment

OLD = f"session-{OTHER}.1.json"


def fill(root: Root, *ids: str) -> None:
    """Make companies with an old session each."""
    for company_id in ids:
        root.company(company_id).put(OLD, age=20 * DAY)


def listed(path: Path, data: bytes) -> str:
    """Write a list and give the option."""
    path.write_bytes(data)
    return f"--companies-from={path}"


def test_only_the_companies_of_the_list_are_cleaned(root: Root, tmp_path: Path) -> None:
    """One id a line, folder names too; empty lines, comments, line ends of Windows and repetitions do not matter."""
    fill(root, "1", "2", "a b", "#9")
    data = b"\xef\xbb\xbf# owned here\r\n1\r\n\r\n  a b  \n1\ncompany_#9"
    result = root.clean(listed(tmp_path / "list", data))
    assert (list(result.companies), result.summary["warnings"]) == (["1", "a b", "#9"], [])
    assert all(company["files"]["removed"] == 1 for company in result.companies.values())
    assert (root.path / "company_2" / OLD).exists()


def test_a_list_from_stdin(root: Root) -> None:
    """`-` is what the operator's own query prints."""
    fill(root, "1", "2")
    line = command("--json", "--companies-from", "-", "--sessions-root", str(root.path))
    done = subprocess.run(line, input=b"2\n", env=environment(), capture_output=True, check=False)
    result = Result((), done.returncode, done.stdout, done.stderr)
    check_output(result)
    assert list(result.companies) == ["2"]


def test_an_id_without_a_folder_is_a_warning(root: Root, tmp_path: Path) -> None:
    """A company that has moved since the list was made keeps no other from being cleaned, and is named, also with -q."""
    fill(root, "1")
    result = root.clean(listed(tmp_path / "list", b"1\n2\n3\n"))
    assert list(result.companies) == ["1"]
    assert result.summary["warnings"] == ["--companies-from: no folder here of company 2, 3"]
    assert b"no folder here of company 2, 3" in root.run("-q", f"--companies-from={tmp_path / 'list'}").out


@pytest.mark.parametrize("data", [b"", b"\n# nobody\n\n"])
def test_an_empty_list_is_no_company_and_never_all_of_them(root: Root, tmp_path: Path, data: bytes) -> None:
    """A query that failed must not clean everything: nothing goes, and that is a warning."""
    fill(root, "1")
    result = root.clean(listed(tmp_path / "list", data))
    assert (result.companies, len(result.summary["warnings"])) == ({}, 1)
    assert (root.path / "company_1" / OLD).exists()


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"1\n../etc\n", "line 2"),
        (b"1\n..\n", "line 2"),
        (b"company_\n", "line 1"),
        (b"1\n<html>\n</html>\n", "line 3"),
        (b"x" * 300, "line 1"),
        (b"1\0", "line 1"),
        (b"1\n" * (9 * 1024 * 1024), "larger than 16 MiB"),
        (None, "cannot be read"),
    ],
)
def test_a_list_that_is_none_is_refused(root: Root, tmp_path: Path, data: bytes | None, word: str) -> None:
    """Status 2 and one sentence with the line, before anything is touched."""
    fill(root, "1")
    path = tmp_path / "list"
    result = root.run(f"--companies-from={path}" if data is None else listed(path, data))
    assert (result.status, len(result.err.decode().strip().splitlines())) == (2, 1), result
    assert word in result.err.decode()
    assert not root.tool.exists()


def test_a_list_and_single_companies_exclude_each_other(root: Root, tmp_path: Path) -> None:
    """Nobody could say whether both are meant or only those in both."""
    fill(root, "1", "2")
    assert root.run(listed(tmp_path / "list", b"1\n"), "--company=2").status == 2


def test_a_list_and_a_shard(root: Root, tmp_path: Path) -> None:
    """Of the list, the companies of the shard."""
    fill(root, "1", "2", "3", "8")
    option = listed(tmp_path / "list", b"1\n2\n3\n")
    assert list(root.clean(option, "--shard=0/2").companies) == ["2"]
    assert list(root.clean(option, "--shard=1/2").companies) == ["1", "3"]


def test_backups_of_a_list_in_shards(root: Root, tmp_path: Path) -> None:
    """`backup` takes the same options: each company one archive, by its own shard, at once."""
    fill(root, "1", "2", "3", "8")
    option = listed(tmp_path / "list", b"1\n2\n3\n4\n")
    to = f"--to={tmp_path / 'archives'}"
    (tmp_path / "archives").mkdir()
    for shard, companies in (("0/2", {"2"}), ("1/2", {"1", "3"})):
        result = root.run("backup", "--json", option, f"--shard={shard}", to)
        assert result.status == 0, result
        document = json.loads(result.out)
        assert {company["company_id"] for company in document["companies"]} == companies
        assert document["shard"] == shard
        assert document["warnings"] == ["--companies-from: no folder here of company 4"]
