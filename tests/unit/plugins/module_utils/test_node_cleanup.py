# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of a node on which commands ran, and from which no answer came."""

from __future__ import annotations

import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils._dataplane import Chain, Link, NodeReading, Ruleset
from ansible_collections.submariner.lifecycle.plugins.module_utils._node_access import NodeTrouble, Visit
from ansible_collections.submariner.lifecycle.plugins.module_utils._node_cleanup import report, treat
from ansible_collections.submariner.lifecycle.plugins.module_utils._node_plan import Known


class Slow(Visit):
    """Loses the answer to what it was told to run."""

    ran = False

    def _shell(self, body: str) -> str:
        raise AssertionError(body)

    def read(self) -> NodeReading:
        chains = () if self.ran else (Chain("nat", "SUBMARINER-POSTROUTING", False),)
        return NodeReading(
            rulesets=(Ruleset("iptables-nft", 4, "nft", chains),), links=(Link("vx-submariner", "vxlan", 100),)
        )

    def run(self, commands: t.Sequence[t.Sequence[str]]) -> list[str]:
        self.ran = True
        raise NodeTrouble("A command did not end within 60 s.")


def test_what_went_before_the_answer_was_lost_counts_as_removed() -> None:
    told = report([treat(Slow("west-worker"), Known(), apply=True, force=False)], {})
    assert [entry["kind"] for entry in told["removed"]] == ["chain"]
    assert [(entry["kind"], entry["cause"]) for entry in told["remaining"]] == [
        ("link", "A command did not end within 60 s.")
    ]
    assert told["verdict"] == "fail"
