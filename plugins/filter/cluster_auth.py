# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_auth
short_description: Pick the authentication options of a cluster out of a host's variables
version_added: 0.1.0
author: submariner.lifecycle contributors (@submariner-lifecycle)
description:
  - Variables named C(submariner_<option>), where the option is one of kubernetes.core's authentication options, become
    a dictionary that the modules of this collection take, for example as O(submariner.lifecycle.cleanup#module:broker).
options:
  _input:
    description: Variables of one host, normally C(hostvars[host]).
    type: dict
    required: true
"""

EXAMPLES = r"""
# {'kubeconfig': '/etc/fleet/kubeconfig', 'context': 'east'}
auth: "{{ hostvars['east'] | submariner.lifecycle.cluster_auth }}"
"""

RETURN = r"""
_value:
  description: The options that are set.
  type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError

PREFIX = "submariner_"
OPTIONS = (
    "kubeconfig",
    "context",
    "host",
    "api_key",
    "username",
    "password",
    "validate_certs",
    "ca_cert",
    "client_cert",
    "client_key",
    "proxy",
    "no_proxy",
    "proxy_headers",
    "persist_config",
    "impersonate_user",
    "impersonate_groups",
)


def cluster_auth(variables: t.Any) -> dict[str, t.Any]:
    """Options by name; unset ones are left out."""
    if not isinstance(variables, t.Mapping):
        raise AnsibleFilterError(f"cluster_auth takes the variables of a host, not {type(variables).__name__}")
    set_ones = {o: variables[PREFIX + o] for o in OPTIONS if PREFIX + o in variables}
    return {option: value for option, value in set_ones.items() if value is not None and value != ""}


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"cluster_auth": cluster_auth}
