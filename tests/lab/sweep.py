# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a lab has on the machine outside its own folder: to prove that nothing is left, and to clear what is."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tests.lab.config import Places
from tests.lab.engine import MARK
from tests.lab.process import end, run

_CGROUPS = Path("/sys/fs/cgroup")


def processes(places: Places) -> list[int]:
    """By cgroup (whatever runs in containers) and by the mark that our daemons hand down."""
    found: set[int] = set()
    for folder in _cgroups(places):
        for listing in folder.rglob("cgroup.procs"):
            found.update(int(pid) for pid in _lines(listing))
    mark = f"{MARK}={places.instance}".encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.add(int(entry.name))
            except OSError:
                continue
    return sorted(found)


def mounts(places: Places) -> list[str]:
    """Mount points below the lab's folders, the deepest first."""
    roots = tuple(f"{path}/" for path in (places.home, places.cache, places.run))
    points = (line.split()[4].replace("\\040", " ") for line in _lines(Path("/proc/self/mountinfo")))
    return sorted((point for point in points if point.startswith(roots)), key=len, reverse=True)


def links(places: Places) -> list[str]:
    return [places.bridge] if Path(f"/sys/class/net/{places.bridge}").exists() else []


def leftovers(places: Places) -> list[str]:
    """Everything that `down` must not leave, in words."""
    return [
        *(f"process {pid}" for pid in processes(places)),
        *(f"mount {point}" for point in mounts(places)),
        *(f"network link {link}" for link in links(places)),
        *(f"cgroup {folder}" for folder in _cgroups(places)),
        *([f"folder {places.run}"] if places.run.exists() else []),
    ]


def clear(places: Places) -> None:
    end(processes(places), grace=2)
    for point in mounts(places):
        run(["umount", "-l", point], check=False)
    for link in links(places):
        run(["ip", "link", "delete", link], check=False)
    for folder in _cgroups(places):
        for child in sorted((p for p in folder.rglob("*") if p.is_dir()), key=lambda p: len(p.parts), reverse=True):
            _remove(child)
        _remove(folder)
    shutil.rmtree(places.run, ignore_errors=True)


def _cgroups(places: Places) -> list[Path]:
    """Version 1 has one tree for each controller, version 2 one in all."""
    candidates = [_CGROUPS / places.name, *(tree / places.name for tree in _CGROUPS.iterdir() if tree.is_dir())]
    return [folder for folder in candidates if folder.is_dir()]


def _remove(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
