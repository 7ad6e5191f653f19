# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""cleanup, where no pod can look at a node: over the host's own connection and interpreter, and on no other machine."""

from __future__ import annotations

import platform
import subprocess
import sys
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils._node_identity import Identity
from tests.unit.roles import test_removal

Stage = test_removal.Stage
stage = test_removal.stage
HEAD, NODES = test_removal.HEAD, test_removal.NODES
# The whole role, after whose API part, which finds nothing of Submariner, the nodes come.
PLAY = {
    **HEAD,
    "hosts": "submariner_members",
    "tasks": [{"ansible.builtin.include_role": {"name": "submariner.lifecycle.cleanup"}}],
}
OTHER = Identity("", "0c2f", "4c4c-0042")
CIDRS = {
    **HEAD,
    "tasks": [
        {"ansible.builtin.set_fact": {"__submariner_info": "{{ seen[inventory_hostname] | default({}) }}"}},
        {"ansible.builtin.include_vars": str(test_removal.ROOT / "roles/cleanup/vars/main.yml")},
        {"ansible.builtin.debug": {"msg": "{{ __cleanup_cidrs | sort | join(' ') }}"}},
    ],
}


class Way:
    """The host rack7, which is this machine, as west's b-node; what its interpreter ran and was given is kept."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.seen = stage.folder / "seen"
        interpreter = stage.folder / "python"
        interpreter.write_text(f'#!/bin/sh\ncat "$1" >> {self.seen}\nexec {sys.executable} "$@"\n')
        interpreter.chmod(0o755)
        stage.nodes = {
            "rack7": {
                "ansible_connection": "local",
                "ansible_become": False,
                "ansible_pipelining": False,
                "ansible_python_interpreter": str(interpreter),
                "submariner_cluster": "west",
                "submariner_node_name": "b-node",
            },
            # A machine of another cluster, under the node's name.
            "b-node": {"submariner_cluster": "east", "ansible_host": "127.0.0.1", "ansible_port": 1},
        }

    def play(self, machine: Identity, **variables: t.Any) -> subprocess.CompletedProcess[str]:
        """With identifiers of C(machine) in what the kubelet of b-node reported."""
        for node in self.stage.west.cluster.objects(NODES):
            node["status"]["nodeInfo"] = {"machineID": machine.machine_id, "systemUUID": machine.system_uuid}
            self.stage.west.cluster.replace(NODES, node, "", node["metadata"]["name"])
        return self.stage.play(PLAY, "west", **variables)


@pytest.fixture
def way(stage: Stage) -> Way:
    stage.load("west-uninstalled", ready=False)
    return Way(stage)


def test_the_host_is_reached_by_its_own_connection_and_must_be_the_node(way: Way) -> None:
    done = way.play(OTHER)
    assert done.returncode == 2, done.stdout
    assert "[west -> rack7]: FAILED!" in done.stdout
    assert f"This machine ({platform.node()}) is not proven to be node b-node" in " ".join(done.stdout.split())
    given = way.seen.read_text()
    assert OTHER.system_uuid in given
    assert str(way.stage.folder / "west") not in given, "no credentials of the cluster for a node"


def test_without_a_connection_of_its_own_a_host_is_reached_by_ssh_and_never_the_controller(way: Way) -> None:
    names = {"submariner_cluster": "west", "submariner_node_name": "b-node"}
    way.stage.nodes["rack7"] = {**names, "ansible_host": "127.0.0.1", "ansible_port": 1}
    done = way.play(Identity.of_this_machine())
    said = " ".join(done.stdout.split())
    assert done.returncode == 2, done.stdout
    assert "Whether node b-node of west is clean is not known: neither a pod (the node is not ready" in said
    assert "nor the host rack7 (" in said
    assert "port 1" in said


def test_a_host_without_python_is_no_way_and_may_be_left_out(way: Way) -> None:
    way.stage.nodes["rack7"]["ansible_python_interpreter"] = "/nowhere/python"
    done = way.play(OTHER, submariner_cleanup_allow_uninspected=True)
    assert done.returncode == 0, done.stdout
    assert "Whether node b-node of west is clean is not known" in " ".join(done.stdout.split())
    assert "/nowhere/python" in done.stdout


def test_never_leaves_hosts_alone(way: Way) -> None:
    done = way.play(OTHER, submariner_cleanup_node_hosts="never")
    assert done.returncode == 2
    assert "b-node: the node is not ready" in done.stdout
    assert not way.seen.exists()


@pytest.mark.parametrize(
    ("members", "known"),
    [(("east", "west"), "10.1.0.0/16 10.2.0.0/16 10.3.0.0/16 242.0.0.0/16"), (("west",), "10.1.0.0/16 10.3.0.0/16")],
)
def test_subnets_of_all_clusters_that_the_run_saw_tell_what_is_submariners(
    stage: Stage, members: tuple[str, ...], known: str
) -> None:
    """Of a cluster that was not looked at, as east with a limit to west, nothing is known."""
    digests = {"west": {"cluster_cidrs": ["10.3.0.0/16"]}}
    if "east" in members:
        digests["east"] = {"service_cidrs": ["10.2.0.0/16"], "global_cidrs": ["242.0.0.0/16"]}
    seen = {host: {"digest": digest} for host, digest in digests.items()}
    done = stage.play(CIDRS, *members, seen=seen, __submariner_cleanup={"known_cidrs": ["10.1.0.0/16"]})
    assert done.returncode == 0, done.stdout
    assert done.stdout.count(f'"msg": "{known}"') == 2, done.stdout
