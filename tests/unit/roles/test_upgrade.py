# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook upgrade on recorded clusters: what it plans, what it refuses before anything is touched, where it stops."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils._run_record import Record, from_secret, to_secret
from tests.unit.clusterset import BROKER, DAEMON_SETS, SUBMARINERS, Clusterset
from tests.unit.fake_api import FakeApi, recording

CRDS = ("apiextensions.k8s.io", "customresourcedefinitions")
ROOT = pathlib.Path(__file__).parents[3]
Json = dict[str, t.Any]
HEAD: Json = {
    "hosts": "submariner_broker:submariner_members",
    "gather_facts": False,
    "connection": "local",
    "any_errors_fatal": True,
    "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
}
UPGRADE = {"ansible.builtin.import_playbook": "submariner.lifecycle.upgrade"}
STATE = "healthy-two-nodes"
BROKER_URL = "https://192.0.2.1:6443"
AS_INSTALLED: Json = {
    "submariner_confirm": "upgrade",
    "submariner_preflight_reach": False,
    "submariner_broker_url": BROKER_URL,
    "submariner_cable_driver": "vxlan",
    "submariner_natt": False,
    "submariner_air_gapped": True,
}


def include(tasks: str) -> Json:
    return {"ansible.builtin.include_role": {"name": "submariner.lifecycle.upgrade", "tasks_from": tasks}}


class Stage:
    """East, which is also the broker, and west, both of 0.19.0."""

    def __init__(self, folder: pathlib.Path, east: FakeApi, west: FakeApi) -> None:
        self.folder, self.fleet = folder, Clusterset(east, west, folder)
        self.apis = {"east": east, "west": west}
        joined = {"brokerK8sApiServer": BROKER_URL[8:], "brokerK8sCA": "Y2E=", "ceIPSecPSK": "cHNr"}
        for api in self.apis.values():
            self.fleet.change(api, SUBMARINERS, lambda body: body["spec"].update(joined))
        established = {"conditions": [{"type": "Established", "status": "True"}]}
        self.fleet.change(east, CRDS, lambda body: body.update(status=established))
        secrets = ("", "secrets")
        for secret in east.cluster.objects(secrets, BROKER):
            if secret["metadata"]["name"].startswith("submariner-k8s-broker-admin-token"):
                secret["data"] = {"token": "dG9rZW4=", "ca.crt": "Y2E=", "namespace": "bnM="}
                east.cluster.replace(secrets, secret, BROKER, secret["metadata"]["name"])

    def play(self, play: Json, version: str, *options: str, **variables: t.Any) -> subprocess.CompletedProcess[str]:
        hosts = {name: {"submariner_kubeconfig": api.kubeconfig(self.folder, name)} for name, api in self.apis.items()}
        groups = {"submariner_broker": {"hosts": {"east": {}}}, "submariner_members": {"hosts": hosts}}
        (self.folder / "hosts.yml").write_text(json.dumps(groups))
        (self.folder / "play.yml").write_text(json.dumps([play]))
        program = self.folder / "bin" / "subctl"
        program.parent.mkdir(exist_ok=True)
        program.write_text(
            f"#!/bin/sh\ncd {self.folder}\n"
            f"if [ \"$1\" = version ]; then echo 'subctl version: v{version}'; exit; fi\n"
            'printf "%s\\n" "$@" > words; mv words asked\n'
            "while [ ! -e done ]; do sleep 0.1; done\n"
        )
        program.chmod(0o755)
        given = {**AS_INSTALLED, "submariner_version": version, "submariner_subctl_path": str(program), **variables}
        ansible = pathlib.Path(sys.executable).parent / "ansible-playbook"
        return subprocess.run(
            [str(ansible), "-i", "hosts.yml", "-e", json.dumps(given), *options, "play.yml"],
            cwd=self.folder,
            env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "playbooks" / "collections")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def images(self, cluster: str, version: str) -> None:
        """All of a cluster is of this version."""

        def retag(body: Json) -> None:
            for container in body["spec"]["template"]["spec"]["containers"]:
                container["image"] = container["image"].rpartition(":")[0] + f":{version}"

        for kind in (DAEMON_SETS, ("apps", "deployments")):
            self.fleet.change(self.apis[cluster], kind, retag)

    def without_submariner(self, api: FakeApi) -> None:
        """The resource is gone, with its finalizer."""
        self.fleet.change(api, SUBMARINERS, lambda body: body["metadata"].update(finalizers=[]))
        api.cluster.delete(SUBMARINERS, "submariner-operator", "submariner")

    @property
    def writes(self) -> list[str]:
        """But the questions that are asked by a POST."""
        asking = re.compile(r"/(tokenreviews|selfsubject\w+)$")
        return [r.path for api in self.apis.values() for r in api.writes if not asking.search(r.path)]


@pytest.fixture
def stage(tmp_path: pathlib.Path, api: FakeApi, other_api: FakeApi) -> Stage:
    return Stage(tmp_path, api, other_api)


def changed(output: str) -> int:
    return sum(int(count) for count in re.findall(r"^\w+ .*changed=(\d+)", output, re.MULTILINE))


def words(output: str) -> str:
    return " ".join(output.replace('"', " ").split())


def test_check_mode_shows_the_order_and_touches_nothing(stage: Stage) -> None:
    done = stage.play(UPGRADE, "0.20.0", "--check", "--diff")
    assert done.returncode == 0, done.stdout
    said = words(done.stdout)
    places = [said.index(f"{part}: 0.19.0 -> 0.20.0") for part in ("broker east", "member east", "member west")]
    assert min(places) == places[0]
    assert "-member west: 0.19.0" in done.stdout
    assert "+member west: 0.20.0" in done.stdout
    assert changed(done.stdout) > 0
    assert stage.writes == []


def test_check_mode_where_there_is_nothing_to_do(stage: Stage) -> None:
    done = stage.play(UPGRADE, "0.19.0", "--check", "--diff")
    assert done.returncode == 0, done.stdout
    assert "nothing to upgrade: all of it is 0.19.0" in done.stdout
    assert changed(done.stdout) == 0
    assert stage.writes == []


def test_one_option_is_enough_for_what_is_no_release(stage: Stage) -> None:
    done = stage.play(UPGRADE, "devel", "--check", submariner_upgrade_allow_unstable=True)
    assert done.returncode == 0, done.stdout
    assert "member west: 0.19.0 -> devel" in words(done.stdout)


@pytest.mark.parametrize(
    ("version", "variables", "said"),
    [
        ("0.18.4", {}, "runs 0.19.0, expected at most 0.18.4"),
        ("0.21.0", {}, "would go from 0.19.0 to 0.21.0, expected one minor release at a time"),
        ("0.20.0", {"submariner_cable_driver": "wireguard"}, "cable_driver / vxlan / wireguard"),
        (
            "0.20.0",
            {"submariner_components": ["connectivity"]},
            "on east more than the version would change: components",
        ),
        ("0.20.0", {"submariner_confirm": "reinstall"}, "submariner_confirm=upgrade"),
    ],
    ids=["downgrade", "two releases", "another cable driver", "other components", "not confirmed"],
)
def test_what_is_refused_leaves_nothing_behind(stage: Stage, version: str, variables: Json, said: str) -> None:
    done = stage.play(UPGRADE, version, **variables)
    assert done.returncode == 2, done.stdout
    assert said in words(done.stdout)
    assert stage.writes == []


def test_what_cannot_be_compared_is_not_taken_for_equal(stage: Stage) -> None:
    """Without a whole broker nobody knows what a join would be given."""
    stage.fleet.east.cluster.delete(("submariner.io", "brokers"), BROKER, "submariner-broker")
    done = stage.play(UPGRADE, "0.20.0")
    assert done.returncode == 2, done.stdout
    assert "cannot be told what else would change" in words(done.stdout)
    assert stage.writes == []


def test_a_limited_run_waits_for_the_broker(stage: Stage) -> None:
    done = stage.play(UPGRADE, "0.20.0", "--check", "--limit", "west")
    assert done.returncode == 2
    assert "the broker on east is 0.19.0, and is not in this run" in words(done.stdout)


def test_a_failure_says_where_it_stands_and_the_way_back(stage: Stage) -> None:
    plan = {"steps": [{"what": "member", "cluster_id": "west", "from": ["0.19.0"]}], "settings": {"west": {}}}
    play = {**HEAD, "hosts": "submariner_members", "tasks": [include("member.yml")]}
    done = stage.play(play, "0.20.0", __upgrade_plan=plan)
    assert done.returncode == 2
    said = words(done.stdout)
    assert "west was not brought to 0.20.0: There is no record of a run to update." in said
    assert "reinstall with submariner_version=0.19.0" in said
    assert stage.writes == []


def released(api: FakeApi) -> None:
    """The finalizers of what is being deleted go, as a living operator sees to it."""
    for kind in (("submariner.io", "servicediscoveries"), SUBMARINERS):
        for body in api.cluster.objects(kind) if api.cluster.served(kind) else ():
            if body["metadata"].get("deletionTimestamp"):
                body["metadata"]["finalizers"] = []
                api.cluster.replace(kind, body, "submariner-operator", body["metadata"]["name"])


def joined_anew(stage: Stage, version: str) -> None:
    """What the join of west by a new subctl brings about: on west all of it, on the broker and in east its records."""
    stage.apis["west"].cluster.load(json.loads(json.dumps(recording(STATE, "west")).replace("0.19.0", version)))
    joined = {"brokerK8sApiServer": BROKER_URL[8:], "brokerK8sCA": "Y2E=", "ceIPSecPSK": "cHNr"}
    stage.fleet.change(stage.apis["west"], SUBMARINERS, lambda body: body["spec"].update(joined))
    records = [
        o for o in recording(STATE, "east") if o["kind"] in ("Endpoint", "Cluster") and "west" in o["metadata"]["name"]
    ]
    stage.apis["east"].cluster.load(records)


def test_a_member_is_taken_down_and_joined_by_the_new_subctl(stage: Stage) -> None:
    """West alone; east hosts the broker, which is of the new version already."""
    east, west = stage.apis["east"], stage.apis["west"]
    stage.images("east", "0.20.0")
    record = Record("one", "2026-11-23T15:00:00Z", verb="upgrade", psk=b"psk", gateway_nodes={"west": ["west-worker"]})
    east.cluster.load([to_secret(record)])
    stage.fleet.live()
    asked, done_mark = stage.folder / "asked", stage.folder / "done"
    ended = threading.Event()

    def others() -> None:
        while not ended.wait(0.1):
            released(west)
            if asked.exists() and not done_mark.exists():
                joined_anew(stage, "0.20.0")
                done_mark.touch()

    watcher = threading.Thread(target=others, daemon=True)
    watcher.start()
    plan: dict[str, t.Any] = {
        "steps": [{"what": "member", "cluster_id": "west", "from": ["0.19.0"]}],
        "settings": {"west": {"cable_driver": "vxlan", "custom_domains": ["site.example"]}},
    }
    play = {**HEAD, "hosts": "submariner_members", "serial": 1, "tasks": [include("member.yml")]}
    quick = {"submariner_cleanup_nodes": False, "submariner_upgrade_window": 1, "submariner_cable_driver": ""}
    done = stage.play(play, "0.20.0", __upgrade_plan=plan, **quick)
    ended.set()
    watcher.join()
    assert done.returncode == 0, done.stdout
    arguments = asked.read_text().splitlines()
    assert arguments[0] == "join"
    assert {"--version=0.20.0", "--cable-driver=vxlan", "--custom-domains=site.example"} <= set(arguments)
    deleted = [request.path for request in west.asked("delete")]
    assert deleted[0].endswith("/submariners/submariner")
    secret = east.cluster.get(("", "secrets"), "submariner-lifecycle", "submariner-lifecycle-run")
    assert from_secret(secret).options["settings of west"] == plan["settings"]["west"]
    assert not [request for request in east.asked("delete") if "submariner-operator" in request.path]


def test_the_proof_names_what_is_still_old(stage: Stage) -> None:
    fleet = stage.fleet
    play = {**HEAD, "tasks": [include("prove.yml")]}
    assert stage.play(play, "0.19.0").returncode == 0

    def older(body: Json) -> None:
        body["spec"]["template"]["spec"]["containers"][0]["image"] = "quay.io/submariner/submariner-gateway:0.18.4"

    fleet.change(fleet.west, DAEMON_SETS, older, name="submariner-gateway")
    done = stage.play(play, "0.19.0")
    assert done.returncode == 2
    assert "cluster west runs submariner-gateway 0.18.4, expected 0.19.0 in all its parts" in words(done.stdout)


def test_a_member_that_an_interrupted_run_took_down_is_gone_on_with(stage: Stage) -> None:
    stage.without_submariner(stage.fleet.west)
    east = stage.fleet.east.cluster
    east.load([to_secret(Record("one", "2026-11-23T15:00:00Z", verb="upgrade", psk=b"p" * 48))])
    done = stage.play({**HEAD, "roles": ["submariner.lifecycle.upgrade"]}, "0.20.0", "--check")
    assert done.returncode == 0, done.stdout
    assert "member west: 0.19.0 -> 0.20.0" in words(done.stdout)  # the workloads stand until they are removed
