# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster is made of that Submariner depends on: its network and its platform; pure.

Private to this collection, may change at any time. Source: submariner.md 2.4 and 6.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils._catalogue import MCS_CRDS
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    Json,
    Snapshot,
    mapping,
    sequence,
    text,
)

SITE_KEYS = frozenset(
    ["daemonsets-all", "kube-proxy", "calico-pools", "ippools", "openshift-network", "openshift-version"]
)
"""Readings of the section V(site) that no other check needs: without them the site is not judged, and nothing else."""

AGENTS: dict[str, str] = {
    "antrea-agent": "antrea",
    "aws-node": "amazon-vpc",
    "calico-node": "calico",
    "canal": "canal-flannel",
    "cilium": "cilium",
    "kindnet": "kindnet",
    "kube-flannel": "flannel",
    "kube-flannel-ds": "flannel",
    "kube-router": "kube-router",
    "ovnkube-node": "OVNKubernetes",
    "rke2-canal": "canal-flannel",
    "sdn": "OpenShiftSDN",
    "weave-net": "weave-net",
}
"""DaemonSet -> the network plugin whose agent it runs, by the names of submariner.md 6 where it has one."""

CALICO_DEFINITION = "ippools.crd.projectcalico.org"
MODE = re.compile(r"^\s*mode:\s*[\"']?(\w*)", re.MULTILINE)
FOREIGN_MCS = ("cilium", "gke", "google", "istio", "karmada", "kubeslice", "linkerd", "antrea", "fleet.azure", "amazon")
"""Words in the marks of others that implement the Multi-Cluster Services API."""


def site_of(snapshot: Snapshot) -> Json:
    """The facts, each missing when its reading was not answered; empty when the section was not read."""
    facts: dict[str, tuple[tuple[str, ...], t.Callable[[Snapshot], t.Any]]] = {
        "plugins": (("daemonsets-all",), _plugins),
        "proxy": (("kube-proxy",), _proxy),
        "pools": (("calico-pools",), _pools),
        "pool_api": (("ippools",), lambda s: s.reading("ippools").state == "present"),
        "openshift_network": (("openshift-network",), _openshift_network),
        "openshift": (("openshift-version",), _openshift_version),
        "foreign_mcs": (("crds",), _foreign_mcs),
    }
    if "daemonsets-all" not in snapshot.readings:
        return {}
    return {name: find(snapshot) for name, (keys, find) in facts.items() if snapshot.known(*keys)}


def plugin_of(site: Json, said: str) -> str:
    """The network plugin: OpenShift's own word, else by the agents, else as the operator C(said); empty when not known."""
    found = text(site.get("openshift_network"))
    agents = [text(p) for p in sequence(site.get("plugins"))]
    if "canal-flannel" in agents or {"calico", "flannel"} <= set(agents):
        return found or "canal-flannel"
    return found or (agents[0] if len(agents) == 1 else "") or ("" if said == "generic" else said) or "/".join(agents)


def _names(snapshot: Snapshot, key: str) -> list[str]:
    return [text(mapping(o.get("metadata")).get("name")) for o in snapshot.objects(key)]


def _plugins(snapshot: Snapshot) -> list[str]:
    return sorted({AGENTS[name] for name in _names(snapshot, "daemonsets-all") if name in AGENTS})


def _proxy(snapshot: Snapshot) -> str:
    """The mode that kube-proxy is told, V(iptables) when it is left to it; empty without its ConfigMap."""
    config = mapping(snapshot.first_of("kube-proxy").get("data"))
    if not config:
        return ""
    modes = [mode for value in config.values() for mode in MODE.findall(text(value)) if mode]
    return next(iter(modes), "iptables")


def _pools(snapshot: Snapshot) -> list[Json]:
    """Calico's pools that are not Submariner's, and all that there are for other clusters."""
    found = []
    for obj in snapshot.objects("calico-pools"):
        spec, labels = mapping(obj.get("spec")), mapping(mapping(obj.get("metadata")).get("labels"))
        found.append(
            {
                "cidr": text(spec.get("cidr")),
                "vxlan": text(spec.get("vxlanMode")) not in ("", "Never"),
                "disabled": spec.get("disabled") is True,
                "ours": labels.get("submariner.io/ippool") == "true",
            }
        )
    return found


def _openshift_network(snapshot: Snapshot) -> str:
    network = snapshot.first_of("openshift-network")
    return text(mapping(network.get("status")).get("networkType")) or text(
        mapping(network.get("spec")).get("networkType")
    )


def _openshift_version(snapshot: Snapshot) -> str:
    status = mapping(snapshot.first_of("openshift-version").get("status"))
    return text(mapping(status.get("desired")).get("version"))


def _foreign_mcs(snapshot: Snapshot) -> dict[str, str]:
    """Definitions of the Multi-Cluster Services API that carry somebody else's mark, with that mark."""
    found = {}
    for obj in snapshot.objects("crds"):
        meta = mapping(obj.get("metadata"))
        if text(meta.get("name")) in MCS_CRDS:
            marks = [
                f"{key}={value}"
                for place in ("labels", "annotations")
                for key, value in mapping(meta.get(place)).items()
                if any(word in f"{key}={value}".lower() for word in FOREIGN_MCS)
            ]
            if marks:
                found[text(meta.get("name"))] = min(marks, key=len)[:100]
    return found
