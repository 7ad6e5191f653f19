# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Container images made by hand: one layer from a folder, as an OCI archive."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Sequence
from pathlib import Path

_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_LAYER = "application/vnd.oci.image.layer.v1.tar"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _described(media_type: str, content: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": _digest(content), "size": len(content)}


def _anonymous(info: tarfile.TarInfo) -> tarfile.TarInfo:
    """The same files give the same digest, whoever packs them and when."""
    info.uid = info.gid = info.mtime = 0
    info.uname = info.gname = ""
    return info


def write_archive(archive: Path, reference: str, root: Path, entrypoint: Sequence[str]) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.add(root, arcname=".", filter=_anonymous)
    layer = packed.getvalue()
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Entrypoint": list(entrypoint), "Env": [_PATH]},
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
        }
    ).encode()
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": _described(_CONFIG, config),
            "layers": [_described(_LAYER, layer)],
        }
    ).encode()
    names = {"io.containerd.image.name": reference, "org.opencontainers.image.ref.name": reference.rsplit(":", 1)[1]}
    index = json.dumps({"schemaVersion": 2, "manifests": [{**_described(_MANIFEST, manifest), "annotations": names}]})
    with tarfile.open(archive, "w") as tar:
        _add(tar, "oci-layout", b'{"imageLayoutVersion": "1.0.0"}')
        _add(tar, "index.json", index.encode())
        for content in (layer, config, manifest):
            _add(tar, f"blobs/sha256/{_digest(content)[7:]}", content)


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


def layers_of(archives: Iterable[Path]) -> set[str]:
    """Digests of all layers in these archives."""
    found: set[str] = set()
    for archive in archives:
        with tarfile.open(archive) as tar:
            for manifest in _json(tar, "index.json")["manifests"]:
                blob = _json(tar, f"blobs/sha256/{manifest['digest'][7:]}")
                found.update(str(layer["digest"]) for layer in blob["layers"])
    return found


def references(index: dict[str, list[dict[str, dict[str, str]]]]) -> list[str]:
    """Full names of an index's manifests; '' for one that names none."""
    names = []
    for manifest in index.get("manifests", []):
        annotations = manifest.get("annotations") or {}
        full = annotations.get("io.containerd.image.name", "")
        tag = annotations.get("org.opencontainers.image.ref.name", "")
        names.append(full or (tag if "/" in tag else ""))
    return names


def _json(tar: tarfile.TarFile, name: str) -> dict[str, list[dict[str, str]]]:
    member = tar.extractfile(name)
    if member is None:
        return {}
    content: dict[str, list[dict[str, str]]] = json.load(member)
    return content
