# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`subctl show`: tables on stdout, built from Gateways and the Submariner resource, not from Endpoints."""

from __future__ import annotations

from . import contexts, discovery
from .api import Object, path
from .contexts import Action, ClusterInfo
from .flags import UsageError, Values
from .status import ApiError, Failed, Reporter
from .tables import Column, Table
from .versions import versions

NO_CONNECTIVITY = "Submariner connectivity feature is not installed"
NO_GATEWAYS = "no gateways detected"
FLAGS = contexts.flags(contexts=True)


def run(values: Values, status: Reporter) -> None:
    what = values.arguments[0]
    if what not in ACTIONS:
        raise UsageError(f'unknown command "{what}" for "subctl show"')
    contexts.on_all(values, "", ACTIONS[what], status)


def brokers(info: ClusterInfo, status: Reporter) -> None:
    status.start("Detecting broker(s)")
    with status.explaining("Error retrieving brokers"):
        found = info.api.list(path("Broker"))
    status.end()
    if not found:
        status.success("No brokers found")
        return
    table = Table(
        (
            Column("NAMESPACE", 24),
            Column("NAME", 24),
            Column("COMPONENTS"),
            Column("GLOBALNET"),
            Column("GLOBALNET CIDR"),
            Column("DEFAULT GLOBALNET SIZE"),
            Column("DEFAULT DOMAINS", 40),
        )
    )
    for broker in found:
        spec = broker["spec"]
        table.add(
            broker["metadata"]["namespace"],
            broker["metadata"]["name"],
            spec.get("components") or [],
            bool(spec.get("globalnetEnabled")),
            spec.get("globalnetCIDRRange", ""),
            spec.get("defaultGlobalnetClusterSize", 0),
            spec.get("defaultCustomDomains") or [],
        )
    print(table, end="", flush=True)


def connections(info: ClusterInfo, status: Reporter) -> None:
    status.start("Showing Connections")
    table = Table(
        (
            Column("GATEWAY", 30),
            Column("CLUSTER", 24),
            Column("REMOTE IP"),
            Column("NAT"),
            Column("CABLE DRIVER"),
            Column("SUBNETS", 40),
            Column("STATUS"),
            Column("RTT avg."),
        )
    )
    for gateway in _gateways(info, status):
        for connection in gateway.get("connections") or []:
            endpoint = connection["endpoint"]
            table.add(
                endpoint["hostname"],
                endpoint["cluster_id"],
                *remote_address(connection),
                endpoint["backend"],
                endpoint.get("subnets") or [],
                connection["status"],
                (connection.get("latencyRTT") or {}).get("average", ""),
            )
    if not table.rows:
        raise status.error("no connections found")
    status.end()
    print(table, end="", flush=True)


def endpoints(info: ClusterInfo, status: Reporter) -> None:
    """One local row per Gateway, one remote row per connection: no proof of how many Endpoints there are."""
    status.start("Showing Endpoints")
    table = Table(
        (
            Column("CLUSTER", 24),
            Column("ENDPOINT IP"),
            Column("PUBLIC IP"),
            Column("CABLE DRIVER"),
            Column("TYPE"),
        )
    )
    for gateway in _gateways(info, status):
        remote = [connection["endpoint"] for connection in gateway.get("connections") or []]
        for endpoint, kind in [(gateway["localEndpoint"], "local"), *((item, "remote") for item in remote)]:
            table.add(
                endpoint["cluster_id"],
                endpoint.get("private_ip", ""),
                endpoint.get("public_ip", ""),
                endpoint.get("backend", ""),
                kind,
            )
    status.end()
    print(table, end="", flush=True)


def gateways(info: ClusterInfo, status: Reporter) -> None:
    status.start("Showing Gateways")
    table = Table((Column("NODE", 30), Column("HA STATUS"), Column("SUMMARY")))
    for gateway in _gateways(info, status):
        table.add(gateway["localEndpoint"].get("hostname", ""), gateway.get("haStatus", ""), summary(gateway))
    status.end()
    print(table, end="", flush=True)


def networks(info: ClusterInfo, status: Reporter) -> None:
    status.start("Showing Network details")
    if info.submariner is not None:
        title = "    Discovered network details via Submariner:"
        state = info.submariner.get("status") or {}
        network: discovery.Network | None = discovery.Network(
            state.get("networkPlugin", ""),
            state.get("clusterCIDR", ""),
            state.get("serviceCIDR", ""),
            state.get("globalCIDR", ""),
            state.get("clustersetIPCIDR", ""),
        )
    else:
        title = "    Discovered network details"
        with status.explaining("Error discovering network details for this cluster"):
            network = discovery.discover(info.api)
        if network is None:
            status.warning("The network details could not be determined")
    status.end()
    if network is not None:
        print(f"{title}\n{network}", flush=True)


def everything(info: ClusterInfo, status: Reporter) -> None:
    failed: list[Failed] = []
    parts: tuple[Action, ...] = (brokers, connections, endpoints, gateways, networks, versions)
    if info.submariner is None:
        parts = (brokers, versions)
    for part in parts:
        try:
            part(info, status)
        except Failed as exc:
            failed.append(exc)
        print(flush=True)
    if info.submariner is None:
        status.warning(NO_CONNECTIVITY)
    if failed:
        raise Failed("; ".join(str(failure) for failure in failed))


def if_installed(action: Action) -> Action:
    """Without a Submariner resource: a warning and exit code 0."""

    def guarded(info: ClusterInfo, status: Reporter) -> None:
        if info.submariner is None:
            status.warning(NO_CONNECTIVITY)
        else:
            action(info, status)

    return guarded


def remote_address(connection: Object) -> tuple[str, bool]:
    """The address used for a connection, and whether it goes through NAT."""
    endpoint = connection["endpoint"]
    if connection.get("usingIP"):
        return str(connection["usingIP"]), bool(connection.get("usingNAT"))
    if endpoint.get("nat_enabled"):
        return str(endpoint.get("public_ip", "")), True
    return str(endpoint.get("private_ip", "")), False


def summary(gateway: Object) -> str:
    states = [connection["status"] for connection in gateway.get("connections") or []]
    connected = states.count("connected")
    if gateway.get("statusFailure"):
        return str(gateway["statusFailure"])
    if not states:
        return "There are no connections"
    if connected == len(states):
        return f"All connections ({connected}) are established"
    return f"{connected} connections out of {len(states)} are established"


def _gateways(info: ClusterInfo, status: Reporter) -> list[Object]:
    """The statuses of the Gateways; there must be one."""
    try:
        found = [gateway["status"] for gateway in info.gateways()]
    except ApiError as exc:
        raise status.error("Error retrieving gateways", exc) from exc
    if not found:
        raise status.error(NO_GATEWAYS)
    return found


ACTIONS: dict[str, Action] = {
    "brokers": brokers,
    "connections": if_installed(connections),
    "endpoints": if_installed(endpoints),
    "gateways": if_installed(gateways),
    "networks": networks,
    "versions": versions,
    "all": everything,
}
