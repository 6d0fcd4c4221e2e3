"""The image of `deploy/Dockerfile`: what is in it, and its containers, alone and as the manifests ask for them."""

import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

import pytest
from charts import EXAMPLES, Manifest, job_of, manifests, ours, pods
from container import Container, Image
from machine import SESSIONS_ROOT
from watching import Monitor, company
from web import TIMEOUT, wait_until

pytestmark = pytest.mark.slow
BOT = 1000
Run = Callable[..., Container]


@pytest.fixture
def sessions(tmp_path: Path) -> Path:
    """Make a sessions root of the bot's user, on a disk given to its group as Kubernetes does, with a missed night."""
    root = tmp_path / "sessions"
    company(root, "962302", 20, old=5)
    company(root, "123456", 20, old=3)
    (root / ".baileys-cleanup").mkdir(mode=0o700)
    yesterday = time.time_ns() - 2 * 86_400 * 10**9
    (root / ".baileys-cleanup" / "history.json").write_text(json.dumps({"daily": yesterday}))
    for path in (root, *root.rglob("*")):
        os.chown(path, BOT, BOT)
    root.chmod(0o2775)
    return root


@pytest.fixture
def run(image: Image, sessions: Path) -> Iterator[Run]:
    """Give a function that runs a container on the sessions root; whatever happens, it is gone afterwards."""
    containers = []

    def start(*args: str, **how: object) -> Container:
        mounts = {SESSIONS_ROOT: sessions, **how.pop("mounts", {})}
        containers.append(Container(image, mounts, args or None, **how))
        return containers[-1]

    yield start
    for container in containers:
        container.end()


def sizes(root: Path) -> dict[str, int]:
    """Count the files of each company."""
    return {folder.name: len(list(folder.iterdir())) for folder in root.glob("company_*")}


CLEAN = {"company_962302": 20, "company_123456": 20}


def test_the_image_is_small_and_nobody_special(image: Image) -> None:
    """Not root, tini first, a sign of life; no pip, no compiler, no lists of packages, nothing of the tests."""
    assert (image.config["User"], image.entrypoint) == ("1000:1000", ["/usr/bin/tini", "--", "baileys-cleanup"])
    assert image.config["Healthcheck"]["Test"][0] == "CMD"
    site = image.files / "opt/baileys-cleanup/lib/python3.11/site-packages"
    assert (site / "baileys_cleanup").is_dir()
    assert not (site / "pip").exists()
    for absent in ("src", "usr/bin/gcc", "usr/bin/git", "usr/bin/pip", "root/.cache"):
        assert not (image.files / absent).exists(), absent
    assert not any(path.is_file() for path in (image.files / "var/lib/apt/lists").rglob("*"))
    writable = [path for path in (image.files / "opt").rglob("*") if path.lstat().st_uid or path.lstat().st_mode & 0o22]
    assert [path for path in writable if not path.is_symlink()] == []


def test_without_arguments_it_watches_and_cleans_every_night(run: Run, sessions: Path, image: Image) -> None:
    """In the zone of TZ, as PID 1, with nothing writable but the sessions; well; and SIGTERM ends it with 143."""
    container = run(env={"TZ": "America/Sao_Paulo"})
    watch = Monitor(container.process)
    planned = datetime.fromisoformat(watch.wait_for("daily_cleanup_planned")["next"])
    assert (planned.hour, planned.minute < 10, planned.utcoffset().total_seconds()) == (3, True, -3 * 3600)
    assert watch.wait_for("daily_cleanup")["removed"] == 8
    assert sizes(sessions) == CLEAN
    check = image.config["Healthcheck"]["Test"][1:]
    wait_until(lambda: container.inside(*check).returncode == 0, "a sign of life")
    assert container.inside("touch", "/opt/x").returncode
    container.signal(signal.SIGTERM)
    assert container.process.wait(TIMEOUT) == 143
    assert (sessions / ".baileys-cleanup").stat().st_mode & 0o777 == 0o700


def test_its_sign_of_life_can_fail(run: Run, sessions: Path, image: Image) -> None:
    """When the root is gone, the health check says so."""
    container = run("monitor", "--interval=1s", "--listen=0.0.0.0:9108", "--log-format=json")
    check = image.config["Healthcheck"]["Test"][1:]
    wait_until(lambda: container.inside(*check).returncode == 0, "a sign of life")
    for folder in sessions.iterdir():
        shutil.rmtree(folder)
    sessions.chmod(0o000)
    wait_until(lambda: container.inside(*check).returncode == 1, "a sign of trouble")


@pytest.mark.parametrize("moment", range(4))
def test_a_signal_at_any_moment_ends_it(run: Run, moment: int) -> None:
    """SIGTERM while Python still starts is not lost on PID 1, as it would be without an init."""
    container = run("monitor", "--log-format=json")
    assert container.first
    time.sleep(moment * 0.1)
    container.signal(signal.SIGTERM)
    assert container.wait()[0] == 143


def test_what_is_no_setting_is_refused(run: Run, sessions: Path) -> None:
    """Status 2: a Service called baileys-cleanup would set such a variable, were enableServiceLinks not off."""
    status, _, err = run("clean", env={"BAILEYS_CLEANUP_PORT": "tcp://10.0.0.1:80"}).wait()
    assert (status, "BAILEYS_CLEANUP_PORT is no setting" in err) == (2, True)
    assert sizes(sessions) != CLEAN


def test_a_folder_opened_to_the_group_is_refused(run: Run, sessions: Path) -> None:
    """Status 2, and the way on: that is what fsGroup does at each start, but for OnRootMismatch."""
    (sessions / ".baileys-cleanup").chmod(0o2770)
    status, _, err = run("clean").wait()
    assert (status, "make it private: chmod 700" in err) == (2, True)


def test_another_user_than_the_owner_is_refused(run: Run) -> None:
    """Status 2, naming the owner."""
    status, _, err = run("clean", user="1001:1001").wait()
    assert (status, "belongs to" in err) == (2, True)


# --- as the manifests ask for them ------------------------------------------------------------------------


def settings_of(documents: list[Manifest], folder: Path) -> Path:
    """Write the ConfigMap as Kubernetes mounts it."""
    (config,) = (each for each in documents if each["kind"] == "ConfigMap")
    folder.mkdir()
    for name, text in config["data"].items():
        (folder / name).write_text(text)
    return folder


def started(run: Run, documents: list[Manifest], container: Manifest, room: Path, **more: str) -> Container:
    """Run a container of a manifest: its arguments, its variables, its mounts."""
    env = {each["name"]: each["value"] for each in container["env"]} | more
    places = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert set(places) == {"sessions", "settings", "tmp"}
    assert places["sessions"] == SESSIONS_ROOT
    mounts: Mapping[str, Path] = {places["settings"]: settings_of(documents, room)}
    return run(*container["args"], env=env, mounts=mounts)


def test_the_sidecar_watches_cleans_and_ends(run: Run, sessions: Path, tmp_path: Path) -> None:
    """The container of the rendered example makes up the missed night, is well, and ends after the bot."""
    documents = manifests((EXAMPLES / "sidecar.yaml").read_text())
    (pod,) = (pod for document in documents for pod in pods(document))
    (manifest,) = ours(pod)
    container = started(run, documents, manifest, tmp_path / "settings")
    watch = Monitor(container.process)
    assert watch.wait_for("daily_cleanup")["removed"] == 8
    assert sizes(sessions) == CLEAN
    probe = manifest["livenessProbe"]["httpGet"]
    (port,) = (each["containerPort"] for each in manifest["ports"] if each["name"] == probe["port"])
    ask = f"from urllib.request import urlopen; urlopen('http://127.0.0.1:{port}{probe['path']}', timeout=5)"
    wait_until(lambda: container.inside("python3", "-c", ask).returncode == 0, "a sign of life")
    container.signal(signal.SIGTERM)
    assert container.process.wait(TIMEOUT) == 143


def test_the_job_of_one_shard_cleans(helm: str, run: Run, sessions: Path, tmp_path: Path) -> None:
    """The container of the chart's default CronJob cleans, silently, and a second one has nothing left to do."""
    from charts import rendered

    documents = manifests(rendered(helm))
    (manifest,) = job_of(documents)["template"]["spec"]["containers"]
    for number in range(2):
        container = started(run, documents, manifest, tmp_path / f"settings-{number}", JOB_COMPLETION_INDEX="0")
        assert container.wait()[:2] == (0, "")
        assert sizes(sessions) == CLEAN


def test_a_job_that_only_looks_changes_nothing(helm: str, run: Run, sessions: Path, tmp_path: Path) -> None:
    """With `job.dryRun` the night says what would go."""
    from charts import rendered

    documents = manifests(rendered(helm, "--set", "job.dryRun=true"))
    (manifest,) = job_of(documents)["template"]["spec"]["containers"]
    before = sizes(sessions)
    status, out, _ = started(run, documents, manifest, tmp_path / "settings").wait()
    assert (status, before) == (0, sizes(sessions))
    assert "session-15560000000.0.json" in out
