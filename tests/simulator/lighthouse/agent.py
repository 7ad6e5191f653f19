# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated lighthouse agent: exported Services go to the broker, those of all clusters come from there.

Driven by events, as the real one: what somebody else deletes on the broker stays away until the agent starts again.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable

from tests.simulator import component, crds, names
from tests.simulator.component import Fatal
from tests.simulator.kube import ApiError, Handler, Kube, Object, full_name
from tests.simulator.lighthouse import outwards, records
from tests.simulator.lighthouse.inwards import Inwards
from tests.simulator.lighthouse.site import Seen, Sides, Site
from tests.simulator.lighthouse.store import Store
from tests.simulator.workqueue import WorkQueue

Key = tuple[str, str]  # what is to be done, with the object of which name

log = logging.getLogger("agent")


class Agent:
    """Turns what is seen on both sides into work, and does it one after the other."""

    def __init__(self, local: Kube, broker: Kube, site: Site) -> None:
        self.site = site
        handlers: dict[str, Handler] = {
            "exports": self._export_changed,
            "services": self._export_changed,
            "slices": self._slice_changed,
            "imports": self._nothing,
            "namespaces": self._namespace_changed,
            "addresses": self._export_changed,
            "broker_slices": self._broker_slice_changed,
            "broker_imports": self._broker_import_changed,
        }
        self.seen = Seen.of(local, broker, site, handlers)
        sides = Sides(Store(local), Store(broker))
        self.outwards = outwards.Outwards(site, sides, self.seen)
        self.inwards = Inwards(sides.here)
        self.actions: dict[str, Callable[[Object], Awaitable[None]]] = {
            "own slice changed": self.outwards.slice_changed,
            "own slice gone": self.outwards.slice_gone,
            "slice changed": self.inwards.slice_changed,
            "slice gone": self.inwards.slice_gone,
            "import changed": self.inwards.import_changed,
            "import gone": self.inwards.import_gone,
        }
        self.queue: WorkQueue[Key] = WorkQueue(self._work)
        self.items: dict[Key, Object] = {}  # the newest state of what waits in the queue

    async def run(self) -> None:
        await asyncio.gather(self._start(), *(follower.run() for follower in self.seen.followers))

    async def _start(self) -> None:
        for follower in self.seen.followers:
            await follower.listed.wait()
        self._reconcile()
        log.info("Agent controller started")
        await self.queue.run()

    def _reconcile(self) -> None:
        """What has no original any more goes: copies here, and our own slices on the broker."""
        originals = {item["metadata"]["name"] for item in self.seen.slices.known.values() if self.site.is_own(item)}
        for name, item in self.seen.broker_slices.known.items():
            if records.source(item) == self.site.cluster_id and name not in originals:
                self._add("own slice", True, item)
        for item in self.seen.slices.known.values():
            if self.site.is_copy(item) and item["metadata"]["name"] not in self.seen.broker_slices.known:
                self._add("slice", True, item)
        for item in self.seen.imports.known.values():
            name, namespace = item["metadata"]["name"], item["metadata"]["namespace"]
            original = records.aggregated_name(name, namespace)
            if namespace == self.site.namespace:
                self.queue.add(("export", "/".join(records.service_of(item))))
            elif namespace != self.site.broker_namespace and original not in self.seen.broker_imports.known:
                self._add("import", True, records.as_aggregated(item))

    async def _nothing(self, _kind: str, _item: Object) -> None:
        """Only the state is of interest."""

    async def _export_changed(self, _kind: str, item: Object) -> None:
        """A ServiceExport, or a Service or global address of the same name."""
        if item["kind"] == crds.SERVICE_EXPORTS.kind or full_name(item) in self.seen.exports.known:
            self.queue.add(("export", full_name(item)))

    async def _slice_changed(self, kind: str, item: Object) -> None:
        service = records.labels_of(item).get(records.KUBERNETES_SERVICE_LABEL)
        exported = f"{item['metadata']['namespace']}/{service}"
        if exported in self.seen.exports.known:
            self.queue.add(("export", exported))
        elif self.site.is_own(item):
            self._add("own slice", kind == "DELETED", item)

    async def _broker_slice_changed(self, kind: str, item: Object) -> None:
        if records.is_ours(item) and records.source(item) != self.site.cluster_id:
            self._add("slice", kind == "DELETED", item)

    async def _broker_import_changed(self, kind: str, item: Object) -> None:
        if records.SERVICE_LABEL in records.annotations_of(item):
            self._add("import", kind == "DELETED", item)

    async def _namespace_changed(self, kind: str, item: Object) -> None:
        """What could not be brought here for want of its namespace can be now."""
        if kind != "ADDED":
            return
        for follower, tell in (
            (self.seen.broker_slices, self._broker_slice_changed),
            (self.seen.broker_imports, self._broker_import_changed),
        ):
            for known in follower.known.values():
                marks = records.labels_of(known) | records.annotations_of(known)
                if marks.get(records.SOURCE_NAMESPACE_LABEL) == item["metadata"]["name"]:
                    await tell("ADDED", known)

    def _add(self, what: str, gone: bool, item: Object) -> None:
        """A newer state replaces the one that still waits."""
        name = full_name(item)
        self.items.pop((f"{what} {'changed' if gone else 'gone'}", name), None)
        key = (f"{what} {'gone' if gone else 'changed'}", name)
        self.items[key] = item
        self.queue.add(key)

    async def _work(self, key: Key) -> None:
        what, name = key
        if what == "export":
            await self.outwards.export(*name.split("/"))
            return
        item = self.items.get(key)
        if item is not None:
            await self.actions[what](item)
            if self.items.get(key) is item:
                del self.items[key]


async def main() -> None:
    local, site = Kube.in_cluster(), Site.from_environment()
    broker = Kube.broker_from_environment()
    if os.environ.get(names.UNINSTALL_ENV) == "true":
        try:
            await outwards.uninstall(Sides(Store(local), Store(broker)), site)
        except ApiError as error:
            raise Fatal(str(error)) from error
        return
    log.info("agent started for cluster %s", site.cluster_id)
    await Agent(local, broker, site).run()


if __name__ == "__main__":
    component.banner(names.LIGHTHOUSE_AGENT)
    component.run(main())
