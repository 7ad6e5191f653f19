# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask subctl what it thinks of a cluster, within a time limit, and clean up after it.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

import os
import time
import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, ApiFailure, connect
from ansible_collections.submariner.lifecycle.plugins.module_utils._kubeconfig import secrets_of, two_contexts
from ansible_collections.submariner.lifecycle.plugins.module_utils._logs import show
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import (
    WARNING,
    Finding,
    Json,
    mapping,
    text,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import observe
from ansible_collections.submariner.lifecycle.plugins.module_utils._opinions import (
    Call,
    annotate,
    judge,
    left_behind,
    not_asked,
    panic,
    parse,
    parse_junit,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._own_pods import remove
from ansible_collections.submariner.lifecycle.plugins.module_utils._redact import redact
from ansible_collections.submariner.lifecycle.plugins.module_utils._subctl import (
    CallResult,
    Subctl,
    SubctlFailure,
    private_folder,
)

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

COMMANDS = {"diagnose": ["diagnose", "all"], "show": ["show", "all"], "verify": ["verify"]}
REPORT = "report.xml"
GONE_SECONDS = 15.0
"""How long pods that were asked to go may take."""
E2E = "e2e-framework"


class Guests:
    """What subctl starts on a cluster for its checks: known by its label, and of this call by not having been there."""

    def __init__(self, api: Api, namespaces: bool) -> None:
        self._api = api
        self._namespaces_too = namespaces
        self.unknown = ""
        self._before = set(self._pods()) | set(self._namespaces())

    def _list(self, path: str, selector: str) -> dict[str, str]:
        """What is there, as UID -> namespace and name."""
        answer = self._api.list(path, labelSelector=selector, metadata_only=True)
        self.unknown = self.unknown or ("" if answer.present else answer.reason or "no answer")
        metas = [mapping(item.get("metadata")) for item in answer.items]
        return {text(meta.get("uid")): f"{text(meta.get('namespace'))}/{text(meta.get('name'))}" for meta in metas}

    def _pods(self) -> dict[str, str]:
        return self._list("/api/v1/pods", "submariner.io/transient=true")

    def _namespaces(self) -> dict[str, str]:
        return self._list("/api/v1/namespaces", E2E) if self._namespaces_too else {}

    def _new(self, found: dict[str, str]) -> dict[str, str]:
        return {} if self.unknown else {uid: place for uid, place in found.items() if uid not in self._before}

    def remove(self) -> tuple[list[str], list[str]]:
        """Take away the pods that the call left; returns which went, and what stays."""
        asked = self._new(self._pods())
        for uid, place in asked.items():
            namespace, _slash, name = place.partition("/")
            remove(self._api, namespace, name, uid)
        left = dict(asked)
        end = time.monotonic() + GONE_SECONDS
        while left and not self.unknown and time.monotonic() < end:
            time.sleep(0.3)
            there = self._pods()
            left = left if self.unknown else {uid: place for uid, place in left.items() if uid in there}
        stay = [f"Pod {place}" for place in left.values()]
        stay += [f"Namespace {place.lstrip('/')}" for place in self._new(self._namespaces()).values()]
        return sorted(f"Pod {place}" for uid, place in asked.items() if uid not in left), sorted(stay)


def second_opinion(module: AnsibleModule) -> Json:
    params = module.params
    if params["timeout"] < 1:
        raise ApiFailure(f"timeout is {params['timeout']}; it has to be at least 1.")
    if "verify" in params["opinions"] and not params["to"]:
        raise ApiFailure("verify needs a second cluster.", "Say with to how to reach it.")
    subject = f"cluster {params['cluster_id']}"
    api = connect(module)
    result: Json = {"changed": False, "opinions": [], "calls": [], "removed": [], "unknown": {}}
    snapshot = observe(api, (), keys=("submariners",))
    findings: list[Finding] = []
    result["unknown"].update(snapshot.unanswered)
    if snapshot.unanswered:
        why = f"the API server did not say whether Submariner is installed: {snapshot.unanswered['submariners']}"
        findings.append(not_asked(subject, why))
    elif not snapshot.submariner:
        findings.append(not_asked(subject, "Submariner is not installed; subctl calls that a success, or breaks down"))
    else:
        wanted = [name for name in COMMANDS if name in params["opinions"] and (name == "show" or not module.check_mode)]
        version = text(mapping(snapshot.submariner.get("spec")).get("version"))
        findings += ask(module, api, wanted, version, result)
    result["findings"] = [finding.as_dict() for finding in findings]
    result["disagrees"] = any(f.severity == WARNING and f.id != "opinion.left-behind" for f in findings)
    return result


def ask(module: AnsibleModule, api: Api, wanted: list[str], version: str, result: Json) -> list[Finding]:
    """Ask for each opinion that is wanted; what was said and done goes into C(result)."""
    params = module.params
    subject = f"cluster {params['cluster_id']}"
    subctl = Subctl(params["subctl"], api)
    clusters = [api, *([connect(module, params["to"])] if "verify" in wanted else [])]
    starts_pods = [cluster for cluster in clusters if wanted != ["show"]]
    guests = [Guests(cluster, namespaces="verify" in wanted) for cluster in starts_pods]
    calls: list[Call] = []
    left: list[str] = []
    try:
        for name in wanted:
            call, said = one_call(subctl, name, params, version, clusters)
            calls.append(call)
            result["calls"].append(said)
            result["opinions"] += [opinion.as_dict() for opinion in call.opinions]
    finally:
        for guest, where in zip(guests, ("", " of the other cluster")):
            removed, stay = guest.remove()
            result["removed"] += [name + where for name in removed]
            left += [name + where for name in stay]
            if guest.unknown:
                result["unknown"]["pods of subctl"] = guest.unknown
    findings = judge(calls, params["verdict"], subject)
    return findings + left_behind(subject, left, "delete them, if no other test is running")


def one_call(subctl: Subctl, name: str, params: Json, version: str, clusters: list[Api]) -> tuple[Call, Json]:
    """One command, whatever becomes of it; raises SubctlFailure when it cannot even be started."""
    arguments = [*COMMANDS[name]]
    if name != "show":
        arguments += [f"--image-override={component}={image}" for component, image in params["image_override"].items()]
    trouble = ""
    with private_folder() as folder:
        report = os.path.join(folder, REPORT)
        document = subctl.kubeconfig()
        if name == "verify":
            document = two_contexts(document, Subctl(subctl.path, clusters[1]).kubeconfig())
            one, other = (entry["name"] for entry in document["contexts"])
            only = ",".join(params["verify_only"])
            arguments += [f"--context={one}", f"--tocontext={other}", f"--only={only}", f"--junit-report={report}"]
        try:
            result = subctl.call(arguments, folder, params["timeout"], clusters=document if name == "verify" else None)
        except SubctlFailure as error:
            if error.result is None:
                raise
            result, trouble = error.result, error.msg
        opinions = parse(name, result.stderr)
        if name == "verify":
            try:
                with open(report, encoding="utf-8", errors="replace") as stream:
                    opinions = parse_junit(name, stream.read(), secrets_of(document))
            except (OSError, ValueError) as error:
                trouble = trouble or f"there is no report: {error}"
    call = Call(
        command=" ".join(["subctl", *COMMANDS[name]]),
        opinions=annotate(opinions, version),
        rc=result.rc,
        seconds=result.seconds,
        trouble=show(trouble),
        panic=panic(result.stderr),
    )
    return call, shown(result)


def shown(result: CallResult) -> Json:
    said = result.as_dict()
    for key in ("stdout_lines", "stderr_lines"):
        said[key] = redact("\n".join(said[key])).split("\n")
    return said
