# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated service discovery, held against the recordings and run between API servers in memory."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fidelity.recording import load
from tests.simulator import crds, names
from tests.simulator.kube import Object, custom, path
from tests.simulator.lighthouse import outwards, records
from tests.simulator.lighthouse.agent import Agent
from tests.simulator.lighthouse.coredns import Server, answer, zones_of
from tests.simulator.lighthouse.resolver import Answer, Asked, Directory, asked_for
from tests.simulator.lighthouse.site import Sides, Site
from tests.simulator.lighthouse.store import Store
from tests.simulator.operator.apply import contains

from .fake_kube import FakeKube

HERE, BROKER = names.OPERATOR_NAMESPACE, names.BROKER_NAMESPACE
EXPORT = custom(crds.SERVICE_EXPORTS, "default", "web")
SERVICE = path("v1", "services", "default", "web")
IMPORT = custom(crds.SERVICE_IMPORTS, "default", "web")
AGGREGATED = custom(crds.SERVICE_IMPORTS, BROKER, "web-default")
SLICES = path(records.SLICES, "endpointslices", "default")
BROKER_SLICES = path(records.SLICES, "endpointslices", BROKER)


def recorded(cluster: str, kind: str, namespace: str, name: str = "web", state: str = "healthy-two-nodes") -> Object:
    """A recorded object; of slices lighthouse's."""
    return next(
        o
        for o in load(state).objects[cluster]
        if o["kind"] == kind
        and o["metadata"]["namespace"] == namespace
        and (records.is_ours(o) if kind == "EndpointSlice" else o["metadata"]["name"] == name)
    )


class TestRecords:
    @pytest.mark.parametrize("state", ["healthy-two-nodes", "globalnet"])
    def test_what_the_exporter_makes_is_the_recorded(self, state: str) -> None:
        service = recorded("west", "Service", "default", state=state)
        address = service["spec"]["clusterIP"] if state == "healthy-two-nodes" else "242.1.255.253"
        own = records.local_import(service, "west", address)
        assert contains(recorded("west", "ServiceImport", HERE, "web-default-west", state), own)
        made = records.endpoint_slice(service, "west", address, ready=True)
        assert contains(recorded("west", "EndpointSlice", "default", state=state), made)

    def test_the_copies_of_a_slice_are_the_recorded_ones(self) -> None:
        original = recorded("west", "EndpointSlice", "default")
        there = records.slice_copy(original, BROKER, "west")
        assert contains(recorded("east", "EndpointSlice", BROKER), there)
        here = records.slice_copy(recorded("east", "EndpointSlice", BROKER), "default", "west")
        assert contains(recorded("east", "EndpointSlice", "default"), here)

    def test_the_aggregated_import_and_its_copies_are_the_recorded_ones(self) -> None:
        export = recorded("west", "ServiceExport", "default")
        own = recorded("west", "ServiceImport", HERE, "web-default-west")
        made = records.aggregate(None, export, own, [recorded("east", "EndpointSlice", BROKER)], BROKER)
        existing = recorded("east", "ServiceImport", BROKER, "web-default")
        assert contains(existing, made)
        assert made["metadata"]["annotations"] == existing["metadata"]["annotations"]
        for cluster in ("east", "west"):
            assert contains(recorded(cluster, "ServiceImport", "default"), records.import_copy(existing))

    def test_two_exporters_share_an_import_and_the_older_ports_win(self) -> None:
        existing = recorded("east", "ServiceImport", BROKER, "web-default")
        service = recorded("east", "Service", "default")
        service["spec"]["ports"] = [{"name": "http", "port": 81, "protocol": "TCP"}, {"name": "more", "port": 9}]
        own = records.local_import(service, "east", "10.0.0.1")
        slices = [
            recorded("east", "EndpointSlice", BROKER),
            records.endpoint_slice(service, "east", "10.0.0.1", ready=True),
        ]
        export = {"metadata": {"creationTimestamp": "2026-11-24T00:00:00Z"}}
        both = records.aggregate(existing, export, own, slices, BROKER)
        assert [entry["cluster"] for entry in both["status"]["clusters"]] == ["west", "east"]
        assert {port["name"]: port["port"] for port in both["spec"]["ports"]} == {"http": 80, "more": 9}
        one = records.without_cluster(both, "west", slices)
        assert one["status"]["clusters"] == [{"cluster": "east"}]
        assert {port["name"]: port["port"] for port in one["spec"]["ports"]} == {"http": 81, "more": 9}

    def test_a_condition_that_says_so_already_keeps_its_date(self) -> None:
        export = recorded("west", "ServiceExport", "default")
        assert records.with_condition(export, records.READY, True, "", records.EXPORTED) is None
        changed = records.with_condition(export, records.VALID, False, "ServiceUnavailable", "gone")
        assert changed is not None
        kinds = [condition["type"] for condition in changed["status"]["conditions"]]
        assert kinds == ["Valid", "Ready"]
        assert changed["status"]["conditions"][1] == export["status"]["conditions"][1]

    @pytest.mark.parametrize(
        ("service", "reason"),
        [
            (None, "ServiceUnavailable"),
            ({"spec": {"type": "LoadBalancer"}}, "UnsupportedServiceType"),
            ({"spec": {"clusterIP": "None"}}, "UnsupportedServiceType"),
        ],
    )
    def test_what_cannot_be_exported(self, service: Object | None, reason: str) -> None:
        assert (records.unfit(service) or ("", ""))[0] == reason


def exported_slice(cluster: str, address: str, ready: bool = True) -> Object:
    service = {"metadata": {"name": "web", "namespace": "default"}, "spec": {"ports": []}}
    made = records.endpoint_slice(service, cluster, address, ready)
    made["metadata"]["name"] = f"web-{cluster}"
    return made


def gateway(status: str, *clusters: str) -> Object:
    connections = [{"status": status, "endpoint": {"cluster_id": cluster}} for cluster in clusters]
    return {"status": {"haStatus": "active", "connections": connections}}


def directory(*slices: Object) -> Directory:
    """That of the cluster east."""
    made = Directory("east")
    made.import_changed("ADDED", {"metadata": {"namespace": "default", "name": "web"}})
    for item in slices:
        made.slice_changed("ADDED", item)
    return made


WEB = Asked("default", "web")


class TestResolver:
    @pytest.mark.parametrize(
        ("name", "asked"),
        [
            ("web.default.svc", WEB),
            ("west.web.default.svc", Asked("default", "web", "west")),
            ("web.default.pod", None),
            ("default.svc", None),
            ("svc", None),
            ("a.west.web.default.svc", None),
        ],
    )
    def test_names(self, name: str, asked: Asked | None) -> None:
        assert asked_for(name.split(".")) == asked

    def test_the_own_cluster_comes_first_while_it_is_ready(self) -> None:
        known = directory(exported_slice("west", "10.2.0.1"), exported_slice("east", "10.1.0.1"))
        known.gateway_changed(gateway("connected", "west"))
        assert known.resolve(WEB) == Answer(True, "10.1.0.1")
        known.slice_changed("MODIFIED", exported_slice("east", "10.1.0.1", ready=False))
        assert known.resolve(WEB) == Answer(True, "10.2.0.1")

    def test_the_others_take_turns_if_they_are_connected(self) -> None:
        known = directory(*(exported_slice(cluster, address) for cluster, address in (("west", "w"), ("north", "n"))))
        assert known.resolve(WEB) == Answer(True)
        known.gateway_changed(gateway("connected", "west", "north"))
        assert {known.resolve(WEB).address for _turn in range(4)} == {"w", "n"}
        known.gateway_changed(gateway("error", "north"))
        assert {known.resolve(WEB).address for _turn in range(4)} == {"w"}
        known.gateway_changed(gateway("connected"))
        assert known.resolve(WEB).address == "w", "what a Gateway does not mention stays as it was"

    def test_without_connectivity_everybody_counts_as_connected(self) -> None:
        known = directory(exported_slice("west", "w"))
        known.all_connected = True
        assert known.resolve(WEB) == Answer(True, "w")

    def test_a_cluster_that_is_named_answers_whatever_its_state(self) -> None:
        known = directory(exported_slice("west", "w", ready=False))
        assert known.resolve(Asked("default", "web", "west")) == Answer(True, "w")
        assert known.resolve(Asked("default", "web", "north")) == Answer(False)

    def test_import_and_slice_are_both_needed_and_may_go(self) -> None:
        known = directory(exported_slice("west", "w"))
        known.gateway_changed(gateway("connected", "west"))
        known.slice_changed("DELETED", exported_slice("west", "w"))
        assert known.resolve(WEB) == Answer(True)
        known.import_changed("DELETED", {"metadata": {"namespace": "default", "name": "web"}})
        assert known.resolve(WEB) == Answer(False)

    def test_a_slice_on_the_broker_of_the_same_cluster_is_none_of_ours(self) -> None:
        item = exported_slice("west", "w")
        item["metadata"]["namespace"] = BROKER
        known = directory(item)
        known.gateway_changed(gateway("connected", "west"))
        assert known.resolve(WEB) == Answer(True)


ZONES = [dns.name.from_text("clusterset.local")]


class TestServer:
    def ask(self, name: str, kind: str = "A") -> dns.message.Message:
        known = directory(exported_slice("west", "10.92.177.34"))
        known.gateway_changed(gateway("connected", "west"))
        return answer(dns.message.make_query(name, kind), ZONES, known)

    def test_the_zones_are_those_of_the_recorded_corefile(self) -> None:
        config = recorded("west", "ConfigMap", HERE, names.LIGHTHOUSE_COREDNS)
        assert zones_of(config["data"]["Corefile"]) == ZONES
        assert len(zones_of("a.b:53 {\nlighthouse\n}\nc.d {\n}\n")) == 2

    def test_a_service_has_an_address(self) -> None:
        reply = self.ask("Web.default.svc.clusterset.local")
        assert [str(record) for record in reply.answer[0]] == ["10.92.177.34"]
        assert reply.answer[0].ttl == 5

    @pytest.mark.parametrize(
        ("name", "kind", "code"),
        [
            ("web.default.svc.clusterset.local", "AAAA", dns.rcode.NOERROR),
            ("web.default.svc.clusterset.local", "TXT", dns.rcode.NOTIMP),
            ("other.default.svc.clusterset.local", "A", dns.rcode.NXDOMAIN),
            ("web.default.pod.clusterset.local", "A", dns.rcode.NXDOMAIN),
            ("clusterset.local", "A", dns.rcode.NXDOMAIN),
            ("web.default.svc.cluster.local", "A", dns.rcode.REFUSED),
        ],
    )
    def test_other_names_and_types_have_none(self, name: str, kind: str, code: dns.rcode.Rcode) -> None:
        reply = self.ask(name, kind)
        assert reply.rcode() == code
        assert not reply.answer

    def test_it_serves_datagrams_and_streams(self) -> None:
        known = directory(exported_slice("west", "10.2.0.1"))
        known.all_connected = True
        server = Server(ZONES, known)
        query = dns.message.make_query("web.default.svc.clusterset.local", "A").to_wire()

        async def stream() -> bytes:
            listener = await asyncio.start_server(server.stream, "127.0.0.1", 0)
            async with listener:
                reader, writer = await asyncio.open_connection(*listener.sockets[0].getsockname())
                writer.write(len(query).to_bytes(2, "big") + query)
                size = int.from_bytes(await reader.readexactly(2), "big")
                reply = await reader.readexactly(size)
                writer.close()
                return reply

        async def datagram() -> bytes:
            loop = asyncio.get_running_loop()
            transport, _protocol = await loop.create_datagram_endpoint(lambda: server, local_addr=("127.0.0.1", 0))
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.setblocking(False)
                await loop.sock_sendto(client, query, transport.get_extra_info("sockname"))
                reply = await asyncio.wait_for(loop.sock_recv(client, 512), 5)
            transport.close()
            return reply

        for ask in (stream, datagram):
            assert dns.message.from_wire(asyncio.run(ask())).answer[0].rdtype == dns.rdatatype.A

    @given(st.binary(max_size=64))
    def test_rubbish_does_no_harm(self, data: bytes) -> None:
        assert isinstance(Server(ZONES, directory()).reply(data), bytes)


def site(cluster_id: str, globalnet: bool = False) -> Site:
    return Site(cluster_id, HERE, BROKER, globalnet)


@contextlib.asynccontextmanager
async def running(*agents: Agent) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(agent.run()) for agent in agents]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()


async def until(condition: Callable[[], Any]) -> None:
    deadline = asyncio.get_running_loop().time() + 5
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "not in time"
        await asyncio.sleep(0.01)


async def cluster(*namespaces: str) -> FakeKube:
    kube = FakeKube()
    for namespace in ("default", *namespaces):
        await kube.put(path("v1", "namespaces", name=namespace), {"kind": "Namespace"})
    return kube


async def exporter() -> FakeKube:
    """A cluster with the recorded Service, its pods and its export."""
    kube = await cluster()
    backend = {
        "metadata": {"labels": {records.KUBERNETES_SERVICE_LABEL: "web"}},
        "endpoints": [{"addresses": ["10.62.1.7"], "conditions": {"ready": True}}],
    }
    await kube.put(f"{SLICES}/web-pods", backend)
    await kube.put(SERVICE, recorded("west", "Service", "default"))
    created = {"creationTimestamp": "2026-11-23T07:12:28Z"}
    await kube.put(EXPORT, {"kind": "ServiceExport", "metadata": created})
    return kube


def ours(kube: FakeKube, collection: str) -> list[Object]:
    """Lighthouse's slices."""
    return [o for url, o in kube.objects.items() if url.startswith(f"{collection}/") and records.is_ours(o)]


def condition(kube: FakeKube, kind: str) -> Object:
    conditions = (kube.objects[EXPORT].get("status") or {}).get("conditions") or []
    return next((dict(c) for c in conditions if c["type"] == kind), {})


def known_everywhere(broker: FakeKube, *members: FakeKube) -> bool:
    return AGGREGATED in broker.objects and all(IMPORT in kube.objects and ours(kube, SLICES) for kube in members)


class TestAgents:
    def test_an_export_reaches_the_broker_and_from_there_the_others(self) -> None:
        async def run() -> None:
            broker, east, west = FakeKube(), await cluster(), await exporter()
            async with running(Agent(east, broker, site("east")), Agent(west, broker, site("west"))):
                await until(lambda: known_everywhere(broker, east, west))
                await until(lambda: condition(west, "Ready").get("status") == "True")
                assert condition(west, "Valid")["status"] == "True"
                assert custom(crds.SERVICE_IMPORTS, HERE, "web-default-west") in west.objects
                (there,) = ours(east, SLICES)
                assert there["endpoints"] == recorded("east", "EndpointSlice", "default")["endpoints"]
                assert there["metadata"]["name"] == ours(broker, BROKER_SLICES)[0]["metadata"]["name"]
                await until(lambda: east.objects[IMPORT].get("status") == {"clusters": [{"cluster": "west"}]})

        asyncio.run(run())

    def test_without_its_export_everything_goes(self) -> None:
        async def run() -> None:
            broker, east, west = FakeKube(), await cluster(), await exporter()
            async with running(Agent(east, broker, site("east")), Agent(west, broker, site("west"))):
                await until(lambda: known_everywhere(broker, east, west))
                await west.delete(EXPORT)
                await until(lambda: not broker.objects)
                await until(lambda: IMPORT not in east.objects and not ours(east, SLICES))
                await until(lambda: IMPORT not in west.objects and not ours(west, SLICES))

        asyncio.run(run())

    def test_a_service_without_pods_is_not_ready(self) -> None:
        async def run() -> None:
            broker, west = FakeKube(), await exporter()
            async with running(Agent(west, broker, site("west"))):
                await until(lambda: known_everywhere(broker, west))
                await west.delete(f"{SLICES}/web-pods")
                await until(lambda: ours(broker, BROKER_SLICES)[0]["endpoints"][0]["conditions"] == {"ready": False})

        asyncio.run(run())

    def test_with_globalnet_it_waits_for_the_global_address(self) -> None:
        async def run() -> None:
            broker, west = FakeKube(), await exporter()
            async with running(Agent(west, broker, site("west", globalnet=True))):
                await until(lambda: condition(west, "Valid").get("reason") == "ServiceGlobalIPUnavailable")
                assert not ours(west, SLICES)
                request = custom(crds.GLOBAL_INGRESS_IPS, "default", "web")
                await west.put(request, {"kind": "GlobalIngressIP", "status": {"allocatedIP": "242.1.255.253"}})
                await until(lambda: known_everywhere(broker, west))
                assert ours(broker, BROKER_SLICES)[0]["endpoints"][0]["addresses"] == ["242.1.255.253"]
                assert condition(west, "Valid")["status"] == "True"

        asyncio.run(run())

    def test_a_service_comes_when_its_namespace_does(self) -> None:
        async def run() -> None:
            broker, east, west = FakeKube(), FakeKube(), await exporter()
            strict(east)
            async with running(Agent(east, broker, site("east")), Agent(west, broker, site("west"))):
                await until(lambda: known_everywhere(broker, west))
                await asyncio.sleep(0.2)
                assert not east.objects
                await east.put(path("v1", "namespaces", name="default"), {"kind": "Namespace"})
                await until(lambda: known_everywhere(broker, east))

        asyncio.run(run())

    def test_a_newcomer_with_the_same_id_takes_the_export_off_the_broker_for_good(self) -> None:
        """As seen: the ServiceExport of the other one still says Ready."""

        async def run() -> None:
            broker, west, newcomer = FakeKube(), await exporter(), await cluster()
            async with running(Agent(west, broker, site("west"))):
                await until(lambda: condition(west, "Ready"))
                async with running(Agent(newcomer, broker, site("west"))):
                    await until(lambda: not broker.objects)
                    await asyncio.sleep(0.2)
                    assert not broker.objects
                    assert condition(west, "Ready")["status"] == "True"

        asyncio.run(run())

    def test_a_start_removes_copies_whose_original_is_gone(self) -> None:
        async def run() -> None:
            broker, east = FakeKube(), await cluster()
            stale = records.slice_copy(recorded("east", "EndpointSlice", BROKER), "default", "west")
            await east.put(f"{SLICES}/{stale['metadata']['name']}", stale)
            await east.put(IMPORT, recorded("east", "ServiceImport", "default"))
            async with running(Agent(east, broker, site("east"))):
                await until(lambda: not ours(east, SLICES) and IMPORT not in east.objects)

        asyncio.run(run())

    def test_the_uninstall_takes_its_part_and_leaves_that_of_the_others(self) -> None:
        async def run() -> None:
            broker, east, west = FakeKube(), await exporter(), await exporter()
            async with running(Agent(east, broker, site("east")), Agent(west, broker, site("west"))):
                await until(lambda: len(ours(broker, BROKER_SLICES)) == 2)
                await until(lambda: len(broker.objects[AGGREGATED].get("status", {}).get("clusters", [])) == 2)
                await until(lambda: len(ours(west, SLICES)) == 2)
            await outwards.uninstall(Sides(Store(west), Store(broker)), site("west"))
            assert broker.objects[AGGREGATED]["status"]["clusters"] == [{"cluster": "east"}]
            assert [records.source(item) for item in ours(broker, BROKER_SLICES)] == ["east"]
            assert not ours(west, SLICES)
            assert EXPORT in west.objects
            assert IMPORT not in west.objects

        asyncio.run(run())


def strict(kube: FakeKube) -> None:
    """Nothing can be created in a namespace that does not exist."""
    create = kube.create

    async def checked(url: str, body: Object) -> Object:
        from tests.simulator.kube import ApiError

        if path("v1", "namespaces", name=body["metadata"]["namespace"]) not in kube.objects:
            raise ApiError(404, "namespaces not found")
        return await create(url, body)

    kube.create = checked  # type: ignore[method-assign]
