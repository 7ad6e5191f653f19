# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ServiceImports of others outlive a removal, although Submariner's own uninstall deletes whatever import there is."""

from __future__ import annotations

import threading
import typing as t

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils import _removal, _watching
from ansible_collections.submariner.lifecycle.plugins.module_utils._blast_radius import radius
from ansible_collections.submariner.lifecycle.plugins.module_utils._observe import snapshot_of
from tests.unit.cleaning import OPERATOR, Cleaning, labels, obj
from tests.unit.fake_api import recording

Json = dict[str, t.Any]
MCS = "multicluster.x-k8s.io/v1alpha1"
IMPORTS = ("multicluster.x-k8s.io", "serviceimports")
DEPLOYMENTS, PODS = ("apps", "deployments"), ("", "pods")
RESOURCES = (("submariner.io", "submariners"), ("submariner.io", "servicediscoveries"))
THEIRS = obj(MCS, "ServiceImport", "theirs", "shop", spec={"type": "ClusterSetIP"})
OURS = obj(
    MCS, "ServiceImport", "web", "shop", annotations={"lighthouse.submariner.io/use-clusterset-ip": "false"}, spec={}
)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_removal, "LOOK", 0.2)
    monkeypatch.setattr(_watching, "GAP", 0.02)


def operate(cleaning: Cleaning) -> None:
    """An operator that works while it is wanted: resources that go take all imports with them; and its pods."""
    cluster = cleaning.api.cluster

    def step() -> None:
        wanted = [d for d in cluster.objects(DEPLOYMENTS, OPERATOR) if d["metadata"]["name"] == OPERATOR]
        if wanted and wanted[0]["spec"]["replicas"] == 0:
            for pod in cluster.objects(PODS, OPERATOR):
                if pod["metadata"].get("labels", {}).get("name") == OPERATOR:
                    cluster.delete(PODS, OPERATOR, pod["metadata"]["name"])
            return
        for kind in RESOURCES:
            for body in cluster.objects(kind):
                if body["metadata"].get("deletionTimestamp"):
                    for found in cluster.objects(IMPORTS):
                        cluster.delete(IMPORTS, found["metadata"]["namespace"], found["metadata"]["name"])
                    body["metadata"]["finalizers"] = []
                    cluster.replace(kind, body, OPERATOR, body["metadata"]["name"])

    def work() -> None:
        while not cleaning.api.stopping.wait(0.05):
            step()

    threading.Thread(target=work, daemon=True).start()


def test_the_operator_is_stopped_first_and_imports_of_others_stay(cleaning: Cleaning) -> None:
    cleaning.load(*recording("installed", "west"), THEIRS, OURS)
    operate(cleaning)
    planned = cleaning.run(check=True)
    assert "ServiceImport shop/theirs" in labels(planned["kept"])
    said = [f for f in planned["findings"] if f["id"] == "operator.kept-out"]
    assert ["shop/theirs" in f["cause"] for f in said] == [True]
    outcome = cleaning.run()
    assert (outcome.failed, outcome["remaining"]) == (False, []), outcome.msg
    assert cleaning.names(IMPORTS) == ["theirs"]
    assert cleaning.get(IMPORTS, "theirs", "shop")["metadata"]["uid"] == THEIRS["metadata"]["uid"]
    assert cleaning.run().changed is False


def test_without_imports_of_others_the_operator_does_its_part(cleaning: Cleaning) -> None:
    cleaning.load(*recording("installed", "west"), OURS)
    operate(cleaning)
    outcome = cleaning.run()
    assert (outcome.failed, outcome["remaining"]) == (False, []), outcome.msg
    assert not [r for r in cleaning.api.writes if r.path.endswith("/scale")]
    assert cleaning.names(IMPORTS) == []


def test_subctls_uninstall_would_delete_them() -> None:
    snapshot = snapshot_of([*recording("installed", "west"), THEIRS, OURS])
    told = [f.subject for f in radius(snapshot, [], "west", with_broker=True) if f.id == "subctl.would-delete"]
    assert [subject for subject in told if "ServiceImport" in subject] == ["ServiceImport shop/theirs"]
