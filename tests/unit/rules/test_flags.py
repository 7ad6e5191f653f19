# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every flag of deploy-broker and join (submariner.md 1.3) is an option of a module and of a role, or left out on purpose."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.submariner.lifecycle.plugins.module_utils import _broker
from ansible_collections.submariner.lifecycle.plugins.module_utils._member import join_arguments
from ansible_collections.submariner.lifecycle.plugins.modules import broker, member
from tests.simulator.subctl import deploybroker, join
from tests.simulator.subctl.contexts import flags as of_every_command

ROOT = pathlib.Path(__file__).parents[3]

# Flag -> (type, default) as the fact sheet has them; None: subctl finds it out.
DEPLOY_BROKER: dict[str, tuple[str, t.Any]] = {
    "globalnet": ("bool", False),
    "globalnet-cidr-range": ("str", "242.0.0.0/8"),
    "globalnet-cluster-size": ("int", 65536),
    "ipsec-psk-from": ("str", None),
    "custom-domains": ("list", None),
    "components": ("list", "service-discovery,connectivity"),
    "repository": ("str", "quay.io/submariner"),
    "version": ("str", None),
    "operator-debug": ("bool", False),
    "broker-url": ("str", None),
    "enable-clusterset-ip": ("bool", False),
    "clusterset-ip-cidr-range": ("str", "243.0.0.0/8"),
    "http-proxy": ("str", ""),
    "https-proxy": ("str", ""),
    "no-proxy": ("str", ""),
    "namespace": ("str", "submariner-k8s-broker"),
}
JOIN: dict[str, tuple[str, t.Any]] = {
    "clusterid": ("str", None),
    "servicecidr": ("str", None),
    "clustercidr": ("str", None),
    "repository": ("str", None),
    "version": ("str", None),
    "image-override": ("dict", None),
    "label-gateway": ("bool", True),
    "globalnet": ("bool", True),
    "globalnet-cidr": ("str", None),
    "globalnet-cluster-size": ("int", 0),
    "custom-domains": ("list", None),
    "coredns-custom-configmap": ("str", ""),
    "enable-clusterset-ip": ("bool", False),
    "clusterset-ip-cidr": ("str", None),
    "pod-debug": ("bool", False),
    "ipsec-debug": ("bool", False),
    "operator-debug": ("bool", False),
    "cable-driver": ("str", "libreswan"),
    "nattport": ("int", 4500),
    "natt": ("bool", True),
    "preferred-server": ("bool", False),
    "force-udp-encaps": ("bool", False),
    "load-balancer": ("bool", False),
    "air-gapped": ("bool", False),
    "health-check": ("bool", True),
    "health-check-interval": ("int", 1),
    "health-check-max-packet-loss-count": ("int", 5),
    "ignore-requirements": ("bool", False),
    "check-broker-certificate": ("bool", True),
    "broker-url": ("str", None),
    "http-proxy": ("str", ""),
    "https-proxy": ("str", ""),
    "no-proxy": ("str", ""),
}
# Flag -> the option that stands for it under another name.
NAMED_OTHERWISE = {
    "clusterid": "cluster_id",
    "clustercidr": "cluster_cidr",
    "servicecidr": "service_cidr",
    "no-proxy": "no_proxy_hosts",
    "namespace": "broker_namespace",
}
# Flag -> why no option has its name: what is done instead.
LEFT_OUT = {
    ("deploy-broker", "ipsec-psk-from"): "always given, from the record of the run, so that no PSK is made by the way",
    ("join", "label-gateway"): "always false: the option gateway_nodes labels before, since subctl would ask",
    ("join", "broker-url"): "the option broker_url goes into the broker info, which then has no second address",
}
# Option of a role -> its name there, where that differs from submariner_<option>.
IN_ROLES = {
    "enable_clusterset_ip": "submariner_clusterset_ip",
    "image_override": "submariner_image_overrides",
    ("join", "globalnet"): "submariner_join_globalnet",
    ("join", "globalnet_cluster_size"): "submariner_join_globalnet_cluster_size",
    ("join", "custom_domains"): "submariner_join_custom_domains",
}
COMMANDS = [("deploy-broker", flag) for flag in DEPLOY_BROKER] + [("join", flag) for flag in JOIN]
SAMPLES: dict[str, t.Any] = {"bool": True, "str": "x", "int": 7, "list": ["x"], "dict": {"submariner-gateway": "x"}}


def kind(command: str, flag: str) -> tuple[str, t.Any]:
    return (DEPLOY_BROKER if command == "deploy-broker" else JOIN)[flag]


def spec(command: str) -> dict[str, t.Any]:
    return broker.argument_spec() if command == "deploy-broker" else member.argument_spec()


def option_of(flag: str) -> str:
    return NAMED_OTHERWISE.get(flag, flag.replace("-", "_"))


def role_options(command: str) -> dict[str, t.Any]:
    names = ("common", "broker" if command == "deploy-broker" else "join")
    found: dict[str, t.Any] = {}
    for name in names:
        document = yaml.safe_load((ROOT / "roles" / name / "meta" / "argument_specs.yml").read_text())
        found.update(document["argument_specs"]["main"]["options"])
    return found


def argv(command: str, flag: str) -> list[str]:
    """What subctl is called with when the option that stands for a flag is set."""
    option, sample = option_of(flag), SAMPLES[kind(command, flag)[0]]
    if command == "join":
        return join_arguments(sample if option == "cluster_id" else "id", "info", {option: sample})
    name = {"no_proxy_hosts": "no_proxy", "broker_namespace": "namespace"}.get(option, option)
    return _broker.deploy_arguments({name: sample})


@pytest.mark.parametrize(("command", "flag"), COMMANDS)
def test_a_flag_has_an_option_or_a_reason(command: str, flag: str) -> None:
    if (command, flag) in LEFT_OUT:
        assert LEFT_OUT[command, flag]
        return
    option = option_of(flag)
    wanted = kind(command, flag)[0]
    assert spec(command).get(option, {}).get("type") == wanted, f"{command} --{flag} has no option {option}"
    assert any(word.split("=")[0] == f"--{flag}" for word in argv(command, flag))


@pytest.mark.parametrize(("command", "flag"), COMMANDS)
def test_an_option_can_be_set_through_the_role(command: str, flag: str) -> None:
    if (command, flag) in LEFT_OUT and flag != "broker-url":
        return
    option = option_of(flag)
    role = "broker" if command == "deploy-broker" else "join"
    name = IN_ROLES.get((role, option)) or IN_ROLES.get(option) or f"submariner_{option}"
    found = role_options(command)
    assert name in found, f"{command} --{flag} cannot be set by {name}"
    default = kind(command, flag)[1]
    if found[name]["default"] not in (None, "", 0, [], {}) and not isinstance(default, (str, type(None))):
        assert found[name]["default"] == default, f"{name} does not leave --{flag} as subctl has it"


def test_what_is_left_out_is_a_flag() -> None:
    assert set(LEFT_OUT) <= set(COMMANDS)


@pytest.mark.parametrize(
    ("command", "simulated"),
    [("deploy-broker", deploybroker.FLAGS), ("join", join.FLAGS)],
    ids=["deploy-broker", "join"],
)
def test_the_simulation_knows_the_same_flags(command: str, simulated: tuple[t.Any, ...]) -> None:
    common = {flag.name for flag in of_every_command()}
    assert {flag.name for flag in simulated} - common == set(DEPLOY_BROKER if command == "deploy-broker" else JOIN)
