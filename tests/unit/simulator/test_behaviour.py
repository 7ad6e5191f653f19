# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the simulated gateway and operator do to records and workloads, against API servers in memory."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tests.simulator import crds, names
from tests.simulator.component import Fatal
from tests.simulator.election import Election, Terms
from tests.simulator.endpoints import cable_name, endpoint_name
from tests.simulator.gateway import settings as gateway_settings
from tests.simulator.gateway import sync
from tests.simulator.gateway.cable import Cable
from tests.simulator.gateway.settings import Settings, local_cluster, public_address
from tests.simulator.gateway.status import Status
from tests.simulator.kube import Object, custom, path
from tests.simulator.netlink import Netlink
from tests.simulator.operator import uninstall, workloads
from tests.simulator.operator.discovery import Network

from .fake_kube import FakeKube

HERE, BROKER = names.OPERATOR_NAMESPACE, names.BROKER_NAMESPACE
SETTINGS = Settings(
    namespace=HERE, cluster_id="west", cluster_cidr="10.2.0.0/16", service_cidr="10.12.0.0/16", global_cidr="",
    cable_driver="vxlan", nat_enabled=False, air_gapped=True, public_ip="", health_check=False, ping_interval=1,
    max_packet_loss=5,
    broker_namespace=BROKER, natt_port=4500, metrics_port=32780, node_name="west-worker", pod_name="gateway",
    hostname="west-worker", uninstall=False,
)  # fmt: skip


def endpoint(cluster_id: str, address: str, network: int) -> Object:
    return {
        "cluster_id": cluster_id,
        "cable_name": cable_name(cluster_id, address),
        "hostname": f"{cluster_id}-worker",
        "private_ip": address,
        "subnets": [f"10.1{network}.0.0/16", f"10.{network}.0.0/16"],
    }


def record(spec: Object, origin: str = "") -> Object:
    labels = {names.CLUSTER_ID_LABEL: origin} if origin else {}
    return {"apiVersion": crds.ENDPOINTS.api_version, "kind": "Endpoint", "metadata": {"labels": labels}, "spec": spec}


def at(namespace: str, spec: Object) -> str:
    return custom(crds.ENDPOINTS, namespace, endpoint_name(spec))


OWN = endpoint("west", "172.31.0.4", 2)
EAST = endpoint("east", "172.31.0.2", 1)


async def until(condition: Callable[[], bool], seconds: float = 5) -> None:
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "not in time"
        await asyncio.sleep(0.01)


def with_syncer(
    act: Callable[[FakeKube, FakeKube], Coroutine[Any, Any, None]], *before: tuple[str, str, Object]
) -> None:
    """Run a gateway's sync over objects that are there before, and act on it."""

    async def run() -> None:
        local, broker = FakeKube(), FakeKube()
        for where, url, body in before:
            await (local if where == "local" else broker).put(url, body)
        syncer = sync.Syncer(local, broker, SETTINGS, OWN, local_cluster(SETTINGS))
        task = asyncio.create_task(syncer.run())
        try:
            await until(lambda: at(BROKER, OWN) in broker.objects)
            await act(local, broker)
        finally:
            task.cancel()

    asyncio.run(run())


def test_own_records_go_to_the_broker_with_our_label_and_those_of_others_come_here() -> None:
    async def act(local: FakeKube, broker: FakeKube) -> None:
        await until(lambda: at(HERE, EAST) in local.objects)
        assert sync.origin(local.objects[at(HERE, OWN)]) == ""
        assert sync.origin(broker.objects[at(BROKER, OWN)]) == "west"
        assert sync.origin(local.objects[at(HERE, EAST)]) == "east"
        assert custom(crds.CLUSTERS, BROKER, "west") in broker.objects
        await broker.delete(at(BROKER, EAST))
        await until(lambda: at(HERE, EAST) not in local.objects)

    with_syncer(act, ("broker", at(BROKER, EAST), record(EAST, "east")))


def test_an_endpoint_with_our_networks_is_not_taken() -> None:
    ghost = endpoint("west2", "172.31.0.4", 2)

    async def act(local: FakeKube, broker: FakeKube) -> None:
        await broker.put(at(BROKER, EAST), record(EAST, "east"))
        await until(lambda: at(HERE, EAST) in local.objects)
        assert at(HERE, ghost) not in local.objects

    with_syncer(act, ("broker", at(BROKER, ghost), record(ghost, "west2")))


def test_the_start_up_reconcile_removes_what_has_no_original() -> None:
    former = endpoint("west", "172.31.0.9", 2)

    async def act(local: FakeKube, broker: FakeKube) -> None:
        await until(lambda: at(BROKER, former) not in broker.objects and at(HERE, EAST) not in local.objects)

    with_syncer(
        act, ("broker", at(BROKER, former), record(former, "west")), ("local", at(HERE, EAST), record(EAST, "east"))
    )


def test_a_new_gateway_removes_the_former_own_endpoint_everywhere() -> None:
    former = endpoint("west", "172.31.0.9", 2)

    async def act(local: FakeKube, broker: FakeKube) -> None:
        await until(lambda: at(HERE, former) not in local.objects and at(BROKER, former) not in broker.objects)
        assert at(HERE, OWN) in local.objects

    with_syncer(
        act, ("local", at(HERE, former), record(former)), ("broker", at(BROKER, former), record(former, "west"))
    )


def test_an_own_endpoint_deleted_by_hand_does_not_come_back() -> None:
    async def act(local: FakeKube, broker: FakeKube) -> None:
        await local.delete(at(HERE, OWN))
        await until(lambda: at(BROKER, OWN) not in broker.objects)
        await asyncio.sleep(0.2)
        assert at(HERE, OWN) not in local.objects

    with_syncer(act)


def test_uninstall_deletes_all_records_here_and_the_own_ones_on_the_broker() -> None:
    async def run() -> None:
        local, broker = FakeKube(), FakeKube()
        ghost = endpoint("west", "172.31.0.9", 2)
        for spec, origin in ((OWN, ""), (EAST, "east")):
            await local.put(at(HERE, spec), record(spec, origin))
        for spec, origin in ((OWN, "west"), (EAST, "east"), (ghost, "west")):
            await broker.put(at(BROKER, spec), record(spec, origin))
        await sync.clean_up(local, broker, SETTINGS)
        assert not local.objects
        assert set(broker.objects) == {at(BROKER, EAST), at(BROKER, ghost)}

    asyncio.run(run())


GLOBAL = dataclasses.replace(SETTINGS, global_cidr="242.1.0.0/16")


def gateway_with(address: str) -> Object:
    return {"metadata": {"annotations": {names.GLOBAL_IP: address}}}


def test_with_globalnet_the_gateways_global_address_becomes_that_of_the_health_check() -> None:
    async def run() -> None:
        local, broker = FakeKube(), FakeKube()
        own = {**OWN, "healthCheckIP": "", "subnets": [GLOBAL.global_cidr]}
        task = asyncio.create_task(sync.Syncer(local, broker, GLOBAL, own, local_cluster(GLOBAL)).run())
        await until(lambda: at(BROKER, OWN) in broker.objects)
        assert broker.objects[at(BROKER, OWN)]["spec"]["healthCheckIP"] == ""
        assert broker.objects[custom(crds.CLUSTERS, BROKER, "west")]["spec"]["global_cidr"] == [GLOBAL.global_cidr]
        uid = local.objects[at(HERE, OWN)]["metadata"]["creationTimestamp"]
        await local.put(custom(crds.GATEWAYS, HERE, "other"), gateway_with("242.1.255.253"))
        await local.put(custom(crds.GATEWAYS, HERE, "west-worker"), gateway_with("242.9.0.1"))
        await local.put(custom(crds.GATEWAYS, HERE, "west-worker"), gateway_with("242.1.255.254"))
        await until(lambda: broker.objects[at(BROKER, OWN)]["spec"]["healthCheckIP"] == "242.1.255.254")
        assert own["healthCheckIP"] == "242.1.255.254"
        assert local.objects[at(HERE, OWN)]["metadata"]["creationTimestamp"] == uid, "the same object"
        task.cancel()

    asyncio.run(run())


def test_a_restarted_gateway_keeps_its_endpoint_whatever_else_has_changed() -> None:
    former = {**OWN, "healthCheckIP": "242.1.255.254"}

    async def act(local: FakeKube, _broker: FakeKube) -> None:
        await until(lambda: local.objects[at(HERE, OWN)]["spec"] == OWN)
        assert not any(event["type"] == "DELETED" for url, event in local.events if url == at(HERE, OWN))

    with_syncer(act, ("local", at(HERE, OWN), record(former)))


def test_a_public_address_comes_from_the_node_or_the_load_balancer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway_settings, "LOAD_BALANCER_RETRY", 0.01)
    monkeypatch.setattr(gateway_settings, "LOAD_BALANCER_SECONDS", 0.2)
    open_world = dataclasses.replace(SETTINGS, air_gapped=False)
    balanced = dataclasses.replace(open_world, public_ip="lb:submariner-gateway")

    async def run() -> None:
        kube = FakeKube()
        assert await public_address(kube, SETTINGS, {}) == ""
        assert await public_address(kube, open_world, {"public-ip": "ipv4:192.0.2.1"}) == "192.0.2.1"
        for impossible in (open_world, balanced):
            with pytest.raises(Fatal, match="could not determine public IP"):
                await public_address(kube, impossible, {})
        waiting = asyncio.create_task(public_address(kube, balanced, {}))
        await asyncio.sleep(0.05)
        ingress = {"loadBalancer": {"ingress": [{"ip": "192.0.2.2"}]}}
        await kube.put(path("v1", "services", HERE, "submariner-gateway"), {"status": ingress})
        assert await waiting == "192.0.2.2"

    asyncio.run(run())


def test_faults_of_the_gateways_report() -> None:
    faults = path("v1", "configmaps", HERE, names.FAULTS)
    url = custom(crds.GATEWAYS, HERE, "west-worker")

    async def run() -> None:
        kube = FakeKube()
        cable = Cable(Netlink(), OWN, SETTINGS.cluster_cidr)
        cable.remotes[EAST["cable_name"]] = record(EAST, "east")
        status = Status(kube, HERE, cable, {})
        status.active = True

        async def reported() -> tuple[str, str]:
            await status.update()
            gateway = kube.objects[url]
            return gateway["status"]["connections"][0]["status"], gateway["metadata"]["resourceVersion"]

        assert (await reported())[0] == "connected"
        await kube.put(faults, {"data": {"connection-error": ""}})
        state, version = await reported()
        assert state == "error"
        await kube.put(faults, {"data": {"gateway-frozen": ""}})
        assert await reported() == ("error", version)

    asyncio.run(run())


def election(kube: FakeKube, who: str) -> Election:
    return Election(kube, HERE, names.GATEWAY_LOCK, who, Terms(duration=1, renew_deadline=1, retry=0.05))


def test_the_lease_has_one_holder_and_passes_on_when_it_runs_out() -> None:
    async def run() -> None:
        kube = FakeKube()
        first, second, again = (election(kube, who) for who in ("a-gateway", "b-gateway", "a-gateway"))
        assert await first._acquire()
        assert not await second._acquire()
        assert await again._acquire(), "the same node takes it back at once"
        assert not await second._acquire()
        await asyncio.sleep(1.1)
        assert await second._acquire()
        lease = kube.objects[path("coordination.k8s.io/v1", "leases", HERE, names.GATEWAY_LOCK)]["spec"]
        assert (lease["holderIdentity"], lease["leaseTransitions"]) == ("b-gateway", 1)
        assert not await first._acquire()

    asyncio.run(run())


def test_a_lease_that_is_given_back_passes_on_at_once() -> None:
    async def run() -> None:
        kube = FakeKube()
        first, second = election(kube, "a-gateway"), election(kube, "b-gateway")
        assert await first._acquire()
        await second.release()
        assert not await second._acquire(), "only the holder can give it back"
        await first.release()
        assert await second._acquire()

    asyncio.run(run())


def test_a_leader_that_cannot_renew_stops_leading() -> None:
    async def run() -> None:
        kube = FakeKube()
        events: list[str] = []

        async def lead() -> None:
            events.append("leads")
            kube.broken = True
            await asyncio.Event().wait()

        async def stop() -> None:
            events.append("stopped")
            await asyncio.Event().wait()

        task = asyncio.create_task(election(kube, "a").run(lead, stop))
        await until(lambda: events == ["leads", "stopped"])
        task.cancel()

    asyncio.run(run())


SUBMARINER: Object = {
    "version": names.VERSION, "repository": names.REPOSITORY, "namespace": HERE, "clusterID": "west",
    "brokerK8sSecret": names.BROKER_SECRET, "ceIPSecPSKSecret": names.PSK_SECRET,
}  # fmt: skip


def component() -> uninstall.Component:
    network = Network("10.2.0.0/16", "10.12.0.0/16")
    return uninstall.Component.of(lambda name: workloads.gateway(SUBMARINER, network, name), names.GATEWAY, SUBMARINER)


def ago(seconds: float) -> str:
    moment = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


DAEMON_SETS = path("apps/v1", "daemonsets", HERE)
CLEANER = f"{DAEMON_SETS}/submariner-gateway-uninstall"
POD = path("v1", "pods", HERE, "submariner-gateway-x")


def test_the_cleaner_comes_when_the_pods_are_gone_and_goes_when_it_is_ready() -> None:
    async def run() -> None:
        kube = FakeKube()
        await kube.put(f"{DAEMON_SETS}/submariner-gateway", component().workload)
        await kube.put(POD, {"metadata": {"labels": {"app": names.GATEWAY}}})
        task = asyncio.create_task(uninstall.run(kube, [component()], ago(0)))
        await until(lambda: f"{DAEMON_SETS}/submariner-gateway" not in kube.objects)
        assert CLEANER not in kube.objects
        await kube.delete(POD)
        await until(lambda: CLEANER in kube.objects)
        init = kube.objects[CLEANER]["spec"]["template"]["spec"]["initContainers"][0]
        assert {"name": names.UNINSTALL_ENV, "value": "true"} in init["env"]
        assert not task.done()
        status = {"observedGeneration": 1, "desiredNumberScheduled": 1, "numberReady": 1}
        await kube.put(CLEANER, {**kube.objects[CLEANER], "status": status})
        await asyncio.wait_for(task, 5)
        assert CLEANER not in kube.objects

    asyncio.run(run())


def test_a_cleaner_that_no_node_wants_counts_as_done() -> None:
    workload = {**component().cleaner, "status": {"observedGeneration": 1, "desiredNumberScheduled": 0}}
    assert uninstall.ready(workload)


def test_after_two_minutes_it_is_given_up_and_nothing_else_is_asked() -> None:
    async def run() -> None:
        kube = FakeKube()
        await kube.put(CLEANER, component().cleaner)
        asked = []

        async def also() -> bool:
            asked.append(True)
            return True

        await asyncio.wait_for(uninstall.run(kube, [component()], ago(121), also), 5)
        assert CLEANER not in kube.objects
        assert not asked

    asyncio.run(run())
