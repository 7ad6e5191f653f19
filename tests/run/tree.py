# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A copy of the checkout where ansible-test and antsibull-docs want it: `ansible_collections/submariner/lifecycle`.

The copy has what git knows or would take, without the link that leads a plain clone back to its own root (a link to a
folder is an error for ansible-test), and the collections that ours depends on beside it.
"""

from __future__ import annotations

import importlib.util
import pathlib
import shutil
import subprocess

from tests.run.paths import ROOT

DEPENDENCIES = ("ansible.posix", "community.general", "kubernetes.core")


def installed(collection: str) -> pathlib.Path:
    """The folder of a collection that the `ansible` package carries."""
    spec = importlib.util.find_spec("ansible_collections")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        folder = pathlib.Path(place, *collection.split("."))
        if (folder / "MANIFEST.json").is_file():
            return folder
    raise FileNotFoundError(f"the collection {collection} is not in the Python package ansible")


def files() -> list[str]:
    """Every file of the checkout that is committed or would be, less the link to its root."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    output = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    found = [name for name in output.split("\0") if name and not name.startswith("playbooks/collections/")]
    return [name for name in found if (ROOT / name).is_file() or (ROOT / name).is_symlink()]


def lay(folder: pathlib.Path) -> pathlib.Path:
    """Make the copy anew below `folder` and return its root."""
    shutil.rmtree(folder, ignore_errors=True)
    collections = folder / "ansible_collections"
    root = collections / "submariner" / "lifecycle"
    for name in files():
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target, follow_symlinks=False)
    for collection in DEPENDENCIES:
        link = collections.joinpath(*collection.split("."))
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(installed(collection))
    for command in (["init", "--quiet"], ["add", "--all"]):
        subprocess.run(["git", *command], cwd=root, check=True, capture_output=True)
    return root
