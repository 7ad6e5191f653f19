# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documented rights are enough for all of verify, and without them nothing is taken for well."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import yaml

from tests.lab.config import REPOSITORY
from tests.scenarios.stage import Stage

_DOCUMENT = REPOSITORY / "docs" / "verify-clusterrole.yml"
_GROUP = "clusterset-verifiers"
_OWN_NAMESPACE = "submariner-lifecycle"
_EVERYTHING = {
    "submariner_verify_residue": True,
    "submariner_verify_access": True,
    "submariner_verify_logs": True,
    "submariner_verify_data_path": True,
    "submariner_verify_data_path_dns": True,
    "submariner_verify_data_path_mtu": True,
    "submariner_verify_window": 5,
    "submariner_verify_report_only": True,
}


def verify_rights(stage: Stage) -> None:
    """As somebody who is in that group alone; real API servers decide."""
    stage.ensure_whole()
    with _granted(stage):
        told = _verify(stage)
        unknown = [f"{f['id']}: {f['subject']} {f['observed']}" for f in told["findings"] if f["severity"] == "unknown"]
        stage.require(unknown + told["unjudged"], "everything can be read")
        stage.require([] if told["verdict"] in ("pass", "degraded") else [told["verdict"]], "a good verdict")
        stage.fleet.lab.kubectl("west", "delete", "clusterrolebinding", "clusterset-verify")
        told = _verify(stage)
        stage.require(
            [] if told["verdict"] == "unknown" else [told["verdict"]], "nothing is well that is not allowed to be read"
        )


@contextmanager
def _granted(stage: Stage) -> Iterator[None]:
    items: list[dict[str, Any]] = yaml.safe_load(_DOCUMENT.read_text())["items"]
    lab = stage.fleet.lab
    granted = {}
    for cluster in stage.fleet.names:
        lab.kubectl(cluster, "create", "namespace", _OWN_NAMESPACE)
        there = lab.kubectl(cluster, "get", "namespaces", "-o", "jsonpath={.items[*].metadata.name}").out.split()
        here = [item for item in items if item["metadata"].get("namespace", "default") in there]
        granted[cluster] = json.dumps({"apiVersion": "v1", "kind": "List", "items": here})
    try:
        for cluster, document in granted.items():
            lab.kubectl(cluster, "apply", "-f", "-", stdin=document)
        yield
    finally:
        for cluster, document in granted.items():
            lab.kubectl(cluster, "delete", "--ignore-not-found", "-f", "-", stdin=document)
            lab.kubectl(cluster, "delete", "namespace", _OWN_NAMESPACE, "--ignore-not-found")


def _verify(stage: Stage) -> dict[str, Any]:
    inventory = stage.inventory()
    inventory.common |= {**_EVERYTHING, "submariner_report_dir": str(stage.folder)}
    inventory.common |= {"submariner_impersonate_user": "verifier", "submariner_impersonate_groups": [_GROUP]}
    (stage.folder / "result.json").unlink(missing_ok=True)
    run = stage.play("verify", inventory=inventory)
    said = [f"{failure.host}: {failure.message}" for failure in run.failures]
    stage.require(said if run.code else [], "verify ends")
    result: dict[str, Any] = json.loads((stage.folder / "result.json").read_text())
    return result
