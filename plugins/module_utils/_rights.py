# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the credentials allow what later phases do. Private to this collection, may change at any time.

docs/rights.md is generated from the table.
"""

from __future__ import annotations

import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    BROKER_NAMESPACE,
    OPERATOR_NAMESPACE,
    Json,
    mapping,
)

if t.TYPE_CHECKING:
    from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api

REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"

INSTALL, UNINSTALL, REINSTALL = "install", "uninstall", "reinstall"
VERBS = (INSTALL, UNINSTALL, REINSTALL)
ALWAYS, REMOVING, DEPLOYING = frozenset(VERBS), frozenset([UNINSTALL, REINSTALL]), frozenset([INSTALL, REINSTALL])

EVERYWHERE, OPERATOR, BROKER, OURS, SYSTEM = "", "operator", "broker", "submariner-lifecycle", "kube-system"

RBAC, MCS, SUBMARINER = "rbac.authorization.k8s.io", "multicluster.x-k8s.io", "submariner.io"
LEASES = "coordination.k8s.io"


@dataclass(frozen=True)
class Need:
    """Some verbs on some resources of one API group, in a namespace or everywhere, and what needs them.

    Without those that C(may) be needed a run goes on, unless it comes to it. Those C(on_broker) are needed on the broker's
    cluster alone.
    """

    runs: frozenset[str]
    verbs: str
    group: str
    resources: str
    where: str = EVERYWHERE
    what: str = ""
    may: bool = False
    on_broker: bool = False

    def questions(self, operator: str, broker: str) -> t.Iterator[Question]:
        """Each verb on each resource, with the namespaces by their names."""
        namespace = {OPERATOR: operator, BROKER: broker}.get(self.where, self.where)
        for resource in self.resources.split():
            for verb in self.verbs.split():
                yield Question(verb, self.group, resource, namespace)


class Question(t.NamedTuple):
    """One thing that may be allowed."""

    verb: str
    group: str
    resource: str
    namespace: str

    def __str__(self) -> str:
        place = f" in {self.namespace}" if self.namespace else ""
        return f"{self.verb} {self.resource}" + (f".{self.group}" if self.group else "") + place


NEEDED: tuple[Need, ...] = (
    # What every run reads first (_observe).
    Need(ALWAYS, "list", "", "namespaces nodes pods serviceaccounts", what="to see what is there"),
    Need(ALWAYS, "list", RBAC, "roles rolebindings", what="to see what is there"),
    Need(
        ALWAYS,
        "list",
        SUBMARINER,
        "brokers clusters endpoints gateways routeagents servicediscoveries submariners",
        what="to see what is there",
    ),
    Need(ALWAYS, "list", MCS, "serviceexports serviceimports", what="to see what is there"),
    Need(ALWAYS, "list", "apps", "daemonsets deployments", OPERATOR, "to see what runs"),
    Need(ALWAYS, "list", "", "services", OPERATOR, "to see what runs"),
    Need(ALWAYS, "list", LEASES, "leases", OPERATOR, "to see what runs"),
    Need(ALWAYS, "get", "", "configmaps", SYSTEM, "to see the cluster's DNS"),
    Need(ALWAYS, "list", "", "configmaps secrets", BROKER, "to see a broker's tables and accesses", on_broker=True),
    Need(
        ALWAYS, "list", "apiextensions.k8s.io", "customresourcedefinitions", what="to see which definitions are there"
    ),
    # The lock and the record of the run, and our pods (_lock, _run_record, _own_pods).
    Need(ALWAYS, "get create", "", "namespaces", what="a namespace for what is ours"),
    Need(ALWAYS, "get list create delete", "", "pods", OURS, "pods that look at nodes, or try the network"),
    Need(ALWAYS, "create", "", "pods/exec", OURS, "pods that look at nodes, or try the network"),
    Need(ALWAYS, "get create update delete", LEASES, "leases", OURS, "the lock", on_broker=True),
    Need(ALWAYS, "get create update delete", "", "secrets", OURS, "the record of a run", on_broker=True),
    Need(ALWAYS, "patch delete", "", "namespaces", what="to allow our pods, and to take our namespace away", may=True),
    Need(ALWAYS, "list", "", "configmaps secrets events", OURS, "to take our namespace away", may=True),
    Need(ALWAYS, "list", "apps", "daemonsets", OURS, "to take our namespace away", may=True),
    Need(ALWAYS, "list", LEASES, "leases", OURS, "to take our namespace away", may=True),
    # A removal (_catalogue, _removal).
    Need(REMOVING, "list", RBAC, "clusterroles clusterrolebindings", what="to see what is Submariner's"),
    Need(
        REMOVING,
        "list",
        SUBMARINER,
        "clusterglobalegressips globalegressips globalingressips",
        what="to see what is Submariner's",
    ),
    Need(REMOVING, "list", "discovery.k8s.io", "endpointslices", what="to see what is Submariner's"),
    Need(REMOVING, "list", "", "services", what="to see what is Submariner's"),
    Need(REMOVING, "list", "", "configmaps", SYSTEM, "to see what is Submariner's"),
    Need(REMOVING, "list", "", "configmaps secrets persistentvolumeclaims", OPERATOR, "to see what others have there"),
    Need(REMOVING, "list", "apps", "statefulsets", OPERATOR, "to see what others have there"),
    Need(REMOVING, "list", "batch", "jobs", OPERATOR, "to see what others have there"),
    Need(
        REMOVING,
        "list",
        "",
        "persistentvolumeclaims pods services",
        BROKER,
        "to see what others have there",
        on_broker=True,
    ),
    Need(
        REMOVING,
        "list",
        "apps",
        "daemonsets deployments statefulsets",
        BROKER,
        "to see what others have there",
        on_broker=True,
    ),
    Need(REMOVING, "list", "batch", "jobs", BROKER, "to see what others have there", on_broker=True),
    Need(REMOVING, "delete", "", "namespaces", what="Submariner's namespaces"),
    Need(REMOVING, "delete patch", SUBMARINER, "servicediscoveries submariners", OPERATOR, "resources of the operator"),
    Need(REMOVING, "delete", "apps", "daemonsets deployments", OPERATOR, "workloads"),
    # These mostly go with their namespace.
    Need(
        REMOVING,
        "delete",
        "",
        "configmaps pods secrets serviceaccounts services",
        OPERATOR,
        "what workloads use",
        may=True,
    ),
    Need(REMOVING, "delete", RBAC, "roles rolebindings", OPERATOR, "what workloads use", may=True),
    Need(
        REMOVING,
        "delete",
        SUBMARINER,
        "clusters endpoints gateways routeagents",
        OPERATOR,
        "a member's records",
        may=True,
    ),
    Need(REMOVING, "delete", RBAC, "clusterroles clusterrolebindings", what="what workloads use"),
    Need(REMOVING, "delete", "apiextensions.k8s.io", "customresourcedefinitions", what="definitions"),
    Need(REMOVING, "patch", "", "nodes", what="labels of gateway nodes"),
    Need(REMOVING, "patch", "", "configmaps", SYSTEM, "the block in the cluster's DNS"),
    Need(REMOVING, "delete", SUBMARINER, "brokers clusters endpoints", BROKER, "records on the broker", on_broker=True),
    Need(
        REMOVING, "delete", "", "configmaps secrets serviceaccounts", BROKER, "accesses to the broker", on_broker=True
    ),
    Need(REMOVING, "delete", RBAC, "roles rolebindings", BROKER, "accesses to the broker", on_broker=True),
    Need(
        REMOVING,
        "patch",
        "",
        "configmaps",
        BROKER,
        "addresses that a broker gave to who leaves",
        may=True,
        on_broker=True,
    ),
    Need(REMOVING, "patch delete", MCS, "serviceimports", what="services that other clusters offered", may=True),
    Need(REMOVING, "patch", MCS, "serviceimports/status", what="services that other clusters offered", may=True),
    Need(REMOVING, "list", "apps", "daemonsets", what="to tell the chains of other programs on nodes", may=True),
    Need(REMOVING, "delete", "discovery.k8s.io", "endpointslices", what="services that others offered", may=True),
    Need(REMOVING, "patch", "apps", "deployments/scale", OPERATOR, "an operator that does not answer", may=True),
    Need(REMOVING, "patch delete", "", "services", what="what Globalnet made beside exported services", may=True),
    Need(
        REMOVING,
        "delete",
        SUBMARINER,
        "clusterglobalegressips globalingressips",
        what="what Globalnet made beside exported services",
        may=True,
    ),
    Need(REMOVING, "list patch delete", "projectcalico.org", "ippools", what="pools in Calico", may=True),
    Need(REMOVING, "get list patch", "operator.openshift.io", "dnses", what="servers in OpenShift's DNS", may=True),
    # deploy-broker and join (submariner.md 2.1, 2.2), and what is asked about them while they run.
    Need(DEPLOYING, "patch", "", "nodes", what="the label of gateway nodes"),
    Need(DEPLOYING, "get create", "apiextensions.k8s.io", "customresourcedefinitions", what="definitions"),
    Need(DEPLOYING, "get create", RBAC, "clusterroles clusterrolebindings", what="roles of the workloads"),
    Need(DEPLOYING, "get create", RBAC, "roles rolebindings", OPERATOR, "roles of the workloads"),
    Need(DEPLOYING, "get create", "", "serviceaccounts secrets", OPERATOR, "accounts of the workloads"),
    Need(DEPLOYING, "get create", "apps", "deployments", OPERATOR, "the operator"),
    Need(DEPLOYING, "get create delete", SUBMARINER, "submariners", OPERATOR, "the resource of a member"),
    Need(DEPLOYING, "get create", SUBMARINER, "brokers", BROKER, "the broker", on_broker=True),
    Need(DEPLOYING, "get create", "", "configmaps secrets serviceaccounts", BROKER, "the broker", on_broker=True),
    Need(DEPLOYING, "get create", RBAC, "roles rolebindings", BROKER, "the broker", on_broker=True),
    Need(DEPLOYING, "get create", SUBMARINER, "servicediscoveries", OPERATOR, "the resource of service discovery"),
    # What is there already: deploy-broker and join make the same things on one cluster, and definitions outlive an installation.
    Need(
        DEPLOYING, "update", "apiextensions.k8s.io", "customresourcedefinitions", what="what is there already", may=True
    ),
    Need(DEPLOYING, "update", RBAC, "clusterroles clusterrolebindings", what="what is there already", may=True),
    Need(DEPLOYING, "update", RBAC, "roles rolebindings", OPERATOR, "what is there already", may=True),
    Need(DEPLOYING, "update", "", "serviceaccounts", OPERATOR, "what is there already", may=True),
    Need(DEPLOYING, "update", "apps", "deployments", OPERATOR, "what is there already", may=True),
    Need(DEPLOYING, "update", SUBMARINER, "servicediscoveries", OPERATOR, "what is there already", may=True),
    Need(DEPLOYING, "update", "", "serviceaccounts", BROKER, "what is there already", may=True, on_broker=True),
    Need(DEPLOYING, "update", RBAC, "roles rolebindings", BROKER, "what is there already", may=True, on_broker=True),
    Need(DEPLOYING, "escalate", RBAC, "roles clusterroles", what="roles with more rights than one's own", may=True),
    Need(DEPLOYING, "bind", RBAC, "roles clusterroles", what="roles with more rights than one's own", may=True),
    Need(DEPLOYING, "create", "authentication.k8s.io", "tokenreviews", what="to try the broker's token", may=True),
    Need(DEPLOYING, "list", "", "events", OPERATOR, "to name the cause of a failure", may=True),
    Need(DEPLOYING, "get", "", "pods/log", OPERATOR, "to name the cause of a failure", may=True),
    Need(DEPLOYING, "list", "apps", "replicasets", OPERATOR, "to name the cause of a failure", may=True),
)


class Denied(t.NamedTuple):
    """What is not allowed, of what a run needs and of what it may come to need; and why nothing can be said."""

    needed: list[str]
    perhaps: list[str]
    unknown: str


def denied(
    api: Api, verb: str, operator: str = OPERATOR_NAMESPACE, brokers: t.Sequence[str] = (BROKER_NAMESPACE,)
) -> Denied:
    """What of the rights for a run of C(verb) the credentials lack. C(brokers) are the namespaces of brokers, if any.

    One request for who may do everything, else one for each right.
    """
    if _ask(api, Question("*", "*", "*", ""))[0] is True:
        return Denied([], [], "")
    wanted = _wanted(verb, operator, brokers)
    with ThreadPoolExecutor(max_workers=8) as pool:
        answers = dict(zip(wanted, pool.map(lambda question: _ask(api, question), wanted)))
    refused = {question: may for question, may in wanted.items() if answers[question][0] is False}
    return Denied(
        [str(question) for question, may in refused.items() if not may],
        [str(question) for question, may in refused.items() if may],
        next((reason for allowed, reason in answers.values() if allowed is None), ""),
    )


def _wanted(verb: str, operator: str, brokers: t.Sequence[str]) -> dict[Question, bool]:
    """Each question, and whether it is about what only may be needed; none twice, nor in a namespace and everywhere."""
    every: dict[Question, bool] = {}
    for need in NEEDED:
        if verb in need.runs:
            for broker in brokers if need.on_broker else ("",):
                for question in need.questions(operator, broker):
                    every[question] = every.get(question, True) and need.may

    def alone(question: Question, may: bool) -> bool:
        everywhere = question._replace(namespace="")
        return not question.namespace or everywhere not in every or (every[everywhere] and not may)

    return {question: may for question, may in every.items() if alone(question, may)}


def _ask(api: Api, question: Question) -> tuple[bool | None, str]:
    name, _slash, subresource = question.resource.partition("/")
    attributes = {**question._asdict(), "resource": name, "subresource": subresource}
    review: Json = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {k: v for k, v in attributes.items() if v}},
    }
    answer = api.create(REVIEW, review)
    if not answer.present:
        return None, answer.reason
    return bool(mapping(answer.body.get("status")).get("allowed")), ""
