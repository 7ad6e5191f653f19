# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OCI runtime for an engine whose machine lacks CAP_SYS_RESOURCE.

A privileged container asks for every capability, and runc refuses when one cannot be had. This runtime takes the
missing one out of the request and becomes runc. It runs alone, as a copy outside the repository.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import Any

MISSING = "CAP_SYS_RESOURCE"


def without(document: dict[str, Any], keys: Sequence[str]) -> None:
    """Take the missing capability out of the sets that stand at that place of the document."""
    sets = document
    for key in keys:
        sets = sets.get(key) or {}
    for name, names in sets.items():
        sets[name] = [capability for capability in names or [] if capability != MISSING]


def value_of(arguments: Sequence[str], *flags: str) -> str | None:
    for position, argument in enumerate(arguments):
        for flag in flags:
            if argument == flag and position + 1 < len(arguments):
                return arguments[position + 1]
            if argument.startswith(flag + "="):
                return argument[len(flag) + 1 :]
    return None


def rewrite(path: str, keys: Sequence[str]) -> None:
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    without(document, keys)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file)


def main(arguments: Sequence[str]) -> None:
    command = next((argument for argument in arguments if argument in ("create", "run", "exec")), None)
    if command in ("create", "run"):
        bundle = value_of(arguments, "--bundle", "-b") or "."
        rewrite(os.path.join(bundle, "config.json"), ("process", "capabilities"))
    elif command == "exec":
        process = value_of(arguments, "--process", "-p")
        if process:
            rewrite(process, ("capabilities",))
    runc = os.environ.get("LAB_RUNC") or "/usr/sbin/runc"
    os.execv(runc, [runc, *arguments])  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
