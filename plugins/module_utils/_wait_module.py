# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules that wait for one member have in common, as the doc fragment _wait. Private, may change at any time."""

from __future__ import annotations

import abc
import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import (
    ApiFailure,
    auth_spec,
    broker_spec,
    connect,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._checks.endpoints import Members
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Finding, Json, Snapshot, verdict
from ansible_collections.submariner.lifecycle.plugins.module_utils._module import Judge
from ansible_collections.submariner.lifecycle.plugins.module_utils._stability import Changes, Event
from ansible_collections.submariner.lifecycle.plugins.module_utils._wait import PAUSE, Look, hold_still
from ansible_collections.submariner.lifecycle.plugins.module_utils._watching import View, Watching

Listed = t.Callable[[str], tuple[float, t.Optional[float]]]
"""When a kind of the member was last listed: by our monotonic clock, and by the API server's."""

SLOWEST = 15.0
"""Seconds that an API server may take for one answer."""


class Wait(abc.ABC):
    """One member, read together with its broker until all is right and keeps still. A module says what is right."""

    member_keys: t.ClassVar[tuple[str, ...]]
    broker_keys: t.ClassVar[tuple[str, ...]] = ("endpoints", "clusters")
    timeout: t.ClassVar[int]
    window: t.ClassVar[int]
    failed: t.ClassVar[str]
    """What is said of the cluster before the findings."""
    options: t.ClassVar[Json] = {}

    def __init__(self, module: AnsibleModule) -> None:
        params = module.params
        self.cluster_id: str = params["cluster_id"]
        self.namespace: str = params["broker_namespace"]
        self.operator_namespace: str = params["operator_namespace"]
        self.members = Members(
            frozenset(params["joined"]), frozenset(params["inventory"]) | frozenset(params["joined"])
        )
        self.member, self.broker = Snapshot(), Snapshot()
        self.pending = False
        """Whether something is wrong of which no watch would tell that it is right."""
        self.apis = connect(module, timeout=SLOWEST), connect(module, params["broker"], timeout=SLOWEST)
        self._limits = params["timeout"], params["window"]
        self._changes = Changes(self.operator_namespace), Changes(self.namespace)
        self._looked = False
        self._epoch: float | None = None
        """The API server's clock when the wait began."""

    @abc.abstractmethod
    def judge(self, fresh: bool, listed: Listed) -> list[Finding]:
        """Findings in C(self.member) and C(self.broker), C(fresh) if they come from new LISTs."""

    @abc.abstractmethod
    def result(self) -> Json:
        """What the module returns beside findings, of the last reading."""

    def run(self) -> tuple[Json, str]:
        """Wait; the result, and what to say if it is not what was waited for."""
        with Watching() as watching:
            views = (
                watching.cluster(self.apis[0], self.member_keys, self.operator_namespace),
                watching.cluster(self.apis[1], self.broker_keys, self.operator_namespace),
            )
            held = hold_still(
                lambda fresh, at: self._look(watching, views, fresh, at),
                *self._limits,
                lambda seconds: watching.rest(min(PAUSE, seconds) if self.pending else seconds),
            )
        stability = held.stability
        held.findings += stability.findings(self.cluster_id, held.ok, bool(Look(held.findings).wrong), held.seconds)
        result = {
            "changed": False,
            "findings": [f.as_dict() for f in held.findings],
            "verdict": verdict(held.findings),
            "stability": stability.verdict(held.ok),
            "events": [{**e.as_dict(), "time": self._time(e)} for e in stability.events],
            "seconds": round(held.seconds, 1),
            "readings": held.readings,
            **self.result(),
        }
        return result, "" if held.ok else f"{self.failed.format(self.cluster_id)}: {held.words()}."

    def _look(self, watching: Watching, views: tuple[View, View], fresh: bool, at: float) -> Look:
        since = watching.list_now() if fresh and self._looked else 0.0  # what the first look sees has just been listed
        self._looked = True
        self.member, self.broker = (view.snapshot(since) for view in views)
        if self._epoch is None and self.member.clock is not None:
            self._epoch = self.member.clock - at
        both = zip(self._changes, (self.member, self.broker))
        events = [event for changes, snapshot in both for event in changes.since_last(snapshot, at)]
        return Look(self.judge(fresh, views[0].listed), events, fresh)

    def _time(self, event: Event) -> str:
        """When it was seen, by the API server's clock; empty when that is not known."""
        if self._epoch is None:
            return ""
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._epoch + event.at))


def main(kind: type[Wait]) -> None:
    """The main() of such a module."""
    spec: Json = auth_spec()
    spec.update(
        cluster_id={"type": "str", "required": True},
        joined={"type": "list", "elements": "str", "required": True},
        inventory={"type": "list", "elements": "str", "default": []},
        broker=dict(broker_spec(), required=True),
        broker_namespace={"type": "str", "default": "submariner-k8s-broker"},
        operator_namespace={"type": "str", "default": "submariner-operator"},
        timeout={"type": "int", "default": kind.timeout},
        window={"type": "int", "default": kind.window},
        **kind.options,
    )
    module = Judge(argument_spec=spec, supports_check_mode=True)
    try:
        result, failure = kind(module).run()
    except ApiFailure as error:
        module.fail_json(msg=str(error))
    else:
        if failure:
            module.fail_json(msg=failure, **result)
        module.exit_json(**result)
