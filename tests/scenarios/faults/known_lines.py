# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every line of a log that the collection knows, said by pods of the cluster: each is found, and nothing is unknown."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.submariner.lifecycle.plugins.module_utils._known_lines import (
    COMPONENTS,
    LINES,
    OPERATOR,
    KnownLine,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._logs import holds_for
from tests.scenarios.faults.fault import MEMBER, findings, kubectl
from tests.scenarios.judge import MEMBER_NAMESPACE
from tests.scenarios.stage import Stage

_NAME = "said-by-a-scenario"
_STRANGE = "ERR planted.go:2 a line that is in no table"
_LOGS = {"submariner_verify_logs": True}


def said(row: KnownLine, broker: str) -> list[str]:
    """What a component would have to say to be understood."""
    about = f' Get "https://{broker}/apis"' if row.broker else ""
    return [f"ERR planted.go:1 {sign}{about}" for sign in row.signs]


def pod(component: str, image: str, lines: list[str]) -> dict[str, Any]:
    """One of the component, that no controller takes for its own."""
    label = {"name": "submariner-operator"} if component == OPERATOR else {"app": f"submariner-{component}-uninstall"}
    script = 'for line in "$@"; do echo "$line"; done; sleep 600'
    container = {"name": "said", "image": image, "command": ["sh", "-c", script, "sh", *lines]}
    metadata = {"name": f"{_NAME}-{component}", "namespace": MEMBER_NAMESPACE, "labels": label}
    content = {"containers": [container], "terminationGracePeriodSeconds": 0}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": content}


def known_lines(stage: Stage) -> None:
    stage.ensure_whole()
    version = stage.fleet.state.version
    rows = [row for row in LINES if holds_for(row.since, row.until, version)]
    spec = json.loads(kubectl(stage, MEMBER, "-n", MEMBER_NAMESPACE, "get", "submariners.submariner.io", "-o", "json"))
    broker = spec["items"][0]["spec"]["brokerK8sApiServer"]
    pods = []
    for component in COMPONENTS:
        lines = [line for row in rows if component in row.components for line in said(row, broker)]
        pods.append(pod(component, f"quay.io/submariner/nettest:{version}", [*lines, _STRANGE]))
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": pods})
    usual = {item["id"] for item in findings(stage, _LOGS)}
    stage.notes.append(f"{len({row.id for row in rows})} kinds of lines")
    names = [f"pod/{item['metadata']['name']}" for item in pods]
    try:
        kubectl(stage, MEMBER, "create", "-f", "-", stdin=text)
        kubectl(stage, MEMBER, "-n", MEMBER_NAMESPACE, "wait", *names, "--for=condition=Ready", "--timeout=50s")
        found = {item["id"] for item in findings(stage, _LOGS)}
    finally:
        kubectl(stage, MEMBER, "delete", "-f", "-", "--ignore-not-found", stdin=text)
    wanted = {row.id for row in rows} | {"log.unknown-error"}
    stage.require(sorted(wanted - found), "each line is found")
    stage.require(sorted(found - wanted - usual), "nothing else is found")
