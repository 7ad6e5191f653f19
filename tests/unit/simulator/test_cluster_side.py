# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pure parts of the simulated cluster side, held against the recordings where these say something."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fidelity.recording import load
from tests.simulator import crds, names
from tests.simulator.endpoints import endpoint_name, overlaps
from tests.simulator.gateway.settings import Settings, local_cluster
from tests.simulator.image import Layer, pack, write_archive
from tests.simulator.operator import dns, workloads
from tests.simulator.operator.apply import contains
from tests.simulator.operator.discovery import Network
from tests.simulator.operator.manifests import uninstall_variant
from tests.simulator.operator.submariner import service_discovery
from tests.simulator.pinger import Statistics, duration

Object = dict[str, Any]
COREFILE = ".:53 {\n    errors\n    forward . /etc/resolv.conf\n}\n"


def recorded(name: str, cluster: str, kind: str, object_name: str) -> Object:
    objects = load(name).objects[cluster]
    return next(o for o in objects if o["kind"] == kind and o["metadata"]["name"] == object_name)


def spec(name: str = "healthy-two-nodes") -> Object:
    """The recorded spec, with the key that its Secret-free copy in the gateway's environment still shows."""
    found: Object = recorded(name, "west", "Submariner", "submariner")["spec"]
    objects = load(name).objects["west"]
    pods = [o["spec"]["template"]["spec"] for o in objects if o["kind"] == "DaemonSet"]
    containers = [c for pod in pods for c in [*pod["containers"], *pod.get("initContainers", [])]]
    found["ceIPSecPSK"] = next(e["value"] for c in containers for e in c.get("env", []) if e["name"] == "CE_IPSEC_PSK")
    return found


NETWORK = Network("10.62.0.0/16", "10.92.0.0/16")


@pytest.mark.parametrize(
    "manifest",
    [
        workloads.gateway(spec(), NETWORK),
        workloads.route_agent(spec(), NETWORK),
        workloads.metrics_proxy(spec()),
        workloads.lighthouse_agent(service_discovery(spec())["spec"]),
        *workloads.lighthouse_coredns(service_discovery(spec())["spec"]),
    ],
    ids=lambda manifest: f"{manifest['kind']}-{manifest['metadata']['name']}",
)
def test_a_workload_is_contained_in_the_recorded_one(manifest: Object) -> None:
    assert contains(recorded("healthy-two-nodes", "west", manifest["kind"], manifest["metadata"]["name"]), manifest)


@pytest.mark.parametrize("component", ["gateway", "route_agent"])
def test_an_uninstall_workload_is_contained_in_the_recorded_one(component: str) -> None:
    name = {"gateway": names.GATEWAY, "route_agent": names.ROUTE_AGENT}[component] + names.UNINSTALL_SUFFIX
    submariner = spec("operator-killed-mid-uninstall")
    network = Network(submariner["clusterCIDR"], submariner["serviceCIDR"])
    manifest = getattr(workloads, component)(submariner, network, name)
    variant = uninstall_variant(manifest, names.image(names.NETTEST_IMAGE))
    assert contains(recorded("operator-killed-mid-uninstall", "west", "DaemonSet", name), variant)


def test_the_service_discovery_is_the_recorded_one() -> None:
    existing = recorded("healthy-two-nodes", "west", "ServiceDiscovery", names.SERVICE_DISCOVERY_CR)
    assert service_discovery(spec())["spec"] == existing["spec"]


@pytest.mark.parametrize("definition", crds.ALL, ids=lambda definition: definition.name)
def test_a_definition_is_the_recorded_one(definition: crds.Definition) -> None:
    existing = recorded("healthy-two-nodes", "west", "CustomResourceDefinition", definition.name)
    manifest = definition.manifest()
    assert contains(manifest["spec"], existing["spec"])


def test_the_dns_edit_is_the_recorded_one() -> None:
    existing = recorded("healthy-two-nodes", "west", "ConfigMap", "coredns")["data"]["Corefile"]
    service = recorded("healthy-two-nodes", "west", "Service", names.LIGHTHOUSE_COREDNS)
    edited = dns.with_block(COREFILE, ["clusterset.local"], service["spec"]["clusterIP"])
    assert edited.split(".:53")[0] == existing.split(".:53")[0]
    assert dns.without_block(edited).strip() == COREFILE.strip()
    assert dns.without_block(COREFILE) == COREFILE


def test_dns_without_its_end_marker_loses_what_follows() -> None:
    edited = dns.with_block(COREFILE, ["clusterset.local"], "10.0.0.1").replace(dns.END + "\n", "")
    assert "errors" not in dns.without_block(edited)


def test_dns_uses_the_port_of_the_default_stanza_and_every_domain() -> None:
    edited = dns.with_block(COREFILE.replace(".:53", ".:5353"), ["clusterset.local", "example.com"], "10.0.0.1")
    assert "clusterset.local:5353 {" in edited
    assert "example.com:5353 {" in edited


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [(2672255, "2.672255ms"), (398951, "398.951µs"), (1_500_000_000, "1.5s"), (0, "0s"), (17, "17ns")],
)
def test_durations_look_like_the_recorded_ones(nanoseconds: int, text: str) -> None:
    assert duration(nanoseconds) == text


def test_statistics() -> None:
    statistics = Statistics()
    for value in (1_000_000, 3_000_000):
        statistics.add(value)
    latency = statistics.latency()
    assert latency == {"last": "3ms", "min": "1ms", "average": "2ms", "max": "3ms", "stdDev": "1ms"}
    connection = recorded("healthy-two-nodes", "west", "Gateway", "west-worker")["status"]["connections"][0]
    assert set(latency) == set(connection["latencyRTT"])


def test_names_and_overlaps_of_endpoints() -> None:
    endpoint = recorded("healthy-two-nodes", "west", "Endpoint", "west-submariner-cable-west-172-31-2-4")
    assert endpoint_name(endpoint["spec"]) == endpoint["metadata"]["name"]
    assert overlaps(["10.1.0.0/16"], ["10.0.0.0/8", "11.0.0.0/8"])
    assert not overlaps(["10.1.0.0/16"], ["10.2.0.0/16"])


def test_the_local_cluster_is_the_recorded_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "SUBMARINER_NAMESPACE": names.OPERATOR_NAMESPACE,
        "SUBMARINER_CLUSTERID": "west",
        "SUBMARINER_CLUSTERCIDR": NETWORK.cluster_cidr,
        "SUBMARINER_SERVICECIDR": NETWORK.service_cidr,
        "BROKER_K8S_REMOTENAMESPACE": names.BROKER_NAMESPACE,
        "SUBMARINER_METRICSPORT": "32780",
        "NODE_NAME": "west-worker",
        "POD_NAME": "submariner-gateway-x",
    }.items():
        monkeypatch.setenv(name, value)
    existing = recorded("healthy-two-nodes", "west", "Cluster", "west")
    assert local_cluster(Settings.from_environment()) == existing["spec"]


def test_contains_sees_missing_and_extra_list_entries() -> None:
    assert contains({"a": {"b": 1, "c": 2}, "d": [1]}, {"a": {"b": 1}})
    assert not contains({"a": [1, 2]}, {"a": [1]})
    assert not contains({"a": None}, {"a": {"b": 1}})


def test_the_archive_names_every_image_and_shares_the_layers(tmp_path: Path) -> None:
    import tarfile

    def fill(tar: tarfile.TarFile) -> None:
        tar.add(__file__, arcname="file")

    layers = [pack(tmp_path / "one.tar.gz", fill), pack(tmp_path / "two.tar.gz", fill)]
    assert layers[0].diff_id == layers[1].diff_id
    write_archive(tmp_path / "all.tar", [layers[0]])
    with tarfile.open(tmp_path / "all.tar") as tar:
        index = json.loads(_read(tar, "index.json"))
        references = [m["annotations"]["org.opencontainers.image.ref.name"] for m in index["manifests"]]
        assert references == [names.image(image) for image in names.IMAGES]
        manifests = [json.loads(_read(tar, f"blobs/sha256/{m['digest'][7:]}")) for m in index["manifests"]]
        assert len({m["layers"][0]["digest"] for m in manifests}) == 1
        configs = [json.loads(_read(tar, f"blobs/sha256/{m['config']['digest'][7:]}")) for m in manifests]
    users = {image: config["config"].get("User") for image, config in zip(names.IMAGES, configs, strict=True)}
    assert users.pop(names.OPERATOR_IMAGE) == "1001"
    assert set(users.values()) == {None}
    assert isinstance(layers[0], Layer)


def _read(tar: Any, name: str) -> bytes:
    member = tar.extractfile(name)
    assert member is not None
    content: bytes = member.read()
    return content
