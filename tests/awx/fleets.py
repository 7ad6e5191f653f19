# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What jobs are given of a fleet: its inventory, and one kubeconfig for all clusters."""

from __future__ import annotations

import json
import typing as t

import yaml

from tests.unit.awx_jobs import Fleet
from tests.unit.awx_setup import ROOT
from tests.unit.fake_api import FakeApi

Json = dict[str, t.Any]

SPECS = [yaml.safe_load(path.read_text()) for path in sorted(ROOT.glob("roles/*/meta/argument_specs.yml"))]
"""What the roles document, of which surveys are made."""


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
