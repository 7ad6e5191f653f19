# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every role says what it takes: defaults, argument specification and README agree, and wrong input is refused."""

from __future__ import annotations

import pathlib
import re
import typing as t

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.kubernetes.core.plugins.module_utils.args_common import AUTH_ARG_SPEC

ROOT = pathlib.Path(__file__).parents[3]
ROLES = sorted(path for path in (ROOT / "roles").iterdir() if path.is_dir())
WRONG: dict[str, t.Any] = {"bool": "perhaps", "dict": 7, "float": "much", "int": "many", "list": {}}
"""A value that cannot be converted, for each type that refuses any."""

Spec = dict[str, t.Any]


def load(path: pathlib.Path) -> t.Any:
    return yaml.safe_load(path.read_text()) if path.exists() else None


def entry_points(role: pathlib.Path) -> dict[str, Spec]:
    found: dict[str, Spec] = load(role / "meta" / "argument_specs.yml")["argument_specs"]
    return found


def options(role: pathlib.Path) -> dict[str, Spec]:
    """Options of all entry points of a role; one that stands in several must read the same in all."""
    merged: dict[str, Spec] = {}
    for point, spec in entry_points(role).items():
        for name, option in spec.get("options", {}).items():
            assert merged.setdefault(name, option) == option, f"{role.name}: {name} differs in {point}"
    return merged


ALL_OPTIONS = [(role.name, name, option) for role in ROLES for name, option in options(role).items()]
IDS = [f"{role}-{name}" for role, name, _option in ALL_OPTIONS]

role = pytest.mark.parametrize("role", ROLES, ids=[path.name for path in ROLES])
each_option = pytest.mark.parametrize(("role_name", "name", "option"), ALL_OPTIONS, ids=IDS)


def test_there_are_roles() -> None:
    assert {"preflight", "uninstall", "cleanup", "broker", "join", "verify"} <= {path.name for path in ROLES}


@role
def test_files(role: pathlib.Path) -> None:
    for name in ("README.md", "meta/main.yml", "meta/argument_specs.yml"):
        assert (role / name).is_file(), f"{role.name}: {name} is missing"


@role
def test_entry_points_have_their_tasks(role: pathlib.Path) -> None:
    for point, spec in entry_points(role).items():
        assert list((role / "tasks").glob(f"{point}.y*ml")) or role.name == "common", f"{role.name}: tasks of {point}"
        assert spec["short_description"].strip()
        assert spec.get("description"), f"{role.name}: {point} has no description"


def outside_of_our_playbooks(default: t.Any) -> t.Any:
    """A playbook may have another default, by a variable of its own: "{{ __verify_timeout | default(0) }}" is 0."""
    found = re.fullmatch(r"\{\{ __\w+ \| default\((.*)\) \}\}", default) if isinstance(default, str) else None
    return yaml.safe_load(found[1]) if found else default


@role
def test_defaults_equal_the_argument_specification(role: pathlib.Path) -> None:
    documented = {name: option["default"] for name, option in options(role).items() if "default" in option}
    defaults = (load(role / "defaults" / "main.yml") or {}).items()
    assert {name: outside_of_our_playbooks(default) for name, default in defaults} == documented


@role
def test_every_default_stands_in_the_readme(role: pathlib.Path) -> None:
    text = (role / "README.md").read_text()
    missing = [name for name in options(role) if f"`{name}`" not in text]
    assert not missing, f"{role.name}/README.md says nothing about {missing}"


@role
def test_the_readme_names_no_variable_that_is_not_there(role: pathlib.Path) -> None:
    known = {name for path in ROLES for name in options(path)}
    known |= {f"submariner_{prefix}{option}" for option in AUTH_ARG_SPEC for prefix in ("", "broker_")}
    table = re.findall(r"^\| `(submariner_\w+)`", (role / "README.md").read_text(), re.MULTILINE)
    assert [name for name in table if name not in known] == []


@each_option
def test_option_is_documented(role_name: str, name: str, option: Spec) -> None:
    assert name.startswith("submariner_"), f"{role_name}: {name}"
    assert option.get("type"), f"{role_name}: {name} has no type"
    text = option.get("description")
    assert (text if isinstance(text, str) else " ".join(text or [])).strip(), f"{role_name}: {name} has no description"
    assert ("default" in option) != bool(option.get("required")), f"{role_name}: {name} is neither required nor set"


@each_option
def test_a_wrong_type_or_choice_is_refused_in_a_line_that_names_it(role_name: str, name: str, option: Spec) -> None:
    spec = {name: {key: value for key, value in option.items() if key not in ("description", "version_added")}}
    plain = option.get("default")
    if plain is not None and not (isinstance(plain, str) and "{{" in plain):
        assert ArgumentSpecValidator(spec).validate({name: plain}).error_messages == [], f"{role_name}: {name}"
    wrong = [WRONG[option["type"]]] if option["type"] in WRONG else []
    if option.get("choices"):
        wrong.append("no-such-choice" if option["type"] == "str" else ["no-such-choice"])
    for value in wrong:
        errors = ArgumentSpecValidator(spec).validate({name: value}).error_messages
        assert errors, f"{role_name}: {name} took {value!r}"
        assert name in errors[0]
        assert "\n" not in errors[0]


def test_a_variable_means_the_same_in_every_role() -> None:
    seen: dict[str, tuple[str, Spec]] = {}
    for role_name, name, option in ALL_OPTIONS:
        other, first = seen.setdefault(name, (role_name, option))
        for key in ("type", "default", "choices", "elements"):
            assert option.get(key) == first.get(key), f"{name}: {key} in {role_name} differs from {other}"


@role
def test_dependencies(role: pathlib.Path) -> None:
    meta = load(role / "meta" / "main.yml")
    names = [entry["role"] for entry in meta["dependencies"]]
    shared = any("__submariner_" in path.read_text() for path in role.rglob("*.yml"))
    assert set(names) <= {"submariner.lifecycle.common", "submariner.lifecycle.subctl"}
    assert bool(names) == (shared and role.name != "common")
    assert meta["galaxy_info"]["license"] == "GPL-3.0-or-later"


def test_ghosts_are_taken_as_common_reads_them() -> None:
    """On the command line they are a text, which is no list of a document's."""
    files = [path for path in (ROOT / "roles").rglob("*.yml") if path.parent.name in ("tasks", "vars", "main")]
    raw = re.compile(r"(?<!_)submariner_ghosts\b(?!:)")
    assert [str(p) for p in files if raw.search(p.read_text()) and p.parts[-3] not in ("common", "vars")] == []


def test_the_fleet_is_never_judged_without_knowing_its_members() -> None:
    """A broker's cluster that is to be no member would be judged as one, or the other way round."""
    tasks = [task for path in ROOT.glob("roles/*/tasks/*.yml") for task in load(path)]
    judging = [
        task[name] for task in tasks for name in task if name.rpartition(".")[2] in ("fleet_check", "repair_plan")
    ]
    assert len(judging) >= 3
    assert [options for options in judging if "members" not in options] == []
