# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Known lines of the logs of Submariner's components: data. docs/log-lines.md is generated from it.

What a finding id means stands in _findings. Private to this collection, may change at any time.
"""

from __future__ import annotations

from dataclasses import dataclass

OPERATOR, GATEWAY, ROUTE_AGENT, GLOBALNET = "operator", "gateway", "routeagent", "globalnet"
AGENT, COREDNS, METRICS = "lighthouse-agent", "lighthouse-coredns", "metrics-proxy"
COMPONENTS = (OPERATOR, GATEWAY, ROUTE_AGENT, GLOBALNET, AGENT, COREDNS, METRICS)

DISCOVERY_FAILED = "operator.discovery-failed"
BROKER_UNREACHABLE = "operator.broker-unreachable"

INFO, WARNING = "info", "warning"
"""A log tells what was, so that no line is worse than a warning by itself."""

_SYNCING = (GATEWAY, AGENT)
_HOST_NETWORK = (GATEWAY, ROUTE_AGENT, GLOBALNET)


@dataclass(frozen=True)
class KnownLine:
    """A line that holds one of `signs` (lower case), of one of `components`, and what to do about it.

    `broker`: only when it is about the broker. `since`, `until`: the versions for which the row holds, where known.
    """

    id: str
    components: tuple[str, ...]
    signs: tuple[str, ...]
    hint: str
    severity: str = WARNING
    broker: bool = False
    since: str = ""
    until: str = ""
    source: str = ""


_ADDRESS = "set submariner_broker_url to an address of the broker's API that this cluster's pods reach"
_JOIN_AGAIN = "join again with a fresh broker info"
_REASONS: tuple[tuple[str, str], ...] = (
    ("connection refused", f"nothing listens at that address as the cluster sees it: {_ADDRESS}"),
    ("no such host", f"the cluster cannot resolve that name: {_ADDRESS}"),
    ("no route to host", f"the cluster has no route to that address: {_ADDRESS}"),
    ("network is unreachable", f"the cluster has no route to that address: {_ADDRESS}"),
    ("i/o timeout", f"the address does not answer the cluster: {_ADDRESS}"),
    ("context deadline exceeded", f"the address does not answer the cluster: {_ADDRESS}"),
    (
        "x509:",
        "the certificate at that address is not the one that the broker info vouches for:"
        f" {_ADDRESS}, or {_JOIN_AGAIN} after the broker's certificate authority changed",
    ),
    ("unauthorized", f"the broker does not accept the token of the broker info: {_JOIN_AGAIN}"),
)


_NO_BROKER = (
    "error authorizing access to the broker api server",
    "error accessing the broker api server",
    "error building an authorized restconfig for the broker",
)
"""Which any component writes that uses the broker."""


def _unreachable(finding: str, components: tuple[str, ...]) -> tuple[KnownLine, ...]:
    sources = {"x509:": "submariner#3543", "unauthorized": "submariner#2955"}
    return tuple(
        KnownLine(finding, components, (sign,), hint, broker=True, source=sources.get(sign, "seen"))
        for sign, hint in _REASONS
    )


# The first row that fits a line counts: what names a cause stands before what names a consequence.
LINES: tuple[KnownLine, ...] = (
    KnownLine(
        "log.write-conflict",
        COMPONENTS,
        ("the object has been modified; please apply your changes",),
        "nothing: the component tries again",
        INFO,
        source="submariner-operator#2486",
    ),
    KnownLine(
        DISCOVERY_FAILED,
        (OPERATOR,),
        ("could not determine the service ip range",),
        "the operator finds the service CIDR in the kube-apiserver pod of kube-system"
        " (component=kube-apiserver, --service-cluster-ip-range); this cluster has none that it can read",
        source="seen",
    ),
    KnownLine(
        DISCOVERY_FAILED,
        (OPERATOR,),
        ("error trying to discover network", "error discovering cluster network"),
        "see the error that the line gives",
        source="submariner-operator",
    ),
    *_unreachable(BROKER_UNREACHABLE, (OPERATOR,)),
    *_unreachable("log.broker-unreachable", _SYNCING),
    KnownLine(
        BROKER_UNREACHABLE,
        (OPERATOR,),
        _NO_BROKER,
        f"compare the broker's address, certificate authority and token with the Submariner resource's, or {_JOIN_AGAIN}",
        source="submariner#3543",
    ),
    KnownLine(
        "log.broker-unreachable",
        _SYNCING,
        _NO_BROKER,
        f"compare the broker's address, certificate authority and token with the Submariner resource's, or {_JOIN_AGAIN};"
        " a gateway that is restarted now loses its tunnels",
        source="submariner#789, submariner#2955",
    ),
    KnownLine(
        "log.crd-missing",
        (OPERATOR, GATEWAY, AGENT, COREDNS, GLOBALNET),
        ("no matches for kind", "if kind is a crd, it should be installed"),
        "restart the operator's pod: it creates missing definitions when it starts, and only then",
        source="submariner#2922, submariner-operator#733",
    ),
    KnownLine(
        "log.forbidden",
        COMPONENTS,
        ("is forbidden: user",),
        "compare the component's ClusterRole and Role with those of its version; joining again makes them anew",
        source="Kubernetes",
    ),
    KnownLine(
        "log.port-in-use",
        _HOST_NETWORK,
        ("address already in use",),
        "find who holds the port on that node (ss -ulnp): an interface that another cable driver left (uninstall and clean"
        " the nodes before the driver is changed), or a foreign program (then set another nattport)",
        source="submariner#1557, submariner#1679",
    ),
    # operator
    KnownLine(
        "log.uninstall-aborted",
        (OPERATOR,),
        ("timed out waiting for components to complete - aborting",),
        "run submariner.lifecycle.cleanup for this cluster: it looks for what stayed on nodes and broker",
        source="seen",
    ),
    KnownLine(
        "log.uninstall-no-gateway",
        (OPERATOR,),
        ("daemonset has no available nodes",),
        "remove the cluster's records from the broker with submariner.lifecycle.cleanup; label a gateway before an uninstall",
        source="seen",
    ),
    KnownLine(
        "log.uninstall-waits",
        (OPERATOR,),
        ("still has pods - requeueing", "daemonset not ready yet", "deployment not ready yet"),
        "nothing while it passes; if it lasts, see why the pods do not end or their cleaners do not start",
        INFO,
        source="submariner-operator",
    ),
    KnownLine(
        "log.operator-not-leader",
        (OPERATOR,),
        ("not the leader. waiting",),
        "if it lasts, see whose pod the ConfigMap submariner-operator-lock belongs to",
        INFO,
        source="operator-lib",
    ),
    KnownLine(
        "log.cidr-mismatch",
        (OPERATOR,),
        ("mismatch between the detected and configured cidrs",),
        "set submariner_cluster_cidr and submariner_service_cidr to what the cluster has, or leave them to the discovery",
        source="submariner-operator",
    ),
    KnownLine(
        "log.several-cidrs",
        (OPERATOR,),
        ("detected > 1 cidrs",),
        "addresses of the other CIDRs are not reached from other clusters",
        source="submariner-operator",
    ),
    # gateway
    KnownLine(
        "log.unknown-annotation",
        (GATEWAY,),
        ("unknown config annotation",),
        "take the annotation or label that the line names off the node",
        source="submariner",
    ),
    KnownLine(
        "log.public-ip",
        (GATEWAY,),
        ("could not determine public ip", "unable to resolve public ip"),
        "open HTTPS from the gateway nodes, annotate them with gateway.submariner.io/public-ip, or set submariner_air_gapped",
        source="submariner#3801",
    ),
    KnownLine(
        "log.load-balancer",
        (GATEWAY,),
        ("waiting for loadbalancer to be ready",),
        "see why Service submariner-gateway gets no address",
        source="submariner",
    ),
    KnownLine(
        "log.cidr-overlap",
        (GATEWAY, ROUTE_AGENT),
        ("skip processing the remote endpoint", "overlappingsubnets for new remote"),
        "give the clusters CIDRs that differ, or deploy the broker with Globalnet; if it is a cluster under two IDs, remove"
        " the ghost",
        source="seen, submariner#3411",
    ),
    KnownLine(
        "log.endpoints-compete",
        (GATEWAY,),
        ("older than the timestamp",),
        "look for two Endpoints of that cluster ID on the broker (submariner.lifecycle.verify names them)",
        source="submariner",
    ),
    KnownLine(
        "log.wireguard-key",
        (GATEWAY,),
        ("key mismatch for peer cluster", "mismatched endpoint key"),
        "look for two Endpoints of that cluster ID on the broker (submariner.lifecycle.verify names them)",
        source="submariner",
    ),
    KnownLine(
        "log.wrong-receiver",
        (GATEWAY,),
        ("received nat discovery packet for",),
        "two clusters share a gateway address or port, or an Endpoint on the broker names an old address",
        source="submariner",
    ),
    KnownLine(
        "log.nat-discovery",
        (GATEWAY,),
        ('" has timed out',),
        "open UDP 4490 between the gateways; until then the address is chosen by the option natt",
        source="submariner",
    ),
    KnownLine(
        "log.ping-failed",
        (GATEWAY, ROUTE_AGENT),
        ("failed to successfully ping the remote endpoint ip",),
        "check the tunnel's UDP port (4500) and ESP between the gateways, and the remote gateway",
        source="submariner#3801",
    ),
    KnownLine(
        "log.vxlan-nat",
        (GATEWAY,),
        ("supported only with no nat deployments",),
        "choose another cable driver, or let the gateways reach each other without NAT",
        source="submariner",
    ),
    KnownLine(
        "log.wireguard-device",
        (GATEWAY,),
        ("failed to add wireguard device",),
        "load the kernel module wireguard on the gateway nodes, or choose another cable driver",
        source="submariner#1281",
    ),
    KnownLine(
        "log.ipsec-daemon",
        (GATEWAY,),
        ("pluto exited", "error running pluto"),
        "read the lines of pluto before it: mostly the port is held by another program, or a kernel module is missing",
        source="submariner",
    ),
    KnownLine(
        "log.ipsec-command",
        (GATEWAY,),
        ("error whacking", "whacking with args"),
        "read the line of pluto before it; overlapping subnets and a port that is held are the usual causes",
        source="releases#221, submariner#1557",
    ),
    KnownLine(
        "log.cable-failed",
        (GATEWAY,),
        ("error installing cable for", "error starting the cable engine", "error starting the cable driver"),
        "see the error that the line gives",
        source="submariner",
    ),
    KnownLine(
        "log.broker-cleanup",
        (GATEWAY,),
        ("error cleaning up the datastore", "error deleting submariner"),
        "remove the cluster's records from the broker with submariner.lifecycle.cleanup",
        source="submariner",
    ),
    KnownLine(
        "log.own-endpoint-replaced",
        (GATEWAY,),
        ("successfully deleted existing submariner endpoint",),
        "nothing after a failover or a restart; if it repeats, look for a second installation of this cluster ID",
        INFO,
        source="seen",
    ),
    KnownLine(
        "log.record-deleted",
        (GATEWAY, AGENT),
        ("local -> broker: deleted", "broker -> local: deleted"),
        "nothing when a cluster left; else look for who removes the record",
        INFO,
        source="admiral",
    ),
    KnownLine(
        "log.stale-gateway",
        (GATEWAY,),
        ("deleted stale gateway",),
        "nothing after a failover; see whether the node that the line names is well",
        INFO,
        source="seen",
    ),
    KnownLine(
        "log.leadership-lost",
        (GATEWAY,),
        ("leadership lost",),
        "the gateway's pod restarts itself; see whether the API server answers that node in time",
        until="0.16.1",
        source="submariner",
    ),
    KnownLine(
        "log.leadership-lost",
        (GATEWAY,),
        ("leadership lost",),
        "see whether the API server answers that node in time",
        since="0.16.2",
        source="submariner",
    ),
    KnownLine(
        "log.leadership-acquired",
        (GATEWAY,),
        ("leadership acquired",),
        "nothing; more than one in a short time means that the gateways take turns",
        INFO,
        source="submariner",
    ),
    # nodes
    KnownLine(
        "log.cni-address",
        _HOST_NETWORK,
        (
            "error getting cni interface ip address",
            "error discovering the cni interface",
            "error obtaining cni ip address",
            "failed to get the cni interface ip for cluster cidr",
        ),
        "see whether the CNI gives nodes an address of the pod CIDR and the CIDR of the Submariner resource is right; else"
        " join without the health check",
        source="submariner",
    ),
    KnownLine(
        "log.no-default-interface",
        (GATEWAY, ROUTE_AGENT),
        ("unable to find the default interface on host",),
        "give the node a default route",
        source="submariner",
    ),
    KnownLine(
        "log.vxlan-interface",
        (GATEWAY, ROUTE_AGENT),
        ("unable to create vxlan interface", "failed to create vxlan interface", "failed to setup vxlan link"),
        "see the error that the line gives; an interface or port that an earlier installation left is removed by"
        " submariner.lifecycle.cleanup",
        source="submariner#1557",
    ),
    KnownLine(
        "log.packet-rules",
        _HOST_NETWORK,
        ("could not process rule",),
        "set key use-nftables of ConfigMap submariner-global to false, or bring the nodes' nftables up to date",
        since="0.22.0",
        source="submariner#3355, submariner#3571",
    ),
    KnownLine(
        "log.packet-rules",
        _HOST_NETWORK,
        ("failed to program iptable rules", "error appending packetfilter rule", "error initializing packetfilter"),
        "see the error that the line gives, and whether the node's kernel has the modules of iptables or nftables",
        source="submariner",
    ),
    KnownLine(
        "log.event-dropped",
        (ROUTE_AGENT, GATEWAY),
        ("as its requeued for more than",),
        "see the errors before it, then restart that node's pod of submariner-routeagent: it begins anew",
        source="submariner",
    ),
    KnownLine(
        "log.calico-api",
        (ROUTE_AGENT,),
        ("is calico api server running",),
        "install Calico's API server, or make the IPPools for the other clusters by hand",
        source="submariner",
    ),
    KnownLine(
        "log.node-not-ready",
        (ROUTE_AGENT,),
        ("node not ready, waiting",),
        "nothing while the node starts; if it lasts, see why the node is not Ready",
        INFO,
        source="submariner",
    ),
    # Globalnet
    KnownLine(
        "log.globalnet-no-cluster",
        (GLOBALNET,),
        ("even after waiting for 5 mins",),
        "see why the gateway made no Cluster record",
        source="submariner",
    ),
    KnownLine(
        "log.globalnet-differs",
        (GLOBALNET,),
        ("is not configured to use globalcidr",),
        "uninstall the cluster and join it again with the same globalnet setting as the broker",
        source="submariner",
    ),
    KnownLine(
        "log.globalnet-overlap",
        (GLOBALNET,),
        ("overlaps with remote cluster",),
        "give each cluster a globalnet_cidr of its own",
        source="submariner",
    ),
    KnownLine(
        "log.globalnet-no-ip",
        (GLOBALNET,),
        ("error allocating ip",),
        "free global IPs, or join again with a larger globalnet_cluster_size",
        source="submariner",
    ),
    KnownLine(
        "log.globalnet-reservation",
        (GLOBALNET,),
        ("could not reserve allocated globalip",),
        "nothing: another address is given; clients that kept the old one have to look it up again",
        INFO,
        source="submariner",
    ),
    # service discovery
    KnownLine(
        "log.namespace-missing",
        (AGENT,),
        ("due to missing namespace",),
        "create the namespace that the line names in this cluster, if its services are wanted here",
        INFO,
        source="admiral",
    ),
    KnownLine(
        "log.service-type",
        (AGENT,),
        ("not supported for service (",),
        "export a Service of type ClusterIP",
        source="lighthouse",
    ),
    KnownLine(
        "log.clusterset-ip",
        (AGENT,),
        ("unable to reserve clusterset ip",),
        "see whether two ServiceImports have that address, or the cluster's clusterset_ip_cidr changed",
        since="0.19.0",
        source="lighthouse",
    ),
    KnownLine(
        "log.dns-port",
        (COREDNS,),
        ("listen tcp :53: bind: permission denied",),
        "name the capability NET_BIND_SERVICE in upper case in Deployment submariner-lighthouse-coredns: some container"
        " runtimes do not know the lower-case name",
        source="lighthouse#2001 (seen with 0.20)",
    ),
    KnownLine(
        "log.dns-no-address",
        (COREDNS,),
        ("missing service ip endpoint in endpointslice",),
        "export the Service again; see the lighthouse agent's log of the cluster that exports it",
        source="lighthouse",
    ),
    KnownLine(
        "log.dns-waits",
        (COREDNS,),
        ("not found for endpointslice",),
        "nothing while it passes; if it lasts, the ServiceImport is missing in this cluster",
        INFO,
        source="lighthouse",
    ),
    # last, since a program error may come after the line that names its cause
    KnownLine(
        "log.program-error",
        COMPONENTS,
        ("panic: ", "observed a panic", "fatal error: "),
        "report it with the lines around it; see whether a later release has it repaired",
        source="Go",
    ),
)
