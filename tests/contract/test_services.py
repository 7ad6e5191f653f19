# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Service that is exported: its records, its name, and what an uninstall does to it."""

from __future__ import annotations

import pytest

from tests.contract.bench import BROKER, OPERATOR, Bench, Object
from tests.contract.traffic import fetch, start_clients
from tests.lab import web

MCS = "multicluster.kubernetes.io"
SLICES = "endpointslices.discovery.k8s.io"
URL = f"http://{web.NAME}.{web.NAMESPACE}.svc.clusterset.local/hostname"


def slices(bench: Bench, cluster: str, namespace: str = web.NAMESPACE) -> list[Object]:
    """Those of the exported Service that Submariner made, with their namespace."""
    return [
        item
        for item in bench.items(cluster, SLICES, namespace)
        if item["metadata"].get("labels", {}).get(f"{MCS}/service-name") == web.NAME
    ]


def condition(bench: Bench, kind: str) -> Object:
    export = bench.find("west", "serviceexports.multicluster.x-k8s.io", web.NAME, web.NAMESPACE) or {}
    found = [c for c in (export.get("status") or {}).get("conditions") or [] if c["type"] == kind]
    return dict(found[0]) if found else {}


def await_known(bench: Bench, cluster: str) -> None:
    kind = "serviceimports.multicluster.x-k8s.io"
    bench.eventually(
        lambda: bench.find(cluster, kind, web.NAME, web.NAMESPACE) and slices(bench, cluster),
        60,
        f"the import and the slice in {cluster}",
    )


def await_unknown(bench: Bench, cluster: str) -> None:
    bench.eventually(lambda: not slices(bench, cluster), 30, f"no slice in {cluster}")


@pytest.fixture(scope="module")
def serving(joined: Bench) -> Bench:
    """The Service in both clusters, exported by none, and pods that ask for it."""
    for cluster in ("east", "west"):
        web.deploy(joined.clusters, cluster)
        start_clients(joined, cluster)
    return joined


def test_nobody_knows_the_name_before(serving: Bench) -> None:
    for cluster in ("east", "west"):
        assert fetch(serving, cluster, serving.nodes(cluster)[0], URL, patient=False) == ""


def test_export_makes_an_export_and_no_more(serving: Bench) -> None:
    ran = serving.subctl("export", "service", web.NAME, "--namespace", web.NAMESPACE, "--context", "west")
    assert ran.code == 0, ran.err
    serving.eventually(lambda: condition(serving, "Ready").get("status") == "True", 60, "the export is ready")
    assert condition(serving, "Valid")["status"] == "True"


def test_the_broker_has_its_slice_and_an_import_that_names_the_exporter(serving: Bench) -> None:
    (item,) = slices(serving, "east", BROKER)
    assert item["metadata"]["labels"][f"{MCS}/source-cluster"] == "west"
    found = serving.find("east", "serviceimports.multicluster.x-k8s.io", f"{web.NAME}-{web.NAMESPACE}", BROKER)
    assert found is not None
    assert found["status"]["clusters"] == [{"cluster": "west"}]


def test_every_member_has_copies_beside_the_services_name(serving: Bench) -> None:
    service = serving.find("west", "services", web.NAME, web.NAMESPACE)
    assert service is not None
    for cluster in ("east", "west"):
        await_known(serving, cluster)
        (item,) = slices(serving, cluster)
        assert item["endpoints"][0]["addresses"] == [service["spec"]["clusterIP"]]
    assert f"{web.NAME}-{web.NAMESPACE}-west" in serving.names("west", "serviceimports.multicluster.x-k8s.io")


@pytest.mark.parametrize("cluster", ["east", "west"])
@pytest.mark.parametrize("place", [0, 1], ids=["gateway", "other"])
def test_pods_get_an_answer_by_name_from_every_node(serving: Bench, cluster: str, place: int) -> None:
    answer = fetch(serving, cluster, serving.nodes(cluster)[place], URL)
    assert answer in serving.names("west", "pods", web.NAMESPACE)


def test_the_dns_of_the_cluster_leads_to_lighthouse(serving: Bench) -> None:
    service = serving.find("east", "services", "submariner-lighthouse-coredns", OPERATOR)
    config = serving.find("east", "configmaps", "coredns", "kube-system")
    assert service is not None
    assert config is not None
    start, _newline, block = config["data"]["Corefile"].partition("\n")
    assert "lighthouse-start" in start
    assert f"forward . {service['spec']['clusterIP']}" in block.partition("lighthouse-end")[0]


def test_an_uninstall_takes_everything_but_the_export(serving: Bench) -> None:
    before = condition(serving, "Ready")
    assert serving.uninstall("west").code == 0
    serving.await_gone("west")
    assert condition(serving, "Ready") == before
    assert slices(serving, "west") == []
    assert slices(serving, "east", BROKER) == []
    await_unknown(serving, "east")
    assert "lighthouse" not in serving.kubectl("west", "-n", "kube-system", "get", "configmap", "coredns", "-o", "yaml")


def test_the_next_install_exports_it_again_and_its_ready_keeps_the_old_date(serving: Bench) -> None:
    before = condition(serving, "Ready")
    serving.label_gateway("west")
    assert serving.join("west").code == 0
    serving.await_connected({"east": {"west"}, "west": {"east"}})
    await_known(serving, "east")
    assert condition(serving, "Ready") == before
    assert fetch(serving, "east", serving.nodes("east")[0], URL) in serving.names("west", "pods", web.NAMESPACE)


def test_unexport_takes_it_from_everywhere(serving: Bench) -> None:
    ran = serving.subctl("unexport", "service", web.NAME, "--namespace", web.NAMESPACE, "--context", "west")
    assert ran.code == 0, ran.err
    serving.eventually(lambda: not slices(serving, "east", BROKER), 30, "the slice on the broker gone")
    for cluster in ("east", "west"):
        await_unknown(serving, cluster)
        assert not serving.find(cluster, "serviceimports.multicluster.x-k8s.io", web.NAME, web.NAMESPACE)
