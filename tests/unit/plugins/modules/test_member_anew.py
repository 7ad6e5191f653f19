# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module member joins an installation anew: what is asked for changes, and nothing else that is not said."""

from __future__ import annotations

import pathlib

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
