# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Variables that roles would refuse, before the first one begins."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.submariner.lifecycle.plugins.filter.argument_errors import argument_errors

OPTIONS: dict[str, t.Any] = {
    "driver": {"type": "str", "choices": ["", "vxlan"], "default": "{{ other }}"},
    "natt": {"type": "bool", "default": True},
    "globalnet": {"type": "bool"},
    "parts": {"type": "list", "elements": "str", "choices": ["one", "two"]},
    "seconds": {"type": "int"},
    "confirm": {"type": "bool", "required": True},
    "psk": {"type": "dict", "no_log": True},
}
SPECS: list[dict[str, t.Any]] = [{"argument_specs": {"main": {"options": OPTIONS}}}, {"argument_specs": {"other": {}}}]


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({}, []),
        ({"driver": "", "natt": "yes", "parts": ["two"], "unknown": object()}, []),
        ({"driver": "wireguard"}, ["driver"]),
        ({"natt": "maybe"}, ["natt"]),
        ({"natt": None, "globalnet": None}, ["natt"]),
        ({"parts": ["three"]}, ["parts"]),
        ({"parts": [7], "natt": []}, ["parts", "natt"]),
        ({"seconds": "soon", "confirm": "perhaps", "psk": "secret"}, []),
    ],
)
def test_what_would_be_refused_is_named(variables: dict[str, t.Any], named: list[str]) -> None:
    errors = argument_errors(variables, SPECS)
    assert len(errors) == len(named)
    assert all(any(name in error for error in errors) for name in named)


def test_what_is_no_host_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="no dictionary"):
        argument_errors(["driver"], SPECS)
