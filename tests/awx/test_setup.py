# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook awx_setup with all rows of its tables; `make test` takes a few of them."""

from __future__ import annotations

import json
import pathlib

from tests.unit.awx_setup import PLAYBOOKS, Setup, changed, tables
from tests.unit.fake_awx import FakeAwx


def number(awx: FakeAwx, name: str) -> int:
    return next(number for number, row in awx.objects["job_templates"].items() if row["name"] == name)


def test_all_is_made_once_and_taken_back(tmp_path: pathlib.Path) -> None:
    with FakeAwx(PLAYBOOKS) as awx:
        setup = Setup(awx, tmp_path)
        before = awx.everything()
        assert changed(setup.run()) > 0
        rows = tables(tmp_path)
        assert awx.names("job_templates") == sorted(row["name"] for row in rows["job_templates"])
        reinstall = awx.surveys["job_templates", number(awx, "Submariner reinstall")]["spec"][0]
        assert reinstall["question_description"] == "The verb of the playbook, as a promise that it is meant."
        evict = awx.surveys["job_templates", number(awx, "Submariner evict")]["spec"][1]
        assert evict["question_description"].startswith("evict allows")
        assert awx.names("workflow_job_template_nodes") == sorted(n["identifier"] for n in rows["workflow_nodes"])
        after, written = awx.everything(), len(awx.writes)
        for options in ((), ("--check",)):
            assert changed(setup.run(*options)) == 0
            assert (awx.writes[written:], awx.everything()) == ([], after)
        # What a later version does not want any more goes; the rest stays.
        few = [node for node in rows["workflow_nodes"] if node["identifier"] != "approve"]
        few[0]["success"] = ["begin"]
        assert changed(setup.run("-e", json.dumps({"__awx_workflow_nodes": few}), submariner_awx_verify_rrule="")) > 0
        assert awx.names("schedules") == awx.names("workflow_approval_templates") == []
        assert changed(setup.run(submariner_awx_state="absent", submariner_confirm="awx_setup")) > 0
        assert awx.everything() == before
