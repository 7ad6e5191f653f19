# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs of the role's job templates as AWX runs them, on recorded clusters: credentials, surveys, artifacts, slices and the lock."""

from __future__ import annotations

import contextlib
import json
import pathlib
import time
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils._own_namespace import NAMESPACE
from ansible_collections.submariner.lifecycle.plugins.module_utils._run_record import Record, to_secret
from tests.awx.fleets import SPECS, inventory, one_kubeconfig
from tests.awx.runner import Controller, Launched
from tests.unit.cleaning import definition, obj
from tests.unit.fake_api import FakeApi

Json = dict[str, t.Any]

QUICK = {"submariner_verify_timeout": 0, "submariner_verify_window": 0, "submariner_verify_data_path": "false"}
LEASES, SECRETS = ("coordination.k8s.io", "leases"), ("", "secrets")
RUN = "the-run-of-this-workflow"
MEMBERS = [f"m{number}" for number in range(1, 7)]


def test_verify_hands_its_verdict_on_and_says_no_secret(
    pair: dict[str, FakeApi], rows: Json, tmp_path: pathlib.Path
) -> None:
    awx = Controller(tmp_path, rows, SPECS, one_kubeconfig(pair))
    done = awx.launch("verify", inventory("east", "east", "west").slice(), QUICK).end()
    assert done.code == 0, done.output
    assert done.artifacts["submariner_verdict"] in ("pass", "degraded")
    assert done.hosts == {"localhost", "east", "west"}
    assert all(api.requests for api in pair.values())
    assert "s3cr3t-token" not in json.dumps(done.events) + done.output

    preflight = awx.launch(
        "preflight", inventory("east", "east", "west").slice(), {"submariner_preflight_report_only": "true"}
    ).end()
    assert preflight.code == 0, preflight.output
    assert preflight.artifacts["submariner_findings"]

    stopped = awx.launch("reinstall stopped", inventory("east", "east", "west").slice(), **preflight.artifacts).end()
    assert stopped.code != 0
    assert "launch the workflow again" in " ".join(stopped.output.split())
    # Of a job that failed before it judged anything, the verdict before it says nothing.
    before: Json = {"submariner_verdict": "pass", "submariner_findings": []}
    stopped = awx.launch("reinstall stopped", inventory("east", "east", "west").slice(), **before).end()
    assert "The reinstallation stopped; the job that failed says why. Once" in " ".join(stopped.output.split())


@pytest.fixture
def fleet() -> t.Iterator[dict[str, FakeApi]]:
    """A broker's cluster with the record of a run, and six members from which Submariner is gone."""
    with contextlib.ExitStack() as stack:
        apis = {name: stack.enter_context(FakeApi()) for name in ("hub", *MEMBERS)}
        apis["hub"].cluster.load(
            [
                {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
                to_secret(Record(run_id=RUN, started="2026-01-01T00:00:00Z", verb="reinstall")),
            ]
        )
        yield apis


SLICED: Json = {"submariner_cleanup_nodes": False, "submariner_run_lock_timeout": 20}


def test_a_job_that_was_cancelled_is_followed_by_one_that_ends_its_work(
    fleet: dict[str, FakeApi], rows: Json, tmp_path: pathlib.Path
) -> None:
    hub, member = fleet["hub"], fleet["m1"]
    member.cluster.load([definition("submariner.io", "Gateway", "v1"), obj("v1", "Namespace", "submariner-operator")])
    kind = ("submariner.io", "gateways")
    assert member.cluster.served(kind)
    member.fault(503, verb="delete", path="customresourcedefinitions")
    awx = Controller(tmp_path, rows, SPECS, one_kubeconfig(fleet))
    whole = inventory("hub", "m1")

    def launch() -> Launched:
        return awx.launch("reinstall, part 2: remove members", whole.slice(), submariner_run_id=RUN, **SLICED)

    job = launch()
    wait_until(lambda: bool(member.asked("delete", "customresourcedefinitions")), 120)
    assert hub.cluster.objects(LEASES, NAMESPACE)
    job.cancel()
    cancelled = job.end()
    assert cancelled.status == "canceled", cancelled.output
    # Other runs are kept out no longer, and what must survive has survived.
    wait_until(lambda: not hub.cluster.objects(LEASES, NAMESPACE), 45)
    assert len(hub.cluster.objects(SECRETS, NAMESPACE)) == 1

    member.clear_faults()
    done = launch().end()
    assert (done.status, done.code) == ("successful", 0), done.output
    assert not member.cluster.served(kind)
    assert hub.cluster.objects(LEASES, NAMESPACE) == []
    assert len(hub.cluster.objects(SECRETS, NAMESPACE)) == 1


def wait_until(state: t.Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not state():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_an_empty_slice_ends_well_and_says_so(fleet: dict[str, FakeApi], rows: Json, tmp_path: pathlib.Path) -> None:
    awx = Controller(tmp_path, rows, SPECS, one_kubeconfig(fleet))
    # By name: a record, which is no cluster, makes a slice of its own.
    whole = inventory("m1", "m1", "m2", submariner_unmanaged=["zz-stranger"])
    for part in ("2: remove members", "4: join members"):
        done = awx.launch(f"reinstall, part {part}", whole.slice(3, 3), submariner_run_id=RUN).end()
        assert done.code == 0, done.output
        assert "This slice has no host of the group submariner_members, so there is nothing to do." in " ".join(
            done.output.split()
        )
        assert done.hosts == {"localhost"}


@pytest.mark.parametrize(
    ("handed_on", "variables", "message"),
    [
        ({}, {}, "submariner_run_id is not set"),
        (
            {"submariner_run_id": RUN},
            {"submariner_broker_context": None},
            "does not say how to reach the broker's cluster",
        ),
        (
            {"submariner_run_id": "the-run-of-another-workflow"},
            {},
            f"Another run, {RUN}, came in between",
        ),
        (
            {"submariner_run_id": RUN},
            {"submariner_broker_context": "m2"},
            "There is no record of a run on the broker's cluster",
        ),
    ],
)
def test_a_slice_that_is_no_part_of_a_run_touches_nothing(
    fleet: dict[str, FakeApi], rows: Json, tmp_path: pathlib.Path, handed_on: Json, variables: Json, message: str
) -> None:
    awx = Controller(tmp_path, rows, SPECS, one_kubeconfig(fleet))
    whole = inventory("hub", *MEMBERS)
    whole.variables.update(variables)
    done = awx.launch("reinstall, part 2: remove members", whole.slice(2, 7), **handed_on).end()
    assert done.code != 0
    assert message in " ".join(done.output.replace("\\n", " ").split())
    assert [request for name in MEMBERS if name != "m2" for request in fleet[name].writes] == []
