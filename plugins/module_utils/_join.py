# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Join one cluster: look, refuse or label, run subctl, and wait for what the operator makes.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

import ipaddress
import os
import time
import typing as t
from collections.abc import Sequence

from ansible_collections.submariner.lifecycle.plugins.module_utils import _broker, _run_record
from ansible_collections.submariner.lifecycle.plugins.module_utils._allocations import (
    CLUSTERSET_IP_INFO,
    GLOBALNET_INFO,
    allocated,
    allocations_in,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, ApiFailure, connect
from ansible_collections.submariner.lifecycle.plugins.module_utils._broker_url import choose_url
from ansible_collections.submariner.lifecycle.plugins.module_utils._brokerinfo import (
    BrokerInfo,
    BrokerInfoError,
    compose,
    decode,
    encode,
    is_loopback,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.gateways import no_load_balancer
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.upgrade import settings_of
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.workloads import check_workloads
from ansible_collections.submariner.lifecycle.plugins.module_utils._crash import crash_cause
from ansible_collections.submariner.lifecycle.plugins.module_utils._gateway_nodes import choose_gateways, selected_nodes
from ansible_collections.submariner.lifecycle.plugins.module_utils._kubeconfig import write_private
from ansible_collections.submariner.lifecycle.plugins.module_utils._member import (
    SETTINGS,
    Difference,
    differences,
    foreign_installation,
    id_claimed,
    join_arguments,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    ERROR,
    GATEWAY_LABEL,
    LABEL,
    OPERATOR_NAMESPACE,
    Finding,
    Json,
    Snapshot,
    mapping,
    overlap,
    sequence,
    text,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import observe
from ansible_collections.submariner.lifecycle.plugins.module_utils._operator import OPERATOR, log_cause
from ansible_collections.submariner.lifecycle.plugins.module_utils._run_record import Record
from ansible_collections.submariner.lifecycle.plugins.module_utils._subctl import (
    INFO_FILE,
    Subctl,
    SubctlFailure,
    Watch,
    clear_stuck_operator,
    private_folder,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._wait import hold

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

    from ansible_collections.submariner.lifecycle.plugins.module_utils._module import Module

_MEMBER_KEYS = ("nodes", "namespaces", "submariners", "clusters")
_BROKER_KEYS = ("clusters", "endpoints")
_READY_KEYS = ("submariners", "deployments", "daemonsets", "pods", "gateways", "nodes", "services")
_GOING_SECONDS = 60.0
# How long the operator may complain of one thing in its log while nothing comes of it.
_LOG_PATIENCE_SECONDS = 45.0
# How long a pod may end and be started again for the same reason: the kubelet has then tried four times.
_CRASH_PATIENCE_SECONDS = 90.0


# How far a join came that failed; the next one goes on from there.
LABELLING, JOINING, JOINED = "labelling", "joining", "joined"


class JoinFailed(Exception):
    """A join that came as far as `stage` and no further."""

    def __init__(self, stage: str, error: ApiFailure | SubctlFailure) -> None:
        super().__init__(str(error))
        self.stage = stage
        self.error = error


class JoinRefused(Exception):
    """What stands against the join, before anything was changed."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("; ".join(finding.line() for finding in findings))
        self.findings = list(findings)


def join(module: Module) -> Json:
    """The whole of module member: one cluster joined as its options say."""
    params = module.params
    cluster_id = str(params["cluster_id"])
    module.knows({"cluster_id": cluster_id})
    if not LABEL.fullmatch(cluster_id):
        raise ApiFailure(
            f"'{cluster_id}' cannot be a cluster ID.",
            "Set submariner_cluster_id to at most 63 lower-case letters, digits and '-', not at the ends.",
        )
    member_api, broker_api = connect(module), connect(module, params["broker"])
    namespace = str(params["broker_namespace"])
    seen = _broker.observe(broker_api, namespace)
    missing = without_broker(seen)
    if missing and module.check_mode and not seen.unknown():
        module.warn(f"There is no broker to join yet: {missing[0].line()}")
        return {
            "changed": True,
            "cluster_id": cluster_id,
            "gateway_nodes": [],
            "labelled": [],
            "differences": [],
            "rejoins": False,
            "registered": [],
            "findings": [],
        }
    if missing:
        raise JoinRefused(missing)
    if "connectivity" not in sequence(seen.spec.get("components")):
        raise ApiFailure(
            f"The broker on {broker_api.server} has no connectivity component, so there is nothing to connect.",
            "Deploy it with the components connectivity and, if wanted, service-discovery.",
        )
    record = _run_record.read(broker_api)
    info = broker_info(module, member_api, broker_api, record)
    options = with_recorded(params, cluster_id, record, seen)
    for said in settle_ranges(options, cluster_id, seen):
        module.warn(said)

    member = known(observe(member_api, (), OPERATOR_NAMESPACE, keys=_MEMBER_KEYS), "the cluster", _MEMBER_KEYS)
    broker = known(observe(broker_api, (), OPERATOR_NAMESPACE, keys=_BROKER_KEYS), "the broker's cluster", _BROKER_KEYS)
    installed = mapping(member.submariner.get("spec"))
    found = foreign_installation(installed, cluster_id, info) if installed else None
    found = found or id_claimed(broker, member, namespace, cluster_id)
    if found is not None:
        raise JoinRefused([found])
    recorded = record.gateway_nodes.get(cluster_id, []) if record else []
    eligible = selected_nodes(member_api, params["gateway_selector"])
    gateways, trouble = choose_gateways(
        member.nodes, params["gateway_nodes"], recorded, params["gateway_count"], eligible
    )
    if trouble:
        raise ApiFailure(
            f"Cluster {cluster_id} cannot have the gateways that are wanted: {trouble}.",
            "Set submariner_gateway_nodes.",
        )

    differing = installation_differences(broker_api, installed, options, info) if member.installed else []
    wanting = bool(differing) or not member.installed
    rejoins = wanting and member.installed
    if rejoins:
        # Its domains, left open, are the broker's.
        leave_as_they_are(options, {**settings_of(installed), "custom_domains": []})
        if mapping(installed.get("imageOverrides")) and not options["image_override"]:
            differing.append(Difference("image_override", installed["imageOverrides"], {}))
        said = "; ".join(f"{d.setting} is {d.have} and is to be {d.want}" for d in differing)
        module.warn(
            f"Cluster {cluster_id} is joined otherwise than wanted ({said}). Joining it anew makes its operator uninstall it"
            " first: it has no tunnels until it is joined again."
        )
    labels = [node.name for node in member.nodes if node.name in gateways and node.gateway != "true"]
    result: Json = {
        "changed": wanting or bool(labels),
        "cluster_id": cluster_id,
        "gateway_nodes": gateways,
        "labelled": labels,
        "differences": [{"setting": d.setting, "have": d.have, "want": d.want} for d in differing],
        "rejoins": rejoins,
        "registered": sorted({record.cluster_id for record in broker.clusters(namespace)}),
        "findings": [],
    }
    module.knows(result)
    if module._diff:
        result["diff"] = diff(cluster_id, differing, labels, not member.installed)
    if module.check_mode:
        return result
    stage = LABELLING
    try:
        for name in labels:
            label(member_api, name)
        if wanting:
            stage = JOINING
            wait_for_namespace(member_api)
            clear_stuck_operator(member_api)
            result["subctl"] = run_subctl(module, member_api, cluster_id, options, info)
        stage = JOINED
        result["findings"], result["seconds"] = wait_until_ready(member_api, cluster_id, info, params["ready_timeout"])
    except (ApiFailure, SubctlFailure) as error:
        raise JoinFailed(stage, error) from error
    return result


def without_broker(seen: _broker.Broker) -> list[Finding]:
    """What a join misses on the broker; whether an operator runs on that cluster is not the members' business."""
    return [
        finding
        for finding in _broker.lacks(seen)
        if finding.id != "operator.unavailable" and OPERATOR_NAMESPACE not in finding.subject
    ]


def broker_info(module: AnsibleModule, member_api: Api, broker_api: Api, record: Record | None) -> BrokerInfo:
    """The broker info from what the broker is now, with the address that its deployment chose, or the given one says."""
    namespace = str(module.params["broker_namespace"])
    given = given_info(module, broker_api, namespace)
    recorded = ""
    if record is not None and record.broker_info:
        try:
            recorded = decode(record.broker_info).url
        except BrokerInfoError as error:
            raise ApiFailure(f"The broker info in the record of the run cannot be used: {error}.") from error
    asked = str(module.params["broker_url"] or "")
    url = asked or recorded
    if not url or asked:
        said = given.url if given and given.url and not is_loopback(given.url) else ""
        url, _source = choose_url(module, broker_api, asked or said or None)
    psk = record.psk if record is not None else b""
    for api in (broker_api, member_api):
        psk = psk or _run_record.psk_of(api)[0]
    if given and psk and given.psk != psk:
        raise ApiFailure(
            "The broker info that is given has another PSK than the clusterset.",
            "It is of another clusterset, or of before: give the present one or none.",
        )
    psk = psk or (given.psk if given else b"")
    if not psk:
        raise ApiFailure(
            "The PSK of the clusterset is neither in a record of the run nor on the broker's cluster.",
            "Begin a record with submariner.lifecycle.run_record, naming a joined member as source, or give the broker info.",
        )
    return compose(broker_api, url, psk, namespace)


def given_info(module: AnsibleModule, broker_api: Api, namespace: str) -> BrokerInfo | None:
    """The broker info that the user gives, None without one. One whose token is not this broker's is of another broker."""
    content = str(module.params["broker_info"] or "")
    if not content:
        return None
    try:
        info = decode(content)
    except BrokerInfoError as error:
        raise ApiFailure(f"The broker info that is given cannot be used: {error}.") from error
    if info.namespace != namespace:
        raise ApiFailure(
            f"The broker info that is given is of a broker in namespace {info.namespace}, not {namespace}.",
            "Set submariner_broker_namespace, or give the broker info of this broker.",
        )
    if not info.token or _broker.accepts(broker_api, info.token.decode("utf-8", "replace")) is False:
        raise ApiFailure(
            "The broker info that is given has a token that this broker does not accept: it is of another broker, or of one"
            " before.",
            "Give a new one, or none: then it is put together from the broker itself.",
        )
    return info


def with_recorded(params: Json, cluster_id: str, record: Record | None, seen: _broker.Broker) -> Json:
    """The join's options; ranges that the cluster had before its uninstall are asked for again if they are free."""
    options = {name: params[name] for name in SETTINGS}
    if record is None:
        return options
    leave_as_they_are(options, _run_record.kept_settings(record, cluster_id))
    if not options["globalnet_cidr"] and options["globalnet"] is not False and _broker.globalnet_enabled(seen):
        table = seen.table(GLOBALNET_INFO)
        cidr = still_free(record.globalnet, table, "globalnetCidrRange", cluster_id)
        size = options["globalnet_cluster_size"]
        # subctl refuses both together: who asks for a size gets the range of before only if it has that size.
        if not size or (cidr and ipaddress.ip_network(cidr).num_addresses == _broker.allocation_size(size)):
            options["globalnet_cidr"] = cidr
    if not options["clusterset_ip_cidr"]:
        table = seen.table(CLUSTERSET_IP_INFO)
        options["clusterset_ip_cidr"] = still_free(record.clusterset_ip, table, "clustersetIPCidrRange", cluster_id)
    return options


def leave_as_they_are(options: Json, before: Json) -> None:
    """Have the options that are left open ask for what was there before, not for subctl's defaults."""
    for name, value in before.items():
        if name in options and options[name] in (None, "", [], {}):
            options[name] = value


def settle_clusterset_ips(options: Json, cluster_id: str, seen: _broker.Broker) -> list[str]:
    """Have the options ask for no clusterset IPs that a join would not make so, and tell which: they would differ for ever."""
    said = []
    if "service-discovery" not in sequence(seen.spec.get("components")):
        for setting in ("enable_clusterset_ip", "clusterset_ip_cidr"):
            if options[setting]:
                said.append(f"The broker has no service discovery, so the {setting} of {cluster_id} is not used.")
            options[setting] = None
    elif options["enable_clusterset_ip"] is False and _broker.clusterset_ip_enabled(seen):
        said.append(f"The broker has clusterset IPs on, which outranks enable_clusterset_ip: false of {cluster_id}.")
        options["enable_clusterset_ip"] = None
    return said


def settle_ranges(options: Json, cluster_id: str, seen: _broker.Broker) -> list[str]:
    """Have the options ask for no range that a join would not take, and tell which: it would differ for ever."""
    said = settle_clusterset_ips(options, cluster_id, seen)
    if options["globalnet_cidr"] and (options["globalnet"] is False or not _broker.globalnet_enabled(seen)):
        said.append(
            f"There is no Globalnet for {cluster_id}, so its globalnet_cidr {options['globalnet_cidr']} is not used."
        )
        options["globalnet_cidr"] = ""
    for setting, name in (("globalnet_cidr", GLOBALNET_INFO), ("clusterset_ip_cidr", CLUSTERSET_IP_INFO)):
        given = allocated(seen.table(name), cluster_id)
        if given and options[setting] and options[setting] != given:
            said.append(
                f"The broker has given {given} to {cluster_id}, which it keeps: its {setting} {options[setting]} is used once the"
                " broker has none for it (reinstall)."
            )
            options[setting] = given
    cidr, size = options["globalnet_cidr"], options["globalnet_cluster_size"]
    if cidr and size:
        if not _within(cidr, cidr) or ipaddress.ip_network(cidr).num_addresses != _broker.allocation_size(size):
            said.append(
                f"The globalnet_cluster_size {size} is not used for {cluster_id}, whose globalnet_cidr is {cidr}."
            )
        options["globalnet_cluster_size"] = None
    return said


def still_free(before: Json, table: Json, range_key: str, cluster_id: str) -> str:
    """The range that a cluster had in the table `before`, if the broker's table of now can give it to it again."""
    had = allocated(before, cluster_id)
    whole = text(table.get(range_key)).strip('"')
    if not had or not _within(had, whole):
        return ""
    taken = [cidr for owner, cidr in allocations_in(table) if owner != cluster_id]
    return "" if any(overlap(had, cidr) for cidr in taken) else had


def _within(cidr: str, whole: str) -> bool:
    try:
        return ipaddress.ip_network(cidr).subnet_of(ipaddress.ip_network(whole))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False


def known(snapshot: Snapshot, whose: str, keys: Sequence[str]) -> Snapshot:
    if not snapshot.known(*keys):
        said = "; ".join(f"{key}: {reason}" for key, reason in sorted(snapshot.unanswered.items()))
        raise ApiFailure(f"The API server of {whose} does not answer all questions: {said}.")
    return snapshot


def installation_differences(broker_api: Api, installed: Json, options: Json, info: BrokerInfo) -> list[Difference]:
    found = differences(installed, options, info)
    token = text(installed.get("brokerK8sApiServerToken"))
    if token and _broker.accepts(broker_api, token) is False:
        found.append(Difference("broker token", "one that the broker does not accept", "a new one"))
    return found


def diff(cluster_id: str, differing: Sequence[Difference], labels: Sequence[str], absent: bool) -> Json:
    before = [f"{d.setting}: {d.have}" for d in differing] + [f"node {name}: no gateway" for name in labels]
    after = [f"{d.setting}: {d.want}" for d in differing] + [f"node {name}: gateway" for name in labels]
    if absent:
        before.append(f"cluster {cluster_id}: not joined")
        after.append(f"cluster {cluster_id}: joined")
    return {"before": "".join(f"{line}\n" for line in before), "after": "".join(f"{line}\n" for line in after)}


def label(api: Api, node: str) -> None:
    answer = api.patch(f"/api/v1/nodes/{node}", {"metadata": {"labels": {GATEWAY_LABEL: "true"}}})
    if not answer.present:
        raise ApiFailure(f"Node {node} cannot be labelled as a gateway: {answer.reason}.")


def wait_for_namespace(api: Api) -> None:
    """A namespace on its way out takes with it what a join puts into it (measured: the join then hangs)."""

    def check() -> list[Finding]:
        answer = api.get(f"/api/v1/namespaces/{OPERATOR_NAMESPACE}")
        if answer.absent or (answer.present and not mapping(answer.body.get("metadata")).get("deletionTimestamp")):
            return []
        state = answer.reason if answer.unknown else "is being deleted"
        return [Finding("operator.namespace-terminating", ERROR, f"Namespace {OPERATOR_NAMESPACE}", state)]

    held = hold(check, _GOING_SECONDS)
    if not held.ok:
        raise ApiFailure(
            f"{held.findings[0].subject} {held.findings[0].observed}, for {held.seconds:.0f} s now.",
            "Run submariner.lifecycle.cleanup for this cluster: it says what holds the namespace.",
        )


def run_subctl(module: AnsibleModule, api: Api, cluster_id: str, options: Json, info: BrokerInfo) -> Json:
    subctl = Subctl(module.params["subctl"], api)
    with private_folder() as folder:
        path = os.path.join(folder, INFO_FILE)
        write_private(path, encode(info))
        arguments = join_arguments(cluster_id, path, options)
        return subctl.call(arguments, folder, module.params["timeout"], Watch(api), info.secrets()).as_dict()


def wait_until_ready(api: Api, cluster_id: str, info: BrokerInfo, timeout: float) -> tuple[list[Json], float]:
    """Wait for what the operator makes; raises SubctlFailure with the cause where there is one to be found."""
    complaining_since: dict[str, float] = {}
    causes: list[Finding] = []

    def check() -> list[Finding]:
        member = observe(api, (), OPERATOR_NAMESPACE, keys=_READY_KEYS)
        findings = check_ready(member, cluster_id)
        if not findings:
            return []
        if any(workload.name == "submariner-gateway" for workload in member.workloads):
            cause, patience = crash_cause(api, member, cluster_id, info.url), _CRASH_PATIENCE_SECONDS
            how = "what was installed does not run"
            causes.extend([cause] if cause else [])
        else:
            cause, patience = operator_complaint(api, member, info.url), _LOG_PATIENCE_SECONDS
            how = "nothing was installed"
        if cause is None:
            return findings
        since = complaining_since.setdefault(f"{cause.id} {cause.subject}", time.monotonic())
        if time.monotonic() - since > patience:
            raise SubctlFailure(f"subctl join ended, yet {how}: {cause.line()}", finding=cause)
        return [cause, *(finding for finding in findings if finding.subject != cause.subject)]

    held = hold(check, timeout)
    if not held.ok:
        raise SubctlFailure(
            f"The installation of cluster {cluster_id} is not ready after {held.seconds:.0f} s: "
            # What ends again and again runs in between, and then shows no cause.
            + "; ".join(dict.fromkeys(finding.line() for finding in [*causes[-1:], *held.findings[:3]])),
            finding=(causes[-1:] or held.findings)[0],
        )
    return [finding.as_dict() for finding in held.findings], round(held.seconds, 1)


def check_ready(member: Snapshot, cluster_id: str) -> list[Finding]:
    findings = check_workloads(member, cluster_id)
    if not findings and not any(gateway.ha_status == "active" for gateway in member.gateways):
        findings.append(
            Finding(
                "gateway.none-active",
                ERROR,
                f"cluster {cluster_id}",
                "no gateway is active",
                "one active gateway",
                cause="; ".join(g.failure for g in member.gateways if g.failure),
                hint="look at the log of the submariner-gateway pods",
            )
        )
    if findings and member.known("services"):
        return no_load_balancer(member, cluster_id) + findings
    return findings


def operator_complaint(api: Api, member: Snapshot, broker_url: str) -> Finding | None:
    """What the operator's log names as the cause that it makes nothing."""
    for pod in member.objects("pods", OPERATOR_NAMESPACE):
        name = text(mapping(pod.get("metadata")).get("name"))
        if name.startswith(OPERATOR + "-") and mapping(pod.get("status")).get("phase") == "Running":
            log = api.log(OPERATOR_NAMESPACE, name, tail=200)
            cause = log_cause(text(log.body.get("text")), broker_url)
            if cause is not None:
                return cause
    return None
