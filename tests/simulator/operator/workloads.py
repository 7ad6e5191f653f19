# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The workloads, Services and ConfigMaps of a member, as recorded."""

from __future__ import annotations

from tests.simulator import names
from tests.simulator.kube import Object
from tests.simulator.operator.discovery import Network
from tests.simulator.operator.manifests import (
    TOLERATE_ALL,
    broker_env,
    daemon_set,
    deployment,
    env,
    env_from_field,
    host_path,
    image,
    mount,
    pull_policy,
    secret_volume,
    service,
)

LIGHTHOUSE = "submariner-lighthouse"
NODE_NAME = env_from_field("NODE_NAME", "spec.nodeName")
GATEWAY_METRICS_PORT = "32780"
GLOBALNET_METRICS_PORT = "32781"
PRIVILEGED = {
    "capabilities": {"add": ["ALL"]},
    "allowPrivilegeEscalation": True,
    "privileged": True,
    "readOnlyRootFilesystem": False,
    "runAsNonRoot": False,
}


def health_check_env(spec: Object) -> list[Object]:
    check = spec.get("connectionHealthCheck") or {"enabled": True, "intervalSeconds": 1, "maxPacketLossCount": 5}
    return env(
        SUBMARINER_HEALTHCHECKENABLED=bool(check.get("enabled")),
        SUBMARINER_HEALTHCHECKINTERVAL=str(check.get("intervalSeconds", 1)),
        SUBMARINER_HEALTHCHECKMAXPACKETLOSSCOUNT=str(check.get("maxPacketLossCount", 5)),
    )


def gateway(spec: Object, network: Network, name: str = names.GATEWAY) -> Object:
    """The gateway engine on every gateway node, on the host network."""
    container = {
        "name": name,
        "image": image(spec, names.GATEWAY, names.GATEWAY_IMAGE),
        "imagePullPolicy": pull_policy(spec),
        "env": [
            *env(
                SUBMARINER_NAMESPACE=spec["namespace"],
                SUBMARINER_CLUSTERCIDR=network.cluster_cidr,
                SUBMARINER_SERVICECIDR=network.service_cidr,
                SUBMARINER_GLOBALCIDR=spec.get("globalCIDR", ""),
                SUBMARINER_CLUSTERID=spec["clusterID"],
                SUBMARINER_COLORCODES=spec.get("colorCodes", ""),
                SUBMARINER_DEBUG=bool(spec.get("debug")),
                SUBMARINER_NATENABLED=bool(spec.get("natEnabled")),
                AIR_GAPPED_DEPLOYMENT=bool(spec.get("airGappedDeployment")),
                SUBMARINER_BROKER=spec.get("broker", ""),
                SUBMARINER_CABLEDRIVER=spec.get("cableDriver", ""),
            ),
            *broker_env(spec),
            *env(
                CE_IPSEC_PSK=spec.get("ceIPSecPSK", ""),
                CE_IPSEC_PSKSECRET=spec.get("ceIPSecPSKSecret", ""),
                CE_IPSEC_DEBUG=bool(spec.get("ceIPSecDebug")),
            ),
            *health_check_env(spec),
            *env(SUBMARINER_METRICSPORT=GATEWAY_METRICS_PORT, SUBMARINER_HALT_ON_CERT_ERROR=False),
            NODE_NAME,
            env_from_field("POD_NAME", "metadata.name"),
            *env(
                CE_IPSEC_NATTPORT=str(spec.get("ceIPSecNATTPort", names.NATT_PORT)),
                CE_IPSEC_PREFERREDSERVER=bool(spec.get("ceIPSecPreferredServer") or spec.get("loadBalancerEnabled")),
                CE_IPSEC_FORCEENCAPS=bool(spec.get("ceIPSecForceUDPEncaps")),
            ),
            *(env(SUBMARINER_PUBLICIP=f"lb:{names.GATEWAY}") if spec.get("loadBalancerEnabled") else ()),
        ],
        "ports": [
            {"name": "cable-encaps", "containerPort": names.NATT_PORT, "hostPort": names.NATT_PORT, "protocol": "UDP"},
            {
                "name": "natt-discovery",
                "containerPort": names.NATT_DISCOVERY_PORT,
                "hostPort": names.NATT_DISCOVERY_PORT,
                "protocol": "UDP",
            },
        ],
        "securityContext": {
            "capabilities": {"add": ["net_admin"], "drop": ["all"]},
            "allowPrivilegeEscalation": True,
            "privileged": True,
            "readOnlyRootFilesystem": False,
            "runAsNonRoot": False,
        },
        "volumeMounts": [
            mount("ipsecd", "/etc/ipsec.d"),
            mount("ipsecnss", "/var/lib/ipsec/nss"),
            mount("libmodules", "/lib/modules", read_only=True),
            mount("brokersecret", f"/run/secrets/submariner.io/{spec['brokerK8sSecret']}", read_only=True),
            mount("psksecret", f"/var/run/secrets/submariner.io/{spec['ceIPSecPSKSecret']}", read_only=True),
        ],
    }
    pod = {
        "affinity": {
            "podAntiAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": [
                    {"labelSelector": {"matchLabels": {"app": name}}, "topologyKey": "kubernetes.io/hostname"}
                ]
            }
        },
        "containers": [container],
        "nodeSelector": {names.GATEWAY_NODE_LABEL: "true"},
        "serviceAccountName": names.GATEWAY,
        "hostNetwork": True,
        "dnsPolicy": "ClusterFirstWithHostNet",
        "terminationGracePeriodSeconds": 1,
        "tolerations": TOLERATE_ALL,
        "volumes": [
            {"name": "ipsecd", "emptyDir": {}},
            {"name": "ipsecnss", "emptyDir": {}},
            host_path("libmodules", "/lib/modules", "DirectoryOrCreate"),
            secret_volume("brokersecret", spec["brokerK8sSecret"]),
            secret_volume("psksecret", spec["ceIPSecPSKSecret"]),
        ],
    }
    result = daemon_set(name, {"app": name, "component": "gateway"}, {"app": name}, pod)
    result["spec"]["revisionHistoryLimit"] = 5
    return result


def route_agent(spec: Object, network: Network, name: str = names.ROUTE_AGENT) -> Object:
    """The route agent on every node, on the host network; an init container waits until its node is ready."""
    labels = {"app": name, "component": "routeagent"}
    ref = image(spec, names.ROUTE_AGENT, names.ROUTE_AGENT_IMAGE)
    policy = pull_policy(spec)
    container = {
        "name": name,
        "image": ref,
        "imagePullPolicy": policy,
        "env": [
            *env(
                SUBMARINER_NAMESPACE=spec["namespace"],
                SUBMARINER_CLUSTERID=spec["clusterID"],
                SUBMARINER_DEBUG=bool(spec.get("debug")),
                SUBMARINER_CLUSTERCIDR=network.cluster_cidr,
                SUBMARINER_SERVICECIDR=network.service_cidr,
                SUBMARINER_GLOBALCIDR=spec.get("globalCIDR", ""),
                SUBMARINER_NETWORKPLUGIN=network.plugin,
            ),
            NODE_NAME,
            *health_check_env(spec),
        ],
        "securityContext": PRIVILEGED,
        "volumeMounts": [
            mount("host-sys", "/sys", read_only=True),
            mount("host-run-xtables-lock", "/run/xtables.lock"),
            mount("host-run-openvswitch", "/run/openvswitch"),
            mount("host-run-ovn-ic", "/run/ovn-ic"),
        ],
    }
    pod = {
        "containers": [container],
        "serviceAccountName": names.ROUTE_AGENT,
        "hostNetwork": True,
        "dnsPolicy": "ClusterFirstWithHostNet",
        "terminationGracePeriodSeconds": 1,
        "tolerations": TOLERATE_ALL,
        "volumes": [
            host_path("host-run-xtables-lock", "/run/xtables.lock"),
            host_path("host-run-openvswitch", "/run/openvswitch", "DirectoryOrCreate"),
            host_path("host-sys", "/sys"),
            host_path("host-run-ovn-ic", "/run/ovn-ic", "DirectoryOrCreate"),
        ],
    }
    if name == names.ROUTE_AGENT:
        pod["initContainers"] = [
            {
                "name": f"{names.ROUTE_AGENT}-init",
                "image": ref,
                "imagePullPolicy": policy,
                "command": ["submariner-route-agent.sh"],
                "env": [*env(SUBMARINER_WAITFORNODE=True), NODE_NAME],
            }
        ]
    return daemon_set(name, labels, labels, pod, unavailable="100%")


def load_balancer(spec: Object) -> Object:
    """Brings the internet to the active gateway."""
    ports = (("cable-encaps", int(spec["ceIPSecNATTPort"])), ("natt-discovery", names.NATT_DISCOVERY_PORT))
    selector = {"app": names.GATEWAY, names.GATEWAY_STATUS_LABEL: "active"}
    manifest = service(names.GATEWAY, {}, selector, [(name, "UDP", port) for name, port in ports])
    manifest["spec"] |= {"type": "LoadBalancer", "externalTrafficPolicy": "Local"}
    return manifest


def globalnet(spec: Object, name: str = names.GLOBALNET) -> Object:
    """Gives services and traffic addresses in the cluster's global network, on every gateway node."""
    labels = {"app": name, "component": "globalnet"}
    container = {
        "name": name,
        "image": image(spec, names.GLOBALNET, names.GLOBALNET_IMAGE),
        "imagePullPolicy": pull_policy(spec),
        "env": [
            *env(
                SUBMARINER_NAMESPACE=spec["namespace"],
                SUBMARINER_CLUSTERID=spec["clusterID"],
                SUBMARINER_METRICSPORT=GLOBALNET_METRICS_PORT,
            ),
            NODE_NAME,
        ],
        "securityContext": PRIVILEGED,
        "volumeMounts": [mount("host-run-xtables-lock", "/run/xtables.lock")],
    }
    pod = {
        "containers": [container],
        "nodeSelector": {names.GATEWAY_NODE_LABEL: "true"},
        "serviceAccountName": names.GLOBALNET,
        "hostNetwork": True,
        "dnsPolicy": "ClusterFirstWithHostNet",
        "terminationGracePeriodSeconds": 2,
        "tolerations": TOLERATE_ALL,
        "volumes": [host_path("host-run-xtables-lock", "/run/xtables.lock")],
    }
    return daemon_set(name, labels, labels, pod)


def metrics_proxy(spec: Object) -> Object:
    """Offers the metrics of the components on the host network inside the cluster."""
    labels = {"app": names.METRICS_PROXY, "component": "metrics"}
    ports = [("gateway", "8080", GATEWAY_METRICS_PORT)]
    if spec.get("globalCIDR"):
        ports.append(("globalnet", "8081", GLOBALNET_METRICS_PORT))
    containers = [
        {
            "name": f"{component}-metrics-proxy",
            "image": image(spec, names.METRICS_PROXY, names.NETTEST_IMAGE),
            "imagePullPolicy": pull_policy(spec),
            "command": ["/app/metricsproxy"],
            "args": [port, "$(NODE_IP)", target],
            "env": [env_from_field("NODE_IP", "status.hostIP")],
        }
        for component, port, target in ports
    ]
    pod = {
        "containers": containers,
        "nodeSelector": {names.GATEWAY_NODE_LABEL: "true"},
        "tolerations": TOLERATE_ALL,
    }
    return daemon_set(names.METRICS_PROXY, labels, labels, pod)


def lighthouse_agent(spec: Object, name: str = names.LIGHTHOUSE_AGENT) -> Object:
    """The service discovery agent; spec is that of the ServiceDiscovery."""
    container = {
        "name": name,
        "image": image(spec, names.LIGHTHOUSE_AGENT, names.LIGHTHOUSE_AGENT_IMAGE),
        "imagePullPolicy": pull_policy(spec),
        "env": [
            *env(
                SUBMARINER_NAMESPACE=spec["namespace"],
                SUBMARINER_CLUSTERID=spec["clusterID"],
                SUBMARINER_CLUSTERSET_IP_CIDR=spec.get("clustersetIPCIDR", ""),
                SUBMARINER_CLUSTERSET_IP_ENABLED=bool(spec.get("clustersetIPEnabled")),
                SUBMARINER_DEBUG=bool(spec.get("debug")),
                SUBMARINER_GLOBALNET_ENABLED=bool(spec.get("globalnetEnabled")),
                SUBMARINER_HALT_ON_CERT_ERROR=False,
            ),
            *broker_env(spec),
        ],
        "volumeMounts": [
            mount("brokersecret", f"/run/secrets/submariner.io/{spec['brokerK8sSecret']}", read_only=True)
        ],
    }
    pod = {
        "containers": [container],
        "serviceAccountName": names.LIGHTHOUSE_AGENT,
        "terminationGracePeriodSeconds": 0,
        "volumes": [secret_volume("brokersecret", spec["brokerK8sSecret"])],
    }
    return deployment(name, {"app": name, "component": LIGHTHOUSE}, 1, pod)


def domains(spec: Object) -> list[str]:
    return ["clusterset.local", *spec.get("customDomains", [])]


def lighthouse_coredns(spec: Object) -> list[Object]:
    """The DNS server of the clusterset: ConfigMap, Deployment, Service."""
    name = names.LIGHTHOUSE_COREDNS
    labels = {"app": name, "component": LIGHTHOUSE}
    stanza = "{\nlighthouse\nerrors\nhealth\nready\nprometheus :9153\n}\n"
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": names.OPERATOR_NAMESPACE, "labels": labels},
        "data": {"Corefile": "".join(f"{domain}:53 {stanza}" for domain in domains(spec))},
    }
    container = {
        "name": name,
        "image": image(spec, name, names.LIGHTHOUSE_COREDNS_IMAGE),
        "imagePullPolicy": pull_policy(spec),
        "args": ["-conf", "/etc/coredns/Corefile"],
        "env": env(SUBMARINER_CLUSTERID=spec["clusterID"]),
        "securityContext": {
            "capabilities": {"add": ["net_bind_service"], "drop": ["all"]},
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": [mount("config-volume", "/etc/coredns", read_only=True)],
    }
    pod = {
        "containers": [container],
        "serviceAccountName": name,
        "terminationGracePeriodSeconds": 0,
        "volumes": [
            {"name": "config-volume", "configMap": {"name": name, "items": [{"key": "Corefile", "path": "Corefile"}]}}
        ],
    }
    ports = [("udp", "UDP", 53), ("tcp", "TCP", 53)]
    return [config, deployment(name, labels, 2, pod), service(name, labels, {"app": name}, ports)]
