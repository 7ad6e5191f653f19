# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The node image: the stock one where a container registry answers, else built here once and kept in the cache."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from tests.lab import golang, preload, rootfs
from tests.lab.config import DATA, DISK_COLD_GIB, KUBERNETES, Places, digest_of
from tests.lab.engine import Engine
from tests.lab.host import require_disk, require_programs, require_root
from tests.lab.process import run
from tests.lab.state import cache_locked
from tests.lab.steps import say, step

_STOCK_REGISTRY = "https://registry-1.docker.io/v2/"
_ANSWER_LIMIT = 4.0
_TOOLS = ("kind", "kubectl")


@dataclass(frozen=True)
class NodeImage:
    reference: str
    tools: Path
    """Folder with the `kind` and `kubectl` that fit the image."""


def key() -> str:
    sources = [DATA / name for name in ("rootfs.py", "preload.py", "images.py")]
    return digest_of(golang.key(), rootfs.suite(), *sources, *sorted(rootfs.NODE_FILES.iterdir()))


def ensure(places: Places, engine: Engine) -> NodeImage:
    built = f"submariner-lab/node:{key()}"
    tools = golang.finished(places)
    if tools is not None and _has_image(engine, built):
        return NodeImage(built, tools)
    if not _cached(places).exists() and registry_answers(_STOCK_REGISTRY):
        stock = _stock(places, engine)
        if stock is not None:
            return stock
    require_root()  # for a root file system with owners and devices
    require_programs(["mmdebstrap", "containerd", "gcc"])
    with cache_locked(places):
        tools = golang.build(places)
        if not _has_image(engine, built):
            archive = _archive(places, tools)
            with step("node image: hand over to the engine"):
                _import(engine, archive, built)
    return NodeImage(built, tools)


def stock_release() -> str:
    """The release of Kubernetes of the stock image; the one that is built here has its own alone."""
    return os.environ.get("SUBMARINER_LAB_KUBERNETES") or KUBERNETES


def registry_answers(url: str) -> bool:
    """Any answer counts, a refusal too: it comes from a registry."""
    try:
        with urllib.request.urlopen(url, timeout=_ANSWER_LIMIT):  # noqa: S310
            return True
    except urllib.error.HTTPError as error:
        return error.code == 401
    except (OSError, ValueError):
        return False


def _stock(places: Places, engine: Engine) -> NodeImage | None:
    image = f"kindest/node:{stock_release()}"
    with step(f"node image: pull {image}"):
        pulled = engine.docker("pull", "-q", image, check=False, timeout=900)
    if pulled.rc != 0:
        say("node image: the registry answers but does not give the image; building it")
        return None
    tools = places.cache / "tools" / stock_release()
    if not all((tools / name).exists() for name in _TOOLS):
        tools.mkdir(parents=True, exist_ok=True)
        golang.install_kind(places, tools)
        container = engine.docker("create", image).out.strip()
        try:
            engine.docker("cp", f"{container}:/usr/bin/kubectl", str(tools / "kubectl"))
        finally:
            engine.docker("rm", "-f", container, check=False)
    return NodeImage(image, tools)


def _has_image(engine: Engine, reference: str) -> bool:
    return engine.docker("image", "inspect", "--format", "{{.Id}}", reference, check=False).rc == 0


def _cached(places: Places) -> Path:
    return places.cache / "node" / f"{key()}.tar"


def _archive(places: Places, tools: Path) -> Path:
    """The packed root file system, complete and unharmed."""
    archive = _cached(places)
    seal = archive.with_suffix(".json")
    if archive.exists():
        if _sealed(archive, seal):
            return archive
        say(f"node image: {archive} is damaged; building it again")
        archive.unlink()
    require_disk(places, DISK_COLD_GIB)
    work = places.cache / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    root = work / "root"
    with step("node image: root file system"):
        rootfs.make(root, tools, golang.kind_sources(), places.logs / "rootfs.log")
    with step("node image: Kubernetes images"):
        archives = preload.make_archives(root, tools, work / "images")
        preload.fill_store(root, archives, work, places.logs / "preload.log")
    with step("node image: pack"):
        fresh = work / "root.tar"
        run(["tar", "--numeric-owner", "--xattrs", "-C", str(root), "-cf", str(fresh), "."])
        archive.parent.mkdir(parents=True, exist_ok=True)
        for old in archive.parent.iterdir():
            old.unlink()
        seal.write_text(json.dumps({"size": fresh.stat().st_size, "sha256": _sha256(fresh)}))
        os.replace(fresh, archive)
        shutil.rmtree(work)
    return archive


def _sealed(archive: Path, seal: Path) -> bool:
    try:
        wanted = json.loads(seal.read_text())
        return bool(wanted["size"] == archive.stat().st_size and wanted["sha256"] == _sha256(archive))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _sha256(path: Path) -> str:
    total = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            total.update(block)
    return total.hexdigest()


def _import(engine: Engine, archive: Path, reference: str) -> None:
    raw = f"{reference}-raw"
    changes = ("ENV container=docker", 'ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]')
    options = [word for change in changes for word in ("--change", change)]
    engine.docker("import", *options, str(archive), raw, timeout=300)
    # an import of Debian's engine knows no STOPSIGNAL
    run(
        [engine.docker_path, "build", "-q", "-t", reference, "-"],
        env=engine.environment(), stdin=f"FROM {raw}\nSTOPSIGNAL SIGRTMIN+3\n", timeout=120,
    )  # fmt: skip
    engine.docker("rmi", raw, check=False)
