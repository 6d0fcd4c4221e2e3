"""Played inside the machine: the tool and a bot on two NFS clients; what came of it is written as JSON.

`/mnt/one` and `/mnt/two` are the mounts of two clients, `/mnt/disk` is the server's own look at the disk: what is
there is the truth. `/mnt/twin` is a client with the name of the first.
"""

import ctypes
import errno
import fcntl
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

SERVER = Path("/mnt/disk/sessions")
OLD = 1_700_000_000
FILES = [f"session-1556{number:07}.0.json" for number in range(150)]


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


def twins():
    """Tell how a run on a client ends while another one of the same name holds the lock, and what it says."""
    seen = None
    try:
        with held("one"):
            seen = tool("--sessions-root", "/mnt/twin/demo")
    except OSError as error:  # the server may have taken from the one what it gave to the other
        seen = seen or {"status": 1, "out": "", "err": str(error)}
    return seen


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
    Its exit status is 0 when every file was written: one that ended before proves nothing.
    """
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        names = random.sample(FILES, len(FILES))
        if habit == "known":
            for name in names:
                (folder / name).read_bytes()
        if habit == "listed":
            list(folder.iterdir())
        end = time.monotonic() + 300
        while not sign() and time.monotonic() < end:
            time.sleep(0.001)
        for name in names:
            if habit == "reads":
                with suppress(OSError):  # it may be moved at this very moment
                    (folder / name).read_bytes()
            fd = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.write(fd, text)
            os.close(fd)
        status = 0
    finally:
        os._exit(status)


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
    wrote = os.waitpid(pid, 0)[1] == 0
    lost = lost_in(root, text)
    moved = {path.name for path in root.glob(".baileys-cleanup/quarantine/*/*/*") if path.read_bytes() == text}
    if lost & moved:
        tool("undo", "latest", "--anyway", "--sessions-root", f"/mnt/one/{name}")
    return {
        "wrote": wrote,
        "lost": len(lost),
        "in quarantine": len(moved & lost),
        "after undo": len(lost_in(root, text)),
        "totals": totals,
    }


ROUNDS = 10
"""How often bot and remover may miss each other, which hangs on the machine, until that is no chance any more."""


def rounds(name, client, habit, least=1):
    """Clean while a bot writes, until the two have met: the tool found a file that had changed."""
    played = []
    while len(played) < least or (len(played) < ROUNDS and not any(each["totals"]["changed"] for each in played)):
        played.append(fire(f"{name}-{len(played)}", client, habit))
    return played


def careless_rounds():
    """Let a careless remover play until it has lost something."""
    played = []
    while len(played) < ROUNDS and not any(each["lost"] for each in played):
        name = f"careless-{len(played)}"
        played.append(fire(name, "two", "reads", lambda root: careless(root / "company_7")))
    return played


def fires():
    """Play the rounds: each habit of a bot on the other client; a bot whose node lists folders; a careless remover."""
    return {
        "writes": rounds("writes", "two", "writes"),
        "reads": rounds("reads", "two", "reads", least=2),
        "known": rounds("known", "two", "known"),
        "listed": rounds("listed", "two", "listed"),
        "same node": rounds("same", "one", "listed"),
        "no lookup cache": rounds("sure", "sure", "listed"),
        "careless": careless_rounds(),
    }


IDS = ("2", "8", "11", "19", "1", "3", "4", "5")
"""Four of the first shard of two, four of the second."""
NIGHT = [f"session-1556{number:07}.0.json" for number in range(25)]


def many(root):
    """Make companies of both shards, with old sessions, on the server's own disk."""
    for number, company_id in enumerate(IDS):
        folder = root / f"company_{company_id}"
        folder.mkdir(parents=True)
        me = {"id": f"1555000{number:04}:7@s.whatsapp.net", "lid": f"10000000000{number:04}:7@lid"}
        (folder / "creds.json").write_text(json.dumps({"me": me, "nextPreKeyId": 1, "firstUnuploadedPreKeyId": 1}))
        for name in NIGHT:
            (folder / name).write_text(f"{company_id} {name}")
            os.utime(folder / name, (OLD, OLD))


def at_once(*commands):
    """Run the tool several times at once; give the statuses and the documents."""
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "baileys_cleanup", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for command in commands
    ]
    done = [each.communicate() for each in running]
    for command, each, (out, err) in zip(commands, running, done, strict=True):
        print(*command, "->", each.returncode, out[-300:] if each.returncode else "", err[-500:], flush=True)
    return [each.returncode for each in running], [out for out, _ in done]


def shard(client, index, name, *more):
    """Give the command of a shard of two on a client."""
    return ("--json", f"--shard={index}/2", "--sessions-root", f"/mnt/{client}/{name}", *more)


def undo_all(name):
    """Undo all runs in shards, one on each client."""
    runs = [path.stem for path in (SERVER / name / ".baileys-cleanup/runs").glob("*-*[0-9a-f].json")]
    return at_once(
        *(
            ("undo", *runs, "--anyway", f"--shard={index}/2", "--sessions-root", f"/mnt/{client}/{name}")
            for index, client in enumerate(("one", "two"))
        )
    )[0]


def places(root):
    """Give where each name lies, in the companies and in the quarantine, as the server has it."""
    found = {}
    for path in [*root.glob("company_*/session-*"), *root.glob(".baileys-cleanup/quarantine/*/company_*/*")]:
        found.setdefault(f"{path.parent.name}/{path.name}", []).append(path.read_bytes().decode())
    return found


def sound(root):
    """Tell whether each name lies in one place, with what was written into it."""
    expected = {f"company_{company_id}/{name}": [f"{company_id} {name}"] for company_id in IDS for name in NIGHT}
    return places(root) == expected


def shards():
    """Clean, undo and purge in shards on both clients at once; kill one; hold locks on the other."""
    root, seen = SERVER / "night", {}
    many(root)
    before = tree(root)
    # The first shard twice, once on each client: two of one at once do no harm.
    seen["clean"], said = at_once(shard("one", 0, "night"), shard("two", 1, "night"), shard("two", 0, "night"))
    totals = [json.loads(out)["totals"] for out in said]
    seen["removed"] = sum(each["removed"] for each in totals)
    seen["failed"] = sum(each["failed"] for each in totals)
    seen["left"] = len(list(root.glob("company_*/session-*")))
    lines = [json.loads(line) for line in (root / ".baileys-cleanup/audit.log").read_text().splitlines()]
    seen["audit"] = sorted(f"company_{each['company']}/{each['file']}" for each in lines if each["event"] == "remove")
    seen["audit"] = seen["audit"] == sorted(places(root))
    seen["sound"] = [sound(root)]
    seen["undo"], seen["back"] = undo_all("night"), before == tree(root)

    # One is killed in the middle; the other client does its part once more.
    command = [sys.executable, "-m", "baileys_cleanup", *shard("one", 0, "night")]
    killed = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while not list(root.glob(".baileys-cleanup/quarantine/*/*/*")) and killed.poll() is None:
        time.sleep(0.001)
    killed.kill()
    seen["killed"] = killed.wait()
    seen["again"] = at_once(shard("two", 0, "night"), shard("one", 1, "night"))[0]
    seen["sound"].append(sound(root))
    seen["left"] += len(list(root.glob("company_*/session-*")))

    # A night later a bot on the second client writes what the first one cleans, and what is due is deleted by both.
    due = []
    for path in Path("/mnt/one/night/.baileys-cleanup/runs").glob("*-*[0-9a-f].json"):
        record = json.loads(path.read_text())
        path.write_text(json.dumps(record | {"started": record["started"] - 9 * 86_400 * 10**9}))
        due.append(path.stem)
    fill(root)
    text = b"written while shards were at work"
    folder = root / "company_7"
    pid = bot(Path("/mnt/two/night/company_7"), lambda: len(os.listdir(folder)) <= len(FILES), text, habit="writes")
    index = int(hashlib.sha256(b"7").hexdigest()[:8], 16) % 2
    seen["beside a bot"] = at_once(shard("one", index, "night"), shard("two", 1 - index, "night"))[0]
    seen["wrote"] = os.waitpid(pid, 0)[1] == 0
    seen["lost"] = len(lost_in(root, text))
    seen["due"], seen["left of it"] = len(due), [run for run in due if list(root.glob(f".baileys-cleanup/*/{run}*"))]
    return seen | {"held": held_among_shards()}


def held_among_shards():
    """Tell who is kept out by what shards on the other client hold: a whole run, and who wants the same company."""
    own = Path("/mnt/one/night/.baileys-cleanup")
    place = int.from_bytes(hashlib.sha256(b"company 2").digest()[:8], "big") >> 2
    with (own / "lock").open("r+b") as file, (own / "bytes.lock").open("r+b") as companies:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        fcntl.lockf(companies, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        whole = tool("--sessions-root", "/mnt/two/night")
        other = tool(*shard("two", 0, "night"))
    left = [each["company_id"] for each in json.loads(other["out"])["companies"] if each["status"] == "failed"]
    return {"whole": whole["status"], "shard": other["status"], "left alone": left}


def main(out):
    """Play everything, and write down what came of it."""
    found = {"kernel": os.uname().release, "files": len(FILES)}
    found["mounts"] = {"one": mount("one", 1, "one"), "two": mount("two", 2, "two")}
    found["mounts"]["sure"] = mount("sure", 4, "sure", ",lookupcache=none")
    plays = {"rename": rename_flags, "life": life, "locks": lambda: locks("two"), "shards": shards, "fires": fires}
    for name, play in plays.items():
        began = time.monotonic()
        found[name] = play()
        print(name, round(time.monotonic() - began, 1), "s", flush=True)
    found["mounts"]["twin"] = mount("twin", 3, "one")
    found["twins"] = twins()
    Path(out).write_text(json.dumps(found))


main(sys.argv[1])
