# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`subctl uninstall`: returns before anything is gone, and takes what the names say, whoever made it."""

from __future__ import annotations

import random
import time

from .. import names
from . import contexts, prompts
from .api import Api, at_once, path
from .contexts import ClusterInfo
from .flags import Flag, Values
from .status import ApiError, Reporter

FLAGS = (
    Flag("yes", "bool", short="y", usage="automatically answer yes to confirmation prompt"),
    *contexts.flags(namespace=True),
)
POLL_SECONDS = 2
LIMIT_SECONDS = 150
# The time is up and the next request is due at the same instant: which of them a real subctl sees first is chance. Then it
# either says this and leaves the finalizer alone, or looks for the operator; both were seen.
OUT_OF_TIME = "client rate limiter Wait returned an error: rate: Wait(n=1) would exceed context deadline"


def run(values: Values, status: Reporter) -> None:
    def action(info: ClusterInfo, reporter: Reporter) -> None:
        question = (
            f'This will completely uninstall Submariner from the cluster "{info.name}". '
            "Are you sure you want to continue?"
        )
        if values.on("yes") or prompts.confirm(question):
            _uninstall(info, reporter)

    contexts.on_selected(values, names.OPERATOR_NAMESPACE, action, status)


def _uninstall(info: ClusterInfo, status: Reporter) -> None:
    api, cluster, namespace = info.api, info.name, info.namespace
    found = _delete_cr(info, "Submariner", names.SUBMARINER_CR, "connectivity", status)
    if not found:
        _delete_cr(info, "ServiceDiscovery", names.SERVICE_DISCOVERY_CR, "service discovery", status)
    deleted = _delete_broker(info, _broker_namespace(info, status), status)
    _delete_roles(api, cluster, keep_operator=not deleted, status=status)
    if deleted:
        with (
            status.step(f'Deleting the Submariner namespace "{namespace}" on cluster "{cluster}"'),
            status.explaining("Error deleting the Submariner namespace"),
        ):
            api.delete(path("Namespace", "", namespace))
        _delete_crds(api, cluster, status)
    _unlabel(api, cluster, status)


def _delete_cr(info: ClusterInfo, kind: str, name: str, component: str, status: Reporter) -> bool:
    """Whether there was such a resource; returns when it is gone."""
    where = f'on cluster "{info.name}"'
    location = path(kind, info.namespace, name)
    with status.step(f"Checking if the {component} component is installed {where}"):
        with status.explaining(f"Error retrieving the {kind} resource"):
            found = info.api.find(location)
        if found is None:
            status.success(f"The {component} component is not installed {where} - skipping")
            return False
        status.success(f"The {component} component is installed {where}")
        status.start(f"Deleting the {kind} resource - this may take some time")
        with status.explaining(f'Error deleting {kind} resource "{name}"'):
            if not _await_deleted(info.api, location):
                _release(info, location, status)
                _await_deleted(info.api, location)
    return True


def _await_deleted(api: Api, location: str) -> bool:
    """Whether it is gone."""
    end = time.monotonic() + LIMIT_SECONDS
    while api.delete(location):
        if time.monotonic() + POLL_SECONDS > end:
            time.sleep(max(0.0, end - time.monotonic()))
            if sees_request_first():
                raise ApiError(0, OUT_OF_TIME)
            return False
        time.sleep(POLL_SECONDS)
    return True


def sees_request_first() -> bool:
    return random.random() < 0.5  # noqa: S311  a toss, no secret


def _release(info: ClusterInfo, location: str, status: Reporter) -> None:
    """Take the operator's finalizer away, unless a pod of the operator runs (submariner.md 3.2, step 2b)."""
    pods = info.api.list(path("Pod", info.namespace), labelSelector=f"name={names.OPERATOR_NAMESPACE}")
    if any(pod["status"].get("phase") == "Running" for pod in pods):
        raise ApiError(0, "a pod of the operator is running and did not finish the deletion")
    status.warning("The resource is deleted by force, since no pod of the operator is running")
    found = info.api.find(location)
    if found is not None:
        metadata = found["metadata"]
        rest = [name for name in metadata.get("finalizers", []) if name != names.CLEANUP_FINALIZER]
        info.api.patch(location, {"metadata": {"resourceVersion": metadata["resourceVersion"], "finalizers": rest}})


def _broker_namespace(info: ClusterInfo, status: Reporter) -> str:
    with status.step(f'Checking if the broker component is installed on cluster "{info.name}"'):
        with status.explaining("Error listing broker resources"):
            brokers = info.api.list(path("Broker"))
        if not brokers:
            status.success(f'The broker component is not installed on cluster "{info.name}"')
            return ""
        namespace = str(brokers[0]["metadata"]["namespace"])
        status.success(f'The broker component is installed in namespace "{namespace}"')
        return namespace


def _delete_broker(info: ClusterInfo, namespace: str, status: Reporter) -> bool:
    """Whether the cluster has no broker any more. Any other cluster's Endpoint keeps it, a ghost's too."""
    if not namespace:
        return True
    with status.explaining(f'Error retrieving broker namespace "{namespace}"'):
        if info.api.find(path("Namespace", "", namespace)) is None:
            return True
    with status.step(f'Verifying broker namespace "{namespace}" is not in use'):
        with status.explaining("error retrieving Endpoints"):
            endpoints = info.api.list_known(path("Endpoint", namespace))
        owners = [str(endpoint["spec"]["cluster_id"]) for endpoint in endpoints]
        others = [owner for owner in owners if owner != info.name]
        if others:
            status.warning(
                f'Broker namespace "{namespace}" appears to be in use by other clusters ([{" ".join(others)}])'
                " - keeping the broker components."
            )
            return False
    with (
        status.step(f'Deleting the broker namespace "{namespace}"'),
        status.explaining("Error deleting the broker namespace"),
    ):
        info.api.delete(path("Namespace", "", namespace))
    return True


def _delete_roles(api: Api, cluster: str, keep_operator: bool, status: Reporter) -> None:
    """Every binding with the prefix, and the role that it refers to."""
    with status.step(f'Deleting the Submariner cluster roles and bindings on cluster "{cluster}"'):
        with status.explaining("Error listing ClusterRoleBindings"):
            bindings = api.list(path("ClusterRoleBinding"))
        for binding in bindings:
            name, role = binding["metadata"]["name"], binding["roleRef"]["name"]
            if not name.startswith("submariner-") or (keep_operator and name == names.OPERATOR):
                continue
            with status.explaining(f'Error deleting ClusterRoleBinding "{name}"'):
                api.delete(path("ClusterRoleBinding", "", name))
            with status.explaining(f'Error deleting ClusterRole "{role}"'):
                api.delete(path("ClusterRole", "", role))
            status.success(f'Deleted the "{name}" cluster role and binding')


def _delete_crds(api: Api, cluster: str, status: Reporter) -> None:
    with status.step(f'Deleting the Submariner custom resource definitions on cluster "{cluster}"'):
        with status.explaining("Error listing CustomResourceDefinitions"):
            definitions = api.list(path("CustomResourceDefinition"))
        doomed = [d["metadata"]["name"] for d in definitions if d["metadata"]["name"].endswith(".submariner.io")]
        with status.explaining("Error deleting CustomResourceDefinition"):
            at_once(lambda name: api.delete(path("CustomResourceDefinition", "", name)), doomed)
        for name in doomed:
            status.success(f'Deleted the "{name}" custom resource definition')


def _unlabel(api: Api, cluster: str, status: Reporter) -> None:
    with status.step(f'Unlabeling gateway nodes on cluster "{cluster}"'):
        with status.explaining("Error listing Nodes"):
            nodes = api.list(path("Node"), labelSelector=f"{names.GATEWAY_NODE_LABEL}=true")
        for node in nodes:
            name = node["metadata"]["name"]
            with status.explaining(f'Error updating Node "{name}"'):
                api.patch(path("Node", "", name), {"metadata": {"labels": {names.GATEWAY_NODE_LABEL: None}}})
