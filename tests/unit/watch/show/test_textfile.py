"""`watch.textfile`: whole or not at all, readable by all, and never a `.prom` in the making."""

import os

import pytest

from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.watch.show.textfile import write_textfile

from ...helpers import names

ELSEWHERE = os.path.dirname(__file__)
"""A sessions root that no test writes into."""


def test_it_is_written_for_all_to_read(tmp_path):
    """Mode 0644, whatever the umask, and nothing beside it."""
    before = os.umask(0o077)
    try:
        write_textfile(str(tmp_path / "a.prom"), b"x 1\n", ELSEWHERE)
    finally:
        os.umask(before)
    assert (["a.prom"], b"x 1\n") == (names(tmp_path), (tmp_path / "a.prom").read_bytes())
    assert 0o644 == (tmp_path / "a.prom").stat().st_mode & 0o777


def test_the_old_one_stays_until_the_new_one_is_whole(tmp_path, monkeypatch):
    """When the rename comes, the new text is complete under another ending, and the old one is untouched."""
    path = tmp_path / "a.prom"
    path.write_bytes(b"old 1\n")
    seen = []
    real = os.replace

    def watching(source, target, **where):
        seen.append((source.endswith(".prom"), path.read_bytes(), (tmp_path / source).read_bytes()))
        real(source, target, **where)

    monkeypatch.setattr(os, "replace", watching)
    write_textfile(str(path), b"new 1\n", ELSEWHERE)
    assert [(False, b"old 1\n", b"new 1\n")] == seen
    assert b"new 1\n" == path.read_bytes()


def test_what_fails_leaves_the_old_one_and_no_rest(tmp_path, monkeypatch):
    """A full disk at the rename: one sentence, the old text, no temporary file."""
    path = tmp_path / "a.prom"
    path.write_bytes(b"old 1\n")

    def full(*_args, **_where):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(UsageProblem, match="No space left"):
        write_textfile(str(path), b"new 1\n", ELSEWHERE)
    assert (["a.prom"], b"old 1\n") == (names(tmp_path), path.read_bytes())


def test_a_folder_that_is_not_there_is_told(tmp_path):
    """The sentence names the path."""
    with pytest.raises(UsageProblem, match=r"nowhere/a\.prom"):
        write_textfile(str(tmp_path / "nowhere" / "a.prom"), b"", ELSEWHERE)


def test_a_link_in_its_place_is_replaced_not_followed(tmp_path):
    """Who put a link there does not get another file overwritten."""
    (tmp_path / "victim").write_text("safe")
    (tmp_path / "a.prom").symlink_to("victim")
    write_textfile(str(tmp_path / "a.prom"), b"x 1\n", ELSEWHERE)
    assert "safe" == (tmp_path / "victim").read_text()
    assert not (tmp_path / "a.prom").is_symlink()


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_stays(tmp_path, make):
    """A pipe, a device or a folder is not replaced: one sentence, and nothing beside it."""
    path = tmp_path / "a.prom"
    make(path)
    before = path.lstat()
    with pytest.raises(UsageProblem, match=r"a\.prom: what is there is no file"):
        write_textfile(str(path), b"x 1\n", ELSEWHERE)
    assert (["a.prom"], before.st_ino) == (names(tmp_path), path.lstat().st_ino)


@pytest.mark.parametrize(
    "folder", ["root/company_7", "root/company_7/deep", "root/.baileys-cleanup", "link", "root/../link"]
)
def test_nothing_is_written_into_a_company(tmp_path, folder):
    """A company's folder, and the tool's own, are no place for metrics, whatever the path looks like."""
    deep = tmp_path / "root" / "company_7" / "deep"
    deep.mkdir(parents=True)
    (tmp_path / "root" / ".baileys-cleanup").mkdir()
    (tmp_path / "link").symlink_to("root/company_7")
    for root in ("root", "root/company_7/.."):
        with pytest.raises(UsageProblem, match="it lies in a folder of a company or of the tool"):
            write_textfile(f"{tmp_path}/{folder}/a.prom", b"x 1\n", f"{tmp_path}/{root}")
    assert ([], []) == (list(tmp_path.rglob("*.prom")), names(deep))


@pytest.mark.parametrize("folder", [".", "root", "root/metrics"])
def test_beside_the_companies_will_do(tmp_path, folder):
    """Only what lies in a company's folder is refused, not what lies beside or above it."""
    (tmp_path / "root" / "metrics").mkdir(parents=True)
    (tmp_path / "root" / "company_7").mkdir()
    write_textfile(f"{tmp_path}/{folder}/a.prom", b"x 1\n", str(tmp_path / "root"))
    assert (tmp_path / folder / "a.prom").exists()
