"""The Helm chart and its rendered examples: read by helm, by Kubernetes' own schemas, and by rules of our own."""

import copy
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from charts import CHART, EXAMPLES, SHAPES, Manifest, is_schedule, manifests, problems, rendered

pytestmark = pytest.mark.slow
each_shape = pytest.mark.parametrize("shape", SHAPES)
VALUES = (CHART / "values.yaml").read_text()


def example(shape: str) -> str:
    """Give the rendered example of a shape."""
    return (EXAMPLES / f"{shape}.yaml").read_text()


def validate(path: Path) -> subprocess.CompletedProcess[str]:
    """Check manifests against the schemas of Kubernetes, where an unknown field is an error."""
    command = [str(Path(sys.executable).parent / "kubernetes-validate"), "--strict", "--quiet", "--no-warn", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@each_shape
def test_helm_has_nothing_to_say_against_the_chart(helm: str, shape: str) -> None:
    """`helm lint --strict` finds no error and no warning with the values of an example."""
    command = [helm, "lint", "--strict", str(CHART), "-f", str(EXAMPLES / f"{shape}.values.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[WARNING]" not in done.stdout


@each_shape
def test_the_examples_are_what_the_chart_makes(helm: str, shape: str) -> None:
    """Each example is the chart's work with the values beside it, letter for letter."""
    assert example(shape) == rendered(helm, "-f", EXAMPLES / f"{shape}.values.yaml")


@each_shape
def test_kubernetes_knows_every_field(shape: str, tmp_path: Path) -> None:
    """The examples fit the schemas; a field that is misspelt anywhere is found."""
    assert validate(EXAMPLES / f"{shape}.yaml").returncode == 0
    broken = tmp_path / "broken.yaml"
    broken.write_text(example(shape).replace("automountServiceAccountToken", "automountServiceAcountToken"))
    assert validate(broken).returncode


@each_shape
def test_nothing_is_wrong_that_no_schema_sees(shape: str) -> None:
    """The rules of `charts.py` hold for every example."""
    assert problems(manifests(example(shape))) == []


def _at(document: Any, path: str) -> Any:
    for step in path.split("."):
        document = document[int(step) if step.isdigit() else step]
    return document


JOB = "spec.jobTemplate.spec"
POD = f"{JOB}.template.spec"
RULES = f"{JOB}.podFailurePolicy.rules"
BROKEN: list[tuple[str, str, str, Any, str]] = [
    ("shared", "CronJob", "spec.schedule", "0 33 * * *", "the schedule"),
    ("shared", "CronJob", "spec.timeZone", "Europe/Atlantis", "time zone"),
    ("shared", "CronJob", "spec.concurrencyPolicy", "Allow", "overlap"),
    ("shared", "CronJob", f"{POD}.restartPolicy", "Always", "restarts"),
    ("shared", "CronJob", f"{POD}.restartPolicy", "OnFailure", "restarts"),
    ("shared", "CronJob", f"{JOB}.completionMode", "NonIndexed", "index"),
    ("shared", "CronJob", f"{JOB}.backoffLimitPerIndex", 0, "tries"),
    ("shared", "CronJob", f"{JOB}.completions", 5, "at once"),
    ("shared", "CronJob", f"{JOB}.podReplacementPolicy", "TerminatingOrFailed", "two pods"),
    ("shared", "CronJob", f"{JOB}.activeDeadlineSeconds", 0, "for ever"),
    ("shared", "CronJob", f"{POD}.containers.0.args.3", "--shard=$(JOB_COMPLETION_INDEX)/3", "those of the Job"),
    ("shared", "CronJob", f"{RULES}.0.onExitCodes.values", [1, 2], "a person"),
    ("shared", "CronJob", f"{RULES}.0.onExitCodes.operator", "NotIn", "a person"),
    ("shared", "CronJob", f"{RULES}.0.onExitCodes.containerName", "cleanup", "a person"),
    ("shared", "CronJob", f"{RULES}.1.action", "Count", "drained"),
    ("shared", "CronJob", f"{POD}.automountServiceAccountToken", True, "token"),
    ("shared", "Deployment", "spec.template.spec.enableServiceLinks", True, "look like settings"),
    ("shared", "Deployment", "spec.replicas", 2, "may tell"),
    ("shared", "CronJob", f"{POD}.securityContext.runAsNonRoot", False, "root"),
    ("shared", "CronJob", f"{POD}.containers.0.securityContext.readOnlyRootFilesystem", False, "own files"),
    ("shared", "CronJob", f"{POD}.containers.0.securityContext.capabilities", {}, "capabilities"),
    ("shared", "CronJob", f"{POD}.volumes.0.name", "session", "no volume"),
    ("shared", "PodMonitor", "spec.podMetricsEndpoints.0.port", "metric", "the port"),
    ("sidecar", "StatefulSet", "spec.template.spec.securityContext.fsGroupChangePolicy", "Always", "the group"),
    ("sidecar", "StatefulSet", "spec.template.spec.initContainers.0.startupProbe", {}, "from its work"),
    ("sidecar", "StatefulSet", "spec.template.spec.initContainers.0.restartPolicy", "Never", "before the bot"),
    ("sidecar", "StatefulSet", "spec.volumeClaimTemplates.0.spec.accessModes", ["ReadWriteMany"], "two pods"),
]


@pytest.mark.parametrize(("shape", "kind", "path", "value", "problem"), BROKEN)
def test_each_rule_of_ours_can_fail(shape: str, kind: str, path: str, value: Any, problem: str) -> None:
    """A manifest with one thing wrong is found, and the sentence says what."""
    documents: list[Manifest] = copy.deepcopy(manifests(example(shape)))
    (document,) = (each for each in documents if each["kind"] == kind)
    before, _, last = path.rpartition(".")
    _at(document, before)[int(last) if last.isdigit() else last] = value
    assert [problem] == [problem for found in problems(documents) if problem in found]


@pytest.mark.parametrize(
    ("text", "fine"),
    [
        *(("0 3 * * *", True), ("*/5 1-4 1,15 12 0-6", True), ("60 3 * * *", False), ("0 3 * * 7", False)),
        *(("0 3 * *", False), ("@daily", False), ("0 3 0 * *", False), ("0 3 * * MON", False)),
    ],
)
def test_what_a_schedule_is(helm: str, text: str, *, fine: bool) -> None:
    """Our rule and the chart's schema agree about it."""
    assert fine == is_schedule(text)
    command = [helm, "template", "x", str(CHART), "--set-json", f'schedule="{text}"']
    assert fine == (subprocess.run(command, capture_output=True, check=False).returncode == 0)


@pytest.mark.parametrize(
    "wrong",
    [
        *('shap="shared"', 'shape="cloud"', "shards=0", 'cleanAt="25:00"', "cleanJitterMinutes=721"),
        *("job.retry=1", 'sessions.mountPath="relative"', "podSecurityContext.runAsUser=0", 'image.digest="latest"'),
        *('shape="sidecar"', 'shape="database"', "podSecurityContext.runAsNonRoot=false", "settings={}"),
    ],
)
def test_values_that_make_no_sense_are_refused(helm: str, wrong: str) -> None:
    """A misspelt name, a number out of bounds, a bot without an image, a database without a Secret: no manifest."""
    command = [helm, "template", "x", str(CHART), "--set-json", wrong]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode
    assert "values don't meet the specifications of the schema" in done.stderr


def test_every_value_has_a_comment_above() -> None:
    """A value stands under its explanation, alone or in the block that the explanation is about."""
    lines = VALUES.splitlines()
    tops = [number for number, line in enumerate(lines) if re.match(r"[a-zA-Z]+:", line)]
    bare = [lines[number] for number in tops if not re.match(r"#|[a-zA-Z]+:|$", lines[number - 1].strip() or "#")]
    assert bare == []
    documented = {line.split(":")[0] for line in lines if re.match(r"[a-zA-Z]+:", line)}
    assert documented == set(manifests(VALUES)[0])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("job.dryRun=true", "- --dry-run"),
        ("sessions.subPath=bots", 'subPath: "bots"'),
        (f"image.digest=sha256:{'a' * 64}", f'image: "baileys-cleanup@sha256:{"a" * 64}"'),
        ("image.tag=1.2.3", 'image: "baileys-cleanup:1.2.3"'),
        ("monitor.interval=1m", "- --interval=1m"),
        ("job.suspend=true", "suspend: true"),
    ],
)
def test_a_value_arrives(helm: str, value: str, text: str) -> None:
    """What is set stands in the manifests, and they are still sound."""
    made = rendered(helm, "--set", value)
    assert text in made
    assert problems(manifests(made)) == []


def test_what_is_more_than_text_arrives(helm: str, tmp_path: Path) -> None:
    """Volumes of one's own, places, labels: the manifests still fit the schemas."""
    values = tmp_path / "values.yaml"
    values.write_text("""
shape: shared
imagePullSecrets: [{name: registry}]
nodeSelector: {disk: fast}
tolerations: [{key: bots, operator: Exists}]
affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname}]}}
podLabels: {team: bots}
podAnnotations: {note: "1"}
extraVolumes: [{name: archives, persistentVolumeClaim: {claimName: archives}}]
extraVolumeMounts: [{name: archives, mountPath: /var/backups/baileys}]
""")
    made = tmp_path / "made.yaml"
    made.write_text(rendered(helm, "-f", values))
    assert (validate(made).returncode, problems(manifests(made.read_text()))) == (0, [])
    for text in ("claimName: archives", "disk: fast", "key: bots", "team: bots", "name: registry", 'note: "1"'):
        assert made.read_text().count(text) >= 2


def test_without_a_monitor_there_is_only_the_night(helm: str) -> None:
    """`monitor.enabled=false` leaves settings and CronJob."""
    made = manifests(rendered(helm, "--set", "monitor.enabled=false"))
    assert ["ConfigMap", "CronJob"] == [each["kind"] for each in made]
