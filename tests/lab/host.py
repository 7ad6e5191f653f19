# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the machine must offer: root, disk, a free subnet, Debian packages. Each lack is one line."""

from __future__ import annotations

import ipaddress
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.lab.config import LabError, Places
from tests.lab.process import run
from tests.lab.steps import step

# A program and the Debian packages that bring it.
PACKAGES = {
    "dockerd": ("docker.io",),
    "containerd": ("containerd",),
    "runc": ("runc",),
    "mmdebstrap": ("mmdebstrap",),
    "gcc": ("gcc", "libc6-dev"),
    "skopeo": ("skopeo",),
    "docker-registry": ("docker-registry",),
    "ip": ("iproute2",),
}
_SERVICES = ("docker.service", "docker.socket", "containerd.service", "docker-registry.service")
_SUBNETS = tuple(f"172.30.{third}.0/24" for third in range(80, 100))
_INOTIFY_OF_A_NODE = 24
_POLICY = Path("/usr/sbin/policy-rc.d")
_POLICY_MARK = "# submariner lab: no service starts while its packages are installed"


def require_root() -> None:
    if os.geteuid() != 0:
        raise LabError("the lab needs root where no Docker engine runs; run it with sudo")


def require_disk(places: Places, gib: int) -> None:
    folder = places.home
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 2**30
    if free < gib:
        raise LabError(
            f"{folder} has {free:.1f} GiB free, the lab needs {gib} GiB; make room or set SUBMARINER_LAB_HOME"
        )


def program(name: str) -> str:
    """Path of a program, also where a root shell's PATH lacks the sbin folders."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin")
    if path is None:
        raise LabError(f"{name} is not installed and no package of it is known")
    return path


def require_programs(names: Sequence[str]) -> None:
    """Install what is missing, and leave no service of those packages running or enabled."""
    missing = [name for name in names if not _present(name)]
    if not missing:
        return
    packages = sorted({package for name in missing for package in PACKAGES[name]})
    if shutil.which("apt-get") is None:
        raise LabError(f"{', '.join(missing)} missing, and there is no apt-get: install them by hand")
    if os.geteuid() != 0:
        raise LabError(f"{', '.join(packages)} must be installed: do it, or run the lab with sudo")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with step(f"packages: {', '.join(packages)}"), _no_services():
        run(["apt-get", "update", "-q"], env=environment, timeout=300)
        run(["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages], env=environment, timeout=900)
        if shutil.which("systemctl"):
            run(["systemctl", "disable", "-q", *_SERVICES], check=False, timeout=60)
    still = [name for name in missing if not _present(name)]
    if still:
        raise LabError(f"{', '.join(still)} missing after the installation of {', '.join(packages)}")


def _present(name: str) -> bool:
    try:
        program(name)
    except LabError:
        return False
    return True


@contextmanager
def _no_services() -> Iterator[None]:
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text(f"#!/bin/sh\n{_POLICY_MARK}\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        forget_service_policy()


def forget_service_policy() -> None:
    """Also the repair after an installation that was killed."""
    if _POLICY.is_file() and _POLICY_MARK in _POLICY.read_text(errors="replace"):
        _POLICY.unlink()


def choose_subnet(wanted: str | None, bridge: str) -> str:
    """The wanted subnet, or the first free one of a few."""
    taken = _networks_in_use(bridge)
    if wanted is None:
        for candidate in _SUBNETS:
            if not _overlaps(candidate, taken):
                return candidate
        raise LabError(f"no free subnet among {_SUBNETS[0]} to {_SUBNETS[-1]}; name one with --subnet")
    try:
        network = ipaddress.IPv4Network(wanted)
    except ValueError as error:
        raise LabError(f"--subnet {wanted}: {error}") from error
    if not 16 <= network.prefixlen <= 26:
        raise LabError(f"--subnet {wanted}: a prefix length from 16 to 26 is needed")
    by = _overlaps(wanted, taken)
    if by:
        raise LabError(f"--subnet {wanted} is taken on this machine by {by}; name another one, or none")
    return wanted


def _networks_in_use(bridge: str) -> list[tuple[str, str]]:
    routes = json.loads(run(["ip", "-j", "-4", "route", "show", "table", "all"]).out or "[]")
    used = []
    for route in routes:
        destination, device = str(route.get("dst", "default")), str(route.get("dev", "?"))
        if destination != "default" and device not in (bridge, "lo"):
            used.append((destination, device))
    return used


def _overlaps(subnet: str, taken: Sequence[tuple[str, str]]) -> str:
    network = ipaddress.IPv4Network(subnet)
    for destination, device in taken:
        try:
            other = ipaddress.IPv4Network(destination, strict=False)
        except ValueError:
            continue
        if network.overlaps(other):
            return f"{destination} ({device})"
    return ""


def inotify_shortage(proc: Path = Path("/proc")) -> str:
    """Why a node's systemd ended at once, if it is that: there is one kernel limit for all containers of root."""
    limit = int((proc / "sys/fs/inotify/max_user_instances").read_text())
    used = 0
    for descriptor in proc.glob("[0-9]*/fd/*"):
        try:
            used += os.readlink(descriptor) == "anon_inode:inotify"
        except OSError:
            continue  # that process has ended meanwhile
    if limit - used >= _INOTIFY_OF_A_NODE:
        return ""
    return (
        f"{used} of {limit} inotify instances are in use and a node needs {_INOTIFY_OF_A_NODE}: "
        "end other containers or raise fs.inotify.max_user_instances"
    )


def has_capability(number: int) -> bool:
    """Whether the bounding set holds it: containers cannot get what we cannot give."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapBnd:"):
            return bool(int(line.split()[1], 16) >> number & 1)
    return False
