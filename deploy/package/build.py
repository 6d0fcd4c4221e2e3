#!/usr/bin/env python3
"""Builds what is installed without pip: single files, and Debian packages. Run it in a clone of the repository.

    python3 deploy/package/build.py [zipapp] [deb] [--into dist]

It needs Python 3.11 or newer with pip, a package index, and for Debian packages dpkg-deb. What it builds carries its
libraries along, for every Python that `pyproject.toml` names and for this machine's kind of processor: once without
and once with the extras.
"""

import argparse
import gzip
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
NAME = "baileys-cleanup"
LIBRARY = f"usr/lib/{NAME}"
KINDS = ("zipapp", "deb")
NO_EXTRAS = {"dev", "ci", "mutation"}
DEBIAN_NAMES = {"x86_64": "amd64", "aarch64": "arm64"}
SHELLS = {
    "bash": f"usr/share/bash-completion/completions/{NAME}",
    "zsh": f"usr/share/zsh/vendor-completions/_{NAME}",
    "fish": f"usr/share/fish/vendor_completions.d/{NAME}.fish",
}
MACHINE = platform.machine()


def run(*command: str | Path, env: Mapping[str, str] | None = None) -> str:
    """Run a program and return what it says; its own words on stderr are for the person who builds."""
    return subprocess.run([*map(str, command)], check=True, stdout=subprocess.PIPE, text=True, env=env).stdout


def pip(*arguments: str | Path) -> str:
    """Run the pip of this Python."""
    return run(sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments)


def project() -> dict[str, Any]:
    """Return what `pyproject.toml` says of the project."""
    with open(PROJECT / "pyproject.toml", "rb") as file:
        table: dict[str, Any] = tomllib.load(file)["project"]
    return table


def pythons() -> list[str]:
    """Return the versions of Python that the project claims, `3.11` and up."""
    versions = [name.rpartition(" ")[2] for name in project()["classifiers"] if "Python :: 3." in name]
    return sorted(versions, key=lambda version: int(version.partition(".")[2]))


def build_wheel(room: Path) -> Path:
    """Build the wheel, and return its path."""
    pip("wheel", "--quiet", "--no-deps", "--wheel-dir", room, PROJECT)
    (wheel,) = room.glob("*.whl")
    return wheel


def gather(requirement: str, target: Path, room: Path, pins: Path) -> None:
    """Put the tool with its libraries into one folder: compiled ones of each Python side by side, all else once.

    The first call leaves the versions that were chosen in `pins`, and whatever follows takes the same.
    """
    for version in pythons():
        part = room / f"{target.name}-{version}"
        tags = [f"--platform={kind}_{MACHINE}" for kind in ("manylinux2014", "manylinux_2_28")]
        kept = [f"--constraint={pins}"] if pins.exists() else []
        pip(
            *("install", "--quiet", "--no-compile", "--no-warn-conflicts", f"--target={part}"),
            *("--implementation=cp", f"--python-version={version}", "--only-binary=:all:", *tags, *kept, requirement),
        )
        if not kept:
            chosen = pip("freeze", "--path", part).splitlines()
            pins.write_text("".join(f"{line}\n" for line in chosen if "@" not in line), encoding="utf-8")
        shutil.copytree(part, target, dirs_exist_ok=True)
    shutil.rmtree(target / "bin", ignore_errors=True)


def mark(library: Path, installer: str) -> None:
    """Leave who installs this copy where pip leaves it: the tool's sentences about extras go by it."""
    (metadata,) = library.glob("baileys_cleanup-*.dist-info")
    (metadata / "INSTALLER").write_text(f"{installer}\n", encoding="utf-8")
    (metadata / "direct_url.json").unlink(missing_ok=True)


def version_of(library: Path) -> str:
    """Return the tool's version."""
    (metadata,) = library.glob("baileys_cleanup-*.dist-info")
    return metadata.name.removesuffix(".dist-info").partition("-")[2]


# --- single files -----------------------------------------------------------------------------------------------


def zipapp(library: Path, target: Path, room: Path) -> Path:
    """Pack one file that Python runs: shiv unpacks it once for each user, because compiled libraries need files."""
    shiv = room / "shiv"
    if not shiv.exists():
        pip("install", "--quiet", "--no-warn-conflicts", "--target", shiv, "shiv>=1.0.8")
    mark(library, "zipapp")
    run(
        *(sys.executable, "-m", "shiv", "--site-packages", library, "--compressed", "--reproducible"),
        *("--entry-point", "baileys_cleanup.__main__:main", "--python", "/usr/bin/env python3", "-o", target),
        env=os.environ | {"PYTHONPATH": str(shiv)},
    )
    return target


# --- Debian packages --------------------------------------------------------------------------------------------


def write(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file and the folders to it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def of_the_system(tree: Path) -> None:
    """Lay out what is around the tool: its command, man page, completion, units, the crontab line, and the docs."""
    library = tree / LIBRARY
    write(tree / "usr/bin" / NAME, (HERE / "launcher").read_text(encoding="utf-8"), 0o755)
    env = os.environ | {"PYTHONPATH": str(library), "PYTHONDONTWRITEBYTECODE": "1"}
    manual = tree / f"usr/share/man/man1/{NAME}.1.gz"
    write(manual, "")
    manual.write_bytes(gzip.compress(run(sys.executable, HERE / "man.py", env=env).encode(), mtime=0))
    for shell, path in SHELLS.items():
        asked = env | {"_BAILEYS_CLEANUP_COMPLETE": f"{shell}_source"}
        write(tree / path, run(sys.executable, "-m", "baileys_cleanup", env=asked))
    deploy = PROJECT / "deploy"
    for unit in (*deploy.glob("*.service"), *deploy.glob("*.timer")):
        text = unit.read_text(encoding="utf-8").replace(f"/opt/{NAME}/bin/{NAME}", f"/usr/bin/{NAME}")
        write(tree / "usr/lib/systemd/system" / unit.name, text)
    write(tree / "etc/cron.d" / NAME, (HERE / "cron.d").read_text(encoding="utf-8"))
    write(tree / "DEBIAN/conffiles", f"/etc/cron.d/{NAME}\n")
    docs = tree / "usr/share/doc" / NAME
    write(docs / "copyright", (PROJECT / "LICENSE").read_text(encoding="utf-8"))
    for page in (*PROJECT.glob("*.md"), *(PROJECT / "docs").glob("*.md")):
        write(docs / page.relative_to(PROJECT), page.read_text(encoding="utf-8"))
    shutil.copytree(deploy, docs / "examples", ignore=shutil.ignore_patterns("package", "__pycache__"))


def pack(tree: Path, into: Path, package: str, told: dict[str, str]) -> Path:
    """Make the package of what lies in a folder; `told` is what dpkg wants to know of it beside what all have."""
    architecture = DEBIAN_NAMES.get(MACHINE, MACHINE)
    about = project()
    told = {
        "Package": package,
        "Architecture": architecture,
        "Maintainer": f"{about['authors'][0]['name']} <{NAME}@localhost>",
        "Section": "admin",
        "Priority": "optional",
        "Homepage": about["urls"]["Homepage"],
        **told,
    }
    write(tree / "DEBIAN/control", "".join(f"{field}: {value}\n" for field, value in told.items()))
    for script in ("postinst", "prerm"):
        text = (HERE / script).read_text(encoding="utf-8").replace("@PACKAGE@", package)
        write(tree / "DEBIAN" / script, text, 0o755)
    for path in tree.rglob("*"):
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    target = into / f"{package}_{told['Version']}_{architecture}.deb"
    run("dpkg-deb", "--root-owner-group", "-Zxz", "--build", tree, target)
    return target


def deb(core: Path, whole: Path, into: Path, room: Path) -> list[Path]:
    """Make the package of the tool, and a second one of what the extras bring beside it."""
    version = version_of(core)
    first, *_, last = pythons()
    beyond = f"3.{int(last.partition('.')[2]) + 1}"
    tree, more = room / "deb", room / "deb-extras"
    shutil.copytree(core, tree / LIBRARY)
    mark(tree / LIBRARY, "deb")
    of_the_system(tree)
    shutil.copytree(whole, more / LIBRARY, ignore=lambda folder, names: _known(Path(folder), names, core, whole))
    write(more / f"usr/share/doc/{NAME}-extras/copyright", (PROJECT / "LICENSE").read_text(encoding="utf-8"))
    python = f"python3 (>= {first}), python3 (<< {beyond}), libc6 (>= 2.28)"
    of_the_tool = {
        "Version": version,
        "Depends": python,
        "Description": f"keeps the auth folders of a Baileys server small\n {project()['description']}",
    }
    of_the_extras = {
        "Version": version,
        "Depends": f"{NAME} (= {version}), {python}",
        "Description": "what its extras need\n Alerts, metrics, archives elsewhere or encrypted, QR codes.",
    }
    return [pack(tree, into, NAME, of_the_tool), pack(more, into, f"{NAME}-extras", of_the_extras)]


def _known(folder: Path, names: list[str], core: Path, whole: Path) -> set[str]:
    there = core / folder.relative_to(whole)
    return {name for name in names if (there / name).is_file()}


def main() -> None:
    """Build what is asked for, or all of it, and print the paths."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"{' or '.join(KINDS)}; all of them by default")
    parser.add_argument("--into", type=Path, default=PROJECT / "dist", metavar="DIR", help="by default dist/")
    asked = parser.parse_args()
    kinds = asked.kinds or KINDS
    if {*kinds} - {*KINDS}:
        parser.error(f"allowed: {', '.join(KINDS)}")
    os.umask(0o022)
    into = asked.into.absolute()
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{NAME}-") as temporary:
        room = Path(temporary)
        wheel = build_wheel(room)
        core, whole = room / "core", room / "whole"
        extras = sorted(project()["optional-dependencies"].keys() - NO_EXTRAS)
        gather(f"{wheel}[{','.join(extras)}]", whole, room, room / "pins")
        gather(str(wheel), core, room, room / "pins")
        built: list[Path] = []
        if "zipapp" in kinds:
            built.append(zipapp(core, into / f"{NAME}.pyz", room))
            built.append(zipapp(whole, into / f"{NAME}-with-extras.pyz", room))
        if "deb" in kinds:
            built += deb(core, whole, into, room)
    for path in built:
        print(path)


if __name__ == "__main__":
    main()
