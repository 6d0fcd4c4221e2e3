"""What the project's page on GitHub reads: the workflow, the forms and the update settings."""

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from machine import PROJECT, missing

GITHUB = PROJECT / ".github"
WORKFLOW = GITHUB / "workflows" / "ci.yml"

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("vendor.github-workflows", WORKFLOW),
        ("custom.github-workflows-require-timeout", WORKFLOW),
        ("vendor.dependabot", GITHUB / "dependabot.yml"),
        ("vendor.github-issue-config", GITHUB / "ISSUE_TEMPLATE" / "config.yml"),
        ("vendor.github-issue-forms", GITHUB / "ISSUE_TEMPLATE" / "bug_report.yml"),
        ("vendor.github-issue-forms", GITHUB / "ISSUE_TEMPLATE" / "feature_request.yml"),
    ],
    ids=lambda value: value.name if isinstance(value, Path) else value,
)
def test_every_file_is_of_the_form_github_reads(schema: str, file: Path) -> None:
    """A file of the wrong form is ignored by GitHub without a word, so its published schema is asked."""
    if not find_spec("check_jsonschema"):
        missing("needs the Python package check-jsonschema")

    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, file],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_nobody_can_reach_further_than_the_workflow_needs() -> None:
    """zizmor, strict, finds no loose permission, no unpinned action and no injection."""
    if not find_spec("zizmor") and not (Path(sys.executable).parent / "zizmor").exists():
        missing("needs the Python package zizmor")

    done = subprocess.run(
        [Path(sys.executable).parent / "zizmor", "--offline", "--no-progress", "--persona=pedantic", GITHUB],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_python_that_is_claimed_is_tested() -> None:
    """The versions of the classifiers in pyproject.toml are all in the workflow's matrix."""
    claimed = set(re.findall(r"Python :: (3\.\d+)", (PROJECT / "pyproject.toml").read_text()))
    (matrix,) = re.findall(r"python: (\[.*\])\n    steps:\n      - uses: actions/checkout", WORKFLOW.read_text())

    assert claimed <= set(re.findall(r"3\.\d+", matrix))


def test_the_wheel_that_is_built_is_the_one_that_works(tmp_path: Path) -> None:
    """The commands of the workflow's two wheel jobs, run here: build, install, clean a demo, take it back."""
    if not find_spec("ruamel"):
        missing("needs the Python package ruamel.yaml")
    from ruamel.yaml import YAML

    jobs = YAML(typ="safe").load(WORKFLOW)["jobs"]
    build, *use = [step["run"] for job in ("wheel", "installed") for step in jobs[job]["steps"] if "run" in step]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    for script in (f"cd {PROJECT}\n{build.replace('--wheel-dir dist', f'--wheel-dir {tmp_path}/dist')}", *use):
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script],
            cwd=tmp_path,
            env=os.environ | {"PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_version_that_the_changelog_names_gets_its_tag_once(tmp_path: Path) -> None:
    """The workflow's script on a real repository: no section, no tag; a section, the tag; and it never moves."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", clone, "-c", "user.name=x", "-c", "user.email=x@example.org", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def commit(changelog: str) -> str:
        (clone / "CHANGELOG.md").write_text(changelog)
        git("add", "-A")
        git("commit", "-qm", "x")
        subprocess.run([clone / ".github" / "tag", remote], capture_output=True, check=True)
        return git("ls-remote", "--tags", str(remote))

    clone, remote = tmp_path / "clone", tmp_path / "remote"
    package = clone / "src" / "baileys_cleanup"
    package.mkdir(parents=True)
    (clone / ".github").mkdir()
    shutil.copy(GITHUB / "tag", clone / ".github")
    (package / "__init__.py").write_text('"""A tool."""\n\n__version__ = "1.2.0"\n')
    subprocess.run(["git", "init", "-q", "--bare", remote], check=True)
    git("init", "-q")

    assert commit("## [Unreleased]\n\n## [1.1.0] - 2026-01-01\n") == ""
    tagged = commit("## [Unreleased]\n\n## [1.2.0] - 2026-02-01\n")
    assert tagged == f"{git('rev-parse', 'HEAD')}\trefs/tags/v1.2.0"
    assert commit("## [Unreleased]\n\nMore.\n\n## [1.2.0] - 2026-02-01\n") == tagged


def test_the_version_that_the_docs_install_is_one_that_gets_a_tag() -> None:
    """`@v...` in the docs is the newest version that the changelog has."""
    (newest, *_) = re.findall(r"^## \[(\d\S*)\]", (PROJECT / "CHANGELOG.md").read_text(), re.MULTILINE)
    named = {
        tag for page in (PROJECT / "docs").glob("*.md") for tag in re.findall(r"@v(\d+\.\d+\.\d+)", page.read_text())
    }

    assert named == {newest}
