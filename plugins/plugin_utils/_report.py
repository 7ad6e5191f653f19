# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the files in a run's folder to the report beside them. Private, may change at any time."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import time
import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json, mapping, text
from ansible_collections.submariner.lifecycle.plugins.plugin_utils import _journal
from ansible_collections.submariner.lifecycle.plugins.plugin_utils._report_junit import junit_of
from ansible_collections.submariner.lifecycle.plugins.plugin_utils._report_page import page_of
from ansible_collections.submariner.lifecycle.plugins.plugin_utils._report_view import view_of

DOCUMENTS = {"result": "result.json", "preflight": "preflight.json"}
PAGE, JUNIT = "report.html", "junit.xml"
SCHEMA = 1
"""Of both documents."""


class Unreadable(Exception):
    """A file in the folder is not what it should be; the message names it and the way out."""


def begin(folder: str, verb: str, check: bool) -> Json:
    """Start a journal; documents of earlier runs count no more, since they have another run's ID."""
    now = time.time()
    head = {
        "run": secrets.token_hex(4),
        "verb": verb,
        "began": _in_words(now),
        "epoch": round(now, 3),
        "check": check,
    }
    return {**head, "path": _journal.begin(folder, head)}


def recorded(folder: str, record: str, started: str, continued: bool) -> Json:
    """Tie the journal to the run's record, and go on with that of the run if it was interrupted."""
    return {"earlier": _journal.recorded(folder, record, started, continued)}


def joined(folder: str, record: str) -> Json:
    """The journal of the run that has this record, to go on with it; empty when it is not in the folder."""
    found = _journal.joined(folder, record)
    return {key: found[key] for key in ("run", "verb", "began", "epoch", "check", "path") if key in found}


def ended(folder: str, run: str) -> bool:
    """Mark in its journal that the run came to its end; whether that journal is in the folder."""
    return _journal.ended(folder, run, _in_words(time.time()))


def _in_words(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def write(folder: str, dry: bool = False) -> Json:
    """Make the report of what is in the folder, and put it there unless it is a C(dry) run."""
    head, steps = _journal.read(os.path.join(folder, _journal.NAME))
    name, document = _newest(folder, text(head.get("run")))
    if not document and not head:
        raise Unreadable(
            f"{folder} has no {_journal.NAME}, result.json or preflight.json of this collection. "
            "Run a playbook with submariner_report_dir set to it, and then make the report."
        )
    view = view_of(document, name, head, steps)
    files = {PAGE: page_of(view).encode(errors="replace"), JUNIT: junit_of(view)}
    changed = [name for name, content in files.items() if _put(os.path.join(folder, name), content, dry)]
    return {
        "changed": bool(changed),
        "verdict": view.verdict,
        "report": os.path.join(folder, PAGE),
        "junit": os.path.join(folder, JUNIT),
    }


def write_once(folder: str) -> None:
    """Make the report unless another process has done so since the last step; for steps that fail at the same time."""
    journal, page = os.path.join(folder, _journal.NAME), os.path.join(folder, PAGE)
    with open(journal, encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError):
            if os.stat(page).st_mtime_ns > os.stat(journal).st_mtime_ns:
                return
        write(folder)


def _newest(folder: str, run: str) -> tuple[str, Json]:
    """The document that was written last, of this run if there is a journal that says which one this is."""
    found: list[tuple[int, str, Json]] = []
    for name, file in DOCUMENTS.items():
        path = os.path.join(folder, file)
        try:
            with open(path, encoding="utf-8") as source:
                document = mapping(json.load(source))
                age = os.fstat(source.fileno()).st_mtime_ns
        except FileNotFoundError:
            continue
        except (ValueError, RecursionError) as error:
            raise Unreadable(f"{path} is no JSON ({error}). Remove it, and run the playbook again.") from error
        if document.get("schema") != SCHEMA:
            raise Unreadable(
                f"{path} is not of this collection, or of another version. Remove it, and run the playbook again."
            )
        if not run or mapping(document.get("run")).get("id") == run:
            found.append((age, name, document))
    return max(found, key=lambda one: one[0], default=(0, "", t.cast(Json, {})))[1:]


def _put(path: str, content: bytes, dry: bool) -> bool:
    """Write a file whole or not at all; whether it was another one before."""
    with contextlib.suppress(FileNotFoundError), open(path, "rb") as there:
        if there.read() == content:
            return False
    if not dry:
        beside = f"{path}.{os.getpid()}"
        with open(beside, "wb") as out:
            out.write(content)
        os.chmod(beside, 0o644)
        os.replace(beside, path)
    return True
