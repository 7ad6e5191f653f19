# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where Submariner comes from (simulated, released, a folder), and its way into a lab."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tarfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from tests.lab.clusters import Clusters
from tests.lab.config import REPOSITORY, SUBMARINER_RELEASE, LabError, Places, digest_of
from tests.lab.host import require_programs
from tests.lab.nodeimage import registry_answers
from tests.lab.process import parallel, run
from tests.lab.registry import Image, Registry, images_in, missing_of
from tests.lab.state import cache_locked
from tests.lab.steps import say, step

SIMULATED, RELEASE = "simulated", "release"
_COMPONENTS = (
    "submariner-operator", "submariner-gateway", "submariner-route-agent", "submariner-globalnet",
    "lighthouse-agent", "lighthouse-coredns", "nettest",
)  # fmt: skip
# Builds of the simulation that are kept in any case, and seconds for which a lab that runs may still use an older one.
_KEPT, _IN_USE = 3, 86400.0
_QUAY = "https://quay.io/v2/"
_DOWNLOAD = "https://github.com/submariner-io/releases/releases/download/v{v}/subctl-v{v}-linux-amd64.tar.xz"


@dataclass(frozen=True)
class Source:
    choice: str
    subctl: Path
    images: tuple[Image, ...]
    """Images of archives; for a release they are copied from its registry instead."""
    release: str = ""

    @property
    def key(self) -> str:
        names = [f"{image.reference} {image.digest}" for image in self.images]
        return digest_of(self.choice, self.release, *names, hashlib.sha256(self.subctl.read_bytes()).digest())


def prepare(places: Places, choice: str) -> Source:
    """`simulated`, `simulated:VERSION`, `release`, `release:VERSION` or a folder."""
    if choice == SIMULATED or choice.startswith(f"{SIMULATED}:"):
        return _folder(choice, _simulated(places, choice.partition(":")[2]))
    if choice == RELEASE or choice.startswith(f"{RELEASE}:"):
        return _release(places, choice)
    folder = Path(choice).expanduser().absolute()
    if not folder.is_dir():
        raise LabError(f"--submariner {choice}: neither simulated[:VERSION], release[:VERSION] nor a folder")
    return _folder(str(folder), folder)


def _folder(choice: str, folder: Path) -> Source:
    subctl = folder / "subctl"
    if not os.access(subctl, os.X_OK) or not subctl.is_file():
        raise LabError(f"{folder} holds no executable subctl")
    images = images_in(folder)
    if not images:
        raise LabError(f"{folder} holds no OCI archive (*.tar)")
    return Source(choice, subctl, tuple(images))


def _simulated(places: Places, version: str = "") -> Path:
    """Built from the repository's own sources, once for each state of them and each version it is to call itself."""
    sources = REPOSITORY / "tests" / "simulator"
    files = sorted(p for p in sources.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    if not files:
        raise LabError(f"{sources} is missing: a complete checkout is needed for --submariner simulated")
    names = [str(path.relative_to(sources)) for path in files]
    folder = places.cache / SIMULATED / digest_of(*names, *files, *([version] if version else []))
    with cache_locked(places):
        if (folder / "subctl").exists():
            os.utime(folder)
            return folder
        fresh = folder.with_name("new")
        for waste in (fresh, folder):
            shutil.rmtree(waste, ignore_errors=True)
        fresh.parent.mkdir(parents=True, exist_ok=True)
        require_programs(["mmdebstrap"])
        with step("submariner: build the simulation"):
            command = [sys.executable, "-m", "tests.simulator.image", "build", str(fresh)]
            command += ["--version", version] if version else []
            run(command, cwd=REPOSITORY, log=places.logs / "simulator.log")
        fresh.rename(folder)
        for old in sorted(folder.parent.iterdir(), key=lambda path: path.stat().st_mtime)[:-_KEPT]:
            if time.time() - old.stat().st_mtime > _IN_USE:
                shutil.rmtree(old)
    return folder


def _release(places: Places, choice: str) -> Source:
    version = choice.partition(":")[2] or SUBMARINER_RELEASE
    subctl = places.cache / "release" / version / "subctl"
    if not subctl.exists():
        url = _DOWNLOAD.format(v=version)
        subctl.parent.mkdir(parents=True, exist_ok=True)
        archive = subctl.with_name("subctl.tar.xz")
        with step(f"submariner: download subctl {version}"):
            try:
                with urllib.request.urlopen(url, timeout=10) as answer, archive.open("wb") as file:  # noqa: S310
                    shutil.copyfileobj(answer, file)
            except (OSError, ValueError) as error:
                raise LabError(
                    f"--submariner {choice}: {url} does not answer ({error}); "
                    "use --submariner simulated, or a folder with subctl and OCI archives"
                ) from error
            _unpack_subctl(archive, subctl)
    return Source(RELEASE, subctl, (), version)


def _unpack_subctl(archive: Path, target: Path) -> None:
    try:
        with tarfile.open(archive) as tar:
            member = next(m for m in tar.getmembers() if m.isfile() and Path(m.name).name.startswith("subctl"))
            content = tar.extractfile(member)
            if content is None:
                raise KeyError(member.name)
            fresh = target.with_suffix(".new")
            fresh.write_bytes(content.read())
    except (tarfile.TarError, StopIteration, KeyError, OSError) as error:
        raise LabError(f"the downloaded archive of subctl cannot be read: {error!r}") from error
    fresh.chmod(0o755)
    fresh.rename(target)
    archive.unlink()


def install(clusters: Clusters, registry: Registry, source: Source, names: list[str]) -> None:
    """Images into the registry and onto the nodes, subctl into the lab's `bin`."""
    _install_subctl(clusters.places, source)
    hosts = sorted({image.host for image in source.images} | {"quay.io"})
    registry.mirrors(hosts)
    if source.release:
        _mirror_release(registry, source.release)
        references = [f"quay.io/submariner/{component}:{source.release}" for component in _COMPONENTS]
    else:
        _push(registry, list(source.images))
        references = sorted(image.reference for image in source.images)
    with step(f"submariner: {len(references)} images onto the nodes"):
        try:
            _pull(clusters, references, names)
        except LabError as error:
            if source.release:
                raise
            say(f"submariner: {error}; filling the registry anew")
            registry.clear()
            registry.push(list(source.images))
            _pull(clusters, references, names)


def _push(registry: Registry, images: list[Image]) -> None:
    missing = missing_of(registry, images)
    if missing:
        with step(f"submariner: {len(missing)} images into the registry"):
            registry.push(missing)


def _mirror_release(registry: Registry, version: str) -> None:
    if not registry_answers(_QUAY):
        raise LabError(f"--submariner release: {_QUAY} does not answer; use --submariner simulated or a folder")
    with step(f"submariner: images of {version} into the registry"):
        for component in _COMPONENTS:
            registry.copy(f"docker://quay.io/submariner/{component}:{version}", f"submariner/{component}", version)


def _pull(clusters: Clusters, references: list[str], names: list[str]) -> None:
    nodes = [node.name for node in clusters.nodes() if node.cluster in names]
    script = 'set -e; for image; do crictl pull "$image" > /dev/null; done'
    parallel(lambda node: clusters.in_node(node, "sh", "-c", script, "sh", *references, timeout=600), nodes)


def _install_subctl(places: Places, source: Source) -> None:
    """A Python program runs with the lab's own Python, which has the libraries that it needs."""
    target = places.bin / "subctl"
    places.bin.mkdir(parents=True, exist_ok=True)
    with source.subctl.open("rb") as file:
        first = file.readline(200)
    fresh = target.with_name("subctl.new")
    fresh.unlink(missing_ok=True)
    if first.startswith(b"#!") and b"python" in first:
        fresh.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{source.subctl}" "$@"\n')
    else:
        shutil.copyfile(source.subctl, fresh)
    fresh.chmod(0o755)
    os.replace(fresh, target)
