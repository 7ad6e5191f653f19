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
import yaml

from ansible_collections.submariner.lifecycle.plugins.module_utils._own_namespace import NAMESPACE
from ansible_collections.submariner.lifecycle.plugins.module_utils._run_record import Record, to_secret
from ansible_collections.submariner.lifecycle.plugins.plugin_utils import _journal
from ansible_collections.submariner.lifecycle.plugins.plugin_utils._report import begin, recorded
from tests.awx.runner import Controller, Launched
from tests.unit.awx_jobs import Fleet
from tests.unit.awx_setup import ROOT, tables
from tests.unit.cleaning import definition, obj
from tests.unit.clusterset import Clusterset
from tests.unit.fake_api import FakeApi

Json = dict[str, t.Any]

SPECS = [yaml.safe_load(path.read_text()) for path in sorted(ROOT.glob("roles/*/meta/argument_specs.yml"))]
QUICK = {"submariner_verify_timeout": 0, "submariner_verify_window": 0, "submariner_verify_data_path": "false"}
LEASES, SECRETS = ("coordination.k8s.io", "leases"), ("", "secrets")
RUN = "the-run-of-this-workflow"
MEMBERS = [f"m{number}" for number in range(1, 7)]


def one_kubeconfig(apis: dict[str, FakeApi]) -> str:
    """What the credential holds: a context for each cluster."""
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": next(iter(apis)),
            "clusters": [{"name": name, "cluster": {"server": api.url}} for name, api in apis.items()],
            "users": [{"name": name, "user": {"token": "s3cr3t-token"}} for name in apis],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name in apis],
        }
    )


def inventory(broker: str, *members: str, **others: list[str]) -> Fleet:
    """As the plugin makes it for AWX: contexts, and nothing of the kubeconfig."""
    names = dict.fromkeys([broker, *members])
    hosts: dict[str, Json] = {name: {"submariner_context": name, "submariner_cluster_id": name} for name in names}
    hosts |= {name: {} for group in others.values() for name in group}
    groups = {"submariner_broker": [broker], "submariner_members": list(members), **others}
    return Fleet(
        hosts,
        groups,
        {"submariner_broker_context": broker, "ansible_python_interpreter": "{{ ansible_playbook_python }}"},
    )


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Json:
    return tables(tmp_path_factory.mktemp("tables"), submariner_awx_broker="hub")


@pytest.fixture
def pair(tmp_path: pathlib.Path) -> t.Iterator[dict[str, FakeApi]]:
    with FakeApi() as east, FakeApi() as west:
        clusterset = Clusterset(east, west, tmp_path)
        clusterset.live()
        yield {"east": east, "west": west}
        clusterset.die()


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


def test_three_slices_of_six_members_work_at_once_under_one_lock(
    fleet: dict[str, FakeApi], rows: Json, tmp_path: pathlib.Path
) -> None:
    awx = Controller(tmp_path, rows, SPECS, one_kubeconfig(fleet))
    whole = inventory("hub", *MEMBERS)
    shared = tmp_path / "shared"
    begin(str(shared), "reinstall", check=False)
    recorded(str(shared), RUN, "2026-01-01T00:00:00Z", continued=False)
    given: Json = {**SLICED, "submariner_run_id": RUN, "submariner_report_dir": str(shared)}
    jobs = [awx.launch("reinstall, part 2: remove members", whole.slice(number, 3), **given) for number in (1, 2, 3)]
    ended = [job.end() for job in jobs]
    assert [job.code for job in ended] == [0, 0, 0], "\n".join(job.output for job in ended)
    seen = [job.hosts - {"localhost"} for job in ended]
    assert sorted(host for hosts in seen for host in hosts) == MEMBERS
    steps = _journal.read(str(shared / _journal.NAME))[1]
    assert sorted({step["host"] for step in steps if step["step"] == "cleanup"}) == MEMBERS
    hub = fleet["hub"].cluster
    assert len(hub.objects(SECRETS, NAMESPACE)) == 1
    # The last job to end has given the lock back.
    assert hub.objects(LEASES, NAMESPACE) == []
    leases = [r.body["metadata"] for r in fleet["hub"].writes if "/leases" in r.path and r.verb in ("create", "update")]
    taken = {lease["annotations"]["submariner.lifecycle/run-id"] for lease in leases}
    assert taken == {RUN}


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
