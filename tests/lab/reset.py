# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Back to the clusters as they were made: what is there now and was not then is removed."""

from __future__ import annotations

import json
from typing import Any

from tests.lab.clusters import Clusters
from tests.lab.config import DATA, LabError
from tests.lab.process import parallel, wait_until

_CLUSTER_KINDS = (
    "namespaces", "customresourcedefinitions", "clusterroles", "clusterrolebindings", "apiservices",
    "persistentvolumes", "storageclasses", "priorityclasses",
    "validatingwebhookconfigurations", "mutatingwebhookconfigurations",
    "validatingadmissionpolicies", "validatingadmissionpolicybindings",
)  # fmt: skip
_NAMESPACED_KINDS = (
    "deployments", "daemonsets", "statefulsets", "cronjobs", "jobs", "pods", "services", "configmaps", "secrets",
    "serviceaccounts", "roles", "rolebindings", "networkpolicies", "persistentvolumeclaims", "resourcequotas",
)  # fmt: skip
_KEPT_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
_COREDNS = ("-n", "kube-system", "configmap", "coredns")
# The control plane makes these when it needs them, long after the cluster is ready.
_MADE_BY_KUBERNETES = (
    "clusterrole/system:",
    "clusterrolebinding/system:",
    "role/system:",
    "rolebinding/system:",
    "apiservice/v",
)
_LIGHTHOUSE_SLICES = (
    "endpointslices",
    "-A",
    "-l",
    "endpointslice.kubernetes.io/managed-by=lighthouse-agent.submariner.io",
)
_NODE_LINKS = "for l in /sys/class/net/*; do case $l in */veth*) ;; *) echo ${l##*/} ;; esac; done"
_LIMIT = 90.0


def baseline(clusters: Clusters, cluster: str) -> dict[str, list[str]]:
    """Taken when a cluster is complete and nobody has worked with it."""
    known = {"objects": sorted(_objects(clusters, cluster)), "corefile": [_corefile(clusters, cluster)]}
    for node in _nodes(clusters, cluster):
        known[f"links {node}"] = clusters.in_node(node, "sh", "-c", _NODE_LINKS).out.split()
        known[f"labels {node}"], known[f"annotations {node}"] = _node_marks(clusters, cluster, node)
    return known


def reset(clusters: Clusters, cluster: str, known: dict[str, list[str]]) -> None:
    before = set(known["objects"])
    left: set[str] = _objects(clusters, cluster) - before

    def gone() -> bool:
        nonlocal left
        _remove(clusters, cluster, left)
        left = _objects(clusters, cluster) - before
        return not left

    if left and not wait_until(gone, _LIMIT, 1.0):
        raise LabError(
            f"{cluster} cannot be cleared of {', '.join(sorted(left)[:5])}; `lab down`, `lab up` make it anew"
        )
    clusters.kubectl(cluster, "delete", *_LIGHTHOUSE_SLICES)  # nobody owns them
    if _corefile(clusters, cluster) != known["corefile"][0]:
        patch = json.dumps({"data": {"Corefile": known["corefile"][0]}})
        clusters.kubectl(cluster, "patch", *_COREDNS, "--type=merge", "-p", patch)
    parallel(lambda node: _reset_node(clusters, cluster, node, known), _nodes(clusters, cluster))


def _nodes(clusters: Clusters, cluster: str) -> list[str]:
    return [node.name for node in clusters.nodes() if node.cluster == cluster]


def _corefile(clusters: Clusters, cluster: str) -> str:
    return clusters.kubectl(cluster, "get", *_COREDNS, "-o", "jsonpath={.data.Corefile}").out


def _items(clusters: Clusters, cluster: str, *arguments: str) -> list[dict[str, Any]]:
    document = json.loads(clusters.kubectl(cluster, "get", *arguments, "-o", "json").out)
    items: list[dict[str, Any]] = document["items"]
    return items


def _objects(clusters: Clusters, cluster: str) -> set[str]:
    """Names of all objects that stand for themselves: cluster-wide ones, and those of the system's namespaces."""
    found = set()
    for item in _items(clusters, cluster, ",".join((*_CLUSTER_KINDS, *_NAMESPACED_KINDS)), "-A"):
        metadata = item["metadata"]
        namespace = metadata.get("namespace", "")
        if metadata.get("ownerReferences") or (namespace and namespace not in _KEPT_NAMESPACES):
            continue
        name = f"{item['kind'].lower()}/{metadata['name']}" + (f" {namespace}" if namespace else "")
        if not name.startswith(_MADE_BY_KUBERNETES):
            found.add(name)
    return found


def _remove(clusters: Clusters, cluster: str, extra: set[str]) -> None:
    """One round: workloads end first, so that nobody puts back what goes; then finalizers, then the rest."""
    namespaces = sorted(name.partition("/")[2] for name in extra if name.startswith("namespace/"))
    for namespace in namespaces:
        workloads = ("deployments,daemonsets,statefulsets,cronjobs,jobs,pods", "--all", "-n", namespace)
        clusters.kubectl(cluster, "delete", *workloads, "--grace-period=1", "--wait=false", check=False)
    definitions = sorted(n.partition("/")[2] for n in extra if n.startswith("customresourcedefinition/"))
    if definitions:
        _drop_finalizers(clusters, cluster, ",".join(definitions))
    # Globalnet's internal Services stand beside those of the users.
    spaces = {*namespaces, *(name.partition(" ")[2] for name in extra if name.startswith("service/"))}
    if spaces:
        _drop_finalizers(clusters, cluster, "services", spaces)
    by_namespace: dict[str, list[str]] = {}
    for name in sorted(extra):
        what, _space, namespace = name.partition(" ")
        by_namespace.setdefault(namespace, []).append(what)
    for namespace, names in by_namespace.items():
        where = ("-n", namespace) if namespace else ()
        flags = ("--wait=false", "--ignore-not-found", "--grace-period=1")
        clusters.kubectl(cluster, "delete", *names, *where, *flags, check=False)


def _drop_finalizers(clusters: Clusters, cluster: str, kinds: str, only: set[str] | None = None) -> None:
    answer = clusters.kubectl(cluster, "get", kinds, "-A", "-o", "json", check=False)
    if answer.rc != 0:
        return  # a definition went meanwhile; the next round sees the rest
    for item in json.loads(answer.out)["items"]:
        metadata = item["metadata"]
        if not metadata.get("finalizers") or (only is not None and metadata.get("namespace") not in only):
            continue
        group = item["apiVersion"].rpartition("/")[0]
        what = f"{item['kind'].lower()}.{group}" if group else item["kind"].lower()
        where = ("-n", metadata["namespace"]) if metadata.get("namespace") else ()
        patch = '{"metadata": {"finalizers": null}}'
        command = ("patch", what, metadata["name"], *where, "--type=merge", "-p", patch)
        clusters.kubectl(cluster, *command, check=False)


def _node_marks(clusters: Clusters, cluster: str, node: str) -> tuple[list[str], list[str]]:
    metadata = json.loads(clusters.kubectl(cluster, "get", "node", node, "-o", "json").out)["metadata"]
    return sorted(metadata.get("labels", {})), sorted(metadata.get("annotations", {}))


def _reset_node(clusters: Clusters, cluster: str, node: str, known: dict[str, list[str]]) -> None:
    labels, annotations = _node_marks(clusters, cluster, node)
    for verb, now, then in (
        ("label", labels, known[f"labels {node}"]),
        ("annotate", annotations, known[f"annotations {node}"]),
    ):
        surplus = [f"{key}-" for key in now if key not in then]
        if surplus:
            clusters.kubectl(cluster, verb, "node", node, *surplus)
    script = (DATA / "node" / "reset.sh").read_text()
    clusters.in_node(node, "sh", "-s", *known[f"links {node}"], stdin=script)
