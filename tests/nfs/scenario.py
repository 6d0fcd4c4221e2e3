"""Played inside the machine: the tool and a bot on two NFS clients; what came of it is written as JSON.

`/mnt/one` and `/mnt/two` are the mounts of two clients, `/mnt/disk` is the server's own look at the disk: what is
there is the truth. `/mnt/twin` is a client with the name of the first.
"""

import ctypes
import errno
import fcntl
import json
import os
import random
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

SERVER = Path("/mnt/disk/sessions")
OLD = 1_700_000_000
FILES = [f"session-1556{number:07}.0.json" for number in range(250)]


def mount(client, number, name, more=""):
    """Mount the sessions for a client: in its network, under its name, hard and of version 4.2."""
    how = f"hostname {name} && mount -t nfs4 -o vers=4.2,hard{more} 10.0.{number}.1:/sessions /mnt/{client}"
    enter = ["nsenter", f"--net=/run/netns/{client}", "unshare", "--uts", "sh", "-euc", how]
    subprocess.run(enter, check=True)
    kind = subprocess.run(["stat", "-f", "-c", "%T", f"/mnt/{client}"], capture_output=True, text=True, check=True)
    (line,) = (line for line in Path("/proc/mounts").read_text().splitlines() if f" /mnt/{client} " in line)
    return {"type": kind.stdout.strip(), "options": line.split()[3].split(",")}


def tool(*args, **settings):
    """Run the tool; give its status and what it said."""
    env = os.environ | {f"BAILEYS_CLEANUP_{name}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "baileys_cleanup", *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    print(*args, "->", done.returncode, done.stderr[-500:], flush=True)
    return {"status": done.returncode, "out": done.stdout, "err": done.stderr}


def tree(root):
    """Give every auth file of a root as the server has it, with date and content."""
    return {
        f"{path.parent.name}/{path.name}": (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(root.glob("company_*/*"))
        if path.is_file()
    }


def rename_flags():
    """Tell what the client says to a rename that must not overwrite."""
    here = Path("/mnt/one")
    (here / "a").touch()
    libc = ctypes.CDLL(None, use_errno=True)
    failed = libc.renameat2(-100, bytes(here / "a"), -100, bytes(here / "b"), 1)
    return errno.errorcode[ctypes.get_errno()] if failed else "done"


def life():
    """Clean on one client, undo on the other, back up, rotate and take that back; count what the server sees."""
    seen = {"demo": tool("demo", "/mnt/one/demo")["status"]}
    root = SERVER / "demo"
    for company in ("404040", "700001"):  # many files, and nothing more to see
        shutil.rmtree(root / f"company_{company}")
    before = tree(root)
    cleaned = tool("--sessions-root", "/mnt/one/demo", "--json")
    seen["removed"] = json.loads(cleaned["out"])["totals"]["removed"]
    seen["gone"] = len(before) - len(tree(root))
    seen["clean"] = cleaned["status"]
    undone = tool("undo", "latest", "--sessions-root", "/mnt/two/demo")
    seen["undo"], seen["back"] = undone["status"], before == tree(root)
    os.mkdir("/mnt/archives", 0o700)
    place = ("--to", "/mnt/archives", "--company", "962302")
    seen["backup"] = tool("backup", *place, "--sessions-root", "/mnt/two/demo")["status"]
    seen["verify"] = tool("backup", "--verify", *place, "--sessions-root", "/mnt/one/demo")["status"]
    hooks = {"ROTATE__STOP_COMMAND": '["true"]', "ROTATE__START_COMMAND": '["true"]'}
    company = ("--company", "962302")
    seen["rotate"] = tool("rotate", *company, "--sessions-root", "/mnt/one/demo", **hooks)["status"]
    seen["rotated"] = len(list((root / "company_962302").iterdir()))
    seen["rollback"] = tool("rotate", *company, "--rollback", "--sessions-root", "/mnt/two/demo", **hooks)["status"]
    seen["as before"] = before == tree(root)
    place = ("--replace", "--from", "/mnt/archives")
    seen["restore"] = tool("restore", "latest", *company, *place, "--sessions-root", "/mnt/one/demo")["status"]
    seen["restored"] = {name: content for name, (_, content) in before.items()} == {
        name: content for name, (_, content) in tree(root).items()
    }
    return seen


@contextmanager
def held(client):
    """Hold the run lock as a run on this client does."""
    with open(f"/mnt/{client}/demo/.baileys-cleanup/lock", "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def locks(other):
    """Tell how a run on another client ends while the first one is at work, and after that."""
    with held("one"):
        meanwhile = tool("--sessions-root", f"/mnt/{other}/demo")
    return {"held": meanwhile["status"], "free": tool("--sessions-root", f"/mnt/{other}/demo")["status"]}


def fill(root):
    """Make a company with a pairing and old sessions, on the server's own disk, as a bot that ran for long has it."""
    folder = root / "company_7"
    folder.mkdir(parents=True)
    me = {"id": "15550000001:7@s.whatsapp.net", "lid": "100000000000001:7@lid"}
    (folder / "creds.json").write_text(json.dumps({"me": me, "nextPreKeyId": 1, "firstUnuploadedPreKeyId": 1}))
    for name in FILES:
        (folder / name).write_text("old")
        os.utime(folder / name, (OLD, OLD))
    return folder


def bot(folder, sign, text, *, habit):
    """Fork a bot that, from when the first file is going, writes every file once, as Baileys writes.

    By habit it only `writes`, or right before `reads` the file that it writes, or it has `known` all of them: read each
    one a moment before the cleanup began. Baileys never lists its folder; by `listed`, something else there just did.
    """
    pid = os.fork()
    if pid:
        return pid
    try:
        names = random.sample(FILES, len(FILES))
        if habit == "known":
            for name in names:
                (folder / name).read_bytes()
        if habit == "listed":
            list(folder.iterdir())
        end = time.monotonic() + 60
        while not sign() and time.monotonic() < end:
            time.sleep(0.001)
        for name in names:
            if habit == "reads" and (folder / name).exists():
                (folder / name).read_bytes()
            fd = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.write(fd, text)
            os.close(fd)
    finally:
        os._exit(0)


def careless(folder):
    """Look at each file, delete it when it is old: what almost everybody does, and loses by."""
    plan = {name: (folder / name).stat().st_mtime_ns for name in FILES}
    for name, modified in plan.items():
        if (folder / name).stat().st_mtime_ns == modified:
            (folder / name).unlink()


def clean(root):
    """Clean with the tool."""
    return json.loads(tool("--sessions-root", root, "--json")["out"])["totals"]


def lost_in(root, text):
    """Give the files whose last written text is not in the company's folder."""
    folder = root / "company_7"
    return {name for name in FILES if not (folder / name).exists() or (folder / name).read_bytes() != text}


def fire(name, client, habit, remove=clean):
    """Let client one clean and a bot write; give how many writes are lost, where they are, and what undo makes good."""
    root = SERVER / name
    folder = fill(root)
    text = f"written in {name}".encode()

    def begun():
        return len(os.listdir(folder)) <= len(FILES)  # creds.json and all but one

    pid = bot(Path("/mnt") / client / name / "company_7", begun, text, habit=habit)
    time.sleep(2 if habit in {"known", "listed"} else 0)
    totals = remove(Path("/mnt/one") / name)
    os.waitpid(pid, 0)
    lost = lost_in(root, text)
    moved = {path.name for path in root.glob(".baileys-cleanup/quarantine/*/*/*") if path.read_bytes() == text}
    if lost & moved:
        tool("undo", "latest", "--anyway", "--sessions-root", f"/mnt/one/{name}")
    return {
        "lost": len(lost),
        "in quarantine": len(moved & lost),
        "after undo": len(lost_in(root, text)),
        "totals": totals,
    }


def fires():
    """Play the rounds: each habit of a bot on the other client; a bot whose node lists folders; a careless remover."""
    return {
        "writes": [fire("writes", "two", "writes")],
        "reads": [fire(f"reads-{number}", "two", "reads") for number in range(2)],
        "known": [fire("known", "two", "known")],
        "listed": [fire("listed", "two", "listed")],
        "same node": [fire("same", "one", "listed")],
        "no lookup cache": [fire("sure", "sure", "listed")],
        "careless": [
            fire(f"careless-{number}", "two", "reads", lambda root: careless(root / "company_7")) for number in range(2)
        ],
    }


def main(out):
    """Play everything, and write down what came of it."""
    found = {"kernel": os.uname().release, "mounts": {"one": mount("one", 1, "one"), "two": mount("two", 2, "two")}}
    found["mounts"]["sure"] = mount("sure", 4, "sure", ",lookupcache=none")
    for name, play in (("rename", rename_flags), ("life", life), ("locks", lambda: locks("two")), ("fires", fires)):
        began = time.monotonic()
        found[name] = play()
        print(name, round(time.monotonic() - began, 1), "s", flush=True)
    found["mounts"]["twin"] = mount("twin", 3, "one")
    found["twins"] = locks("twin")
    Path(out).write_text(json.dumps(found))


main(sys.argv[1])
