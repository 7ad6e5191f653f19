# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ansible-playbook shows of a subctl that hangs."""

from __future__ import annotations

import pathlib
import re

import pytest

from tests.unit.fake_api import FakeApi
from tests.unit.roles.test_removal import HEAD, Stage

PRINTED = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJpc3MiOiJrIn0.c2ln"
BROKER = {
    "kubeconfig": "{{ submariner_kubeconfig }}",
    "broker_url": "https://192.0.2.1:6443",
    "check_broker_certificate": False,
    "timeout": 8,
}
LINE = re.compile(
    r"^east: subctl deploy-broker: Deploying the Submariner operator with <hidden>.* \(\d s of 8 s\)$", re.M
)


@pytest.mark.parametrize("quiet", [False, True])
def test_a_broker_that_hangs_in_its_deployment_is_seen_to(
    api: FakeApi, other_api: FakeApi, tmp_path: pathlib.Path, quiet: bool
) -> None:
    stage = Stage(tmp_path, api, other_api)
    stage.subctl = f"echo ' • Deploying the Submariner operator with {PRINTED}  ...' >&2; exec sleep 300"
    deploy = {"submariner.lifecycle.broker": BROKER, "when": "inventory_hostname == 'east'"}
    done = stage.play({**HEAD, "tasks": [deploy]}, submariner_quiet=quiet)
    before, _failed, after = done.stdout.partition("did not end within 8 s")
    assert after, done.stdout
    assert bool(LINE.search(before)) is not quiet, done.stdout
    assert PRINTED not in before
