# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`subctl diagnose connections`, `kube-proxy-mode` and `firewall intra-cluster`."""

from __future__ import annotations

import json

from .. import names
from .api import Object, path
from .contexts import ClusterInfo
from .diagnose_deployment import SINGLE_NODE, single_node
from .probes import Placement, Probe, nettest_image
from .status import ApiError, Failed, Reporter

NAMESPACE = names.OPERATOR_NAMESPACE
SNIFF = "tcpdump -ln -c 3 -i vx-submariner tcp and port 8080 and 'tcp[tcpflags] == tcp-syn'"
NO_IPVS = ("ip: can't find device", 'Device "kube-ipvs0" does not exist')


def connections(info: ClusterInfo, status: Reporter) -> None:
    failed = []
    for check in (_gateway_connections, _route_agent_connections):
        try:
            check(info, status)
        except Failed as exc:
            failed.append(exc)
    if failed:
        raise Failed("; ".join(str(failure) for failure in failed))


def _gateway_connections(info: ClusterInfo, status: Reporter) -> None:
    with status.step("Checking gateway connections"):
        with status.explaining("Error retrieving gateways"):
            gateways = info.gateways()
        if not gateways:
            raise status.error("no gateways were detected")
        active = [gateway for gateway in gateways if gateway["status"].get("haStatus") == "active"]
        for gateway in active:
            known = gateway["status"].get("connections") or []
            if not known:
                status.failure(f'There are no active connections on gateway "{gateway["metadata"]["name"]}"')
            for connection in known:
                _judge(connection["endpoint"]["cluster_id"], connection, status)
        if not active:
            status.failure("No active gateway was found")
        failing = status.failing
    if failing:
        raise Failed("failures while diagnosing gateway connections")


def _route_agent_connections(info: ClusterInfo, status: Reporter) -> None:
    with status.step("Checking route agent connections"):
        with status.explaining("Error retrieving route agents"):
            agents = info.api.list(path("RouteAgent", NAMESPACE))
        if not agents:
            raise status.error("no route agents were detected")
        for agent in agents:
            remote = (agent.get("status") or {}).get("remoteEndpoints") or []
            if not remote:
                name = agent["metadata"]["name"]
                status.success(f'There are no remote endpoint connections on route agent "{name}"')
            for endpoint in remote:
                _judge(endpoint["spec"]["cluster_id"], endpoint, status)
        failing = status.failing
    if failing:
        raise Failed("failures while diagnosing route agent connections")


def _judge(cluster_id: str, connection: Object, status: Reporter) -> None:
    if connection["status"] == "connecting":
        status.failure(f'Connection to cluster "{cluster_id}" is in progress')
    elif connection["status"] == "error":
        details = json.dumps(connection, indent=2)
        status.failure(f'Connection to cluster "{cluster_id}" is not established. Connection details:\n{details}')


def kube_proxy_mode(info: ClusterInfo, status: Reporter) -> None:
    """IPVS is shown as a failure; the exit code stays 0."""
    image = nettest_image(info.submariner or {})
    placement = Placement(gateway=True, host_network=True)
    with status.step("Checking Submariner support for the kube-proxy mode"):
        with (
            status.explaining("Error spawning the network pod"),
            Probe(info.api, info.namespace, "query-iface-list", image, "ip a s kube-ipvs0", placement) as probe,
        ):
            output = probe.output()
        if any(sign in output for sign in NO_IPVS):
            status.success("The kube-proxy mode is supported")
        else:
            status.failure("The cluster is deployed with kube-proxy ipvs mode which Submariner does not support")


def firewall_intra_cluster(info: ClusterInfo, seconds: int, verbose: bool, status: Reporter) -> None:
    with status.step("Checking that firewall configuration allows intra-cluster VXLAN traffic"):
        if single_node(info, status):
            status.success(SINGLE_NODE)
            return
        try:
            _sniff(info, seconds, verbose, status)
        except ApiError as exc:
            status.failure(f"Error running the firewall check: {exc}")
        failing = status.failing
    if failing:
        raise Failed("failures while diagnosing the intra-VXLAN firewall configuration")


def _sniff(info: ClusterInfo, seconds: int, verbose: bool, status: Reporter) -> None:
    """A client on another node calls a remote address; the gateway node must see the packets of both."""
    submariner = info.submariner or {}
    own = submariner["spec"]["clusterID"]
    endpoints = info.api.list_known(path("Endpoint", NAMESPACE))
    remote = next((item for item in endpoints if item["spec"]["cluster_id"] != own), None)
    if remote is None:
        status.failure('Unable to obtain a remote endpoint: endpoints.submariner.io "remote Endpoint" not found')
        return
    selector = f"app={names.GATEWAY},{names.GATEWAY_STATUS_LABEL}=active"
    pods = info.api.list(path("Pod", NAMESPACE), labelSelector=selector)
    if not pods:
        status.failure(
            f'Unable to obtain a gateway node: could not find the active Gateway node in local cluster "{info.name}"'
        )
        return
    target = str(remote["spec"]["subnets"][0]).partition("/")[0]
    image = nettest_image(submariner)
    gateway = Placement(node=pods[0]["metadata"]["labels"][names.GATEWAY_POD_NODE_LABEL], host_network=True)
    listen, call = f"timeout {seconds} {SNIFF}", f"nc -w {seconds // 2} {target} 8080"
    with (
        Probe(info.api, info.namespace, "validate-sniffer", image, listen, gateway) as sniffer,
        Probe(info.api, info.namespace, "validate-client", image, call, Placement()) as client,
    ):
        client.output()
        seen = sniffer.output()
        if verbose:
            status.success(f"tcpdump output from the sniffer pod on Gateway node:\n{seen}")
        if target not in seen:
            status.failure(
                f"The tcpdump output from the sniffer pod does not contain the expected remote endpoint IP {target}. "
                f"Please check that your firewall configuration allows UDP/4800 traffic. Actual pod output: \n{seen}"
            )
        elif client.address not in seen:
            status.failure(
                "The tcpdump output from the sniffer pod does not contain the client pod's IP. There seems to be some "
                f'issue with the IPTable rules programmed on the "{client.node}" node, Actual pod output: \n{seen}'
            )
