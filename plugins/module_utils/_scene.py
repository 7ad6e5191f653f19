# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One cluster, read in full and then watched, so that waiting costs no requests. Private, may change at any time."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api
from ansible_collections.submariner.lifecycle.plugins.module_utils._inside import look_into
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Reading, Snapshot
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import Read, asked, observe
from ansible_collections.submariner.lifecycle.plugins.module_utils._strangers import inside
from ansible_collections.submariner.lifecycle.plugins.module_utils._watching import RELIST, Pace, View, Watching

HOLD = 5.0
"""Seconds for which what was found in a namespace is taken for true: it is not watched, so many are the kinds."""


class Scene:
    """The C(sections) of a cluster; a context manager, whose watches begin with the first rest and end with it.

    C(dns_map) is what an earlier reading told of it (see _observe).
    """

    def __init__(
        self, api: Api, sections: t.Sequence[str], operator_namespace: str, dns_map: tuple[str, str] = ("", "")
    ) -> None:
        self._api, self._sections, self._namespace, self._dns_map = api, sections, operator_namespace, dns_map
        self._brokers: list[str] = []
        """Namespaces of brokers, also once the Broker CR is gone."""
        self._asked: list[tuple[Read, str]] = []
        self._open: tuple[Watching, View] | None = None
        self._inside: dict[str, tuple[float, Reading]] = {}
        """What namespaces hold, by the key of the reading, and since when it is known (monotonic)."""

    def __enter__(self) -> Scene:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._open:
            self._open[0].__exit__(*exception)
        self._open = None

    def read(self) -> Snapshot:
        """A new reading of everything."""
        snapshot = observe(self._api, self._sections, self._namespace, dns_map=self._dns_map, brokers=self._brokers)
        self._brokers = snapshot.broker_namespaces
        paths = asked(snapshot, self._sections)
        if paths != self._asked:  # a broker's namespace came or went
            self.__exit__()
            self._asked = paths
        return snapshot

    def look_into(self, snapshot: Snapshot, namespaces: t.Sequence[str]) -> None:
        """Add to a reading all that stands in these namespaces; readings of the next HOLD seconds have it, too."""
        look_into(self._api, snapshot, namespaces)
        now = time.monotonic()
        self._inside.update((key, (now, snapshot.readings[key])) for key in map(inside, namespaces))

    def rest(self, seconds: float) -> Snapshot:
        """What there is when something is different, or after C(seconds), as the watches have it."""
        watching, view = self._open = self._open or self._begin()
        watching.rest(seconds)
        seen = view.snapshot()
        seen.dns_map_before = self._dns_map
        seen.brokers_before = tuple(self._brokers)
        now = time.monotonic()
        seen.readings.update((key, held) for key, (when, held) in self._inside.items() if now - when < HOLD)
        return seen

    def _begin(self) -> tuple[Watching, View]:
        watching = Watching()
        # A kind that is not served comes back with nothing that is to be removed, and is seen by the last reading.
        return watching, watching.reads(self._api, self._asked, self._namespace, Pace(absent=RELIST))
