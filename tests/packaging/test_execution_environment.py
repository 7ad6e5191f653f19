# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-builder finds what the collection needs, and makes a build context from the definition in docs."""

from __future__ import annotations

import pathlib
import shutil
import sys
import typing as t

import yaml

from tests.packaging.test_packaging import ROOT, archive, installed, run

__all__ = ["archive", "installed"]

DEFINITION = ROOT / "docs" / "execution-environment.yml"


def load(path: pathlib.Path) -> t.Any:
    return yaml.safe_load(path.read_text())


def name(requirement: str) -> str:
    """A package's name out of a line of requirements.txt, or of what ansible-builder makes of it."""
    return requirement.split("#")[0].split("[")[0].split(">")[0].strip()


def test_it_finds_the_packages_of_python_and_of_the_system(installed: pathlib.Path) -> None:
    command = (sys.executable, "-m", "ansible_builder", "introspect", str(installed))
    done = run(*command, cwd=installed)
    assert done.returncode == 0, done.stderr
    found = yaml.safe_load(done.stdout)
    wanted = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if not line.startswith("#")]
    # ansible-core is a part of every such image.
    assert {name(line) for line in found["python"]} == {name(line) for line in wanted} - {"ansible-core"}
    assert {name(line) for line in found["system"]} == {"tar", "xz", "xz-utils", "openssh-clients", "openssh-client"}


def test_it_makes_a_build_context(archive: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """As the definition's head says: with the archive in the root of the clone."""
    shutil.copy(archive, tmp_path)
    (tmp_path / "docs").mkdir()
    definition = shutil.copy(DEFINITION, tmp_path / "docs")
    command = (sys.executable, "-m", "ansible_builder", "create", "-f", str(definition), "-c", "context")
    done = run(*command, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No matches" not in done.stdout + done.stderr
    build = tmp_path / "context" / "_build"
    (collection,) = load(build / "requirements.yml")["collections"]
    assert (build / collection["name"]).read_bytes() == archive.read_bytes()
    recipes = [path.read_text() for path in (tmp_path / "context").glob("*file")]
    assert len(recipes) == 1
    assert f'EE_BASE_IMAGE="{load(DEFINITION)["images"]["base_image"]["name"]}"' in recipes[0]
    assert 'ARG PYPKG="python3"\n' in recipes[0], "the base image has no Python"
    assert 'ARG PYCMD="/usr/bin/python3"\n' in recipes[0]
    assert recipes[0].index("$PKGMGR install $PYPKG") < recipes[0].index("pip_install $PYCMD")


def test_the_readme_names_the_base_image() -> None:
    assert load(DEFINITION)["images"]["base_image"]["name"] in (ROOT / "README.md").read_text()
