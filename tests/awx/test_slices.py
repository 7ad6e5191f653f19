# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs at once on one clusterset: slices of one run, which share its lock, and another run, which is kept out."""

from __future__ import annotations

import pathlib
import re
import time

from ansible_collections.submariner.lifecycle.plugins.module_utils._own_namespace import NAMESPACE
from ansible_collections.submariner.lifecycle.plugins.plugin_utils import _journal
from ansible_collections.submariner.lifecycle.plugins.plugin_utils._report import begin, recorded
from tests.awx.clustersets import URL, Clusterset
from tests.awx.fleets import SPECS, Json, inventory, one_kubeconfig
from tests.awx.runner import Controller
from tests.unit.clusterset import SUBMARINERS

LEASES, SECRETS = ("coordination.k8s.io", "leases"), ("", "secrets")
RUN = "the-run-of-this-workflow"
GIVEN: Json = {
    "submariner_air_gapped": True,
    "submariner_broker_url": URL,
    "submariner_cable_driver": "vxlan",
    "submariner_cleanup_nodes": False,
    "submariner_join_ready_timeout": 60,
    "submariner_natt": False,
    "submariner_preflight_reach": False,
    "submariner_version": "0.19.0",
}


def test_three_slices_of_six_members_work_at_once_under_one_lock(rows: Json, tmp_path: pathlib.Path) -> None:
    shared = tmp_path / "shared"
    begin(str(shared), "reinstall", check=False)
    recorded(str(shared), RUN, "2026-01-01T00:00:00Z", continued=False)
    with Clusterset(tmp_path, 6, RUN) as clusterset:
        awx = Controller(tmp_path, rows, SPECS, one_kubeconfig(clusterset.apis))
        whole = inventory(clusterset.hub, *clusterset.members)
        given = {
            **GIVEN,
            "submariner_report_dir": str(shared),
            "submariner_run_id": RUN,
            "submariner_run_lock_timeout": 20,
            "submariner_subctl_path": str(clusterset.subctl),
        }

        def in_slices(part: str) -> list[set[str]]:
            jobs = [awx.launch(f"reinstall, part {part}", whole.slice(number, 3), **given) for number in (1, 2, 3)]
            ended = [job.end() for job in jobs]
            assert [job.code for job in ended] == [0, 0, 0], "\n".join(job.output for job in ended)
            # What a slice says is of its own members, and no verdict on the fleet.
            assert all("submariner_verdict" not in job.artifacts for job in ended)
            assert all(("Removal from this slice: " in job.output) is ("remove" in part) for job in ended)
            return [job.hosts - {"localhost"} for job in ended]

        assert clusterset.installed() == clusterset.members
        removed = in_slices("2: remove members")
        assert clusterset.installed() == []
        clusterset.forget_members()
        joined = in_slices("4: join members")
        assert clusterset.installed() == sorted(clusterset.joined) == clusterset.members

        assert removed == joined
        assert sorted(host for hosts in joined for host in hosts if host != clusterset.hub) == clusterset.members
        hub = clusterset.apis[clusterset.hub]
        assert len(hub.cluster.objects(SECRETS, NAMESPACE)) == 1
        # The last job to end has given the lock back.
        assert hub.cluster.objects(LEASES, NAMESPACE) == []
        leases = [r.body["metadata"] for r in hub.writes if "/leases" in r.path and r.verb in ("create", "update")]
        assert {lease["annotations"]["submariner.lifecycle/run-id"] for lease in leases} == {RUN}
    steps = _journal.read(str(shared / _journal.NAME))[1]
    for step in ("cleanup", "member"):
        assert sorted({one["host"] for one in steps if one["step"] == step}) == clusterset.members


def test_another_run_beside_a_job_is_refused_and_told_of_it(rows: Json, tmp_path: pathlib.Path) -> None:
    with Clusterset(tmp_path, 1, RUN) as clusterset:
        (member,) = clusterset.members
        hub, held_up = clusterset.apis[clusterset.hub], clusterset.apis[member]
        held_up.fault(503, verb="delete", path="customresourcedefinitions")
        awx = Controller(tmp_path, rows, SPECS, one_kubeconfig(clusterset.apis))
        whole = inventory(clusterset.hub, member).slice()
        given = {**GIVEN, "submariner_subctl_path": str(clusterset.subctl)}
        first = awx.launch("reinstall, part 2: remove members", whole, submariner_run_id=RUN, **given)
        deadline = time.monotonic() + 180
        while not held_up.asked("delete", "customresourcedefinitions"):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        before = hub.cluster.objects(SECRETS, NAMESPACE)
        confirmed = {"submariner_confirm": "reinstall"}
        second = awx.launch("reinstall", whole, confirmed, submariner_run_lock_timeout=2, **given).end()
        assert second.code != 0
        holder = rf"Another run holds the lock of this fleet: \S+, process \d+, reinstall, run {RUN}, since "
        assert re.search(holder, " ".join(second.output.split())), second.output
        assert hub.cluster.objects(SECRETS, NAMESPACE) == before
        assert held_up.cluster.served(SUBMARINERS)
        held_up.clear_faults()
        done = first.end()
        assert done.code == 0, done.output
        assert not held_up.cluster.served(SUBMARINERS)
