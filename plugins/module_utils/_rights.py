# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the credentials allow what later phases do. Private to this collection, may change at any time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api

REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"

NEEDED: tuple[tuple[str, str, str], ...] = (
    # verbs, API group, resource: for reading, removing, and what subctl makes (submariner.md 2)
    ("list create delete patch", "", "namespaces"),
    ("list patch", "", "nodes"),
    ("list create delete", "", "pods"),
    ("create", "", "pods/exec"),
    ("get", "", "pods/log"),
    ("list create delete", "", "secrets"),
    ("list create delete", "", "serviceaccounts"),
    ("list patch", "", "configmaps"),
    ("list create delete patch", "apps", "deployments"),
    ("list delete", "apps", "daemonsets"),
    ("list", "apps", "statefulsets"),
    ("list", "batch", "jobs"),
    ("list", "", "services"),
    ("list", "", "persistentvolumeclaims"),
    ("list create delete", "rbac.authorization.k8s.io", "clusterroles"),
    ("list create delete", "rbac.authorization.k8s.io", "clusterrolebindings"),
    ("list create delete", "apiextensions.k8s.io", "customresourcedefinitions"),
    ("list create delete patch", "submariner.io", "submariners"),
    ("list delete", "submariner.io", "endpoints"),
    ("list delete", "submariner.io", "clusters"),
    ("create patch delete", "coordination.k8s.io", "leases"),
)


def denied(api: Api) -> tuple[list[str], str]:
    """What of NEEDED is not allowed, as C(verb resource.group); and why nothing can be said, empty when it can."""
    questions = [(v, group, resource) for verbs, group, resource in NEEDED for v in verbs.split()]
    whole = _ask(api, ("*", "*", "*"))
    if whole[0] is True:
        return [], ""
    with ThreadPoolExecutor(max_workers=8) as pool:
        answers = list(pool.map(lambda q: _ask(api, q), questions))
    unanswered = next((reason for allowed, reason in answers if allowed is None), "")
    refused = [
        f"{verb} {resource}" + (f".{group}" if group else "")
        for (verb, group, resource), (allowed, _reason) in zip(questions, answers)
        if allowed is False
    ]
    return refused, unanswered


def _ask(api: Api, question: tuple[str, str, str]) -> tuple[bool | None, str]:
    verb, group, resource = question
    name, _slash, subresource = resource.partition("/")
    attributes = {"verb": verb, "group": group, "resource": name, "subresource": subresource}
    answer = api.create(
        REVIEW,
        {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {k: v for k, v in attributes.items() if v}},
        },
    )
    if not answer.present:
        return None, answer.reason
    return bool((answer.body.get("status") or {}).get("allowed")), ""
