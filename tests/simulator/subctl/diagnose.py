# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`subctl diagnose`: checks that need no second cluster."""

from __future__ import annotations

from collections.abc import Callable

from .. import names
from . import contexts
from .api import Object
from .contexts import Action, ClusterInfo
from .diagnose_deployment import deployment
from .diagnose_network import connections, firewall_intra_cluster, kube_proxy_mode
from .diagnose_services import service_discovery
from .flags import Flag, UsageError, Values
from .join import IMAGE_OVERRIDE, image_overrides, unmet_requirements
from .show import if_installed
from .status import Failed, Reporter

FLAGS = (
    Flag("validation-timeout", "uint", 90, usage="time to run in seconds while validating the firewall"),
    Flag("verbose", "bool", usage="produce verbose output while validating the firewall"),
    IMAGE_OVERRIDE,
    *contexts.flags(namespace=True, in_cluster=True),
)
PLUGINS = ("generic", "canal-flannel", "weave-net", "OpenShiftSDN", "OVNKubernetes", "calico", "kindnet")
SKIPPED = (
    "Skipping inter-cluster firewall check as it requires two kubeconfigs. "
    'Please run "subctl diagnose firewall inter-cluster" command manually.'
)
NO_SERVICE_DISCOVERY = "Submariner service discovery feature is not installed"
NOTHING_INSTALLED = "No Submariner feature is installed"


def run(values: Values, status: Reporter) -> None:
    what = " ".join(values.arguments)
    overrides = image_overrides(values)
    checks = _checks(values)
    if what != "all" and what not in checks:
        raise UsageError(f'unknown command "{what}" for "subctl diagnose"')

    def configured(action: Action) -> Action:
        def wrapped(info: ClusterInfo, reporter: Reporter) -> None:
            if info.submariner is not None and overrides:
                spec = info.submariner["spec"]
                spec["imageOverrides"] = (spec.get("imageOverrides") or {}) | overrides
            action(info, reporter)

        return wrapped

    try:
        action = _everything(values) if what == "all" else checks[what]
        contexts.on_all(values, names.OPERATOR_NAMESPACE, configured(action), status)
    finally:
        if what == "all":
            print(SKIPPED, flush=True)


def _checks(values: Values) -> dict[str, Action]:
    return {
        "k8s-version": k8s_version,
        "cni": if_installed(cni),
        "connections": if_installed(connections),
        "deployment": _if_any(deployment),
        "kube-proxy-mode": if_installed(kube_proxy_mode),
        "firewall intra-cluster": if_installed(_firewall(values)),
        "service-discovery": _if_service_discovery(service_discovery),
    }


def _firewall(values: Values) -> Action:
    seconds, verbose = values.number("validation-timeout"), values.on("verbose")
    return lambda info, status: firewall_intra_cluster(info, seconds, verbose, status)


def _everything(values: Values) -> Action:
    connectivity = (cni, connections, kube_proxy_mode, _firewall(values), globalnet)
    steps: tuple[Action, ...] = (
        k8s_version,
        deployment,
        if_installed(_in_turn(connectivity)),
        _if_service_discovery(service_discovery),
    )
    return _in_turn(steps, after_each=lambda: print(flush=True))


def _in_turn(steps: tuple[Action, ...], after_each: Callable[[], None] = lambda: None) -> Action:
    """All checks, whatever the one before found."""

    def action(info: ClusterInfo, status: Reporter) -> None:
        failed: list[Failed] = []
        for step in steps:
            try:
                step(info, status)
            except Failed as exc:
                failed.append(exc)
            after_each()
        if failed:
            raise Failed("; ".join(str(failure) for failure in failed))

    return action


def _if_any(action: Action) -> Action:
    def guarded(info: ClusterInfo, status: Reporter) -> None:
        if info.submariner is None and info.service_discovery is None:
            status.warning(NOTHING_INSTALLED)
        else:
            action(info, status)

    return guarded


def _if_service_discovery(action: Action) -> Action:
    def guarded(info: ClusterInfo, status: Reporter) -> None:
        if info.service_discovery is None:
            status.warning(NO_SERVICE_DISCOVERY)
        else:
            action(info, status)

    return guarded


def k8s_version(info: ClusterInfo, status: Reporter) -> None:
    with status.step("Checking Submariner support for the Kubernetes version"):
        with status.explaining("Error checking the version requirements"):
            version, failed = unmet_requirements(info.api, info.service_discovery is not None)
        for requirement in failed:
            status.failure(requirement)
        if failed:
            raise Failed("failures while diagnosing the Kubernetes version")
        status.success(f'Kubernetes version "{version}" is supported')


def cni(info: ClusterInfo, status: Reporter) -> None:
    with status.step("Checking Submariner support for the CNI network plugin"):
        plugin = str((_submariner(info).get("status") or {}).get("networkPlugin", ""))
        if not plugin:
            status.warning("The network plugin hasn't been determined yet.")
        elif plugin.lower() not in [known.lower() for known in PLUGINS]:
            status.failure(
                f'The detected CNI plugin ("{plugin}") is not supported by Submariner. '
                f"Supported plugins: [{' '.join(PLUGINS)}]"
            )
            raise Failed("unsupported CNI plugin")
        elif plugin.lower() == "generic":
            status.warning(
                f'Submariner could not detect the CNI network plugin and is using ("{plugin}") plugin. '
                "It may or may not work."
            )
        else:
            status.success(f'The detected CNI network plugin ("{plugin}") is supported')


def globalnet(info: ClusterInfo, status: Reporter) -> None:
    if not _submariner(info)["spec"].get("globalCIDR"):
        return
    with status.step("Checking that Globalnet is correctly configured and functioning"):
        with status.explaining("Error listing the ClusterGlobalEgressIP resources"):
            found = info.api.list("/apis/submariner.io/v1/clusterglobalegressips")
        if not any(item["metadata"]["name"] == "cluster-egress.submariner.io" for item in found):
            status.failure('Couldn\'t find the default ClusterGlobalEgressIP resource("cluster-egress.submariner.io")')
            raise Failed("failures while diagnosing Globalnet")


def _submariner(info: ClusterInfo) -> Object:
    return info.submariner or {}
