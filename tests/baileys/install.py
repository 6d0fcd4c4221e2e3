"""Install the versions of Baileys that the lab runs against, each into a folder of its own.

    python tests/baileys/install.py

No lock file is written or kept: what is pinned is the version of the package. A version that is already
there is left as it is.
"""

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

INSTALLED = Path(__file__).resolve().parent / ".installed"

VERSIONS = ("7.0.0-rc14", "7.0.0-rc.9", "7.0.0-rc.3", "6.7.24")
"""The newest; the one that loses messages when its batch of 812 is capped; an early 7; the last 6.7."""

PACKAGE = "@whiskeysockets/baileys"
AUTH_STATE = Path(__file__).resolve().parents[2] / "deploy" / "node" / "auth-state.mjs"
CLIENTS = ("pg@8", "redis@6")
"""The auth state in a database that is delivered, and the clients that it is tried with."""
STORES = ("postgres-baileys@1.5.0", "uuid@10", "whatsapp-store-db@1.3.69", "tiny-invariant@1")
"""Auth states of others, as they are on npm, and what they ask for without saying so."""
OLDEST_NODE = 20

# Before rc.10 libsignal is asked for from git and a lint preset comes along as a dependency; the first has
# a release of the same code, the second is not needed to run.
OVERRIDES = {"libsignal": "6.0.0", "@whiskeysockets/eslint-config": "npm:empty-npm-package@1.0.0"}


class CannotInstall(Exception):
    """Node or npm is missing or too old, or npm failed; the text says which."""


def folder_of(version: str) -> Path:
    """Where a version lives; `node_modules` is directly inside."""
    return INSTALLED / version


def library_of(version: str) -> Path:
    """The package itself."""
    return folder_of(version) / "node_modules" / PACKAGE


def is_installed(version: str) -> bool:
    """Whether npm finished here: it writes its own marker last, and the version is the one asked for."""
    manifest = library_of(version) / "package.json"
    finished = folder_of(version) / "node_modules" / ".package-lock.json"
    if not manifest.is_file() or not finished.is_file():
        return False
    return bool(json.loads(manifest.read_text())["version"] == version)


def install(version: str) -> Path:
    """Install one version unless it is there. Return its folder."""
    folder = folder_of(version)
    if is_installed(version):
        return folder
    _npm_install(folder, f"{PACKAGE}@{version}")
    if not is_installed(version):
        raise CannotInstall(f"npm did not finish installing {PACKAGE}@{version}")
    return folder


def _npm_install(folder: Path, *packages: str, overrides: dict[str, str] = OVERRIDES) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps({"private": True, "overrides": overrides}))
    command = ["npm", "install", *packages, "--no-package-lock", "--ignore-scripts"]
    command += ["--legacy-peer-deps", "--no-audit", "--no-fund"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    if ran.returncode:
        raise CannotInstall(f"npm could not install {' '.join(packages)}: {ran.stderr.strip()[-500:]}")


def clients() -> Path:
    """Install the database clients unless they are there. Return their folder."""
    folder = INSTALLED / "clients"
    if not (folder / "node_modules" / ".package-lock.json").is_file():
        _npm_install(folder, *CLIENTS)
    return folder


def stores() -> Path:
    """Install the auth states of others unless they are there. Return their folder."""
    folder = INSTALLED / "stores"
    if not (folder / "node_modules" / ".package-lock.json").is_file():
        # Each gets the library that the bot has, and no driver of another database.
        nothing = dict.fromkeys(("baileys", "mysql", "patch-package"), "npm:empty-npm-package@1.0.0")
        _npm_install(folder, *STORES, overrides=nothing)
    return folder


def beside_others(place: Path, version: str, adapter: Path) -> Path:
    """Copy an adapter to an auth state of others beside one version of the library. Return the copy.

    The packages are copied, because a link would have them look for the library where they really lie.
    """
    modules = place / "node_modules"
    beside(place, version)
    for package in ("postgres-baileys", "uuid", "whatsapp-store-db", "tiny-invariant"):
        shutil.copytree(stores() / "node_modules" / package, modules / package)
    (modules / "baileys").symlink_to(library_of(version))
    return Path(shutil.copy(adapter, place))


def beside(place: Path, version: str) -> Path:
    """Copy the delivered auth state into `place`, beside one version of the library and the clients. Return the copy."""
    modules = place / "node_modules"
    modules.mkdir(parents=True)
    for package in ("pg", "redis"):
        (modules / package).symlink_to(clients() / "node_modules" / package)
    (modules / "@whiskeysockets").symlink_to(library_of(version).parent)
    return Path(shutil.copy(AUTH_STATE, place))


def require_node() -> None:
    """Raise `CannotInstall` where Node or npm is missing or too old for the library."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise CannotInstall(f"{program} is not installed; the lab needs Node {OLDEST_NODE} or newer and npm")
    asked = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    if int(asked.stdout.strip().removeprefix("v").split(".")[0]) < OLDEST_NODE:
        raise CannotInstall(f"Node {asked.stdout.strip()} is too old; the lab needs {OLDEST_NODE} or newer")


def install_all(versions: tuple[str, ...] = VERSIONS) -> None:
    """Install every version, two at a time."""
    require_node()
    with ThreadPoolExecutor(max_workers=min(2, os.cpu_count() or 1)) as pool:
        list(pool.map(install, versions))


if __name__ == "__main__":
    try:
        install_all()
    except CannotInstall as problem:
        sys.exit(str(problem))
    print(*(f"{version}: {folder_of(version)}" for version in VERSIONS), sep="\n")
