"""What is no plain file of its own: links, pipes, sockets, folders, hard links, and companies that are none."""

import os
import socket
from pathlib import Path

import pytest

from .world import DAY, OTHER, Root, creds, tree


def test_no_regular_file_is_named_and_not_counted(root: Root, monkeypatch: pytest.MonkeyPatch) -> None:
    """Links, pipes, sockets and folders named like old sessions stay, are warned of by name, and are not counted."""
    victim = root.path.parent / "victim"
    victim.mkdir()
    (victim / "session-9.0.json").write_bytes(b"victim")
    os.utime(victim / "session-9.0.json", (1, 1))
    company = root.company().put("session-1.0.json", age=20 * DAY)
    strange = [f"session-{kind}.json" for kind in ("link", "dangling", "dirlink", "pipe", "socket", "folder", "loop")]
    link, dangling, dirlink, pipe, listener, folder, loop = (company.path / name for name in strange)
    link.symlink_to(victim / "session-9.0.json")
    dangling.symlink_to("nowhere")
    dirlink.symlink_to(victim)
    os.mkfifo(pipe)
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(company.path)
        server.bind(listener.name)
    folder.mkdir()
    (folder / "session-2.0.json").write_bytes(b"inside")
    loop.symlink_to(loop)
    for path in (link, pipe, listener, folder, folder / "session-2.0.json"):
        os.utime(path, (1, 1), follow_symlinks=False)
    before, victims = tree(company.path), tree(victim)

    found = root.clean().only
    assert found["files"] == {"seen": 2, "removed": 1, "kept": 1, "failed": 0, "changed": 0}
    warned = "\n".join(found["warnings"])
    assert [name for name in strange if name not in warned] == []
    after = tree(company.path)
    assert before.keys() - after.keys() == {b"session-1.0.json"}
    assert {name: what for name, what in before.items() if name in after and name} == {
        name: what for name, what in after.items() if name
    }
    assert tree(victim) == victims
    text = root.run("-q")
    assert (text.status, "session-pipe.json" in text.said) == (0, True)


def test_hard_links_are_counted_and_kept(root: Root) -> None:
    """A file with a second name, anywhere, is seen and kept with a reason."""
    company = root.company().put("session-1.0.json", "session-2.0.json", "session-3.0.json", age=20 * DAY)
    os.link(company.path / "session-1.0.json", root.path / "elsewhere")
    os.link(company.path / "session-2.0.json", company.path / "session-2b.json")
    found = root.clean("-v").only
    assert found["files"] == {"seen": 5, "removed": 1, "kept": 4, "failed": 0, "changed": 0}
    assert company.names() == {b"creds.json", b"session-1.0.json", b"session-2.0.json", b"session-2b.json"}


def test_hard_linked_pre_keys_are_kept(root: Root) -> None:
    """The lowest pre-keys stay where they have a second name."""
    company = root.company(content=creds(upto=71)).pre_keys(range(1, 71))
    for number in (1, 2):
        os.link(company.path / f"pre-key-{number}.json", root.path / f"second-{number}")
    root.clean()
    assert {1, 2} <= company.numbers()
    assert company.numbers().isdisjoint(range(3, 21))
    assert set(range(21, 71)) <= company.numbers()


def test_sub_folders_are_never_entered(root: Root) -> None:
    """However deep and however company-like, what lies in a sub-folder is left alone."""
    company = root.company()
    deep = company.path / "company_1"
    for _ in range(40):
        deep.mkdir()
        (deep / "session-1.0.json").write_bytes(b"deep")
        os.utime(deep / "session-1.0.json", (1, 1))
        deep = deep / "company_1"
    before = tree(company.path)
    found = root.clean()
    assert [company["company_id"] for company in found.summary["companies"]] == ["962302"]
    assert found.only["files"]["seen"] == 1
    assert tree(company.path) == before


def test_only_real_company_folders_are_companies(root: Root) -> None:
    """Links, files and folders with another name directly under the root are no companies."""
    root.company("acme é-7").put("session-1.0.json", age=20 * DAY)
    outside = root.path.parent / "outside"
    outside.mkdir()
    victims = [
        outside,
        *(root.path / name for name in ("962302", "Company_1", "company-1", "xcompany_1", "companies")),
    ]
    for victim in victims:
        victim.mkdir(exist_ok=True)
        (victim / "session-1.0.json").write_bytes(b"victim")
        os.utime(victim / "session-1.0.json", (1, 1))
    (root.path / "company_link").symlink_to(outside)
    (root.path / "company_file").write_bytes(b"")
    (root.path / "session-1.0.json").write_bytes(b"in the root")
    os.utime(root.path / "session-1.0.json", (1, 1))
    pictures = [tree(victim) for victim in victims]
    found = root.clean()
    assert list(found.companies) == ["acme é-7"]
    assert found.only["files"]["removed"] == 1
    assert [tree(victim) for victim in victims] == pictures
    assert (root.path / "session-1.0.json").exists()
    for name in ("link", "file"):
        assert root.run("--company", name).status == 2
    assert [tree(victim) for victim in victims] == pictures


CREDS_SHAPES = {
    "pipe": os.mkfifo,
    "folder": os.mkdir,
    "link": lambda path: os.symlink("/dev/zero", path),
    "dangling": lambda path: os.symlink("nowhere", path),
    "loop": lambda path: os.symlink(path, path),
}


def test_creds_json_that_is_no_file_neither_blocks_nor_is_followed(root: Root) -> None:
    """A pipe, folder or link for creds.json keeps the advertised batch, is warned of, and other companies go on."""
    for name, make in CREDS_SHAPES.items():
        company = root.company(name, None).pre_keys(range(1, 813)).put("session-1.0.json", age=20 * DAY)
        make(company.path / "creds.json")
    found = root.clean().companies  # one that waited for the pipe would never end
    for name in CREDS_SHAPES:
        assert (found[name]["advertised_pre_keys"], bool(found[name]["warnings"])) == (762, True), name
        assert found[name]["files"]["seen"] == 813


def test_a_creds_json_that_is_a_link_tells_nobody_who_this_is(root: Root, tmp_path: Path) -> None:
    """An identity behind a link is not taken over: its counters decide nothing."""
    elsewhere = tmp_path / "creds.json"
    elsewhere.write_bytes(creds(upto=5, uploaded=5))
    company = root.company(content=None).pre_keys(range(1, 813))
    (company.path / "creds.json").symlink_to(elsewhere)
    root.clean()
    assert len(company.numbers()) == 812


@pytest.mark.slow
def test_a_huge_creds_json_is_no_trap(root: Root) -> None:
    """A creds.json of 60 MB is read or refused in reasonable time; the batch stays and it is not touched."""
    company = root.company(content=creds(upto=813, processedHistoryMessages=["x" * 1000] * 60_000))
    company.pre_keys(range(1, 813)).put(f"session-{OTHER}.0.json", age=20 * DAY)
    before = (company.path / "creds.json").stat()
    found = root.clean().only
    assert found["advertised_pre_keys"] == 762
    assert (company.path / "creds.json").stat().st_mtime_ns == before.st_mtime_ns
