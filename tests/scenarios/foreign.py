# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Things of other people that look like Submariner's: whatever is removed, they stay as they are."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.lab.process import parallel
from tests.scenarios import objects
from tests.scenarios.fleet import Fleet
from tests.scenarios.judge import Json, Objects

MARK = "mine"
"""What all of their names contain."""
_NAMESPACE = "submariner-mine"
_LABELS = {"app.kubernetes.io/part-of": MARK}


def _object(api: str, kind: str, name: str, namespace: str = "", **content: Any) -> Json:
    place = {"namespace": namespace} if namespace else {}
    return {
        "apiVersion": api, "kind": kind, "metadata": {"name": name, **place, "labels": _LABELS}, **content,
    }  # fmt: skip


_RBAC = "rbac.authorization.k8s.io/v1"
_MCS = "multicluster.x-k8s.io/v1alpha1"
OBJECTS: tuple[Json, ...] = (
    _object("v1", "Namespace", _NAMESPACE),
    _object("v1", "ConfigMap", "submariner-lighthouse-coredns-mine", _NAMESPACE, data={"key": "value"}),
    _object(
        "v1", "Service", "submariner-mine", _NAMESPACE,
        spec={"selector": {"app": MARK}, "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}]},
    ),
    _object(_MCS, "ServiceExport", "submariner-mine", _NAMESPACE),
    _object("v1", "ServiceAccount", "submariner-gateway", _NAMESPACE),
    _object(_RBAC, "ClusterRole", "submariner-mine", rules=[]),
    # Its namesake in subctl's uninstall takes the role with it (measured.md).
    _object(
        _RBAC, "ClusterRoleBinding", "submariner-admins-mine",
        roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        subjects=[{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "nobody"}],
    ),
    _object(
        "apiextensions.k8s.io/v1", "CustomResourceDefinition", "mines.mine.submariner.io",
        spec={
            "group": "mine.submariner.io", "scope": "Namespaced",
            "names": {"kind": "Mine", "plural": "mines", "singular": MARK, "listKind": "MineList"},
            "versions": [
                {
                    "name": "v1", "served": True, "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object"}},
                }
            ],
        },
    ),
)  # fmt: skip
_KEPT = ("ClusterRole cluster-admin",)

# Own chains, sets, links, rules and routes, with names and numbers that are nearly Submariner's.
_PLANT = """
iptables -w 10 -N SUBMARINER-mine; iptables -w 10 -A FORWARD -s 198.51.100.0/24 -j SUBMARINER-mine
iptables -w 10 -t nat -N SM-GN-mine; iptables -w 10 -t nat -A POSTROUTING -s 198.51.100.0/24 -j SM-GN-mine
ipset create SUBMARINER-mine hash:net; ipset add SUBMARINER-mine 198.51.100.0/24
ip link add vx-mine type vxlan id 1000 dstport 4501 dev eth0; ip link set vx-mine up
ip rule add priority 149 fwmark 0x7 lookup 149; ip route add 198.51.101.0/24 dev vx-mine table 149
ip rule add priority 201 from 198.51.100.0/24 lookup 150
"""
_TAKE_BACK = """
iptables -w 10 -D FORWARD -s 198.51.100.0/24 -j SUBMARINER-mine; iptables -w 10 -X SUBMARINER-mine
iptables -w 10 -t nat -D POSTROUTING -s 198.51.100.0/24 -j SM-GN-mine; iptables -w 10 -t nat -X SM-GN-mine
ipset destroy SUBMARINER-mine
ip link delete vx-mine
ip rule delete priority 149 fwmark 0x7 lookup 149
ip rule delete priority 201 from 198.51.100.0/24 lookup 150
"""
_NODE_SIGNS = (MARK, "198.51.10", "fwmark")
_GATEWAY_LABEL = "submariner.io/gateway"


@dataclass(frozen=True)
class Foreign:
    """What was planted, as it was then."""

    fleet: Fleet
    objects: dict[str, list[Json]]
    nodes: dict[str, list[str]]
    gateways: dict[str, list[str]]
    """The nodes that the lab labelled with kubectl, as a user does: nothing but an uninstall by subctl takes that off."""

    def changes(self) -> list[str]:
        """What of it is not as it was."""
        now = plant_of(self.fleet)
        found = [
            f"{cluster}: {line}"
            for cluster, before in self.objects.items()
            for line in objects.differences(before, now.objects[cluster])
        ]
        for node, before_lines in self.nodes.items():
            found += [f"{node}: lost {line}" for line in before_lines if line not in now.nodes[node]]
        for cluster, labelled in self.gateways.items():
            if labelled != now.gateways[cluster]:
                found.append(f"{cluster}: labelled as gateways {_said(now.gateways[cluster])}, were {_said(labelled)}")
        return found

    def take_back(self) -> None:
        _on_all_nodes(self.fleet, _TAKE_BACK, check=False)
        names = [f"{item['kind'].lower()}/{item['metadata']['name']}" for item in OBJECTS if _wide(item)]
        flags = ("--ignore-not-found", "--wait=true")
        parallel(lambda cluster: self.fleet.lab.kubectl(cluster, "delete", *names, *flags), self.fleet.names)


def plant(fleet: Fleet) -> Foreign:
    document = json.dumps({"apiVersion": "v1", "kind": "List", "items": OBJECTS})
    parallel(lambda cluster: fleet.lab.kubectl(cluster, "apply", "-f", "-", stdin=document), fleet.names)
    _on_all_nodes(fleet, "set -e\n" + _PLANT)
    planted = plant_of(fleet)
    missing = [cluster for cluster, items in planted.objects.items() if len(items) < len(OBJECTS) + len(_KEPT)]
    missing += [node for node, lines in planted.nodes.items() if len(lines) < len(_PLANT.strip().splitlines())]
    missing += [f"{cluster} (no gateway node)" for cluster, labelled in planted.gateways.items() if not labelled]
    if missing:
        raise AssertionError(f"what was planted cannot be seen on {', '.join(missing)}")
    return planted


def plant_of(fleet: Fleet) -> Foreign:
    wanted = {(item["kind"], item["metadata"]["name"]) for item in OBJECTS}
    wanted |= {(kind, name) for kind, _space, name in (text.partition(" ") for text in _KEPT)}

    def ours(item: Json) -> bool:
        space = item["metadata"].get("namespace", _NAMESPACE)
        return (item["kind"], item["metadata"]["name"]) in wanted and space == _NAMESPACE

    seen = fleet.read()
    return Foreign(
        fleet,
        {cluster: [item for item in items if ours(item)] for cluster, items in seen.objects.items()},
        {
            node: [line for line in dump.lines if any(sign in line for sign in _NODE_SIGNS)]
            for node, dump in seen.nodes.items()
        },
        {cluster: gateways(items) for cluster, items in seen.objects.items()},
    )


def gateways(items: Objects) -> list[str]:
    """The nodes with the gateway label, whatever it says."""
    labels = {
        item["metadata"]["name"]: item["metadata"].get("labels") or {} for item in items if item["kind"] == "Node"
    }
    return sorted(f"{node}={found[_GATEWAY_LABEL]}" for node, found in labels.items() if _GATEWAY_LABEL in found)


def _said(labelled: list[str]) -> str:
    return ", ".join(labelled) or "none"


def _wide(item: Json) -> bool:
    return "namespace" not in item["metadata"]


def _on_all_nodes(fleet: Fleet, script: str, check: bool = True) -> None:
    names = [node.name for node in fleet.lab.nodes()]
    parallel(lambda name: fleet.lab.in_node(name, "sh", "-s", stdin=script, check=check), names)
