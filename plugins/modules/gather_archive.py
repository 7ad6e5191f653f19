#!/usr/bin/python
# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gather_archive
short_description: Pack what was gathered of several clusters into one archive
version_added: 0.1.0
author: submariner.lifecycle contributors (@submariner-lifecycle)
description:
  - Packs a folder with one folder for each cluster, as M(submariner.lifecycle.gather) writes them, into a C(tar.gz) that only its
    owner can read. The same files make the same archive.
  - In it stands one folder of the archive's name, with a C(gather.json) for all clusters, and O(documents) as further files.
options:
  src:
    description: Folder that holds the folders of the clusters.
    type: path
    required: true
  dest:
    description: The archive, a path that ends in C(.tar.gz). Its folder is made; the file must not be there yet.
    type: path
    required: true
  documents:
    description: Further files, as JSON, by name. What looks like a secret is hidden in them.
    type: dict
    default: {}
extends_documentation_fragment:
  - submariner.lifecycle._attributes
attributes:
  check_mode:
    description: Says which archive there would be.
    support: full
  diff_mode:
    support: none
  idempotent:
    description: An archive that is there is never replaced.
    support: none
seealso:
  - module: submariner.lifecycle.gather
"""

EXAMPLES = r"""
- name: One archive of all clusters
  submariner.lifecycle.gather_archive:
    src: /tmp/bundle
    dest: /tmp/submariner-20260101120000.tar.gz
"""

RETURN = r"""
archive:
  description: The archive.
  returned: success
  type: str
  sample: /tmp/submariner-20260101120000.tar.gz
bytes:
  description: Its size; 0 in check mode.
  returned: success
  type: int
  sample: 181244
clusters:
  description:
    - By cluster, whether it was C(reached), its C(verdict), the number of C(files), what is C(unknown), and what C(truncated).
  returned: success
  type: dict
"""

import gzip
import io
import json
import os
import stat
import tarfile
import tempfile
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.submariner.lifecycle.plugins.module_utils._bundle import (
    INDEX,
    SCHEMA,
    BundleTrouble,
    as_json,
    safe_name,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json, mapping, sequence
from ansible_collections.submariner.lifecycle.plugins.module_utils._redact import redact_object

ENDING = ".tar.gz"


def clusters_in(folder: str) -> dict[str, Json]:
    """The tables of contents of the clusters, by the names of their folders."""
    found: dict[str, Json] = {}
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name, INDEX)
        if os.path.isfile(path) and not os.path.islink(os.path.join(folder, name)):
            with open(path, encoding="utf-8") as stream:
                found[name] = mapping(json.load(stream))
    return found


def overview(indexes: dict[str, Json]) -> Json:
    return {
        "schema": SCHEMA,
        "clusters": {
            name: {
                "reached": index.get("reached") is True,
                "verdict": index.get("verdict"),
                "files": len(sequence(index.get("files"))),
                "unknown": mapping(index.get("unknown")),
                "truncated": mapping(index.get("truncated")),
            }
            for name, index in indexes.items()
        },
    }


def pack(src: str, dest: str, top: str, documents: dict[str, str]) -> int:
    """Write the archive beside its place, then put it there; returns its size."""
    os.makedirs(os.path.dirname(dest), mode=0o700, exist_ok=True)
    if os.path.lexists(dest):
        raise BundleTrouble(f"{dest} is there already: name another one.")
    handle, draft = tempfile.mkstemp(prefix=".submariner-", dir=os.path.dirname(dest))  # 0600
    try:
        with os.fdopen(handle, "wb") as stream:
            _write(stream, src, top, documents)
        os.replace(draft, dest)
    except BaseException:
        os.unlink(draft)
        raise
    return os.stat(dest).st_size


def _write(stream: t.BinaryIO, src: str, top: str, documents: dict[str, str]) -> None:
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=stream, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name, words in sorted(documents.items()):
            _add(archive, f"{top}/{name}", words.encode())
        for name, path in _files(src):
            with open(path, "rb") as content:
                _add(archive, f"{top}/{name}", content.read())


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(data), 0o600
    archive.addfile(entry, io.BytesIO(data))


def _files(src: str) -> t.Iterator[tuple[str, str]]:
    """Plain files in the folders of the clusters, as names in the archive and paths."""
    for place, folders, names in os.walk(src):  # follows no link
        folders.sort()
        above = [] if place == src else os.path.relpath(place, src).split(os.sep)
        for name in sorted(names) if above else ():
            path = os.path.join(place, name)
            if stat.S_ISREG(os.lstat(path).st_mode):
                yield "/".join(map(safe_name, [*above, name])), path


def run(module: AnsibleModule) -> Json:
    src, dest = module.params["src"], os.path.abspath(module.params["dest"])
    if not dest.endswith(ENDING) or os.path.basename(dest) == ENDING:
        raise BundleTrouble(f"dest is {dest}; its name has to end in {ENDING}.")
    if module.check_mode:
        return {"changed": True, "archive": dest, "bytes": 0, "clusters": {}}
    if not os.path.isdir(src):
        raise BundleTrouble(f"src is {src}, which is no folder: gather into it first.")
    whole = overview(clusters_in(src))
    documents = {safe_name(name): as_json(redact_object(body)) for name, body in module.params["documents"].items()}
    documents[INDEX] = as_json(whole)
    top = os.path.basename(dest)[: -len(ENDING)]
    return {
        "changed": True,
        "archive": dest,
        "bytes": pack(src, dest, safe_name(top), documents),
        "clusters": whole["clusters"],
    }


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "src": {"type": "path", "required": True},
            "dest": {"type": "path", "required": True},
            "documents": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    try:
        result = run(module)
    except BundleTrouble as error:
        module.fail_json(msg=str(error))
    except (OSError, ValueError) as error:
        module.fail_json(msg=f"{module.params['src']} cannot be packed into {module.params['dest']}: {error}.")
    else:
        module.exit_json(**result)


if __name__ == "__main__":
    main()
