# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Inventories and what is compared of a part of the fleet."""

from __future__ import annotations

import json
from pathlib import Path

from tests.scenarios import reinstall
from tests.scenarios.company import without_west
from tests.scenarios.fleet import Reading
from tests.scenarios.inventory import Inventory, kubeconfig_to
from tests.scenarios.playbook import Run
from tests.unit.fake_api import recording


def test_groups_and_the_variables_of_one_host(tmp_path: Path) -> None:
    inventory = Inventory(Path("/k"), Path("/subctl"), "0.19.0", members=())
    inventory.broker = ("east", "west")
    inventory.hosts["west"] = {"submariner_context": "nowhere"}
    document = json.loads(inventory.write(tmp_path).read_text())
    groups = document["all"]["children"]
    assert groups["submariner_broker"]["hosts"] == {"east": {}, "west": {"submariner_context": "nowhere"}}
    assert groups["submariner_members"]["hosts"] == {}
    assert document["all"]["vars"]["submariner_kubeconfig"] == "/k"


def test_a_kubeconfig_that_leads_elsewhere(tmp_path: Path) -> None:
    source = tmp_path / "kubeconfig.west"
    source.write_text(json.dumps({"clusters": [{"cluster": {"server": "a"}}], "users": [{"user": {"cert": "c"}}]}))
    changed = kubeconfig_to(tmp_path, source, server="https://b")
    assert json.loads(changed.read_text())["clusters"][0]["cluster"]["server"] == "https://b"
    assert json.loads(source.read_text())["clusters"][0]["cluster"]["server"] == "a"
    changed = kubeconfig_to(tmp_path, source, token="t")  # noqa: S106
    assert json.loads(changed.read_text())["users"][0]["user"] == {"token": "t"}
    assert changed.stat().st_mode & 0o077 == 0


def test_check_mode_has_to_name_what_goes() -> None:
    objects = recording("operator-killed-mid-uninstall", "west")
    before = Reading({"west": objects}, {})
    silent = reinstall.unsaid(Run(0, 1.0, ("nothing",)), before)
    assert "DaemonSet submariner-operator/submariner-gateway-uninstall is not named" in silent
    names = tuple(f"{item['kind']} {item['metadata']['name']}" for item in objects)
    assert reinstall.unsaid(Run(0, 1.0, names), before) == []


def test_what_east_keeps_while_west_joins_anew() -> None:
    objects = recording("healthy-two-nodes", "east")
    kept = without_west(objects)
    own = [item for item in kept if item["kind"] == "Endpoint"]
    assert {item["spec"]["cluster_id"] for item in own} == {"east"}
    # web is exported by west alone; east's own Service of that name has a slice, too
    assert not [item for item in kept if item["kind"] == "ServiceImport"]
    slices = [item for item in kept if item["kind"] == "EndpointSlice" and item["metadata"]["name"].startswith("web-")]
    assert [item["metadata"]["labels"]["kubernetes.io/service-name"] for item in slices] == ["web"]
    assert 0 < len(objects) - len(kept) < 20
