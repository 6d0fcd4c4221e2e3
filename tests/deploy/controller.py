"""Plays the Job controller of Kubernetes: indexes, tries, what a failed pod means; pods are processes here.

Each pod is the container of the manifest: its arguments with `$(VARIABLE)` put in as the kubelet does, its variables and
no other ones. What a mount does to a path, the paths of the variables say here.
"""

import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from charts import Manifest, job_of
from machine import SESSIONS_ROOT
from web import TIMEOUT

_VARIABLE = re.compile(r"\$\(([A-Za-z_][A-Za-z0-9_]*)\)")
_KILLED = 128


@dataclass
class Pod:
    """One try of an index."""

    index: int
    attempt: int
    process: "subprocess.Popen[str]"
    drained: bool = False

    def drain(self) -> None:
        """End it as a node does that is drained: its condition is DisruptionTarget."""
        self.drained = True
        self.process.send_signal(signal.SIGTERM)


@dataclass
class Ended:
    """What became of a Job: the exit statuses of each index in their order, and the indexes that failed."""

    statuses: dict[int, list[int]] = field(default_factory=dict)
    failed: set[int] = field(default_factory=set)
    said: list[str] = field(default_factory=list)


class Controller:
    """Runs Jobs of a CronJob's manifest on a sessions root, with a folder of settings."""

    def __init__(self, tool: str, documents: list[Manifest], root: Path, settings: Path) -> None:
        self._tool = tool
        self.spec = job_of(documents)
        (self.container,) = self.spec["template"]["spec"]["containers"]
        self._places = {"/etc/baileys-cleanup": str(settings), SESSIONS_ROOT: str(root)}
        (config,) = (each for each in documents if each["kind"] == "ConfigMap")
        settings.mkdir(exist_ok=True)
        for name, text in config["data"].items():
            (settings / name).write_text(text)

    def _environment(self, index: int) -> dict[str, str]:
        env = {"PATH": os.environ["PATH"], "JOB_COMPLETION_INDEX": str(index)}
        for each in self.container["env"]:
            value = each["value"]
            for inside, outside in self._places.items():
                value = value.replace(inside, outside)
            env[each["name"]] = value
        return env

    def start(self, index: int, attempt: int = 0) -> Pod:
        """Start the container of one index."""
        env = self._environment(index)
        args = [_VARIABLE.sub(lambda found: env[found[1]], arg) for arg in self.container["args"]]
        process = subprocess.Popen(
            [self._tool, *args],
            env=env,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return Pod(index, attempt, process)

    def run(self, meddle: Callable[[Pod], object] = lambda _: None) -> Ended:
        """Run one Job to its end; `meddle` gets each pod once it was started."""
        ended = Ended()
        lock = threading.Lock()

        def of_index(index: int) -> None:
            counted = attempt = 0
            while True:
                pod = self.start(index, attempt)
                meddle(pod)
                out, err = pod.process.communicate(timeout=TIMEOUT)
                status = pod.process.returncode
                status = _KILLED - status if status < 0 else status
                with lock:
                    ended.statuses.setdefault(index, []).append(status)
                    ended.said.append(out + err)
                attempt += 1
                action = self._action(status, drained=pod.drained)
                counted += action == "Count"
                if status == 0:
                    return
                if action == "FailIndex" or counted > self.spec["backoffLimitPerIndex"]:
                    with lock:
                        ended.failed.add(index)
                    return
                threading.Event().wait(0.2)

        with ThreadPoolExecutor(self.spec["parallelism"]) as pool:
            list(pool.map(of_index, range(self.spec["completions"])))
        return ended

    def _action(self, status: int, *, drained: bool) -> str:
        """Return what the first rule that fits says of a pod that failed."""
        for rule in self.spec["podFailurePolicy"]["rules"]:
            codes = rule.get("onExitCodes")
            if codes and (status in codes["values"]) == (codes["operator"] == "In"):
                return str(rule["action"])
            if drained and any(each["type"] == "DisruptionTarget" for each in rule.get("onPodConditions", [])):
                return str(rule["action"])
        return "Count"
