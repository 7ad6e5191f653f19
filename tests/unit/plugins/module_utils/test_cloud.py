# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `subctl cloud` is called with: the flags of fact sheet 1.3, and what of the options cannot be."""

from __future__ import annotations

import json
import typing as t

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.submariner.lifecycle.plugins.module_utils import _cloud
from ansible_collections.submariner.lifecycle.plugins.module_utils._cloud import CLEANED, PREPARED, PROVIDERS
from ansible_collections.submariner.lifecycle.plugins.module_utils._redact import hide
from ansible_collections.submariner.lifecycle.plugins.modules.subctl_cloud import OPTIONS

EVERYWHERE = {"infra-id", "region", "ocp-metadata"}
OF_PREPARE = {"natt-port", "nat-discovery-port", "vxlan-port", "load-balancer", "gateways", "gateway-instance"}
# Flags of one cloud, for both commands and for prepare alone.
FLAGS: dict[str, tuple[set[str], set[str]]] = {
    "aws": (
        {
            "profile",
            "credentials",
            "control-plane-security-group",
            "worker-security-group",
            "vpc-name",
            "subnet-names",
        },
        set(),
    ),
    "azure": ({"auth-file"}, {"air-gapped"}),
    "gcp": ({"project-id", "credentials"}, set()),
    "rhos": ({"project-id", "cloud-entry"}, set()),
}
SAMPLES: dict[str, t.Any] = {"str": "x", "path": "/x", "int": 7, "bool": True, "list": ["x", "y"]}
ALL = {name: SAMPLES[option["type"]] for name, option in OPTIONS.items()}
ENOUGH = {"infra_id": "i", "region": "r", "project_id": "p", "credentials": "/c"}


def flags(state: str, provider: str) -> set[str]:
    words = _cloud.arguments(state, provider, ALL)
    assert words[:3] == ["cloud", "prepare" if state == PREPARED else "cleanup", provider]
    assert all(word.startswith("--") for word in words[3:])
    return {word[2:].split("=")[0] for word in words[3:]}


@pytest.mark.parametrize("provider", FLAGS)
def test_every_flag_of_a_cloud_can_be_given_and_no_other(provider: str) -> None:
    both, prepare = FLAGS[provider]
    assert flags(PREPARED, provider) == EVERYWHERE | OF_PREPARE | both | prepare
    assert flags(CLEANED, provider) == EVERYWHERE | both


def test_the_clouds_are_those_of_subctl() -> None:
    assert set(PROVIDERS) == set(FLAGS)
    assert set(OPTIONS) == {*_cloud.COMMON, *_cloud.SPECIAL}


def test_a_list_is_one_word_and_what_is_not_set_is_left_to_subctl() -> None:
    options = {**dict.fromkeys(OPTIONS), "subnet_names": ["a", "b"], "gateways": 0, "load_balancer": False}
    assert _cloud.arguments(PREPARED, "aws", options) == [
        "cloud",
        "prepare",
        "aws",
        "--subnet-names=a,b",
        "--gateways=0",
    ]


def test_what_openstack_takes_by_the_environment() -> None:
    options = {"credentials": "/c/clouds.yaml", "region": "one"}
    assert _cloud.environment("rhos", options) == {"OS_CLIENT_CONFIG_FILE": "/c/clouds.yaml", "OS_REGION_NAME": "one"}
    assert _cloud.environment("aws", options) == {}


@pytest.mark.parametrize(
    ("provider", "options", "said"),
    [
        ("aws", {"region": "r"}, ["aws needs infra_id (ocp_metadata would tell infra_id and region)"]),
        ("gcp", {"infra_id": "i", "region": "r"}, ["gcp needs project_id"]),
        ("azure", {"ocp_metadata": "/m"}, ["azure needs credentials"]),
        ("rhos", {"ocp_metadata": "/m"}, ["rhos needs region"]),
        ("gcp", {**ENOUGH, "vpc_name": "v"}, ["vpc_name is an option of aws, not of gcp"]),
        ("aws", {**ENOUGH}, ["project_id is an option of gcp and rhos, not of aws"]),
        ("gcp", {**ENOUGH, "nattport": 70000}, ["nattport is 70000, and a port is from 1 to 65535"]),
        ("gcp", ENOUGH, []),
        ("rhos", ENOUGH, []),
        ("aws", {"ocp_metadata": "/m"}, []),
    ],
)
def test_what_cannot_be_is_named(provider: str, options: dict[str, t.Any], said: list[str]) -> None:
    found = _cloud.problems(PREPARED, provider, options)
    assert len(found) == len(said)
    assert all(words in line for words, line in zip(said, found, strict=True))


WORDS = st.text(st.characters(codec="ascii", categories=("Lu", "Ll", "Nd")), min_size=8, max_size=40)


@given(secret=WORDS)
def test_secrets_of_a_file_are_found_however_it_is_written(secret: str) -> None:
    for content in (
        f"[default]\naws_access_key_id = {secret}\n",
        f"[default]\naws_secret_access_key={secret}\nregion = eu\n",
        json.dumps({"clientId": "x", "clientSecret": secret, "tenantId": "y"}),
        yaml.safe_dump({"clouds": {"openstack": {"auth": {"username": "x", "password": secret}}}}),
        yaml.safe_dump({"application_credential_secret": secret}, default_style='"'),
    ):
        assert secret in _cloud.secrets_in(content), content
        assert secret not in hide(f"cannot log in with {secret}.", _cloud.secrets_in(content))


@given(content=st.text(max_size=400))
def test_any_file_can_be_looked_through(content: str) -> None:
    assert all(_cloud.secrets_in(content))
