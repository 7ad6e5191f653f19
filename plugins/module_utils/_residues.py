# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The residues of submariner.md 3.4 in words, for docs/residues.md; pure data. Private, may change at any time.

How those are known that stand on an API server is in the catalogue; here is what they are and what becomes of them, and all
of those that no API server has.
"""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.submariner.lifecycle.plugins.module_utils._node_plan import (
    CABLE_TABLE,
    CHAINS,
    HOST_TABLE,
    LOCAL_SET,
    NFT_TABLES,
    OVN_TABLE,
    OVS_LINKS,
    REMOTE_SET,
    VXLAN_IDS,
    WIREGUARD,
)


@dataclass(frozen=True)
class Residue:
    """C(known) and C(order) are for what the catalogue has no entry of, C(more) is added to what it has."""

    what: str
    done: str
    known: str = ""
    order: str = ""
    others: str = ""
    releases: str = ""


DELETED = "deleted"
RETIRED = "stays for a re-join; deleted when the cluster leaves for good (`departure: retire`)"
IDENTITY = (
    "deleted by identity: its gateway is a node of this cluster, or it has this cluster's ID and its CIDRs; another cluster "
    "under the same ID is a clash, and refused"
)
BY_NODES = "with the nodes"

RESIDUES: dict[int, Residue] = {
    1: Residue(
        "the operator's resources, which wait for its finalizer",
        "deleted first; a living operator is watched, the finalizer of one that is shown dead is released after it was stopped",
    ),
    2: Residue("workloads of an uninstall that was broken off", DELETED),
    3: Residue("Endpoints of a departed cluster on the broker", IDENTITY),
    4: Residue("the Cluster record of a departed cluster on the broker", IDENTITY),
    5: Residue(
        "several Endpoints for one ID on the broker",
        "`verify` names them; `repair` keeps the one that the active gateway has; two live clusters with one ID are refused",
        "Endpoints with one `cluster_id`, compared with the member's own",
        "by `repair`",
        "another installation under the same ID",
    ),
    6: Residue(
        "stale copies of other clusters' records in a member",
        "`repair` restarts the gateway, which takes them away; they go with the operator's namespace",
        "records labelled `submariner-io/clusterID` that the broker does not have",
        "by `repair`, or with R13",
    ),
    7: Residue(
        "a stale Endpoint of the cluster itself",
        "`repair` restarts the gateway; it goes with the operator's namespace",
        "no label `submariner-io/clusterID`, and an address that no node has",
        "by `repair`, or with R13",
    ),
    8: Residue("stale Gateway records", "deleted with the operator's namespace; by `repair` on a running installation"),
    9: Residue("a departed cluster's access to the broker", RETIRED),
    10: Residue(
        "addresses of Globalnet and of the clusterset that were given to a departed cluster",
        "its entry stays for a re-join; when the cluster leaves for good, just this entry is taken out of the table",
    ),
    11: Residue(
        "Globalnet's setting of an earlier broker",
        "`preflight` names a setting that differs; it goes with the broker's namespace",
        "`globalnetEnabled` in `submariner-globalnet-info`",
        "with R13",
    ),
    12: Residue(
        "a second broker in another cluster of the fleet",
        "`preflight` and `verify` name it; `uninstall` removes each broker whose clusters are proven gone",
        "a namespace or a Broker resource in more than one cluster",
        "with R13",
        "another team's broker",
    ),
    13: Residue(
        "namespaces, also such that are going and do not end",
        "deleted when they hold nothing of others; what holds them is named from their conditions, and their own finalizers "
        "are never taken away",
    ),
    14: Residue(
        "definitions that are going and do not end",
        "end when the resources of R1 are released; one that does not is named with what holds it",
        "as R15, being deleted",
        "with R15",
    ),
    15: Residue(
        "Submariner's definitions",
        "deleted unless a broker stays on the cluster; objects of users go with them, and the plan names these",
    ),
    16: Residue(
        "the two definitions of the Multi-Cluster Services API",
        "left by default; on request (`mcs`) deleted, unless there is any sign of another user of the API",
    ),
    17: Residue(
        "imports, slices and exports of services",
        "imports and slices of lighthouse are deleted; on a broker just the departed cluster's part of an import that others "
        "offer, too, is taken out; exports go on request only",
    ),
    18: Residue(
        "what service discovery wrote into the cluster's DNS",
        "exactly that part is taken out, and the journal keeps what was there; marker lines that do not come in pairs are refused",
    ),
    19: Residue(
        "cluster roles and their bindings", "deleted by exact names, never by a prefix or by what a binding points to"
    ),
    20: Residue("cluster roles and their bindings on OpenShift", "deleted by exact names"),
    21: Residue(
        "labels and annotations of nodes", "what Submariner set is taken off; users' settings stay and are named"
    ),
    22: Residue(
        "Globalnet's objects in users' namespaces",
        "once Globalnet is proven gone, its finalizer is taken off its Services, and they are deleted; users' own Services never",
    ),
    23: Residue("Calico's pools", "Submariner's pools are deleted, the default pool is put back as it was"),
    24: Residue(
        "changes on the nodes",
        "taken back by `submariner.lifecycle.node_cleanup`, see below",
        "by content, see below",
        "nodes, after the API server",
        "all that is not listed below stays, and what looks like it is named",
    ),
    25: Residue("pods of `subctl diagnose` and namespaces of `subctl verify`", DELETED),
    26: Residue(
        "in the cloud: gateway machines, security groups, firewall rules, load balancers",
        "**you do it:** `subctl cloud cleanup <provider>`, or the cloud's own tools; no API server of a cluster shows them",
        "not looked for",
        "after the uninstall",
    ),
    27: Residue(
        "old files `broker-info.subm*` on the machine where subctl ran",
        "**you do it:** delete them when their broker is gone; they hold its credentials. This collection's own copy is removed "
        "with the run",
        "not looked for",
        "after the uninstall",
    ),
    28: Residue(
        "the lock of an operator that was deleted hard, and the configuration of lighthouse's DNS",
        "deleted with the operator's namespace; it would block a new operator",
    ),
    29: Residue(
        "a token or CA of a broker that was made anew",
        "deleted with the operator's namespace; a join makes a new one. `verify` warns of a CA that expires",
    ),
}


@dataclass(frozen=True)
class OnNodes:
    """A sort of change on the nodes (submariner.md 3.5, measured.md)."""

    layer: str
    names: tuple[str, ...]
    known: str
    releases: str = ""


TABLES = (CABLE_TABLE, OVN_TABLE, HOST_TABLE)

ON_NODES: tuple[OnNodes, ...] = (
    OnNodes("links", tuple(VXLAN_IDS), "name, kind and VXLAN id"),
    OnNodes("links", (WIREGUARD,), "name and kind: WireGuard"),
    OnNodes("Open vSwitch", tuple(OVS_LINKS), "name and kind", "old releases on OVN-Kubernetes"),
    OnNodes(
        "routes",
        TABLES,
        "in these tables, those that leave by a link of Submariner or lead to a recorded subnet, and OVN-Kubernetes' default "
        "routes to which only rules for recorded subnets lead; never by the number alone",
    ),
    OnNodes(
        "rules",
        TABLES,
        "those that point at such a table, when it holds nothing of others and Submariner is known to have run there",
    ),
    OnNodes(
        "iptables (nft and legacy)",
        tuple(sorted(CHAINS)),
        "chains by exact name, and the jumps to them; counters of other rules are left alone",
    ),
    OnNodes(
        "ipsets",
        (REMOTE_SET, LOCAL_SET),
        "exact name and type, and no foreign rule uses it; Globalnet's `SM-GN-*` by the form of their names",
    ),
    OnNodes(
        "nftables",
        tuple(sorted(NFT_TABLES)),
        "tables by name that hold only chains of Submariner; their named sets record subnets as the ipsets do",
        "default from 0.22",
    ),
    OnNodes(
        "IPsec",
        (),
        "policies whose two selectors are recorded subnets, and the states that only such policies use; all others stay",
        "cable driver libreswan",
    ),
    OnNodes(
        "OVN-Kubernetes",
        (),
        "policies and static routes of the logical router `ovn_cluster_router` with the key `submariner` in their "
        "`external_ids`, on nodes that serve OVN's northbound database; never by the priority 20000 alone",
    ),
    OnNodes(
        "sysctls",
        (),
        "never put back, since nothing tells what they were: `rp_filter`, `send_redirects`, forwarding, MTU",
    ),
)
