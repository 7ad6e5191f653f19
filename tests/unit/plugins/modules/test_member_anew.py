# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module member joins an installation anew: what is asked for changes, and nothing else that is not said."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from tests.unit.fake_api import FakeApi
from tests.unit.fake_subctl import FakeSubctl
from tests.unit.plugins.modules.test_member import broker_side, installed, record, run


@pytest.fixture
def broker_api(other_api: FakeApi) -> FakeApi:
    other_api.cluster.load([*broker_side(), record()])
    return other_api


def test_what_is_left_open_stays_as_it_is_when_something_else_is_changed(
    api: FakeApi, broker_api: FakeApi, tmp_path: pathlib.Path
) -> None:
    """A new PSK, say, must not bring another cable driver along that nobody was told of."""
    dns = {"namespace": "site", "configMapName": "dns"}
    items = installed(clusterCIDR="10.9.0.0/16", coreDNSCustomConfig=dns, customDomains=["a.b"])
    api.cluster.load(items)
    with FakeSubctl(tmp_path, lambda: None) as subctl:
        outcome = run(api, broker_api, tmp_path, subctl, nattport=4501, cluster_cidr="")
    flags = {word for word in subctl.arguments if word.startswith("--")}
    assert {"--nattport=4501", "--cable-driver=vxlan", "--clustercidr=10.9.0.0/16"} <= flags
    assert "--coredns-custom-configmap=site/dns" in flags
    assert not [flag for flag in flags if flag.startswith("--custom-domains")]
    assert [d["setting"] for d in outcome["differences"]] == ["the broker's custom domains", "nattport"]


def test_images_that_a_join_anew_would_take_back_are_named(
    api: FakeApi, broker_api: FakeApi, tmp_path: pathlib.Path
) -> None:
    images = {"submariner-gateway": "registry.example.com/gw:1"}
    api.cluster.load(installed(imageOverrides=images))
    assert not run(api, broker_api, tmp_path, check=True).changed
    outcome = run(api, broker_api, tmp_path, check=True, nattport=4501)
    assert outcome["differences"][1] == {"setting": "image_override", "have": images, "want": {}}


@pytest.mark.parametrize(
    ("components", "enabled", "asked", "said"),
    [
        (
            ["connectivity"],
            "false",
            {"enable_clusterset_ip": True},
            "no service discovery, so the enable_clusterset_ip",
        ),
        (["connectivity"], "false", {"clusterset_ip_cidr": "243.9.0.0/20"}, "so the clusterset_ip_cidr of west is not"),
        (
            ["connectivity", "service-discovery"],
            "true",
            {"enable_clusterset_ip": False},
            "outranks enable_clusterset_ip",
        ),
    ],
)
def test_clusterset_ips_that_a_join_would_not_make_so_are_no_difference(
    api: FakeApi,
    other_api: FakeApi,
    tmp_path: pathlib.Path,
    components: list[str],
    enabled: str,
    asked: dict[str, t.Any],
    said: str,
) -> None:
    """Else each run would join anew, with an uninstall first."""
    items = broker_side()
    for item in items:
        if item["kind"] == "Broker":
            item["spec"].update(components=components)
        elif item["metadata"]["name"] == "submariner-clustersetip-info":
            item["data"]["clustersetIPEnabled"] = enabled
    other_api.cluster.load([*items, record()])
    have: dict[str, t.Any] = {"serviceDiscoveryEnabled": len(components) > 1}
    if enabled == "true":
        have["clustersetIPEnabled"] = True
    api.cluster.load(installed(**have))
    outcome = run(api, other_api, tmp_path, check=True, **asked)
    assert not outcome.changed, outcome["differences"]
    assert said in str(outcome.result["warnings"])


def test_domains_in_another_order_are_the_same(api: FakeApi, broker_api: FakeApi, tmp_path: pathlib.Path) -> None:
    api.cluster.load(installed(customDomains=["b.example", "a.example"]))
    assert not run(api, broker_api, tmp_path, check=True, custom_domains=["a.example", "b.example"]).changed
    assert run(api, broker_api, tmp_path, check=True, custom_domains=["a.example"]).changed
