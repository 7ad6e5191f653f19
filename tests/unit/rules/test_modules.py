# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every module is in the action group, says what it supports, and keeps to the layers of the collection."""

from __future__ import annotations

import ast
import pathlib
import typing as t

import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[3]
MODULES = sorted((ROOT / "plugins" / "modules").glob("*.py"))
UTILITIES = sorted((ROOT / "plugins" / "module_utils").rglob("*.py"))
ACTIONS = sorted((ROOT / "plugins" / "action").glob("*.py"))
ON_THE_CONTROLLER = sorted(
    path for name in ("inventory", "plugin_utils") for path in (ROOT / "plugins" / name).glob("*.py")
)
AUTH = "kubernetes.core.k8s_auth_options"
GROUP = "submariner.lifecycle._attributes.actiongroup"
STATED_BY = {"submariner.lifecycle._attributes.info_module", "submariner.lifecycle._pods"}
"""Fragments that say for their modules what they support."""
KUBERNETES = ("kubernetes", "ansible_collections.kubernetes")
MAY_TALK_TO_KUBERNETES = {"_api.py", "_openshift.py"}

module = pytest.mark.parametrize("path", MODULES, ids=[path.stem for path in MODULES])


def constant(path: pathlib.Path, name: str) -> t.Any:
    """The YAML in a module's DOCUMENTATION, EXAMPLES or RETURN."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            return yaml.safe_load(ast.literal_eval(node.value))
    raise AssertionError(f"{path.name} has no {name}")


def imports(path: pathlib.Path) -> set[str]:
    """Every module that a file imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            whole = node.module.endswith(".module_utils")  # files are imported, not names of a file
            found.update([f"{node.module}.{alias.name}" for alias in node.names] if whole else [node.module])
    return found


def group() -> list[str]:
    entries = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["action_groups"]["all"]
    return [entry for entry in entries if isinstance(entry, str)]


def fragments(path: pathlib.Path) -> list[str]:
    found: list[str] = constant(path, "DOCUMENTATION").get("extends_documentation_fragment", [])
    return found


def test_there_are_modules() -> None:
    assert len(MODULES) >= 9


def test_the_action_group_is_what_takes_authentication_options() -> None:
    assert sorted(group()) == [path.stem for path in MODULES if AUTH in fragments(path)]
    assert sorted(group()) == group()


@module
def test_the_documentation_agrees_with_the_action_group(path: pathlib.Path) -> None:
    assert (GROUP in fragments(path)) == (path.stem in group())


@module
def test_documentation(path: pathlib.Path) -> None:
    doc = constant(path, "DOCUMENTATION")
    assert doc["module"] == path.stem
    assert doc["version_added"]
    assert constant(path, "EXAMPLES")
    assert constant(path, "RETURN")
    for task in constant(path, "EXAMPLES"):
        assert f"submariner.lifecycle.{path.stem}" in task or "block" in task, (
            f"{path.stem}: example {task.get('name')}"
        )


@module
def test_attributes(path: pathlib.Path) -> None:
    stated = constant(path, "DOCUMENTATION").get("attributes", {})
    if not STATED_BY.intersection(fragments(path)):
        assert {"check_mode", "diff_mode", "idempotent"} <= set(stated), f"{path.stem} states {sorted(stated)}"


def test_an_action_plugin_stands_before_a_module() -> None:
    assert {path.stem for path in ACTIONS} <= {path.stem for path in MODULES}


def test_utilities_and_fragments_are_private() -> None:
    fragment_files = (ROOT / "plugins" / "doc_fragments").glob("*.py")
    names = [path.relative_to(ROOT / "plugins").parts[1] for path in [*UTILITIES, *fragment_files]]
    assert [name for name in names if not name.startswith("_")] == []


def test_one_file_talks_to_kubernetes() -> None:
    talking = {
        path.name
        for path in [*MODULES, *UTILITIES, *ACTIONS, *ON_THE_CONTROLLER]
        if any(name == root or name.startswith(f"{root}.") for name in imports(path) for root in KUBERNETES)
    }
    assert "_api.py" in talking
    assert talking <= MAY_TALK_TO_KUBERNETES


def test_pure_code_imports_nothing_of_ansible_or_kubernetes() -> None:
    utilities = ROOT / "plugins" / "module_utils"
    names = ("_model", "_entries", "_planned", "_plan", "_edits", "_departure", "_strangers", "_blockers")
    files = [*(utilities / f"{name}.py" for name in names), *utilities.glob("_catalogue*.py")]
    pure = [*files, *(utilities / "_checks").glob("*.py")]
    assert len(pure) > 3
    ours = "ansible_collections.submariner.lifecycle.plugins.module_utils."
    for path in pure:
        for name in imports(path):
            assert name.startswith(ours) or not name.startswith(("ansible", *KUBERNETES)), f"{path.name} imports {name}"
            assert name not in (f"{ours}_api", f"{ours}_observe"), f"{path.name} imports {name}"


def test_a_reading_imports_nothing_that_changes_a_cluster() -> None:
    """It runs once for every cluster of a fleet, and each process of it compiles anew what it imports at its beginning."""
    prefix = "ansible_collections.submariner.lifecycle.plugins.module_utils."
    folder = ROOT / "plugins" / "module_utils"
    found: set[str] = set()
    waiting = [ROOT / "plugins" / "modules" / "cluster_info.py"]
    while waiting:
        first = [node for node in ast.parse(waiting.pop().read_text()).body if isinstance(node, ast.ImportFrom)]
        names = {str(node.module).removeprefix(prefix) for node in first if str(node.module).startswith(prefix)} - found
        found |= names
        waiting += [path for name in names if (path := folder / f"{name.replace('.', '/')}.py").is_file()]
    assert {"_api", "_observe", "_checks.fleet"} <= found
    assert not found & {"_join", "_member", "_broker", "_subctl", "_run_record", "_removal", "_process_run"}
