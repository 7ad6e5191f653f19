# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Authentication options out of a host's variables."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.submariner.lifecycle.plugins.filter.cluster_auth import OPTIONS, cluster_auth
from ansible_collections.submariner.lifecycle.plugins.module_utils._api import auth_spec


def test_only_what_is_set_and_only_options() -> None:
    variables = {
        "submariner_context": "east",
        "submariner_version": "1",
        "submariner_proxy": None,
        "submariner_host": "",
        "context": "no",
    }
    assert cluster_auth(variables) == {"context": "east"}


def test_every_option_of_kubernetes_core() -> None:
    assert set(OPTIONS) == set(auth_spec())


def test_anything_but_variables_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="not str"):
        cluster_auth("east")
