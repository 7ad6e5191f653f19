# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resources that a join writes for the operator."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

from .. import names
from .api import Object
from .brokerinfo import BrokerInfo
from .flags import Values


@dataclass
class Installation:
    """What is known about a cluster that joins."""

    values: Values
    broker: BrokerInfo
    cluster_id: str
    cluster_cidr: str
    service_cidr: str
    global_cidr: str = ""
    clusterset_ip_cidr: str = ""
    clusterset_ip: bool = False
    overrides: dict[str, str] = field(default_factory=dict)
    broker_data: dict[str, str] = field(default_factory=dict)  # of the member's token Secret

    @property
    def psk(self) -> str:
        return base64.b64encode(self.broker.psk).decode()

    @property
    def custom_domains(self) -> list[str]:
        return self.values.items("custom-domains") or self.broker.custom_domains


def submariner(installation: Installation) -> Object:
    """The Submariner resource. Fields that Go leaves out when empty are left out."""
    values = installation.values
    spec = _common(installation) | {
        "broker": "",
        "brokerK8sSecret": names.BROKER_SECRET,
        "cableDriver": values.text("cable-driver"),
        "ceIPSecPSK": installation.psk,
        "ceIPSecPSKSecret": names.PSK_SECRET,
        "ceIPSecNATTPort": values.number("nattport"),
        "ceIPSecDebug": values.on("ipsec-debug"),
        "clusterCIDR": installation.cluster_cidr,
        "serviceCIDR": installation.service_cidr,
        "natEnabled": values.on("natt"),
        "connectionHealthCheck": _present(
            {
                "enabled": values.on("health-check"),
                "intervalSeconds": values.number("health-check-interval"),
                "maxPacketLossCount": values.number("health-check-max-packet-loss-count"),
            }
        ),
    }
    spec |= _present(
        {
            "globalCIDR": installation.global_cidr,
            "ceIPSecPreferredServer": values.on("preferred-server"),
            "ceIPSecForceUDPEncaps": values.on("force-udp-encaps"),
            "airGappedDeployment": values.on("air-gapped"),
            "loadBalancerEnabled": values.on("load-balancer"),
            "serviceDiscoveryEnabled": installation.broker.with_service_discovery,
        }
    )
    return _resource("Submariner", names.SUBMARINER_CR, spec)


def service_discovery(installation: Installation) -> Object:
    """The ServiceDiscovery resource of a cluster without connectivity."""
    return _resource("ServiceDiscovery", names.SERVICE_DISCOVERY_CR, _common(installation))


def _common(installation: Installation) -> Object:
    values, data = installation.values, installation.broker_data
    decoded = {key: base64.b64decode(data.get(key, "")).decode() for key in ("namespace", "token")}
    configmap = values.text("coredns-custom-configmap")
    namespace, _slash, name = configmap.rpartition("/")
    return {
        "brokerK8sApiServer": installation.broker.url.partition("://")[2] or installation.broker.url,
        "brokerK8sRemoteNamespace": decoded["namespace"],
        "clusterID": installation.cluster_id,
        "debug": values.on("pod-debug"),
        "namespace": names.OPERATOR_NAMESPACE,
    } | _present(
        {
            "brokerK8sApiServerToken": decoded["token"],
            "brokerK8sCA": data.get("ca.crt", ""),
            "brokerK8sSecret": names.BROKER_SECRET,
            "brokerK8sInsecure": not values.on("check-broker-certificate"),
            "repository": values.text("repository") or names.REPOSITORY,
            "version": values.text("version") or names.VERSION,
            "clustersetIPCIDR": installation.clusterset_ip_cidr,
            "clustersetIPEnabled": installation.clusterset_ip,
            "coreDNSCustomConfig": _present({"configMapName": name, "namespace": namespace}),
            "customDomains": installation.custom_domains,
            "imageOverrides": installation.overrides,
        }
    )


def _present(fields: Object) -> Object:
    return {key: value for key, value in fields.items() if value}


def _resource(kind: str, name: str, spec: Object) -> Object:
    return {
        "apiVersion": "submariner.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": name, "namespace": names.OPERATOR_NAMESPACE},
        "spec": spec,
    }
