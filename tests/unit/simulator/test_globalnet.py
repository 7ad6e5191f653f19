# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated globalnet, held against the recordings and run on an API server and chains in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fidelity.recording import load
from tests.simulator import crds, iptables, names, workqueue
from tests.simulator.globalnet import records, rules
from tests.simulator.globalnet.__main__ import Monitor, uninstall
from tests.simulator.globalnet.controllers import Controllers, Site
from tests.simulator.globalnet.pool import Exhausted, Pool
from tests.simulator.kube import Object, custom, path
from tests.simulator.operator import workloads
from tests.simulator.operator.apply import contains
from tests.simulator.operator.discovery import Network
from tests.simulator.operator.manifests import metrics_service
from tests.simulator.operator.submariner import manifests, submariner_status
from tests.simulator.routeagent.packetfilter import NAT

from .fake_iptables import FakeIptables
from .fake_kube import FakeKube

CIDR = "242.1.0.0/16"
SITE = Site(names.OPERATOR_NAMESPACE, "west-worker", ("10.62.0.0/16", "10.92.0.0/16"), "10.62.1.1")
GATEWAY = custom(crds.GATEWAYS, SITE.namespace, SITE.hostname)
EGRESS = custom(crds.CLUSTER_GLOBAL_EGRESS_IPS, name=records.EGRESS_NAME)
EXPORT = custom(crds.SERVICE_EXPORTS, "default", "web")
REQUEST = custom(crds.GLOBAL_INGRESS_IPS, "default", "web")
SERVICE = path("v1", "services", "default", "web")
INTERNAL = path("v1", "services", "default", records.internal_service_name("web"))


def recorded(kind: str, name: str, cluster: str = "west") -> Object:
    objects = load("globalnet").objects[cluster]
    return next(o for o in objects if o["kind"] == kind and o["metadata"]["name"] == name)


@pytest.fixture
def chains(monkeypatch: pytest.MonkeyPatch) -> FakeIptables:
    fake = FakeIptables()
    monkeypatch.setattr(iptables, "iptables", fake)
    return fake


def recorded_rules(node: str) -> set[str]:
    """Of the table nat, what Globalnet put there."""
    _mangle, _filter, nat = load("globalnet").files["west", node]["iptables-save.txt"].split("\nCOMMIT\n")[:3]
    return {line for line in nat.splitlines() if line.startswith("-A") and ("-GN-" in line)}


class TestPool:
    def test_the_gateway_services_and_egress_get_what_they_were_seen_to_get(self) -> None:
        pool = Pool(CIDR)
        assert pool.allocate(8) == recorded("ClusterGlobalEgressIP", records.EGRESS_NAME)["status"]["allocatedIPs"]
        assert pool.allocate(1) == [recorded("Gateway", "west-worker")["metadata"]["annotations"][names.GLOBAL_IP]]
        assert pool.allocate(1) == [recorded("GlobalIngressIP", "web")["status"]["allocatedIP"]]

    def test_blocks_have_no_gaps(self) -> None:
        pool = Pool("242.0.0.0/28")
        assert pool.reserve(["242.0.0.3"])
        assert pool.allocate(4) == ["242.0.0.4", "242.0.0.5", "242.0.0.6", "242.0.0.7"]

    @pytest.mark.parametrize("count", [1, 15, 300])
    def test_too_many_are_refused(self, count: int) -> None:
        pool = Pool("242.0.0.0/28")
        pool.allocate(14)
        with pytest.raises(Exhausted):
            pool.allocate(count)

    def test_taken_and_foreign_addresses_cannot_be_reserved(self) -> None:
        pool = Pool("242.0.0.0/28")
        assert pool.reserve(["242.0.0.5"])
        assert not pool.reserve(["242.0.0.4", "242.0.0.5"])
        assert not pool.reserve(["242.0.1.1"])
        assert not pool.reserve(["242.0.0.15"])
        pool.release(["242.0.0.5"])
        assert pool.reserve(["242.0.0.4", "242.0.0.5"])

    @given(st.lists(st.integers(min_value=1, max_value=6), max_size=12))
    def test_no_address_is_given_twice(self, counts: list[int]) -> None:
        pool, given_away = Pool("242.0.0.0/27"), set[str]()
        for count in counts:
            try:
                fresh = pool.allocate(count)
            except Exhausted:
                continue
            assert len(fresh) == count
            assert not given_away & set(fresh)
            given_away |= set(fresh)


class TestRecords:
    def test_the_internal_service_is_the_recorded_one(self) -> None:
        made = records.internal_service(recorded("Service", "web"), "242.1.255.253")
        existing = recorded("Service", made["metadata"]["name"])
        assert contains(existing, made)

    def test_the_requests_are_the_recorded_ones(self) -> None:
        assert contains(recorded("GlobalIngressIP", "web"), records.ingress_ip("default", "web"))
        assert contains(recorded("ClusterGlobalEgressIP", records.EGRESS_NAME), records.cluster_egress_ip())

    @pytest.mark.parametrize("spec", [{"type": "NodePort"}, {"clusterIP": "None"}])
    def test_only_services_with_a_cluster_ip_get_an_address(self, spec: Object) -> None:
        assert not records.exportable({"spec": spec})
        assert not records.exportable(None)
        assert records.exportable({"spec": {"clusterIP": "10.0.0.1"}})


class TestOperator:
    network = Network("10.62.0.0/16", "10.92.0.0/16")

    def test_the_workloads_are_contained_in_the_recorded_ones(self) -> None:
        spec = recorded("Submariner", "submariner")["spec"]
        made = {(m["kind"], m["metadata"]["name"]): m for m in manifests(spec, self.network)}
        assert {("DaemonSet", names.GLOBALNET), ("Service", f"{names.GLOBALNET}-metrics")} <= set(made)
        for kind, name in made:
            existing = recorded(kind, name)
            if name == names.GATEWAY:  # its environment has the key, which the recording's resource has not
                continue
            assert contains(existing, made[kind, name]), name
        assert contains(
            recorded("Service", f"{names.GLOBALNET}-metrics"),
            metrics_service(names.GLOBALNET, "app", names.METRICS_PROXY, 8081),
        )

    def test_the_status_tells_the_global_network(self) -> None:
        submariner = recorded("Submariner", "submariner")
        assert (
            submariner_status(submariner["spec"], self.network, [])["globalCIDR"] == submariner["status"]["globalCIDR"]
        )

    def test_a_load_balancer_serves_the_active_gateway(self) -> None:
        spec = recorded("Submariner", "submariner")["spec"] | {"loadBalancerEnabled": True}
        balancer = next(
            m
            for m in manifests(spec, self.network)
            if m["metadata"]["name"] == names.GATEWAY and m["kind"] == "Service"
        )
        assert balancer["spec"]["type"] == "LoadBalancer"
        assert balancer["spec"]["externalTrafficPolicy"] == "Local"
        assert balancer["spec"]["selector"] == {"app": names.GATEWAY, names.GATEWAY_STATUS_LABEL: "active"}
        assert {p["name"]: p["port"] for p in balancer["spec"]["ports"]} == {
            "cable-encaps": 4500,
            "natt-discovery": 4490,
        }
        environment = workloads.gateway(spec, self.network)["spec"]["template"]["spec"]["containers"][0]["env"]
        assert {"name": "SUBMARINER_PUBLICIP", "value": "lb:submariner-gateway"} in environment
        assert {"name": "CE_IPSEC_PREFERREDSERVER", "value": "true"} in environment


class TestRules:
    def test_the_active_gateways_chains_are_the_recorded_ones(self, chains: FakeIptables) -> None:
        rules.prepare()
        rules.install()
        rules.mark("242.0.0.0/16", present=True)
        for network in SITE.networks:
            rules.cluster_egress(network, "242.1.0.1", "242.1.0.8", present=True)
        rules.health_check("242.1.255.254", SITE.cni_ip, present=True)
        assert set(chains.saved("nat", "-GN-")) == recorded_rules("gateway")
        assert chains.chains["nat", rules.EGRESS.name][0] == f"-j {rules.MARKING.name}"
        assert chains.chains["nat", "POSTROUTING"] == [f"-j {NAT.name}"]

    def test_twice_is_as_once(self, chains: FakeIptables) -> None:
        for _time in range(2):
            rules.install()
            rules.mark("242.0.0.0/16", present=True)
        lines = chains.saved("nat", "-GN-")
        assert len(lines) == len(set(lines))

    def test_the_uninstall_leaves_nothing(self, chains: FakeIptables) -> None:
        rules.install()
        rules.mark("242.0.0.0/16", present=True)
        rules.cluster_egress(SITE.networks[0], "242.1.0.1", "242.1.0.8", present=True)
        rules.uninstall()
        assert set(chains.chains) == {("nat", "PREROUTING"), ("nat", "POSTROUTING"), ("nat", NAT.name)}
        assert chains.saved("nat", "-GN-") == []


async def until(condition: Callable[[], bool]) -> None:
    deadline = asyncio.get_running_loop().time() + 5
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "not in time"
        await asyncio.sleep(0.01)


def status(kube: FakeKube, url: str) -> Object:
    return dict(kube.objects.get(url, {}).get("status") or {})


def with_controllers(act: Callable[[FakeKube], Coroutine[Any, Any, None]], *, twice: bool = False) -> None:
    """Run the controllers of a gateway node in a cluster that exports a Service, and act on it; or stop and go on."""

    async def run() -> None:
        kube = FakeKube()
        await kube.put(GATEWAY, {"metadata": {"annotations": {}}})
        await kube.put(SERVICE, recorded("Service", "web"))
        await kube.put(EXPORT, {"kind": "ServiceExport"})
        for _time in range(2 if twice else 1):
            task = asyncio.create_task(Controllers(kube, SITE, CIDR).run())
            await until(lambda: bool(status(kube, REQUEST)) and bool(status(kube, EGRESS)) and INTERNAL in kube.objects)
        try:
            await act(kube)
        finally:
            task.cancel()

    asyncio.run(run())


@pytest.mark.usefixtures("chains")
class TestControllers:
    def test_gateway_service_and_egress_get_the_recorded_addresses(self) -> None:
        async def act(kube: FakeKube) -> None:
            assert kube.objects[GATEWAY]["metadata"]["annotations"][names.GLOBAL_IP] == "242.1.255.254"
            assert status(kube, REQUEST)["allocatedIP"] == "242.1.255.253"
            assert kube.objects[INTERNAL]["spec"]["externalIPs"] == ["242.1.255.253"]
            assert status(kube, EGRESS)["allocatedIPs"][-1] == "242.1.0.8"

        with_controllers(act)

    def test_addresses_outlive_the_process(self) -> None:
        async def act(kube: FakeKube) -> None:
            assert status(kube, REQUEST)["allocatedIP"] == "242.1.255.253"
            assert status(kube, EGRESS)["allocatedIPs"][0] == "242.1.0.1"

        with_controllers(act, twice=True)

    def test_a_service_that_is_exported_no_longer_gives_its_address_back(self) -> None:
        async def act(kube: FakeKube) -> None:
            await kube.delete(EXPORT)
            await until(lambda: REQUEST not in kube.objects and INTERNAL not in kube.objects)
            await kube.put(EXPORT, {"kind": "ServiceExport"})
            await until(lambda: status(kube, REQUEST).get("allocatedIP") == "242.1.255.253")

        with_controllers(act)

    def test_a_changed_service_changes_the_internal_one(self) -> None:
        async def act(kube: FakeKube) -> None:
            changed = recorded("Service", "web")
            changed["spec"]["ports"][0]["port"] = 81
            await kube.put(SERVICE, changed)
            await until(lambda: kube.objects[INTERNAL]["spec"]["ports"][0]["port"] == 81)

        with_controllers(act)

    def test_a_gateway_that_started_anew_gets_an_address_again(self, chains: FakeIptables) -> None:
        async def act(kube: FakeKube) -> None:
            await kube.delete(GATEWAY)
            await kube.put(GATEWAY, {"metadata": {"annotations": {}}})
            await until(lambda: names.GLOBAL_IP in kube.objects[GATEWAY]["metadata"]["annotations"])
            assert len(chains.saved("nat", "-p icmp")) == 1

        with_controllers(act)

    def test_the_uninstall_takes_every_object_the_finalizer_too(self) -> None:
        async def act(kube: FakeKube) -> None:
            assert kube.objects[INTERNAL]["metadata"]["finalizers"] == [records.INTERNAL_SERVICE_FINALIZER]

        async def run() -> None:
            kube = FakeKube()
            for url, body in (
                (INTERNAL, records.internal_service(recorded("Service", "web"), "242.1.255.253")),
                (REQUEST, records.ingress_ip("default", "web")),
                (EGRESS, records.cluster_egress_ip()),
                (SERVICE, recorded("Service", "web")),
            ):
                await kube.put(url, body)
            await uninstall(kube)
            assert set(kube.objects) == {SERVICE}

        with_controllers(act)
        asyncio.run(run())


def endpoint(cluster_id: str, hostname: str, network: str) -> Object:
    return {"kind": "Endpoint", "spec": {"cluster_id": cluster_id, "hostname": hostname, "subnets": [network]}}


def test_only_the_active_gateway_node_works(chains: FakeIptables, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NODE_NAME", SITE.hostname)
    started: list[str] = []

    class Waiting(Controllers):
        async def run(self) -> None:
            rules.install()
            started.append(self.site.hostname)
            await asyncio.Event().wait()

    monkeypatch.setattr("tests.simulator.globalnet.__main__.Controllers", Waiting)
    endpoints = custom(crds.ENDPOINTS, SITE.namespace)
    lease = path("coordination.k8s.io/v1", "leases", SITE.namespace, names.GLOBALNET_LOCK)

    async def run() -> None:
        kube = FakeKube()
        await kube.put(f"{endpoints}/east", endpoint("east", "east-worker", "242.0.0.0/16"))
        await kube.put(f"{endpoints}/west-2", endpoint("west", "west-worker2", CIDR))
        task = asyncio.create_task(Monitor(kube, recorded("Cluster", "west"), SITE).run())
        await asyncio.sleep(0.1)
        assert started == []
        await kube.delete(f"{endpoints}/west-2")
        await kube.put(f"{endpoints}/west-1", endpoint("west", SITE.hostname, CIDR))
        await until(lambda: started == [SITE.hostname])
        assert chains.saved("nat", "xmark") == [
            f"-A {rules.MARKING.name} -d 242.0.0.0/16 -j MARK --set-xmark {rules.MARK}"
        ]
        holder = recorded("Lease", names.GLOBALNET_LOCK)["spec"]
        assert kube.objects[lease]["spec"]["holderIdentity"] == holder["holderIdentity"]
        assert kube.objects[lease]["spec"]["leaseDurationSeconds"] == holder["leaseDurationSeconds"]
        await kube.delete(f"{endpoints}/west-1")
        await until(lambda: kube.objects[lease]["spec"]["holderIdentity"] == "")
        assert chains.saved("nat", "-GN-") == [
            f"-A PREROUTING -j {rules.INGRESS.name}",
            f"-A {NAT.name} -j {rules.EGRESS.name}",
        ]
        task.cancel()

    asyncio.run(run())


def test_what_cannot_be_done_now_is_done_later(chains: FakeIptables, monkeypatch: pytest.MonkeyPatch) -> None:
    """An export before its Service."""
    assert chains.saved("nat", ".") == []
    monkeypatch.setattr(workqueue, "RETRY_SECONDS", 0.05)

    async def run() -> None:
        kube = FakeKube()
        await kube.put(EXPORT, {"kind": "ServiceExport"})
        task = asyncio.create_task(Controllers(kube, SITE, CIDR).run())
        await asyncio.sleep(0.1)
        assert REQUEST not in kube.objects
        await kube.put(SERVICE, recorded("Service", "web"))
        await until(lambda: INTERNAL in kube.objects)
        task.cancel()

    asyncio.run(run())
