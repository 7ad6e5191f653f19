# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults that lie in one object of a healthy pair, by what is wrong."""

from __future__ import annotations

import base64

from tests.lab import web
from tests.scenarios.faults import objects as obj
from tests.scenarios.faults.edits import gone, made, patched, together
from tests.scenarios.faults.fault import BROKER_NAMESPACE, MEMBER, fault
from tests.scenarios.faults.spreading import GATEWAY_GONE
from tests.scenarios.fleet import BROKER
from tests.scenarios.judge import MEMBER_NAMESPACE

_LINKS = frozenset(
    {
        "connection.missing", "connection.not-connected", "connection.stale", "connection.unproven",
        "connection.duplicate", "routeagent.error",
    }
)  # fmt: skip
_TWICE = frozenset(
    {
        "broker.second",
        "cluster.id-twice",
        "endpoint.wrong-id",
        "broker.unmanaged",
        "connection.ghost",
        "cluster.missing",
    }
)
_SAID = frozenset({"version.self-reported"})
_BROKER_CR = ("-n", BROKER_NAMESPACE, "brokers.submariner.io", "submariner-broker")
_SECOND_BROKER = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": BROKER_NAMESPACE}}
_NOBODYS = "nobody.issued.this"
_STRANGERS = obj.authority_until(400)
_ACCOUNT = {
    "apiVersion": "v1",
    "kind": "ServiceAccount",
    "metadata": {"name": f"cluster-{obj.STRANGER}", "namespace": BROKER_NAMESPACE},
}

BROKER_FAULTS = {
    "a token of nobody": fault(
        together(
            patched(MEMBER, obj.SUBMARINER, obj.spec(brokerK8sApiServerToken=_NOBODYS)),
            patched(MEMBER, obj.CREDENTIALS, {"data": {"token": base64.b64encode(_NOBODYS.encode()).decode()}}),
        ),
        "broker.token-refused",
        submariner_verify_window=3,
        submariner_verify_timeout=3,
    ),
    "an authority of nobody": fault(
        together(
            patched(MEMBER, obj.SUBMARINER, obj.spec(brokerK8sCA=_STRANGERS["data"]["ca.crt"])),
            patched(MEMBER, obj.CREDENTIALS, _STRANGERS),
        ),
        "broker.ca-refused",
        submariner_verify_window=3,
        submariner_verify_timeout=3,
    ),
    "no Broker resource": fault(gone(BROKER, _BROKER_CR), "broker.resource"),
    "a second broker": fault(made(MEMBER, _SECOND_BROKER), "broker.second"),
    "another address": fault(
        patched(MEMBER, obj.SUBMARINER, obj.spec(brokerK8sApiServer="broker.example:6443")), "broker.addresses-differ"
    ),
    "its own host's address": fault(
        patched(MEMBER, obj.SUBMARINER, obj.spec(brokerK8sApiServer="127.0.0.1:6443")),
        "broker.loopback-address",
        "broker.addresses-differ",
    ),
    "no token": fault(
        patched(MEMBER, obj.CREDENTIALS, {"data": {"token": None}}),
        "broker.no-credentials",
        submariner_verify_access=True,
    ),
    "an expired CA": fault(
        patched(MEMBER, obj.CREDENTIALS, obj.authority_until(-3)), "broker.ca-expired", submariner_verify_access=True
    ),
    "a CA that ends": fault(
        patched(MEMBER, obj.CREDENTIALS, obj.authority_until(9)), "broker.ca-expires", submariner_verify_access=True
    ),
    "two records of one ID": fault(made(BROKER, obj.second_record), "cluster.duplicate"),
    "no record": fault(gone(BROKER, ("-n", BROKER_NAMESPACE, "clusters.submariner.io", MEMBER)), "cluster.missing"),
    "access for nobody": fault(made(BROKER, _ACCOUNT), "residue.broker-access", submariner_verify_residue=True),
    "joined elsewhere": fault(
        together(
            gone(BROKER, obj.REGISTERED),
            patched(MEMBER, obj.SUBMARINER, obj.spec(brokerK8sApiServer="broker.example:6443")),
        ),
        "member.other-broker",
        "endpoint.missing",
        may=_LINKS | {"endpoint.stale-copy"},
    ),
    "Globalnet on one cluster": fault(
        patched(MEMBER, obj.SUBMARINER, obj.spec(globalCIDR="242.9.0.0/16")),
        "globalnet.differs",
        may=frozenset({"workload.not-ready"}),
    ),
}

ENDPOINT_FAULTS = {
    "labelled with another ID": fault(
        patched(BROKER, obj.REGISTERED, {"metadata": {"labels": {"submariner-io/clusterID": obj.STRANGER}}}),
        "endpoint.label-mismatch",
        may=_LINKS | {"endpoint.missing", "endpoint.stale-copy", "endpoint.copy-differs"},
    ),
    "another gateway's record": fault(
        patched(BROKER, obj.REGISTERED, obj.spec(private_ip=obj.SPARE)),
        "endpoint.not-ours",
        may=_LINKS | {"endpoint.copy-differs"},
    ),
    "a copy that differs": fault(
        patched(BROKER, obj.COPY, obj.spec(private_ip=obj.SPARE)), "endpoint.copy-differs", may=_LINKS
    ),
    "a copy of nothing": fault(
        made(MEMBER, obj.stranger_copy), "endpoint.stale-copy", may=_LINKS | {"connection.ghost"}
    ),
    "an address that no node has": fault(
        patched(MEMBER, obj.OWN, obj.spec(private_ip=obj.SPARE)),
        "gateway.endpoint-differs",
        "endpoint.stale-address",
        may=_LINKS,
    ),
    "another ID than the inventory's": fault(
        patched(MEMBER, obj.OWN, obj.spec(cluster_id=obj.STRANGER)),
        "endpoint.wrong-id",
        may=_LINKS
        | {"gateway.endpoint-differs", "endpoint.missing", "cluster.missing", "endpoint.ghost"}
        | {"cluster.two-ids", "connection.ghost"},
    ),
}

GATEWAY_FAULTS = {
    "a failure": fault(patched(MEMBER, obj.gateway, obj.status(statusFailure="no cable")), "gateway.failure"),
    "a record of no gateway": fault(
        made(
            MEMBER,
            {
                "apiVersion": "submariner.io/v1",
                "kind": "Gateway",
                "metadata": {"name": f"{obj.STRANGER}-worker", "namespace": MEMBER_NAMESPACE},
                "status": {"haStatus": "passive", "connections": [], "statusFailure": "", "version": ""},
            },
        ),
        "gateway.left-over",
    ),
    "none active": fault(
        patched(MEMBER, obj.gateway, obj.status(haStatus="passive")), "gateway.not-one-active", may=_LINKS
    ),
    "another Endpoint": fault(
        patched(MEMBER, obj.gateway, obj.status(localEndpoint={"private_ip": obj.SPARE})), "gateway.endpoint-differs"
    ),
    "a node without a record": fault(
        patched(MEMBER, obj.other_node, obj.GATEWAY_NODE),
        "gateway.no-record",
        may=frozenset({"workload.not-ready"}),
    ),
    "no load balancer": fault(
        patched(MEMBER, obj.SUBMARINER, obj.spec(loadBalancerEnabled=True)), "gateway.no-load-balancer"
    ),
    "no connection": fault(patched(MEMBER, obj.gateway, obj.status(connections=[])), "connection.missing"),
    "a route agent that failed": fault(
        patched(MEMBER, obj.route_agent, obj.status(statusFailure="no route")), "routeagent.failure"
    ),
    "a node without its way": fault(
        patched(MEMBER, obj.route_agent, obj.way_lost),
        "routeagent.error",
    ),
    "two connections": fault(
        patched(MEMBER, obj.gateway, obj.connections(lambda found: [*found, *found])), "connection.duplicate"
    ),
    "connected to a ghost": fault(
        patched(
            MEMBER,
            obj.gateway,
            obj.connections(
                lambda found: [*found, {**found[0], "endpoint": {**found[0]["endpoint"], "cluster_id": obj.STRANGER}}]
            ),
        ),
        "connection.ghost",
    ),
    "connected to an old Endpoint": fault(
        patched(MEMBER, obj.gateway, obj.to_another(cable_name="submariner-cable-east-192-0-2-78")), "connection.stale"
    ),
    "nothing measured": fault(
        patched(MEMBER, obj.gateway, obj.connections(lambda found: [{**c, "latencyRTT": None} for c in found])),
        "connection.unproven",
    ),
    "a lease of another": fault(
        patched(
            MEMBER,
            obj.installed("lease", "submariner-gateway-lock"),
            obj.spec(holderIdentity=f"{obj.STRANGER}-submariner-gateway"),
        ),
        "gateway.lease-elsewhere",
        may=GATEWAY_GONE,
    ),
}

INSTALLATION_FAULTS = {
    "one cluster twice": fault(obj.nothing, "input.same-cluster", may=_LINKS | _TWICE, submariner_context=BROKER),
    "an image that nobody has": fault(
        obj.nothing,
        "datapath.not-tested",
        submariner_verify_data_path=True,
        submariner_nettest_image="quay.io/nobody/nettest:1",
    ),
    "names that nobody answers": fault(
        obj.scaled_down(MEMBER, "submariner-lighthouse-coredns"),
        "datapath.name-not-resolved",
        submariner_verify_data_path=True,
        submariner_verify_data_path_dns=True,
    ),
    "no release": fault(
        patched(MEMBER, obj.SUBMARINER, obj.spec(version="devel")),
        "version.not-stable",
        "version.mixed",
        "version.skew",
        may=_SAID,
    ),
    "another release": fault(
        patched(MEMBER, obj.SUBMARINER, obj.spec(version="0.18.3")), "version.mixed", "version.skew", may=_SAID
    ),
    "an uninstall workload": fault(
        made(MEMBER, obj.stopped_workload("DaemonSet", "submariner-gateway-uninstall")), "workload.uninstall-left"
    ),
    "a Helm release": fault(
        patched(MEMBER, obj.SUBMARINER, {"metadata": {"annotations": {"meta.helm.sh/release-name": "ours"}}}),
        "owner.other",
    ),
    "shared addresses": fault(
        patched(MEMBER, obj.SUBMARINER, obj.status(clusterCIDR="10.130.0.0/16"), subresource="status"),
        "addressing.overlap",
    ),
    "one marker": fault(
        patched(MEMBER, obj.COREFILE, obj.in_corefile(lambda text: text.replace("#lighthouse-end", "#"))),
        "dns.unbalanced-markers",
    ),
    "names asked elsewhere": fault(
        patched(MEMBER, obj.COREFILE, obj.in_corefile(obj.forwarded_elsewhere)), "dns.wrong-address"
    ),
    "no Corefile": fault(gone(MEMBER, obj.COREFILE), "dns.unseen"),
    "pods of a diagnose": fault(
        made(MEMBER, obj.idle_pod("query-iface-list", {"submariner.io/transient": "true"})),
        "residue.test-pods",
        submariner_verify_residue=True,
    ),
    # The last: until its gateway is back, nothing reaches west.
    "an operator that does nothing": fault(
        together(
            gone(MEMBER, obj.installed("daemonset", "submariner-gateway")),
            gone(MEMBER, obj.installed("daemonset", "submariner-routeagent")),
            obj.operator_asleep,
        ),
        "operator.idle",
        may=GATEWAY_GONE,
    ),
}

SERVICE_FAULTS = {
    "an export of nothing": fault(made(MEMBER, obj.EXPORT), "service.not-exported"),
    # The last, since the agent does not offer it again by itself.
    "not on the broker": fault(
        gone(BROKER, ("-n", BROKER_NAMESPACE, "serviceimports.multicluster.x-k8s.io", f"{web.NAME}-{web.NAMESPACE}")),
        "service.not-on-broker",
    ),
}
