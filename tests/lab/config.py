# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Versions, names and places of the lab. Nothing here touches the machine."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

KIND = "v0.33.0"
KUBERNETES = "v1.36.3"
ETCD_TAG = "3.6.8-0"
COREDNS = "v1.14.2"
CRICTL = "v1.36.0"
PAUSE_TAG = "3.10"
SUBMARINER_RELEASE = "0.24.1"

GO_MINIMUM = (1, 26, 8)
# A cold build needs room for the Go caches and two copies of the node image, a warm start for the nodes only.
DISK_COLD_GIB = 12
DISK_WARM_GIB = 3

COMPASS = (
    "east", "west", "north", "south", "northeast", "northwest", "southeast", "southwest",
    "eastnortheast", "eastsoutheast", "westnorthwest", "westsouthwest",
    "northnortheast", "northnorthwest", "southsoutheast", "southsouthwest",
)  # fmt: skip

REPOSITORY = Path(__file__).resolve().parents[2]
DATA = Path(__file__).resolve().parent
REGISTRY_PORT = 5000


class LabError(Exception):
    """Something the user has to know or decide, in one line."""


@dataclass(frozen=True)
class Places:
    """Where one lab keeps its things. Two labs on one machine differ in everything that hangs on `instance`."""

    home: Path
    cache: Path

    @property
    def instance(self) -> str:
        return hashlib.sha256(str(self.home).encode()).hexdigest()[:6]

    @property
    def name(self) -> str:
        """Name of the Docker network, the cgroup and, shortened, the bridge."""
        return f"submariner-lab-{self.instance}"

    @property
    def bridge(self) -> str:
        return f"sublab-{self.instance}"

    @property
    def run(self) -> Path:
        """Sockets and process ids; short, because a socket's path has 108 bytes at most, and gone after a reboot."""
        base = "/run" if os.geteuid() == 0 else os.environ.get("XDG_RUNTIME_DIR") or "/tmp"
        return Path(base) / self.name

    @property
    def engine(self) -> Path:
        return self.home / "engine"

    @property
    def bin(self) -> Path:
        return self.home / "bin"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def nodes(self) -> Path:
        """Files that are mounted into every node."""
        return self.home / "nodes"

    @property
    def state(self) -> Path:
        return self.home / "state.json"

    @property
    def kubeconfig(self) -> Path:
        return self.home / "kubeconfig"

    def kubeconfig_of(self, cluster: str) -> Path:
        return self.home / f"kubeconfig.{cluster}"


def places() -> Places:
    home = Path(os.environ.get("SUBMARINER_LAB_HOME") or Path.home() / ".cache" / "submariner-lifecycle").expanduser()
    cache = os.environ.get("SUBMARINER_LAB_CACHE")
    home = home.absolute()
    return Places(home=home, cache=Path(cache).expanduser().absolute() if cache else home / "cache")


def pod_subnet(index: int) -> str:
    return f"10.{130 + 2 * index}.0.0/16"


def service_subnet(index: int) -> str:
    return f"10.{131 + 2 * index}.0.0/16"


def digest_of(*parts: str | bytes | Path) -> str:
    """Key of a cache entry: the contents of files and plain values that it was made from."""
    total = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part.read_bytes() if isinstance(part, Path) else part
        total.update(len(content).to_bytes(8, "big") + content)
    return total.hexdigest()[:12]
