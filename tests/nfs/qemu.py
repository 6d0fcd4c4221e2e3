"""A machine with an NFS server and three clients: QEMU, Debian's own kernel, and this machine's files to look at.

The kernel of the tests' machine may know no NFS, so one is booted that does. It sees this machine's root read-only
under an overlay, runs `guest.sh`, and what `scenario.py` finds comes back as one JSON document.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
PATH = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin"
PROGRAMS = ("qemu-system-x86_64", "apt-get", "dpkg-deb", "depmod", "modprobe", "cpio", "mkfs.ext4", "exportfs", "ip")
FIRST = ("virtio_pci", "9pnet_virtio", "9p", "overlay")
"""Modules without which the machine does not see this one's files; it loads the others from there."""
TIMEOUT = 900


def missing(reason: str) -> None:
    """Skip on a user's machine; fail where the deep tests are owed."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason} (tests/deploy/apt-packages.txt lists what CI installs)")
    pytest.skip(reason)


def run(*command: object, cwd: Path | None = None) -> str:
    """Run a program, and give what it says."""
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, capture_output=True, text=True, check=False, env=os.environ | {"PATH": PATH}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def fetch_kernel(cache: Path) -> Path:
    """Return a folder with Debian's kernel and its modules, fetched once."""
    for program in PROGRAMS:
        if shutil.which(program, path=PATH) is None:
            missing(f"needs {program}")
    if not Path("/bin/busybox").exists():
        missing("needs busybox-static")
    tree = cache / "kernel"
    if not tree.exists():
        (name,) = re.findall(r"Depends: (linux-image-\S+)", run("apt-cache", "depends", "linux-image-amd64"))[:1]
        run("apt-get", "download", "-q", name, cwd=cache)
        (package,) = cache.glob("linux-image-*.deb")
        unpacked = cache / "unpacked"
        run("dpkg-deb", "-x", package, unpacked)
        (version,) = (folder.name for folder in (unpacked / "lib" / "modules").iterdir())
        run("depmod", "-b", unpacked, version)
        package.unlink()
        unpacked.rename(tree)
    return tree


def make_initramfs(kernel: Path, room: Path, version: str) -> Path:
    """Build what the kernel begins with: busybox, the first modules, and the way to this machine's root."""
    inside = room / "initramfs"
    for folder in ("bin", "modules", "proc", "sys", "dev", "low", "up", "new"):
        (inside / folder).mkdir(parents=True)
    shutil.copy2("/bin/busybox", inside / "bin" / "busybox")
    order: list[str] = []
    for module in FIRST:
        said = run("modprobe", "-d", kernel, "-S", version, "--show-depends", module)
        order += [path for path in re.findall(r"^insmod (\S+)", said, re.MULTILINE) if path not in order]
    for path in order:
        shutil.copy2(path, inside / "modules")
    loads = "\n".join(f"insmod /modules/{Path(path).name}" for path in order)
    text = (HERE / "init.sh").read_text().replace("@LOAD@", loads).replace("@GUEST@", str(HERE / "guest.sh"))
    (inside / "init").write_text(text)
    (inside / "init").chmod(0o755)
    archive = room / "initramfs.cpio"
    with archive.open("wb") as out:
        names = "\n".join(str(path.relative_to(inside)) for path in [inside, *sorted(inside.rglob("*"))])
        pack = ["cpio", "--create", "--format=newc", "--quiet"]
        subprocess.run(pack, cwd=inside, input=names.encode(), stdout=out, check=True)
    return archive


def boot(kernel: Path, room: Path) -> dict[str, Any]:
    """Boot the machine, let it play the scenario, and give what it found."""
    (version,) = (folder.name for folder in (kernel / "lib" / "modules").iterdir())
    disk = room / "disk.img"
    with disk.open("wb") as file:
        file.truncate(512 * 1024 * 1024)
    run("mkfs.ext4", "-q", "-F", disk)
    out = room / "out"
    out.mkdir()
    console = room / "console.log"
    line = f"console=ttyS0 quiet panic=-1 no_timer_check kernel={kernel} version={version} python={sys.executable}"
    command = [
        *("qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-m", "1024", "-smp", "1"),
        *("-nodefaults", "-display", "none", "-no-reboot", "-serial", f"file:{console}"),
        *("-kernel", str(kernel / "boot" / f"vmlinuz-{version}"), "-append", line),
        *("-initrd", str(make_initramfs(kernel, room, version))),
        *("-virtfs", "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap"),
        *("-virtfs", f"local,path={out},mount_tag=out,security_model=none"),
        *("-drive", f"file={disk},format=raw,if=virtio,cache=unsafe"),
    ]
    try:
        subprocess.run(command, check=True, timeout=TIMEOUT, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        pytest.fail(f"the machine did not end: {console.read_text(errors='replace')[-3000:]}")
    found = out / "found.json"
    assert found.exists(), console.read_text(errors="replace")[-6000:]
    result: dict[str, Any] = json.loads(found.read_text())
    return result
