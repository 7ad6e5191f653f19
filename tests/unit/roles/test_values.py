# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every number that an option of a role takes has a range, and every CIDR its form: anything else is named in one line."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
import typing as t

import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[3]
VALUES = yaml.safe_load((ROOT / "roles" / "preflight" / "tasks" / "values.yml").read_text())[0]["vars"]
RANGES: dict[str, t.Any] = VALUES["__preflight_ranges"]
FORMS: dict[str, t.Any] = VALUES["__preflight_forms"]


def options() -> dict[str, dict[str, t.Any]]:
    """Of all roles that work on clusters."""
    return options_of(*(path for path in ROOT.glob("roles/*") if path.name != "awx"))


def options_of(*roles: pathlib.Path) -> dict[str, dict[str, t.Any]]:
    return {
        name: option
        for path in (role / "meta" / "argument_specs.yml" for role in roles)
        for point in yaml.safe_load(path.read_text())["argument_specs"].values()
        for name, option in point.get("options", {}).items()
    }


def bounds(name: str) -> tuple[int, int]:
    """A range of the table, with the variables that it is written with."""
    given = RANGES[name]
    first, last = VALUES[given.strip("{} ")] if isinstance(given, str) else given
    return first, VALUES["__preflight_day"] if isinstance(last, str) else last


def play(folder: pathlib.Path, **hosts: dict[str, t.Any]) -> tuple[int, str]:
    """What a playbook judges before anything else, with these variables of members; the first hosts the broker."""
    for name in hosts:
        (folder / f"{name}.kubeconfig").write_text("")
        hosts[name]["submariner_kubeconfig"] = str(folder / f"{name}.kubeconfig")
    first = next(iter(hosts))
    groups = {"submariner_broker": {"hosts": {first: {}}}, "submariner_members": {"hosts": hosts}}
    (folder / "hosts.yml").write_text(json.dumps(groups))
    role = {"name": "submariner.lifecycle.preflight", "tasks_from": "inputs.yml"}
    head = {"hosts": "localhost:all", "gather_facts": False, "connection": "local"}
    tasks = [{"ansible.builtin.include_role": role, "run_once": True}]
    (folder / "play.yml").write_text(json.dumps([{**head, "tasks": tasks}]))
    done = subprocess.run(
        [str(pathlib.Path(sys.executable).parent / "ansible-playbook"), "-i", "hosts.yml", "play.yml"],
        cwd=folder,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "playbooks" / "collections")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stdout
    return done.returncode, done.stdout


def test_every_number_has_a_range_that_holds_its_default() -> None:
    numbers = {name: option for name, option in options().items() if option["type"] in ("int", "float")}
    assert set(RANGES) == set(numbers)
    for name, option in numbers.items():
        first, last = bounds(name)
        assert first <= option["default"] <= last, name


def test_awxs_own_numbers_have_ranges_that_hold_their_defaults() -> None:
    role = ROOT / "roles" / "awx"
    ranges = yaml.safe_load((role / "vars" / "main" / "ranges.yml").read_text())["__awx_ranges"]
    numbers = {name: option for name, option in options_of(role).items() if option["type"] in ("int", "float")}
    assert {entry["name"] for entry in ranges} == set(numbers)
    for entry in ranges:
        assert entry["first"] <= numbers[entry["name"]]["default"] <= entry["last"], entry


def test_every_cidr_has_a_form() -> None:
    assert {name for name in options() if "_cidr" in name} <= set(FORMS)
    assert set(FORMS) <= set(options())


@pytest.fixture(scope="module")
def refusal(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What is said of values just out of their ranges, and of such that are no number or no CIDR."""
    low = {name: bounds(name)[0] - 1 for name in RANGES}
    high = {name: bounds(name)[1] + 1 for name in RANGES}
    odd = {**dict.fromkeys(RANGES, "many"), **dict.fromkeys(FORMS, "no form")}
    # The role's own options are judged by its argument specification first, as far as that goes.
    own = {name for name in odd if name.startswith("submariner_preflight_") or name == "submariner_nattport"}
    own |= {"submariner_nat_discovery_port", "submariner_gateway_count"}
    code, said = play(
        tmp_path_factory.mktemp("wrong"), low=low, high=high, odd={n: v for n, v in odd.items() if n not in own}
    )
    assert code == 2, said
    return said


@pytest.mark.parametrize("name", sorted(RANGES))
def test_a_number_out_of_its_range_is_named_with_it(refusal: str, name: str) -> None:
    first, last = bounds(name)
    for value, host in ((first - 1, "low"), (last + 1, "high")):
        assert f"{name} is {value} on {host} and must be a whole number from {first} to {last}" in refusal


@pytest.mark.parametrize("name", sorted(FORMS))
def test_what_is_no_cidr_is_named(refusal: str, name: str) -> None:
    assert f"{name} is no form on odd and must be" in refusal


def test_what_is_no_number_is_named(refusal: str) -> None:
    assert "submariner_cleanup_timeout is many on odd and must be a whole number from 1 to 86400" in refusal
    assert len([line for line in refusal.splitlines() if line.startswith("fatal: ")]) == 1


def test_all_roles_that_work_on_clusters_have_their_options_judged() -> None:
    tasks = yaml.safe_load((ROOT / "roles" / "preflight" / "tasks" / "values.yml").read_text())
    judged = next(task["vars"]["__preflight_roles"] for task in tasks if "__preflight_roles" in task["vars"])
    assert judged == sorted(path.name for path in ROOT.glob("roles/*") if path.name != "awx")


def test_what_is_no_choice_or_of_another_kind_is_named(tmp_path: pathlib.Path) -> None:
    """Whichever role takes it: one that joins would refuse it only when all has been removed."""
    own = options_of(ROOT / "roles" / "preflight")
    late = {name: option for name, option in options().items() if name not in own and not option.get("required")}
    choices = {name: "no choice" for name, option in late.items() if "choices" in option and name not in FORMS}
    flags = {name: "maybe" for name, option in late.items() if option["type"] == "bool"}
    code, said = play(tmp_path, east={**choices, **flags}, west={"submariner_natt": "no", "submariner_globalnet": None})
    assert code == 2, said
    said = said.replace("\\", "")
    assert "Wrong values: east: " in said
    for name in flags:
        assert f"argument '{name}' is of type str and we were unable to convert to bool" in said
    for name in choices:
        assert re.search(rf"value of {name} must be one (or more )?of", said), name
    assert "west: " not in said


@pytest.mark.parametrize("cidr", ["300.0.0.0/8", "10.0.0.0/33", "10.0.0/8", "fd00::/129", "10.0.0.0/8,"])
def test_what_cannot_be_a_network_is_named(tmp_path: pathlib.Path, cidr: str) -> None:
    code, said = play(tmp_path, east={"submariner_globalnet_cidr_range": cidr}, west={})
    assert code == 2, said
    assert f"submariner_globalnet_cidr_range is {cidr} on east and must be an address and a length" in said


def test_components_that_no_member_could_be_joined_for(tmp_path: pathlib.Path) -> None:
    code, said = play(tmp_path, east={"submariner_components": ["service-discovery"]}, west={})
    assert code == 2, said
    wanted = "submariner_components is ['service-discovery'] on east and must be a list with connectivity in it"
    assert wanted in said.replace("\\", "")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("submariner_version", 0.2),
        ("submariner_version", "v0.24.1"),
        ("submariner_repository", "https://registry.example.com/submariner"),
        ("submariner_repository", "registry.example.com/submariner/"),
        ("submariner_broker_url", "http://api.example.com:6443"),
        ("submariner_broker_url", "https://127.0.0.1:6443"),
        ("submariner_custom_domains", ["a b"]),
        ("submariner_join_custom_domains", ["example.org", ""]),
        ("submariner_broker_namespace", "No Name"),
        ("submariner_cluster_cidr", "10.0.0.0/16\n"),
    ],
)
def test_what_would_be_refused_only_when_all_has_been_removed_is_named(
    tmp_path: pathlib.Path, name: str, value: t.Any
) -> None:
    code, said = play(tmp_path, east={name: value}, west={})
    assert code == 2, said
    assert f"{name} is {value} on east and must be " in said.replace("\\n", "\n").replace("\\", "")


@pytest.mark.parametrize("cluster_id", ["", None, ["east"], "east\n"])
def test_what_is_set_and_no_cluster_id_is_named(tmp_path: pathlib.Path, cluster_id: t.Any) -> None:
    code, said = play(tmp_path, north={"submariner_cluster_id": cluster_id}, west={})
    assert code == 2, said
    assert "Not a valid cluster ID: " in said


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"submariner-gateway": None}, "has None for submariner-gateway on east, which is no image"),
        (5, "argument 'submariner_image_overrides' is of type int"),
    ],
)
def test_overrides_that_are_none_are_named(tmp_path: pathlib.Path, overrides: t.Any, said: str) -> None:
    code, out = play(tmp_path, east={"submariner_image_overrides": overrides}, west={})
    assert code == 2, out
    assert said in out.replace("\\", "")


def test_an_image_of_no_component_is_named(tmp_path: pathlib.Path) -> None:
    overrides = {
        "submariner-gateway": "registry.example.com/gw:1",
        "submariner-route-agent": "registry.example.com/ra:1",
    }
    code, said = play(tmp_path, east={"submariner_image_overrides": overrides}, west={"submariner_image_overrides": {}})
    assert code == 2, said
    assert "submariner_image_overrides has submariner-route-agent on east, and there are submariner-operator" in said
    assert "has submariner-gateway on" not in said


def test_the_ends_of_a_range_and_what_is_unset_are_taken(tmp_path: pathlib.Path) -> None:
    low = {name: bounds(name)[0] for name in RANGES}
    high = {name: str(bounds(name)[1]) for name in RANGES}
    unset = {**dict.fromkeys(FORMS, ""), "submariner_components": []}
    good = {
        "submariner_cluster_cidr": "10.0.0.0/16,fd00::/64",
        "submariner_globalnet_cidr": "242.0.0.0/24",
        "submariner_coredns_custom_configmap": "dns/custom",
        "submariner_components": ["connectivity"],
        "submariner_version": "0.25.0-rc0",
        "submariner_repository": "[fd00::1]:5000/submariner",
        "submariner_broker_url": "api.example.com:6443",
        "submariner_custom_domains": "example.org,example.net",
        "submariner_join_custom_domains": ["example.org", "local"],
        "submariner_image_overrides": {"submariner-metrics-proxy": "registry.example.com/nettest:1"},
    }
    code, said = play(tmp_path, low=low, high=high, unset=unset, good=good)
    assert code == 0, said
