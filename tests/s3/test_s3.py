"""Archives on a real S3 server: there whole or not at all, whatever breaks."""

import hashlib
import json
import os
import shutil
import socket
import time
from collections import Counter
from pathlib import Path
from urllib.parse import unquote

import pytest
from server import BUCKET, KEY, SECRET, BrokenWay, Server, tool

COMPANY = "962302"
PREFIX = "nightly/bots/"


def place(name: str) -> str:
    """Give where an archive lies in the bucket: under a prefix of its company's own."""
    company_id = name.removeprefix("company_").rpartition("-")[0]
    return f"{PREFIX}{hashlib.sha256(company_id.encode()).hexdigest()[:2]}/company_{company_id}/{name}"


def names(objects: list[str]) -> list[str]:
    """Give the names of archives, by their keys."""
    return sorted(key.rpartition("/")[2] for key in objects)


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Give what lies in a company's folder, with its dates."""
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


def test_there_and_back(server: Server, root: Path) -> None:
    """Backed up, listed, verified, wiped and restored: every file is back with its bytes and date."""
    folder = root / f"company_{COMPANY}"
    before = contents(folder)

    made = tool(root, server.port, "backup", "--json")

    assert made.status == 0, made
    archives = [company["archive"] for company in made.json["companies"]]
    assert sorted(map(place, archives)) == server.objects
    listed = tool(root, server.port, "backup", "--list", "--json").json["archives"]
    assert archives == [archive["archive"] for archive in listed]
    assert tool(root, server.port, "backup", "--verify").status == 0
    shutil.rmtree(folder)
    restored = tool(root, server.port, "restore", "latest", "--company", COMPANY, "--everything")
    assert restored.status == 0, restored
    assert before == contents(folder)


def test_an_archive_can_be_named_by_its_url(server: Server, root: Path) -> None:
    """`restore s3://bucket/prefix/archive` needs no setting."""
    (name,) = tool(root, server.port, "backup", "--json", "--company", COMPANY).json["companies"]
    shutil.rmtree(root / f"company_{COMPANY}")

    url = f"s3://{BUCKET}/{PREFIX}{name['archive']}"
    restored = tool(root, server.port, "restore", url, env={"BAILEYS_CLEANUP_BACKUP__TO": ""})

    assert restored.status == 0, restored
    assert (root / f"company_{COMPANY}" / "creds.json").exists()


def change(root: Path) -> None:
    """Let the bot write something."""
    with (root / f"company_{COMPANY}" / "device-list-1.json").open("a") as file:
        file.write(" ")


def test_older_archives_go_and_foreign_objects_stay(server: Server, root: Path) -> None:
    """Retention deletes on the server what no rule keeps, once the new archive lies there."""
    keep = {f"BAILEYS_CLEANUP_BACKUP__KEEP_{rule}": number for rule, number in (("DAILY", "0"), ("WEEKLY", "0"))}
    keep |= {"BAILEYS_CLEANUP_BACKUP__KEEP_LAST": "1"}
    tool(root, server.port, "backup", "--company", COMPANY)
    (first,) = server.objects
    for name in ("notes.txt", "deeper/company_962302-20261122T030000Z.tar.gz"):
        path = server.folder / BUCKET / PREFIX / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"foreign")

    change(root)
    planned = tool(root, server.port, "backup", "--company", COMPANY, "--dry-run", "--json", env=keep).json
    assert first in server.objects
    done = tool(root, server.port, "backup", "--company", COMPANY, "--json", env=keep)

    assert done.status == 0, done
    assert first not in server.objects
    assert 3 == len(server.objects)
    assert [False] == [each["kept"] for each in planned["companies"][0]["archives"] if place(each["archive"]) == first]


@pytest.mark.parametrize(
    ("env", "says"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "another-secret"}, "the secret key is wrong"),
        ({"AWS_ACCESS_KEY_ID": "AKIDOTHER"}, ""),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "no AWS credentials"),
        ({"AWS_SECRET_ACCESS_KEY": ""}, "incomplete"),
        ({"AWS_PROFILE": "nobody"}, "profile"),
        ({"BAILEYS_CLEANUP_BACKUP__TO": "s3://other-bucket/x"}, "no such bucket"),
    ],
)
def test_what_may_not_be_is_a_sentence_and_status_1(server: Server, root: Path, env: dict[str, str], says: str) -> None:
    """A wrong secret, key, profile or bucket is told once, before any company is tried, and nothing is written."""
    for command in (["backup"], ["backup", "--list"], ["restore", "latest", "--all"]):
        done = tool(root, server.port, *command, env=env)
        assert (1, "") == (done.status, done.out), done
        (sentence,) = done.err.splitlines()
        assert sentence.startswith("baileys-cleanup: error: s3://")
        assert says in sentence
        assert says in {"profile", "incomplete"} or f"at http://127.0.0.1:{server.port}: " in sentence
    assert [] == server.objects


def test_a_profile_of_the_shared_files_is_taken(server: Server, root: Path, tmp_path: Path) -> None:
    """Credentials and endpoint stand where AWS's own tools have them."""
    (tmp_path / "credentials").write_text(f"[vault]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n")
    (tmp_path / "config").write_text(f"[profile vault]\nendpoint_url = http://127.0.0.1:{server.port}\n")
    env = dict.fromkeys(("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "")
    env |= {"AWS_PROFILE": "vault", "AWS_CONFIG_FILE": str(tmp_path / "config")}
    env |= {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials")}

    assert tool(root, server.port, "backup", env=env).status == 0
    assert 2 == len(server.objects)


@pytest.mark.parametrize("bytes_up", [200, 2_000, 9_000])
def test_an_upload_that_breaks_off_leaves_no_archive(server: Server, root: Path, bytes_up: int) -> None:
    """In the headers or in the middle of the body: no object, status 1; the next backup is whole."""
    with BrokenWay(server.port, up=bytes_up) as way:
        done = tool(root, way.port, "backup", "--company", COMPANY)
        assert way.cut

    assert done.status == 1, done
    end = time.monotonic() + 60
    while server.objects and time.monotonic() < end:
        time.sleep(0.05)  # the server hears of the break after us, and takes back what it had begun
    assert [] == server.objects
    assert tool(root, server.port, "backup", "--company", COMPANY).status == 0
    assert tool(root, server.port, "backup", "--verify", "--company", COMPANY).status == 0


def test_a_download_that_breaks_off_restores_nothing(server: Server, root: Path) -> None:
    """Verifying says so, and a restore touches nothing."""
    tool(root, server.port, "backup", "--company", COMPANY)
    shutil.rmtree(root / f"company_{COMPANY}")

    with BrokenWay(server.port, down=6_000) as way:
        verified = tool(root, way.port, "backup", "--verify", "--company", COMPANY)
        restored = tool(root, way.port, "restore", "latest", "--company", COMPANY)
        assert way.cut

    assert (verified.status, restored.status) == (1, 1)
    assert "broke off" in restored.err
    assert not (root / f"company_{COMPANY}").exists()


def test_a_server_that_is_not_there_is_a_sentence(root: Path) -> None:
    """Nobody listens at the port: status 1, and one sentence that names the endpoint."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    done = tool(root, port, "backup")

    assert done.status == 1, done
    assert done.err.endswith(f"/nightly/bots at http://127.0.0.1:{port}: the server cannot be reached\n")


def test_an_object_that_rotted_is_found(server: Server, root: Path) -> None:
    """One byte changed on the server: --verify finds it, and `latest` takes the older one."""
    for _ in range(2):
        assert tool(root, server.port, "backup", "--company", COMPANY).status == 0
        change(root)
    _, newest = server.objects
    path = server.folder / BUCKET / newest
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)

    verified = tool(root, server.port, "backup", "--verify", "--json")
    assert (verified.status, verified.json["status"]) == (1, "bad")
    shutil.rmtree(root / f"company_{COMPANY}")
    restored = tool(root, server.port, "restore", "latest", "--company", COMPANY, "--json")
    assert restored.status == 0, restored
    (company,) = restored.json["companies"]
    assert company["archive"] not in newest


def test_clean_leaves_a_company_alone_whose_archive_did_not_get_there(server: Server, root: Path) -> None:
    """`backup.before_clean` with a wrong secret: nothing is cleaned, status 1; with the right one all goes on."""
    before = {company.name: contents(company) for company in root.glob("company_*")}
    env = {"BAILEYS_CLEANUP_BACKUP__BEFORE_CLEAN": "true"}

    done = tool(root, server.port, "--json", env=env | {"AWS_SECRET_ACCESS_KEY": "another"})
    assert (done.status, done.json["status"]) == (1, "failed")
    assert "the secret key is wrong" in done.json["errors"][0]["error"]
    assert before == {company.name: contents(company) for company in root.glob("company_*")}

    done = tool(root, server.port, "--json", env=env)
    assert (done.status, len(server.objects)) == (0, 2)
    assert done.json["totals"]["removed"]


def test_without_the_extra_a_sentence_says_what_to_install(root: Path, tmp_path: Path) -> None:
    """Where botocore is not installed, the status is 2 and the command to install it is named."""
    (tmp_path / "botocore").mkdir()
    (tmp_path / "botocore" / "__init__.py").write_text("raise ImportError\n")

    done = tool(root, 1, "backup", env={"PYTHONPATH": os.pathsep.join([str(tmp_path)])})

    assert (done.status, "pip install 'baileys-cleanup[s3]'" in done.err) == (2, True), done


def test_what_did_not_change_is_not_sent_again(server: Server, root: Path) -> None:
    """A second backup sends nothing and says so; it counts as a good one; what was changed, or rotted, is sent."""
    (first,) = tool(root, server.port, "backup", "--json", "--company", COMPANY).json["companies"]
    record = root / ".baileys-cleanup" / "backups" / f"company_{COMPANY}.json"
    before = json.loads(record.read_text())
    said = tool(root, server.port, "backup", "--json", "--company", COMPANY)
    (again,) = said.json["companies"]
    assert (said.status, again["status"], again["archive"]) == (0, "unchanged", first["archive"])
    assert again["notes"] == [f"unchanged since {first['archive']}, so nothing was sent"]
    assert (said.json["totals"]["archives"], len(server.objects)) == (0, 1)
    after = json.loads(record.read_text())
    assert (after["succeeded"] > before["succeeded"], after["good"]) == (True, before["good"])
    assert "unchanged since" in tool(root, server.port, "backup", "--company", COMPANY).out

    change(root)
    assert tool(root, server.port, "backup", "--json").json["companies"][0]["status"] == "backed_up"
    newest = [key for key in server.objects if COMPANY in key][-1]
    (server.folder / BUCKET / newest).write_bytes(b"rotted")
    (sent,) = tool(root, server.port, "backup", "--json", "--company", COMPANY).json["companies"]
    assert sent["status"] == "backed_up"
    os.unlink(server.folder / BUCKET / place(sent["archive"]))
    (sent,) = tool(root, server.port, "backup", "--json", "--company", COMPANY).json["companies"]
    assert sent["status"] == "backed_up"


def test_archives_where_earlier_versions_put_them_are_found(server: Server, root: Path) -> None:
    """Directly below the prefix: listed, verified, restored by name, by URL and as `latest`, and let go by retention."""
    (made,) = tool(root, server.port, "backup", "--json", "--company", COMPANY).json["companies"]
    name = made["archive"]
    (server.folder / BUCKET / place(name)).rename(server.folder / BUCKET / PREFIX / name)
    for args in ((), ("--company", COMPANY)):
        listed = tool(root, server.port, "backup", "--list", "--json", *args).json["archives"]
        assert [name] == [archive["archive"] for archive in listed]
    assert tool(root, server.port, "backup", "--verify").status == 0
    for asked in (name, f"s3://{BUCKET}/{PREFIX}{name}", "latest"):
        shutil.rmtree(root / f"company_{COMPANY}")
        assert tool(root, server.port, "restore", asked, "--company", COMPANY).status == 0, asked
    change(root)
    keep = {f"BAILEYS_CLEANUP_BACKUP__KEEP_{rule}": "0" for rule in ("DAILY", "WEEKLY")}
    keep |= {"BAILEYS_CLEANUP_BACKUP__KEEP_LAST": "1"}
    done = tool(root, server.port, "backup", "--json", "--company", COMPANY, env=keep)
    assert done.status == 0, done
    assert server.objects == [place(done.json["companies"][0]["archive"])]


def test_the_requests_of_a_night(server: Server, tmp_path: Path) -> None:
    """Of 1,000 companies: whether the bucket is there, one list, and two for each that changed: all, none, ten."""
    root = tmp_path / "many"
    for number in range(1_000):
        folder = root / f"company_{number}"
        folder.mkdir(parents=True)
        (folder / "creds.json").write_text(json.dumps({"me": {"id": f"1555{number:07}:1@s.whatsapp.net"}}))
    counts = []
    for changed in (0, 0, 10):
        for number in range(changed):
            (root / f"company_{number}" / "device-list-1.json").write_text("[]")
        with BrokenWay(server.port) as way:
            assert tool(root, way.port, "backup", "--quiet").status == 0
        counts.append(Counter(line.split()[0] for line in way.requests))
    assert counts == [
        {"GET": 2, "PUT": 1_000, "HEAD": 1_000},
        {"GET": 2},
        {"GET": 2, "PUT": 10, "HEAD": 10},
    ]
    with BrokenWay(server.port) as way:
        assert len(tool(root, way.port, "backup", "--list", "--json", "--company", "7").json["archives"]) == 2
    own = hashlib.sha256(b"7").hexdigest()[:2]
    assert [f"{own}/company_7/" in unquote(line) for line in way.requests] == [False, False, True], way.requests
