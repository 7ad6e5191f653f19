# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OCI archives: what is written can be found again, and what cannot be used is named."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.lab.config import LabError
from tests.lab.images import layers_of, references, write_archive
from tests.lab.registry import images_in


def _content(folder: Path) -> Path:
    (folder / "usr/local/bin").mkdir(parents=True)
    (folder / "usr/local/bin/program").write_text("#!/bin/sh\n")
    return folder


def test_an_archive_names_its_image_and_is_the_same_each_time(tmp_path: Path) -> None:
    root = _content(tmp_path / "root")
    write_archive(tmp_path / "one.tar", "quay.io/submariner/nettest:0.19.0", root, ["/usr/local/bin/program"])
    (tmp_path / "again").mkdir()
    again = tmp_path / "again" / "two.tar"
    write_archive(again, "quay.io/submariner/nettest:0.19.0", _content(tmp_path / "other"), ["/usr/local/bin/program"])
    image = images_in(tmp_path)[0]
    assert (image.host, image.repository, image.tag) == ("quay.io", "submariner/nettest", "0.19.0")
    assert image.digest == images_in(again.parent)[0].digest
    assert len(layers_of([image.archive, again])) == 1


def _archive(path: Path, index: object) -> None:
    content = json.dumps(index).encode()
    with tarfile.open(path, "w") as tar:
        info = tarfile.TarInfo("index.json")
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))


def test_an_archive_may_hold_several_names_in_either_annotation(tmp_path: Path) -> None:
    manifests: list[dict[str, Any]] = [
        {"digest": "sha256:1", "annotations": {"org.opencontainers.image.ref.name": "quay.io/submariner/a:1"}},
        {"digest": "sha256:1", "annotations": {"io.containerd.image.name": "localhost:5000/x/b:2"}},
    ]
    _archive(tmp_path / "many.tar", {"manifests": manifests[:1]})
    assert [image.reference for image in images_in(tmp_path)] == ["quay.io/submariner/a:1"]
    assert references({"manifests": manifests}) == ["quay.io/submariner/a:1", "localhost:5000/x/b:2"]


@pytest.mark.parametrize(
    "annotations",
    [None, {}, {"org.opencontainers.image.ref.name": "0.19.0"}, {"io.containerd.image.name": "submariner/nettest"}],
)
def test_an_image_without_its_full_name_is_refused(tmp_path: Path, annotations: dict[str, str] | None) -> None:
    _archive(tmp_path / "odd.tar", {"manifests": [{"digest": "sha256:1", "annotations": annotations}]})
    with pytest.raises(LabError, match=r"odd\.tar: an image without its full name"):
        images_in(tmp_path)


def test_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.tar").write_text("no archive")
    with pytest.raises(LabError, match=r"text\.tar is no OCI archive"):
        images_in(tmp_path)
