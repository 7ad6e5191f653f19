# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""submariner#3411: the next command comes while the namespace is still going.

It hangs until its limit of 10 min, for the Deployment that it waits for goes with the namespace. On a busy machine it
may come a few seconds later and be refused instead. It never succeeds.
"""

from __future__ import annotations

from tests.contract.bench import OPERATOR, PATIENCE, Bench, Ran

REFUSED = ("because it is being terminated", f'namespaces "{OPERATOR}" not found')


def assert_hung_or_refused(ran: Ran) -> None:
    if ran.code is None:
        assert ran.err.rstrip().splitlines()[-1] == " • Deploying the Submariner operator  ..."
    else:
        assert ran.code == 1
        assert any(reason in ran.err for reason in REFUSED), ran.err


def assert_rights_without_namespace(bench: Bench, cluster: str) -> None:
    bench.await_gone(cluster)
    assert bench.crds(cluster, ".submariner.io") >= {"brokers.submariner.io", "submariners.submariner.io"}
    assert any(name.startswith("submariner-") for name in bench.names(cluster, "clusterroles", ""))


def test_join_right_after_uninstall_does_not_succeed(joined: Bench) -> None:
    assert joined.uninstall("west").code == 0
    joined.label_gateway("west")
    assert_hung_or_refused(joined.join("west", patience=PATIENCE))


def test_the_interrupted_join_leaves_rights_and_the_label_and_no_namespace(joined: Bench) -> None:
    assert_rights_without_namespace(joined, "west")
    assert joined.gateway_labels("west") == [joined.nodes("west")[0]]


def test_deploy_broker_right_after_uninstall_does_not_succeed(joined: Bench) -> None:
    # The interrupted join made no Endpoint, so nothing but east's own keeps the broker.
    assert joined.uninstall("east").code == 0
    before = sorted(path.name for path in joined.folder.iterdir())
    assert_hung_or_refused(joined.deploy_broker(patience=PATIENCE))
    assert sorted(path.name for path in joined.folder.iterdir()) == before


def test_the_interrupted_deploy_broker_leaves_rights_and_no_namespace(joined: Bench) -> None:
    assert_rights_without_namespace(joined, "east")
