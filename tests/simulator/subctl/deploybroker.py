# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`subctl deploy-broker`."""

from __future__ import annotations

import json
import secrets

from .. import names
from . import brokerinfo, cidrs, contexts, operator, rbac, tokens
from .api import Api, Object, path
from .brokerinfo import CONNECTIVITY, FILE_NAME, SERVICE_DISCOVERY, BrokerInfo
from .contexts import ClusterInfo
from .ensure import create_anew, create_if_absent, create_or_update
from .flags import Flag, Values
from .status import Reporter

PSK_BYTES = 48
PROXIES = {"http-proxy": "HTTP_PROXY", "https-proxy": "HTTPS_PROXY", "no-proxy": "NO_PROXY"}
PROXY_FLAGS = tuple(
    Flag(name, usage=f"Corresponds to the {variable} environment variable.") for name, variable in PROXIES.items()
)
FLAGS = (
    Flag("globalnet", "bool", usage="enable support for overlapping CIDRs in connecting clusters"),
    Flag("globalnet-cidr-range", default="242.0.0.0/8", usage="range from which each cluster's global CIDR is taken"),
    Flag("globalnet-cluster-size", "uint", 65536, usage="number of global IPs of a cluster"),
    Flag("ipsec-psk-from", usage="import the IPsec PSK from an existing broker information file"),
    Flag("custom-domains", "list", usage="domains to use for multicluster service discovery"),
    Flag("components", "list", [SERVICE_DISCOVERY, CONNECTIVITY], usage="the components to be installed"),
    Flag("repository", usage="image repository"),
    Flag("version", usage="image version"),
    Flag("operator-debug", "bool", usage="enable operator debugging (verbose logging)"),
    Flag("broker-url", usage="broker API endpoint URL for the broker information file (default: the context's)"),
    Flag("enable-clusterset-ip", "bool", usage="use clusterset IPs for exported services by default"),
    Flag("clusterset-ip-cidr-range", default="243.0.0.0/8", usage="range from which each cluster's part is taken"),
    *PROXY_FLAGS,
    *contexts.flags(namespace=True),
)


def run(values: Values, status: Reporter) -> None:
    contexts.on_selected(values, names.BROKER_NAMESPACE, lambda info, reporter: _deploy(values, info, reporter), status)


def proxies(values: Values) -> dict[str, str]:
    return {variable: values.text(flag) for flag, variable in PROXIES.items()}


def _deploy(values: Values, info: ClusterInfo, status: Reporter) -> None:
    size = _checked_size(values, status)
    api, namespace = info.api, info.namespace
    try:
        status.start("Setting up broker RBAC")
        with status.explaining("error setting up broker RBAC"):
            _set_up(api, namespace)
        status.start("Deploying the Submariner operator")
        with status.explaining("error deploying Submariner operator"):
            image = operator.image(values.text("repository"), values.text("version"), {})
            operator.ensure(api, status, image, values.on("operator-debug"), proxies(values))
        status.start("Deploying the broker")
        with status.explaining("Broker deployment failed"):
            create_anew(api, _broker(values, namespace, size))
    finally:
        status.end()
    with status.explaining("error creating globalCIDR configmap on Broker"):
        create_if_absent(api, _globalnet_info(values, namespace, size))
    with status.explaining("error creating clustersetIPCIDR configmap on Broker"):
        create_if_absent(api, _clusterset_ip_info(values, namespace))
    psk = b""
    if values.text("ipsec-psk-from"):
        with status.explaining(f'error importing IPsec PSK from file "{values.text("ipsec-psk-from")}"'):
            psk = brokerinfo.read(values.text("ipsec-psk-from")).psk
    save(
        api,
        namespace,
        values.text("broker-url"),
        psk or secrets.token_bytes(PSK_BYTES),
        values.items("components"),
        values.items("custom-domains"),
        status,
    )


def save(
    api: Api, namespace: str, url: str, psk: bytes, components: list[str], domains: list[str], status: Reporter
) -> None:
    """Write the broker information file; an older one is kept under another name."""
    with status.step(f'Saving broker info to file "{FILE_NAME}"'):
        with status.explaining("error backing up the broker file"):
            backup = brokerinfo.back_up()
        if backup:
            status.success(f'Backed up previous file "{FILE_NAME}" to "{backup}"')
        with status.explaining("error getting broker client secret"):
            token = tokens.find(api, namespace, rbac.BROKER_ADMIN)
        if token is None:
            raise status.error("error getting broker client secret", f'secrets "{rbac.BROKER_ADMIN}" not found')
        info = BrokerInfo(url or api.host, token, psk, components, SERVICE_DISCOVERY in components, domains)
        with status.explaining("error saving broker info"):
            brokerinfo.write(info)


def _checked_size(values: Values, status: Reporter) -> int:
    components = values.items("components")
    if not components:
        raise status.error("invalid components parameter", "at least one component must be provided for deployment")
    unknown = [name for name in components if name not in (SERVICE_DISCOVERY, CONNECTIVITY)]
    if unknown:
        raise status.error("invalid components parameter", f"unknown component: {unknown[0]}")
    size = values.number("globalnet-cluster-size")
    if values.on("globalnet"):
        with status.explaining("invalid GlobalCIDR configuration"):
            cidrs.check(values.text("globalnet-cidr-range"))
            size = cidrs.valid_size(values.text("globalnet-cidr-range"), size)
    with status.explaining("invalid ClustersetIP configuration"):
        cidrs.check(values.text("clusterset-ip-cidr-range"))
    return size


def _set_up(api: Api, namespace: str) -> None:
    """The broker's namespace, its administrator with a token, and the members' role."""
    admin = rbac.BROKER_ADMIN
    operator.ensure_namespace(api, namespace)
    create_or_update(api, rbac.service_account(admin, namespace))
    tokens.ensure(api, namespace, admin)
    create_or_update(api, rbac.role(admin, namespace, rbac.BROKER_ROLES[admin]))
    create_or_update(api, rbac.role_binding(admin, namespace, admin, admin))
    cluster = rbac.BROKER_CLUSTER
    create_or_update(api, rbac.role(cluster, namespace, rbac.BROKER_ROLES[cluster]))


def _broker(values: Values, namespace: str, size: int) -> Object:
    spec: Object = {
        "components": values.items("components"),
        "globalnetCIDRRange": values.text("globalnet-cidr-range"),
        "clustersetIPCIDRRange": values.text("clusterset-ip-cidr-range"),
        "defaultGlobalnetClusterSize": size,
    }
    for flag, field in (("globalnet", "globalnetEnabled"), ("enable-clusterset-ip", "clustersetIPEnabled")):
        if values.on(flag):
            spec[field] = True
    if values.items("custom-domains"):
        spec["defaultCustomDomains"] = values.items("custom-domains")
    return {
        "apiVersion": "submariner.io/v1alpha1",
        "kind": "Broker",
        "metadata": {"name": names.BROKER_CR, "namespace": namespace},
        "spec": spec,
    }


def _globalnet_info(values: Values, namespace: str, size: int) -> Object:
    data = {"globalnetEnabled": "false"}
    if values.on("globalnet"):
        data = {
            "globalnetEnabled": "true",
            "globalnetCidrRange": json.dumps(values.text("globalnet-cidr-range")),
            "globalnetClusterSize": str(size),
        }
    metadata = {
        "name": names.GLOBALNET_INFO,
        "namespace": namespace,
        "labels": {"component": "submariner-globalnet"},
    }
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def _clusterset_ip_info(values: Values, namespace: str) -> Object:
    data = {
        "clustersetIPEnabled": "true" if values.on("enable-clusterset-ip") else "false",
        "clustersetIPCidrRange": json.dumps(values.text("clusterset-ip-cidr-range")),
        "clustersetIPClusterSize": "0",
    }
    metadata = {"name": names.CLUSTERSET_IP_INFO, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def deployed(api: Api, namespace: str) -> Object | None:
    """The Broker resource of a namespace."""
    return api.find(path("Broker", namespace, names.BROKER_CR))
