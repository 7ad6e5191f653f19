# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which clusters a command works on, and what it finds out about each first."""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .. import names
from .api import Api, Object, path
from .flags import Flag, Values
from .status import SUBCTL_VERSION, ApiError, Failed, Reporter

if TYPE_CHECKING:
    from kubernetes.client import Configuration

DEFAULT_CONFIGURATION = "the default configuration"


@dataclass
class ClusterInfo:
    """A cluster as every command sees it first."""

    name: str
    api: Api
    namespace: str
    submariner: Object | None
    service_discovery: Object | None

    def gateways(self) -> list[Object]:
        return self.api.list(path("Gateway", names.OPERATOR_NAMESPACE))


Action = Callable[[ClusterInfo, Reporter], None]


def flags(namespace: bool = False, contexts: bool = False, in_cluster: bool = False) -> tuple[Flag, ...]:
    """The flags that choose clusters."""
    common = [
        Flag("kubeconfig", usage="absolute path(s) to the kubeconfig file(s)"),
        Flag("context", usage="The name of the kubeconfig context to use"),
        Flag("cluster", usage="The name of the kubeconfig cluster to use"),
        Flag("user", usage="The name of the kubeconfig user to use"),
        Flag("server", short="s", usage="The address and port of the Kubernetes API server"),
        Flag("token", usage="Bearer token for authentication to the API server"),
        Flag("as", usage="Username to impersonate for the operation"),
        Flag("as-uid", usage="UID to impersonate for the operation"),
        Flag("as-group", "list", usage="Group to impersonate for the operation"),
        Flag("certificate-authority", usage="Path to a cert file for the certificate authority"),
        Flag("client-certificate", usage="Path to a client certificate file for TLS"),
        Flag("client-key", usage="Path to a client key file for TLS"),
        Flag("insecure-skip-tls-verify", "bool", usage="If true, the server's certificate will not be checked"),
        Flag("tls-server-name", usage="Server name to use for server certificate validation"),
        Flag("proxy-url", usage="If provided, this URL will be used to connect via proxy"),
        Flag("disable-compression", "bool", usage="If true, opt-out of response compression"),
        Flag("request-timeout", default="0", usage="The length of time to wait for a single server request"),
        Flag("username", usage="Username for basic authentication to the API server"),
        Flag("password", usage="Password for basic authentication to the API server"),
    ]
    if namespace:
        common.append(Flag("namespace", short="n", usage="If present, the namespace scope for this CLI request"))
    if contexts:
        common.append(Flag("contexts", "list", usage="comma-separated list of contexts to use"))
    if in_cluster:
        common.append(Flag("in-cluster", "bool", usage="use the in-cluster configuration to connect to Kubernetes"))
    return tuple(common)


def on_selected(values: Values, default_namespace: str, action: Action, status: Reporter, context: str = "") -> None:
    """Run on `--context`, or on the current context."""
    if values.values.get("in-cluster"):
        action(_in_cluster(), status)
        return
    try:
        name, configuration = _configuration(values, context or values.text("context"))
    except ValueError as exc:
        raise status.error(f"error retrieving {DEFAULT_CONFIGURATION}", exc) from exc
    api = Api(configuration, seconds(values.text("request-timeout")))
    try:
        info = _inspect(name, api, str(values.values.get("namespace") or default_namespace))
    except ApiError as exc:
        raise status.error(f"error building the cluster.Info for {DEFAULT_CONFIGURATION}", exc) from exc
    deployed = next((cr["spec"].get("version", "") for cr in (info.submariner, info.service_discovery) if cr), "")
    if newer(deployed, SUBCTL_VERSION):
        raise status.error(
            f'the subctl version "{SUBCTL_VERSION}" is older than the deployed Submariner version "{deployed}". '
            "Please upgrade your subctl version"
        )
    action(info, status)


def on_all(values: Values, default_namespace: str, action: Action, status: Reporter) -> None:
    """Run on `--context`, `--contexts`, or on one context of every cluster of the kubeconfig."""
    if values.values.get("in-cluster") or values.text("context"):
        on_selected(values, default_namespace, action, status)
        return
    try:
        known = {str(entry["name"]): entry["context"] for entry in _contexts(values)[0]}
    except ValueError as exc:
        raise status.error("error retrieving the raw kubeconfig setup", exc) from exc
    failures: list[Failed] = []
    chosen: list[str] = []
    for name in values.items("contexts") if "contexts" in values.values else []:
        if name in known:
            chosen.append(name)
        else:
            failures.append(status.error(f"no Kubernetes context found named {name}"))
    if not chosen and not failures:
        chosen = _one_per_cluster(known, status)
    if not chosen and not failures:
        raise status.error("no Kubernetes configuration or context was found")
    for name in chosen:
        print(f'Cluster "{known[name]["cluster"]}"', flush=True)
        try:
            on_selected(values, default_namespace, action, status, name)
            print(flush=True)
        except Failed as exc:
            failures.append(exc)
    if failures:
        raise Failed("; ".join(str(failure) for failure in failures))


def seconds(duration: str) -> float | None:
    """`0`, `30`, `10s`, `1m30s`; nothing for no limit."""
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h)?", duration)
    factors = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
    return sum(float(number) * factors[unit] for number, unit in parts) or None


def newer(deployed: str, own: str) -> bool:
    """Whether a deployed version is newer; versions that cannot be compared are not."""
    left, right = (re.fullmatch(r"v?(\d+)\.(\d+)\.(\d+)(-[\w.-]+)?", version) for version in (deployed, own))
    if left is None or right is None:
        return False
    numbers = [tuple(int(part) for part in match.groups()[:3]) for match in (left, right)]
    if numbers[0] != numbers[1]:
        return numbers[0] > numbers[1]
    return left.group(4) is None and right.group(4) is not None


def _one_per_cluster(known: dict[str, Object], status: Reporter) -> list[str]:
    """The context whose user has the most contexts, for every cluster."""
    usage = Counter(context.get("user") for context in known.values())
    by_cluster: dict[str, list[str]] = {}
    for name, context in known.items():
        by_cluster.setdefault(context["cluster"], []).append(name)
    chosen = []
    for cluster, candidates in by_cluster.items():
        best = max(candidates, key=lambda name: usage[known[name].get("user")])
        if len(candidates) > 1:
            shown = "\n    ".join(candidates)
            status.warning(
                f'Found multiple kube contexts for cluster "{cluster}":\n    {shown}\n'
                f'  Context "{best}" was automatically selected however if the associated user account does not have '
                "sufficient privileges, please re-run the command with the suitable context.\n"
            )
        chosen.append(best)
    return chosen


def _contexts(values: Values) -> tuple[list[Object], Object]:
    """All contexts of the kubeconfig, and the current one."""
    from kubernetes import config

    file = values.text("kubeconfig") or os.environ.get("KUBECONFIG") or os.path.expanduser("~/.kube/config")
    try:
        contexts, current = config.list_kube_config_contexts(file)
    except (config.ConfigException, OSError, ValueError, AttributeError, TypeError) as exc:
        raise ValueError(f"error creating client config: {file}: {exc}") from exc
    return [dict(entry) for entry in contexts], dict(current)


def _configuration(values: Values, context: str) -> tuple[str, Configuration]:
    """The chosen cluster's name in the kubeconfig, and how to reach it."""
    from kubernetes import client, config

    file = values.text("kubeconfig") or os.environ.get("KUBECONFIG") or os.path.expanduser("~/.kube/config")
    contexts, current = _contexts(values)
    entry = next((c for c in contexts if c["name"] == context), None) if context else current
    if entry is None:
        raise ValueError(f'error creating client config: context "{context}" does not exist')
    configuration = client.Configuration()
    try:
        config.load_kube_config(file, str(entry["name"]), configuration, persist_config=False)
    except (config.ConfigException, OSError, ValueError) as exc:
        raise ValueError(f"error creating client config: {exc}") from exc
    _override(configuration, values)
    return str(entry["context"]["cluster"]), configuration


def _override(configuration: Configuration, values: Values) -> None:
    for flag, attribute in (
        ("server", "host"),
        ("certificate-authority", "ssl_ca_cert"),
        ("client-certificate", "cert_file"),
        ("client-key", "key_file"),
        ("tls-server-name", "tls_server_name"),
        ("proxy-url", "proxy"),
    ):
        if values.text(flag):
            setattr(configuration, attribute, values.text(flag))
    if values.on("insecure-skip-tls-verify"):
        configuration.verify_ssl = False
    if values.text("token"):
        configuration.api_key = {"authorization": f"Bearer {values.text('token')}"}
    unknown = [f for f in ("cluster", "user", "as", "as-uid", "username", "password") if values.text(f)]
    if unknown or values.items("as-group"):
        raise ValueError(f"the simulated subctl does not know --{(unknown or ['as-group'])[0]}")


def _in_cluster() -> ClusterInfo:
    from kubernetes import client, config

    configuration = client.Configuration()
    try:
        config.load_incluster_config(configuration)
        return _inspect("in-cluster", Api(configuration), "")
    except (config.ConfigException, ApiError) as exc:
        print(f"error retrieving the in-cluster configuration: {exc}", file=sys.stderr)
        raise Failed(str(exc)) from exc


def _inspect(name: str, api: Api, namespace: str) -> ClusterInfo:
    found = []
    for kind, cr in (("Submariner", names.SUBMARINER_CR), ("ServiceDiscovery", names.SERVICE_DISCOVERY_CR)):
        try:
            found.append(api.find(path(kind, names.OPERATOR_NAMESPACE, cr)))
        except ApiError as exc:
            raise ApiError(exc.status, f"error retrieving {kind}: {exc}") from exc
    return ClusterInfo(name, api, namespace, *found)
