# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the lab remembers between commands, and the lock that lets one command work at a time."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.lab.config import LabError, Places
from tests.lab.steps import say


@dataclass
class Cluster:
    """A cluster is listed only once it is complete."""

    workers: int
    image: str
    rp_filter: str
    baseline: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class State:
    engine: str = ""
    own_engine: bool = False
    subnet: str = ""
    submariner: str = ""
    installed: str = ""
    version: str = ""
    damage: str = ""
    clusters: dict[str, Cluster] = field(default_factory=dict)

    def save(self, places: Places) -> None:
        fresh = places.state.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(self), indent=1))
        os.replace(fresh, places.state)


def load(places: Places) -> State:
    """The remembered state; a torn file counts as none, because everything in it can be found out again."""
    try:
        raw = json.loads(places.state.read_text())
        clusters = {name: Cluster(**cluster) for name, cluster in raw.pop("clusters").items()}
        return State(**raw, clusters=clusters)
    except FileNotFoundError:
        return State()
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        say(f"{places.state} is damaged and not used")
        return State()


@contextmanager
def locked(places: Places) -> Iterator[None]:
    """One command at a time on one lab."""
    with _held(places.home, "SUBMARINER_LAB_HOME"):
        yield


@contextmanager
def cache_locked(places: Places) -> Iterator[None]:
    """One builder at a time on a cache, which several labs may share."""
    with _held(places.cache, "SUBMARINER_LAB_CACHE"):
        yield


@contextmanager
def _held(folder: Path, variable: str) -> Iterator[None]:
    """The lock belongs to the open file: it is free as soon as its holder ends, however it ends."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = (folder / "lock").open("a+")
    except OSError as error:
        raise LabError(f"{folder} cannot be written: {error.strerror}; set {variable}") from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            say(f"waiting for another lab command (process {handle.read().strip() or 'unknown'})")
            fcntl.flock(handle, fcntl.LOCK_EX)
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        yield
