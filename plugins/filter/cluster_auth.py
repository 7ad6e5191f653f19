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
  - Relative paths become absolute ones and count from the folder in which the playbook was started, while modules run in that of
    the playbook.
options:
  _input:
    description: Variables of one host, normally C(hostvars[host]).
    type: dict
    required: true
  prefix:
    description: What stands before the name of an option.
    type: str
    default: submariner_
  environment:
    description:
      - Whether a kubeconfig that E(K8S_AUTH_KUBECONFIG) or C(KUBECONFIG) names by a relative path is among the options, where
        neither a kubeconfig nor a host is set. The modules find one with an absolute path themselves.
    type: bool
    default: false
"""

EXAMPLES = r"""
# {'kubeconfig': '/etc/fleet/kubeconfig', 'context': 'east'}
auth: "{{ hostvars['east'] | submariner.lifecycle.cluster_auth }}"
# What is set of a way to the broker's cluster
broker: "{{ {'b_context': 'east'} | submariner.lifecycle.cluster_auth(prefix='b_') }}"
"""

RETURN = r"""
_value:
  description: The options that are set.
  type: dict
"""

import os
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
ENVIRONMENT = ("K8S_AUTH_KUBECONFIG", "KUBECONFIG")
"""Where a kubeconfig is named for all clusters, the first that is set before the others."""
PATHS = ("kubeconfig", "ca_cert", "client_cert", "client_key")


def cluster_auth(variables: t.Any, prefix: str = PREFIX, environment: bool = False) -> dict[str, t.Any]:
    """Options by name; unset ones are left out."""
    if not isinstance(variables, t.Mapping):
        raise AnsibleFilterError(f"cluster_auth takes the variables of a host, not {type(variables).__name__}")
    set_ones = {o: variables[prefix + o] for o in OPTIONS if prefix + o in variables}
    found = {o: _absolute(o, value) for o, value in set_ones.items() if value is not None and value != ""}
    if environment and not found.keys() & {"kubeconfig", "host"}:
        found.update(_of_environment())
    return found


def _of_environment() -> dict[str, str]:
    """A kubeconfig that only this process can find, since modules run in another folder."""
    value = next(filter(None, map(os.environ.get, ENVIRONMENT)), "")
    absolute = _absolute("kubeconfig", value)
    return {} if absolute == value else {"kubeconfig": absolute}


def _absolute(option: str, value: t.Any) -> t.Any:
    """A kubeconfig may be several paths, or the content of one, which stays as it is."""
    if option not in PATHS or not isinstance(value, str) or "\n" in value or value.lstrip().startswith("{"):
        return value
    paths = value.split(os.pathsep) if option == "kubeconfig" else [value]
    return os.pathsep.join(path and os.path.abspath(os.path.expanduser(path)) for path in paths)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"cluster_auth": cluster_auth}
