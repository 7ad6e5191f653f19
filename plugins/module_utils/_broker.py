# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A broker as it stands on a cluster, and what it lacks of the one that is wanted.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.submariner.lifecycle.plugins.module_utils._allocations import (
    CLUSTERSET_IP_INFO,
    GLOBALNET_INFO,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Answer, Api
from ansible_collections.submariner.lifecycle.plugins.module_utils._brokerinfo import ADMIN, BROKER_CR, admin_token
from ansible_collections.submariner.lifecycle.plugins.module_utils._logs import version_number
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    ERROR,
    OPERATOR_NAMESPACE,
    UNKNOWN,
    Finding,
    Json,
    mapping,
    sequence,
    text,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._operator import OPERATOR, is_available

# Those that broker and members cannot do without; an operator of any version creates them.
NEEDED_CRDS = (
    "brokers.submariner.io",
    "submariners.submariner.io",
    "servicediscoveries.submariner.io",
    "clusters.submariner.io",
    "endpoints.submariner.io",
    "gateways.submariner.io",
    "serviceimports.multicluster.x-k8s.io",
    "serviceexports.multicluster.x-k8s.io",
)

FIRST_CLUSTERSET_IPS = (0, 19)


@dataclass(frozen=True)
class Fixed:
    """What a table of the broker says for good from the first deployment on (submariner.md 1.3): a switch and its ranges."""

    switch: str
    key: str
    ranges: Mapping[str, str]
    """Setting -> key of the table."""


FIXED: Mapping[str, Fixed] = {
    GLOBALNET_INFO: Fixed(
        "globalnet",
        "globalnetEnabled",
        {"globalnet_cidr_range": "globalnetCidrRange", "globalnet_cluster_size": "globalnetClusterSize"},
    ),
    CLUSTERSET_IP_INFO: Fixed(
        "enable_clusterset_ip", "clustersetIPEnabled", {"clusterset_ip_cidr_range": "clustersetIPCidrRange"}
    ),
}


@dataclass
class Broker:
    """What the API server says of the broker in one namespace."""

    namespace: str
    answers: dict[str, Answer]
    crds: dict[str, bool] = field(default_factory=dict)
    """Name of each definition that exists -> whether it is established."""
    token: Json | None = None
    token_works: bool | None = None
    """None: the API server did not judge it."""

    def unknown(self) -> list[str]:
        return [f"{what}: {answer.reason}" for what, answer in sorted(self.answers.items()) if answer.unknown]

    def present(self, what: str) -> bool:
        return self.answers[what].present

    def going(self, what: str) -> bool:
        return bool(mapping(self.answers[what].body.get("metadata")).get("deletionTimestamp"))

    @property
    def spec(self) -> Json:
        return mapping(self.answers["Broker"].body.get("spec"))

    @property
    def members(self) -> list[str]:
        """IDs of the clusters that have a record with this broker."""
        return sorted(text(mapping(item.get("metadata")).get("name")) for item in self.answers["Clusters"].items)

    def table(self, name: str) -> Json:
        return mapping(self.answers[name].body.get("data"))


def observe(api: Api, namespace: str) -> Broker:
    core, apps = f"/api/v1/namespaces/{namespace}", f"/apis/apps/v1/namespaces/{OPERATOR_NAMESPACE}"
    broker = Broker(
        namespace=namespace,
        answers={
            "Namespace": api.get(core),
            "operator's Namespace": api.get(f"/api/v1/namespaces/{OPERATOR_NAMESPACE}"),
            "Broker": api.get(f"/apis/submariner.io/v1alpha1/namespaces/{namespace}/brokers/{BROKER_CR}"),
            "Clusters": api.list(f"/apis/submariner.io/v1/namespaces/{namespace}/clusters"),
            GLOBALNET_INFO: api.get(f"{core}/configmaps/{GLOBALNET_INFO}"),
            CLUSTERSET_IP_INFO: api.get(f"{core}/configmaps/{CLUSTERSET_IP_INFO}"),
            "CustomResourceDefinitions": api.list("/apis/apiextensions.k8s.io/v1/customresourcedefinitions"),
            "Deployment": api.get(f"{apps}/deployments/{OPERATOR}"),
        },
    )
    for crd in broker.answers["CustomResourceDefinitions"].items:
        conditions = map(mapping, sequence(mapping(crd.get("status")).get("conditions")))
        name = text(mapping(crd.get("metadata")).get("name"))
        broker.crds[name] = any(c.get("type") == "Established" and c.get("status") == "True" for c in conditions)
    if broker.present("Namespace"):
        broker.token = admin_token(api, namespace)
        broker.token_works = token_works(api, broker.token)
    return broker


def token_works(api: Api, secret: Json | None) -> bool | None:
    """Whether the API server accepts the token, None when it does not say (no right to ask)."""
    if secret is None:
        return False
    try:
        token = base64.b64decode(text(mapping(secret.get("data")).get("token"))).decode("ascii")
    except (binascii.Error, ValueError):
        return False
    return accepts(api, token)


def accepts(api: Api, token: str) -> bool | None:
    """Whether the API server takes this token for somebody's, None when it does not say."""
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}}
    answer = api.create("/apis/authentication.k8s.io/v1/tokenreviews", review)
    if not answer.present:
        return None
    return mapping(answer.body.get("status")).get("authenticated") is True


def image_of(broker: Broker) -> str:
    template = mapping(mapping(broker.answers["Deployment"].body.get("spec")).get("template"))
    containers = sequence(mapping(template.get("spec")).get("containers"))
    return text(mapping(containers[0]).get("image")) if containers else ""


def repository_of(broker: Broker) -> str:
    """Where the operator's image comes from; empty when it has another name, or is pinned, and so was chosen by a join."""
    repository, _slash, name = image_of(broker).rpartition("/")
    return repository if name.startswith(OPERATOR + ":") else ""


def not_replaced(broker: Broker, wanted: Mapping[str, Any], holder: Json | None) -> list[Finding]:
    """Whether the operator that runs is still the one of before: its Deployment stays Available while it is replaced.

    `holder` is the pod that has the operator's lock, without which no definition is replaced; None where nothing tells.
    """
    stale = [d for d in differences(broker, wanted) if d.setting in ("version", "repository")]
    found = [
        _finding(
            "operator.not-replaced",
            f"Deployment {OPERATOR_NAMESPACE}/{OPERATOR}",
            f"has {d.setting} {d.have}",
            str(d.want),
        )
        for d in stale
    ]
    running = [text(mapping(c).get("image")) for c in sequence(mapping((holder or {}).get("spec")).get("containers"))]
    if holder is not None and not found and image_of(broker) not in running:
        found.append(
            _finding(
                "operator.not-replaced",
                f"Deployment {OPERATOR_NAMESPACE}/{OPERATOR}",
                f"is still led by a pod with {', '.join(running) or 'no image'}",
                f"a pod with {image_of(broker)}",
                "the new operator waits until the old one's pod is gone: look at what holds that",
            )
        )
    return found


def lock_holder(api: Api) -> Json | None:
    """The pod that has the operator's lock, empty when that pod is gone, None without a lock (or an answer)."""
    lock = api.get(f"/api/v1/namespaces/{OPERATOR_NAMESPACE}/configmaps/{OPERATOR}-lock")
    owners = [text(mapping(o).get("name")) for o in sequence(mapping(lock.body.get("metadata")).get("ownerReferences"))]
    if not lock.present or not owners:
        return None
    pod = api.get(f"/api/v1/namespaces/{OPERATOR_NAMESPACE}/pods/{owners[0]}")
    return None if pod.unknown else pod.body


def _finding(id_: str, subject: str, observed: str, expected: str, hint: str = "", severity: str = ERROR) -> Finding:
    return Finding(id=id_, severity=severity, subject=subject, observed=observed, expected=expected, hint=hint)


def _namespaces(broker: Broker) -> dict[str, str]:
    """What a broker lives in, and the name of each."""
    return {"Namespace": broker.namespace, "operator's Namespace": OPERATOR_NAMESPACE}


def unanswered(broker: Broker) -> list[Finding]:
    return [
        _finding(
            "broker.unknown", f"Broker in {broker.namespace}", f"cannot be read ({what})", "an answer", "", UNKNOWN
        )
        for what in broker.unknown()
    ]


def going(broker: Broker) -> list[Finding]:
    """The namespaces on their way out: each takes with it what is deployed into it, whether or not there is a broker."""
    return [
        _finding("broker.namespace", f"Namespace {name}", "is being deleted", "an active namespace")
        for what, name in _namespaces(broker).items()
        if broker.going(what)
    ]


def _without_clusterset_ips(broker: Broker) -> bool:
    """Whether it was deployed by a release that has no table of clusterset IPs yet."""
    version = version_number(image_of(broker).rpartition(":")[2]) if repository_of(broker) else ()
    return bool(version) and version < FIRST_CLUSTERSET_IPS


def lacks(broker: Broker) -> list[Finding]:
    """What a working broker would have and this one has not."""
    unknown = unanswered(broker)
    if unknown:
        return unknown
    found = going(broker)
    if broker.answers["Namespace"].absent:
        return [_finding("broker.none", f"Namespace {broker.namespace}", "is not there", "a broker"), *found]
    for what, name in _namespaces(broker).items():
        if not broker.present(what):
            found.append(_finding("broker.namespace", f"Namespace {name}", "is not there", "an active namespace"))
    if not broker.present("Broker"):
        found.append(
            _finding("broker.resource", f"Broker {broker.namespace}/{BROKER_CR}", "is not there", "to be there")
        )
    for name in NEEDED_CRDS:
        if not broker.crds.get(name):
            state = "is not established" if name in broker.crds else "is not there"
            hint = "the operator creates definitions only when it starts: restart its pod"
            found.append(_finding("broker.crd", f"CustomResourceDefinition {name}", state, "to be established", hint))
    for name in (GLOBALNET_INFO, *([] if _without_clusterset_ips(broker) else [CLUSTERSET_IP_INFO])):
        if not broker.present(name):
            found.append(
                _finding("broker.table", f"ConfigMap {broker.namespace}/{name}", "is not there", "to be there")
            )
    if not broker.token_works and broker.token_works is not None:
        state = "has no token" if broker.token is None else "has a token that the API server does not accept"
        found.append(
            _finding("broker.token", f"ServiceAccount {broker.namespace}/{ADMIN}", state, "a token that works")
        )
    if not is_available(broker.answers["Deployment"].body):
        found.append(
            _finding(
                "operator.unavailable", f"Deployment {OPERATOR_NAMESPACE}/{OPERATOR}", "is not available", "an operator"
            )
        )
    return found


def _flag(value: Any) -> Any:
    """A value of an allocation table: they are JSON texts."""
    try:
        return json.loads(text(value))
    except ValueError:
        return text(value)


def enabled(what: Fixed, table: Json) -> bool:
    return _flag(table.get(what.key)) is True


def globalnet_enabled(broker: Broker) -> bool:
    return enabled(FIXED[GLOBALNET_INFO], broker.table(GLOBALNET_INFO))


def clusterset_ip_enabled(broker: Broker) -> bool:
    return enabled(FIXED[CLUSTERSET_IP_INFO], broker.table(CLUSTERSET_IP_INFO))


def allocation_size(number: int) -> int:
    """The number of addresses that subctl makes of the one that it is given: the next power of two."""
    return 1 << (number - 1).bit_length() if number > 0 else number


def with_kept(wanted: Mapping[str, Any], tables: Mapping[str, Json]) -> dict[str, Any]:
    """The wanted settings, those that are fixed and not asked for (None) as the broker's tables have, or had, them.

    A range goes with its switch: who turns Globalnet off, or on anew, says which range, or leaves it to subctl.
    """
    settings = dict(wanted)
    for name, fixed in FIXED.items():
        table = tables.get(name) or {}
        if not table:
            continue
        if settings.get(fixed.switch) is None:
            settings[fixed.switch] = enabled(fixed, table)
        if settings[fixed.switch] == enabled(fixed, table):
            for setting, key in fixed.ranges.items():
                if settings.get(setting) is None and text(table.get(key)):
                    settings[setting] = _flag(table[key])
    return settings


def _same(setting: str, have: Any, want: Any) -> Any:
    """What a table has, in the words that are wanted where subctl rounds these up to it."""
    if setting == "globalnet_cluster_size" and isinstance(want, int) and allocation_size(want) == have:
        return want
    return have


@dataclass(frozen=True)
class Difference:
    """One setting that is not as wanted; `fixed` ones cannot be changed on a broker that exists."""

    setting: str
    have: Any
    want: Any
    fixed: bool = False


def differences(broker: Broker, wanted: Mapping[str, Any]) -> list[Difference]:
    """Settings of an existing broker that differ from those wanted; None for a setting leaves it as it is."""
    found: list[Difference] = []

    def compare(setting: str, have: Any, fixed: bool) -> None:
        want = wanted.get(setting)
        if want is not None and want != have:
            found.append(Difference(setting, have, want, fixed))

    for name, fixed in FIXED.items():
        table = broker.table(name)
        if table:
            compare(fixed.switch, enabled(fixed, table), fixed=True)
            for setting, key in fixed.ranges.items():
                if key in table or wanted.get(fixed.switch):
                    compare(setting, _same(setting, _flag(table.get(key)), wanted.get(setting)), fixed=True)
    if broker.present("Broker"):
        for setting, key in (("components", "components"), ("custom_domains", "defaultCustomDomains")):
            want = wanted.get(setting)
            have = [text(entry) for entry in sequence(broker.spec.get(key))]
            if want is not None and sorted(want) != sorted(have):
                found.append(Difference(setting, sorted(have), sorted(want)))
    # An operator of another name or pinned by digest was chosen by an override of a join: it says nothing here.
    if repository_of(broker):
        compare("version", image_of(broker).rpartition(":")[2], fixed=False)
        compare("repository", repository_of(broker), fixed=False)
    return found


def deploy_arguments(options: Mapping[str, Any]) -> list[str]:
    """The arguments of deploy-broker for the given options; None is left to subctl."""
    arguments = ["deploy-broker"]
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        if value is None or value == "":
            continue
        if isinstance(value, bool):
            arguments.append(f"{flag}={'true' if value else 'false'}")
        elif isinstance(value, Sequence) and not isinstance(value, str):
            if value:
                arguments += [flag, ",".join(str(entry) for entry in value)]
        else:
            arguments += [flag, str(value)]
    return arguments
