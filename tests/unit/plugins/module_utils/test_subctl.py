# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""subctl under watch: what it is given, what ends it, and what is said about it."""

from __future__ import annotations

import json
import os
import pathlib
import re
import sys
import textwrap
import time
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils import _subctl
from ansible_collections.submariner.lifecycle.plugins.module_utils._api import Api, ApiFailure, connect
from ansible_collections.submariner.lifecycle.plugins.module_utils._progress import VARIABLE
from ansible_collections.submariner.lifecycle.plugins.module_utils._subctl import (
    Subctl,
    SubctlFailure,
    Watch,
    clear_stuck_operator,
    last_words,
    newest_words,
    parse_version,
    private_folder,
    version,
)
from tests.unit.fake_api import FakeApi

OPERATORS = "submariner-operator"


def program(folder: pathlib.Path, script: str) -> str:
    path = folder / "subctl"
    path.write_text("#!/bin/sh\n" + textwrap.dedent(script))
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def params(api: FakeApi, tmp_path: pathlib.Path) -> dict[str, t.Any]:
    return {"kubeconfig": api.kubeconfig(tmp_path), "context": "east"}


@pytest.fixture
def client(params: dict[str, t.Any]) -> Api:
    return connect(t.cast("t.Any", None), params)


def refused(msg: str, call: t.Callable[[], object]) -> SubctlFailure:
    with pytest.raises(SubctlFailure, match=msg) as caught:
        call()
    return caught.value


def test_it_is_given_a_private_kubeconfig_of_one_context(client: Api, tmp_path: pathlib.Path) -> None:
    copy = tmp_path / "seen"
    path = program(
        tmp_path,
        f"""
        echo "$@" > {copy}.argv
        stat -c %a "$KUBECONFIG" > {copy}.mode
        cat "$KUBECONFIG" > {copy}
        echo "$TERM"
        """,
    )
    with private_folder() as folder:
        assert oct(os.stat(folder).st_mode & 0o777) == "0o700"
        result = Subctl(path, client).call(["show", "all"], folder, 30.0)
    assert not os.path.exists(folder)
    assert result.stdout == "dumb\n"
    document = json.loads(copy.read_text())
    assert [c["name"] for c in document["clusters"]] == ["east"]
    assert document["users"][0]["user"] == {"token": "token-of-the-fake"}
    assert document["clusters"][0]["cluster"]["server"] == client.server
    assert (tmp_path / "seen.mode").read_text().strip() == "600"
    assert "token-of-the-fake" not in (tmp_path / "seen.argv").read_text()


def test_secrets_do_not_pass_its_output(client: Api, tmp_path: pathlib.Path) -> None:
    path = program(tmp_path, 'grep -o "token-of-[a-z-]*" "$KUBECONFIG"; echo PSK-IN-CLEAR >&2; exit 1')
    subctl = Subctl(path, client)
    error = refused("<hidden>", lambda: subctl.call(["join"], str(tmp_path), 30.0, secrets=["PSK-IN-CLEAR"]))
    assert error.result is not None
    assert "token-of-the-fake" not in error.result.stdout
    assert "PSK-IN-CLEAR" not in error.result.stderr


def test_secrets_of_others_are_not_shown_either(client: Api, tmp_path: pathlib.Path) -> None:
    path = program(tmp_path, "echo password: of-a-registry; echo token=of-a-cloud >&2; exit 1")
    error = refused("password: <hidden>", lambda: Subctl(path, client).call(["join"], str(tmp_path), 30.0))
    assert error.result is not None
    shown = f"{error.msg} {error.result.as_dict()}"
    assert "of-a-registry" not in shown
    assert "of-a-cloud" not in shown


def test_what_it_says_meanwhile_is_told_without_secrets(
    client: Api, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = tmp_path / "said"
    monkeypatch.setenv(VARIABLE, str(said))
    path = program(
        tmp_path,
        """
        echo "from the kubeconfig $(grep -o 'token-of-[a-z-]*' "$KUBECONFIG")" >&2; sleep 2
        echo "given as PSK-IN-CLEAR" >&2; sleep 2
        echo "found: eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJpc3MiOiJrIn0.c2ln" >&2; sleep 2
        echo " • Half a line  ..." >&2; printf "and a PSK-IN-" >&2; sleep 2
        """,
    )
    Subctl(path, client).call(["join"], str(tmp_path), 60.0, secrets=["PSK-IN-CLEAR"])
    lines = [re.sub(r" \(\d+ s of 60 s\)$", "", line) for line in said.read_text().splitlines()]
    assert [line for number, line in enumerate(lines) if line not in lines[:number]] == [
        "subctl join: from the kubeconfig <hidden>",
        "subctl join: given as <hidden>",
        "subctl join: found: <hidden>",
        "subctl join: Half a line",
    ]


@pytest.mark.parametrize(
    ("stdout", "stderr", "shown"),
    [
        ("", "", "nothing said yet"),
        ("a result\n", "", "a result"),
        ("a result\n", " ✓ Deploying the broker\n\n", "Deploying the broker"),
        ("", "\x1b[2J • Deploying\t ...\n", "[2J • Deploying"),
        ("", "-----BEGIN PRIVATE KEY-----\nMIIBVQIBADAN\nBgkqhkiG9w0B\n", "<hidden>"),
        ("", "password: |\n  " + "x" * 20 + "\n  y\n", "<hidden>"),
        ("", "x" * 9000 + "\nlast\n", "last"),
        ("", "x" * 9000 + "\n", "nothing said yet"),
    ],
)
def test_newest_words(stdout: str, stderr: str, shown: str) -> None:
    assert newest_words(stdout, stderr, ()) == shown


def test_failure_gives_the_step_that_failed(client: Api, tmp_path: pathlib.Path) -> None:
    path = program(
        tmp_path,
        """
        echo " • Gathering relevant information from Broker  ..." >&2
        echo " ✗ Detected an existing joined cluster with the same ID" >&2
        echo "subctl version: v0.19.0" >&2
        exit 1
        """,
    )
    subctl = Subctl(path, client)
    error = refused("join failed", lambda: subctl.call(["join"], str(tmp_path), 30.0))
    assert error.msg.endswith("Detected an existing joined cluster with the same ID")


def test_a_call_that_does_not_end_is_ended(client: Api, tmp_path: pathlib.Path) -> None:
    subctl = Subctl(program(tmp_path, "echo ' • Deploying' >&2; sleep 300"), client)
    error = refused("did not end within 1 s", lambda: subctl.call(["deploy-broker"], str(tmp_path), 1.0))
    assert "Deploying" in error.msg


def test_a_program_that_is_not_there_names_the_option(client: Api) -> None:
    refused("submariner_subctl_path", lambda: Subctl("/nonexistent/subctl", client))


def test_a_program_for_another_machine_is_no_traceback(client: Api, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "subctl"
    path.write_bytes(b"\x7fELF\x01\x02")
    path.chmod(0o755)
    refused("cannot be started", lambda: Subctl(str(path), client).call(["version"], str(tmp_path), 5.0))
    refused("cannot be started", lambda: version(str(path), str(tmp_path)))


def operator_pod(reason: str, message: str) -> dict[str, t.Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "submariner-operator-1", "namespace": OPERATORS, "labels": {"name": OPERATORS}},
        "status": {
            "phase": "Pending",
            "containerStatuses": [
                {"image": "quay.io/none:1", "state": {"waiting": {"reason": reason, "message": message}}}
            ],
        },
    }


def operator_deployment() -> dict[str, t.Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": OPERATORS, "namespace": OPERATORS, "generation": 1},
        "status": {"observedGeneration": 1, "conditions": [{"type": "Available", "status": "False"}]},
    }


def test_how_the_operator_is_stands_behind_what_it_says(
    api: FakeApi, client: Api, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "said"))
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": OPERATORS}}
    api.cluster.load([namespace, operator_deployment(), operator_pod("ContainerCreating", "")])
    api.after(3.0, lambda: api.fault(403, path="/pods", message="no pods for you"))
    Subctl(program(tmp_path, "sleep 8"), client).call(["join"], str(tmp_path), 60.0, Watch(client))
    said = (tmp_path / "said").read_text()
    assert "subctl join: nothing said yet; the operator is not ready yet (ContainerCreating) (" in said
    assert "; how the operator is cannot be read: " in said
    assert "no pods for you" in said


def test_an_image_that_cannot_be_pulled_ends_the_call_with_its_cause(
    api: FakeApi, client: Api, tmp_path: pathlib.Path
) -> None:
    api.cluster.load([operator_deployment(), operator_pod("ImagePullBackOff", "manifest unknown")])
    subctl = Subctl(program(tmp_path, "sleep 300"), client)
    began = time.monotonic()
    error = refused("manifest unknown", lambda: subctl.call(["deploy-broker"], str(tmp_path), 300.0, Watch(client)))
    assert time.monotonic() - began < 30.0
    assert error.finding is not None
    assert error.finding.id == "operator.image-pull"
    assert "\n" not in error.msg


def test_a_deployment_that_goes_with_its_namespace_ends_the_call(
    api: FakeApi, client: Api, tmp_path: pathlib.Path
) -> None:
    api.cluster.load([operator_deployment()])
    api.after(1.5, lambda: api.cluster.delete(("", "namespaces"), "", OPERATORS))
    subctl = Subctl(program(tmp_path, "sleep 300"), client)
    error = refused("ended after", lambda: subctl.call(["join"], str(tmp_path), 300.0, Watch(client)))
    assert error.finding is not None
    assert error.finding.id in ("operator.vanished", "operator.namespace-terminating")


def test_the_brokers_namespace_is_watched_too(api: FakeApi, client: Api, tmp_path: pathlib.Path) -> None:
    going = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "submariner-k8s-broker", "deletionTimestamp": "2026-11-23T15:00:00Z"},
    }
    api.cluster.load([going])
    subctl = Subctl(program(tmp_path, "sleep 300"), client)
    watch = Watch(client, "submariner-k8s-broker")
    error = refused("is being deleted", lambda: subctl.call(["deploy-broker"], str(tmp_path), 300.0, watch))
    assert error.finding is not None
    assert error.finding.id == "broker.namespace-terminating"


def test_an_operator_that_does_not_run_is_taken_away_first(api: FakeApi, client: Api) -> None:
    assert not clear_stuck_operator(client)
    api.cluster.load([operator_deployment()])
    assert clear_stuck_operator(client)
    assert api.cluster.objects(("apps", "deployments")) == []


def test_an_operator_that_runs_stays(api: FakeApi, client: Api) -> None:
    running = operator_deployment()
    running["status"]["conditions"][0]["status"] = "True"
    running["status"]["availableReplicas"] = 1
    api.cluster.load([running])
    assert not clear_stuck_operator(client)
    assert api.writes == []


def test_an_operator_that_does_not_go_is_an_error(
    api: FakeApi, client: Api, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "said"))
    monkeypatch.setattr(_subctl, "_CLEAR_SECONDS", 1.0)
    held = operator_deployment()
    held["metadata"]["finalizers"] = ["a/b"]
    api.cluster.load([held])
    with pytest.raises(ApiFailure, match="is still there 1 s after"):
        clear_stuck_operator(client)
    assert "does not run, and is deleted to be made anew (0 s of 1 s)" in (tmp_path / "said").read_text()
    api.fault(403, verb="delete", message="no rights here")
    with pytest.raises(ApiFailure, match="no rights here"):
        clear_stuck_operator(client)


def test_what_cannot_be_read_ends_nothing(api: FakeApi, client: Api, tmp_path: pathlib.Path) -> None:
    api.cluster.load([operator_deployment(), operator_pod("ImagePullBackOff", "manifest unknown")])
    api.fault(403, path="/(deployments|namespaces)/")
    subctl = Subctl(program(tmp_path, "sleep 6"), client)
    assert subctl.call(["join"], str(tmp_path), 60.0, Watch(client)).rc == 0


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("subctl version: v0.19.0\n", "0.19.0"),
        ("simulated\nsubctl version: 0.24.1-rc1\n", "0.24.1-rc1"),
        ("", ""),
        ("something else", ""),
    ],
)
def test_versions(said: str, expected: str) -> None:
    assert parse_version(said) == expected


def test_the_version_of_a_program(tmp_path: pathlib.Path) -> None:
    path = program(tmp_path, 'test "$1" = version && echo "subctl version: v0.19.0"')
    assert version(path, str(tmp_path)) == "0.19.0"


def test_last_words_without_any(client: Api, tmp_path: pathlib.Path) -> None:
    result = Subctl(program(tmp_path, "exit 0"), client).call(["show"], str(tmp_path), 30.0)
    assert last_words(result) == "nothing"


def test_an_interpreter_that_is_found_in_path(
    client: Api, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, "echo here")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.path.dirname(sys.executable)}:{os.environ['PATH']}")
    assert Subctl("subctl", client).path == str(tmp_path / "subctl")
