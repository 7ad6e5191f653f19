# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulated subctl, asked about recorded clusters, says what the recorded one said."""

from __future__ import annotations

import os
import pathlib
import re
import typing as t

import pytest

from tests.simulator.subctl import api as subctl_api
from tests.simulator.subctl import operator, uninstall
from tests.simulator.subctl.__main__ import main
from tests.unit.fake_api import RECORDINGS, FakeApi, recording

STEP = re.compile(r"^ [•✓✗⚠] ")
NAMESPACE = "submariner-operator"
GATEWAY_LABEL = "submariner.io/gateway"
# What the components said about themselves; metrics-proxy said nothing.
VERSIONS = {
    "submariner-gateway": "devel",
    "submariner-routeagent": "devel",
    "submariner-globalnet": "devel",
    "submariner-operator": "devel",
    "submariner-lighthouse-agent": "not-compiled-properly",
    "submariner-lighthouse-coredns": "not-compiled-properly",
}


class Answer(t.NamedTuple):
    code: int
    out: str
    err: str


Subctl = t.Callable[..., Answer]


@pytest.fixture
def subctl(
    api: FakeApi, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Subctl:
    """Run a command on the fake cluster, at full speed."""
    monkeypatch.setattr("tests.simulator.subctl.__main__._set_up", lambda: None)
    monkeypatch.setattr(subctl_api.RateLimiter, "wait", lambda self: None)
    monkeypatch.setattr(uninstall, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(uninstall, "LIMIT_SECONDS", 2)
    monkeypatch.setattr(operator, "POLL_SECONDS", 0.05)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", open(os.devnull))  # noqa: SIM115 - closed with the process

    def run(*argv: str, cluster: str = "west") -> Answer:
        monkeypatch.setenv("KUBECONFIG", api.kubeconfig(tmp_path, cluster))
        code = main(argv)
        out, err = capfd.readouterr()
        banner, _newline, rest = err.partition("\n")
        assert "SIMULATED" in banner
        return Answer(code, out, rest)

    return run


def load(api: FakeApi, state: str, cluster: str, change: t.Callable[[dict[str, t.Any]], object] = bool) -> None:
    """Put a recorded cluster into the fake one, each object changed as the test wants it."""
    items = recording(state, cluster)
    for item in items:
        change(item)
    api.cluster.load(items)
    for item in items:
        if item["kind"] == "Pod":
            labels = item["metadata"].get("labels") or {}
            component = labels.get("app") or labels.get("name") or ""
            container = item["spec"]["containers"][0]["name"]
            version = VERSIONS.get(component, "")
            api.logs[NAMESPACE, item["metadata"]["name"], container] = (
                f"{component} version: {version}\n" if version else "no version here\n"
            )


def without_finalizers(item: dict[str, t.Any]) -> None:
    """As if an operator had done its part at once."""
    item["metadata"].pop("finalizers", None)


def cells(text: str) -> list[list[str]]:
    """Tables without their widths and without round-trip times, which never stood still."""
    rows = [re.split(r" {2,}", line.strip()) for line in text.splitlines() if line.strip()]
    return [["RTT" if re.fullmatch(r"[\d.]+(ms|µs|s)", cell) else cell for cell in row] for row in rows]


def recorded(file: str) -> tuple[str, str]:
    """What was recorded on stdout and stderr."""
    lines = (RECORDINGS / file).read_text().splitlines()
    lines = [line for line in lines if not line.startswith(("$ subctl", "[exit "))]
    steps = [line for line in lines if STEP.match(line)]
    return "\n".join(line for line in lines if line not in steps), "\n".join(steps)


@pytest.mark.parametrize(
    ("state", "cluster", "file"),
    [
        ("globalnet", "east", "globalnet/subctl-show-all-east.txt"),
        ("globalnet", "west", "globalnet/subctl-show-all-west.txt"),
        ("joined-as-second-id", "east", "subctl-show-second-id.txt"),
    ],
)
def test_show_all(api: FakeApi, subctl: Subctl, state: str, cluster: str, file: str) -> None:
    load(api, state, cluster)
    out, err = recorded(file)
    answer = subctl("show", "all", "--context", cluster, cluster=cluster)
    assert cells(answer.out) == cells(out)
    assert answer.err.splitlines() == err.splitlines()
    assert answer.code == 0


def test_show_without_a_context_names_the_cluster(api: FakeApi, subctl: Subctl) -> None:
    load(api, "installed", "west")
    answer = subctl("show", "endpoints")
    assert answer.out.splitlines()[0] == 'Cluster "west"'
    assert [row[0] for row in cells(answer.out)[2:]] == ["west", "east"]


def test_show_endpoints_where_nothing_is_installed(api: FakeApi, subctl: Subctl) -> None:
    load(api, "west-uninstalled", "west")
    answer = subctl("show", "endpoints", "--context", "west")
    assert answer == (0, "", " ⚠ Submariner connectivity feature is not installed\n")


def test_show_connections_without_gateways(api: FakeApi, subctl: Subctl) -> None:
    load(api, "operator-killed-mid-uninstall", "west")
    answer = subctl("show", "connections", "--context", "west")
    assert answer.code == 1
    assert " ✗ No gateways detected\n\nsubctl version: v0.19.0\n" in answer.err


def test_uninstall_says_what_was_recorded(api: FakeApi, subctl: Subctl) -> None:
    load(api, "installed", "west", without_finalizers)
    _out, err = recorded("subctl-uninstall-west.txt")
    answer = subctl("uninstall", "--yes")
    assert answer.err.splitlines() == err.splitlines()
    assert answer.code == 0


def test_uninstall_without_an_answer_does_nothing(api: FakeApi, subctl: Subctl) -> None:
    load(api, "installed", "west")
    answer = subctl("uninstall")
    assert "Are you sure" in answer.out
    assert (answer.code, answer.err) == (0, "")
    assert not api.writes


def test_uninstall_takes_the_role_of_a_foreign_binding(api: FakeApi, subctl: Subctl) -> None:
    load(api, "west-uninstalled", "west")
    group = "rbac.authorization.k8s.io"
    binding = {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "submariner-admins"},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "cluster-admin"},
    }
    role = {"apiVersion": f"{group}/v1", "kind": "ClusterRole", "metadata": {"name": "cluster-admin"}, "rules": []}
    api.cluster.load([binding, role])
    subctl("uninstall", "--yes")
    assert not api.cluster.objects((group, "clusterroles"))


def test_uninstall_out_of_time(api: FakeApi, subctl: Subctl, monkeypatch: pytest.MonkeyPatch) -> None:
    """The CR waits for its finalizer: exit 1, no named cause, and the finalizer stays."""
    monkeypatch.setattr(uninstall, "LIMIT_SECONDS", 0.2)
    monkeypatch.setattr(uninstall, "sees_request_first", lambda: True)
    load(api, "operator-killed-mid-uninstall", "west")
    answer = subctl("uninstall", "--yes")
    _out, err = recorded("operator-killed-subctl.txt")
    assert [line for line in answer.err.splitlines() if STEP.match(line)] == err.splitlines()
    assert answer.err.endswith("\nsubctl version: v0.19.0\n\n")
    assert answer.code == 1
    assert api.cluster.objects(("submariner.io", "submariners"))[0]["metadata"]["finalizers"]


def out_of_time(api: FakeApi, monkeypatch: pytest.MonkeyPatch, **operator_pod: str) -> None:
    monkeypatch.setattr(uninstall, "LIMIT_SECONDS", 0.2)
    monkeypatch.setattr(uninstall, "sees_request_first", lambda: False)
    load(api, "operator-killed-mid-uninstall", "west")
    if operator_pod:
        meta = {"name": "submariner-operator-1", "labels": {"name": "submariner-operator"}}
        api.cluster.create(("", "pods"), {"metadata": meta, "status": operator_pod}, "submariner-operator")


def test_uninstall_out_of_time_without_an_operator(
    api: FakeApi, subctl: Subctl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other way: the finalizer is taken away, and the command ends well."""
    out_of_time(api, monkeypatch, phase="Failed")
    answer = subctl("uninstall", "--yes")
    assert answer.code == 0
    assert "no pod of the operator is running" in answer.err
    assert not api.cluster.objects(("submariner.io", "submariners"))


def test_uninstall_out_of_time_beside_an_operator(
    api: FakeApi, subctl: Subctl, monkeypatch: pytest.MonkeyPatch
) -> None:
    out_of_time(api, monkeypatch, phase="Running")
    answer = subctl("uninstall", "--yes")
    assert answer.code == 1
    assert "operator is running" in answer.err
    assert api.cluster.objects(("submariner.io", "submariners"))[0]["metadata"]["finalizers"]


def test_uninstall_keeps_a_broker_with_a_ghost(api: FakeApi, subctl: Subctl) -> None:
    load(api, "label-removed-first", "east", without_finalizers)
    answer = subctl("uninstall", "--yes", cluster="east")
    assert "appears to be in use by other clusters ([west]) - keeping the broker components." in answer.err
    assert answer.code == 0
    names = [item["metadata"]["name"] for item in api.cluster.objects(("", "namespaces"))]
    assert {"submariner-k8s-broker", "submariner-operator"} <= set(names)


def test_join_without_a_gateway_label_asks(api: FakeApi, subctl: Subctl, tmp_path: pathlib.Path) -> None:
    load(api, "healthy-two-nodes", "west", lambda item: item["metadata"].get("labels", {}).pop(GATEWAY_LABEL, None))
    file = tmp_path / "broker-info.subm"
    subctl_info(file)
    answer = subctl(
        "join", str(file), "--clusterid", "west", "--clustercidr=10.62.0.0/16", "--servicecidr=10.92.0.0/16"
    )
    assert answer.code == 1
    assert " ✗ Error getting gateway node: EOF\n" in answer.err
    assert not api.asked("create", "customresourcedefinitions")


def test_a_newer_installation_refuses(api: FakeApi, subctl: Subctl) -> None:
    load(api, "installed", "west", lambda item: item["kind"] == "Submariner" and item["spec"].update(version="0.24.1"))
    answer = subctl("uninstall", "--yes")
    assert answer.code == 1
    assert 'The subctl version "v0.19.0" is older than the deployed Submariner version "0.24.1"' in answer.err
    assert not api.writes


def test_an_unreachable_server(api: FakeApi, subctl: Subctl) -> None:
    api.fault(drop=True)
    answer = subctl("uninstall", "--yes")
    assert answer.code == 1
    assert (
        " ✗ Error building the cluster.Info for the default configuration: error retrieving Submariner:" in answer.err
    )


def test_an_unknown_context(subctl: Subctl) -> None:
    answer = subctl("show", "all", "--context", "north")
    assert answer.code == 1
    assert 'context "north" does not exist' in answer.err


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["join"], "the broker-info.subm file argument generated by 'subctl deploy-broker' is missing"),
        (["join", "a", "b"], "accepts at most 1 arg(s), received 2"),
        (["join", "a", "--image-override", "x=y"], 'invalid image override component "x"'),
        (["uninstall", "--force"], "unknown flag: --force"),
        (["show", "nothing"], 'unknown command "nothing"'),
        (["verify"], 'unknown command "verify"'),
    ],
)
def test_wrong_arguments_go_to_stdout_too(subctl: Subctl, argv: list[str], message: str) -> None:
    answer = subctl(*argv)
    assert answer.code == 1
    assert answer.out.startswith(message)
    assert f"Error: {message}" in answer.err


def test_version(subctl: Subctl) -> None:
    assert subctl("version") == (0, "subctl version: v0.19.0\n", "")


def subctl_info(file: pathlib.Path) -> None:
    from tests.simulator.subctl.brokerinfo import BrokerInfo, encode

    file.write_text(encode(BrokerInfo("https://broker:6443", {"data": {}}, b"psk", ["connectivity"], False)))
