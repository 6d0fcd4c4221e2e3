"""The program under strace: system calls that fail or are cut short where the kernel stands, not Python."""

import re
import signal
import subprocess
from pathlib import Path

import pytest

from halting import PATIENCE

from .conditions import needs_strace
from .runner import Said, clean, command, days_ago, environment
from .trees import (
    MEMORY,
    OWN_KEY,
    TOOL,
    audited,
    census,
    company,
    leftovers,
    quarantined,
    sessions,
    snapshot,
    survivors,
)

pytestmark = pytest.mark.slow

FILES = sessions(range(4))
RENAMES = "/^rename"
NO_GO = ("EIO", "ENOSPC", "EROFS", "EACCES")


@pytest.fixture(autouse=True)
def _strace() -> None:
    """Skip where nothing can be traced."""
    needs_strace()


@pytest.fixture
def planted(root: Path) -> Path:
    """Give two companies with something to remove."""
    company(root, "1", MEMORY, OWN_KEY, *FILES)
    company(root, "2", *FILES[:2])
    return root


def traced(
    root: Path, *arguments: str, calls: str, inject: str = "", path: str | Path | None = None
) -> tuple[Said, list[str]]:
    """Run the program under strace; returns what it said, and the lines of what was tampered with.

    `calls` are traced, those on `path` only where one is given; `inject` says what befalls them.
    """
    log = root.parent / "strace.log"
    strace = ["strace", "-f", "-qq", "-y", "-s", "256", "-o", str(log), "-e", f"trace={calls}"]
    if inject:
        strace += ["-e", f"inject={calls}:{inject}"]
    if path is not None:
        strace += ["-P", str(path)]
    done = subprocess.run(
        [*strace, *command(root, *arguments)],
        env=environment(),
        cwd="/",
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    said = Said(done.returncode, done.stdout, done.stderr)
    if done.returncode >= 0:
        said.check()
    lines = log.read_text().splitlines()
    return said, [line for line in lines if "INJECTED" in line or not inject or "signal" in inject]


def check_whole(root: Path, before: dict[tuple[str, str], bytes | None], undo_days: int = 7) -> None:
    """Assert that every file is in one place; deleted at once, it may be in none if the audit log tells."""
    noted = {(f"company_{line['company']}", line["file"]) for line in audited(root) if line["event"] == "remove"}
    found = census(root)
    assert all(len(places) == 1 for places in found.values())
    contents = {key: places[0].fact.content for key, places in found.items()}
    if undo_days:
        assert before == contents
    else:
        assert {key: before[key] for key in contents} == contents
        assert set(before) - set(contents) <= noted


def clean_to_the_end(root: Path, undo_days: int = 7) -> None:
    """Clean twice now, and once more when the own key may follow its memory."""
    for _ in range(2):
        clean(root, undo_days=undo_days)
        assert ("company_1", OWN_KEY) in survivors(root), "it goes in a later run than its memory"
    clean(root, undo_days=undo_days, now=days_ago(-0.3))


def check_converges(root: Path, undo_days: int = 7) -> None:
    """Assert that the next runs end as undisturbed ones would."""
    clean_to_the_end(root, undo_days)
    assert {("company_1", "creds.json"), ("company_2", "creds.json")} == set(survivors(root))
    assert set() == leftovers(root)
    assert len(quarantined(root)) == (8 if undo_days else 0)


# --- calls that fail ------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", NO_GO)
def test_a_move_that_fails(planted: Path, error: str) -> None:
    """The file is counted as failed; where the whole folder is at fault, so are its others; the next company goes on."""
    before = survivors(planted)
    said, hits = traced(planted, "--json", calls=RENAMES, inject=f"error={error}:when=1", path=FILES[1])
    assert hits, "the fault was not met"
    assert said.status == 1, said
    first, second = said.json["companies"]
    assert first["status"] == "failed"
    assert first["files"]["failed"] == (1 if error == "EIO" else 3)
    assert FILES[1] in [problem["file"] for problem in first["errors"]]
    check_whole(planted, before)
    assert (planted / "company_1" / FILES[1]).exists()
    assert second["files"]["removed"] == 2
    check_converges(planted)


@pytest.mark.parametrize("error", ["EIO", "EACCES"])
def test_a_deletion_that_fails(planted: Path, error: str) -> None:
    """Deleted at once: what was moved and cannot be deleted is deleted by the next run."""
    before = survivors(planted)
    said, hits = traced(
        planted, "--json", "--undo-days", "0", calls="unlinkat", inject=f"error={error}:when=1", path=FILES[1]
    )
    assert hits
    assert said.status == 1, said
    check_whole(planted, before, 0)
    assert ("company_1", FILES[1]) in quarantined(planted)
    check_converges(planted, 0)


@pytest.mark.parametrize("error", [*NO_GO, "EMFILE", "ENOENT"])
def test_a_company_that_cannot_be_opened(planted: Path, error: str) -> None:
    """Its folder cannot be opened: failed alone, untouched."""
    before = snapshot(planted / "company_1")
    said, hits = traced(planted, "--json", calls="openat", inject=f"error={error}:when=1", path="company_1")
    assert hits
    assert said.status == 1, said
    assert ["failed", "cleaned"] == [each["status"] for each in said.json["companies"]]
    assert before == snapshot(planted / "company_1")
    check_converges(planted)


@pytest.mark.parametrize("error", ["EIO", "EACCES"])
def test_creds_json_that_cannot_be_read(planted: Path, error: str) -> None:
    """What cannot be read is a warning, and the guards that need it take the careful side."""
    before = survivors(planted)
    for calls, path in (("openat", "creds.json"), ("read", planted / "company_1" / "creds.json")):
        said, hits = traced(planted, "--dry-run", "--json", calls=calls, inject=f"error={error}:when=1", path=path)
        assert hits
        assert said.status == 0, said
        assert any("creds.json cannot be read" in text for text in said.json["companies"][0]["warnings"])
    said, hits = traced(planted, "--json", calls="openat", inject=f"error={error}:when=1", path="creds.json")
    assert hits
    check_whole(planted, before)
    check_converges(planted)


@pytest.mark.parametrize("when", ["1", "2"])
def test_a_list_that_breaks_off(planted: Path, when: str) -> None:
    """A company whose list cannot be read to its end is failed and left alone: half a list is no list."""
    before = snapshot(planted / "company_1")
    said, hits = traced(
        planted, "--json", calls="getdents64", inject=f"error=EIO:when={when}", path=planted / "company_1"
    )
    assert hits
    assert said.status == 1, said
    assert ["failed", "cleaned"] == [each["status"] for each in said.json["companies"]]
    assert before == snapshot(planted / "company_1")
    check_converges(planted)


def test_a_root_whose_list_breaks_off(planted: Path) -> None:
    """A root that cannot be listed is status 2 and one sentence."""
    before = snapshot(planted)
    said, hits = traced(planted, "--json", calls="getdents64", inject="error=EIO:when=1+", path=planted)
    assert hits
    assert said.status == 2, said
    assert "cannot be read" in said.sentence()
    assert before == snapshot(planted)


@pytest.mark.parametrize("error", ["EIO", "ENOSPC", "EROFS"])
@pytest.mark.parametrize("when", ["1+", "1"])
def test_an_audit_log_that_takes_no_line(planted: Path, error: str, when: str) -> None:
    """No lines, no removal: a company whose lines the log does not take stays as it is."""
    clean(planted, "2", dry_run=False)
    before = {key: places[0].fact.content for key, places in census(planted).items()}
    here = set(survivors(planted))
    said, hits = traced(
        planted, "--json", calls="write", inject=f"error={error}:when={when}", path=planted / TOOL / "audit.log"
    )
    assert hits
    assert said.status == 1, said
    check_whole(planted, before)
    assert here == set(survivors(planted))
    check_converges(planted)


@pytest.mark.parametrize("calls", ["mkdirat", "fsync", "flock"])
@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
def test_a_tool_folder_that_cannot_be_made_or_kept(planted: Path, calls: str, error: str) -> None:
    """Whichever folder, record or lock cannot be had: a sentence or counted failures, and nothing is lost."""
    before = survivors(planted)
    for when in range(1, 9):
        said, hits = traced(planted, "--json", calls=calls, inject=f"error={error}:when={when}")
        if not hits:
            break
        assert said.status in {0, 1, 2}, said
        if said.status == 2:
            said.sentence()
        check_whole(planted, before)
    check_converges(planted)


@pytest.mark.parametrize("error", ["ENOSYS", "EINVAL"])
def test_a_kernel_without_renameat2(planted: Path, error: str) -> None:
    """Where the kernel or the file system does not know how, hard links put files back."""
    before = snapshot(planted, without=TOOL)
    said, hits = traced(planted, "--json", calls="renameat2", inject=f"error={error}")
    assert hits
    assert said.status == 0, said
    assert said.json["totals"]["removed"] == 7
    said, hits = traced(planted, "undo", "latest", calls="renameat2", inject=f"error={error}")
    assert hits
    assert said.status == 0, said
    after = snapshot(planted, without=TOOL)
    assert {name: fact for name, fact in before.items() if "/" in name} == {
        name: fact for name, fact in after.items() if "/" in name
    }
    assert set() == quarantined(planted)


# --- killed and told to stop ----------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [(), ("--undo-days", "0")])
@pytest.mark.parametrize("calls", [RENAMES, "unlinkat", "mkdirat", "fsync"])
def test_killed_at_the_next_call(root: Path, calls: str, arguments: tuple[str, ...]) -> None:
    """SIGKILL from outside at every move, deletion, folder and flush in turn: consistent, and the next run ends it."""
    died = 0
    for when in range(1, 14):
        here = root / f"{when}"
        here.mkdir()
        company(here, "1", MEMORY, OWN_KEY, FILES[0])
        company(here, "2", FILES[1])
        before = survivors(here)
        said, _ = traced(here, *arguments, calls=calls, inject=f"signal=KILL:when={when}")
        if said.status >= 0:
            break
        assert said.status == -signal.SIGKILL
        died += 1
        undo_days = 0 if arguments else 7
        check_whole(here, before, undo_days)
        assert ("company_1", OWN_KEY) in survivors(here)
        clean_to_the_end(here, undo_days)
        assert len(survivors(here)) == 2
        assert len(quarantined(here)) == (0 if arguments else 4)
        assert set() == leftovers(here)
    assert died > 1


@pytest.mark.parametrize("arguments", [(), ("--undo-days", "0")])
@pytest.mark.parametrize(("name", "status"), [("TERM", 143), ("INT", 130)])
def test_told_to_stop_in_the_middle_of_a_move(
    planted: Path, name: str, status: int, arguments: tuple[str, ...]
) -> None:
    """The signal comes while the kernel moves a file: that one is finished, the summary is whole JSON."""
    said, _ = traced(planted, "--json", *arguments, calls=RENAMES, inject=f"signal={name}:when=1", path=FILES[1])
    assert said.status == status, said
    (outcome,) = said.json["companies"]
    assert ("stopped", "stopped") == (said.json["status"], outcome["status"])
    assert (3, 4) == (outcome["files"]["removed"], outcome["files"]["kept"])
    check_converges(planted, 0 if arguments else 7)


# --- what it does at all --------------------------------------------------------------------------------

MUTATING = re.compile(
    r"^\d+ +(rename|unlink|mkdir|rmdir|link|symlink|mknod|chmod|fchmod|chown|utime|truncate|ftruncate|fallocate|setxattr)"
)


@pytest.mark.parametrize("arguments", [("--dry-run", "--json"), ("undo",), ("explain",)])
def test_looking_is_no_writing(planted: Path, arguments: tuple[str, ...]) -> None:
    """Of a command that only looks, the kernel hears nothing that would change a disk."""
    clean(planted, "2")
    before = snapshot(planted)
    said, lines = traced(planted, *arguments, calls="%file,%desc,%network")
    assert said.status == 0, said
    assert lines
    for line in lines:
        assert not MUTATING.match(line), line
        assert not re.search(r"O_(WRONLY|RDWR|CREAT|TRUNC)", line) or "/dev/" in line, line
        assert f"write(3<{planted}" not in line
        assert " connect(" not in line or "AF_UNIX" in line, line
    assert before == snapshot(planted)


def test_a_real_run_changes_only_what_it_says(planted: Path) -> None:
    """A real run renames auth files once each, and touches neither their modes, owners nor dates."""
    said, lines = traced(planted, "--json", calls="%file,%desc")
    assert said.json["totals"]["removed"] == 7
    moves = [line for line in lines if re.search(r" rename\w*\(", line) and "/company_" in line]
    assert len(moves) == 7
    for line in lines:
        assert not re.match(r"^\d+ +\w*(chmod|chown|utime|truncate|setxattr)\w*\(", line), line
        inside = re.search(rf" openat\(\d+<{planted}/company_\d>, \"([^\"]*)\"", line)
        assert inside is None or inside[1] == "creds.json", line


def test_undo_runs_under_strace_too(planted: Path) -> None:
    """The way back is one rename each, that never replaces."""
    clean(planted)
    said, lines = traced(planted, "undo", "latest", "--json", calls="renameat2")
    assert said.json["totals"]["restored"] == 7
    assert len([line for line in lines if "RENAME_NOREPLACE" in line and "/company_" in line]) == 7
