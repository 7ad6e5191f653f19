# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects of the lab's clusters by kubectl's words, and changes to them that no component would make."""

from __future__ import annotations

import base64
import copy
import datetime
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.scenarios.faults.edits import Json, Where, inverse
from tests.scenarios.faults.fault import BROKER_NAMESPACE, MEMBER, Bring, kubectl, west_nodes
from tests.scenarios.fleet import BROKER
from tests.scenarios.judge import MEMBER_NAMESPACE
from tests.scenarios.stage import Stage

STRANGER = "north"
SPARE = "192.0.2.78"
"""An address that nobody has (RFC 5737)."""
EXPORT = {
    "apiVersion": "multicluster.x-k8s.io/v1alpha1",
    "kind": "ServiceExport",
    "metadata": {"name": "no-such-service", "namespace": "default"},
}
"""Of a Service that there is not."""

Change = Callable[[Json], Json]


def within(namespace: str, kind: str, name: str) -> Where:
    return ("-n", namespace, kind, name)


def installed(kind: str, name: str) -> Where:
    return within(MEMBER_NAMESPACE, kind, name)


SUBMARINER = installed("submariners.submariner.io", "submariner")
CREDENTIALS = installed("secret", "submariner-broker-secret")
COREFILE = within("kube-system", "configmap", "coredns")
GLOBALNET_TABLE = within(BROKER_NAMESPACE, "configmap", "submariner-globalnet-info")


GATEWAY_NODE = {"metadata": {"labels": {"submariner.io/gateway": "true"}}}


def endpoint(cluster: str, namespace: str) -> Callable[[Stage], Where]:
    """West's Endpoint, as the cluster has it there."""

    def where(stage: Stage) -> Where:
        said = kubectl(stage, cluster, "-n", namespace, "get", "endpoints.submariner.io", "-o", "json")
        items = json.loads(said)["items"]
        (name,) = (item["metadata"]["name"] for item in items if item["spec"]["cluster_id"] == MEMBER)
        return within(namespace, "endpoints.submariner.io", name)

    return where


OWN = endpoint(MEMBER, MEMBER_NAMESPACE)
COPY = endpoint(BROKER, MEMBER_NAMESPACE)
REGISTERED = endpoint(BROKER, BROKER_NAMESPACE)


def gateway(stage: Stage) -> Where:
    return installed("gateways.submariner.io", west_nodes(stage)[0])


def gateway_node(stage: Stage) -> Where:
    return ("node", west_nodes(stage)[0])


def other_node(stage: Stage) -> Where:
    return ("node", west_nodes(stage)[1][0])


def route_agent(stage: Stage) -> Where:
    """Of a node that pings the other gateways."""
    return installed("routeagents.submariner.io", west_nodes(stage)[1][0])


def spec(**changed: object) -> Json:
    return {"spec": changed}


def status(**changed: object) -> Json:
    return {"status": changed}


def connections(change: Callable[[list[Json]], list[Json]]) -> Change:
    """The connections that a Gateway reports, changed."""
    return lambda item: status(connections=change(copy.deepcopy(item["status"]["connections"])))


def to_another(**changed: object) -> Change:
    """The first connection, to another Endpoint than it is."""
    return connections(lambda found: [{**found[0], "endpoint": {**found[0]["endpoint"], **changed}}, *found[1:]])


def record(kind: str, name: str, namespace: str, origin: str, content: Json) -> Json:
    metadata = {"name": name, "namespace": namespace, "labels": {"submariner-io/clusterID": origin}}
    return {"apiVersion": "submariner.io/v1", "kind": kind, "metadata": metadata, "spec": content}


def stranger_copy(stage: Stage) -> Json:
    """A copy of an Endpoint that the broker does not have."""
    own = json.loads(kubectl(stage, MEMBER, "get", *OWN(stage), "-o", "json"))["spec"]
    cable = f"submariner-cable-{STRANGER}-{SPARE.replace('.', '-')}"
    content = {**own, "cluster_id": STRANGER, "cable_name": cable, "hostname": f"{STRANGER}-worker"}
    content |= {"private_ip": SPARE, "healthCheckIP": "", "subnets": ["10.250.0.0/16"]}
    return record("Endpoint", f"{STRANGER}-{cable}", MEMBER_NAMESPACE, STRANGER, content)


def second_record(stage: Stage) -> Json:
    """Another Cluster record for west's ID."""
    said = kubectl(stage, BROKER, "-n", BROKER_NAMESPACE, "get", "clusters.submariner.io", MEMBER, "-o", "json")
    return record("Cluster", f"{MEMBER}-again", BROKER_NAMESPACE, MEMBER, json.loads(said)["spec"])


def stopped_workload(kind: str, name: str) -> Json:
    """A workload without a pod."""
    labels = {"app": name}
    container = {"name": "none", "image": "scenarios.example/none"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container], "nodeSelector": {"no": "node"}}}
    metadata = {"name": name, "namespace": MEMBER_NAMESPACE}
    content = {"selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": content}


def idle_pod(name: str, labels: Json) -> Json:
    """A pod that no node takes."""
    container = {"name": "none", "image": "scenarios.example/none"}
    metadata = {"name": name, "namespace": MEMBER_NAMESPACE, "labels": labels}
    content = {"containers": [container], "nodeSelector": {"no": "node"}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": content}


def in_corefile(change: Callable[[str], str]) -> Change:
    return lambda config: {"data": {"Corefile": change(config["data"]["Corefile"])}}


def forwarded_elsewhere(corefile: str) -> str:
    """Names of clusterset.local are asked at another address than lighthouse's."""
    before, start, rest = corefile.partition("#lighthouse-start")
    block, end, after = rest.partition("#lighthouse-end")
    lines = (f"    forward . {SPARE}" if line.strip().startswith("forward") else line for line in block.split("\n"))
    return before + start + "\n".join(lines) + end + after


def authority_until(days: int) -> Json:
    """For the credentials, a CA that ends so many days from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a broker's CA")])
    now = datetime.datetime.now(datetime.UTC)
    begins = now - datetime.timedelta(days=400)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number()).not_valid_before(begins)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    signed = made.not_valid_after(now + datetime.timedelta(days=days)).sign(key, hashes.SHA256())
    text = signed.public_bytes(serialization.Encoding.PEM)
    return {"data": {"ca.crt": base64.b64encode(text).decode()}}


def scaled_down(cluster: str, deployment: str) -> Bring:
    """Without its pod, as it was afterwards."""
    scale = ("-n", MEMBER_NAMESPACE, "scale", f"deployment/{deployment}")

    @contextmanager
    def bring(stage: Stage) -> Iterator[None]:
        kubectl(stage, cluster, *scale, "--replicas=0")
        try:
            yield
        finally:
            kubectl(stage, cluster, *scale, "--replicas=1")

    return bring


QUIET = tuple(scaled_down(cluster, "submariner-operator") for cluster in (BROKER, MEMBER))
"""No operator puts anything back."""


@contextmanager
def nothing(_stage: Stage) -> Iterator[None]:
    """The fault is in what the run is told."""
    yield


@contextmanager
def operator_asleep(stage: Stage) -> Iterator[None]:
    """A program in the operator's place that is ready and works nothing."""
    where = installed("deployment", "submariner-operator")
    before = json.loads(kubectl(stage, MEMBER, "get", *where, "-o", "json"))
    (container,) = before["spec"]["template"]["spec"]["containers"]
    image = f"quay.io/submariner/nettest:{stage.fleet.state.version}"
    asleep = {"name": container["name"], "image": image, "command": ["sleep", "3600"]}
    template = {"spec": {"containers": [asleep], "terminationGracePeriodSeconds": 0}}
    change = {"spec": {"replicas": 1, "template": template}}
    kubectl(stage, MEMBER, "patch", *where, "--type=merge", "-p", json.dumps(change))
    try:
        kubectl(stage, MEMBER, "-n", MEMBER_NAMESPACE, "rollout", "status", "deployment/submariner-operator")
        yield
    finally:
        kubectl(stage, MEMBER, "patch", *where, "--type=merge", "-p", json.dumps(inverse(change, before)))


def way_lost(item: Json) -> Json:
    """A route agent that reports an error of its way to the first other cluster."""
    entries = copy.deepcopy(item["status"]["remoteEndpoints"])
    return status(remoteEndpoints=[{**entries[0], "status": "error", "statusMessage": "no answer"}, *entries[1:]])


@contextmanager
def gateway_renewed(stage: Stage) -> Iterator[None]:
    """Afterwards west's gateway begins anew: it may keep a tunnel to what it was made to believe."""
    try:
        yield
    finally:
        kubectl(stage, MEMBER, "-n", MEMBER_NAMESPACE, "delete", "pods", "-l", "app=submariner-gateway", "--wait=false")
