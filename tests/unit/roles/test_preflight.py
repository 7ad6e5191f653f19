# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of the role preflight, and the exit code that follows from it, on recorded clusters."""

from __future__ import annotations

import json
import pathlib
import typing as t

import jsonschema
import pytest

from tests.unit.fake_api import FakeApi
from tests.unit.roles.test_removal import NODES, PREFLIGHT, ROOT, Stage

SCHEMA = json.loads((ROOT / "docs" / "preflight-1.schema.json").read_text())
BROKER_URL = "https://192.0.2.1:6443"
REINSTALL = {"submariner_preflight_verb": "reinstall", "submariner_confirm": "reinstall"}


class Report:
    """What one run of the role said."""

    def __init__(self, stage: Stage, **variables: t.Any) -> None:
        told = {
            "submariner_preflight_reach": False,
            "submariner_broker_url": BROKER_URL,
            "submariner_version": "0.19.0",
        }
        place = stage.folder / "preflight.json"
        place.unlink(missing_ok=True)
        done = stage.play(
            PREFLIGHT, "east", "west", **{**told, "submariner_report_dir": str(stage.folder), **variables}
        )
        self.code, self.out = done.returncode, done.stdout
        assert "Traceback" not in self.out
        assert [r for api in (stage.east, stage.west) for r in api.writes if r.status != 403] == []
        self.document: dict[str, t.Any] = json.loads(place.read_text())
        jsonschema.validate(self.document, SCHEMA)

    @property
    def ids(self) -> set[str]:
        return {f["id"] for f in self.document["findings"] if f["severity"] in ("error", "unknown")}


@pytest.fixture
def stage(tmp_path: pathlib.Path, api: FakeApi, other_api: FakeApi) -> Stage:
    return Stage(tmp_path, api, other_api)


def planted(stage: Stage) -> None:
    """Equal CIDRs, and a gateway node with a setting that gateways do not know."""
    stage.load("healthy-two-nodes", other_cidrs="10.9.0.0/16")
    for node in stage.west.cluster.objects(NODES):
        node["metadata"].setdefault("annotations", {})["gateway.submariner.io/udpport"] = "4501"
        stage.west.cluster.replace(NODES, node, "", node["metadata"]["name"])


def test_one_table_for_all_clusters(stage: Stage) -> None:
    stage.load("healthy-two-nodes")
    report = Report(stage)
    assert report.code == 0, report.out
    assert report.document["verdict"] == "degraded", "nothing is known of 0.19 on Kubernetes 1.36"
    assert (report.document["before"], report.document["version"]) == ("reinstall", "0.19.0")
    assert "Before reinstall of 0.19.0: degraded" in report.out
    assert "east-worker" in report.out
    assert "[skipped] the way from pods to the broker: not tried: submariner_preflight_reach is false" in report.out
    assert "[skipped] images: not pulled: submariner_preflight_images is false" in report.out
    assert set(report.document["clusters"]) == {"east", "west"}
    assert "residue" in report.document["checks"]


@pytest.mark.parametrize("by", ["subctl", "submariner.lifecycle"])
def test_the_table_can_be_read_where_results_are_yaml(stage: Stage, monkeypatch: pytest.MonkeyPatch, by: str) -> None:
    """Lines of a list would break there at a space behind column 80."""
    monkeypatch.setenv("ANSIBLE_CALLBACK_RESULT_FORMAT", "yaml")
    stage.load("healthy-two-nodes")
    fields: dict[str, t.Any] = {"f:metadata": {"f:labels": {"f:submariner.io/gateway": {}}}}
    for api in (stage.east, stage.west):
        for node in api.cluster.objects(NODES):
            node["metadata"]["managedFields"] = [{"manager": by, "operation": "Update", "fieldsV1": fields}]
            api.cluster.replace(NODES, node, "", node["metadata"]["name"])
    lines = [line.strip(" -'\"") for line in Report(stage).out.splitlines()]
    head = next(number for number, line in enumerate(lines) if line.split()[:2] == ["cluster", "Kubernetes"])
    assert lines[head].endswith("gateway nodes")
    for name, row in zip(("east", "west"), lines[head + 1 :], strict=False):
        assert row.split()[::3] == [name, "2/2", "(by"]
        assert row.endswith(f"generic       {name}-worker (by {by})")


@pytest.mark.parametrize("state", ["joined-as-second-id", "operator-killed-mid-uninstall"])
def test_what_a_reinstallation_is_for_does_not_hinder_it(stage: Stage, state: str) -> None:
    stage.load(state)
    report = Report(stage, **REINSTALL)
    assert report.code == 0, report.out
    assert report.ids == set()
    assert "residue" not in report.document["checks"]
    assert "residue: not looked for: the plan of the removal names it" in report.out


def test_faults_fail_it_unless_it_is_to_report_only(stage: Stage) -> None:
    planted(stage)
    report = Report(stage)
    assert report.code == 2
    assert report.ids == {"addressing.overlap"}
    assert "[error] addressing.overlap: clusters east and west: overlap: 10.9.0.0/16" in report.out
    assert "[warning] gateway.unknown-setting: west: node west-worker" in report.out
    told = Report(stage, submariner_preflight_report_only=True)
    assert (told.code, told.document["verdict"]) == (0, "fail")
    run = Report(stage, submariner_preflight_report_only=True, **REINSTALL)
    assert run.code == 2, "a run that changes something never begins so"


def test_a_cluster_without_an_answer_is_one_line_of_the_report(stage: Stage) -> None:
    stage.load("healthy-two-nodes")
    stage.west.fault(401)
    report = Report(stage)
    assert report.code == 2
    assert report.document["verdict"] == "unknown"
    assert report.ids == {"cluster.unread"}
    assert report.out.count("fatal: ") == 1
    assert "west: not read" in report.out


@pytest.mark.parametrize("variable", ["submariner_kubeconfig", "submariner_broker_kubeconfig"])
def test_a_kubeconfig_that_is_not_there_is_named_before_anything_is_asked(stage: Stage, variable: str) -> None:
    stage.load("healthy-two-nodes")
    done = stage.play(PREFLIGHT, "east", "west", **{variable: "~/none"}, **REINSTALL)
    assert done.returncode == 2
    said = " ".join(done.stdout.split())
    assert "/none. Set submariner_kubeconfig, or submariner_broker_kubeconfig where a member has its own way" in said
    assert stage.east.requests == []


def test_a_broker_info_that_is_not_there_is_named_before_anything_is_touched(stage: Stage) -> None:
    stage.load("healthy-two-nodes")
    done = stage.play(PREFLIGHT, "east", "west", submariner_broker_info_file="none.subm", **REINSTALL)
    assert done.returncode == 2
    assert f"There is no file {stage.folder}/none.subm. Set submariner_broker_info_file" in done.stdout
    assert stage.east.requests == []


@pytest.mark.parametrize("option", ["submariner_broker_info", "submariner_broker_info_file"])
def test_a_broker_info_that_is_none_is_named_and_not_shown(stage: Stage, option: str) -> None:
    stage.load("healthy-two-nodes")
    (stage.folder / "broker-info.subm").write_text("hunter2-secret")
    given = "hunter2-secret" if option == "submariner_broker_info" else "broker-info.subm"
    done = stage.play(PREFLIGHT, "east", "west", **{option: given})
    assert done.returncode == 2
    assert f"is not the base64 of a JSON object, as subctl writes it. Set {option} to the" in " ".join(
        done.stdout.split()
    )
    assert "hunter2" not in done.stdout
    assert stage.east.requests == []


def test_an_operators_namespace_that_subctl_does_not_install_into_is_refused(stage: Stage) -> None:
    stage.load("healthy-two-nodes")
    done = stage.play(PREFLIGHT, "east", "west", submariner_operator_namespace="elsewhere", **REINSTALL)
    assert done.returncode == 2
    said = "submariner_operator_namespace is elsewhere, and subctl installs into submariner-operator only"
    assert said in " ".join(done.stdout.split())
    assert stage.east.requests == []


def test_an_unstable_version_is_refused_unless_it_is_meant(stage: Stage) -> None:
    stage.load("healthy-two-nodes")
    report = Report(stage, submariner_version="devel", submariner_preflight_for="install")
    assert report.code == 2
    assert report.ids == {"version.target-unstable"}
    meant = {"submariner_version": "devel", "submariner_preflight_allow_unstable": True}
    assert Report(stage, **meant).code == 0


def test_a_member_that_an_installation_keeps_has_its_access_to_the_broker_judged(stage: Stage) -> None:
    stage.load("healthy-two-nodes")
    stage.west.cluster.delete(("", "secrets"), "submariner-operator", "submariner-broker-secret")
    report = Report(stage, submariner_preflight_for="install")
    found = {(f["id"], f["severity"], f["subject"]) for f in report.document["findings"]}
    assert ("broker.no-credentials", "warning", "cluster west") in found
    assert not any(f[2] == "cluster east" for f in found)


def test_without_a_wanted_version_that_of_subctl_counts(stage: Stage) -> None:
    stage.load("healthy-two-nodes")
    stage.subctl = 'echo "subctl version: v0.24.0-rc1"'
    report = Report(stage, submariner_version="")
    assert report.document["version"] == "0.24.0-rc1"
    assert report.ids == {"version.target-unstable"}
    stage.subctl = ""
    report = Report(stage, submariner_version=None)  # as an inventory has it where nothing is behind the colon
    assert (report.code, report.document["version"]) == (0, "")
    assert "[skipped] the version to install: not judged" in report.out


def test_subctl_of_another_version_is_named_and_none_is_no_fault(stage: Stage) -> None:
    stage.load("healthy-two-nodes")
    stage.subctl = "echo subctl version: v0.20.0"
    report = Report(stage, submariner_version="0.19.0")
    assert (report.code, report.ids) == (0, set())
    assert "[warning] version.subctl-differs: version 0.19.0: is to be installed, and subctl is 0.20.0" in report.out
    stage.subctl = ""
    report = Report(stage, submariner_version="0.19.0")
    assert (report.code, report.ids) == (0, set())
    assert "[skipped] subctl: not judged" in report.out


@pytest.mark.parametrize("enabled", [True, False])
def test_the_range_of_clusterset_ips_is_the_brokers_where_nothing_else_is_said(stage: Stage, enabled: bool) -> None:
    stage.load("healthy-two-nodes")
    place = ("", "configmaps"), "submariner-k8s-broker", "submariner-clustersetip-info"
    table = stage.east.cluster.get(*place)
    table["data"].update(clustersetIPEnabled=str(enabled).lower(), clustersetIPCidrRange='"10.61.0.0/16"')
    stage.east.cluster.replace(place[0], table, *place[1:])
    found = [f for f in Report(stage).document["findings"] if f["id"] == "clusterset-ip.range-in-use"]
    assert [f["subject"] for f in found] == ["east and the range of clusterset IPs"] * enabled


def test_images_are_pulled_on_demand(stage: Stage) -> None:
    """No kubelet answers here, and pods may not be made: what is left is that nothing was pulled, with the reason."""
    stage.load("healthy-two-nodes")
    marks = {"pod-security.kubernetes.io/enforce": "privileged"}
    own = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "submariner-lifecycle", "labels": marks}}
    for api in (stage.east, stage.west):
        api.cluster.load([own])
        for verb in ("create", "delete"):
            api.fault(403, verb=verb, path="/namespaces/submariner-lifecycle/pods")
    overrides = {"submariner-gateway": "registry.example/own-gateway:1"}
    report = Report(stage, submariner_preflight_images=True, submariner_image_overrides=overrides)
    unseen = [f for f in report.document["findings"] if "image" in f["subject"]]
    assert [f["severity"] for f in unseen] == ["warning", "warning"], report.out
    assert {f["subject"].partition(":")[0] for f in unseen} == {"east", "west"}
    assert all("the pod was not accepted" in f["cause"] for f in unseen)
    pod = next(r.body for r in stage.west.asked("create") if r.path.endswith("/pods"))
    asked = {c["image"] for c in pod["spec"]["containers"]}
    assert {"registry.example/own-gateway:1", "quay.io/submariner/submariner-operator:0.19.0"} <= asked
    assert not any("submariner-gateway:" in image or "globalnet" in image for image in asked)


@pytest.mark.parametrize(("size", "refused"), [(0, True), (256, False)])
def test_a_global_range_has_to_hold_what_one_cluster_gets(stage: Stage, size: int, refused: bool) -> None:
    stage.load("healthy-two-nodes")
    wanted = {"submariner_globalnet": True, "submariner_globalnet_cidr_range": "242.0.0.0/20"}
    report = Report(stage, **wanted, submariner_globalnet_cluster_size=size)
    assert report.ids == ({"globalnet.range-too-small"} if refused else set())


def test_nodes_are_looked_at_on_demand(stage: Stage) -> None:
    """No kubelet answers here: what is left is that the nodes were not seen, and no pod."""
    stage.load("healthy-two-nodes")
    for api in (stage.east, stage.west):
        api.fault(403, verb="create", path="/namespaces$")
    report = Report(stage, submariner_preflight_nodes=True)
    unseen = [f for f in report.document["findings"] if f["subject"] in ("east: nodes", "west: nodes")]
    assert [f["severity"] for f in unseen] == ["warning", "warning"]
    assert all("submariner-lifecycle" in f["cause"] for f in unseen)
    assert report.code == 0
