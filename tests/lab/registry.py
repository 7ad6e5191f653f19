# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A registry on the lab's network that the nodes use as mirror, so that images come from archives."""

from __future__ import annotations

import json
import os
import shutil
import tarfile
import tempfile
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab.config import REGISTRY_PORT, LabError, Places
from tests.lab.engine import MARK
from tests.lab.host import program, require_programs
from tests.lab.images import references
from tests.lab.process import background, end, last_line, parallel, run, running, wait_until
from tests.lab.steps import step

_MANIFESTS = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"
# Nobody answers for these addresses but this machine: a proxy of the environment must not be asked.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Image:
    """One named image of an OCI archive."""

    reference: str
    digest: str
    archive: Path

    @property
    def host(self) -> str:
        return self.reference.split("/", 1)[0]

    @property
    def repository(self) -> str:
        return self.reference.split("/", 1)[1].rsplit(":", 1)[0]

    @property
    def tag(self) -> str:
        return self.reference.rsplit(":", 1)[1]


def images_in(folder: Path) -> list[Image]:
    found = []
    for archive in sorted(folder.glob("*.tar")):
        try:
            with tarfile.open(archive) as tar:
                member = tar.extractfile("index.json")
                index: dict[str, Any] = json.load(member) if member else {}
        except (OSError, KeyError, ValueError, tarfile.TarError) as error:
            raise LabError(f"{archive} is no OCI archive: {error}") from error
        for name, manifest in zip(references(index), index.get("manifests", []), strict=True):
            if "/" not in name or ":" not in name.rsplit("/", 1)[1] or "." not in name.split("/", 1)[0]:
                raise LabError(f"{archive}: an image without its full name (host/repository:tag) in its annotations")
            found.append(Image(name, str(manifest["digest"]), archive))
    return found


class Registry:
    def __init__(self, places: Places, gateway: str) -> None:
        self.places = places
        self.address = f"{gateway}:{REGISTRY_PORT}"
        self.storage = storage_of(places)

    @property
    def _pidfile(self) -> Path:
        return self.places.run / "registry.pid"

    @property
    def _configuration(self) -> Path:
        return self.places.home / "registry.json"

    def answers(self) -> bool:
        try:
            with _direct.open(f"http://{self.address}/v2/", timeout=2):
                return running(self._pidfile, str(self._configuration)) is not None
        except OSError:
            return False

    def ensure(self) -> None:
        require_programs(["docker-registry", "skopeo"])
        if self.answers():
            return
        stop(self.places)
        with step("registry: start"):
            self._configuration.write_text(
                json.dumps(
                    {
                        "version": "0.1",
                        "log": {"level": "warn", "accesslog": {"disabled": True}},
                        "storage": {"filesystem": {"rootdirectory": str(self.storage)}},
                        "http": {"addr": self.address},
                    }
                )
            )
            self.storage.mkdir(parents=True, exist_ok=True)
            self.places.run.mkdir(parents=True, exist_ok=True)
            log = self.places.logs / "registry.log"
            command = [program("docker-registry"), "serve", str(self._configuration)]
            pid = background(command, env={**os.environ, MARK: self.places.instance}, log=log)
            self._pidfile.write_text(str(pid))
            if not wait_until(self.answers, 15):
                raise LabError(
                    f"the registry does not start: {last_line(log.read_text(errors='replace'))} (log: {log})"
                )

    def has(self, image: Image) -> bool:
        url = f"http://{self.address}/v2/{image.repository}/manifests/{image.tag}"
        request = urllib.request.Request(url, method="HEAD", headers={"Accept": _MANIFESTS})
        try:
            with _direct.open(request, timeout=5) as answer:
                return bool(answer.headers.get("Docker-Content-Digest") == image.digest)
        except urllib.error.HTTPError:
            return False
        except OSError as error:
            raise LabError(f"the registry at {self.address} does not answer: {error}") from error

    def push(self, images: list[Image]) -> None:
        by_archive: dict[Path, list[Image]] = {}
        for image in images:
            by_archive.setdefault(image.archive, []).append(image)
        for archive, members in by_archive.items():
            with tempfile.TemporaryDirectory(dir=self.places.home, prefix="push-") as folder:
                self._push_archive(archive, members, Path(folder))

    def _push_archive(self, archive: Path, images: list[Image], folder: Path) -> None:
        run(["tar", "-C", str(folder), "-xf", str(archive)])
        index = json.loads((folder / "index.json").read_text())
        names = references(index)
        for image in images:
            # skopeo wants the choice made: an index with that one manifest
            manifest = index["manifests"][names.index(image.reference)]
            (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [manifest]}))
            self.copy(f"oci:{folder}", image.repository, image.tag)

    def copy(self, source: str, repository: str, tag: str) -> None:
        """`--preserve-digests` keeps layers as they are: what the archive names is what the nodes see."""
        target = f"docker://{self.address}/{repository}:{tag}"
        command = [program("skopeo"), "--insecure-policy", "copy", "--quiet", "--preserve-digests"]
        run([*command, "--dest-tls-verify=false", source, target], timeout=900)

    def clear(self) -> None:
        stop(self.places)
        shutil.rmtree(self.storage, ignore_errors=True)
        self.ensure()

    def mirrors(self, hosts: list[str]) -> None:
        """Files that containerd in the nodes reads at every pull."""
        for host in hosts:
            folder = self.places.nodes / "certs.d" / host
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "hosts.toml").write_text(
                f'server = "https://{host}"\n\n[host."http://{self.address}"]\ncapabilities = ["pull", "resolve"]\n'
            )


def storage_of(places: Places) -> Path:
    """Labs that share a cache may have different builds of the simulation under the same names."""
    return places.cache / "registry" / places.instance


def missing_of(registry: Registry, images: list[Image]) -> list[Image]:
    return [image for image, there in zip(images, parallel(registry.has, images), strict=True) if not there]


def stop(places: Places) -> None:
    pid = running(places.run / "registry.pid", str(places.home / "registry.json"))
    if pid is not None:
        end([pid], grace=5)
    (places.run / "registry.pid").unlink(missing_ok=True)


def forget(places: Places) -> None:
    """In somebody else's cache nothing stays that only this lab needs."""
    if not places.cache.is_relative_to(places.home):
        shutil.rmtree(storage_of(places), ignore_errors=True)
