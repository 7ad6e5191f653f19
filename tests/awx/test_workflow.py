# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The workflow of the role on the lab's clusters, in slices: it comes to the same as one job over the whole fleet."""

from __future__ import annotations

import pathlib
import typing as t

from tests.awx.fleets import SPECS, inventory
from tests.awx.runner import Controller, Ended, Json
from tests.scenarios import traffic
from tests.scenarios.fleet import Fleet, now
from tests.scenarios.judge import name_of, of_submariner
from tests.unit.awx_jobs import Fleet as Hosts
from tests.unit.awx_setup import tables

CONFIRM = {"submariner_confirm": "reinstall"}
# Named by chance, or after the node, the run or the hash of a template.
_BY_CHANCE = ("Pod", "ReplicaSet", "ControllerRevision", "EndpointSlice", "Lease", "Event")


def whole_fleet(lab: Fleet) -> Hosts:
    hosts = inventory("east", *lab.names)
    hosts.variables |= {
        "submariner_subctl_path": str(lab.places.bin / "subctl"),
        "submariner_version": lab.state.version,
        "submariner_cable_driver": "vxlan",
        "submariner_natt": False,
        "submariner_air_gapped": True,
    }
    return hosts


def follow(awx: Controller, hosts: Hosts, slices: int) -> dict[str, list[Ended]]:
    """Node after node as long as they succeed, all approved; each is given what those before it handed on."""
    nodes = {node["identifier"]: node for node in awx.tables["workflow_nodes"]}
    ended: dict[str, list[Ended]] = {}
    handed_on: Json = {}
    todo = ["preflight"]
    while todo:
        node = nodes[todo.pop()]
        if "template" in node:
            name = node["template"].removeprefix("Submariner ")
            count = slices if awx.row(name).get("sliced") else 1
            jobs = [
                awx.launch(name, hosts.slice(number, count), **{**handed_on, **CONFIRM})
                for number in range(1, count + 1)
            ]
            ended[node["identifier"]] = done = [job.end() for job in jobs]
            for job in done:
                handed_on |= job.artifacts
            if any(job.code for job in done):
                break
        todo += node.get("success", [])
    return ended


def outcome(lab: Fleet) -> dict[str, set[str]]:
    """What of Submariner there is on each cluster, by kind and name."""
    return {
        cluster: {
            name_of(item)
            for item in items
            if of_submariner(item) and item["kind"] not in _BY_CHANCE and "token" not in item["metadata"]["name"]
        }
        for cluster, items in lab.objects().items()
    }


def require_whole(lab: Fleet, since: t.Any) -> None:
    assert lab.complaints(since) == []
    assert traffic.complaints(lab, f"quay.io/submariner/nettest:{lab.state.version}") == []


def test_the_workflow_in_slices_comes_to_the_same_as_one_job(joined_lab: Fleet, tmp_path: pathlib.Path) -> None:
    rows = tables(tmp_path, submariner_awx_broker="east")
    awx = Controller(tmp_path, rows, SPECS, joined_lab.places.kubeconfig.read_text())
    hosts = whole_fleet(joined_lab)

    since = now()
    ended = follow(awx, hosts, slices=2)
    said = "\n".join(job.output for jobs in ended.values() for job in jobs if job.code)
    assert list(ended) == ["preflight", "begin", "remove", "broker", "join", "prove"], said
    assert not said
    assert [job.hosts - {"localhost"} for job in ended["remove"]] == [{"east"}, {"west"}]
    require_whole(joined_lab, since)
    in_slices = outcome(joined_lab)

    since = now()
    whole = awx.launch("reinstall", hosts.slice(), CONFIRM).end()
    assert whole.code == 0, whole.output
    require_whole(joined_lab, since)
    assert outcome(joined_lab) == in_slices
    verdicts = [job.artifacts["submariner_verdict"] for job in (*ended["prove"], whole)]
    assert verdicts[0] == verdicts[1]
