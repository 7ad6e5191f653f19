# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every module that takes authentication options uses them: for its own cluster, and others for other clusters."""

from __future__ import annotations

import importlib
import pathlib
import typing as t
from unittest import mock

import pytest
import yaml
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.kubernetes.core.plugins.module_utils.args_common import AUTH_ARG_SPEC

from ansible_collections.submariner.lifecycle.plugins.module_utils import _own_pods as own_pods
from tests.unit.certificates import Authority
from tests.unit.fake_api import FakeApi, recording
from tests.unit.plugins.modules.test_member import broker_side, record
from tests.unit.rules.test_modules import group
from tests.unit.run_module import run_module

Json = dict[str, t.Any]
ROOT = pathlib.Path(__file__).parents[4]
TOKEN, OTHER_TOKEN = "token-of-the-member", "token-of-the-broker"
PLACEHOLDERS: Json = {"str": "x", "list": ["x"], "dict": {}, "int": 1, "float": 0.1, "bool": False, "path": "/x"}
ALL: Json = {"cluster_id": "west", "timeout": 1, "window": 0}
"""Set where a module has such an option: it shall say what it sees and end."""
CALLS: dict[str, Json] = {
    "cleanup": {"departure": "retire"},
    "evict": {"clusters": [{"cluster_id": "west"}]},
    "gather": {"timeout": 10},
    "port_probe": {"state": "absent"},
    "run_record": {"state": "begun", "run_id": "x"},
    "second_opinion": {"opinions": ["verify"], "subctl": "/bin/true"},
    "subctl_cloud": {"infra_id": "x", "region": "x"},
}
"""Where the required options alone do not make a module ask every cluster."""
NOT_IN_CHECK_MODE = ("second_opinion",)
ON_DEMAND = ("data_path", "repair")
"""They ask a cluster only when there is something to do there; their own tests see to that."""


def argument_spec(module: t.Any) -> Json:
    """What a module's main() gives to AnsibleModule."""
    seen: list[Json] = []

    def note(_self: object, argument_spec: Json, **_options: t.Any) -> t.NoReturn:
        seen.append(argument_spec)
        raise SystemExit

    with mock.patch.object(AnsibleModule, "__init__", note), pytest.raises(SystemExit):
        module.main()
    return seen[0]


WITH_MEMBERS_TOKEN, MEMBERS_TOKEN = ("wait_for_connections",), "<redacted-token>"
"""What asks the broker, too, with the token that stands in the recorded member's Submariner resource."""


def foreign(spec: Json, auth: Json) -> Json:
    """Values for the options that say how other clusters are reached."""
    found: Json = {}
    for name, option in spec.items():
        inner = option.get("options") or {}
        if "kubeconfig" in inner:
            found[name] = auth
        elif "auth" in inner:
            found[name] = [{"cluster_id": "other", "auth": auth}]
    return found


def arguments(name: str, spec: Json, own: Json) -> Json:
    required = {
        key: (option.get("choices") or [PLACEHOLDERS[option.get("type", "str")]])[0]
        for key, option in spec.items()
        if option.get("required")
    }
    return {**required, **{key: ALL[key] for key in ALL if key in spec}, **CALLS.get(name, {}), **own}


@pytest.mark.parametrize("name", [name for name in group() if name not in ON_DEMAND])
def test_a_module_reaches_each_cluster_as_it_was_told(
    name: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_pods, "START_LIMIT", 0.5)  # no kubelet is here that would start one
    authority = Authority(tmp_path)
    module = importlib.import_module(f"ansible_collections.submariner.lifecycle.plugins.modules.{name}")
    spec = argument_spec(module)
    with FakeApi(tls=authority.server()) as member, FakeApi(tls=authority.server()) as other:
        member.admits = lambda r: r.authorization == f"Bearer {TOKEN}" and r.acting_as == ["reader", "one", "two"]
        tokens = {OTHER_TOKEN, *([MEMBERS_TOKEN] if name in WITH_MEMBERS_TOKEN else [])}
        other.admits = lambda r: r.authorization.removeprefix("Bearer ") in tokens and r.acting_as == []
        member.cluster.load(recording("installed", "west"))
        other.cluster.load([*broker_side(), record()])
        own = {
            "host": member.url,
            "api_key": TOKEN,
            "ca_cert": authority.ca,
            "impersonate_user": "reader",
            "impersonate_groups": ["one", "two"],
        }
        others = foreign(spec, {"host": other.url, "api_key": OTHER_TOKEN, "ca_cert": authority.ca})
        outcome = run_module(module.main, {**arguments(name, spec, own), **others}, check=name not in NOT_IN_CHECK_MODE)
        assert member.requests, outcome.msg
        assert bool(other.requests) == bool(others), outcome.msg
        for api in (member, other):
            assert [r.path for r in api.requests if r.status == 401] == [], outcome.msg


def test_the_role_hands_on_every_option() -> None:
    variables = yaml.safe_load((ROOT / "roles" / "common" / "vars" / "main.yml").read_text())
    for name, prefix in (("__submariner_own", ""), ("__submariner_broker_own", "broker_")):
        wanted = {o: f"{{{{ submariner_{prefix}{o} | default(none) }}}}" for o in AUTH_ARG_SPEC}
        assert variables[name] == wanted
