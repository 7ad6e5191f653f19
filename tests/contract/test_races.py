# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""submariner#3411: the next command comes while the namespace is still going, and hangs."""

from __future__ import annotations

from tests.contract.bench import BROKER, OPERATOR, PATIENCE, Bench


def test_join_right_after_uninstall_hangs(joined: Bench) -> None:
    assert joined.uninstall("west").code == 0
    joined.label_gateway("west")
    ran = joined.join("west", patience=PATIENCE)
    assert ran.code is None, ran.err
    assert ran.err.rstrip().splitlines()[-1] == " • Deploying the Submariner operator  ..."


def test_the_interrupted_join_leaves_rights_and_no_namespace(joined: Bench) -> None:
    joined.await_gone("west")
    assert len(joined.crds("west", ".submariner.io")) == 3
    assert len([name for name in joined.names("west", "clusterroles", "") if name.startswith("submariner-")]) == 7
    assert joined.gateway_labels("west") == [joined.nodes("west")[0]]


def test_deploy_broker_right_after_uninstall_hangs(joined: Bench) -> None:
    # The interrupted join made no Endpoint, so nothing but east's own keeps the broker.
    assert joined.uninstall("east").code == 0
    before = sorted(path.name for path in joined.folder.iterdir())
    ran = joined.deploy_broker(patience=PATIENCE)
    assert ran.code is None, ran.err
    assert ran.err.rstrip().splitlines()[-1] == " • Deploying the Submariner operator  ..."
    assert sorted(path.name for path in joined.folder.iterdir()) == before


def test_the_interrupted_deploy_broker_leaves_rights_and_no_namespace(joined: Bench) -> None:
    joined.await_gone("east", BROKER)
    joined.await_gone("east", OPERATOR)
    assert len(joined.crds("east", ".submariner.io")) == 3
    assert len([name for name in joined.names("east", "clusterroles", "") if name.startswith("submariner-")]) == 7
