# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One folder of files to be shown to others: bounded, with safe names, and nothing secret comes in.

Private to this collection, may change at any time.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import typing as t
from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json
from ansible_collections.submariner.lifecycle.plugins.module_utils._redact import hide, redact, redact_object

INDEX = "gather.json"
SCHEMA = 1
"""Raised when a field of the index changes its meaning or goes."""

LONGEST_NAME = 180
"""Characters of a file's name: well below what file systems and archives take."""

OBJECT, LOG, NODE, SUBCTL, FINDINGS = "object", "log", "node", "subctl", "findings"
"""What a file is."""

FULL = "the limit for all files is reached"

_UNFIT = re.compile(r"[^A-Za-z0-9._-]")
# Left for the index, whatever else there is.
_RESERVE = 64 * 1024


class BundleTrouble(Exception):
    """The folder cannot be used; the text is the cause."""


@dataclass(frozen=True)
class File:
    """One file: its name or path in the bundle, what it is, its size, and how many bytes of what there was are not in it."""

    name: str
    what: str
    bytes: int
    cut: int = 0

    def as_dict(self) -> Json:
        return {"name": self.name, "what": self.what, "bytes": self.bytes, "cut": self.cut}


def safe_name(name: str) -> str:
    """`name` as the name of a file: no path, nothing hidden, not too long. Two names never become one by being cut."""
    plain = _UNFIT.sub("_", name)
    plain = re.sub(r"^\.+", lambda dots: "_" * len(dots.group(0)), plain) or "_"
    if len(plain) <= LONGEST_NAME:
        return plain
    stem, dot, ending = plain.rpartition(".")
    ending = dot + ending if dot and len(ending) <= 8 else ""
    digest = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:12]
    return (stem if ending else plain)[: LONGEST_NAME - len(ending) - 13] + "-" + digest + ending


class Bundle:
    """Writes into C(folder), which it makes. With C(dry) it only notes what would be written.

    C(secrets) are hidden in all that comes, beside whatever looks like one.
    """

    def __init__(self, folder: str, most: int, dry: bool = False) -> None:
        self.folder = folder
        self.secrets: Sequence[str] = ()
        self.files: list[File] = []
        self.unknown: dict[str, str] = {}
        """What could not be had, and why."""
        self.truncated: dict[str, str] = {}
        """What is not there in full, and why."""
        self._most, self._dry = most, dry
        self._left = max(0, most - _RESERVE)
        self._taken: set[str] = set()
        if not dry:
            self._make()

    def _make(self) -> None:
        try:
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
            if os.path.islink(self.folder) or os.listdir(self.folder):
                raise BundleTrouble(f"{self.folder} is not an empty folder: name another one.")
            os.chmod(self.folder, 0o700)
        except OSError as error:
            raise BundleTrouble(f"{self.folder} cannot be used: {error.strerror or error}.") from error

    def miss(self, what: str, why: str) -> None:
        """Note what is not there."""
        self.unknown[self.clean(what)] = " ".join(self.clean(why).split())[:400] or "no answer"

    def clean(self, words: str) -> str:
        return redact(words, self.secrets)

    def expect(self, what: str, name: str) -> None:
        """What would be written, where nothing is read for it."""
        self.files.append(File(self._free_name(name), what, 0))

    def subfolder(self, name: str, inside: str = "") -> str:
        """The path of a folder for files, which is made with the first of them; C(inside) is that of another one."""
        return self._free_name(name, inside)

    def text(self, what: str, name: str, words: str, most: int = 0, keep_end: bool = True, inside: str = "") -> str:
        """Write a text, of one longer than C(most) bytes the end, or else the beginning; returns its file's name.

        C(inside) is a path that C(subfolder) gave.
        """
        # Before it is cut: what is left of a secret might not look like one.
        data = self.clean(words).encode("utf-8", "replace")
        room = min(most or self._left, self._left)
        kept = data if len(data) <= room else _part(data, room, keep_end)
        file = File(self._free_name(name, inside), what, len(kept), len(data) - len(kept))
        if file.cut:
            why = FULL if room == self._left else f"it is longer than {most} bytes"
            self.truncated[file.name] = f"{file.cut} of {len(data)} bytes are left out: {why}"
        if kept or not data:
            self._add(file, kept)
        return file.name

    def object(self, name: str, obj: Json) -> None:
        """Write one object of Kubernetes as YAML."""
        self._whole(OBJECT, name, as_yaml(redact_object(obj, self.secrets)))

    def document(self, name: str, content: t.Any) -> None:
        """Write something of ours as JSON."""
        self._whole(FINDINGS, name, as_json(redact_object(content, self.secrets)))

    def _whole(self, what: str, name: str, words: str) -> None:
        """Write what is of no use in part, and has been looked at field by field."""
        data = hide(words, self.secrets).encode("utf-8", "replace")
        file = File(self._free_name(name), what, len(data))
        if len(data) <= self._left:
            self._add(file, data)
        else:
            self.truncated[file.name] = f"it is left out: {FULL}"

    def _add(self, file: File, data: bytes) -> None:
        self._write(file.name, data)
        self.files.append(file)
        self._left -= len(data)

    def index(self, head: Json) -> Json:
        """Write the table of contents, last of all, and return it."""
        content = {
            "schema": SCHEMA,
            **redact_object(head, self.secrets),
            "files": [file.as_dict() for file in sorted(self.files, key=lambda file: file.name)],
            "unknown": dict(sorted(self.unknown.items())),
            "truncated": dict(sorted(self.truncated.items())),
        }
        self._write(INDEX, as_json(content).encode())
        return content

    def _free_name(self, name: str, inside: str = "") -> str:
        """A safe name, below C(inside), that nothing else has, nor would have where case does not count."""
        wanted = safe_name(self.clean(name))
        number, free = 1, os.path.join(inside, wanted)
        while free.lower() in self._taken or free == INDEX:
            number += 1
            stem, dot, ending = wanted.rpartition(".")
            free = os.path.join(inside, f"{stem}-{number}{dot}{ending}" if dot else f"{wanted}-{number}")
        self._taken.add(free.lower())
        return free

    def _write(self, name: str, data: bytes) -> None:
        if self._dry:
            return
        path = os.path.join(self.folder, name)
        try:
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
        except OSError as error:
            raise BundleTrouble(f"{path} cannot be written: {error.strerror or error}.") from error


def _part(data: bytes, room: int, end: bool) -> bytes:
    """Whole lines, where there are any."""
    if room <= 0:
        return b""
    part = data[-room:] if end else data[:room]
    if end:
        _cut, newline, rest = part.partition(b"\n")
        return rest if newline and rest else part
    rest, newline, _cut = part.rpartition(b"\n")
    return rest + newline if newline and rest else part


def as_json(content: t.Any) -> str:
    return json.dumps(content, indent=2, sort_keys=True, default=str) + "\n"


def as_yaml(content: t.Any) -> str:
    import yaml

    dumper: t.Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return str(
        yaml.dump(content, Dumper=dumper, default_flow_style=False, sort_keys=False, width=10**6, allow_unicode=True)
    )
