# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is killed in the middle of a run, each by the id of one process."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from tests.scenarios.judge import MEMBER_NAMESPACE
from tests.scenarios.playbook import Playbook
from tests.scenarios.stage import ScenarioFailed, Stage

_APPEARS_WITHIN = 20.0
_PAUSE = 0.2

Kill = Callable[[Stage, Playbook, str], bool]
"""Kills in this cluster, or here; whether there was somebody to kill."""


def _playbook(_stage: Stage, running: Playbook, _cluster: str) -> bool:
    if running.process.poll() is not None:
        return False
    running.kill()
    return True


def _subctl(_stage: Stage, running: Playbook, _cluster: str) -> bool:
    """A process of a session of its own, and yet a descendant of the playbook."""
    for pid in descendants(running.process.pid):
        try:
            name = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if any(word.endswith(b"/subctl") for word in name[:2]):
            os.kill(pid, signal.SIGKILL)
            return True
    return False


def descendants(pid: int) -> list[int]:
    """All processes that C(pid) started, and that these started."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError, IndexError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, todo = [], [pid]
    while todo:
        todo += (mine := children.get(todo.pop(), []))
        found += mine
    return found


def _container(label: str) -> Kill:
    """The first process of the running container of a pod."""

    def kill(stage: Stage, _running: Playbook, cluster: str) -> bool:
        query = ("-n", MEMBER_NAMESPACE, "get", "pods", "-l", label, "-o", "json")
        answer = stage.fleet.lab.kubectl(cluster, *query, check=False)
        for pod in json.loads(answer.out)["items"] if answer.rc == 0 else []:
            for status in pod["status"].get("containerStatuses") or []:
                if "running" not in status["state"]:
                    continue
                container = status["containerID"].removeprefix("containerd://")
                ask = ("crictl", "inspect", "--output", "go-template", "--template", "{{.info.pid}}", container)
                pid = stage.fleet.lab.in_node(pod["spec"]["nodeName"], *ask, check=False).out.strip()
                if pid.isdigit() and _kill_in(stage, pod["spec"]["nodeName"], pid):
                    return True
        return False

    return kill


def _service(name: str, on_control_plane: bool) -> Kill:
    """A process of a node's system."""

    def kill(stage: Stage, _running: Playbook, cluster: str) -> bool:
        names = sorted(node.name for node in stage.fleet.lab.nodes() if node.cluster == cluster)
        node = next(node for node in names if node.endswith("-control-plane") == on_control_plane)
        pid = stage.fleet.lab.in_node(node, "pidof", "-s", name, check=False).out.strip()
        return pid.isdigit() and _kill_in(stage, node, pid)

    return kill


def _kill_in(stage: Stage, node: str, pid: str) -> bool:
    return stage.fleet.lab.in_node(node, "kill", "-KILL", pid, check=False).rc == 0


VICTIMS: dict[str, Kill] = {
    "playbook": _playbook,
    "subctl": _subctl,
    "operator": _container("name=submariner-operator"),
    "gateway": _container("app=submariner-gateway"),
    "kubelet": _service("kubelet", on_control_plane=False),
    "api-server": _service("kube-apiserver", on_control_plane=True),
}


def kill(victim: str, stage: Stage, running: Playbook, cluster: str) -> None:
    """As soon as there is one."""
    deadline = time.monotonic() + _APPEARS_WITHIN
    while not VICTIMS[victim](stage, running, cluster):
        if time.monotonic() > deadline:
            raise ScenarioFailed(f"there was no {victim} to kill")
        time.sleep(_PAUSE)
