# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters kept in view: LIST, then watch, a thread for each kind. Private to this collection, may change at any time.

A watch begins at the resource version of its list, so nothing between the two is missed. One that the server ends, that
breaks or that has lasted for RELIST seconds is followed by a new list; where watching is refused, lists alone are made.
"""

from __future__ import annotations

import threading
import time
import typing as t
from dataclasses import dataclass, replace

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Answer, Api, Watch, WatchBroken
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json, Reading, Snapshot, mapping, text
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import READS, Read, reading, together
from ansible_collections.submariner.lifecycle.plugins.module_utils._wait import PAUSE

RELIST = 20.0
"""Seconds after which a watch is ended and everything listed again: a proxy may stall it without a word."""

GAP = 0.4
"""Least seconds between two looks, however much news there is."""

ENDING = 3.0
"""Seconds that threads get to end; then they are left to end by themselves."""

HEARTBEATS = frozenset(
    ("resourceVersion", "written", "renewTime", "update-timestamp", "latencyRTT", "lastHeartbeatTime")
)
"""Fields that change although nothing happens."""


def essence(value: t.Any) -> t.Any:
    """An object without its heartbeats, at any depth."""
    if isinstance(value, dict):
        return {k: essence(v) for k, v in value.items() if k not in HEARTBEATS}
    return [essence(v) for v in value] if isinstance(value, list) else value


@dataclass(frozen=True)
class Pace:
    """Seconds between two lists of one kind. By default all is asked for soon, as is right for a wait, which has an end."""

    absent: float = PAUSE
    """While the kind is not served, so that it cannot be watched."""
    refused: float = PAUSE
    """While watching it is not allowed."""
    unanswered: float = PAUSE
    """The most while there is no answer; the pause doubles from one attempt to the next."""
    relist: float | None = None
    """The longest that a watch is trusted; RELIST without it."""


DEFAULT_PACE = Pace()


class Feed:
    """One kind of one cluster, kept up to date by a thread. C(news) guards what others read of it."""

    def __init__(self, api: Api, read: Read, path: str, news: News, pace: Pace) -> None:
        self.key = read.key
        self._pace, self._failures = pace, 0
        self.reading = Reading("unknown", reason="not answered yet")
        self.clock: float | None = None
        self.listed = -1.0
        """When the last LIST that was answered had been asked for (monotonic)."""
        self._api, self._read, self._news = api, read, news
        self._path, self._query = path, {"labelSelector": read.selector} if read.selector else {}
        if read.one:  # as a list of one, since only lists are watched
            self._path, _slash, name = path.rpartition("/")
            self._query, self._read = {"fieldSelector": f"metadata.name={name}"}, replace(read, one=False)
        self._objects: dict[tuple[str, str], Json] = {}
        self._version = ""
        self._refused = False
        self._watch: Watch | None = None
        self._following = False
        self._list_now, self._ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"watch {self.key}", daemon=True)
        self._thread.start()

    def follow(self) -> None:
        """Watch what happens after the LIST that was made."""
        with self._news.lock:
            self._following = True
            self._news.lock.notify_all()

    def list_now(self) -> None:
        """Make a new LIST, whatever goes on, and wait to be told to follow it."""
        with self._news.lock:
            self._following = False
            self._list_now.set()
            self._news.lock.notify_all()
        watch = self._watch
        if watch is not None:
            watch.close()

    def ask_again(self, api: Api | None = None) -> None:
        """Make a new LIST, through another client if one is given, and follow it."""
        self._api = api or self._api
        self.list_now()
        self.follow()

    def end(self) -> None:
        self._ended.set()
        self.list_now()

    def join(self, seconds: float) -> None:
        self._thread.join(max(0.0, seconds))

    # -- in the thread ------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._ended.is_set():
            self._list_now.clear()
            asked = time.monotonic()
            try:
                self._list(asked)
                self._news.wait_until(lambda: self._following or self._list_now.is_set())
                if self._version and not self._refused and not self._list_now.is_set():
                    self._follow(asked + (RELIST if self._pace.relist is None else self._pace.relist))
            except Exception as error:  # noqa: BLE001 (a thread that ends unseen would leave an old answer standing)
                with self._news.lock:
                    self._take(Reading("unknown", reason=f"could not be read: {type(error).__name__}"), asked)
            self._list_now.wait(max(0.0, asked + self._pause() - time.monotonic()))

    def _pause(self) -> float:
        if self.reading.state == "unknown":
            self._failures += 1
            return min(self._pace.unanswered, PAUSE * 2.0 ** min(self._failures, 16))
        self._failures = 0
        if self.reading.state == "absent":
            return self._pace.absent
        return self._pace.refused if self._refused else PAUSE

    def _list(self, asked: float) -> None:
        answer = self._api.list(self._path, self._read.metadata_only, **self._query)
        found = reading(answer, self._read)
        with self._news.lock:
            self._version = answer.resource_version if answer.present else ""
            self.clock = self.clock if answer.date is None else answer.date
            self._take(found, asked)

    def _take(self, found: Reading, asked: float) -> None:
        old, objects = self.reading, {_place(o): o for o in found.objects}
        changed = self.listed >= 0 and (old.state != found.state or essence(objects) != essence(self._objects))
        self.reading, self._objects, self.listed = found, objects, asked
        self._news.tell(changed)

    def _follow(self, end: float) -> None:
        try:
            left = max(1.0, end - time.monotonic())
            watch = self._api.watch(self._path, self._version, left, self._read.metadata_only, **self._query)
            self._watch = watch
            if self._list_now.is_set():  # asked for while the watch was being opened
                watch.close()
            for event in watch:
                self._apply(event)
                if time.monotonic() >= end:
                    break
        except WatchBroken as broken:
            self._refused = broken.refused
        finally:
            self._watch = None

    def _apply(self, event: Json) -> None:
        obj = event.get("object")
        if event.get("type") not in ("ADDED", "MODIFIED", "DELETED") or not isinstance(obj, dict):
            return
        obj, place = reading(Answer("present", {"items": [obj]}), self._read).objects[0], _place(obj)
        with self._news.lock:
            old = self._objects.pop(place, None) if event["type"] == "DELETED" else self._objects.get(place)
            if event["type"] != "DELETED":
                self._objects[place] = obj
            self.reading = Reading(self.reading.state, list(self._objects.values()))
            self._news.tell(event["type"] == "DELETED" or essence(old) != essence(obj))


def _place(obj: Json) -> tuple[str, str]:
    meta = mapping(obj.get("metadata"))
    return text(meta.get("namespace")), text(meta.get("name"))


class News:
    """Wakes those who wait: for any answer, or for one that is different."""

    def __init__(self) -> None:
        self.lock = threading.Condition()
        self.different = False

    def tell(self, different: bool) -> None:
        """With the lock held."""
        self.different = self.different or different
        self.lock.notify_all()

    def wait_until(self, true: t.Callable[[], bool], seconds: float | None = None) -> None:
        with self.lock:
            self.lock.wait_for(true, seconds)


class View:
    """One cluster as its feeds have it."""

    def __init__(
        self,
        api: Api,
        asked: t.Iterable[tuple[Read, str]],
        operator_namespace: str,
        news: News,
        pace: Pace,
    ) -> None:
        self._news, self._server, self._namespace = news, api.server, operator_namespace
        self.feeds = [Feed(api, read, path, news, pace) for read, path in asked]

    def snapshot(self, since: float = 0.0) -> Snapshot:
        """What is known; every kind comes from a LIST that was asked for after C(since), or from what followed it.

        With C(since) below 0 nothing is waited for.
        """
        self._news.wait_until(lambda: all(f.listed >= since for f in self.feeds))
        with self._news.lock:
            found: dict[str, list[Reading]] = {}
            for feed in self.feeds:
                found.setdefault(feed.key, []).append(feed.reading)
            return Snapshot(
                {key: together(parts) for key, parts in found.items()},
                self._server,
                max((f.clock for f in self.feeds if f.clock is not None), default=None),
                self._namespace,
                clocks={f.key: f.clock for f in self.feeds if f.clock is not None},
            )

    def ask_again(self, api: Api | None = None) -> None:
        """Make a new LIST of everything, through another client if one is given: one with newer credentials."""
        for feed in self.feeds:
            feed.ask_again(api)

    def asked_since(self, since: float) -> bool:
        """Whether every kind was asked for after C(since), and answered or given up."""
        with self._news.lock:
            return all(f.listed >= since for f in self.feeds)

    def listed(self, key: str) -> tuple[float, float | None]:
        """When the last LIST of a kind was asked for (monotonic), and the API server's clock then."""
        with self._news.lock:
            return next((f.listed, f.clock) for f in self.feeds if f.key == key)


class Watching:
    """Several clusters in view at once; a context manager, whose threads end with it."""

    def __init__(self) -> None:
        self._news = News()
        self._views: list[View] = []
        self._looked = 0.0

    def __enter__(self) -> Watching:
        return self

    def __exit__(self, *_exception: object) -> None:
        for feed in self._feeds:
            feed.end()
        end = time.monotonic() + ENDING
        for feed in self._feeds:
            feed.join(end - time.monotonic())

    @property
    def _feeds(self) -> list[Feed]:
        return [feed for view in self._views for feed in view.feeds]

    def cluster(self, api: Api, keys: t.Collection[str], operator_namespace: str, pace: Pace = DEFAULT_PACE) -> View:
        """Begin to read the kinds C(keys) of one cluster: rows of the table in _observe that are plain LISTs."""
        rows = {read.key: read for read in reversed(READS) if read.key in keys}
        asked = [(r, r.path.format(operator=operator_namespace)) for r in rows.values()]
        return self.reads(api, asked, operator_namespace, pace)

    def reads(
        self, api: Api, asked: t.Iterable[tuple[Read, str]], operator_namespace: str, pace: Pace = DEFAULT_PACE
    ) -> View:
        """Begin to read C(asked) of one cluster: rows of the table in _observe, each with its path."""
        self._views.append(View(api, asked, operator_namespace, self._news, pace))
        return self._views[-1]

    def list_now(self) -> float:
        """Ask for a new LIST of everything; the moment that View.snapshot takes to wait for it."""
        now = time.monotonic()
        for feed in self._feeds:
            feed.list_now()
        return now

    def rest(self, seconds: float) -> bool:
        """Return when something is different, but GAP seconds after the last time at least; or after C(seconds).

        Says whether something is.
        """
        for feed in self._feeds:
            feed.follow()
        self._news.wait_until(lambda: self._news.different, seconds)
        time.sleep(max(0.0, self._looked + GAP - time.monotonic()))
        with self._news.lock:
            different, self._news.different = self._news.different, False
        self._looked = time.monotonic()
        return different
